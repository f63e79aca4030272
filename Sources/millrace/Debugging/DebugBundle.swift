internal import ArgumentParser
internal import ClientTLS
internal import CommandCore
internal import FoundationEssentials
internal import Glibc
internal import KafkaClient
internal import Text

struct DebugBundle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Gather what a report of a fault needs, in one tar file.",
        discussion: """
            The bundle has versions and this machine's limits, the status, the settings of brokers and topics, groups \
            with their lag, health and metrics, what `doctor` finds, the end of the log (--log), the configuration \
            file (--config) and, of a stopped server, what `check` says of its data directory. Passwords, keys and \
            tokens are left out; records are never in it. Look through it before you give it away: names of topics and \
            groups are in it. What cannot be had is noted in the bundle, and the command ends with 3 then.

            Examples:
              millrace debug bundle
              millrace debug bundle --data-dir /var/lib/millrace --config /etc/millrace/millrace.yaml \\
                --log /var/log/millrace.log --file /tmp/bundle.tar
            """
    )

    @OptionGroup var kafka: KafkaOptions
    @OptionGroup var ports: PortOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("The tar file. (default: millrace-bundle-TIME.tar)", valueName: "file"))
    var file: String?

    @Option(help: "The server's configuration file.", completion: .file())
    var config: String?

    @Option(help: "The server's log; its last 2 MiB are taken.", completion: .file())
    var log: String?

    static let logBytesMax = 2 << 20

    func run() async throws {
        try await Reporting.run {
            let stamp = CalendarTime(Clock.now).basicISO8601
            let path = self.file ?? "millrace-bundle-\(stamp).tar"
            var gathering = BundleGathering(seconds: Clock.now / 1000, root: "millrace-bundle-\(stamp)")
            await gathering.gather(self.kafka, self.ports)
            gathering.add(files: self.config, log: self.log)
            gathering.check(self.ports.directory)
            try Self.write(gathering.finished(), to: path)
            try self.output.confirm("wrote", "bundle", path)
            for failure in gathering.failures {
                StandardError.write("millrace: not in the bundle: \(failure.part): \(failure.reason)\n")
            }
            if !gathering.failures.isEmpty { throw ExitCode(Reporting.partial) }
        }
    }

    /// Readable by its owner alone; an existing file is left alone.
    private static func write(_ bytes: [UInt8], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Failure("\(path) cannot be made: \(String(cString: strerror(errno))); name another --file")
        }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure("\(path): \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }
}

/// The parts of a bundle as they come in.
struct BundleGathering {
    private var archive: TarArchive
    private let root: String
    private(set) var failures: [(part: String, reason: String)] = []

    init(seconds: Int64, root: String) {
        self.archive = TarArchive(seconds: seconds)
        self.root = root
    }

    private mutating func add(_ name: String, _ text: String) {
        self.archive.add("\(self.root)/\(name)", Array(text.utf8))
    }

    private mutating func add(_ name: String, _ json: JSONLine) { self.archive.add("\(self.root)/\(name)", json.bytes) }

    /// The archive with the list of what is missing.
    mutating func finished() -> [UInt8] {
        self.add("missing.txt", self.failures.map { "\($0.part): \($0.reason)\n" }.joined())
        return self.archive.bytes
    }

    mutating func gather(_ kafka: KafkaOptions, _ ports: PortOptions) async {
        self.add("version.txt", Version.text + "\n" + Self.machine)
        let files = kafka.tlsFiles.filesOrDefault
        var examination = Examination(ports: ports, files: files)
        do {
            try await kafka.withCluster { cluster in
                let status = try await ServerStatus.read(cluster, ports, files)
                self.add("status.json", status.json)
                try await examination.lookAtKafka(cluster)
                try await self.addSettings(cluster, status.brokers.map(\.id))
                try await self.addGroups(cluster)
            }
        } catch {
            self.failures.append(("kafka", "\(error)"))
        }
        await examination.lookAtKinesis()
        await examination.lookAtAdmin()
        examination.lookAtMachine()
        self.add("doctor.txt", HealthFinding.table(examination.findings).text)
        do {
            guard let client = try ports.adminClient(files) else {
                return self.failures.append(("metrics", "neither --admin nor --data-dir is given"))
            }
            for (name, path) in [("health.txt", "/health/ready"), ("metrics.txt", "/metrics")] {
                let answer = try await client.text(path)
                self.add(name, answer.status == 200 ? answer.text : "status \(answer.status)\n\(answer.text)")
            }
        } catch {
            self.failures.append(("metrics", "\(error)"))
        }
    }

    private mutating func addSettings(_ cluster: KafkaCluster, _ brokers: [Int32]) async throws {
        let admin = Admin(cluster: cluster)
        var text = ""
        for broker in brokers {
            text += "# broker \(broker)\n"
            for entry in try await admin.brokerConfigs(broker) {
                let value = SecretFilter.isSecret(entry.name) ? "(secret)" : entry.value ?? "(hidden)"
                text += "\(entry.name)=\(value)\n"
            }
        }
        self.add("broker-settings.properties", text)
        text = ""
        for topic in try await admin.listTopics() {
            text += "# \(topic.name): \(topic.partitions.count) partitions\n"
            for entry in try await admin.topicConfigs(topic.name) where entry.isSet {
                text += "\(topic.name) \(entry.name)=\(entry.value ?? "(hidden)")\n"
            }
        }
        self.add("topics.txt", text)
    }

    private mutating func addGroups(_ cluster: KafkaCluster) async throws {
        let admin = Admin(cluster: cluster)
        var rows: [LagRow] = []
        for group in try await admin.listGroups() {
            for entry in try await admin.progress(of: group.groupID) {
                rows.append(
                    LagRow(
                        group: group.groupID,
                        state: group.state,
                        members: 0,
                        partition: entry.partition,
                        committed: entry.committed,
                        end: entry.end,
                        records: entry.lag,
                        milliseconds: nil
                    )
                )
            }
        }
        self.add("groups.json", LagRow.json(rows))
    }

    mutating func add(files config: String?, log: String?) {
        if let config {
            if let text = SystemFile.text(config) {
                self.add("configuration.txt", SecretFilter.filtered(text))
            } else {
                self.failures.append(("configuration", "\(config) cannot be read"))
            }
        }
        guard let log else { return }
        guard let file = fopen(log, "r") else { return self.failures.append(("log", "\(log) cannot be read")) }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        let size = ftell(file)
        let start = max(0, size - DebugBundle.logBytesMax)
        fseek(file, start, SEEK_SET)
        let bytes = [UInt8](unsafeUninitializedCapacity: max(0, size - start)) { buffer, count in
            count = fread(buffer.baseAddress, 1, buffer.count, file)
        }
        // Not from the middle of a line.
        let text = String(decoding: bytes, as: UTF8.self)
        let whole = start == 0 ? text[...] : text.drop { $0 != "\n" }.dropFirst()
        self.add("log.txt", SecretFilter.filtered(String(whole)))
    }

    /// Of a stopped server's directory.
    mutating func check(_ directory: String?) {
        guard let directory else { return }
        do throws(InspectionExit.Refusal) {
            let root = try InspectionExit.openRoot(directory)
            let lock = try InspectionExit.lockShared(root)
            let report = Inspection.run(root) { _, _ in }.report
            self.archive.add(
                "\(self.root)/check.json",
                InspectionText.json(
                    report,
                    directory: directory,
                    next: InspectionText.next(report, directory: directory)
                )
            )
            withExtendedLifetime(lock) {}
        } catch {
            self.failures.append(("check", error.message))
        }
    }

    private static var machine: String {
        var name = utsname()
        uname(&name)
        func text<Value>(_ value: Value) -> String {
            withUnsafeBytes(of: value) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return "\(text(name.sysname)) \(text(name.release)) \(text(name.machine))\n"
            + "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) processors, "
            + "\(Progress.size(sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))) of memory\n"
    }
}
