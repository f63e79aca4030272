internal import ArgumentParser
internal import LoadGenerator
internal import Synchronization

/// The load generator's command line; the work is `LoadGenerator`'s.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a Kafka broker, a Kinesis endpoint or this machine.",
        discussion: """
            Drives any server that speaks Kafka's protocol or the Kinesis API, not only this one, from one thread. \
            With --pid the processor time and the memory of the server's processes are accounted as well.

            Examples:
              millrace bench produce --records 5000000 --size 100 --pid 4242
              millrace bench e2e --rate 1000 --seconds 30 --partitions 4 -o json
              millrace bench kinesis-put --shards 4 --records 200000
              millrace bench kinesis-put --endpoint https://kinesis.eu-west-1.amazonaws.com --seconds 60
              millrace bench machine --directory /var/lib/millrace
            """,
        subcommands: [
            Produce.self, Consume.self, EndToEnd.self, KinesisPut.self, KinesisGet.self, Idle.self, SlowClients.self,
            Machine.self,
        ]
    )
}

/// What all loads share.
struct BenchOptions: ParsableArguments {
    @OptionGroup var output: OutputOptions

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A process of the server, whose CPU time and memory count; repeatable.", valueName: "pid")
    )
    var pid: [Int32] = []

    func processes() throws -> ServerProcesses { try ServerProcesses(self.pid) }

    func print(_ report: Report) throws {
        try ResultOutput.write(self.output.isJSON ? report.json + "\n" : report.text)
        if case .integer(let failed) = report["failed"], failed > 0 {
            var message = "\(failed) failed"
            if case .text(let error) = report["first_error"] { message += ", the first with: \(error)" }
            throw Failure(message)
        }
        if case .integer(let missing) = report["missing"], missing > 0 {
            throw Failure("\(missing) records were acknowledged but not read within ten seconds")
        }
    }

    /// Runs a load that ends on Ctrl-C too, cleaning up behind itself, and prints its report.
    func run(_ load: @escaping @Sendable (@escaping LoadProgress) async throws -> Report) async throws {
        let progress = Mutex(Progress())
        let result = Mutex<Report?>(nil)
        let wasInterrupted = try await Interruption.cancelling {
            let report = try await load { records, bytes in
                progress.withLock { $0.update(records: records, bytes: bytes) }
            }
            result.withLock { $0 = report }
        }
        progress.withLock { $0.clear() }
        guard !wasInterrupted, let report = result.withLock({ $0 }) else { throw ExitCode(130) }
        try self.print(report)
    }
}

/// How much, and what of it is measured.
struct VolumeOptions: ParsableArguments {
    @Option(help: "End after this many records.")
    var records: Int?

    @Option(help: "End after this many seconds.")
    var seconds: Double?

    @Option(help: "Records at the beginning that are left out of the percentiles.")
    var warmupRecords = 0

    @Option(help: "Seconds at the beginning that are left out of the percentiles.")
    var warmupSeconds: Double = 0

    @Flag(help: "Also report every second of the load.")
    var timeline = false

    func volume(fallback: LoadVolume.Limit) throws -> LoadVolume {
        try LoadVolume(
            records: self.records,
            seconds: self.seconds,
            warmupRecords: self.warmupRecords,
            warmupSeconds: self.warmupSeconds,
            fallback: fallback
        )
    }
}

/// The topic that a load creates or finds.
struct BenchTopicOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "The topic, created when it does not exist. (default: one of its own)")
    var topic: String?

    @Option(name: .shortAndLong, help: "Partitions of a topic that is created.")
    var partitions: Int32 = 1

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A setting of a topic that is created; repeatable.", valueName: "name=value")
    )
    var topicConfig: [String] = []

    @Flag(help: "Leave a topic that was created. (default: it is deleted at the end)")
    var keep = false

    func wish() throws -> TopicTarget.Wish {
        let configs = try self.topicConfig.map { setting in
            guard let equals = setting.firstIndex(of: "="), equals > setting.startIndex else {
                throw LoadFailure("--topic-config takes NAME=VALUE, for example --topic-config flush.messages=1")
            }
            return (name: String(setting[..<equals]), value: String(setting[setting.index(after: equals)...]))
        }
        return TopicTarget.Wish(name: self.topic, partitions: self.partitions, configs: configs, isKept: self.keep)
    }
}

/// A load on a Kafka cluster: what its command line says, and the load itself. The rest is the same for all.
protocol KafkaLoadCommand: AsyncParsableCommand, SendableMetatype {
    associatedtype Settings: Sendable

    var kafka: KafkaOptions { get }
    var bench: BenchOptions { get }

    /// - Throws: `LoadFailure` for what cannot be.
    func settings() throws -> Settings

    static func run(_ settings: Settings, on site: KafkaSite) async throws -> Report
}

extension KafkaLoadCommand {
    func validate() throws {
        try self.checkingArguments { _ = try self.settings() }
    }

    func run() async throws {
        try await Reporting.run {
            let (settings, kafka) = (try self.settings(), self.kafka)
            let processes = try self.bench.processes()
            try await self.bench.run { progress in
                var report: Report?
                try await kafka.withCluster { cluster in
                    let site = KafkaSite(
                        cluster: cluster,
                        target: kafka.address,
                        processes: processes,
                        progress: progress
                    )
                    report = try await Self.run(settings, on: site)
                }
                guard let report else { throw Failure("the load has ended without a report") }
                return report
            }
        }
    }
}

extension ParsableCommand {
    /// Tells a wrong command line as the parser does.
    func checkingArguments(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as LoadFailure {
            throw ValidationError(failure.description)
        }
    }
}
