internal import ArgumentParser
internal import KafkaClient
internal import Text

extension TopicCommand {
    struct AddPartitions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add partitions to topics.",
            discussion: """
                Records stay where they are; a key may go to another partition from then on, so that the records of \
                one key are no longer in one order. A topic cannot lose partitions.

                Examples:
                  millrace topic add-partitions orders --count 4
                  millrace topic add-partitions orders payments --count 4 --dry-run
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions

        @Argument(help: "The topics' names.", completion: .topicNames)
        var names: [String]

        @Option(name: [.short, .customLong("count")], help: "How many partitions to add to each topic.")
        var num: Int32

        @Flag(help: "Only check: print what would change and change nothing.")
        var dryRun = false

        func validate() throws {
            if self.num < 1 { throw ValidationError("--count must be at least 1.") }
        }

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    let admin = Admin(cluster: cluster)
                    try await Reporting.each(self.names) { name in
                        let before = Int32(try await admin.describeTopic(name).partitions.count)
                        let (after, isTooMany) = before.addingReportingOverflow(self.num)
                        if isTooMany { throw Failure("topic \(name) cannot have so many partitions") }
                        try await admin.createPartitions(name, count: after, validatesOnly: self.dryRun)
                        try self.report(name, before, after)
                    }
                }
            }
        }

        private func report(_ name: String, _ before: Int32, _ after: Int32) throws {
            guard self.output.isJSON else {
                let done = self.dryRun ? "would alter" : "altered"
                return try ResultOutput.write("\(done) topic \(name): \(before) partitions, then \(after)\n")
            }
            var json = JSONLine()
            json.object { json in
                json.key("name")
                json.string(name)
                json.key("altered")
                json.boolean(!self.dryRun)
                json.key("before")
                json.number(before)
                json.key("after")
                json.number(after)
            }
            json.endLine()
            try self.output.write(json)
        }
    }
}
