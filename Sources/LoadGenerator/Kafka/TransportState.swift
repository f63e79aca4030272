internal import Glibc
internal import NIOCore

/// What the system knows of a TCP connection, also of one that is not read (tcp(7), `TCP_INFO`).
struct TransportState: Equatable {
    /// Neither side has ended it.
    var isEstablished: Bool
    var receivedBytes: UInt64

    /// Where linux/tcp.h has them in `struct tcp_info`; glibc's declaration ends before the second.
    private static let stateOffset = 0
    private static let receivedBytesOffset = 128
    private static let established: UInt8 = 1

    /// `nil` for a connection that is closed on this side; call it on the channel's loop.
    init?(of channel: any Channel) {
        var info = [UInt8](repeating: 0, count: Self.receivedBytesOffset + MemoryLayout<UInt64>.size)
        let isKnown = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self)
        {
            var length = socklen_t(info.count)
            // SAFETY: the kernel writes at most `length` bytes, which the array has.
            return getsockopt($0, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0
        }
        guard isKnown == true else { return nil }
        self.isEstablished = info[Self.stateOffset] == Self.established
        self.receivedBytes = info.withUnsafeBytes {
            $0.loadUnaligned(fromByteOffset: Self.receivedBytesOffset, as: UInt64.self)
        }
    }
}
