internal import ArgumentParser
internal import ClientTLS
internal import CommandCore
internal import LoadGenerator
internal import Text

struct StreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream",
        abstract: "Create, describe, change and delete streams; write and read their records.",
        discussion: """
            Streams are topics as Kinesis clients see them; shards are views of partitions. These commands use the \
            Kinesis API, `millrace topic` uses Kafka's protocol.

            Examples:
              millrace stream create clicks --shards 4
              millrace stream create events --mode on-demand
              millrace stream describe clicks
              millrace stream scale clicks 8
              echo hello | millrace stream put clicks
              millrace stream tail clicks --from earliest
            """,
        subcommands: [
            List.self, Describe.self, Create.self, Put.self, Tail.self, Scale.self, Split.self, Merge.self,
            SetMode.self,
            Retention.self, Tags.self, Consumers.self, Delete.self,
        ]
    )

    enum Mode: String, ExpressibleByArgument, CaseIterable {
        case provisioned
        case onDemand = "on-demand"

        var wireName: String { self == .provisioned ? "PROVISIONED" : "ON_DEMAND" }
    }
}

/// Which Kinesis listener a command talks to.
struct KinesisOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Address of a Kinesis listener, http:// or https://. (default: $MILLRACE_ENDPOINT, else http://127.0.0.1:4567)",
            valueName: "url"
        )
    )
    var endpoint: String?

    @OptionGroup var tls: TLSOptions
    @OptionGroup var profile: ProfileOptions

    /// The address as it was given.
    var url: String { self.endpoint ?? Environment.value("MILLRACE_ENDPOINT") ?? "http://127.0.0.1:4567" }

    /// The files of the environment or the profile go with https alone.
    private var files: ClientTLS.Files {
        self.url.lowercased().hasPrefix("https:") ? self.tls.filesOrDefault : self.tls.files
    }

    /// - Throws: `Failure`, `TLSFailure`.
    func access() throws -> KinesisAccess {
        do {
            return try KinesisAccess(endpoint: self.url, files: self.files, variable: Environment.value)
        } catch let failure as LoadFailure {
            throw Failure(failure.description)
        }
    }

    func client() throws -> KinesisClient { KinesisClient(try self.access()) }
}

extension StreamCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the streams.", aliases: ["ls"])

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var watch: WatchOptions

        func run() async throws {
            try await Reporting.run {
                let client = try self.kinesis.client()
                try await self.watch.repeating {
                    let streams = try await client.listStreams()
                    var table = TextTable(["NAME", "STATUS", "MODE"])
                    for stream in streams { table.add([stream.name, stream.status ?? "-", stream.mode ?? "-"]) }
                    try self.output.publish(table, json: Self.json(streams))
                }
            }
        }

        private static func json(_ streams: [KinesisClient.Stream]) -> JSONLine {
            var json = JSONLine()
            json.array { json in
                for stream in streams {
                    json.object { json in
                        json.key("name")
                        json.string(stream.name)
                        json.key("status")
                        json.string(stream.status)
                        json.key("mode")
                        json.string(stream.mode)
                    }
                }
            }
            json.endLine()
            return json
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a stream.")

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The stream's name: letters, digits, '.', '_' and '-'.")
        var name: String

        @Option(name: .shortAndLong, help: "How many shards; on-demand streams choose themselves. (default: 1)")
        var shards: Int?

        @Option(
            name: .shortAndLong,
            help: "Who decides on the number of shards: provisioned (you) or on-demand (the server)."
        )
        var mode: Mode = .provisioned

        func validate() throws {
            if let shards, shards < 1 { throw ValidationError("--shards must be at least 1.") }
            if self.shards != nil, self.mode == .onDemand {
                throw ValidationError("--shards cannot be used with --mode on-demand.")
            }
        }

        func run() async throws {
            try await Reporting.run {
                try await self.kinesis.client().createStream(
                    self.name,
                    shards: self.mode == .provisioned ? self.shards ?? 1 : nil,
                    mode: self.mode.wireName
                )
                try self.output.confirm("created", "stream", self.name)
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete streams and all their records.",
            aliases: ["rm"]
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The streams' names.", completion: .streamNames)
        var names: [String]

        func run() async throws {
            try await Reporting.run {
                let client = try self.kinesis.client()
                try await Reporting.each(self.names) { name in
                    try await client.deleteStream(name)
                    try self.output.confirm("deleted", "stream", name)
                }
            }
        }
    }

    struct Describe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a stream and its shards with their hash ranges.",
            aliases: ["info"]
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var watch: WatchOptions

        @Argument(help: "The stream's name.", completion: .streamNames)
        var name: String

        func run() async throws {
            try await Reporting.run {
                let client = try self.kinesis.client()
                try await self.watch.repeating {
                    let stream = try await client.describeStream(self.name)
                    let shards = try await client.listShards(self.name)
                    try self.output.publish(
                        Self.table(shards),
                        before: Self.head(stream, shards),
                        names: [stream.name],
                        json: Self.json(stream, shards)
                    )
                }
            }
        }

        private static func head(_ stream: KinesisClient.Stream, _ shards: [KinesisClient.Shard]) -> String {
            var text = "name        \(stream.name)\n"
            if let arn = stream.arn { text += "arn         \(arn)\n" }
            if let status = stream.status { text += "status      \(status)\n" }
            if let mode = stream.mode { text += "mode        \(mode)\n" }
            if let hours = stream.retentionHours { text += "retention   \(hours) h\n" }
            return text
                + "shards      \(shards.filter(\.isOpen).count) open, \(shards.filter { !$0.isOpen }.count) closed\n\n"
        }

        private static func table(_ shards: [KinesisClient.Shard]) -> TextTable {
            var table = TextTable(["SHARD", "STATE", "FIRST HASH KEY", "LAST HASH KEY", "PARENTS"], numbers: [2, 3])
            for shard in shards {
                table.add([
                    shard.id,
                    shard.isOpen ? "open" : "closed",
                    shard.firstHashKey,
                    shard.lastHashKey,
                    shard.parents.isEmpty ? "-" : shard.parents.joined(separator: ","),
                ])
            }
            return table
        }

        private static func json(_ stream: KinesisClient.Stream, _ shards: [KinesisClient.Shard]) -> JSONLine {
            var json = JSONLine()
            json.object { json in
                json.key("name")
                json.string(stream.name)
                json.key("arn")
                json.string(stream.arn)
                json.key("status")
                json.string(stream.status)
                json.key("mode")
                json.string(stream.mode)
                json.key("retentionHours")
                json.number(stream.retentionHours)
                json.key("shards")
                json.array { json in
                    for shard in shards {
                        json.object { json in
                            json.key("id")
                            json.string(shard.id)
                            json.key("open")
                            json.boolean(shard.isOpen)
                            json.key("firstHashKey")
                            json.string(shard.firstHashKey)
                            json.key("lastHashKey")
                            json.string(shard.lastHashKey)
                            json.key("firstSequenceNumber")
                            json.string(shard.firstSequenceNumber)
                            json.key("parents")
                            json.array { json in shard.parents.forEach { json.string($0) } }
                        }
                    }
                }
            }
            json.endLine()
            return json
        }
    }
}
