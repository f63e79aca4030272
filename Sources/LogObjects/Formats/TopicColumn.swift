internal import Model
internal import NIOCore

/// The topics of a table, each written once: count, then 16 bytes for each ID. Rows name them by their index.
struct TopicColumn {
    private var indexes: [TopicID: Int] = [:]
    private(set) var topics: [TopicID] = []

    init(_ topics: some Sequence<TopicID>) {
        for topic in topics where self.indexes[topic] == nil {
            self.indexes[topic] = self.topics.count
            self.topics.append(topic)
        }
    }

    func index(of topic: TopicID) -> Int { self.indexes[topic] ?? 0 }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeNumber(self.topics.count)
        for topic in self.topics {
            buffer.writeInteger(topic.high)
            buffer.writeInteger(topic.low)
        }
    }

    static func read(from buffer: inout ByteBuffer) throws(ObjectCodingError) -> [TopicID] {
        var topics: [TopicID] = []
        for _ in 0..<(try buffer.readCount(bytesEach: 16)) {
            topics.append(
                TopicID(high: try buffer.readFixed(as: UInt64.self), low: try buffer.readFixed(as: UInt64.self))
            )
        }
        return topics
    }
}
