package import NIOCore

/// A body that is made while it is sent: an export, or events without an end.
package struct AdminBodyStream: Sendable {
    /// Writes the body and returns when it is whole. Runs in a task of the connection, which waits for it.
    package var produce: @Sendable (AdminBodyWriter) async -> Void

    package init(_ produce: @escaping @Sendable (AdminBodyWriter) async -> Void) { self.produce = produce }
}

/// Takes a body as it is made. One part is on its way at a time: `write` returns when the socket has taken it, so that
/// a client that does not read stops who writes, and a stream holds one part in memory.
///
/// Ends when the connection does, or when the server goes down: `write` then answers `false`, and `pause` returns at
/// once.
package final class AdminBodyWriter: Sendable {
    /// Bytes of one part: longer ones are sent in pieces.
    package static let partBytesMax = 256 << 10

    /// When there is nothing to send for so long, event streams send a comment: proxies and this server close
    /// connections that are silent for a minute.
    package static let heartbeat = TimeAmount.seconds(15)

    private let send: @Sendable (ByteBuffer) async -> Bool
    private let signal: StreamSignal

    /// - Parameter send: completes when the transport has taken the part; `false` when it never will.
    init(signal: StreamSignal, send: @escaping @Sendable (ByteBuffer) async -> Bool) {
        self.signal = signal
        self.send = send
    }

    package var isEnded: Bool { self.signal.isEnded }

    /// - Returns: whether to continue.
    package func write(_ part: ByteBuffer) async -> Bool {
        var rest = part
        while rest.readableBytes > 0 {
            guard !self.isEnded else { return false }
            guard let piece = rest.readSlice(length: min(rest.readableBytes, Self.partBytesMax)) else { return false }
            guard await self.send(piece) else { return false }
        }
        return !self.isEnded
    }

    package func write(_ text: String) async -> Bool { await self.write(ByteBuffer(string: text)) }

    /// Waits until `wake` is called, `time` is over or the stream has ended. A call of `wake` since the last pause is
    /// not lost.
    ///
    /// - Returns: whether it was woken, rather than late or at the end.
    package func pause(for time: TimeAmount) async -> Bool { await self.signal.wait(time) }

    /// Something happened that the stream waits for. On any thread.
    package func wake() { self.signal.wake() }
}
