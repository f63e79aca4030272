package import Model

extension TopicChanges {
    /// What a publication changed since `previous`. Sorted by name.
    ///
    /// - Parameters:
    ///   - removed: topics of `previous` that are no longer served.
    ///   - served: topics that are new or not the same as before.
    ///   - lost: partitions of served topics that were led here and are no more.
    package init(
        from previous: TopicTable,
        removed: [HostedTopic],
        served: [HostedTopic],
        lost: [TopicPartition] = []
    ) {
        self.init(removed: removed.map(Topic.init), lost: lost)
        for topic in served {
            guard let old = previous.topic(id: topic.id) else {
                self.added.append(Topic(topic))
                continue
            }
            for (before, now) in zip(old.placements, topic.placements) {
                guard let partition = now.hosted, before.hosted !== partition else { continue }
                self.acquired.append(partition.partition)
            }
            if old.partitionCount < topic.partitionCount { self.grown.append(Topic(topic)) }
        }
        self.added.sort { $0.name < $1.name }
        self.grown.sort { $0.name < $1.name }
        self.removed.sort { $0.name < $1.name }
    }
}

extension TopicChanges.Topic {
    init(_ topic: HostedTopic) {
        self.init(name: topic.name, id: topic.id, partitionCount: topic.partitionCount)
    }
}
