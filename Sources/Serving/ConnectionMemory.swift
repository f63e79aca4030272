package import NIOCore
internal import Synchronization
internal import Threads

/// The bytes that all connections hold in buffers: requests on their way in, answers on their way out, and what is
/// being read from files for them.
///
/// At the bound large requests are not read on, fetches are not begun, and connections that hold much and do not move
/// are closed by their servers; small requests (heartbeats, metadata) always go on.
package final class ConnectionMemory: Sendable {
    package let bytesMax: Int
    private let held = Atomic<Int>(0)
    private let relief = ReliefQueue()

    /// Requests that are not whole are counted from this size on; less is left to the bound on connections.
    package static let countedFrom = 4 << 10
    /// What a connection costs by itself, for the bound on their number.
    package static let connectionBytes = 12 << 10

    package init(bytesMax: Int) { self.bytesMax = bytesMax }

    package var heldBytes: Int { self.held.load(ordering: .relaxed) }

    /// Whether nothing that can wait should begin.
    package var isExhausted: Bool { self.heldBytes > self.bytesMax / 4 * 3 }

    /// Whether somebody waits for room.
    package var isAwaited: Bool { self.relief.isAwaited }

    /// The largest request. What passes when half is free can always pass some time.
    package var requestBytesMax: Int { self.bytesMax / 2 }

    /// What one answer may hold at most.
    package var answerBytesMax: Int { max(1 << 20, self.bytesMax / 16) }

    /// Counts bytes that are not held yet, if there is room. At most `requestBytesMax`, or it might wait for ever.
    package func reserve(_ bytes: Int) -> Bool {
        precondition(bytes <= self.requestBytesMax, "more is asked for than relief gives")
        let after = self.held.add(bytes, ordering: .sequentiallyConsistent).newValue
        if after <= self.bytesMax { return true }
        self.change(by: -bytes)
        return false
    }

    /// Counts bytes that are held already, or are no more.
    package func change(by bytes: Int) {
        if bytes == 0 { return }
        let after = self.held.add(bytes, ordering: .sequentiallyConsistent).newValue
        if bytes < 0, self.hasRoom(after) { self.relief.roomAppeared() }
    }

    /// Calls `action` once, on `eventLoop`, when there is room; soon, if there is now.
    package func onRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.relief.wait(on: eventLoop, action) { self.hasRoom(self.held.load(ordering: .sequentiallyConsistent)) }
    }

    /// Half: waking somebody whom the room does not serve would wake him again and again.
    private func hasRoom(_ held: Int) -> Bool { held <= self.bytesMax / 2 }
}

/// One connection's part of `ConnectionMemory`. Lives on the connection's event loop.
package struct ConnectionShare: ~Copyable {
    package let memory: ConnectionMemory
    package private(set) var bytes = 0

    package init(of memory: ConnectionMemory) { self.memory = memory }

    /// Sets what the connection holds now.
    package mutating func hold(_ bytes: Int) {
        self.memory.change(by: bytes - self.bytes)
        self.bytes = bytes
    }

    /// Holds so much more, if there is room.
    package mutating func reserve(_ more: Int) -> Bool {
        guard self.memory.reserve(more) else { return false }
        self.bytes += more
        return true
    }

    deinit { self.memory.change(by: -self.bytes) }
}
