import Model
import Testing

@testable import Metadata

@Suite struct TopicsImageTests {
    private func topic(_ name: String, id: UInt64, revision: Int64) throws -> Topic {
        try makeTopic(name, partitions: 1, id: TopicID(high: 1, low: id), revision: revision)
    }

    @Test func `loading finds topics by name and ID in byte order`() throws {
        let entries = try ["b", "a", "B"].enumerated().map { index, name in
            try entry(of: self.topic(name, id: UInt64(index), revision: 5))
        }
        let image = try TopicsImage(MetadataRangeResult(entries: entries, hasMore: false, revision: 7))
        #expect(image.sortedNames == ["B", "a", "b"])
        #expect(image.sortedTopics.map(\.name) == ["B", "a", "b"])
        #expect(image.revision == 7)
        #expect(image[name: "a"]?.id == TopicID(high: 1, low: 1))
        #expect(image[id: TopicID(high: 1, low: 2)]?.name == "B")
        #expect(image[name: "c"] == nil)
    }

    @Test func `batches change the image in revision order, and old ones do nothing`() throws {
        var image = TopicsImage(revision: 1)
        let first = try self.topic("a", id: 1, revision: 2)
        let again = try self.topic("a", id: 2, revision: 4)
        let creation = MetadataWatchBatch(events: [.put(entry(of: first))], revision: 2)
        try image.apply(creation)
        #expect(image[id: first.id]?.name == "a")
        try image.apply(
            MetadataWatchBatch(
                events: [.deleted(key: MetadataKeys.topic(name: "a"), revision: 3), .put(entry(of: again))],
                revision: 4
            )
        )
        #expect(image[id: first.id] == nil)
        #expect(image[name: "a"]?.id == again.id)
        let settled = image
        try image.apply(creation)
        try image.apply(.deleted(key: MetadataKeys.topic(name: "a"), revision: 3))
        #expect(image == settled)
        try image.apply(
            MetadataWatchBatch(events: [.deleted(key: MetadataKeys.topic(name: "a"), revision: 5)], revision: 5)
        )
        #expect(image.isEmpty)
        #expect(image.sortedNames.isEmpty)
        #expect(image.collision(with: "a") == nil)
        #expect(image.revision == 5)
    }

    @Test func `a damaged value changes nothing`() throws {
        var image = TopicsImage(revision: 1)
        var damaged = try entry(of: self.topic("a", id: 1, revision: 2))
        damaged.value.removeLast()
        let other = try entry(of: self.topic("b", id: 2, revision: 2))
        let error = #expect(throws: MetadataError.self) {
            try image.apply(MetadataWatchBatch(events: [.put(other), .put(damaged)], revision: 2))
        }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("topic a") == true)
        #expect(image == TopicsImage(revision: 1))
    }

    @Test func `names that differ in dots and underscores only collide`() throws {
        var image = TopicsImage(revision: 1)
        try image.apply(.put(entry(of: self.topic("a.b_c", id: 1, revision: 2))))
        #expect(image.collision(with: "a_b.c") == "a.b_c")
        #expect(image.collision(with: "a.b_c") == nil)
        #expect(image.collision(with: "a-b_c") == nil)
    }

    @Test(
        arguments: [
            ("orders", false, true), ("__consumer_offsets", true, false), ("__anything", false, false),
            ("_one", false, true), (String(repeating: "n", count: 128), false, true),
            (String(repeating: "n", count: 129), false, false),
        ]
    )
    func `names that begin with underscores and long ones are hidden from Kinesis`(
        name: String,
        isInternal: Bool,
        isVisible: Bool
    ) {
        #expect(TopicName.isKafkaInternal(name) == isInternal)
        #expect(TopicName.isVisibleToKinesis(name) == isVisible)
    }

    @Test func `prefix ranges end where the prefix ends`() {
        #expect(MetadataKeyRange.prefix(MetadataKey("t/")).upper == MetadataKey("t0"))
        let edge = MetadataKeyRange.prefix(MetadataKey(bytes: [1, 0xFF, 0xFF]))
        #expect(edge.upper == MetadataKey(bytes: [2]))
        #expect(MetadataKeyRange.prefix(MetadataKey(bytes: [0xFF])).upper == nil)
        #expect(MetadataKeyRange.prefix(MetadataKey(bytes: [])) == .all)
        #expect(MetadataKeyRange.key(MetadataKey("a")).contains(MetadataKey("a")))
        #expect(!MetadataKeyRange.key(MetadataKey("a")).contains(MetadataKey("aa")))
    }
}
