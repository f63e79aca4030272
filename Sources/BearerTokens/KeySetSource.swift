package import Authentication
package import ClientTLS
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Where a key set is: `file:///path` or `https://host[:port]/path`.
package enum KeySetSource: Sendable {
    case file(path: String)
    case address(host: String, port: Int, path: String, ClientTLS)

    /// - Parameters:
    ///   - url: `sasl.oauthbearer.jwks.endpoint.url`
    ///   - authorities: a PEM file of those that the server of an address is vouched for by; `nil`: the system's.
    /// - Throws: with the reason. Keys that came over plain HTTP could be anybody's.
    package init(url: String, authorities: String?) throws(BearerRefusal) {
        guard let parsed = URL(string: url), let scheme = parsed.scheme?.lowercased() else {
            throw BearerRefusal("\(url) is not the URL of a key set")
        }
        switch scheme {
        case "file": self = .file(path: parsed.path)
        case "https":
            guard let host = parsed.host, !host.isEmpty else { throw BearerRefusal("\(url) names no host") }
            let tls: ClientTLS
            do throws(TLSFailure) {
                tls = try ClientTLS(ClientTLS.Files(authorities: authorities))
            } catch {
                throw BearerRefusal("\(error)")
            }
            let path = parsed.path.isEmpty ? "/" : parsed.path
            let query = parsed.query.map { "?" + $0 } ?? ""
            self = .address(host: host, port: parsed.port ?? 443, path: path + query, tls)
        default: throw BearerRefusal("\(url) is neither file: nor https:")
        }
    }

    func read() async throws(BearerRefusal) -> [UInt8] {
        switch self {
        case .file(let path):
            guard let data = FileManager.default.contents(atPath: path) else {
                throw BearerRefusal("cannot read \(path)")
            }
            return Array(data)
        case .address(let host, let port, let path, let tls):
            do {
                return try await KeySetRequest.get(host: host, port: port, path: path, tls: tls)
            } catch let refusal as BearerRefusal {
                throw refusal
            } catch {
                throw BearerRefusal("https://\(host):\(port)\(path): \(error)")
            }
        }
    }
}

/// One GET over TLS on a connection of its own. Redirects are not followed.
private enum KeySetRequest {
    static func get(host: String, port: Int, path: String, tls: ClientTLS) async throws -> [UInt8] {
        let group = MultiThreadedEventLoopGroup.singleton
        let promise = group.any().makePromise(of: [UInt8].self)
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path)
        head.headers.add(name: "Host", value: port == 443 ? host : "\(host):\(port)")
        head.headers.add(name: "Accept", value: "application/json")
        head.headers.add(name: "Connection", value: "close")
        let request = head
        do {
            let channel = try await ClientBootstrap(group: group)
                .connectTimeout(.seconds(10))
                .connect(host: host, port: port, tls: tls) { channel in
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(AnswerReader(request, promise))
                }
                .get()
            defer { channel.close(promise: nil) }
            return try await promise.futureResult.get()
        } catch {
            promise.fail(error)
            throw error
        }
    }

    private final class AnswerReader: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias OutboundOut = HTTPClientRequestPart

        private let request: HTTPRequestHead
        private var promise: EventLoopPromise<[UInt8]>?
        private var body: [UInt8] = []
        private var timer: Scheduled<Void>?

        init(_ request: HTTPRequestHead, _ promise: EventLoopPromise<[UInt8]>) {
            self.request = request
            self.promise = promise
        }

        func channelActive(context: ChannelHandlerContext) {
            self.timer = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(10)) {
                self.finish(.failure(BearerRefusal("the server of the key set does not answer")))
            }
            context.write(Self.wrapOutboundOut(.head(self.request)), promise: nil)
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch Self.unwrapInboundIn(data) {
            case .head(let head):
                guard head.status == .ok else {
                    self.finish(.failure(BearerRefusal("the server of the key set answers \(head.status.code)")))
                    return
                }
            case .body(let part):
                guard self.body.count + part.readableBytes <= TokenKeys.bytesMax else {
                    self.finish(.failure(BearerRefusal("the key set is too long")))
                    return
                }
                self.body += Array(part.readableBytesView)
            case .end: self.finish(.success(self.body))
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            self.finish(.failure(error))
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            self.finish(.failure(BearerRefusal("the server of the key set closed the connection")))
        }

        private func finish(_ result: Result<[UInt8], any Error>) {
            self.timer?.cancel()
            self.promise?.completeWith(result)
            self.promise = nil
        }
    }
}
