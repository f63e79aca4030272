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
        /// A body is being made.
        case streaming(HTTPRequestHead, StreamSignal)
        /// The connection is gone.
        case closed
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
            // Only one owner, so that a long body is not copied with each part of it.
            self.state = .refused
            body.writeBuffer(&part)
            self.state = .receiving(head, body, bytesMax: bytesMax)
        case (.end, .receiving(let head, let body, _)): self.complete(head, body, context)
        // What comes after an answer that ends the connection is of no use.
        case (.head, _), (.body, _), (.end, _): break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .streaming(_, let signal) = self.state { signal.end() }
        self.state = .closed
        context.fireChannelInactive()
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
                guard case .answering = handler.state else { return }
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
        if let stream = answer.stream, head.method != .HEAD {
            let signal = StreamSignal(eventLoop: context.eventLoop)
            guard self.desk.streams.enter(signal) else {
                return self.write(AdminDesk.tooManyStreams, to: head, isLast: isLast, context)
            }
            return self.begin(stream, signal, answer, to: head, context)
        }
        // After a request that asks for an upgrade NIO parses nothing more: it is answered and the connection ends.
        let isKeepAlive = !isLast && Self.isKeepAlive(head)
        self.writeHead(answer, to: head, isKeepAlive: isKeepAlive, context)
        if head.method != .HEAD, answer.body.readableBytes > 0 {
            context.write(self.wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
        }
        self.end(isKeepAlive: isKeepAlive, context)
    }

    private func writeHead(
        _ answer: AdminAnswer,
        to head: HTTPRequestHead,
        isKeepAlive: Bool,
        _ context: ChannelHandlerContext
    ) {
        let response = HTTPResponseHead(
            version: head.version,
            status: HTTPResponseStatus(statusCode: answer.status),
            headers: AdminHeaders.make(for: answer, closes: !isKeepAlive)
        )
        context.write(self.wrapOutboundOut(.head(response)), promise: nil)
    }

    private func end(isKeepAlive: Bool, _ context: ChannelHandlerContext) {
        let end = context.writeAndFlush(self.wrapOutboundOut(.end(nil)))
        if isKeepAlive {
            self.state = .idle
        } else {
            self.state = .refused
            end.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        }
    }

    private static func isKeepAlive(_ head: HTTPRequestHead) -> Bool {
        head.isKeepAlive && !head.headers.contains(name: "upgrade")
    }

    // MARK: Streams

    private func begin(
        _ stream: AdminBodyStream,
        _ signal: StreamSignal,
        _ answer: AdminAnswer,
        to head: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        // Before HTTP/1.1 the end of the connection is the end of a body whose length is not known.
        let isKeepAlive = Self.isKeepAlive(head) && head.version == .http1_1
        self.state = .streaming(head, signal)
        self.writeHead(answer, to: head, isKeepAlive: isKeepAlive, context)
        context.flush()
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
        let writer = AdminBodyWriter(signal: signal) { part in
            do {
                try await eventLoop.flatSubmit { () -> EventLoopFuture<Void> in
                    let (handler, context) = bound.value
                    return handler.send(part, context)
                }.get()
                return true
            } catch {
                return false
            }
        }
        eventLoop.makeFutureWithTask { await stream.produce(writer) }.whenComplete { _ in
            let (handler, context) = bound.value
            handler.desk.streams.left(signal)
            guard case .streaming = handler.state else { return }
            handler.end(isKeepAlive: isKeepAlive, context)
        }
    }

    /// Completes when the socket has taken the part.
    private func send(_ part: ByteBuffer, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        guard case .streaming = self.state else {
            return context.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
        }
        return context.writeAndFlush(self.wrapOutboundOut(.body(.byteBuffer(part))))
    }
}
