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
        var headers = HTTPHeaders()
    }

    static let bodyBytesMax = 64 << 20

    /// - Throws: `Failure`.
    static func post(
        to access: KinesisAccess,
        headers: [(String, String)],
        body: ByteBuffer
    ) async throws -> Answer {
        let endpoint = access.endpoint
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: endpoint.path)
        head.headers.add(name: "Host", value: endpoint.authority)
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        return try await self.send(head, body, to: (endpoint.host, endpoint.port), tls: access.tls, as: .kinesis)
    }

    /// Which port is spoken to, for what a failure says.
    enum Peer: Sendable {
        case kinesis
        case admin
        case webhook

        var advice: String {
            switch self {
            case .kinesis: "start a server there or give another address with --endpoint"
            case .admin: "start a server there or give another address with --admin"
            case .webhook: "see alarms.webhook.url"
            }
        }

        var name: String {
            switch self {
            case .kinesis: "a Kinesis endpoint"
            case .admin: "the admin port of a server"
            case .webhook: "a webhook"
            }
        }
    }

    /// Sends one request on a connection of its own.
    ///
    /// - Parameter head: with `Host`; the headers about length and connection are added.
    /// - Throws: `Failure`; `Unreachable` when nobody listens.
    static func send(
        _ head: HTTPRequestHead,
        _ body: ByteBuffer,
        to address: (host: String, port: Int),
        tls: ClientTLS?,
        as peer: Peer
    ) async throws -> Answer {
        let place = address.host.contains(":") ? "[\(address.host)]:\(address.port)" : "\(address.host):\(address.port)"
        let group = MultiThreadedEventLoopGroup.singleton
        let promise = group.any().makePromise(of: Answer.self)
        var head = head
        head.headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        head.headers.add(name: "Connection", value: "close")
        let request = head
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(.seconds(10))
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(host: address.host, port: address.port, tls: tls) {
                try $0.pipeline.syncOperations.addHTTPClientHandlers()
                try $0.pipeline.syncOperations.addHandler(
                    AnswerCollector(request: request, body: body, peer: peer, promise: promise)
                )
            }
            .get()
        } catch {
            promise.fail(error)
            if let failure = error as? TLSFailure {
                throw Failure("cannot connect to \(place): \(failure)")
            }
            throw Unreachable(description: "cannot connect to \(place); \(peer.advice)")
        }
        do {
            let answer = try await promise.futureResult.get()
            try? await channel.close()
            return answer
        } catch {
            try? await channel.close()
            throw error is Failure ? error : Failure("\(place) did not answer as \(peer.name) does: \(error)")
        }
    }

    /// Nobody listens at an address.
    struct Unreachable: Error, CustomStringConvertible {
        var description: String
    }
}

private final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let requestBody: ByteBuffer
    private let peer: HTTPExchange.Peer
    private var promise: EventLoopPromise<HTTPExchange.Answer>?
    private var status: UInt = 0
    private var headers = HTTPHeaders()
    private var body = ByteBuffer()
    private var timer: Scheduled<Void>?

    init(
        request: HTTPRequestHead,
        body: ByteBuffer,
        peer: HTTPExchange.Peer,
        promise: EventLoopPromise<HTTPExchange.Answer>
    ) {
        self.request = request
        self.peer = peer
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
            self.headers = head.headers
        case .body(var part):
            guard self.body.readableBytes + part.readableBytes <= HTTPExchange.bodyBytesMax else {
                self.finish(.failure(Failure("the server's answer is too long")))
                return
            }
            self.body.writeBuffer(&part)
        case .end:
            self.finish(.success(HTTPExchange.Answer(status: self.status, body: self.body, headers: self.headers)))
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
                    "the server closed the connection before it answered; see its log, and check that the address is that "
                        + "of \(self.peer.name)"
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
