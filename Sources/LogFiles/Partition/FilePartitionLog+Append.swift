package import LogCore
internal import Model
internal import NIOCore
package import RecordBatch
internal import Synchronization
internal import Threads

extension FilePartitionLog {
    /// See `PartitionLog.append`. With the journal, *written* and *durable* are the same moment: the journal's write is
    /// the first one, so acks=1 is told then as well. Without it both mean "in the page cache", as in Kafka.
    package func append(
        _ batches: ValidatedBatches,
        options: AppendOptions,
        waiter: (any DurabilityWaiter)?
    ) throws(LogError) -> AppendResult {
        let bytes = Int64(batches.sizeInBytes)
        guard self.engine.budget.reserve(bytes) else {
            throw LogError(.overloaded, "\(self.engine.budget.unwrittenBytes) bytes wait to be written")
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
        case .stranded(let error):
            // The batches stay in memory until they are rolled back together, and so does the reservation.
            throw error
        case .duplicate(let result, let isDurable):
            self.engine.budget.release(bytes)
            if isDurable, let waiter {
                waiter.eventLoop.execute { waiter.appendCompleted(nil) }
            }
            return result
        case .queued(let result, let mustWrite):
            if mustWrite { self.write(bytes, for: waiter) }
            return result
        }
    }

    private enum AppendOutcome {
        case refused(LogError)
        /// Offsets were assigned, but the journal did not take the entry.
        case stranded(LogError)
        case duplicate(AppendResult, isDurable: Bool)
        case queued(AppendResult, mustWrite: Bool)
    }

    private func append(
        _ batches: ValidatedBatches,
        _ options: AppendOptions,
        _ waiter: (any DurabilityWaiter)?,
        headers: inout ByteBuffer,
        head: inout Head
    ) throws(LogError) -> AppendOutcome {
        if head.lifecycle.refusesAppends {
            throw LogError(.diskFull, "no room on the disk")
        }
        if head.state.isJournaled && batches.sizeInBytes > self.engine.journalEntryBytesMax {
            throw LogError(.batchTooLarge, "\(batches.sizeInBytes) bytes do not fit into the journal")
        }
        let appended = try head.state.append(batches, options: options, headers: &headers)
        let end = appended.result.lastOffset + 1
        if appended.result.isDuplicate {
            let isDurable = end <= head.state.highWatermark
            if !isDurable, let waiter { head.waiters.addAppend(waiter, end: end) }
            return .duplicate(appended.result, isDurable: isDurable)
        }
        if head.state.isJournaled, let error = self.enqueue(appended, options, head: &head) {
            return .stranded(error)
        }
        if let waiter { head.waiters.addAppend(waiter, end: end) }
        let mustWrite = head.state.isJournaled ? false : head.lifecycle.appendedUnjournaled()
        return .queued(appended.result, mustWrite: mustWrite)
    }

    /// Hands new batches to the journal, under the head's lock, so that its order is that of the offsets.
    private func enqueue(
        _ appended: PartitionState.Appended,
        _ options: AppendOptions,
        head: inout Head
    ) -> LogError? {
        let first = head.state.tail.count - appended.batchCount
        let batch = head.state.tail[first]
        var entry = JournalEntry(
            partition: self.partition,
            baseOffset: appended.result.baseOffset,
            nextOffset: appended.result.lastOffset + 1,
            leaderEpoch: options.leaderEpoch,
            head: batch.header,
            body: batch.payload,
            owner: self
        )
        for index in (first + 1)..<max(first + 1, head.state.tail.count) {
            let next = head.state.tail[index]
            entry.rest.append(next.header)
            entry.rest.append(next.payload)
        }
        switch self.engine.appendToJournal(entry) {
        case .queued:
            head.lifecycle.journalTook()
            return nil
        case .diskFull:
            // Entries before this one were refused and will be answered; then all of it is rolled back together.
            head.lifecycle.journalIsFull()
            return LogError(.diskFull, "no room on the disk for the journal")
        case .overloaded, .tooLarge:
            // The budget and the size check keep these from happening. The batches cannot be rolled back from here.
            let error = LogError(.storage, "the journal refused an entry")
            head.lifecycle.failed()
            head.state.makeAvailable(.offline(error))
            return error
        case .failed:
            let error = LogError(.storage, "the journal failed")
            head.lifecycle.failed()
            head.state.makeAvailable(.offline(error))
            return error
        case .closed:
            head.state.makeAvailable(.closed)
            return LogError(.closed, "the log is closed")
        }
    }

    /// The journal answered entries of this partition.
    ///
    /// - Parameters:
    ///   - end: the offset after the last of them.
    ///   - count: how many.
    /// - Returns: whether the log is to be gathered for the writer.
    func journaled(to end: Offset, count: Int, _ wakeups: inout Wakeups) -> Bool {
        self.head.withLock { head in
            let action = head.lifecycle.journalAnswered(count: count)
            if action == .ignore { return false }
            if head.state.becameDurable(to: end) { head.collect(&wakeups) }
            return action == .publishAndGather
        }
    }

    /// The journal had no room for entries of this partition.
    ///
    /// - Returns: whether all outstanding entries were answered, so that `rollBackUndurable` must follow.
    func refusedByJournal(count: Int) -> Bool {
        self.head.withLock { $0.lifecycle.journalRefused(count: count) }
    }

    /// Rolls back what got offsets and is not durable, and lets appends in again.
    func rollBackUndurable(_ error: LogError) {
        var wakeups = Wakeups()
        let bytes = self.files.withLock { files in
            self.head.withLock { head -> Int64 in
                let bytes = head.lifecycle.rolledBack() ? head.state.rollBackUndurable(onto: files.stored) : 0
                head.failAppends(error, &wakeups)
                self.engine.resumeJournal(self)
                return bytes
            }
        }
        self.engine.budget.release(bytes)
        wakeups.send()
    }
}
