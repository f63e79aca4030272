package import NIOCore
internal import Synchronization

/// One long poll, registered with every partition that it reads; the first one to have news fires it.
///
/// The engine collects the waiters of one round and crosses to each event loop once.
package final class ReadWaiter: Sendable {
    package let eventLoop: any EventLoop
    private let action: @Sendable () -> Void
    private let fired = Atomic<Bool>(false)

    /// - Parameter action: called once, on `eventLoop`.
    package init(eventLoop: any EventLoop, action: @escaping @Sendable () -> Void) {
        self.eventLoop = eventLoop
        self.action = action
    }

    /// Claims the waiter. Only the caller that gets `true` may run it.
    package func claim() -> Bool {
        self.fired.compareExchange(
            expected: false,
            desired: true,
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Whether somebody has claimed it, so that a partition may drop it.
    package var isClaimed: Bool { self.fired.load(ordering: .acquiring) }

    /// Runs the action. Call it on `eventLoop`, once, after a successful `claim`.
    package func run() { self.action() }
}
