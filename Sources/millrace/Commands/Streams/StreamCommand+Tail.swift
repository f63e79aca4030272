internal import ArgumentParser
internal import CommandCore
internal import FoundationEssentials
internal import Text

extension StreamCommand {
    struct Tail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the records of a stream as they arrive.",
            discussion: """
                Reads all shards side by side, from any Kinesis endpoint, and follows shards that are split or merged \
                to their children. Prints the data of each record on a line. With -o json each record is an object on \
                a line of its own: {"shard","sequenceNumber","timestamp","partitionKey","data"}; the timestamp is in \
                milliseconds; data is a string, or {"base64": "…"} where the bytes are not UTF-8. Ctrl-C ends.

                Requests to AWS are signed with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.

                Examples:
                  millrace stream tail clicks
                  millrace stream tail clicks --from earliest --exit-at-end -o json
                  millrace stream tail clicks --from @2026-01-01T00:00:00Z --key-separator ' '
                  millrace stream tail clicks --endpoint https://kinesis.eu-west-1.amazonaws.com
                """
        )

        @OptionGroup var kinesis: KinesisOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The stream's name.", completion: .streamNames)
        var name: String

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp(
                """
                Where to begin: earliest, latest, or @ and a time (ISO 8601, milliseconds, or -2h for two hours ago). \
                (default: latest; earliest with --exit-at-end)
                """,
                valueName: "position"
            )
        )
        var from: String?

        @Option(name: .shortAndLong, parsing: .singleValue, help: "Only this shard; repeatable.")
        var shard: [String] = []

        @Option(name: .shortAndLong, help: "Stop after this many records.")
        var max: Int?

        @Flag(help: "Stop when nothing is left to read.")
        var exitAtEnd = false

        @Option(help: "Print the partition key, this text and the data.")
        var keySeparator: String?

        func validate() throws {
            if let max, max < 1 { throw ValidationError("--max must be at least 1.") }
            try self.output.requireRecordFormat()
            _ = try self.start()
        }

        private func start() throws -> KinesisClient.Start {
            guard let from else { return self.exitAtEnd ? .earliest : .latest }
            let range = try? OffsetRange(from, now: Clock.now)
            switch range?.from {
            case .start? where range?.until == nil: return .earliest
            case .end? where range?.until == nil: return .latest
            case .time(let timestamp)? where range?.until == nil: return .timestamp(timestamp)
            default:
                throw ValidationError(
                    "--from takes earliest, latest, or @ and a time such as @2026-01-01T12:00:00Z or @-2h."
                )
            }
        }

        func run() async throws {
            try await Reporting.run {
                let session = TailSession(
                    client: try self.kinesis.client(),
                    stream: self.name,
                    start: try self.start(),
                    shards: self.shard,
                    recordsMax: self.max,
                    exitsAtEnd: self.exitAtEnd,
                    isJSON: self.output.isJSON,
                    keySeparator: self.keySeparator
                )
                _ = try await Interruption.cancelling { try await session.run() }
            }
        }
    }
}

/// Reads the shards of a stream in turn and prints what they have.
private struct TailSession: Sendable {
    /// AWS answers five reads a second of a shard.
    private static let pause = Duration.milliseconds(250)
    private static let pauseWhenThrottled = Duration.seconds(1)

    let client: KinesisClient
    let stream: String
    let start: KinesisClient.Start
    /// Empty: all.
    let shards: [String]
    let recordsMax: Int?
    let exitsAtEnd: Bool
    let isJSON: Bool
    let keySeparator: String?

    /// A shard under way.
    private struct Reader {
        var shard: String
        /// Where it began, or the last record that was printed: from there it resumes when an iterator is too old.
        var place: KinesisClient.Start
        var iterator: String?
        var isAtEnd = false
    }

    func run() async throws {
        var readers = try await self.firstReaders()
        var known = Set(readers.map(\.shard))
        var printed = 0
        while !readers.isEmpty {
            var wasBusy = false
            var wasThrottled = false
            var children: [String] = []
            for index in readers.indices {
                do {
                    guard let page = try await self.read(&readers[index]) else { continue }
                    let wanted = page.Records.prefix(self.recordsMax.map { $0 - printed } ?? .max)
                    try self.print(wanted, readers[index].shard)
                    printed += wanted.count
                    if let recordsMax, printed >= recordsMax { return }
                    wasBusy = wasBusy || !page.Records.isEmpty
                    if page.NextShardIterator == nil { children += (page.ChildShards ?? []).map(\.ShardId) }
                } catch let refusal as KinesisClient.Refused where refusal.isThrottling {
                    wasThrottled = true
                }
                try Task.checkCancellation()
            }
            // Those that ended have no iterator.
            readers.removeAll { $0.iterator == nil }
            if self.shards.isEmpty {
                for child in children where known.insert(child).inserted {
                    readers.append(
                        Reader(shard: child, place: .earliest, iterator: try await self.iterator(child, .earliest))
                    )
                }
            }
            if self.exitsAtEnd, !wasThrottled, children.isEmpty, readers.allSatisfy(\.isAtEnd) { return }
            try await Task.sleep(for: wasThrottled ? Self.pauseWhenThrottled : wasBusy ? .zero : Self.pause)
        }
    }

    private func firstReaders() async throws -> [Reader] {
        let all = try await self.client.listShards(self.stream)
        if let missing = self.shards.first(where: { name in !all.contains { $0.id == name } }) {
            throw NotFound(description: "Stream \(self.stream) has no shard \(missing).")
        }
        var readers: [Reader] = []
        for shard in all {
            if !self.shards.isEmpty, !self.shards.contains(shard.id) { continue }
            // Children are read after their parents; a closed shard has nothing that is new.
            if case .latest = self.start, !shard.isOpen { continue }
            if self.shards.isEmpty, case .earliest = self.start,
                shard.parents.contains(where: { id in all.contains { $0.id == id } })
            {
                continue
            }
            readers.append(
                Reader(shard: shard.id, place: self.start, iterator: try await self.iterator(shard.id, self.start))
            )
        }
        return readers
    }

    private func iterator(_ shard: String, _ start: KinesisClient.Start) async throws -> String {
        var pause = Duration.milliseconds(100)
        while true {
            do {
                return try await self.client.shardIterator(self.stream, shard: shard, start)
            } catch let refusal as KinesisClient.Refused where refusal.isThrottling && pause < .seconds(10) {
                try await Task.sleep(for: pause)
                pause *= 2
            }
        }
    }

    /// - Returns: `nil` when the iterator was too old and another one was taken.
    private func read(_ reader: inout Reader) async throws -> KinesisClient.Page? {
        guard let iterator = reader.iterator else { return nil }
        do {
            let page = try await self.client.records(at: iterator)
            reader.iterator = page.NextShardIterator
            reader.isAtEnd = page.Records.isEmpty && page.MillisBehindLatest == 0
            if let last = page.Records.last { reader.place = .after(last.SequenceNumber) }
            return page
        } catch let refusal as KinesisClient.Refused where refusal.code == "ExpiredIteratorException" {
            reader.iterator = try await self.iterator(reader.shard, reader.place)
            return nil
        }
    }

    private func print(_ records: some Sequence<KinesisClient.Record>, _ shard: String) throws {
        var text: [UInt8] = []
        var json = JSONLine()
        for record in records {
            if self.isJSON {
                json.removeAll()
                json.object { json in
                    json.key("shard")
                    json.string(shard)
                    json.key("sequenceNumber")
                    json.string(record.SequenceNumber)
                    json.key("timestamp")
                    json.number(record.ApproximateArrivalTimestamp.map { Int64(($0 * 1000).rounded()) })
                    json.key("partitionKey")
                    json.string(record.PartitionKey)
                    json.key("data")
                    record.Data.withUnsafeBytes { json.data($0) }
                }
                json.endLine()
                text += json.bytes
            } else {
                if let keySeparator { text += Array("\(record.PartitionKey)\(keySeparator)".utf8) }
                text += record.Data
                text.append(UInt8(ascii: "\n"))
            }
        }
        if !text.isEmpty { try ResultOutput.write(text) }
    }
}
