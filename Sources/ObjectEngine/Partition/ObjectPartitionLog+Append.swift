package import LogCore
internal import LogObjects
internal import Model
internal import NIOCore
package import RecordBatch
internal import Synchronization
internal import Threads

extension ObjectPartitionLog {
    /// See `PartitionLog.append`. *Written* and *durable* are the same moment: the commit.
    package func append(
        _ batches: ValidatedBatches,
        options: AppendOptions,
        waiter: (any DurabilityWaiter)?
    ) throws(LogError) -> AppendResult {
        let bytes = Int64(batches.sizeInBytes)
        if batches.headers.count > Self.batchesMax {
            throw LogError(.batchTooLarge, "\(batches.headers.count) batches at once, \(Self.batchesMax) are allowed")
        }
        guard self.engine.budget.reserve(bytes) else {
            throw LogError(.overloaded, "\(self.engine.budget.unwrittenBytes) bytes wait to be committed")
        }
        var headers = ByteBufferAllocator().buffer(
            capacity: batches.headers.count * RecordBatchHeader.encodedLength
        )
        let outcome = self.head.withLock { head -> AppendOutcome in
            do throws(LogError) {
                return try self.append(batches, options, waiter, headers: &headers, head: &head)
            } catch {
                return .refused(error)
            }
        }
        switch outcome {
        case .refused(let error):
            self.engine.budget.release(bytes)
            throw error
        case .duplicate(let result, let isDurable):
            self.engine.budget.release(bytes)
            if isDurable, let waiter { waiter.eventLoop.execute { waiter.appendCompleted(nil) } }
            return result
        case .taken(let result): return result
        }
    }

    /// Batches of one append: what a commit record has room for. Clients send one, or a few.
    private static let batchesMax = 1_024

    private enum AppendOutcome {
        case refused(LogError)
        case duplicate(AppendResult, isDurable: Bool)
        case taken(AppendResult)
    }

    private func append(
        _ batches: ValidatedBatches,
        _ options: AppendOptions,
        _ waiter: (any DurabilityWaiter)?,
        headers: inout ByteBuffer,
        head: inout Head
    ) throws(LogError) -> AppendOutcome {
        let appended = try head.state.append(batches, options: options, headers: &headers)
        let end = appended.result.lastOffset + 1
        if appended.result.isDuplicate {
            let isDurable = end <= head.state.highWatermark
            if !isDurable, let waiter { head.waiters.addAppend(waiter, end: end) }
            return .duplicate(appended.result, isDurable: isDurable)
        }
        do throws(LogError) {
            try self.engine.driver.append(
                self.partition,
                leaderEpoch: options.leaderEpoch,
                batches: head.parts(of: batches, appended),
                summaries: head.newSummaries(appended.batchCount),
                isUrgent: options.origin == .coordinator
            )
        } catch {
            // Nothing is committed any more, so that nobody will see the offsets that were given.
            head.state.makeAvailable(.closed)
            throw error
        }
        if let waiter { head.waiters.addAppend(waiter, end: end) }
        return .taken(appended.result)
    }

    /// A flush with a run of this partition is committed. On the flush thread.
    func committed(_ run: FlushRun, in object: FlushObjectName, _ wakeups: inout Wakeups) {
        self.head.withLock { head in
            // Of one that was deleted meanwhile nothing is kept. One that is being released takes it.
            if case .gone = head.state.availability { return }
            guard run.baseOffset == head.stored.endOffset else { return }
            head.aborted += head.stored.apply(run)
            head.index.append(StoredStretch(run, in: object))
            _ = head.state.stored(to: run.endOffset)
            head.waiters.collect(head.state, &wakeups)
        }
    }
}

extension ObjectPartitionLog.Head {
    /// The bytes of what was just appended: as they were received, unless their headers had to be changed under the
    /// checksum (timestamps). Offsets and epochs are patched when they are read.
    fileprivate func parts(of batches: ValidatedBatches, _ appended: PartitionState.Appended) -> [ByteBuffer] {
        let first = self.state.tail.count - appended.batchCount
        let areAsReceived = batches.headers.indices.allSatisfy { index in
            let summary = self.state.tail[first + index].summary
            return appended.result.logAppendTime < 0 && summary.maxTimestamp == batches.headers[index].maxTimestamp
                && !batches.headers[index].attributes.isLogAppendTime
        }
        if areAsReceived { return [batches.buffer] }
        return (first..<self.state.tail.count).flatMap { [self.state.tail[$0].header, self.state.tail[$0].payload] }
    }

    fileprivate func newSummaries(_ count: Int) -> [BatchSummary] {
        (self.state.tail.count - count..<self.state.tail.count).map { self.state.tail[$0].summary }
    }
}
