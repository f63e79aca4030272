internal import CLinuxShim
internal import NIOCore

/// Tells NIO where to read a Kafka connection's socket into, which is where the frame decoder wants the bytes.
///
/// Asks the socket first how much it has: a buffer is lent only when the read is certain to give bytes, since NIO drops
/// the buffer of a read that gives none; and the size of what is waiting is the best size for a buffer.
// SAFETY: NIO calls a channel's receive allocator on the channel's event loop, where the connection lives too.
final class SocketReads: RecvByteBufferAllocator, @unchecked Sendable {
    private let connection: KafkaConnection
    private let socket: CInt
    private var isFirst = true

    private static let firstBytesMax = 2048

    init(connection: KafkaConnection, socket: CInt) {
        self.connection = connection
        self.socket = socket
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        var available = Int(millrace_socket_available(self.socket))
        if self.isFirst {
            // NIO keeps this one as long as the connection, and copies what is in it to read into it.
            self.isFirst = false
            available = min(available, Self.firstBytesMax)
        }
        var length: Int32?
        if available > FrameDecoder.smallBytesMax, self.connection.isBetweenFrames {
            var bytes: Int32 = 0
            if millrace_socket_peek(self.socket, &bytes) == 0 { length = Int32(bigEndian: bytes) }
        }
        return self.connection.receiveBuffer(available: available, length: length)
    }

    /// Always "may grow": NIO then asks for a buffer before every read instead of using one again.
    func record(actualReadBytes: Int) -> Bool { true }
}
