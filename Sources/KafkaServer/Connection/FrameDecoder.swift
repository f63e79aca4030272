internal import NIOCore
internal import RecordBatch

/// Cuts a connection's bytes into request frames: a big-endian Int32 length, then that many bytes.
///
/// A large frame is read from the socket into the place where it stays: `receiveBuffer` lends the buffer of the frame
/// that is on its way, and the bytes come back, more of them, with `append`. Small frames are slices of the read that
/// brought them, many to a read. Only what a read has of a frame behind small ones is copied. Memory grows with what
/// has arrived, never to what a peer only claims. Sans-IO.
///
/// Bad input is always the peer's error: `next` throws, and the connection is closed, as Kafka does.
struct FrameDecoder: ~Copyable {
    enum Violation: Error, Equatable {
        /// A frame with a length that the peer may not claim.
        case length(Int32, limit: Int)
        /// A lent buffer did not come back: the bytes in it are lost.
        case lostRead
    }

    /// `socket.request.max.bytes`, or less before a client has authenticated; holds for frames that have not begun.
    var frameBytesMax: Int
    /// What has arrived and is not yet a frame.
    private var received = ByteBuffer()
    /// Once its length is known, the frame being gathered.
    private var partial: Partial?
    private var isLent = false
    private var isLost = false
    /// All bytes that ever came with `append`, each counted once.
    private(set) var arrivedBytes = 0
    /// What the lent buffer had already.
    private var lentBytes = 0
    /// The largest frame that came whole. Such a size has been paid for once and may be reserved on a claim.
    private var frameBytesSeen = 0

    private struct Partial {
        /// The length's four bytes and what has arrived of the frame.
        var bytes: ByteBuffer
        /// Of all of it.
        var wireBytes: Int
        var missing: Int { self.wireBytes - self.bytes.writerIndex }
    }

    /// For frames of up to this size the whole buffer is reserved at once, however little has arrived.
    static let reserveBytesMax = 64 << 10
    /// Reserved on a mere claim of a connection that has sent as much in one frame before.
    static let trustedBytesMax = 1 << 20
    /// Frames up to this size share the buffer of a read.
    static let smallBytesMax = 16 << 10
    /// A read that is not lent a frame's own buffer takes at most this much.
    static let readBytesMax = 64 << 10

    private static let lengthBytes = 4

    init(frameBytesMax: Int) {
        self.frameBytesMax = frameBytesMax
    }

    /// Memory held for a frame that has not arrived whole.
    var reservedBytes: Int { self.partial?.bytes.capacity ?? 0 }

    /// What the frame that has not arrived whole will take in the end.
    var claimedBytes: Int { self.partial?.wireBytes ?? 0 }

    /// Whether the first bytes of the next read would tell how long a frame is.
    var isBetweenFrames: Bool { self.partial == nil && !self.isLent && self.received.readableBytes == 0 }

    /// A buffer to read the socket into; what it holds already must stay in front. Give it back with `append` once
    /// it has more; until then the decoder has nothing.
    ///
    /// - Parameters:
    ///   - available: bytes that the socket is known to have. With none, nothing of value is lent.
    ///   - length: the next four bytes of the socket, peeked between frames.
    mutating func receiveBuffer(available: Int, length: Int32?) -> ByteBuffer {
        if self.isLent {
            // Cannot happen while a socket that has bytes gives some. The peer repeats what it got no answer to.
            self.isLost = true
            return ByteBuffer()
        }
        guard available > 0 else { return ByteBufferAllocator().buffer(capacity: 64) }
        if self.partial == nil, let length, self.isBetweenFrames, self.isAllowed(length) {
            let wireBytes = Int(length) + Self.lengthBytes
            if wireBytes > Self.smallBytesMax {
                self.partial = Partial(bytes: ByteBuffer(), wireBytes: wireBytes)
            }
        }
        guard var partial = self.partial.take() else {
            return ByteBufferAllocator().buffer(capacity: min(available, Self.readBytesMax))
        }
        self.reserve(&partial, arriving: available, atOnce: Self.reserveBytesMax)
        self.isLent = true
        self.lentBytes = partial.bytes.readableBytes
        defer { self.partial = Partial(bytes: ByteBuffer(), wireBytes: partial.wireBytes) }
        return partial.bytes
    }

    /// Takes what was read: the lent buffer, or bytes of their own.
    mutating func append(_ bytes: consuming ByteBuffer) {
        self.arrivedBytes += bytes.readableBytes
        if self.isLent {
            self.isLent = false
            self.arrivedBytes -= self.lentBytes
            self.acceptLent(bytes)
        } else if self.received.readableBytes == 0 {
            self.received = bytes
        } else {
            self.received.writeImmutableBuffer(bytes)
        }
    }

    /// Takes what was read into a buffer that its owner uses again: what is kept is copied, once, to where it stays.
    mutating func append(copying bytes: ByteBuffer) {
        var bytes = bytes
        self.arrivedBytes += bytes.readableBytes
        if self.partial == nil, self.received.readableBytes == 0,
            let length = bytes.getInteger(at: bytes.readerIndex, as: Int32.self), self.isAllowed(length)
        {
            let wireBytes = Int(length) + Self.lengthBytes
            if wireBytes > max(Self.smallBytesMax, bytes.readableBytes) {
                self.partial = Partial(bytes: ByteBuffer(), wireBytes: wireBytes)
            }
        }
        if var partial = self.partial.take() {
            let count = min(partial.missing, bytes.readableBytes)
            if count > 0, var chunk = bytes.readSlice(length: count) {
                self.reserve(&partial, arriving: count, atOnce: Self.reserveBytesMax)
                partial.bytes.writeBuffer(&chunk)
            }
            self.partial = partial
        }
        guard bytes.readableBytes > 0 else { return }
        if self.received.readableBytes == 0 { self.received = ByteBuffer.exact(capacity: bytes.readableBytes) }
        self.received.writeImmutableBuffer(bytes)
    }

    /// A lent buffer comes back with more than the frame when a handler copied it into a larger one before reading.
    private mutating func acceptLent(_ bytes: consuming ByteBuffer) {
        let end = self.partial?.wireBytes ?? 0
        if bytes.writerIndex > end {
            self.received = bytes.getSlice(at: end, length: bytes.writerIndex - end) ?? ByteBuffer()
            bytes.moveWriterIndex(to: end)
        }
        self.partial?.bytes = bytes
    }

    /// The next whole frame without its length, or `nil` until more has arrived.
    mutating func next() throws(Violation) -> ByteBuffer? {
        if self.isLost { throw .lostRead }
        if self.isLent { return nil }
        if self.partial != nil { return self.gather() }
        guard let length = self.received.getInteger(at: self.received.readerIndex, as: Int32.self) else {
            return nil
        }
        guard self.isAllowed(length) else { throw .length(length, limit: self.frameBytesMax) }
        let wireBytes = Int(length) + Self.lengthBytes
        if wireBytes <= self.received.readableBytes {
            self.received.moveReaderIndex(forwardBy: Self.lengthBytes)
            let frame = self.received.readSlice(length: Int(length))
            if self.received.readableBytes == 0 { self.received = ByteBuffer() }
            return frame
        }
        self.partial = Partial(bytes: ByteBuffer(), wireBytes: wireBytes)
        return self.gather()
    }

    private func isAllowed(_ length: Int32) -> Bool { length >= 0 && Int(length) <= self.frameBytesMax }

    private mutating func gather() -> ByteBuffer? {
        guard var partial = self.partial.take() else { return nil }
        let count = min(partial.missing, self.received.readableBytes)
        if count > 0, var chunk = self.received.readSlice(length: count) {
            if partial.bytes.writableBytes < count { self.reserve(&partial, arriving: count, atOnce: 0) }
            partial.bytes.writeBuffer(&chunk)
        }
        if self.received.readableBytes == 0 { self.received = ByteBuffer() }
        guard partial.missing == 0 else {
            self.partial = partial
            return nil
        }
        self.frameBytesSeen = max(self.frameBytesSeen, partial.wireBytes)
        partial.bytes.moveReaderIndex(to: Self.lengthBytes)
        return partial.bytes
    }

    /// Makes room for more of the frame, never for bytes after it. Doubling keeps the copying linear; the claim is a
    /// ceiling, not a reason.
    private func reserve(_ partial: inout Partial, arriving count: Int, atOnce: Int) {
        let arrived = partial.bytes.readableBytes
        guard partial.bytes.writableBytes < min(partial.missing, count) || partial.bytes.capacity == 0 else { return }
        let trusted = atOnce > 0 ? min(self.frameBytesSeen, Self.trustedBytesMax) : 0
        let wanted = max(atOnce, trusted, 2 * (arrived + count))
        var grown = ByteBuffer.exact(capacity: min(partial.wireBytes, wanted))
        grown.writeImmutableBuffer(partial.bytes)
        partial.bytes = grown
    }
}
