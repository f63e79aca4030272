package import Model
internal import NIOCore

/// Who waits for one partition: appends for their durability, long polls for something to read. Part of a partition's
/// head, under its lock; who is to be told is gathered in `Wakeups` and told without it.
package struct PartitionWaiters: ~Copyable {
    private struct AppendWaiter {
        var end: Offset
        var waiter: any DurabilityWaiter
    }

    /// In offset order, because appends register in offset order.
    private var appends = FIFO<AppendWaiter>()
    private var reads = ReadWaiters()

    package init() {}

    package var isEmpty: Bool { self.appends.isEmpty && self.reads.count == 0 }

    /// - Parameter end: the offset that the high watermark must reach.
    package mutating func addAppend(_ waiter: any DurabilityWaiter, end: Offset) {
        // A duplicate waits for an older offset than the newest append does: keep the order.
        var displaced: [AppendWaiter] = []
        while let last = self.appends.last, last.end > end { displaced.append(self.appends.removeLast()) }
        self.appends.append(AppendWaiter(end: end, waiter: waiter))
        while let next = displaced.popLast() { self.appends.append(next) }
    }

    /// See `PartitionLog.addReadWaiter`. One that has something to read already joins `wakeups`.
    package mutating func addRead(
        _ waiter: ReadWaiter,
        after offset: Offset,
        isolation: IsolationLevel,
        _ state: borrowing PartitionState,
        _ wakeups: inout Wakeups
    ) -> Bool {
        guard case .online = state.availability, state.readLimit(isolation) <= offset, state.logStart <= offset else {
            wakeups.add(waiter)
            return true
        }
        return self.reads.add(waiter, after: offset, isolation: isolation)
    }

    package mutating func removeRead(_ waiter: ReadWaiter) { self.reads.remove(waiter) }

    /// Gathers everybody whom the high watermark or the log start offset concerns.
    package mutating func collect(_ state: borrowing PartitionState, _ wakeups: inout Wakeups) {
        while let first = self.appends.first, first.end <= state.highWatermark {
            self.appends.removeFirst()
            wakeups.add(first.waiter, nil)
        }
        if self.reads.count == 0 { return }
        self.reads.removePassed(
            uncommitted: state.readLimit(.readUncommitted),
            committed: state.readLimit(.readCommitted),
            logStart: state.logStart
        ) { wakeups.add($0) }
    }

    /// The log start offset moved: even those whom it gives nothing to read tell it to their clients.
    package mutating func collectAllReads(_ wakeups: inout Wakeups) { self.reads.removeAll { wakeups.add($0) } }

    package mutating func failAppends(_ error: LogError, _ wakeups: inout Wakeups) {
        while !self.appends.isEmpty { wakeups.add(self.appends.removeFirst().waiter, error) }
    }
}
