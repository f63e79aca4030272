internal import ArgumentParser
internal import LoadGenerator

extension BenchCommand {
    struct KinesisPut: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "kinesis-put",
            abstract: "Put records over the Kinesis API.",
            discussion: """
                Requests are signed with the credentials of the AWS_* environment variables, else with dummy ones. An \
                endpoint of AWS, such as https://kinesis.eu-west-1.amazonaws.com, tells its region itself. \
                With --rate latency counts from the moment each call was meant to be sent.
                """
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var bench: BenchOptions
        @OptionGroup var volume: VolumeOptions

        @Option(name: .shortAndLong, help: "The stream, created when it does not exist. (default: one of its own)")
        var stream: String?

        @Option(help: "Shards of a stream that is created.")
        var shards = 4

        @Option(help: "Connections, each with one call at a time.")
        var connections = 4

        @Option(help: "Records of a PutRecords call; 1 makes PutRecord.")
        var perCall = 500

        @Option(help: ArgumentHelp("Bytes of each record's Data before base64.", valueName: "bytes"))
        var size = 1000

        @Option(help: "Records a second; 0 is as fast as it goes.")
        var rate: Double = 0

        @Flag(help: "Leave a stream that was created. (default: it is deleted at the end)")
        var keep = false

        private func settings(stream: String) throws -> KinesisPutSettings {
            var settings = KinesisPutSettings(
                stream: stream,
                volume: try self.volume.volume(fallback: .records(100_000))
            )
            settings.connections = self.connections
            settings.recordsPerCall = self.perCall
            settings.recordBytes = self.size
            settings.rate = self.rate == 0 ? nil : self.rate
            settings.hasTimeline = self.volume.timeline
            try settings.validate()
            return settings
        }

        func validate() throws {
            try self.checkingArguments {
                _ = try self.settings(stream: "checked")
                try LoadBounds.check("--shards", self.shards, 1...10_000)
                _ = try KinesisEndpoint(self.kinesis.url)
            }
        }

        func run() async throws {
            try await Reporting.run {
                let stream = BenchStream(name: self.stream, shards: self.shards, isKept: self.keep)
                let settings = try self.settings(stream: stream.name)
                let access = try self.kinesis.access()
                let client = KinesisClient(access)
                let processes = try self.bench.processes()
                try await self.bench.run { progress in
                    try await stream.with(client) { shards in
                        try await KinesisPutRun.run(
                            settings,
                            access: access,
                            shards: shards.count,
                            processes: processes,
                            progress: progress
                        )
                    }
                }
            }
        }
    }

    struct KinesisGet: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "kinesis-get",
            abstract: "Read a stream over the Kinesis API, every shard from its oldest record to its tip."
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var bench: BenchOptions
        @OptionGroup var volume: VolumeOptions

        @Option(name: .shortAndLong, help: "The stream.")
        var stream: String

        @Option(help: "Connections, each reading one shard after another.")
        var connections = 4

        @Option(help: "Records that a call asks for.")
        var limit = 10_000

        private func settings(shardIDs: [String]) throws -> KinesisGetSettings {
            var settings = KinesisGetSettings(stream: self.stream, shardIDs: shardIDs)
            settings.connections = self.connections
            settings.limit = self.limit
            settings.volume = try self.volume.volume(fallback: .records(.max))
            settings.hasTimeline = self.volume.timeline
            try settings.validate()
            return settings
        }

        func validate() throws {
            try self.checkingArguments {
                _ = try self.settings(shardIDs: [])
                _ = try KinesisEndpoint(self.kinesis.url)
            }
        }

        func run() async throws {
            try await Reporting.run {
                let access = try self.kinesis.access()
                let client = KinesisClient(access)
                let processes = try self.bench.processes()
                let settings = try self.settings(shardIDs: try await client.listShards(self.stream).map(\.id))
                try await self.bench.run { progress in
                    try await KinesisGetRun.run(
                        settings,
                        access: access,
                        processes: processes,
                        progress: progress
                    )
                }
            }
        }
    }

    struct Machine: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Measure what this machine allows at this very moment.",
            discussion: """
                memcpy, CRC-32C, loopback TCP, and the ways in which logs write to a disk. Nothing else should run \
                meanwhile.
                """
        )

        @OptionGroup var output: OutputOptions

        @Option(help: "Where files are written, and removed again.", completion: .directory)
        var directory = "."

        @Option(help: "What each measurement moves (loopback TCP four times as much, slow steps less).")
        var bytes = 256 << 20

        func validate() throws {
            try self.checkingArguments { try LoadBounds.check("--bytes", self.bytes, (1 << 20)...(64 << 30)) }
        }

        func run() async throws {
            try await Reporting.run {
                let report = try MachineRun.run(directory: self.directory, bytes: self.bytes)
                try ResultOutput.write(self.output.isJSON ? report.json + "\n" : report.text)
            }
        }
    }
}

/// The stream of a put load: found, or created for the occasion.
struct BenchStream: Sendable {
    let name: String
    private let isNamed: Bool
    private let shards: Int
    private let isKept: Bool

    init(name: String?, shards: Int, isKept: Bool) {
        self.name = name ?? "bench-\(UInt64.random(in: 0 ... .max))"
        self.isNamed = name != nil
        self.shards = shards
        self.isKept = isKept
    }

    /// Runs `body` with the stream's shards and deletes the stream afterwards if it was created and is not kept.
    func with(
        _ client: KinesisClient,
        _ body: ([KinesisClient.Shard]) async throws -> Report
    ) async throws -> Report {
        let isNew = try await self.create(client)
        do {
            let report = try await body(try await client.listShards(self.name))
            if isNew, !self.isKept { try await client.deleteStream(self.name) }
            return report
        } catch {
            if isNew, !self.isKept {
                let name = self.name
                // In a task of its own: a cancelled one could not send any more. The first error is the one to report.
                _ = await Task { try await client.deleteStream(name) }.result
            }
            throw error
        }
    }

    /// Whether the stream had to be created; returns once it is active.
    private func create(_ client: KinesisClient) async throws -> Bool {
        if self.isNamed {
            do {
                _ = try await client.describeStream(self.name)
                return false
            } catch is NotFound {}
        }
        try await client.createStream(self.name, shards: self.shards, mode: "PROVISIONED")
        let end = ContinuousClock.now + .seconds(60)
        while try await client.describeStream(self.name).status != "ACTIVE" {
            guard ContinuousClock.now < end else { throw Failure("stream \(self.name) is not active after a minute") }
            try await Task.sleep(for: .milliseconds(200))
        }
        return true
    }
}
