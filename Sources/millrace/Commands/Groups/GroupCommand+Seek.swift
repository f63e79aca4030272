internal import ArgumentParser
internal import CommandCore
internal import FoundationEssentials
internal import KafkaClient
internal import Model

extension GroupCommand {
    struct Seek: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set where a group continues to read.",
            discussion: """
                The server refuses while the group has members: stop them first. Without --topic the topics that the \
                group has committed offsets in are moved. What lies outside of the log becomes its nearest offset.

                --to takes one of \(OffsetRange.grammar). --shift counts from what is committed. --to-file reads lines \
                TOPIC PARTITION OFFSET, as rpk's and Kafka's tools do.

                Examples:
                  millrace group seek billing --to start --dry-run
                  millrace group seek billing --to @2026-11-30T12:00:00Z --topic orders
                  millrace group seek billing --to @-90m --topic orders:0,2-4
                  millrace group seek billing --shift -100
                  millrace group seek billing --to-file offsets.txt
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The group's name.", completion: .groupNames)
        var name: String

        @Option(parsing: .unconditional, help: ArgumentHelp("Where to.", valueName: "position"))
        var to: String?

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp("So many offsets forward, or back with a minus.", valueName: "count")
        )
        var shift: Int64?

        @Option(help: ArgumentHelp("The offsets of each partition.", valueName: "file"), completion: .file())
        var toFile: String?

        @Option(
            name: .shortAndLong,
            parsing: .singleValue,
            help: ArgumentHelp("Only this topic, or some of its partitions; repeatable.", valueName: "topic[:0,2-4]")
        )
        var topic: [String] = []

        @Flag(help: "Only print what would change.")
        var dryRun = false

        func validate() throws {
            let ways = [self.to != nil, self.shift != nil, self.toFile != nil].count { $0 }
            guard ways == 1 else { throw ValidationError("Give one of --to, --shift and --to-file.") }
            if self.toFile != nil, !self.topic.isEmpty {
                throw ValidationError("--topic does not go with --to-file, which names the partitions itself.")
            }
            do throws(OptionError) {
                _ = try self.point()
                for text in self.topic { _ = try PartitionSelection(text) }
            } catch {
                throw ValidationError(error.description)
            }
        }

        private func point() throws(OptionError) -> OffsetRange.Point? {
            guard let to else { return nil }
            let range = try OffsetRange(to, now: Clock.now)
            guard range.until == nil else { throw OptionError("--to takes one position, not a range.") }
            return range.from
        }

        func run() async throws {
            try await Reporting.run {
                let file = try self.fileOffsets()
                try await self.kafka.withCluster { cluster in
                    let plan = try await self.plan(cluster, file)
                    for partition in plan.skipped {
                        StandardError.write("millrace: nothing is committed in \(partition): it is left alone\n")
                    }
                    guard !plan.rows.isEmpty else {
                        throw NotFound(
                            description:
                                "group \(self.name) has committed nothing that could be moved; name the topics "
                                + "with --topic"
                        )
                    }
                    try await GroupOffsets.commit(plan, of: self.name, cluster, isDry: self.dryRun)
                    try GroupOffsets.publish(plan, of: self.name, isDry: self.dryRun, self.output)
                }
            }
        }

        private func fileOffsets() throws -> [NamedPartition: Offset]? {
            guard let toFile else { return nil }
            guard let data = FileManager.default.contents(atPath: toFile),
                let text = String(validating: data, as: UTF8.self)
            else { throw Failure("cannot read \(toFile)") }
            do throws(OptionError) {
                return try SeekFile.parse(text)
            } catch {
                throw Failure("\(toFile): \(error)")
            }
        }

        private func plan(_ cluster: KafkaCluster, _ file: [NamedPartition: Offset]?) async throws -> SeekPlan {
            let committed = try await cluster.committedOffsets(of: self.name, partitions: nil)
            let partitions: [NamedPartition]
            if let file {
                partitions = try await GroupOffsets.existing(Array(file.keys), cluster)
            } else if self.topic.isEmpty {
                partitions = try await GroupOffsets.existing(Array(committed.keys), cluster)
            } else {
                partitions = try await cluster.partitions(self.topic.map { try PartitionSelection($0) })
            }
            let (starts, ends) = try await cluster.bounds(of: partitions)
            let point = try self.point()
            var times: [NamedPartition: Offset] = [:]
            if let timestamp = point?.timestamp {
                times = try await cluster.listOffsets(
                    Dictionary(partitions.map { ($0, timestamp) }, uniquingKeysWith: { $1 })
                )
            }
            let facts = Dictionary(
                partitions.map { partition in
                    let fact = SeekPlan.Facts(
                        committed: committed[partition],
                        start: starts[partition] ?? 0,
                        end: ends[partition] ?? 0,
                        time: times[partition]
                    )
                    return (partition, fact)
                },
                uniquingKeysWith: { $1 }
            )
            if let file { return SeekPlan(facts, offsets: file) }
            return SeekPlan(facts, to: point.map { .point($0) } ?? .shift(self.shift ?? 0))
        }
    }
}
