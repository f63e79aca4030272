package import KafkaClient
package import Model

/// Where a group's offsets go, before anything is committed.
package struct SeekPlan: Equatable, Sendable {
    /// What each partition's new offset is.
    package enum Target: Equatable, Sendable {
        case point(OffsetRange.Point)
        /// So many records forward, or back, from what is committed.
        case shift(Int64)
    }

    package struct Row: Equatable, Sendable {
        package var partition: NamedPartition
        /// `nil`: nothing was committed.
        package var before: Offset?
        package var after: Offset
        /// The offset after the last record.
        package var end: Offset
        /// Whether what was asked for is outside of the log, so that the nearest offset was taken.
        package var isClamped: Bool

        package var lag: Int64 { self.end - self.after }
    }

    /// What is known of a partition.
    package struct Facts: Equatable, Sendable {
        package var committed: Offset?
        package var start: Offset
        package var end: Offset
        /// Of the first record as late as the time that was asked for.
        package var time: Offset?

        package init(committed: Offset?, start: Offset, end: Offset, time: Offset? = nil) {
            self.committed = committed
            self.start = start
            self.end = end
            self.time = time
        }
    }

    /// In the order of topics and partitions.
    package var rows: [Row]
    /// Partitions that nothing is committed in, so that there is nothing to shift.
    package var skipped: [NamedPartition]

    package init(_ facts: [NamedPartition: Facts], to target: Target) {
        self.rows = []
        self.skipped = []
        for (partition, fact) in facts.sorted(by: { $0.key < $1.key }) {
            switch target {
            case .point(let point):
                self.add(partition, fact, point.offset(start: fact.start, end: fact.end, time: fact.time))
            case .shift(let count):
                guard let committed = fact.committed else {
                    self.skipped.append(partition)
                    continue
                }
                let (sum, isOver) = committed.addingReportingOverflow(count)
                self.add(partition, fact, isOver ? (count < 0 ? 0 : .max) : sum)
            }
        }
    }

    /// - Parameter offsets: one for each partition of `facts`; others are skipped.
    package init(_ facts: [NamedPartition: Facts], offsets: [NamedPartition: Offset]) {
        self.rows = []
        self.skipped = offsets.keys.filter { facts[$0] == nil }.sorted()
        for (partition, fact) in facts.sorted(by: { $0.key < $1.key }) {
            if let offset = offsets[partition] { self.add(partition, fact, offset) }
        }
    }

    private mutating func add(_ partition: NamedPartition, _ fact: Facts, _ wanted: Offset) {
        let after = min(max(wanted, fact.start), fact.end)
        self.rows.append(
            Row(
                partition: partition,
                before: fact.committed,
                after: after,
                end: fact.end,
                isClamped: after != wanted
            )
        )
    }

    /// What is to be committed.
    package var offsets: [NamedPartition: Offset] {
        Dictionary(self.rows.map { ($0.partition, $0.after) }, uniquingKeysWith: { $1 })
    }
}
