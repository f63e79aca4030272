internal import NIOCore

/// Cuts a connection's bytes into request frames: a big-endian Int32 length, then that many bytes.
///
/// A frame that arrived whole in one read is a slice of that read; one that spans reads is gathered in a buffer
/// that grows with what has arrived, never to what the peer only claims. Sans-IO.
///
/// Bad input is always the peer's error: `next` throws, and the connection is closed, as Kafka does.
struct FrameDecoder: ~Copyable {
    struct Violation: Error, Equatable {
        /// The length that the peer claimed.
        var length: Int32
        var limit: Int
    }

    /// `socket.request.max.bytes`
    private let frameBytesMax: Int
    /// What has arrived and is not yet a frame.
    private var received = ByteBuffer()
    /// Once its length is known, the frame being gathered.
    private var partial: Partial?

    private struct Partial {
        var bytes: ByteBuffer
        var length: Int
        var missing: Int { self.length - self.bytes.readableBytes }
    }

    /// Below this a buffer is reserved at once for the whole frame, whatever has arrived.
    private static let reserveBytesMax = 64 << 10

    init(frameBytesMax: Int) {
        self.frameBytesMax = frameBytesMax
    }

    /// Memory held for a frame that has not arrived whole.
    var reservedBytes: Int { self.partial?.bytes.capacity ?? 0 }

    mutating func append(_ bytes: consuming ByteBuffer) {
        if self.received.readableBytes == 0 {
            self.received = bytes
        } else {
            self.received.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole frame without its length, or `nil` until more has arrived.
    mutating func next() throws(Violation) -> ByteBuffer? {
        if self.partial != nil { return self.gather() }
        guard let length = self.received.getInteger(at: self.received.readerIndex, as: Int32.self) else {
            return nil
        }
        guard length >= 0, Int(length) <= self.frameBytesMax else {
            throw Violation(length: length, limit: self.frameBytesMax)
        }
        self.received.moveReaderIndex(forwardBy: 4)
        if let frame = self.received.readSlice(length: Int(length)) {
            if self.received.readableBytes == 0 { self.received = ByteBuffer() }
            return frame
        }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(
            min(Int(length), max(Self.reserveBytesMax, 2 * self.received.readableBytes))
        )
        self.partial = Partial(bytes: bytes, length: Int(length))
        return self.gather()
    }

    private mutating func gather() -> ByteBuffer? {
        guard var partial = self.partial.take() else { return nil }
        let count = min(partial.missing, self.received.readableBytes)
        if var chunk = self.received.readSlice(length: count) {
            if partial.bytes.writableBytes < count {
                // Doubling keeps the copying linear; the claim is a ceiling, not a reason.
                let wanted = max(partial.bytes.readableBytes + count, 2 * partial.bytes.capacity)
                partial.bytes.reserveCapacity(min(partial.length, wanted))
            }
            partial.bytes.writeBuffer(&chunk)
        }
        if self.received.readableBytes == 0 { self.received = ByteBuffer() }
        guard partial.missing == 0 else {
            self.partial = partial
            return nil
        }
        return partial.bytes
    }
}
