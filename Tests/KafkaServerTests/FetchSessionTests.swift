import Model
import Testing

@testable import KafkaServer

@Suite struct FetchSessionTests {
    private static func key(_ partition: Int32) -> FetchPartitionKey {
        FetchPartitionKey(topicName: "t", topicID: .zero, partition: partition)
    }

    private static func asked(_ offset: Offset) -> FetchSessionPartition {
        FetchSessionPartition(
            fetchOffset: offset,
            bytesMax: 1 << 20,
            currentLeaderEpoch: -1,
            lastFetchedEpoch: -1,
            logStartOffset: -1
        )
    }

    private static func answer(
        _ partition: Int32,
        bytes: Int = 0,
        highWatermark: Offset = 0,
        logStart: Offset = 0,
        isError: Bool = false
    ) -> FetchSession.Answer {
        FetchSession.Answer(
            key: Self.key(partition),
            recordBytes: bytes,
            highWatermark: highWatermark,
            logStartOffset: logStart,
            isError: isError,
            hasOtherNews: false
        )
    }

    private static func session(_ partitions: Range<Int32>) -> FetchSession {
        var session = FetchSession(id: 1, usesTopicIDs: false, now: 0)
        for partition in partitions { session.update(Self.key(partition), to: Self.asked(0)) }
        return session
    }

    @Test func `the first answer tells everything, the next one only what has changed`() {
        var session = Self.session(0..<2)
        #expect(session.select([Self.answer(0), Self.answer(1)]) == [true, true])
        #expect(session.select([Self.answer(0), Self.answer(1)]) == [false, false])
        #expect(session.select([Self.answer(0, highWatermark: 5), Self.answer(1)]) == [true, false])
        #expect(session.select([Self.answer(0, highWatermark: 5), Self.answer(1, logStart: 1)]) == [false, true])
        #expect(
            session.select([Self.answer(0, bytes: 10, highWatermark: 5), Self.answer(1, logStart: 1)]) == [true, false]
        )
    }

    @Test func `after an error the next good answer is sent`() {
        var session = Self.session(0..<1)
        _ = session.select([Self.answer(0)])
        #expect(session.select([Self.answer(0, isError: true)]) == [true])
        #expect(session.select([Self.answer(0, isError: true)]) == [true])
        #expect(session.select([Self.answer(0)]) == [true])
        #expect(session.select([Self.answer(0)]) == [false])
    }

    @Test func `partitions that gave records go behind the others`() {
        var session = Self.session(0..<4)
        _ = session.select([Self.answer(0, bytes: 1), Self.answer(1), Self.answer(2, bytes: 1), Self.answer(3)])
        #expect(session.all.map(\.key.partition) == [1, 3, 0, 2])
    }

    @Test func `an update changes what is asked and keeps what was answered`() {
        var session = Self.session(0..<1)
        _ = session.select([Self.answer(0, highWatermark: 9)])
        session.update(Self.key(0), to: Self.asked(7))
        #expect(session.all.map(\.partition.fetchOffset) == [7])
        #expect(session.select([Self.answer(0, highWatermark: 9)]) == [false])
    }

    @Test func `forgotten partitions are gone`() {
        var session = Self.session(0..<3)
        session.forget([Self.key(1), Self.key(99)])
        #expect(session.all.map(\.key.partition) == [0, 2])
    }

    @Test func `epochs wrap to one`() {
        var session = Self.session(0..<1)
        #expect(session.expectedEpoch == 1)
        session.advanceEpoch()
        #expect(session.expectedEpoch == 2)
    }
}

@Suite struct FetchSessionCacheTests {
    private typealias Asked = (key: FetchPartitionKey, partition: FetchSessionPartition)

    private static func asked(_ partition: Int32) -> Asked {
        (
            FetchPartitionKey(topicName: "t", topicID: .zero, partition: partition),
            FetchSessionPartition(
                fetchOffset: 0,
                bytesMax: 1,
                currentLeaderEpoch: -1,
                lastFetchedEpoch: -1,
                logStartOffset: -1
            )
        )
    }

    private static func open(_ cache: FetchSessionCache, id: Int32, now: Int64 = 0, usesTopicIDs: Bool = false)
        -> Int32?
    {
        cache.open(usesTopicIDs: usesTopicIDs, partitions: [Self.asked(0)], now: now) { id }
    }

    private static func resume(
        _ cache: FetchSessionCache,
        _ id: Int32,
        epoch: Int32,
        usesTopicIDs: Bool = false,
        now: Int64 = 0
    ) throws(FetchSessionCache.Refusal) -> Int {
        try cache.resume(id, epoch: epoch, usesTopicIDs: usesTopicIDs, changed: [], forgotten: [], now: now).count
    }

    @Test func `a session advances epoch by epoch`() throws {
        let cache = FetchSessionCache(slots: 2)
        let id = try #require(Self.open(cache, id: 5))
        for epoch: Int32 in 1...3 { #expect(try Self.resume(cache, id, epoch: epoch) == 1) }
    }

    @Test func `partitions of all sessions together are bounded`() throws {
        let cache = FetchSessionCache(slots: 10, partitionsMax: 3)
        func open(_ partitions: Range<Int32>, id: Int32) -> Int32? {
            cache.open(usesTopicIDs: false, partitions: partitions.map { Self.asked($0) }, now: 0) { id }
        }
        #expect(open(0..<4, id: 1) == nil)
        #expect(open(0..<2, id: 2) == 2)
        #expect(open(0..<2, id: 3) == nil)
        #expect(open(0..<1, id: 4) == 4)
        // A session that grows beyond the bound is dropped: its client opens another one, or does without.
        #expect(throws: FetchSessionCache.Refusal.unknownSession) {
            try cache.resume(4, epoch: 1, usesTopicIDs: false, changed: [Self.asked(7)], forgotten: [], now: 0)
        }
        #expect(open(5..<6, id: 5) == 5)
        cache.close(2)
        #expect(open(0..<2, id: 6) == 6)
        #expect(cache.count == 2)
    }

    @Test func `each way to be wrong has its own refusal`() throws {
        let cache = FetchSessionCache(slots: 2)
        let id = try #require(Self.open(cache, id: 5))
        #expect(throws: FetchSessionCache.Refusal.unknownSession) { try Self.resume(cache, 6, epoch: 1) }
        #expect(throws: FetchSessionCache.Refusal.wrongEpoch) { try Self.resume(cache, id, epoch: 2) }
        #expect(throws: FetchSessionCache.Refusal.topicIDsInconsistent) {
            try Self.resume(cache, id, epoch: 1, usesTopicIDs: true)
        }
        // A refusal changes nothing.
        #expect(try Self.resume(cache, id, epoch: 1) == 1)
    }

    @Test func `a full cache gives no session until one has been idle for two minutes`() throws {
        let cache = FetchSessionCache(slots: 2)
        let first = try #require(Self.open(cache, id: 1, now: 0))
        _ = try #require(Self.open(cache, id: 2, now: 1000))
        #expect(Self.open(cache, id: 3, now: 120_000) == nil)
        #expect(Self.open(cache, id: 3, now: 120_001) == 3)
        #expect(throws: FetchSessionCache.Refusal.unknownSession) { try Self.resume(cache, first, epoch: 1) }
        #expect(cache.count == 2)
    }

    @Test func `a session that loses its last partition is closed`() throws {
        let cache = FetchSessionCache(slots: 2)
        let id = try #require(Self.open(cache, id: 5))
        let left = try cache.resume(
            id,
            epoch: 1,
            usesTopicIDs: false,
            changed: [],
            forgotten: [Self.asked(0).key],
            now: 0
        )
        #expect(left.isEmpty)
        #expect(cache.count == 0)
    }

    @Test func `numbers in use and numbers below one are not given`() throws {
        let cache = FetchSessionCache(slots: 4)
        var candidates: [Int32] = [7, 0, -3, 7, 8]
        let first = cache.open(usesTopicIDs: false, partitions: [Self.asked(0)], now: 0) { candidates.removeFirst() }
        let second = cache.open(usesTopicIDs: false, partitions: [Self.asked(0)], now: 0) { candidates.removeFirst() }
        #expect(first == 7)
        #expect(second == 8)
    }

    @Test func `nothing to fetch needs no session`() {
        let cache = FetchSessionCache(slots: 4)
        #expect(cache.open(usesTopicIDs: false, partitions: [], now: 0) { 1 } == nil)
        #expect(FetchSessionCache(slots: 0).open(usesTopicIDs: false, partitions: [Self.asked(0)], now: 0) { 1 } == nil)
    }
}
