internal import NIOCore
internal import NIOHTTP1

/// Carries the requests of one connection to the `AdminDesk` and its answers back, one at a time: NIO's pipelining
/// handler keeps further ones until the answer is out.
final class AdminHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case receiving(HTTPRequestHead, ByteBuffer, bytesMax: Int)
        /// Answered before its end; the rest is thrown away and the connection ends.
        case refused
        case answering(HTTPRequestHead)
    }

    private let desk: AdminDesk
    private let connection: AdminConnection
    private var state = State.idle

    init(desk: AdminDesk, connection: AdminConnection) {
        self.desk = desk
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (self.unwrapInboundIn(data), self.state) {
        case (.head(let head), .idle):
            switch self.desk.began(head, from: self.connection) {
            case .receive(let bytesMax): self.state = .receiving(head, ByteBuffer(), bytesMax: bytesMax)
            case .answer(let answer): self.refuse(answer, to: head, context)
            }
        case (.body(var part), .receiving(let head, var body, let bytesMax)):
            guard body.readableBytes + part.readableBytes <= bytesMax else {
                self.refuse(AdminDesk.tooLarge, to: head, context)
                return
            }
            body.writeBuffer(&part)
            self.state = .receiving(head, body, bytesMax: bytesMax)
        case (.end, .receiving(let head, let body, _)): self.complete(head, body, context)
        // What comes after an answer that ends the connection is of no use.
        case (.head, _), (.body, _), (.end, _): break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The HTTP decoder has answered 400 where it could; nothing on this port is worth keeping open after that.
        context.close(promise: nil)
    }

    private func complete(_ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        self.state = .answering(head)
        switch self.desk.completed(head, body, from: self.connection) {
        case .answer(let answer): self.write(answer, to: head, isLast: false, context)
        case .run(let handler, let request):
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.makeFutureWithTask { await handler(request) }.whenSuccess { answer in
                let (handler, context) = bound.value
                // The connection may have ended meanwhile; then nothing is written.
                handler.write(answer, to: head, isLast: false, context)
            }
        }
    }

    /// Answers before the request is whole: its rest is not worth reading.
    private func refuse(_ answer: AdminAnswer, to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.state = .refused
        let hasBody = head.headers.contains(name: "content-length") || head.headers.contains(name: "transfer-encoding")
        self.write(answer, to: head, isLast: hasBody, context)
    }

    private func write(
        _ answer: AdminAnswer,
        to head: HTTPRequestHead,
        isLast: Bool,
        _ context: ChannelHandlerContext
    ) {
        // After a request that asks for an upgrade NIO parses nothing more: it is answered and the connection ends.
        let isKeepAlive = !isLast && head.isKeepAlive && !head.headers.contains(name: "upgrade")
        let response = HTTPResponseHead(
            version: head.version,
            status: HTTPResponseStatus(statusCode: answer.status),
            headers: AdminHeaders.make(for: answer, closes: !isKeepAlive)
        )
        context.write(self.wrapOutboundOut(.head(response)), promise: nil)
        if head.method != .HEAD, answer.body.readableBytes > 0 {
            context.write(self.wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
        }
        let end = context.writeAndFlush(self.wrapOutboundOut(.end(nil)))
        if isKeepAlive {
            self.state = .idle
        } else {
            self.state = .refused
            end.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        }
    }
}
