import NIOCore
import TestSupport
import Testing

@testable import LogCore
@testable import Model
@testable import RecordBatch

/// The head of a partition, which knows no file.
@Suite struct PartitionStateTests {
    private func state(
        settings: LogSettings = LogSettings(),
        logStart: Offset = 0,
        end: Offset = 0,
        availability: PartitionState.Availability = .online
    ) -> PartitionState {
        PartitionState(
            partition: TopicPartition(topicID: TopicID(high: 1, low: 1), partition: 0),
            settings: settings,
            availability: availability,
            logStart: logStart,
            stored: StoredState(endOffset: end),
            forcedEnd: end
        )
    }

    private var unjournaled: LogSettings {
        var settings = LogSettings()
        settings.flushMessages = 1_000
        return settings
    }

    private func batch(
        _ count: Int,
        producer: Int64 = -1,
        sequence: Int32 = -1,
        isTransactional: Bool = false
    ) throws -> ValidatedBatches {
        var builder = RecordBatchBuilder(
            options: .init(
                compression: .none,
                producerID: ProducerID(producer),
                producerEpoch: ProducerEpoch(producer < 0 ? -1 : 0),
                baseSequence: sequence,
                isTransactional: isTransactional
            )
        )
        for _ in 0..<count { builder.append(key: nil, value: ByteBuffer(repeating: 7, count: 20), timestamp: 5) }
        return try builder.finishValidated()
    }

    private func marker(_ kind: ControlRecord.Kind, producer: Int64) -> ValidatedBatches {
        ControlRecord(kind: kind, coordinatorEpoch: 0)
            .encodeBatch(producerID: ProducerID(producer), producerEpoch: ProducerEpoch(0), timestamp: 5)
    }

    @discardableResult
    private func append(
        _ batches: ValidatedBatches,
        to state: inout PartitionState,
        epoch: Int32 = 0,
        origin: AppendOptions.Origin = .client
    ) throws -> PartitionState.Appended {
        var headers = ByteBuffer()
        let options = AppendOptions(
            origin: origin,
            leaderEpoch: LeaderEpoch(epoch),
            now: 9,
            acknowledge: .durable
        )
        return try state.append(batches, options: options, headers: &headers)
    }

    private func code(_ body: () throws -> Void) -> LogError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? LogError)?.code
        }
    }

    private enum Read: Equatable { case empty, stored, memory(bytes: Int, end: Offset), error(LogError.Code) }

    private func read(
        _ state: borrowing PartitionState,
        _ offset: Offset,
        bytesMax: Int = 1 << 20,
        isolation: IsolationLevel = .readUncommitted,
        atLeastOneBatch: Bool = true
    ) -> Read {
        let request = ReadRequest(
            offset: offset,
            bytesMax: bytesMax,
            atLeastOneBatch: atLeastOneBatch,
            isolation: isolation
        )
        do throws(LogError) {
            switch try state.planRead(request) {
            case .empty: return .empty
            case .stored: return .stored
            case .memory(let read): return .memory(bytes: read.bytes, end: read.end)
            }
        } catch {
            return .error(error.code)
        }
    }

    /// What is stored, as the engine keeps it beside the head.
    private func stored(_ state: borrowing PartitionState, to end: Offset) -> StoredState {
        var stored = StoredState(endOffset: state.storedEnd)
        for index in state.tail.firstUnstored..<state.tail.count where state.tail[index].summary.lastOffset < end {
            _ = stored.apply(state.tail[index].summary)
        }
        return stored
    }

    // MARK: - What readers see

    @Test func `readers see what is durable and nothing else`() throws {
        var state = self.state()
        let first = try self.append(self.batch(3), to: &state)
        check(first.result.baseOffset == 0 && first.result.lastOffset == 2 && first.batchCount == 1)
        try self.append(self.batch(2), to: &state)
        check(self.read(state, 0) == .empty)
        check(self.read(state, 5) == .empty)
        check(self.read(state, 6) == .error(.offsetOutOfRange))
        let moved = state.becameDurable(to: 3)
        let again = state.becameDurable(to: 3)
        check(moved && !again)
        check(self.read(state, 1) == .memory(bytes: first.bytes, end: 3))
        check(self.read(state, 3) == .empty)
        check(state.offsets == LogOffsets(logStart: 0, lastStable: 3, highWatermark: 3, logEnd: 5))
    }

    @Test func `a read takes whole batches up to its limit, and one at least when asked`() throws {
        var state = self.state()
        let bytes = try self.append(self.batch(1), to: &state).bytes
        try self.append(self.batch(1), to: &state)
        try self.append(self.batch(1), to: &state)
        _ = state.becameDurable(to: 3)
        check(self.read(state, 0, bytesMax: 2 * bytes + 1) == .memory(bytes: 2 * bytes, end: 2))
        check(self.read(state, 0, bytesMax: 1) == .memory(bytes: bytes, end: 1))
        check(self.read(state, 0, bytesMax: 1, atLeastOneBatch: false) == .empty)
    }

    @Test func `what was evicted is read where it is stored`() throws {
        var state = self.state()
        for _ in 0..<3 { try self.append(self.batch(2), to: &state) }
        _ = state.becameDurable(to: 6)
        check(state.evict(before: 6) == 0, "nothing is stored yet")
        let (bytes, moved) = state.stored(to: 4)
        check(bytes == state.tail.storedBytes && bytes > 0 && !moved)
        check(self.read(state, 0) == .memory(bytes: Int(state.tail.storedBytes + state.tail.unstoredBytes), end: 6))
        check(state.evict(before: 6) == bytes)
        check(self.read(state, 0) == .stored)
        check(self.read(state, 3) == .stored)
        check(self.read(state, 4) == .memory(bytes: Int(state.tail.unstoredBytes), end: 6))
    }

    @Test func `a log that begins late is read from its first batch on`() throws {
        var state = self.state(logStart: 7, end: 7)
        check(self.read(state, 6) == .error(.offsetOutOfRange))
        check(self.read(state, 7) == .empty)
        try self.append(self.batch(1), to: &state)
        _ = state.becameDurable(to: 8)
        check(self.read(state, 7) != .empty)
    }

    @Test(arguments: [
        (PartitionState.Availability.recovering, LogError.Code.overloaded),
        (.offline(LogError(.storage, "broken")), .storage), (.gone, .partitionGone), (.closed, .closed),
    ])
    func `a partition out of service says why`(availability: PartitionState.Availability, code: LogError.Code) throws {
        var state = self.state(availability: availability)
        let batch = try self.batch(1)
        check(self.code { try self.append(batch, to: &state) } == code)
        check(self.read(state, 0) == .error(code))
        check(self.code { _ = try state.deleteRecords(before: 0) } == code)
    }

    @Test func `gone is final, and offline ends by a restart only`() {
        var gone = self.state(availability: .gone)
        gone.makeAvailable(.online)
        check(self.read(gone, 0) == .error(.partitionGone))
        var offline = self.state(availability: .offline(LogError(.storage, "broken")))
        offline.makeAvailable(.online)
        check(self.read(offline, 0) == .error(.storage))
        offline.makeAvailable(.gone)
        check(self.read(offline, 0) == .error(.partitionGone))
    }

    // MARK: - What may be stored

    @Test func `journaled batches are stored once they are durable, others at once`() throws {
        var state = self.state()
        let bytes = try self.append(self.batch(1), to: &state).bytes
        try self.append(self.batch(1), to: &state)
        check(state.storable(bytesMax: .max).isEmpty)
        _ = state.becameDurable(to: 1)
        check(state.storable(bytesMax: .max).count == 1)
        // What skips the journal waits behind what does not.
        state.update(self.unjournaled)
        try self.append(self.batch(1), to: &state)
        check(state.storable(bytesMax: .max).count == 1)
        _ = state.becameDurable(to: 2)
        check(state.storable(bytesMax: .max).count == 3)
        check(state.storable(bytesMax: 2 * bytes).count == 2)
        check(state.storable(bytesMax: 1).count == 1)
        check(state.highWatermark == 2)
        let (_, moved) = state.stored(to: 3)
        check(moved && state.highWatermark == 3)
    }

    @Test func `going back to the journal waits until everything before is forced`() throws {
        var state = self.state(settings: self.unjournaled)
        try self.append(self.batch(2), to: &state)
        state.update(LogSettings())
        let next = try self.batch(1)
        check(state.awaitsForcingForJournal)
        check(self.code { try self.append(next, to: &state) } == .overloaded)
        _ = state.stored(to: 2)
        state.forced(to: 1)
        check(self.code { try self.append(next, to: &state) } == .overloaded)
        state.forced(to: 2)
        check(state.isJournaled && state.forcedEnd == 2)
        try self.append(next, to: &state)
        check(state.highWatermark == 2)
    }

    // MARK: - Rolling back

    @Test func `a rollback frees offsets, sequences and epochs of what never became durable`() throws {
        var state = self.state()
        try self.append(self.batch(2, producer: 1, sequence: 0), to: &state)
        _ = state.becameDurable(to: 2)
        _ = state.stored(to: 2)
        try self.append(self.batch(2, producer: 1, sequence: 2), to: &state)
        _ = state.becameDurable(to: 4)
        let lost = try self.append(self.batch(2, producer: 1, sequence: 4), to: &state, epoch: 3).bytes
        var stored = StoredState(endOffset: 0)
        var first = BatchSummary(baseOffset: 0, lastOffset: 1, sizeBytes: 10, producerID: ProducerID(1))
        first.producerEpoch = ProducerEpoch(0)
        first.baseSequence = 0
        _ = stored.apply(first)
        check(state.rollBackUndurable(onto: stored) == Int64(lost))
        check(state.logEnd == 4 && state.tail.unstoredBytes > 0)
        check(state.epochs.entries.map(\.epoch.rawValue) == [0])
        // The same sequence again, and the offsets of what was lost.
        check(try self.append(self.batch(1, producer: 1, sequence: 4), to: &state).result.baseOffset == 4)
    }

    @Test func `a rollback opens transactions and forgets aborts that were lost`() throws {
        var state = self.state()
        try self.append(self.batch(1, producer: 4, sequence: 0, isTransactional: true), to: &state)
        _ = state.becameDurable(to: 1)
        try self.append(self.marker(.abort, producer: 4), to: &state, origin: .coordinator)
        check(state.aborted.count == 1 && state.lastStableOffset == 0)
        _ = state.rollBackUndurable(onto: StoredState(endOffset: 0))
        check(state.aborted.count == 0 && state.lastStableOffset == 0)
        try self.append(self.marker(.commit, producer: 4), to: &state, origin: .coordinator)
        _ = state.becameDurable(to: 2)
        check(state.lastStableOffset == 2)
    }

    @Test func `a rollback while a write is tried again leaves what the write has taken`() throws {
        var state = self.state()
        for _ in 0..<2 { try self.append(self.batch(2), to: &state) }
        _ = state.becameDurable(to: 4)
        try self.append(self.batch(2), to: &state)
        // The write met a full disk: it includes both durable batches, and nothing of it is stored.
        let taken = self.stored(state, to: 4)
        check(state.storedEnd == 0 && taken.endOffset == 4)
        check(state.rollBackUndurable(onto: taken) > 0)
        check(state.logEnd == 4 && state.tail.count == 2)
        let (bytes, _) = state.stored(to: 4)
        check(bytes > 0 && state.tail.unstoredBytes == 0)
    }

    @Test func `a rollback of a partition whose data was forgotten does nothing`() throws {
        var state = self.state()
        try self.append(self.batch(2), to: &state)
        state.forgetData()
        check(state.rollBackUndurable(onto: StoredState(endOffset: 0)) == 0)
        check(state.logEnd == 2)
    }

    // MARK: - Producers and transactions

    @Test func `a repeated batch is answered with its offsets, and a wrong one changes nothing`() throws {
        var state = self.state()
        let batch = try self.batch(2, producer: 1, sequence: 0)
        try self.append(batch, to: &state)
        let again = try self.append(batch, to: &state)
        check(again.result.isDuplicate && again.result.baseOffset == 0 && again.batchCount == 0)
        let gap = try self.batch(1, producer: 1, sequence: 5)
        check(self.code { try self.append(gap, to: &state) } == .outOfOrderSequence)
        check(state.logEnd == 2 && state.tail.count == 1)
    }

    @Test func `an older leader and a batch too large are refused`() throws {
        var settings = LogSettings()
        settings.messageBytesMax = 200
        var state = self.state(settings: settings)
        try self.append(self.batch(1), to: &state, epoch: 5)
        let (small, large) = try (self.batch(1), self.batch(20))
        check(self.code { try self.append(small, to: &state, epoch: 4) } == .fencedLeaderEpoch)
        check(self.code { try self.append(large, to: &state, epoch: 5) } == .batchTooLarge)
        try self.append(large, to: &state, epoch: 5, origin: .put)
    }

    @Test func `the last stable offset waits for the marker to be durable`() throws {
        var state = self.state()
        try self.append(self.batch(2, producer: 4, sequence: 0, isTransactional: true), to: &state)
        try self.append(self.batch(1), to: &state)
        _ = state.becameDurable(to: 3)
        check(state.lastStableOffset == 0)
        check(self.read(state, 0, isolation: .readCommitted) == .empty)
        try self.append(self.marker(.abort, producer: 4), to: &state, origin: .coordinator)
        check(state.lastStableOffset == 0)
        _ = state.becameDurable(to: 4)
        check(state.lastStableOffset == 4)
        var overlap = AbortedTransactions.Overlap(0..<4)
        state.aborted.collect(into: &overlap)
        check(overlap.transactions == [AbortedTransaction(producerID: ProducerID(4), firstOffset: 0)])
    }

    // MARK: - The log start

    @Test func `the log start moves up to the high watermark and never back`() throws {
        var state = self.state()
        for _ in 0..<3 { try self.append(self.batch(2), to: &state, epoch: 2) }
        _ = state.becameDurable(to: 4)
        check(self.code { _ = try state.deleteRecords(before: 5) } == .offsetOutOfRange)
        check(self.code { _ = try state.deleteRecords(before: -2) } == .offsetOutOfRange)
        let moved = try state.deleteRecords(before: 3)
        let back = try state.deleteRecords(before: 1)
        check(moved && !back && state.logStart == 3)
        check(self.read(state, 2) == .error(.offsetOutOfRange))
        check(self.read(state, 3) != .empty)
        let toEnd = try state.deleteRecords(before: -1)
        check(toEnd && state.logStart == 4)
        let beyond = state.moveLogStart(to: 100)
        check(!beyond && state.logStart == 4)
        check(state.epochs.entries.map(\.startOffset) == [4])
    }
}
