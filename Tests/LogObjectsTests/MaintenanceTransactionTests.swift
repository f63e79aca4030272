import Metadata
import MetadataTestSupport
import Model
import NIOCore
import Testing

@testable import LogObjects

/// Counts of objects and garbage follow the heads in one transaction, which can be repeated.
@Suite struct MaintenanceTransactionTests {
    private var etcd = SimulatedEtcd()
    private let shared = CompactedObjectName(writer: writer, number: 0)
    private let partitions = (0..<3).map { TopicPartition(topicID: topicA, partition: $0) }

    init() {
        _ = self.etcd.commit(
            MetadataTransaction(
                success: [.put(key: EngineKeys.ownership(writer), value: OwnershipState.active.value)]
            )
        )
        _ = self.etcd.commit(MaintenanceTransaction.registration([self.shared], of: writer))
    }

    private func extent(_ range: Range<Offset>, _ object: CompactedObjectName, isShared: Bool) -> Extent {
        Extent(
            section: ObjectSection(object: object, position: 32, length: 10, checksum: 0, isShared: isShared),
            baseOffset: range.lowerBound,
            endOffset: range.upperBound,
            maxTimestamp: 0
        )
    }

    private func stored(_ partition: TopicPartition) throws -> StoredHead {
        guard let entry = self.etcd.entries[EngineKeys.head(partition)] else { return .missing }
        return StoredHead(
            revision: entry.modRevision,
            extents: PartitionExtents(head: try PartitionHead(decoding: entry.value))
        )
    }

    private var objects: [CompactedObjectName: StoredObject] {
        var objects: [CompactedObjectName: StoredObject] = [:]
        for entry in self.etcd.entries(in: .prefix(EngineKeys.objects)) {
            guard let name = EngineKeys.object(of: entry.key), let value = try? SharedObject(decoding: entry.value)
            else { continue }
            objects[name] = StoredObject(revision: entry.modRevision, value: value)
        }
        return objects
    }

    private func transaction(
        _ changes: [HeadChange],
        finished: Set<CompactedObjectName> = [],
        guardsTopics: Bool = false
    ) -> MaintenanceTransaction {
        MaintenanceTransaction(
            writer: writer,
            changes: changes,
            objects: self.objects,
            finished: finished,
            written: [self.shared: (100, 3)],
            guardsTopics: guardsTopics,
            now: 1_000
        )
    }

    private func filling() throws -> [HeadChange] {
        try self.partitions.map { partition in
            let after = PartitionExtents(
                head: PartitionHead(indexedEnd: 5, extents: [self.extent(0..<5, self.shared, isShared: true)])
            )
            return HeadChange(partition: partition, before: try self.stored(partition), after: after)
        }
    }

    @Test mutating func `a shared object is counted, and is garbage when the last partition leaves it`() throws {
        let first = self.transaction(try self.filling(), finished: [self.shared])
        #expect(first.result(self.etcd.commit(first.transaction)) == .applied)
        let value = try #require(self.objects[self.shared]?.value)
        #expect(!value.isOpen && value.partitionCount == 3 && value.partitionCountFirst == 3 && value.sizeBytes == 100)
        // The same again changes nothing and says that it was carried out.
        #expect(first.result(self.etcd.commit(first.transaction)) == .applied)
        #expect(self.objects[self.shared]?.value == value)
        for (index, partition) in self.partitions.enumerated() {
            let before = try self.stored(partition)
            var after = before.extents
            after.advanceLogStart(to: 5)
            let change = HeadChange(partition: partition, before: before, after: after)
            let leaving = self.transaction([change])
            #expect(leaving.result(self.etcd.commit(leaving.transaction)) == .applied)
            let isLast = index == 2
            #expect(self.objects[self.shared]?.value.partitionCount == (isLast ? nil : 2 - index))
            #expect((self.etcd.entries[GarbageName.compacted(self.shared).key] != nil) == isLast)
        }
        let intent = try #require(self.etcd.entries[GarbageName.compacted(self.shared).key])
        #expect(try DeletionIntent(decoding: intent.value) == .afterGrace(now: 1_000))
    }

    @Test mutating func `an object of one partition loses its key, and is garbage when its head leaves it`() throws {
        var change = try self.filling()[0]
        change.after = PartitionExtents(
            head: PartitionHead(indexedEnd: 5, extents: [self.extent(0..<5, self.shared, isShared: false)])
        )
        let first = self.transaction([change])
        #expect(first.result(self.etcd.commit(first.transaction)) == .applied)
        #expect(self.objects.isEmpty && self.etcd.entries(in: .prefix(GarbageName.prefix)).isEmpty)
        let gone = self.transaction(
            [HeadChange(partition: self.partitions[0], before: try self.stored(self.partitions[0]), after: nil)]
        )
        #expect(gone.result(self.etcd.commit(gone.transaction)) == .applied)
        #expect(self.etcd.entries(in: .prefix(EngineKeys.heads)).isEmpty)
        #expect(self.etcd.entries[GarbageName.compacted(self.shared).key] != nil)
    }

    @Test mutating func `a head that changed, a fence and a topic that is gone each keep everything as it is`() throws {
        let changes = try self.filling()
        let late = self.transaction(changes)
        var other = changes[1]
        other.after = PartitionExtents(head: PartitionHead(logStart: 9, indexedEnd: 9))
        let first = self.transaction([other])
        #expect(first.result(self.etcd.commit(first.transaction)) == .applied)
        #expect(late.result(self.etcd.commit(late.transaction)) == .changed)
        let guarded = self.transaction([changes[0]], guardsTopics: true)
        #expect(guarded.result(self.etcd.commit(guarded.transaction)) == .changed)
        _ = self.etcd.commit(
            MetadataTransaction(success: [.put(key: MetadataKeys.topicID(topicA), value: [1])])
        )
        _ = self.etcd.commit(TakeOver.fence(writer))
        #expect(guarded.result(self.etcd.commit(guarded.transaction)) == .fenced)
        #expect(self.etcd.entries(in: .prefix(EngineKeys.heads)).count == 1)
        #expect(self.objects[self.shared]?.value.partitionCount == 0)
    }

    @Test mutating func `what its writer gave up is garbage, in two passes`() throws {
        let transaction = self.transaction([], finished: [self.shared])
        #expect(transaction.transaction.compares.count == 2)
        _ = self.etcd.commit(transaction.transaction)
        let intent = try #require(self.etcd.entries[GarbageName.compacted(self.shared).key])
        #expect(try DeletionIntent(decoding: intent.value) == .unfinished(now: 1_000))
        #expect(self.objects.isEmpty)
        // Who refers to it nevertheless fails.
        let late = self.transaction(try self.filling())
        #expect(late.result(self.etcd.commit(late.transaction)) == .changed)
    }

    @Test func `changes are divided so that each transaction stays within etcd's limits`() throws {
        let changes = (0..<250).map { index in
            let object = CompactedObjectName(writer: writer, number: Int64(index))
            return HeadChange(
                partition: TopicPartition(topicID: topicA, partition: Int32(index)),
                before: .missing,
                after: PartitionExtents(
                    head: PartitionHead(indexedEnd: 1, extents: [self.extent(0..<1, object, isShared: false)])
                )
            )
        }
        let batches = MaintenanceTransaction.batches(changes)
        #expect(batches.flatMap { $0 } == changes)
        for batch in batches {
            let objects = Dictionary(
                uniqueKeysWithValues: batch.flatMap(\.added.keys).map {
                    ($0, StoredObject(revision: 1, value: .registered))
                }
            )
            let transaction = MaintenanceTransaction(
                writer: writer,
                changes: batch,
                objects: objects,
                guardsTopics: true,
                now: 0
            )
            try transaction.transaction.validate()
        }
    }
}
