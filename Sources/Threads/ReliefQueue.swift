package import NIOCore
internal import Synchronization

/// Those who wait until there is room again in something that is counted without a lock.
///
/// A waiter stores the flag and then looks at the count; a release changes the count and then looks at the flag;
/// both sequentially consistent, so one of the two sees the other.
///
/// As long as those who may wait: a connection waits once at a time. One that goes while it waits leaves its place,
/// which must keep nothing else alive, until the next relief.
package final class ReliefQueue: Sendable {
    private let hasWaiters = Atomic<Bool>(false)
    private let waiters = Mutex<[Waiter]>([])

    private struct Waiter {
        var eventLoop: any EventLoop
        var action: @Sendable () -> Void
    }

    package init() {}

    /// Calls `action` once, on `eventLoop`, when there is room; soon, if there is now.
    package func wait(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void, hasRoom: () -> Bool) {
        self.waiters.withLock { waiters in
            waiters.append(Waiter(eventLoop: eventLoop, action: action))
            self.hasWaiters.store(true, ordering: .sequentiallyConsistent)
        }
        if hasRoom() { self.relieve() }
    }

    /// Whether anybody waits.
    package var isAwaited: Bool { self.hasWaiters.load(ordering: .relaxed) }

    /// Room was released. Costs one atomic load when the queue is empty.
    package func roomAppeared() {
        if self.hasWaiters.load(ordering: .sequentiallyConsistent) { self.relieve() }
    }

    private func relieve() {
        let waiters = self.waiters.withLock { waiters -> [Waiter] in
            self.hasWaiters.store(false, ordering: .sequentiallyConsistent)
            defer { waiters = [] }
            return waiters
        }
        for waiter in waiters { waiter.eventLoop.execute(waiter.action) }
    }
}
