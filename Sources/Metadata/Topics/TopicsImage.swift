package import Model

/// All topics at one revision of the metadata: a value, copied on write.
///
/// Made from a range over `MetadataKeys.topics` and kept current with the watch from that revision + 1.
package struct TopicsImage: Sendable, Equatable {
    /// Everything up to this revision is in.
    package private(set) var revision: MetadataRevision
    /// What topics that are gone leave behind.
    package private(set) var retired = RetiredStreams()
    private var byName: [String: Topic]
    private var namesByID: [TopicID: String]
    /// How many names share a collision key, by that key (`TopicName.collisionKey`).
    private var collisions: [String: Set<String>]
    /// All names in byte order.
    package private(set) var sortedNames: [String]

    /// An empty image.
    package init(revision: MetadataRevision = 0) {
        self.revision = revision
        self.byName = [:]
        self.namesByID = [:]
        self.collisions = [:]
        self.sortedNames = []
    }

    /// From what a range over `MetadataKeys.topics` answered. Throws `.corrupt` or `.newerFormat`.
    package init(_ result: MetadataRangeResult) throws(MetadataError) {
        self.init(revision: result.revision)
        for entry in result.entries {
            if entry.key == MetadataKeys.retiredStreams { self.retired = try RetiredStreams.decode(entry) }
            guard MetadataKeys.topicName(of: entry.key) != nil else { continue }
            let topic = try Topic.decode(entry)
            self.byName[topic.name] = topic
            self.namesByID[topic.id] = topic.name
            self.collisions[TopicName.collisionKey(topic.name), default: []].insert(topic.name)
        }
        self.sortedNames = self.byName.keys.sorted(by: Self.precedes)
    }

    package var count: Int { self.byName.count }
    package var isEmpty: Bool { self.byName.isEmpty }

    package subscript(name name: String) -> Topic? { self.byName[name] }
    package subscript(id id: TopicID) -> Topic? { self.namesByID[id].flatMap { self.byName[$0] } }

    /// In order of their names.
    package var sortedTopics: [Topic] { self.sortedNames.compactMap { self.byName[$0] } }

    /// Another topic whose name differs from this one in `.` and `_` only.
    package func collision(with name: String) -> String? {
        self.collisions[TopicName.collisionKey(name)]?.filter { $0 != name }.min(by: Self.precedes)
    }

    /// Takes a batch of the watch in. Batches and events that are not newer than the image are ignored, so that a
    /// load and the watch may overlap. On a throw the image is as before.
    package mutating func apply(_ batch: MetadataWatchBatch) throws(MetadataError) {
        guard batch.revision > self.revision else { return }
        var next = self
        for event in batch.events {
            try next.take(event)
        }
        next.revision = batch.revision
        self = next
    }

    /// Takes one event in; the image's revision becomes the event's. The events of one revision may follow each other.
    package mutating func apply(_ event: MetadataEvent) throws(MetadataError) {
        guard event.revision >= self.revision else { return }
        try self.take(event)
        self.revision = event.revision
    }

    /// Takes a topic in that is planned and not stored, so that the plans after it see its name.
    package mutating func assume(_ topic: Topic) { self.insert(topic) }

    /// Takes out a topic that is about to be deleted.
    package mutating func assumeDeleted(_ topic: Topic) { self.remove(topic.name) }

    private mutating func take(_ event: MetadataEvent) throws(MetadataError) {
        if event.key == MetadataKeys.retiredStreams {
            guard event.revision > self.retired.modRevision else { return }
            switch event {
            case .put(let entry): self.retired = try RetiredStreams.decode(entry)
            case .deleted: self.retired = RetiredStreams()
            }
            return
        }
        guard let name = MetadataKeys.topicName(of: event.key) else { return }
        switch event {
        case .put(let entry):
            if let existing = self.byName[name], existing.modRevision >= entry.modRevision { return }
            self.insert(try Topic.decode(entry))
        case .deleted(_, let revision):
            if let existing = self.byName[name], existing.modRevision > revision { return }
            self.remove(name)
        }
    }

    private mutating func insert(_ topic: Topic) {
        if let old = self.byName.updateValue(topic, forKey: topic.name) {
            if old.id != topic.id, self.namesByID[old.id] == topic.name { self.namesByID[old.id] = nil }
        } else {
            self.sortedNames.insert(topic.name, at: self.position(of: topic.name))
            self.collisions[TopicName.collisionKey(topic.name), default: []].insert(topic.name)
        }
        self.namesByID[topic.id] = topic.name
    }

    private mutating func remove(_ name: String) {
        guard let old = self.byName.removeValue(forKey: name) else { return }
        if self.namesByID[old.id] == name { self.namesByID[old.id] = nil }
        let key = TopicName.collisionKey(name)
        self.collisions[key]?.remove(name)
        if self.collisions[key]?.isEmpty == true { self.collisions[key] = nil }
        let position = self.position(of: name)
        if position < self.sortedNames.count, self.sortedNames[position] == name {
            self.sortedNames.remove(at: position)
        }
    }

    /// The first place whose name is not before `name`.
    private func position(of name: String) -> Int {
        var low = 0
        var high = self.sortedNames.count
        while low < high {
            let middle = (low + high) / 2
            if Self.precedes(self.sortedNames[middle], name) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
