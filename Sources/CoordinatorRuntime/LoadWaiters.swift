internal import NIOCore

/// Requests that wait for the end of a load, each with a time after which it waits no longer.
///
/// Used on the loop of its runtime alone.
struct LoadWaiters {
    private struct Waiter {
        var ready: () -> Void
        var timeout: Scheduled<Void>
    }

    /// Requests that wait for one partition. More do not wait, and are refused as if they had no patience.
    static let countMax = 1_024

    private var waiters: [UInt64: Waiter] = [:]
    private var lastID: UInt64 = 0

    var isFull: Bool { self.waiters.count >= Self.countMax }

    /// - Parameter timedOut: gets the waiter's number, for `remove`.
    mutating func add(
        on eventLoop: any EventLoop,
        until patience: TimeAmount,
        timedOut: @escaping (UInt64) -> Void,
        ready: @escaping () -> Void
    ) {
        self.lastID += 1
        let id = self.lastID
        let timedOut = NIOLoopBound(timedOut, eventLoop: eventLoop)
        let timeout = eventLoop.scheduleTask(in: patience) { timedOut.value(id) }
        self.waiters[id] = Waiter(ready: ready, timeout: timeout)
    }

    /// What a waiter wanted to do; `nil` when it has done it.
    mutating func remove(_ id: UInt64) -> (() -> Void)? { self.waiters.removeValue(forKey: id)?.ready }

    /// All that waited, in the order in which they came.
    mutating func removeAll() -> [() -> Void] {
        let ended = self.waiters.sorted { $0.key < $1.key }.map(\.value)
        self.waiters = [:]
        for waiter in ended { waiter.timeout.cancel() }
        return ended.map(\.ready)
    }
}
