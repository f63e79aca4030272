import CommandCore
import KafkaClient
import KafkaProtocol
import LogCore
import Model
import NIOCore
import RecordBatch
import Testing

@Suite
struct ImportTests {
    private func key(_ topic: String, _ partition: Int32) -> OffsetCheckpoint.Key {
        OffsetCheckpoint.Key(topic: topic, partition: partition)
    }

    @Test
    func `folders are sorted into topics, groups, settings and what is left alone`() {
        var directory = KafkaDirectory()
        directory.add(
            "/a",
            folders: [
                "orders-0", "orders-2", "my-topic-1", "__consumer_offsets-7", "__cluster_metadata-0",
                "__transaction_state-3", "orders-1.abc-delete", "x-0.abc-future", "lost+found", "noise",
            ],
            topics: []
        )
        directory.add("/b", folders: ["orders-0"], topics: [])
        #expect(directory.topics == ["my-topic", "orders"])
        #expect(directory.partitions[self.key("orders", 0)]?.map(\.directory) == ["/a", "/b"])
        #expect(directory.offsets.map(\.folder) == ["__consumer_offsets-7"] && directory.metadata.count == 1)
        #expect(directory.skipped.count == 3)
        #expect(directory.missing == [self.key("my-topic", 0), self.key("orders", 1)])
        var some = KafkaDirectory()
        some.add("/a", folders: ["orders-0", "other-0"], topics: ["orders"])
        #expect(some.topics == ["orders"])
    }

    /// A record of the controllers' log.
    private func record(_ kind: UInt8, _ fields: [UInt8]) -> ByteBuffer { ByteBuffer(bytes: [1, kind, 0] + fields) }

    private func compact(_ text: String) -> [UInt8] { [UInt8(text.utf8.count + 1)] + Array(text.utf8) }

    @Test
    func `settings of topics are read from the controllers' log`() {
        let id = [UInt8](repeating: 7, count: 16)
        var log = KafkaMetadataLog()
        log.add(self.record(2, self.compact("orders") + id + [0]))
        log.add(self.record(4, [2] + self.compact("orders") + self.compact("retention.ms") + self.compact("5") + [0]))
        log.add(self.record(4, [2] + self.compact("orders") + self.compact("cleanup.policy") + self.compact("x") + [0]))
        log.add(self.record(4, [2] + self.compact("orders") + self.compact("cleanup.policy") + [0] + [0]))
        // A broker's setting, another kind of record, and what is cut off.
        log.add(self.record(4, [4] + self.compact("1") + self.compact("a") + self.compact("b") + [0]))
        log.add(self.record(3, [9, 9]))
        log.add(self.record(4, [2] + self.compact("orders").dropLast()))
        log.add(ByteBuffer(bytes: [1]))
        log.add(ByteBuffer())
        #expect(log.configs == ["orders": ["retention.ms": "5"]])
        log.add(self.record(9, id + [0]))
        #expect(log.configs.isEmpty)
    }

    private func batch(
        _ records: [(key: ByteBuffer?, value: ByteBuffer?)],
        options: RecordBatchBuilder.Options = .init(baseOffset: 0, leaderEpoch: LeaderEpoch(5))
    ) throws -> StoredBatch {
        var builder = RecordBatchBuilder(options: options)
        for record in records { builder.append(key: record.key, value: record.value, timestamp: 1) }
        var cursor = BatchCursor(builder.finishUncompressed().buffer)
        return try #require(try cursor.next())
    }

    private func commit(_ group: String, _ partition: Int32, _ offset: Int64?) -> (key: ByteBuffer?, value: ByteBuffer?)
    {
        var key = ByteBuffer()
        OffsetCommitKey(groupID: GroupID(group), topicName: "orders", partitionIndex: partition)
            .encodeVersioned(into: &key, version: 1)
        guard let offset else { return (key, nil) }
        var value = ByteBuffer()
        OffsetCommitValue(
            offset: offset,
            leaderEpoch: LeaderEpoch(12),
            metadata: "m",
            commitTimestamp: 5,
            expireTimestamp: -1,
            topicID: .zero
        )
        .encodeVersioned(into: &value, version: 3)
        return (key, value)
    }

    @Test
    func `the last commit of a key counts, and a transaction's when it is committed`() throws {
        var offsets = CommittedOffsets()
        try offsets.add(try self.batch([self.commit("a", 0, 1), self.commit("a", 0, 2), self.commit("b", 0, 9)]))
        try offsets.add(try self.batch([self.commit("b", 0, nil), (ByteBuffer(integer: Int16(2)), nil), (nil, nil)]))
        let transactional = RecordBatchBuilder.Options(
            producerID: ProducerID(1),
            producerEpoch: ProducerEpoch(0),
            isTransactional: true
        )
        try offsets.add(try self.batch([self.commit("a", 1, 70)], options: transactional))
        #expect(offsets.commits.count == 1 && offsets.groups == ["a"])
        let key = CommittedOffsets.Key(group: "a", partition: NamedPartition(topic: "orders", partition: 0))
        #expect(offsets.commits[key]?.offset == 2)
        for (kind, count) in [(ControlRecord.Kind.commit, 2), (.abort, 2)] {
            let marker = ControlRecord(kind: kind, coordinatorEpoch: 0)
                .encodeBatch(producerID: ProducerID(1), producerEpoch: ProducerEpoch(0), timestamp: 1)
            var cursor = BatchCursor(marker.buffer)
            try offsets.add(try #require(try cursor.next()))
            #expect(offsets.commits.count == count)
            try offsets.add(try self.batch([self.commit("c", 1, 70)], options: transactional))
        }
        try offsets.add(try self.batch([(ByteBuffer(bytes: [0, 1, 0, 90]), nil)]))
        #expect(offsets.damagedCount == 1)
        offsets.keep(topics: [])
        #expect(offsets.commits.isEmpty)
    }

    @Test
    func `offsets are written where the coordinator looks for them, without leader epochs`() throws {
        var offsets = CommittedOffsets()
        let many = (0..<3000).map { self.commit("group", $0, Int64($0)) }
        try offsets.add(try self.batch(many))
        let batches = offsets.batches(partitionCount: 50, now: 1000)
        // Java: "group".hashCode() is 98629247.
        #expect(batches.keys.sorted() == [98_629_247 % 50])
        var again = CommittedOffsets()
        var next: Int64 = 0
        for buffer in batches.values.joined() {
            var cursor = BatchCursor(buffer, verifiesChecksums: true)
            let batch = try #require(try cursor.next())
            #expect(batch.header.baseOffset == next && batch.header.partitionLeaderEpoch.rawValue == 0)
            next = batch.header.nextOffset
            try again.add(batch)
        }
        #expect(again.commits == offsets.commits && next == 3000)
    }

    @Test
    func `offsets follow, and open transactions are aborted`() throws {
        var continuity = LogContinuity()
        let transactional = RecordBatchBuilder.Options(
            baseOffset: 10,
            producerID: ProducerID(44),
            producerEpoch: ProducerEpoch(3),
            baseSequence: 0,
            isTransactional: true
        )
        let record = (key: ByteBuffer(string: "k") as ByteBuffer?, value: nil as ByteBuffer?)
        try continuity.add(try self.batch([record, record], options: transactional))
        #expect(continuity.start == 10 && continuity.end == 12 && continuity.openTransactionCount == 1)
        #expect(continuity.largestProducerID == 44 && continuity.recordCount == 2)
        #expect(throws: RecordBatchError.self) {
            try continuity.add(try self.batch([record], options: .init(baseOffset: 11)))
        }
        let markers = try continuity.abortOpenTransactions(now: 5)
        var cursor = BatchCursor(try #require(markers.first), verifiesChecksums: true)
        let marker = try #require(try cursor.next())
        #expect(marker.header.baseOffset == 12 && marker.header.producerEpoch.rawValue == 3)
        #expect(try ControlRecord.read(marker.header, marker.payload)?.kind == .abort)
        #expect(continuity.openTransactionCount == 0 && continuity.end == 13 && markers.count == 1)
        // Compaction leaves gaps.
        try continuity.add(try self.batch([record], options: .init(baseOffset: 99)))
        #expect(continuity.end == 100)
    }
}
