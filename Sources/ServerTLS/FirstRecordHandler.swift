internal import NIOCore
internal import Serving

/// Looks at what comes in before TLS does, until the handshake is done: a client that speaks another protocol is closed
/// before anything is answered, and no handshake is larger than it can be.
final class FirstRecordHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    /// Certificates of a client, which BoringSSL bounds at 100 KB, and the messages around them.
    static let handshakeBytesMax = 256 << 10
    /// The type of a record that carries the handshake.
    private static let handshakeRecord: UInt8 = 22

    private let handshake: HandshakeHandler
    private let settings: HandshakeSettings
    private(set) var receivedBytes = 0

    init(_ handshake: HandshakeHandler, _ settings: HandshakeSettings) {
        self.handshake = handshake
        self.settings = settings
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.handshake.state {
        case .handshaking: break
        case .secured:
            context.fireChannelRead(data)
            return
        case .refused: return
        }
        let bytes = self.unwrapInboundIn(data)
        let isFirst = self.receivedBytes == 0
        self.receivedBytes += bytes.readableBytes
        if isFirst, let first = bytes.readableBytesView.first, first != Self.handshakeRecord {
            let hint = ProtocolHint(firstBytes: bytes.readableBytesView)
            let advice = hint.flatMap(self.settings.advice) ?? "this port speaks TLS, and what came is plain text"
            self.handshake.refuse(.wrongProtocol, because: advice)
            context.close(promise: nil)
        } else if self.receivedBytes > Self.handshakeBytesMax {
            self.handshake.refuse(
                .handshake,
                because: "more than \(Self.handshakeBytesMax) bytes came before the handshake was done"
            )
            context.close(promise: nil)
        } else {
            context.fireChannelRead(data)
        }
    }
}
