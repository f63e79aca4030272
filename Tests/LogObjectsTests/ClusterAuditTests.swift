import Metadata
import Model
import NIOCore
import Testing

@testable import LogObjects

@Suite struct ClusterAuditTests {
    private let partition = TopicPartition(topicID: topicA, partition: 0)
    private let object = CompactedObjectName(writer: writer, number: 1)

    /// Offsets 0 to 5 in an object, 5 to 9 in two flushes of an active writer.
    private struct World {
        var keys = ClusterAudit.Keys()
        var listing: [String: Int] = [:]
        var extents: [TopicPartition: PartitionExtents] = [:]
        var entries: [CompactedObjectName: [CompactedObject.Entry]] = [:]

        func audit() -> ClusterAudit {
            ClusterAudit(self.keys, listing: self.listing, entries: self.entries, extents: self.extents)
        }
    }

    private func world() -> World {
        var world = World()
        let extent = Extent(
            section: ObjectSection(object: self.object, position: 32, length: 10, checksum: 0, isShared: true),
            baseOffset: 0,
            endOffset: 5,
            maxTimestamp: 0
        )
        let head = PartitionHead(indexedEnd: 5, extents: [extent])
        world.keys.heads[self.partition] = head
        world.extents[self.partition] = PartitionExtents(head: head)
        world.entries[self.object] = [.init(partition: self.partition, content: .extent(extent))]
        world.keys.objects[self.object] = SharedObject(
            isOpen: false,
            partitionCount: 1,
            partitionCountFirst: 2,
            sizeBytes: 100
        )
        world.keys.ownerships[writer] = .active
        world.keys.floors[writer] = 10
        world.listing["\(self.object)"] = 100
        for (sequence, base) in [(Int64(10), Offset(5)), (11, 7)] {
            let run = FlushRun(
                partition: self.partition,
                leaderEpoch: LeaderEpoch(0),
                baseOffset: base,
                offsetCount: 2,
                position: 32,
                length: 10,
                checksum: 0,
                maxTimestamp: 0
            )
            let record = CommitRecord(attempt: 0, objectSize: 90, runs: [run])
            world.keys.commits[writer, default: []].append((sequence, record))
            world.listing["\(FlushObjectName(writer: writer, sequence: sequence, attempt: 0))"] = 90
        }
        return world
    }

    private func flush(_ sequence: Int64, _ attempt: Int = 0) -> String {
        "\(FlushObjectName(writer: writer, sequence: sequence, attempt: attempt))"
    }

    @Test func `a sound cluster is sound`() {
        let audit = self.world().audit()
        #expect(audit.isSound && audit.partitions == [self.partition: .whole(start: 0, end: 9)])
        #expect(Set(audit.objects.values) == [.live] && audit.objects.count == 3)
    }

    @Test func `missing, short and changed objects are found`() {
        var world = self.world()
        world.listing["\(self.object)"] = nil
        world.listing[self.flush(10)] = 89
        world.listing[self.flush(11)] = nil
        var audit = world.audit()
        #expect(!audit.isSound && audit.objects["\(self.object)"] == .missing)
        #expect(audit.objects[self.flush(11)] == .missing)
        guard case .wrong? = audit.objects[self.flush(10)] else {
            Issue.record("not wrong")
            return
        }
        world = self.world()
        world.listing["\(self.object)"] = 60
        audit = world.audit()
        guard case .wrong? = audit.objects["\(self.object)"] else {
            Issue.record("not wrong")
            return
        }
        world = self.world()
        world.entries[self.object] = []
        #expect(!world.audit().isSound)
    }

    @Test func `what nobody refers to is an orphan, awaits its deletion, or is under way`() {
        var world = self.world()
        let garbage = CompactedObjectName(writer: writer, number: 2)
        let open = CompactedObjectName(writer: writer, number: 3)
        let orphan = CompactedObjectName(writer: writer, number: 4)
        for name in [garbage, open, orphan] { world.listing["\(name)"] = 50 }
        world.keys.intents[.compacted(garbage)] = .afterGrace(now: 0)
        world.keys.objects[open] = .registered
        world.listing[self.flush(12, 3)] = 50
        world.listing["something/else"] = 1
        var audit = world.audit()
        #expect(audit.isSound)
        #expect(audit.objects["\(garbage)"] == .awaitingDeletion && audit.objects["\(open)"] == .underWay)
        #expect(audit.objects["\(orphan)"] == .orphan && audit.objects[self.flush(12, 3)] == .underWay)
        #expect(audit.objects["something/else"] == .foreign)
        world.keys.ownerships[writer] = .fenced
        audit = world.audit()
        #expect(audit.objects["\(open)"] == .orphan && audit.objects[self.flush(12, 3)] == .orphan)
    }

    @Test func `holes and doubles of a partition are found`() {
        var world = self.world()
        world.keys.commits[writer]?.remove(at: 0)
        #expect(world.audit().partitions == [self.partition: .gap(at: 5)])
        world = self.world()
        let other = Incarnation(broker: writer.broker, number: 500)
        world.keys.commits[other] = [world.keys.commits[writer]?[1]].compactMap { $0 }
        #expect(world.audit().partitions == [self.partition: .overlap(at: 7)])
        world = self.world()
        world.extents = [:]
        #expect(!world.audit().isSound)
    }

    @Test func `a count that is too low, and a deletion of what is read, are the worst`() {
        var world = self.world()
        world.keys.objects[self.object]?.partitionCount = 0
        #expect(!world.audit().isSound && world.audit().miscounted[self.object]?.referring == 1)
        world.keys.objects[self.object]?.partitionCount = 2
        #expect(world.audit().isSound && world.audit().miscounted[self.object]?.counted == 2)
        world = self.world()
        world.keys.intents[.compacted(self.object)] = .afterGrace(now: 0)
        #expect(!world.audit().isSound)
    }

    @Test func `keys of etcd are told apart, and damaged ones named`() {
        var keys = ClusterAudit.Keys()
        let entry = { (key: MetadataKey, value: [UInt8]) in
            MetadataEntry(key: key, value: value, createRevision: 1, modRevision: 1, version: 1)
        }
        #expect(keys.add(entry(EngineKeys.head(self.partition), PartitionHead().encoded())) == true)
        #expect(keys.add(entry(EngineKeys.ownership(writer), [1])) == true)
        #expect(keys.add(entry(EngineKeys.floor(writer), [0, 0, 0, 0, 0, 0, 0, 9])) == true)
        #expect(keys.add(entry(EngineKeys.object(self.object), SharedObject.registered.encoded())) == true)
        #expect(
            keys.add(entry(GarbageName.compacted(self.object).key, DeletionIntent.afterGrace(now: 0).encoded())) == true
        )
        let record = CommitRecord(attempt: 0, objectSize: 10, runs: [])
        #expect(keys.add(entry(EngineKeys.commit(writer, 3), Array(record.encoded().readableBytesView))) == true)
        #expect(keys.add(entry(MetadataKey("pid"), [1])) == false)
        #expect(keys.damaged.isEmpty)
        #expect(keys.heads.count == 1 && keys.floors[writer] == 9 && keys.commits[writer]?.first?.sequence == 3)
        #expect(keys.add(entry(EngineKeys.head(self.partition), [1, 2])) == true)
        #expect(keys.damaged.count == 1)
    }
}
