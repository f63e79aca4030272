internal import ClientTLS
internal import LoadGenerator
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One HTTP/1.1 POST on a connection of its own, with TLS where the endpoint asks for it.
enum HTTPExchange {
    struct Answer: Sendable {
        var status: UInt
        var body: ByteBuffer
    }

    static let bodyBytesMax = 64 << 20

    /// - Throws: `Failure`.
    static func post(
        to access: KinesisAccess,
        headers: [(String, String)],
        body: ByteBuffer
    ) async throws -> Answer {
        let endpoint = access.endpoint
        let group = MultiThreadedEventLoopGroup.singleton
        let promise = group.any().makePromise(of: Answer.self)
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: endpoint.path)
        head.headers.add(name: "Host", value: endpoint.authority)
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        head.headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        head.headers.add(name: "Connection", value: "close")
        let request = head
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(.seconds(10))
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(host: endpoint.host, port: endpoint.port, tls: access.tls) {
                try $0.pipeline.syncOperations.addHTTPClientHandlers()
                try $0.pipeline.syncOperations.addHandler(
                    AnswerCollector(request: request, body: body, promise: promise)
                )
            }
            .get()
        } catch {
            promise.fail(error)
            if let failure = error as? TLSFailure {
                throw Failure("cannot connect to \(endpoint.address): \(failure)")
            }
            throw Failure(
                "cannot connect to \(endpoint.address); start a server there or give another address with --endpoint"
            )
        }
        do {
            let answer = try await promise.futureResult.get()
            try? await channel.close()
            return answer
        } catch {
            try? await channel.close()
            throw error is Failure
                ? error : Failure("\(endpoint.address) did not answer as a Kinesis endpoint does: \(error)")
        }
    }
}

private final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let requestBody: ByteBuffer
    private var promise: EventLoopPromise<HTTPExchange.Answer>?
    private var status: UInt = 0
    private var body = ByteBuffer()
    private var timer: Scheduled<Void>?

    init(request: HTTPRequestHead, body: ByteBuffer, promise: EventLoopPromise<HTTPExchange.Answer>) {
        self.request = request
        self.requestBody = body
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        self.timer = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(60)) {
            self.finish(.failure(Failure("the server did not answer within a minute; see its log")))
        }
        context.write(Self.wrapOutboundOut(.head(self.request)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(self.requestBody))), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.status = head.status.code
        case .body(var part):
            guard self.body.readableBytes + part.readableBytes <= HTTPExchange.bodyBytesMax else {
                self.finish(.failure(Failure("the server's answer is too long")))
                return
            }
            self.body.writeBuffer(&part)
        case .end:
            self.finish(.success(HTTPExchange.Answer(status: self.status, body: self.body)))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.finish(.failure(error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.finish(
            .failure(
                Failure(
                    "the server closed the connection before it answered; see its log, "
                        + "and check that --endpoint is the address of a Kinesis listener"
                )
            )
        )
    }

    private func finish(_ result: Result<HTTPExchange.Answer, any Error>) {
        self.timer?.cancel()
        self.promise?.completeWith(result)
        self.promise = nil
    }
}
