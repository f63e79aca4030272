internal import ClientTLS
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// The answer to a GET as it comes, part by part: the next part is read when the last one was taken, so that a slow
/// reader slows the server down and memory holds a part.
enum HTTPDownload {
    /// The server sends something at least each second; a connection that is silent for so long is lost.
    private static let silenceMax = TimeAmount.seconds(60)

    /// - Parameters:
    ///   - head: with `Host`.
    ///   - onPart: of the body; only of an answer with a status of success.
    /// - Returns: the status, and the body of an answer of failure.
    /// - Throws: `Failure`; `HTTPExchange.Unreachable` when nobody listens; what `onPart` throws.
    static func get(
        _ head: HTTPRequestHead,
        from address: (host: String, port: Int),
        tls: ClientTLS?,
        onPart: (ByteBuffer) throws -> Void
    ) async throws -> HTTPExchange.Answer {
        typealias Wrapped = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
        let place = address.host.contains(":") ? "[\(address.host)]:\(address.port)" : "\(address.host):\(address.port)"
        let group = MultiThreadedEventLoopGroup.singleton
        let made = group.any().makePromise(of: Wrapped.self)
        do {
            _ = try await ClientBootstrap(group: group)
                .connectTimeout(.seconds(10))
                .connect(host: address.host, port: address.port, tls: tls) { channel in
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(IdleStateHandler(readTimeout: Self.silenceMax))
                    try channel.pipeline.syncOperations.addHandler(SilenceHandler())
                    made.succeed(try Wrapped(wrappingChannelSynchronously: channel))
                }
                .get()
        } catch {
            made.fail(error)
            if let failure = error as? TLSFailure { throw Failure("cannot connect to \(place): \(failure)") }
            throw HTTPExchange.Unreachable(
                description: "cannot connect to \(place); \(HTTPExchange.Peer.admin.advice)"
            )
        }
        let channel = try await made.futureResult.get()
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(.head(head))
            try await outbound.write(.end(nil))
            var answer = HTTPExchange.Answer(status: 0, body: ByteBuffer())
            var isWhole = false
            for try await part in inbound {
                switch part {
                case .head(let head): answer.status = head.status.code
                case .body(var bytes):
                    if (200..<300).contains(answer.status) {
                        try onPart(bytes)
                    } else if answer.body.readableBytes < HTTPExchange.bodyBytesMax {
                        answer.body.writeBuffer(&bytes)
                    }
                case .end: isWhole = true
                }
                if isWhole { break }
            }
            try Task.checkCancellation()
            guard isWhole else { throw Failure("the server closed the connection before it was done; see its log") }
            return answer
        }
    }
}

/// Ends a connection that nothing comes from.
private final class SilenceHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        context.fireErrorCaught(Failure("the server has sent nothing for a minute; see its log"))
        context.close(promise: nil)
    }
}
