internal import ArgumentParser
internal import KafkaClient
internal import LoadGenerator

extension BenchCommand {
    /// How records are produced, for `produce` and `e2e`.
    struct ProduceOptions: ParsableArguments {
        @OptionGroup var topic: BenchTopicOptions

        @Option(help: "Connections to each broker, each a producer of its own.")
        var connections = 1

        @Option(help: ArgumentHelp("Bytes of each record's value.", valueName: "bytes"))
        var size = 100

        @Option(help: "Which acknowledgement a record waits for: 0, 1 or all.")
        var acks: ProduceCommand.Acks = .all

        @Option(help: "none, gzip, snappy, lz4 or zstd.")
        var compression: ProduceCommand.Compression = .none

        @Option(help: ArgumentHelp("Bytes of a record batch before compression.", valueName: "bytes"))
        var batchBytes = 131_072

        @Option(help: "Requests on the way per connection.")
        var inFlight = 5

        @Flag(help: "Batches carry a producer ID and sequence numbers.")
        var idempotent = false

        func settings(volume: LoadVolume, rate: Double, lingerMilliseconds: Double) throws -> ProduceSettings {
            var settings = ProduceSettings(topic: try self.topic.wish(), volume: volume)
            settings.connections = self.connections
            settings.recordBytes = self.size
            settings.acks = self.acks.setting.rawValue
            settings.compression = self.compression.codec
            settings.rate = rate == 0 ? nil : rate
            settings.batchBytes = self.batchBytes
            settings.lingerMilliseconds = lingerMilliseconds
            settings.requestsInFlight = self.inFlight
            settings.isIdempotent = self.idempotent
            return settings
        }
    }

    struct Produce: KafkaLoadCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write records at full speed or at a rate.",
            discussion: """
                Record batches are encoded once and sent many times with a new header. Without --rate every connection \
                keeps its requests in flight, and latency is that of a request; with --rate latency counts from the \
                moment each record was meant to be sent, also when it left late.
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var bench: BenchOptions
        @OptionGroup var volume: VolumeOptions
        @OptionGroup var options: ProduceOptions

        @Option(help: "Records a second; 0 is as fast as it goes.")
        var rate: Double = 0

        @Option(help: "With --rate: how long a record waits for others to make a batch with.")
        var lingerMs: Double = 5

        func settings() throws -> ProduceSettings {
            var settings = try self.options.settings(
                volume: try self.volume.volume(fallback: .records(1_000_000)),
                rate: self.rate,
                lingerMilliseconds: self.lingerMs
            )
            settings.hasTimeline = self.volume.timeline
            try settings.validate()
            return settings
        }

        static func run(_ settings: ProduceSettings, on site: KafkaSite) async throws -> Report {
            try await ProduceRun.run(settings, on: site)
        }
    }

    struct EndToEnd: KafkaLoadCommand {
        static let configuration = CommandConfiguration(
            commandName: "e2e",
            abstract: "Write at a rate and read at the same time.",
            discussion: """
                Both latencies, to the acknowledgement and to the consumer, count from the moment each record was \
                meant to be sent. Producer and consumers share one process and one clock.
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var bench: BenchOptions
        @OptionGroup var volume: VolumeOptions
        @OptionGroup var options: ProduceOptions

        @Option(help: "Records a second.")
        var rate: Double = 1000

        @Option(help: "How long a record waits for others to make a batch with.")
        var lingerMs: Double = 0

        @Option(help: "Connections to each broker that read.")
        var consumers = 1

        struct Settings: Sendable {
            var producing: ProduceSettings
            var consumers: Int
        }

        func settings() throws -> Settings {
            guard self.rate > 0 else {
                throw LoadFailure("--rate must be above 0: an end-to-end load has a schedule")
            }
            var settings = try self.options.settings(
                volume: try self.volume.volume(fallback: .seconds(10)),
                rate: self.rate,
                lingerMilliseconds: self.lingerMs
            )
            settings.hasTimeline = self.volume.timeline
            settings.isStamped = true
            try settings.validate()
            try LoadBounds.check("--consumers", self.consumers, 1...10_000)
            guard settings.acks != 0 else {
                throw LoadFailure("--acks 0 has no acknowledgement to measure; use 1 or all")
            }
            return Settings(producing: settings, consumers: self.consumers)
        }

        static func run(_ settings: Settings, on site: KafkaSite) async throws -> Report {
            try await EndToEndRun.run(settings.producing, consumers: settings.consumers, on: site)
        }
    }
}
