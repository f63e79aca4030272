internal import NIOCore

/// gRPC's messages in a stream of bytes.
///
/// | bytes | |
/// | --- | --- |
/// | 1 | 1 when the message is compressed, which we do not ask for |
/// | 4 | its length, big-endian |
/// | n | the message |
struct GRPCFrames {
    /// The stream says something that gRPC does not, or a message is larger than we take.
    struct Malformed: Error, Equatable {
        var reason: String
    }

    private static let headerBytes = 5

    private let messageBytesMax: Int
    private var received = ByteBuffer()

    init(messageBytesMax: Int) { self.messageBytesMax = messageBytesMax }

    /// Whether bytes are left that are not a whole message.
    var isInsideMessage: Bool { self.received.readableBytes > 0 }

    mutating func append(_ bytes: ByteBuffer) {
        if self.received.readableBytes == 0 {
            self.received = bytes
        } else {
            self.received.writeImmutableBuffer(bytes)
        }
    }

    /// The next whole message; `nil` when more bytes are needed.
    mutating func next() throws(Malformed) -> ByteBuffer? {
        let start = self.received.readerIndex
        guard let flag: UInt8 = self.received.getInteger(at: start),
            let length: UInt32 = self.received.getInteger(at: start + 1)
        else { return nil }
        guard flag == 0 else { throw Malformed(reason: "a message is compressed") }
        guard Int(length) <= self.messageBytesMax else {
            throw Malformed(reason: "a message has \(length) bytes; at most \(self.messageBytesMax) are taken")
        }
        guard self.received.readableBytes >= Self.headerBytes + Int(length) else { return nil }
        self.received.moveReaderIndex(forwardBy: Self.headerBytes)
        let message = self.received.readSlice(length: Int(length))
        self.received.discardReadBytes()
        return message
    }

    static func frame(_ message: ByteBuffer) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.reserveCapacity(Self.headerBytes + message.readableBytes)
        frame.writeInteger(UInt8(0))
        frame.writeInteger(UInt32(message.readableBytes))
        frame.writeImmutableBuffer(message)
        return frame
    }
}
