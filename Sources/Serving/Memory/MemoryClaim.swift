internal import NIOCore

/// A connection's place in the queue for connection memory. It lives on the event loop that made it.
package final class MemoryClaim: Sendable {
    enum Need: Sendable {
        /// A request that is coming in, whole.
        case request(Int)
        case answer(wanted: Int, needed: Int)
        /// No bytes: only that at most this many are held.
        case turn(heldMax: Int)
    }

    let need: Need
    /// When it joined the queue.
    let since: NIODeadline
    private let memory: ConnectionMemory
    private let eventLoop: any EventLoop
    /// `nil` once granted, refused or cancelled.
    private let granted: NIOLoopBoundBox<(@Sendable (Int) -> Void)?>
    /// Present when the claim may be refused in favour of a smaller one.
    private let refused: (@Sendable () -> Void)?

    init(
        _ need: Need,
        of memory: ConnectionMemory,
        _ eventLoop: any EventLoop,
        refused: (@Sendable () -> Void)? = nil,
        _ granted: @escaping @Sendable (Int) -> Void
    ) {
        self.need = need
        self.memory = memory
        self.eventLoop = eventLoop
        self.since = eventLoop.now
        self.refused = refused
        self.granted = NIOLoopBoundBox(granted, eventLoop: eventLoop)
    }

    /// Of a request; 0 for others.
    var requestBytes: Int {
        if case .request(let bytes) = self.need { bytes } else { 0 }
    }

    /// Gives up the place: the connection is gone, or no longer wants it. What was granted meanwhile is released.
    package func cancel() {
        self.granted.value = nil
        self.memory.remove(self)
    }

    var isRefusable: Bool { self.refused != nil }

    /// Any thread. The claim has left the queue.
    func refuse() {
        self.eventLoop.execute {
            if self.granted.value.take() != nil { self.refused?() }
        }
    }

    /// Any thread.
    func deliver(_ bytes: Int) {
        self.eventLoop.execute {
            if let granted = self.granted.value.take() {
                granted(bytes)
            } else {
                self.memory.release(bytes, of: self.need)
            }
        }
    }
}
