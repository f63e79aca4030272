package import Model

/// Partitions of topics, as assignments have them: sorted, none twice.
package struct PartitionSet: Sendable, Equatable {
    /// Some partitions of one topic, ascending, at least one.
    package struct Topic: Sendable, Equatable {
        package var id: TopicID
        package var partitions: [Int32]

        package init(id: TopicID, partitions: [Int32]) {
            self.id = id
            self.partitions = partitions
        }
    }

    /// By topic ID, each topic once.
    package private(set) var topics: [Topic] = []

    package init() {}

    package init(_ partitions: some Sequence<TopicPartition>) {
        let sorted = partitions.sorted { ($0.topicID, $0.partition) < ($1.topicID, $1.partition) }
        for partition in sorted { self.append(partition) }
    }

    /// From the wire or a record: in any order, repeated or not.
    package init(_ topics: some Sequence<(id: TopicID, partitions: [Int32])>) {
        self.init(
            topics.flatMap { topic in
                topic.partitions.map { TopicPartition(topicID: topic.id, partition: $0) }
            }
        )
    }

    /// In order.
    private mutating func append(_ partition: TopicPartition) {
        if let last = self.topics.last, last.id == partition.topicID {
            guard last.partitions.last != partition.partition else { return }
            self.topics[self.topics.count - 1].partitions.append(partition.partition)
        } else {
            self.topics.append(Topic(id: partition.topicID, partitions: [partition.partition]))
        }
    }

    package var isEmpty: Bool { self.topics.isEmpty }

    package var count: Int { self.topics.reduce(0) { $0 + $1.partitions.count } }

    /// All partitions, in order.
    package var partitions: [TopicPartition] {
        self.topics.flatMap { topic in
            topic.partitions.map { TopicPartition(topicID: topic.id, partition: $0) }
        }
    }

    func contains(_ partition: TopicPartition) -> Bool {
        self.topics.first { $0.id == partition.topicID }?.partitions.contains(partition.partition) ?? false
    }

    func filter(_ isIncluded: (TopicPartition) -> Bool) -> Self { Self(self.partitions.filter(isIncluded)) }

    func subtracting(_ other: Self) -> Self {
        guard !other.isEmpty, !self.isEmpty else { return self }
        let gone = Set(other.partitions)
        return self.filter { !gone.contains($0) }
    }

    func intersection(_ other: Self) -> Self {
        guard self != other else { return self }
        let kept = Set(other.partitions)
        return self.filter(kept.contains)
    }

    func union(_ other: Self) -> Self {
        if other.isEmpty { return self }
        if self.isEmpty { return other }
        return Self(self.partitions + other.partitions)
    }

    func isSubset(of other: Self) -> Bool {
        self.isEmpty || Set(other.partitions).isSuperset(of: self.partitions)
    }

    func isDisjoint(with other: Self) -> Bool {
        self.isEmpty || other.isEmpty || Set(other.partitions).isDisjoint(with: self.partitions)
    }
}
