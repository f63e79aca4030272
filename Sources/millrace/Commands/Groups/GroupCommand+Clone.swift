internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import Model

extension GroupCommand {
    struct Clone: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a group the offsets of another one.",
            discussion: """
                For a second application that shall continue where the first one is. A target that has offsets already \
                is left alone, unless --overwrite is given; one with members is refused by the server.

                Examples:
                  millrace group clone billing billing-v2
                  millrace group clone billing billing-v2 --topic orders --dry-run
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The group whose offsets are taken.", completion: .groupNames)
        var source: String

        @Argument(help: "The group that gets them.", completion: .groupNames)
        var target: String

        @Option(
            name: .shortAndLong,
            parsing: .singleValue,
            help: ArgumentHelp("Only this topic, or some of its partitions; repeatable.", valueName: "topic[:0,2-4]")
        )
        var topic: [String] = []

        @Flag(help: "Replace offsets that the target has.")
        var overwrite = false

        @Flag(help: "Only print what would change.")
        var dryRun = false

        func run() async throws {
            try await Reporting.run {
                let selections = try self.topic.map { try PartitionSelection($0) }
                try await self.kafka.withCluster { cluster in
                    var offsets = try await cluster.committedOffsets(of: self.source, partitions: nil)
                    if !selections.isEmpty {
                        let chosen = Set(try await cluster.partitions(selections))
                        offsets = offsets.filter { chosen.contains($0.key) }
                    }
                    guard !offsets.isEmpty else {
                        throw NotFound(description: "group \(self.source) has committed nothing that could be copied")
                    }
                    let had = try await cluster.committedOffsets(of: self.target, partitions: nil)
                    let clash = offsets.keys.filter { had[$0] != nil }.sorted()
                    if let first = clash.first, !self.overwrite {
                        throw Failure(
                            "group \(self.target) has an offset in \(first) already; give --overwrite to replace it"
                        )
                    }
                    let partitions = try await GroupOffsets.existing(Array(offsets.keys), cluster)
                    let (starts, ends) = try await cluster.bounds(of: partitions)
                    let facts = Dictionary(
                        partitions.map { partition in
                            let fact = SeekPlan.Facts(
                                committed: had[partition],
                                start: starts[partition] ?? 0,
                                end: ends[partition] ?? 0
                            )
                            return (partition, fact)
                        },
                        uniquingKeysWith: { $1 }
                    )
                    let plan = SeekPlan(facts, offsets: offsets)
                    try await GroupOffsets.commit(plan, of: self.target, cluster, isDry: self.dryRun)
                    try GroupOffsets.publish(plan, of: self.target, isDry: self.dryRun, self.output)
                }
            }
        }
    }

    struct DeleteOffsets: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete-offsets",
            abstract: "Forget what a group has committed in a topic.",
            discussion: """
                The server refuses for a topic that a member of the group is subscribed to. A consumer begins where \
                its \
                auto.offset.reset says afterwards.

                Example:
                  millrace group delete-offsets billing --topic orders:0,2-4
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The group's name.", completion: .groupNames)
        var name: String

        @Option(
            name: .shortAndLong,
            parsing: .singleValue,
            help: ArgumentHelp("The topic, or some of its partitions; repeatable.", valueName: "topic[:0,2-4]")
        )
        var topic: [String] = []

        @Flag(help: "Only print what would be forgotten.")
        var dryRun = false

        func validate() throws {
            if self.topic.isEmpty { throw ValidationError("Name the topics with --topic.") }
        }

        func run() async throws {
            try await Reporting.run {
                let selections = try self.topic.map { try PartitionSelection($0) }
                try await self.kafka.withCluster { cluster in
                    let committed = try await cluster.committedOffsets(of: self.name, partitions: nil)
                    // A topic that was deleted may have left offsets behind: they are named by what is committed.
                    let partitions = committed.keys
                        .filter { partition in
                            selections.contains {
                                $0.topic == partition.topic && $0.partitions?.contains(partition.partition) != false
                            }
                        }
                        .sorted()
                    guard !partitions.isEmpty else {
                        throw NotFound(description: "group \(self.name) has committed nothing there")
                    }
                    if !self.dryRun {
                        try await Admin(cluster: cluster).deleteOffsets(of: self.name, partitions)
                    }
                    for partition in partitions {
                        try self.output.confirm(
                            self.dryRun ? "would forget" : "forgot",
                            "offset \(committed[partition] ?? -1) of group \(self.name) in",
                            "\(partition)"
                        )
                    }
                }
            }
        }
    }
}
