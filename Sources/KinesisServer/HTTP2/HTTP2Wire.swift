internal import NIOCore
internal import NIOHTTP1

/// One stream of HTTP/2, behind NIO's codec that turns frames into parts of requests and parts of answers into frames.
final class HTTP2Wire: AnswerWire {
    static var isStream: Bool { true }

    private let stamps: AnswerStamps
    /// Written and not taken by the connection, whose socket or whose client's window may be full.
    private var unsent = 0
    private var hasEnded = false

    init(stamps: AnswerStamps) { self.stamps = stamps }

    func received(_ part: HTTPServerRequestPart) {}

    func writeContinue(isHTTP10: Bool, _ context: ChannelHandlerContext) {
        context.writeAndFlush(
            NIOAny(HTTPServerResponsePart.head(HTTPResponseHead(version: .http2, status: .continue))),
            promise: nil
        )
    }

    func begin(_ head: ResponseHead, bodyRoom: Int, _ context: ChannelHandlerContext) -> ByteBuffer {
        let response = HTTPResponseHead(
            version: .http2,
            status: HTTPResponseStatus(statusCode: head.status),
            headers: head.headers(stamps: self.stamps)
        )
        context.write(NIOAny(HTTPServerResponsePart.head(response)), promise: nil)
        return bodyRoom == 0 ? ByteBuffer() : context.channel.allocator.buffer(capacity: bodyRoom)
    }

    func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        let count = bytes.readableBytes
        guard count > 0 else { return }
        self.unsent += count
        // A stream has no count of its own of what is buffered.
        context.write(NIOAny(HTTPServerResponsePart.body(.byteBuffer(bytes)))).assumeIsolated().whenComplete { _ in
            self.unsent -= count
        }
    }

    func writePart(_ bytes: ByteBuffer, _ framing: ResponseHead.Framing, _ context: ChannelHandlerContext) {
        self.write(bytes, context)
    }

    func end(_ bytes: ByteBuffer, _ framing: ResponseHead.Framing, _ context: ChannelHandlerContext) {
        self.write(bytes, context)
        self.hasEnded = true
        context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil)), promise: nil)
    }

    /// A stream ends with its answer; one that has none is reset.
    func closeAfterWrites(_ context: ChannelHandlerContext) {
        if !self.hasEnded { context.close(promise: nil) }
    }

    func refuseMalformed(_ context: ChannelHandlerContext) { context.close(promise: nil) }

    func unsentBytes(_ context: ChannelHandlerContext) -> Int { self.unsent }
}

extension ResponseHead {
    /// The head's fields as HTTP/2 carries them.
    func headers(stamps: AnswerStamps) -> HTTPHeaders {
        var headers = HTTPHeaders([
            ("x-amzn-requestid", stamps.ids.makeRequestID()), ("x-amz-id-2", stamps.ids.makeExtendedID()),
            ("date", stamps.date),
        ])
        if let contentType { headers.add(name: "content-type", value: contentType) }
        if self.framing == .length { headers.add(name: "content-length", value: String(self.contentLength)) }
        for (name, value) in self.fields { headers.add(name: "\(name)", value: value) }
        for (name, value) in self.crossOrigin.fields { headers.add(name: name.lowercased(), value: value) }
        return headers
    }
}
