internal import NIOCore
internal import NIOHTTP1

/// Answers the admin routes on one connection.
final class AdminHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let sources: AdminServer.Sources
    private var head: HTTPRequestHead?

    init(sources: AdminServer.Sources) { self.sources = sources }

    private struct Answer {
        var status: HTTPResponseStatus
        var contentType = "text/plain; charset=utf-8"
        var body: String
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head = self.head else { return }
            self.head = nil
            self.write(self.answer(to: head), to: head, context: context)
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

    private func answer(to head: HTTPRequestHead) -> Answer {
        guard head.method == .GET || head.method == .HEAD else {
            return Answer(status: .methodNotAllowed, body: "Only GET and HEAD are served here.\n")
        }
        let path = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        switch path {
        case "/health/live":
            return Answer(status: .ok, body: "live\n")
        case "/health/ready":
            guard let reason = self.sources.unreadiness() else {
                return Answer(status: .ok, body: "ready\n" + self.sources.damage().map { $0 + "\n" }.joined())
            }
            return Answer(status: .serviceUnavailable, body: "not ready: \(reason)\n")
        case "/metrics":
            return Answer(
                status: .ok,
                contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: self.sources.metrics()
            )
        case "/":
            return Answer(
                status: .ok,
                body: "Millrace admin port\n\n/health/live\n/health/ready\n/metrics\n"
            )
        default:
            return Answer(status: .notFound, body: "No such path. There is /health/live, /health/ready, /metrics.\n")
        }
    }

    private func write(_ answer: Answer, to head: HTTPRequestHead, context: ChannelHandlerContext) {
        // After a request that asks for an upgrade NIO parses nothing more: it is answered and the connection ends.
        let isKeepAlive = head.isKeepAlive && !head.headers.contains(name: "upgrade")
        var headers = HTTPHeaders()
        headers.add(name: "content-type", value: answer.contentType)
        headers.add(name: "content-length", value: String(answer.body.utf8.count))
        if answer.status == .methodNotAllowed { headers.add(name: "allow", value: "GET, HEAD") }
        if !isKeepAlive { headers.add(name: "connection", value: "close") }
        let response = HTTPResponseHead(version: head.version, status: answer.status, headers: headers)
        context.write(self.wrapOutboundOut(.head(response)), promise: nil)
        if head.method != .HEAD {
            let body = context.channel.allocator.buffer(string: answer.body)
            context.write(self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        let end = context.writeAndFlush(self.wrapOutboundOut(.end(nil)))
        if !isKeepAlive {
            end.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        }
    }
}
