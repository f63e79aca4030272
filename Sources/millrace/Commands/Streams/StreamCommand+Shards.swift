internal import ArgumentParser
internal import Text

extension StreamCommand {
    struct Scale: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change how many open shards a stream has.",
            discussion: """
                Shards are split and merged until the open ones divide the hash keys evenly. Records stay where they \
                are; consumers read closed shards to their end and continue in the children.

                Example:
                  millrace stream scale clicks 8
                """
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The stream's name.", completion: .streamNames)
        var name: String

        @Argument(help: "How many open shards the stream shall have.")
        var shards: Int

        func validate() throws {
            if self.shards < 1 { throw ValidationError("A stream has at least 1 shard.") }
        }

        func run() async throws {
            try await Reporting.run {
                try await self.kinesis.client().updateShardCount(self.name, target: self.shards)
                try self.output.confirm("scaled", "stream", self.name)
            }
        }
    }

    struct Split: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Split a shard in two.",
            discussion: """
                Examples:
                  millrace stream split clicks shardId-000000000000
                  millrace stream split clicks shardId-000000000000 --at 170141183460469231731687303715884105728
                """
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The stream's name.", completion: .streamNames)
        var name: String

        @Argument(help: "The shard's ID, as `millrace stream describe` shows it.")
        var shard: String

        @Option(
            help: ArgumentHelp(
                "The first hash key of the upper child. (default: the middle of the shard)",
                valueName: "hash-key"
            )
        )
        var at: String?

        func validate() throws {
            if let at, UInt128(at) == nil { throw ValidationError("--at must be a decimal number below 2^128.") }
        }

        func run() async throws {
            try await Reporting.run {
                let client = try self.kinesis.client()
                let start = if let at { at } else { try await self.middle(client) }
                try await client.splitShard(self.name, shard: self.shard, newStartingHashKey: start)
                try self.output.confirm("split", "stream", self.name)
            }
        }

        private func middle(_ client: KinesisClient) async throws -> String {
            guard let shard = try await client.listShards(self.name).first(where: { $0.id == self.shard }),
                let lower = UInt128(shard.firstHashKey), let upper = UInt128(shard.lastHashKey)
            else { throw Failure("Stream \(self.name) has no shard \(self.shard).") }
            return String(lower + (upper - lower) / 2 + 1)
        }
    }

    struct Merge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Merge two adjacent shards.",
            discussion: """
                The partition of the second one is sealed: Kafka consumers still read it, producers are refused. A \
                stream that Kafka producers have written to needs kinesis.allow.merge=true (millrace topic alter).

                Example:
                  millrace stream merge clicks shardId-000000000001 shardId-000000000002
                """
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The stream's name.", completion: .streamNames)
        var name: String

        @Argument(help: "The shard with the lower hash keys.")
        var shard: String

        @Argument(help: "The shard that begins where the first one ends.")
        var adjacent: String

        func run() async throws {
            try await Reporting.run {
                try await self.kinesis.client().mergeShards(self.name, shard: self.shard, adjacent: self.adjacent)
                try self.output.confirm("merged", "stream", self.name)
            }
        }
    }
}
