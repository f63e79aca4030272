internal import NIOCore
internal import NIOHTTP1
internal import Serving

/// HTTP/1.1: heads of our own, written straight into the buffer that the body follows in.
final class HTTP1Wire: AnswerWire {
    static var isStream: Bool { false }

    private let decoder: HTTP1RequestDecoder
    private let stamps: AnswerStamps

    init(decoder: HTTP1RequestDecoder, stamps: AnswerStamps) {
        self.decoder = decoder
        self.stamps = stamps
    }

    func received(_ part: HTTPServerRequestPart) { self.decoder.parsed(part) }

    func writeContinue(isHTTP10: Bool, _ context: ChannelHandlerContext) {
        var invitation = context.channel.allocator.buffer(capacity: 32)
        ResponseHead.writeContinue(isHTTP10: isHTTP10, to: &invitation)
        context.writeAndFlush(NIOAny(invitation), promise: nil)
    }

    func begin(_ head: ResponseHead, bodyRoom: Int, _ context: ChannelHandlerContext) -> ByteBuffer {
        var start = context.channel.allocator.buffer(capacity: ResponseHead.bytesMax + bodyRoom)
        head.write(to: &start, ids: &self.stamps.ids, date: self.stamps.date)
        return start
    }

    func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        context.write(NIOAny(bytes), promise: nil)
    }

    func writePart(_ bytes: ByteBuffer, _ framing: ResponseHead.Framing, _ context: ChannelHandlerContext) {
        let isFramed = framing == .chunks
        if isFramed { self.write(ResponseHead.chunkStart(bytes), context) }
        self.write(bytes, context)
        if isFramed { self.write(ByteBuffer(staticString: ResponseHead.chunkEnd), context) }
    }

    func end(_ bytes: ByteBuffer, _ framing: ResponseHead.Framing, _ context: ChannelHandlerContext) {
        if framing == .chunks {
            if bytes.readableBytes > 0 { self.write(bytes, context) }
            context.writeAndFlush(NIOAny(ByteBuffer(staticString: ResponseHead.lastChunk)), promise: nil)
        } else {
            context.writeAndFlush(NIOAny(bytes), promise: nil)
        }
    }

    func closeAfterWrites(_ context: ChannelHandlerContext) {
        // Behind the answers that the socket has not taken.
        context.writeAndFlush(NIOAny(ByteBuffer())).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }

    func refuseMalformed(_ context: ChannelHandlerContext) {
        context.writeAndFlush(NIOAny(ByteBuffer(staticString: ResponseHead.malformed)), promise: nil)
    }

    func unsentBytes(_ context: ChannelHandlerContext) -> Int { context.channel.unsentBytes }
}
