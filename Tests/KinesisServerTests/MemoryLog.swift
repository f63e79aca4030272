import LogCore
import Model
import NIOCore
import RecordBatch
import Synchronization

/// A partition in memory that keeps what it is given, and tells of durability at once or when asked to.
final class MemoryLog: PartitionLog {
    struct State {
        var batches: [(header: RecordBatchHeader, bytes: ByteBuffer)] = []
        var logStart: Offset = 0
        var logEnd: Offset = 0
        var lastStable: Offset?
        var aborted: [AbortedTransaction] = []
        var appendError: LogError?
        var readsFromFile = false
        var isHolding = false
        var held: [any DurabilityWaiter] = []
    }

    let partition: TopicPartition
    let state = Mutex(State())

    init(_ partition: TopicPartition) { self.partition = partition }

    var offsets: LogOffsets {
        self.state.withLock { state in
            LogOffsets(
                logStart: state.logStart,
                lastStable: state.lastStable ?? state.logEnd,
                highWatermark: state.logEnd,
                logEnd: state.logEnd
            )
        }
    }

    func append(
        _ batches: ValidatedBatches,
        options: AppendOptions,
        waiter: (any DurabilityWaiter)?
    ) throws(LogError) -> AppendResult {
        if let error = self.state.withLock({ $0.appendError }) { throw error }
        let (base, isHolding) = self.state.withLock { state in
            let base = state.logEnd
            var rest = batches.buffer
            for header in batches.headers {
                guard let bytes = rest.readSlice(length: header.sizeInBytes) else { break }
                var copy = ByteBuffer(bytes: bytes.readableBytesView)
                let assigned = RecordBatchPatch.assigned(
                    header,
                    baseOffset: state.logEnd,
                    leaderEpoch: options.leaderEpoch
                )
                copy.withUnsafeMutableReadableBytes { assigned.encode(into: $0) }
                state.batches.append((assigned, copy))
                state.logEnd = assigned.lastOffset + 1
            }
            if state.isHolding, let waiter { state.held.append(waiter) }
            return (base, state.isHolding)
        }
        if !isHolding, let waiter { waiter.eventLoop.execute { waiter.appendCompleted(nil) } }
        return AppendResult(
            baseOffset: base,
            lastOffset: self.offsets.logEnd - 1,
            logAppendTime: -1,
            logStartOffset: 0,
            isDuplicate: false
        )
    }

    /// Tells the oldest waiter that was held back.
    func release(_ error: LogError? = nil) {
        let waiter = self.state.withLock { $0.held.isEmpty ? nil : $0.held.removeFirst() }
        waiter?.eventLoop.execute { waiter?.appendCompleted(error) }
    }

    func fetch(_ request: ReadRequest) throws(LogError) -> FetchedRecords {
        let offsets = self.offsets
        guard request.offset >= offsets.logStart, request.offset <= offsets.highWatermark else {
            throw LogError(.offsetOutOfRange, "offset \(request.offset)")
        }
        return self.state.withLock { state in
            var parts: [ByteBuffer] = []
            var bytes = 0
            for (header, batch) in state.batches
            where header.lastOffset >= request.offset && header.baseOffset < offsets.lastStable {
                if bytes + batch.readableBytes > request.bytesMax, !parts.isEmpty { break }
                parts.append(batch)
                bytes += batch.readableBytes
            }
            return FetchedRecords(
                parts: parts,
                bytes: bytes,
                offsets: offsets,
                abortedTransactions: state.aborted
            )
        }
    }

    func read(_ request: ReadRequest) throws(LogError) -> ReadStep {
        if self.state.withLock({ $0.readsFromFile }) { return .deferred(DeferredRead(log: self, request: request)) }
        return .records(try self.fetch(request))
    }

    func addReadWaiter(_ waiter: ReadWaiter, after offset: Offset, isolation: IsolationLevel) -> Bool { true }
    func removeReadWaiter(_ waiter: ReadWaiter) {}
    func deleteRecords(before offset: Offset) throws(LogError) -> Offset {
        self.state.withLock { state in
            state.logStart = offset
            return offset
        }
    }
    func update(_ settings: LogSettings) {}
    @discardableResult func setSealed(_ isSealed: Bool) -> Offset { self.offsets.logEnd }
    var producers: [ProducerStateSnapshot] { [] }
    func endOffset(for epoch: LeaderEpoch) -> (epoch: LeaderEpoch, endOffset: Offset)? { nil }
    func leaderEpoch(at offset: Offset) -> LeaderEpoch? { nil }
    var sizeBytes: Int64 { 0 }
}

/// Serves `MemoryLog`s; file reads are answered from a global queue's stand-in: at once.
final class MemoryEngine: LogEngine {
    /// Runs between a search by time and its answer, as what other clients do at that moment.
    let duringSearch = Mutex<(@Sendable () -> Void)?>(nil)

    func acquire(_ wanted: [LogAcquisition]) async -> [Result<any PartitionLog, LogError>] {
        wanted.map { .success(MemoryLog($0.partition)) }
    }

    func release(_ partitions: [TopicPartition]) async {}

    func delete(_ partitions: [LogDeletion], whenCleared: @escaping @Sendable () -> Void) async { whenCleared() }

    func perform(_ reads: [DeferredRead], completion: @escaping @Sendable ([Result<FetchedRecords, LogError>]) -> Void)
    {
        completion(
            reads.map { read in
                Result { () throws(LogError) in
                    guard let log = read.log as? MemoryLog else { throw LogError(.closed, "no memory log") }
                    return try log.fetch(read.request)
                }
            }
        )
    }

    func findOffsets(
        _ searches: [OffsetSearch],
        completion: @escaping @Sendable ([Result<TimestampedOffset?, LogError>]) -> Void
    ) {
        completion(
            searches.map { search in
                guard let log = search.log as? MemoryLog, case .atOrAfter(let wanted) = search.query else {
                    return .success(nil)
                }
                let found = log.state.withLock { state in
                    state.batches.first { $0.header.maxTimestamp >= wanted }
                }
                self.duringSearch.withLock { $0 }?()
                return .success(
                    found.map {
                        TimestampedOffset(
                            offset: $0.header.baseOffset,
                            timestamp: $0.header.maxTimestamp,
                            leaderEpoch: nil
                        )
                    }
                )
            }
        )
    }

    func applyRetention(now: Timestamp) {}
    func close() throws(LogError) {}
}
