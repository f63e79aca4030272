internal import NIOCore

/// Cuts the stream into response frames: a length of four bytes, then as many bytes.
struct ResponseDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    /// A length below zero or above the bound: the peer speaks something else.
    struct BadLength: Error {
        var length: Int32

        /// An alert or a handshake record of SSL 3 or TLS (RFC 8446, 5.1) begins so.
        var looksLikeTLS: Bool { self.length >> 16 == 0x1503 || self.length >> 16 == 0x1603 }
    }

    private let bytesMax: Int

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: Int32.self) else { return .needMoreData }
        guard length >= 4, Int(length) <= self.bytesMax else { throw BadLength(length: length) }
        guard buffer.readableBytes >= 4 + Int(length) else { return .needMoreData }
        buffer.moveReaderIndex(forwardBy: 4)
        guard let frame = buffer.readSlice(length: Int(length)) else { return .needMoreData }
        context.fireChannelRead(Self.wrapInboundOut(frame))
        return .continue
    }

    /// What is left of an unfinished frame when the connection ends is of no use.
    mutating func decodeLast(
        context: ChannelHandlerContext,
        buffer: inout ByteBuffer,
        seenEOF: Bool
    ) throws -> DecodingState {
        while try self.decode(context: context, buffer: &buffer) == .continue {}
        return .needMoreData
    }
}
