internal import ArgumentParser
internal import LoadGenerator

extension BenchCommand {
    struct Consume: KafkaLoadCommand {
        enum Start: String, ExpressibleByArgument, CaseIterable {
            case earliest, latest

            var setting: ConsumeSettings.Start { self == .earliest ? .earliest : .latest }
        }

        static let configuration = CommandConfiguration(
            abstract: "Read a topic, counting records by their batches.",
            discussion: """
                Reads to the end offsets seen at the start unless --records or --seconds says otherwise. Records are \
                counted from batch headers as the bytes arrive and not decoded.
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var bench: BenchOptions
        @OptionGroup var volume: VolumeOptions

        @Option(name: .shortAndLong, help: "The topic.")
        var topic: String

        @Option(help: "Connections to each broker for each group; no more than it leads partitions.")
        var connections = 1

        @Option(help: "Independent readers of everything; --records is for each of them.")
        var groups = 1

        @Option(help: ArgumentHelp("The most that a fetch takes from one partition.", valueName: "bytes"))
        var fetchBytes = 4 << 20

        @Option(help: "Where reading begins: earliest or latest.")
        var from: Start = .earliest

        @Flag(help: "Compare every batch with its checksum.")
        var check = false

        @Option(
            help: ArgumentHelp(
                "Bytes of a record, from which mb is computed. (default: the bytes of the record batches)",
                valueName: "bytes"
            )
        )
        var size: Int?

        func settings() throws -> ConsumeSettings {
            var settings = ConsumeSettings(topic: self.topic)
            settings.connections = self.connections
            settings.groups = self.groups
            settings.fetchBytes = self.fetchBytes
            settings.start = self.from.setting
            settings.checksCRC = self.check
            settings.recordBytes = self.size
            settings.hasTimeline = self.volume.timeline
            let volume = try self.volume.volume(fallback: .records(.max))
            settings.warmupRecords = volume.warmupRecords
            settings.warmupSeconds = volume.warmupSeconds
            settings.volume = volume.limit == .records(.max) ? nil : volume
            try settings.validate()
            return settings
        }

        static func run(_ settings: ConsumeSettings, on site: KafkaSite) async throws -> Report {
            try await ConsumeRun.run(settings, on: site)
        }
    }

    struct Idle: KafkaLoadCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell what a server costs while nothing happens.",
            discussion: """
                Opens connections that ask nothing and consumers that long-poll every partition of a topic, waits \
                until they are settled and then reports the server's share of one core.
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var bench: BenchOptions
        @OptionGroup var topic: BenchTopicOptions

        @Option(help: "Connections that ask nothing.")
        var connections = 100

        @Option(help: "Connections that wait for records of every partition.")
        var consumers = 50

        @Option(help: "How long to look.")
        var seconds: Double = 10

        @Option(help: "How long to wait before that.")
        var warmupSeconds: Double = 2

        func settings() throws -> IdleSettings {
            var settings = IdleSettings(topic: try self.topic.wish())
            settings.connections = self.connections
            settings.consumers = self.consumers
            settings.seconds = self.seconds
            settings.warmupSeconds = self.warmupSeconds
            try settings.validate()
            return settings
        }

        static func run(_ settings: IdleSettings, on site: KafkaSite) async throws -> Report {
            try await IdleRun.run(settings, on: site)
        }
    }

    struct SlowClients: KafkaLoadCommand {
        enum Variant: String, ExpressibleByArgument, CaseIterable {
            case unread
            case halfFrame = "half-frame"

            var setting: SlowClientsSettings.Variant { self == .unread ? .unread : .halfFrame }
        }

        static let configuration = CommandConfiguration(
            commandName: "slow-clients",
            abstract: "Tell how much memory a server takes for clients that do not do their part.",
            discussion: """
                unread: each connection asks for large fetches and does not read the answers. half-frame: each sends \
                half of a large request. A topic that is created is filled first.
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var bench: BenchOptions
        @OptionGroup var topic: BenchTopicOptions

        @Option(help: "What the clients leave undone: unread or half-frame.")
        var variant: Variant = .unread

        @Option(help: "How many clients.")
        var connections = 1000

        @Option(help: ArgumentHelp("Of each fetch, or of the frame that stays unfinished.", valueName: "bytes"))
        var fetchBytes = 1 << 20

        @Option(help: "Fetches that each connection asks for.")
        var inFlight = 5

        @Option(help: ArgumentHelp("What a topic that is created is filled with.", valueName: "bytes"))
        var fillBytes = 64 << 20

        @Option(help: "How long the clients stay.")
        var seconds: Double = 10

        func settings() throws -> SlowClientsSettings {
            var settings = SlowClientsSettings(topic: try self.topic.wish())
            settings.variant = self.variant.setting
            settings.connections = self.connections
            settings.fetchBytes = self.fetchBytes
            settings.requestsInFlight = self.inFlight
            settings.fillBytes = self.fillBytes
            settings.seconds = self.seconds
            try settings.validate()
            return settings
        }

        static func run(_ settings: SlowClientsSettings, on site: KafkaSite) async throws -> Report {
            try await SlowClientsRun.run(settings, on: site)
        }
    }
}
