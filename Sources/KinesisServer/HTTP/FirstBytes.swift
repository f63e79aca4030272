internal import NIOCore
internal import NIOHTTP1
internal import ServerTLS
internal import Serving

/// Looks at the first bytes of a connection, then leaves the pipeline: they tell which transport the client speaks.
///
/// The handlers of HTTP/1.1 are in place already, behind this one; HTTP/2 replaces them. TLS gets a handler before this
/// one, which then looks at the first bytes that were decrypted: clients speak either version of HTTP over it. A client
/// that speaks another protocol is told so as far as that is possible, and the log says what helps.
final class FirstBytes: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// So many bytes tell every protocol that is known.
    private static let bytesWanted = 6

    private let client: ClientContext
    /// Those of HTTP/1.1.
    private let handlers: [any RemovableChannelHandler]
    private let configureHTTP2: (any Channel, FirstBytes) throws -> Void
    /// `nil`: not served, or in place already.
    private var tls: ServerTLS?
    /// Clients that do not speak TLS are closed.
    private var needsTLS: Bool
    private var bytes = ByteBuffer()

    init(
        client: ClientContext,
        tls: ServerTLS?,
        needsTLS: Bool = false,
        replacing handlers: [any RemovableChannelHandler],
        byHTTP2 configure: @escaping (any Channel, FirstBytes) throws -> Void
    ) {
        self.client = client
        self.tls = tls
        self.needsTLS = needsTLS
        self.handlers = handlers
        self.configureHTTP2 = configure
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = self.unwrapInboundIn(data)
        if self.bytes.readableBytes == 0 { self.bytes = more } else { self.bytes.writeBuffer(&more) }
        let view = self.bytes.readableBytesView
        // Nearly always the first letter of POST; of the other protocols only HTTP/2 begins with a letter.
        let isLetter = view.first.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") } ?? false
        let wanted = view.first == UInt8(ascii: "P") ? 4 : isLetter ? 1 : Self.bytesWanted
        guard view.count >= wanted else { return }
        switch ProtocolHint(firstBytes: view) {
        case .tls? where self.tls != nil: self.speakTLS(context)
        case let hint where self.needsTLS:
            self.client.warn(
                .wrongProtocol,
                hint?.adviceOnTLSPort ?? "this port speaks TLS, and what came is plain text"
            )
            self.bytes = ByteBuffer()
            context.close(promise: nil)
        case .http2?: self.speakHTTP2(context)
        case let hint?:
            // A 400 in plain text is what TLS clients understand best: "wrong version number" (OpenSSL), "unrecognized
            // SSL message" (Java). An alert would look like a dispute about certificates.
            if let advice = hint.adviceOnKinesisPort { self.client.warn(.wrongProtocol, advice) }
            self.pass(context)
        case nil: self.pass(context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let secured = event as? ConnectionSecured { self.client.secured(secured) }
        context.fireUserInboundEventTriggered(event)
    }

    /// What came is too short to tell: the next handler decides.
    func channelInactive(context: ChannelHandlerContext) {
        if self.bytes.readableBytes > 0, !self.needsTLS { context.fireChannelRead(self.wrapInboundOut(self.bytes)) }
        context.fireChannelInactive()
    }

    private func pass(_ context: ChannelHandlerContext) {
        let bytes = self.bytes
        self.bytes = ByteBuffer()
        context.fireChannelRead(self.wrapInboundOut(bytes))
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func speakTLS(_ context: ChannelHandlerContext) {
        guard let tls = self.tls.take() else { return }
        self.needsTLS = false
        let bytes = self.bytes
        self.bytes = ByteBuffer()
        do {
            let settings = HandshakeSettings(
                log: self.client.log,
                memory: self.client.memory,
                audit: (self.client.audit, "kinesis", self.client.session.listener)
            ) { $0.adviceOnTLSPort }
            try tls.secure(context.channel, settings)
        } catch {
            context.close(promise: nil)
            return
        }
        context.pipeline.fireChannelRead(bytes)
        context.pipeline.fireChannelReadComplete()
    }

    private func speakHTTP2(_ context: ChannelHandlerContext) {
        do {
            try self.configureHTTP2(context.channel, self)
        } catch {
            context.close(promise: nil)
            return
        }
        // They may leave a little later, and nothing reaches them any more.
        for handler in self.handlers { context.pipeline.syncOperations.removeHandler(handler, promise: nil) }
        self.pass(context)
    }
}
