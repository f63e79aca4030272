package import LogCore
internal import Model
package import NIOCore
internal import RecordBatch
internal import Synchronization

/// One promise of `PartitionLog` and `LogEngine`, checked on a log that is empty and used by nobody else. Every engine
/// is held to all of them.
package struct LogContract: Sendable, CustomStringConvertible {
    package let name: String
    package let check: @Sendable (_ subject: Subject) async throws -> Void

    package var description: String { self.name }

    package struct Broken: Error, CustomStringConvertible {
        package let description: String
    }

    /// The engine and the log, and an event loop to be told on.
    package struct Subject: Sendable {
        package let engine: any LogEngine
        package let log: any PartitionLog
        package let eventLoop: any EventLoop

        package init(engine: any LogEngine, log: any PartitionLog, eventLoop: any EventLoop) {
            self.engine = engine
            self.log = log
            self.eventLoop = eventLoop
        }
    }

    package static let all: [LogContract] = [
        .init("offsets follow each other, and their limits keep their order") { subject in
            for number in 0..<5 {
                let result = try await subject.write(2)
                try await expect(result.baseOffset == Offset(2 * number) && result.lastOffset == result.baseOffset + 1)
                try await expect(!result.isDuplicate)
            }
            let offsets = subject.log.offsets
            try await expect(offsets == LogOffsets(logStart: 0, lastStable: 10, highWatermark: 10, logEnd: 10))
            try await expect(try await subject.read(7).count == 3)
        },
        .init("a repeated batch has its first offsets, and a gap of sequences is refused") { subject in
            let first = try await subject.write(3, producer: 5, sequence: 0)
            let again = try await subject.write(3, producer: 5, sequence: 0)
            try await expect(again.isDuplicate && again.baseOffset == first.baseOffset)
            try await expect(await subject.refusal(3, producer: 5, sequence: 9) == .outOfOrderSequence)
            try await expect(subject.log.offsets.logEnd == 3)
            try await expect(subject.log.producerState(of: ProducerID(5))?.lastSequence == 2)
            _ = try await subject.write(1, producer: 5, sequence: 3)
        },
        .init("an older leader epoch is refused, and epochs tell where they end") { subject in
            _ = try await subject.write(2, epoch: 60)
            _ = try await subject.write(2, epoch: 61)
            try await expect(await subject.refusal(1, epoch: 60) == .fencedLeaderEpoch)
            try await expect(subject.log.endOffset(for: LeaderEpoch(60))?.endOffset == 2)
            try await expect(subject.log.leaderEpoch(at: 3) == LeaderEpoch(61))
        },
        .init("an open transaction holds the last stable offset back, and an aborted one is named") { subject in
            _ = try await subject.write(1)
            _ = try await subject.write(2, producer: 6, sequence: 0, isTransactional: true)
            _ = try await subject.write(1)
            try await expect(subject.log.offsets.lastStable == 1)
            try await expect(try await subject.fetch(0, .readCommitted).bytes > 0)
            try await expect(try await subject.fetch(1, .readCommitted).bytes == 0)
            try await subject.abort(6)
            try await expect(subject.log.offsets.lastStable == 5)
            let found = try await subject.fetch(1, .readCommitted).abortedTransactions
            try await expect(found == [AbortedTransaction(producerID: ProducerID(6), firstOffset: 1)])
        },
        .init("reads outside of the log are refused, and what was deleted is outside") { subject in
            for _ in 0..<4 { _ = try await subject.write(1) }
            try await expect(await subject.readRefusal(5) == .offsetOutOfRange)
            try await expect(try subject.log.deleteRecords(before: 2) == 2)
            try await expect(await subject.readRefusal(1) == .offsetOutOfRange)
            try await expect(try await subject.read(2).count == 2)
            try await expect(try subject.log.deleteRecords(before: -1) == 4)
            try await expect(subject.log.offsets.logStart == 4)
        },
        .init("a reader that waits is woken by the next record") { subject in
            let told = Told()
            let waiter = ReadWaiter(eventLoop: subject.eventLoop) { told.tell(nil) }
            try await expect(subject.log.addReadWaiter(waiter, after: 0, isolation: .readUncommitted))
            try await expect(!waiter.isClaimed)
            _ = try await subject.write(1)
            _ = await told.wait()
        },
        .init("a sealed log takes nothing from clients") { subject in
            _ = try await subject.write(1)
            try await expect(subject.log.setSealed(true) == 1)
            try await expect(await subject.refusal(1) == .sealed)
            _ = subject.log.setSealed(false)
            _ = try await subject.write(1)
        },
        .init("offsets are found by time") { subject in
            for number in 0..<6 { _ = try await subject.write(2, timestamp: Timestamp(1_000 + 10 * number)) }
            try await expect(try await subject.find(.atOrAfter(1_020))?.offset == 4)
            try await expect(try await subject.find(.atOrAfter(2_000)) == nil)
            try await expect(try await subject.find(.maximum)?.offset == 11)
        },
        .init("a released log answers that it is closed") { subject in
            _ = try await subject.write(1)
            await subject.engine.release([subject.log.partition])
            try await expect(await subject.refusal(1) == .closed)
            try await expect(await subject.readRefusal(0) == .closed)
        },
        .init("a deleted log answers that it is gone") { subject in
            _ = try await subject.write(1)
            await subject.engine.delete([LogDeletion(partition: subject.log.partition, topicName: "orders")]) {}
            try await expect(await subject.refusal(1) == .partitionGone)
        },
    ]

    private init(_ name: String, _ check: @escaping @Sendable (Subject) async throws -> Void) {
        self.name = name
        self.check = check
    }
}

private func expect(_ condition: @autoclosure () async throws -> Bool, line: Int = #line) async throws {
    guard try await condition() else { throw LogContract.Broken(description: "the promise of line \(line) is broken") }
}

/// Told once; whom it concerns waits for it without blocking a thread.
private final class Told: DurabilityWaiter {
    private struct State {
        var result: LogError??
        var continuation: CheckedContinuation<LogError?, Never>?
    }

    let loop: (any EventLoop)?
    private let state = Mutex(State())

    init(_ loop: (any EventLoop)? = nil) { self.loop = loop }

    var eventLoop: any EventLoop {
        guard let loop else { preconditionFailure("it waits for no append") }
        return loop
    }

    func appendCompleted(_ error: LogError?) { self.tell(error) }

    func tell(_ error: LogError?) {
        let continuation = self.state.withLock { state in
            state.result = .some(error)
            return state.continuation
        }
        continuation?.resume(returning: error)
    }

    func wait() async -> LogError? {
        await withCheckedContinuation { continuation in
            let result = self.state.withLock { state -> LogError?? in
                if state.result == nil { state.continuation = continuation }
                return state.result
            }
            if let result { continuation.resume(returning: result) }
        }
    }
}

extension LogContract.Subject {
    fileprivate func write(
        _ count: Int,
        producer: Int64 = -1,
        sequence: Int32 = -1,
        isTransactional: Bool = false,
        timestamp: Timestamp = 1_000,
        epoch: Int32 = 50
    ) async throws -> AppendResult {
        var builder = RecordBatchBuilder(
            options: .init(
                producerID: ProducerID(producer),
                producerEpoch: ProducerEpoch(producer < 0 ? -1 : 0),
                baseSequence: sequence,
                isTransactional: isTransactional
            )
        )
        for number in 0..<count {
            builder.append(key: nil, value: ByteBuffer(integer: number), timestamp: timestamp + Timestamp(number))
        }
        return try await self.append(try builder.finishValidated(), .client, epoch)
    }

    fileprivate func abort(_ producer: Int64) async throws {
        let marker = ControlRecord(kind: .abort, coordinatorEpoch: 0).encodeBatch(
            producerID: ProducerID(producer),
            producerEpoch: ProducerEpoch(0),
            timestamp: 1_000
        )
        _ = try await self.append(marker, .coordinator, 50)
    }

    private func append(
        _ batches: ValidatedBatches,
        _ origin: AppendOptions.Origin,
        _ epoch: Int32
    ) async throws -> AppendResult {
        let told = Told(self.eventLoop)
        let options = AppendOptions(
            origin: origin,
            leaderEpoch: LeaderEpoch(epoch),
            now: 1_000,
            acknowledge: .durable
        )
        let result = try self.log.append(batches, options: options, waiter: told)
        if let error = await told.wait() { throw error }
        return result
    }

    /// What an append is refused with.
    fileprivate func refusal(
        _ count: Int,
        producer: Int64 = -1,
        sequence: Int32 = -1,
        epoch: Int32 = 50
    ) async -> LogError.Code? {
        do {
            _ = try await self.write(count, producer: producer, sequence: sequence, epoch: epoch)
            return nil
        } catch {
            return (error as? LogError)?.code
        }
    }

    fileprivate func fetch(_ offset: Offset, _ isolation: IsolationLevel) async throws -> FetchedRecords {
        let request = ReadRequest(offset: offset, bytesMax: 1 << 20, atLeastOneBatch: true, isolation: isolation)
        switch try self.log.read(request) {
        case .records(let records): return records
        case .deferred(let read):
            let results = await withCheckedContinuation { continuation in
                self.engine.perform([read]) { continuation.resume(returning: $0) }
            }
            return try results[0].get()
        }
    }

    fileprivate func readRefusal(_ offset: Offset) async -> LogError.Code? {
        do {
            _ = try await self.fetch(offset, .readUncommitted)
            return nil
        } catch {
            return (error as? LogError)?.code
        }
    }

    /// The offsets of the records from one on.
    fileprivate func read(_ offset: Offset) async throws -> [Offset] {
        var next = offset
        var found: [Offset] = []
        while next < self.log.offsets.highWatermark {
            var whole = ByteBuffer()
            for part in try await self.fetch(next, .readUncommitted).parts { whole.writeImmutableBuffer(part) }
            guard whole.readableBytes > 0 else { throw LogContract.Broken(description: "nothing is at \(next)") }
            try RecordReader.forEachRecord(in: whole, from: next) { header, record in
                found.append(header.offset(of: record.offsetDelta))
                return true
            }
            next = (found.last ?? next) + 1
        }
        return found
    }

    fileprivate func find(_ query: TimestampQuery) async throws -> TimestampedOffset? {
        let results = await withCheckedContinuation { continuation in
            self.engine.findOffset(in: self.log, for: query) { continuation.resume(returning: $0) }
        }
        return try results.get()
    }
}
