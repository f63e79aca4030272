import Metadata
import Model
import NIOCore
import Testing

@testable import LogObjects

/// Every event of the cleanup of an incarnation in every state.
@Suite struct IncarnationCleanupTests {
    private enum Place: CaseIterable {
        case checking, reading, filing, referenced, rereading, forgetting, done
    }

    private let succeeded = MetadataOutcome(succeeded: true, revision: 9, responses: [])
    private let failed = MetadataOutcome(succeeded: false, revision: 9, responses: [])

    private func records(_ sequences: ClosedRange<Int64>) -> [(sequence: Int64, record: CommitRecord)] {
        sequences.map { ($0, CommitRecord(attempt: 1, objectSize: 100, runs: [])) }
    }

    private func make(in place: Place) -> IncarnationCleanup {
        var machine = IncarnationCleanup(writer, flushesMax: 2)
        _ = machine.begin()
        if place == .checking { return machine }
        _ = machine.ownershipRead(OwnershipState.fenced.value)
        if place == .reading { return machine }
        _ = machine.recordsRead(floor: nil, self.records(0...1), objects: [:], now: 50)
        if place == .filing { return machine }
        _ = machine.committed(self.succeeded)
        if place == .referenced { return machine }
        _ = machine.unreferenced()
        if place == .rereading { return machine }
        _ = machine.recordsRead(floor: nil, self.records(0...1), objects: [:], now: 60)
        if place == .forgetting { return machine }
        _ = machine.committed(self.succeeded)
        return machine
    }

    @Test func `an incarnation that is active, or that nobody knows, keeps everything`() {
        var machine = self.make(in: .checking)
        #expect(machine.ownershipRead(OwnershipState.active.value) == .waitForFence)
        #expect(machine.ownershipRead(nil) == .done)
        #expect(machine.isDone)
    }

    @Test func `names without a record are filed, those of records are not`() throws {
        var machine = self.make(in: .reading)
        let floor: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 5]
        guard
            case .commit(let transaction) = machine.recordsRead(
                floor: floor,
                self.records(5...6),
                objects: [:],
                now: 50
            ),
            case .put(let key, let value, _)? = transaction.success.first
        else {
            Issue.record("no transaction")
            return
        }
        #expect(
            transaction.compares == [
                MetadataCompare(EngineKeys.ownership(writer), .equal, .value(OwnershipState.fenced.value))
            ]
        )
        let name = try #require(GarbageName(key))
        #expect(name == .uncommitted(writer, first: 3))
        let intent = try DeletionIntent(decoding: value)
        // Two before the floor, the two records without their attempt, two that may have been under way.
        #expect(intent.attempts == [15, 15, 13, 13, 15, 15] && intent.passes == 2)
        #expect(intent.due == 50 + DeletionIntent.graceMilliseconds)
        let names = name.names(intent)
        #expect(names.count == 22)
        #expect(!names.contains("\(FlushObjectName(writer: writer, sequence: 5, attempt: 1))"))
        #expect(names.contains("\(FlushObjectName(writer: writer, sequence: 8, attempt: 3))"))
    }

    @Test func `objects that were being written are closed`() throws {
        let (empty, half) = (
            CompactedObjectName(writer: writer, number: 1), CompactedObjectName(writer: writer, number: 2)
        )
        var counted = SharedObject.registered
        counted.partitionCount = 3
        var machine = self.make(in: .reading)
        _ = machine.recordsRead(
            floor: nil,
            [],
            objects: [
                empty: StoredObject(revision: 4, value: .registered), half: StoredObject(revision: 5, value: counted),
            ],
            now: 50
        )
        guard case .commit(let transaction) = machine.committed(self.succeeded) else {
            Issue.record("no transaction")
            return
        }
        counted.isOpen = false
        #expect(
            transaction.success == [
                .delete(.key(EngineKeys.object(empty))), GarbageName.compacted(empty).put(.unfinished(now: 50)),
                .put(key: EngineKeys.object(half), value: counted.encoded()),
            ]
        )
        #expect(transaction.compares.count == 3)
        #expect(machine.committed(self.succeeded) == .waitForReferences)
    }

    @Test func `records go when nobody needs them, and their objects with them`() throws {
        var machine = self.make(in: .rereading)
        let action = machine.recordsRead(floor: nil, self.records(7...8), objects: [:], now: 50)
        guard case .commit(let transaction) = action else {
            Issue.record("no transaction")
            return
        }
        #expect(
            transaction.success.prefix(3).map(\.self) == [
                .delete(.prefix(EngineKeys.commits(writer))), .delete(.key(EngineKeys.floor(writer))),
                .delete(.key(EngineKeys.ownership(writer))),
            ]
        )
        #expect(
            transaction.success.last
                == GarbageName.flushes(writer, first: 7).put(.afterGrace(now: 50, attempts: [2, 2]))
        )
        #expect(machine.committed(self.succeeded) == .done)
        #expect(machine.isDone)
    }

    @Test(arguments: Place.allCases)
    private func `every event in every state does what the state wants`(place: Place) {
        let isCommitting = place == .filing || place == .forgetting
        var machine = self.make(in: place)
        // A failure asks for the same again.
        let pending = machine.failed()
        #expect(machine.failed() == pending)
        var read = self.make(in: place)
        let afterRead = read.recordsRead(floor: nil, [], objects: [:], now: 0)
        if place == .reading || place == .rereading {
            guard case .commit = afterRead else {
                Issue.record("no transaction")
                return
            }
        } else {
            #expect(afterRead == pending)
        }
        var owned = self.make(in: place)
        #expect(owned.ownershipRead(OwnershipState.fenced.value) == (place == .checking ? .readRecords : pending))
        var refused = self.make(in: place)
        #expect(refused.committed(self.failed) == (isCommitting ? .readOwnership : pending))
        var free = self.make(in: place)
        #expect(free.unreferenced() == (place == .referenced ? .readRecords : nil))
        var again = self.make(in: place)
        #expect(again.begin() == .readOwnership)
    }

    @Test func `who is unreferenced before does not wait for it`() {
        var machine = self.make(in: .filing)
        #expect(machine.unreferenced() == nil)
        #expect(machine.committed(self.succeeded) == .readRecords)
    }
}

/// Every event of the deletions in every state of an intent.
@Suite struct DeletionScheduleTests {
    private let name = GarbageName.compacted(CompactedObjectName(writer: writer, number: 3))

    private func scheduled(_ intent: DeletionIntent, now: Timestamp) -> (DeletionSchedule, [DeletionSchedule.Action]) {
        var schedule = DeletionSchedule()
        let actions = schedule.observed(self.name, intent, revision: 7, now: now)
        return (schedule, actions)
    }

    @Test func `an intent is carried out when it is due, and its key goes`() {
        var (schedule, actions) = self.scheduled(.afterGrace(now: 0), now: 0)
        #expect(actions == [.setTimer(DeletionIntent.graceMilliseconds)])
        #expect(schedule.timerFired(now: 5) == [.setTimer(DeletionIntent.graceMilliseconds)])
        #expect(schedule.deleted(self.name, now: 5) == [.setTimer(DeletionIntent.graceMilliseconds)])
        let due = DeletionIntent.graceMilliseconds
        #expect(schedule.timerFired(now: due) == [.delete(self.name, names: self.name.names(.afterGrace(now: 0)))])
        #expect(schedule.timerFired(now: due) == [])
        #expect(schedule.observed(self.name, .afterGrace(now: 0), revision: 7, now: due) == [])
        #expect(
            schedule.deleted(self.name, now: due) == [
                .update(
                    self.name,
                    MetadataTransaction(
                        compares: [.isUnchanged(self.name.key, since: 7)],
                        success: [.delete(.key(self.name.key))]
                    )
                )
            ]
        )
        #expect(schedule.updated(self.name, now: due) == [])
        #expect(schedule.timerFired(now: due) == [])
        #expect(schedule.count == 1)
        #expect(schedule.removed(self.name, now: due) == [])
        #expect(schedule.count == 0)
    }

    @Test func `what may still arrive is deleted again an hour later`() {
        let intent = DeletionIntent.unfinished(now: 100)
        var (schedule, actions) = self.scheduled(intent, now: 100)
        #expect(actions == [.delete(self.name, names: self.name.names(intent))])
        let next = DeletionIntent(due: 150 + DeletionIntent.repetitionMilliseconds, passes: 1)
        guard case .update(_, let transaction)? = schedule.deleted(self.name, now: 150).first else {
            Issue.record("no transaction")
            return
        }
        #expect(transaction.success == [self.name.put(next)])
        #expect(schedule.updated(self.name, now: 150) == [])
        #expect(schedule.observed(self.name, next, revision: 8, now: 151) == [.setTimer(next.due)])
        #expect(schedule.timerFired(now: next.due) == [.delete(self.name, names: self.name.names(next))])
    }

    @Test func `a failure, before or after the deletion, makes the pass again`() {
        let intent = DeletionIntent.unfinished(now: 0)
        var (schedule, _) = self.scheduled(intent, now: 0)
        #expect(schedule.failed(self.name, now: 1, delayMilliseconds: 10) == [.setTimer(11)])
        #expect(schedule.failed(self.name, now: 1, delayMilliseconds: 10) == [.setTimer(11)])
        let deletion = DeletionSchedule.Action.delete(self.name, names: self.name.names(intent))
        #expect(schedule.timerFired(now: 11) == [deletion])
        _ = schedule.deleted(self.name, now: 12)
        #expect(schedule.failed(self.name, now: 12, delayMilliseconds: 0) == [deletion])
        let other = GarbageName.compacted(CompactedObjectName(writer: writer, number: 9))
        #expect(schedule.failed(other, now: 12, delayMilliseconds: 0) == [])
    }

    @Test func `only so many are worked on at a time`() {
        var schedule = DeletionSchedule()
        var started = 0
        for number in 0..<20 {
            let name = GarbageName.compacted(CompactedObjectName(writer: writer, number: Int64(number)))
            started += schedule.observed(name, .unfinished(now: 0), revision: 1, now: 0).count
        }
        #expect(started == DeletionSchedule.runningMax)
        let first = GarbageName.compacted(CompactedObjectName(writer: writer, number: 0))
        #expect(schedule.removed(first, now: 0).count == 1)
    }

    @Test func `intents and their keys are read back, damage is refused`() throws {
        let intent = DeletionIntent(due: 300, passes: 2, attempts: [1, 15])
        let bytes = intent.encoded()
        #expect(Array(bytes.dropLast(4)) == [1, 0xD8, 4, 2, 2, 1, 15])
        #expect(try DeletionIntent(decoding: bytes) == intent)
        let object = SharedObject(isOpen: true, partitionCount: 3, partitionCountFirst: 4, sizeBytes: 300)
        let counted = object.encoded()
        #expect(Array(counted.dropLast(4)) == [1, 1, 3, 4, 0xAC, 2])
        #expect(try SharedObject(decoding: counted) == object)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1
            #expect(throws: ObjectCodingError.self) { try DeletionIntent(decoding: damaged) }
            #expect(throws: ObjectCodingError.self) { try DeletionIntent(decoding: Array(bytes[..<index])) }
        }
        for index in counted.indices {
            var damaged = counted
            damaged[index] ^= 1
            #expect(throws: ObjectCodingError.self) { try SharedObject(decoding: damaged) }
        }
        for name in [self.name, .flushes(writer, first: 9), .uncommitted(writer, first: 0)] {
            #expect(GarbageName(name.key) == name)
            #expect(GarbageName(name.key.successor) == nil)
        }
        #expect(GarbageName.flushes(writer, first: 7).names(intent).count == 5)
    }
}
