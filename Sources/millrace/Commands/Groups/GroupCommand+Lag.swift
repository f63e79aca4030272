internal import ArgumentParser
internal import CommandCore
internal import KafkaClient
internal import Model
internal import Text

extension GroupCommand {
    struct Lag: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show how far groups are behind, in records and in time.",
            discussion: """
                RECORDS counts the offsets from the committed one to the end. BEHIND is the age of the record that the \
                group reads next, by its timestamp: it is read from the log, and --no-time leaves that out. Groups are \
                in the order of their records behind, the worst first.

                Examples:
                  millrace group lag
                  millrace group lag billing --partitions
                  millrace group lag --watch -o wide
                """
        )

        @OptionGroup var kafka: KafkaOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var watch: WatchOptions

        @Argument(help: "The groups' names. (default: all)", completion: .groupNames)
        var names: [String] = []

        @Flag(help: "A line for each partition.")
        var partitions = false

        @Flag(inversion: .prefixedNo, help: "Show the time behind.")
        var time = true

        func run() async throws {
            try await Reporting.run {
                try await self.kafka.withCluster { cluster in
                    try await self.watch.repeating {
                        let rows = try await self.rows(cluster)
                        try self.output.publish(
                            LagRow.table(rows, byPartition: self.partitions),
                            names: Array(Swift.Set(rows.map(\.group))).sorted(),
                            json: LagRow.json(rows)
                        )
                    }
                }
            }
        }

        private func rows(_ cluster: KafkaCluster) async throws -> [LagRow] {
            let admin = Admin(cluster: cluster)
            let groups = self.names.isEmpty ? try await admin.listGroups().map(\.groupID) : self.names
            var rows: [LagRow] = []
            for group in groups {
                let description: GroupDescription
                do {
                    description = try await admin.describeGroup(group)
                } catch let error as ClientError where self.names.isEmpty && error.serverCode != nil {
                    // It was deleted meanwhile, or is of a protocol that cannot be described.
                    continue
                }
                let progress = try await admin.progress(of: group, also: description.members.flatMap(\.assignment))
                let times = self.time ? try await Self.timestamps(progress, cluster) : [:]
                let now = Clock.now
                rows += progress.map { entry in
                    LagRow(
                        group: group,
                        state: description.state,
                        members: description.members.count,
                        partition: entry.partition,
                        committed: entry.committed,
                        end: entry.end,
                        records: entry.lag,
                        milliseconds: entry.lag == 0 ? 0 : times[entry.partition].map { max(0, now - $0) }
                    )
                }
            }
            return self.partitions ? rows : LagRow.byTopic(rows)
        }

        /// Partitions whose next record is looked at, the ones furthest behind first, and how long it may take.
        private static let partitionsMax = 256
        private static let timeMax = Duration.seconds(5)

        /// When the next record of each partition that is behind was written.
        private static func timestamps(
            _ progress: [GroupProgress],
            _ cluster: KafkaCluster
        ) async throws -> [NamedPartition: Timestamp] {
            let behind = progress.filter { $0.lag ?? 0 > 0 }.sorted { $0.lag ?? 0 > $1.lag ?? 0 }
                .prefix(Self.partitionsMax)
            guard !behind.isEmpty else { return [:] }
            var settings = ConsumerSettings()
            settings.reset = .earliest
            settings.partitionBytesMax = 1
            let consumer = Consumer(cluster: cluster, settings: settings)
            var starts: [NamedPartition: StartPosition] = [:]
            for entry in behind { starts[entry.partition] = .offset(entry.committed ?? 0) }
            var result: [NamedPartition: Timestamp] = [:]
            let end = ContinuousClock.now + Self.timeMax
            while result.count < behind.count, ContinuousClock.now < end {
                // A fetch of few bytes has one partition's batch: those that answered step aside.
                try await consumer.assign(starts.filter { result[$0.key] == nil })
                let records = try await consumer.poll()
                for record in records where result[record.partition] == nil {
                    result[record.partition] = record.timestamp
                }
                if records.isEmpty { break }
            }
            return result
        }
    }
}
