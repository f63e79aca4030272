import LogCore
import LogObjects
import Logging
import Metadata
import Model
import NIOCore
import ObjectStore
import Synchronization
import Testing
import Threads

@testable import ObjectEngine

/// A clock that a test moves.
private final class MovedTime: TimeSource {
    private let wall = Mutex<Int64>(1_000_000)

    var wallMilliseconds: Int64 { self.wall.withLock { $0 } }
    var monotonicNanoseconds: Int64 { self.wallMilliseconds * 1_000_000 }

    func advance(_ milliseconds: Int64) { self.wall.withLock { $0 += milliseconds } }
}

@Suite(.timeLimit(.minutes(20))) struct GarbageCollectorTests {
    private let metadata = MemoryMetadata()
    private let objects = MemoryObjectStore()
    private let time = MovedTime()
    private let dead = Incarnation(broker: BrokerID(1), number: 7)
    private let alive = Incarnation(broker: BrokerID(2), number: 9)
    private let partition = ClusterFixture.partition()

    private func collector(of incarnation: Incarnation) -> GarbageCollector {
        GarbageCollector(
            incarnation: incarnation,
            metadata: self.metadata,
            objects: self.objects,
            time: self.time,
            logger: Logger(label: "test")
        )
    }

    private func put(_ key: MetadataKey, _ value: [UInt8]) async throws {
        _ = try await self.metadata.commit(MetadataTransaction(success: [.put(key: key, value: value)]))
    }

    private func store(_ name: String) async throws { try await self.objects.put(name, [ByteBuffer(string: name)]) }

    private func flush(_ sequence: Int64, _ attempt: Int) -> String {
        "\(FlushObjectName(writer: self.dead, sequence: sequence, attempt: attempt))"
    }

    /// A dead broker with a committed flush, two objects that are not, and a compacted object that it began.
    private func prepare() async throws -> CompactedObjectName {
        let begun = CompactedObjectName(writer: self.dead, number: 3)
        let record = CommitRecord(attempt: 1, objectSize: 10, runs: [])
        try await self.put(EngineKeys.ownership(self.dead), OwnershipState.active.value)
        try await self.put(EngineKeys.ownership(self.alive), OwnershipState.active.value)
        try await self.put(EngineKeys.commit(self.dead, 0), Array(record.encoded().readableBytesView))
        try await self.put(EngineKeys.object(begun), SharedObject.registered.encoded())
        let assignment = PartitionAssignment(epoch: LeaderEpoch(2), owner: self.alive, predecessors: [self.dead])
        try await self.put(PartitionAssignment.key(self.partition), assignment.encoded)
        for name in [self.flush(0, 0), self.flush(0, 1), self.flush(1, 0), "\(begun)"] { try await self.store(name) }
        return begun
    }

    @Test func `what a broker left is deleted once it is fenced, and its records when nobody needs them`() async throws
    {
        let begun = try await self.prepare()
        let collector = self.collector(of: self.alive)
        await collector.collect(isController: true)
        #expect(self.objects.names.count == 4)
        _ = try await self.metadata.commit(TakeOver.fence(self.dead))
        await collector.collect(isController: true)
        #expect(self.objects.names == [self.flush(0, 1)])
        #expect(try await self.metadata.range(.prefix(EngineKeys.objects)).entries.isEmpty)
        // A write that comes this late is found an hour later.
        try await self.store(self.flush(1, 2))
        try await self.store("\(begun)")
        self.time.advance(DeletionIntent.repetitionMilliseconds)
        await collector.collect(isController: true)
        #expect(self.objects.names == [self.flush(0, 1)])
        #expect(await collector.pendingCount == 0)
        // Its record is needed until the owner has folded it.
        try await self.put(
            PartitionAssignment.key(self.partition),
            PartitionAssignment(epoch: LeaderEpoch(2), owner: self.alive).encoded
        )
        await collector.collect(isController: true)
        #expect(try await self.metadata.range(.prefix(EngineKeys.commits(self.dead))).entries.isEmpty)
        #expect(try await self.metadata.get(EngineKeys.ownership(self.dead)).entry == nil)
        #expect(self.objects.names == [self.flush(0, 1)])
        self.time.advance(DeletionIntent.graceMilliseconds)
        await collector.collect(isController: true)
        #expect(self.objects.names.isEmpty)
        #expect(try await self.metadata.range(.prefix(GarbageName.prefix)).entries.isEmpty)
    }

    @Test func `a broker that is not the controller deletes its own objects alone`() async throws {
        let mine = CompactedObjectName(writer: self.alive, number: 0)
        let other = CompactedObjectName(writer: self.dead, number: 0)
        for name in [mine, other] {
            try await self.store("\(name)")
            try await self.put(GarbageName.compacted(name).key, DeletionIntent.afterGrace(now: 0).encoded())
        }
        let collector = self.collector(of: self.alive)
        await collector.collect(isController: false)
        #expect(self.objects.names == ["\(other)"])
        await collector.collect(isController: true)
        #expect(self.objects.names.isEmpty)
        #expect(await collector.deletedCount == 2)
    }

    @Test func `heads of deleted topics go, with all that only they refer to`() async throws {
        let shared = CompactedObjectName(writer: self.alive, number: 0)
        let own = CompactedObjectName(writer: self.alive, number: 1)
        let kept = TopicPartition(topicID: TopicID(high: 8, low: 8), partition: 0)
        let count = SharedObject(isOpen: false, partitionCount: 2, partitionCountFirst: 2, sizeBytes: 9)
        try await self.put(EngineKeys.object(shared), count.encoded())
        try await self.put(MetadataKeys.topicID(kept.topicID), [1])
        for partition in [self.partition, kept] {
            var extents: [Extent] = []
            for (index, name) in [shared, own].enumerated() where name == shared || partition == self.partition {
                let section = ObjectSection(
                    object: name,
                    position: 32,
                    length: 5,
                    checksum: 0,
                    isShared: name == shared
                )
                extents.append(
                    Extent(
                        section: section,
                        baseOffset: Offset(index),
                        endOffset: Offset(index) + 1,
                        maxTimestamp: 0
                    )
                )
            }
            let head = PartitionHead(indexedEnd: Offset(extents.count), extents: extents)
            try await self.put(EngineKeys.head(partition), head.encoded())
        }
        for name in [shared, own] { try await self.store("\(name)") }
        let collector = self.collector(of: self.alive)
        await collector.collect(isController: true)
        let heads = try await self.metadata.range(.prefix(EngineKeys.heads)).entries
        #expect(heads.map { EngineKeys.partition(ofHead: $0.key) } == [kept])
        let entry = try #require(try await self.metadata.get(EngineKeys.object(shared)).entry)
        #expect(try SharedObject(decoding: entry.value).partitionCount == 1)
        self.time.advance(DeletionIntent.graceMilliseconds)
        await collector.collect(isController: true)
        #expect(self.objects.names == ["\(shared)"])
    }

    @Test func `heads are looked at when their topic is known to be gone, and once an hour`() async throws {
        let topics = Mutex<[TopicID]>([])
        let collector = GarbageCollector(
            incarnation: self.alive,
            metadata: self.metadata,
            objects: self.objects,
            time: self.time,
            logger: Logger(label: "test"),
            takeDeletedTopics: {
                topics.withLock { topics in
                    defer { topics = [] }
                    return topics
                }
            }
        )
        let unnoticed = TopicPartition(topicID: TopicID(high: 8, low: 8), partition: 0)
        await collector.collect(isController: true)
        for partition in [self.partition, unnoticed] {
            try await self.put(EngineKeys.head(partition), PartitionHead().encoded())
        }
        await collector.collect(isController: true)
        #expect(self.metadata.entries(below: EngineKeys.heads).count == 2)
        topics.withLock { $0 = [self.partition.topicID] }
        await collector.collect(isController: false)
        #expect(self.metadata.entries(below: EngineKeys.heads).map(\.key) == [EngineKeys.head(unnoticed)])
        self.time.advance(3_600_000)
        await collector.collect(isController: true)
        #expect(self.metadata.entries(below: EngineKeys.heads).isEmpty)
    }
}
