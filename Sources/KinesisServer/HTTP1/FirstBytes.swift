internal import NIOCore
internal import Serving

/// Looks at the first bytes of a connection, then leaves the pipeline: they tell which protocol the client speaks.
///
/// HTTP/1.1 goes on to the next handler. A client that speaks another protocol is told so in that protocol as far as
/// that is possible, and the log says what helps.
final class FirstBytes: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// So many bytes tell every protocol that is known.
    private static let bytesWanted = 6

    private let client: ClientContext
    private var bytes = ByteBuffer()

    init(client: ClientContext) { self.client = client }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = self.unwrapInboundIn(data)
        if self.bytes.readableBytes == 0 { self.bytes = more } else { self.bytes.writeBuffer(&more) }
        let view = self.bytes.readableBytesView
        // Nearly always the first letter of POST; of the other protocols only HTTP/2 begins with a letter.
        let isLetter = view.first.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") } ?? false
        let wanted = view.first == UInt8(ascii: "P") ? 4 : isLetter ? 1 : Self.bytesWanted
        guard view.count >= wanted else { return }
        if let hint = ProtocolHint(firstBytes: view), let advice = hint.adviceOnKinesisPort {
            self.client.warn(.wrongProtocol, advice)
            if let farewell = Self.farewell(hint) {
                self.bytes = ByteBuffer()
                context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: farewell)), promise: nil)
                context.close(promise: nil)
                return
            }
        }
        self.pass(context)
    }

    /// What came is too short to tell: the next handler decides.
    func channelInactive(context: ChannelHandlerContext) {
        if self.bytes.readableBytes > 0 { context.fireChannelRead(self.wrapInboundOut(self.bytes)) }
        context.fireChannelInactive()
    }

    private func pass(_ context: ChannelHandlerContext) {
        let bytes = self.bytes
        self.bytes = ByteBuffer()
        context.fireChannelRead(self.wrapInboundOut(bytes))
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    /// How the protocol says that there is nobody here who speaks it; `nil` where a plain 400 will do.
    private static func farewell(_ hint: ProtocolHint) -> [UInt8]? {
        switch hint {
        case .http2:
            // Frames SETTINGS and GOAWAY with the error HTTP_1_1_REQUIRED.
            [0, 0, 0, 4, 0, 0, 0, 0, 0] + [0, 0, 8, 7, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 0x0D]
        case .tls:
            // A 400 in plain text is what TLS clients understand best: "wrong version number" (OpenSSL), "unrecognized
            // SSL message" (Java). An alert would look like a dispute about certificates.
            nil
        case .http, .kafka: nil
        }
    }
}
