package import Model

extension TopicChanges {
    /// What `current` has added, grown and removed since `previous`. Sorted by name.
    package init(from previous: TopicTable, to current: TopicTable) {
        self.init()
        for topic in current.all {
            guard let old = previous.topic(id: topic.id) else {
                self.added.append(Topic(topic))
                continue
            }
            // A topic that did not change is the same object.
            guard old !== topic, old.partitions.count < topic.partitions.count else { continue }
            self.grown.append(Topic(topic))
        }
        for topic in previous.all where current.topic(id: topic.id) == nil { self.removed.append(Topic(topic)) }
        self.added.sort { $0.name < $1.name }
        self.grown.sort { $0.name < $1.name }
        self.removed.sort { $0.name < $1.name }
    }
}

extension TopicChanges.Topic {
    init(_ topic: HostedTopic) {
        self.init(name: topic.name, id: topic.id, partitionCount: topic.partitions.count)
    }
}
