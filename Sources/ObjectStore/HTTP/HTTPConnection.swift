internal import NIOCore
internal import NIOHTTP1

/// One HTTP/1.1 connection; one exchange at a time on it. Lives on its event loop.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// What is written at a time, so that a long body does not fill the outbound buffer (and TLS's) at once.
    private static let chunkBytes = 256 << 10

    /// How an exchange ended.
    struct Outcome: Sendable {
        var result: Result<HTTPAnswer, ObjectStoreError>
        /// The connection can carry another one.
        var isReusable: Bool
        /// The connection was lost before a byte of an answer came: one that was used before had been closed meanwhile.
        var isUnanswered: Bool
    }

    private struct Exchange {
        var promise: EventLoopPromise<Outcome>
        var unsent: [ByteBuffer]
        var answerBytesMax: Int
        var isSent = false
        var head: HTTPResponseHead?
        var body = ByteBuffer()
    }

    private let silenceMax: TimeAmount
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var movedAt = NIODeadline.now()
    private var timer: Scheduled<Void>?

    init(silenceMax: TimeAmount) { self.silenceMax = silenceMax }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.fail(ObjectStoreError(.unavailable, "the connection ended"))
        self.context = nil
    }

    /// Sends a request. The promise is always succeeded.
    func begin(_ request: HTTPRequestMessage, promise: EventLoopPromise<Outcome>) {
        guard let context, context.channel.isActive, self.exchange == nil else {
            let error = ObjectStoreError(.unavailable, "the connection ended")
            promise.succeed(Outcome(result: .failure(error), isReusable: false, isUnanswered: true))
            return
        }
        self.exchange = Exchange(
            promise: promise,
            unsent: request.body.filter { $0.readableBytes > 0 }.reversed(),
            answerBytesMax: request.answerBytesMax
        )
        self.movedAt = .now()
        self.watch(context)
        let head = HTTPRequestHead(
            version: .http1_1,
            method: HTTPMethod(rawValue: request.method),
            uri: request.target,
            headers: HTTPHeaders(request.headers.map { ($0.name, $0.value) })
        )
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        self.sendBody(context)
    }

    /// A write may change the writability at once and so come here again: nothing is held outside `exchange` meanwhile.
    private func sendBody(_ context: ChannelHandlerContext) {
        while context.channel.isWritable, let chunk = self.nextChunk() {
            self.movedAt = .now()
            context.writeAndFlush(self.wrapOutboundOut(.body(.byteBuffer(chunk))), promise: nil)
        }
        guard let exchange = self.exchange, exchange.unsent.isEmpty, !exchange.isSent else { return }
        self.exchange?.isSent = true
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func nextChunk() -> ByteBuffer? {
        guard var part = self.exchange?.unsent.popLast() else { return nil }
        let chunk = part.readSlice(length: min(part.readableBytes, Self.chunkBytes))
        if part.readableBytes > 0 { self.exchange?.unsent.append(part) }
        return chunk
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.movedAt = .now()
        self.sendBody(context)
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.movedAt = .now()
        // Taken out, so that the body is not copied when it grows.
        guard var exchange = self.exchange else { return }
        self.exchange = nil
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            exchange.head = head
            if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }) {
                exchange.body.reserveCapacity(min(max(length, 0), exchange.answerBytesMax, 1 << 20))
            }
        case .body(var bytes):
            guard exchange.body.readableBytes + bytes.readableBytes <= exchange.answerBytesMax else {
                self.exchange = exchange
                self.fail(ObjectStoreError(.truncated, "the answer is longer than what was asked for"))
                return
            }
            if exchange.body.readableBytes == 0 {
                exchange.body = bytes
            } else {
                exchange.body.writeBuffer(&bytes)
            }
        case .end:
            self.exchange = exchange
            self.answered(context)
            return
        }
        self.exchange = exchange
    }

    private func answered(_ context: ChannelHandlerContext) {
        guard let exchange = self.exchange, let head = exchange.head else { return }
        // 1xx is not the answer.
        if (100..<200).contains(head.status.code) {
            self.exchange?.head = nil
            return
        }
        self.exchange = nil
        self.timer?.cancel()
        // An answer that comes before the request is sent refuses it.
        let isReusable = exchange.isSent && head.isKeepAlive
        let answer = HTTPAnswer(status: Int(head.status.code), headers: head.headers, body: exchange.body)
        exchange.promise.succeed(Outcome(result: .success(answer), isReusable: isReusable, isUnanswered: false))
        if !isReusable { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.fail(ObjectStoreError(self.exchange?.head == nil ? .unavailable : .truncated, "\(error)"), isLost: true)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let isBegun = self.exchange?.head != nil
        let error = ObjectStoreError(
            isBegun ? .truncated : .unavailable,
            "the connection ended before the answer did"
        )
        self.fail(error, isLost: true)
        context.fireChannelInactive()
    }

    private func fail(_ error: ObjectStoreError, isLost: Bool = false) {
        guard let exchange = self.exchange else { return }
        self.exchange = nil
        self.timer?.cancel()
        exchange.promise.succeed(
            Outcome(result: .failure(error), isReusable: false, isUnanswered: isLost && exchange.head == nil)
        )
        self.context?.close(promise: nil)
    }

    private func watch(_ context: ChannelHandlerContext) {
        self.timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: self.movedAt + self.silenceMax) {
            guard self.exchange != nil, let context = self.context else { return }
            if NIODeadline.now() - self.movedAt >= self.silenceMax {
                self.fail(ObjectStoreError(.unavailable, "the store has not answered in time"))
            } else {
                self.watch(context)
            }
        }
    }
}
