internal import Certificates
internal import Model
internal import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import Serving

/// Watches a handshake from behind the TLS handler: its deadline, its memory, its outcome. Leaves the pipeline when it
/// is done.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    enum State {
        case handshaking
        case secured
        /// Nothing more of the client is looked at.
        case refused
    }

    /// Counted until it is done: the messages of both sides, and BoringSSL's state for them.
    private static let handshakeBytes = 32 << 10

    private let ssl: NIOSSLServerHandler
    private let tls: TLSSettings
    private let settings: HandshakeSettings
    private var timer: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    private var heldBytes = 0
    private(set) var state = State.handshaking
    /// In front of the TLS handler.
    var records: FirstRecordHandler?

    init(_ ssl: NIOSSLServerHandler, _ tls: TLSSettings, _ settings: HandshakeSettings) {
        self.ssl = ssl
        self.tls = tls
        self.settings = settings
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.hold(Self.handshakeBytes)
        self.timer = context.eventLoop.assumeIsolated().scheduleTask(in: self.settings.patience) {
            self.refuse(
                .handshake,
                because: "it was not done within \(self.settings.patience.nanoseconds / 1_000_000) ms"
            )
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent, self.state == .handshaking else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        do throws(ServerTLSFailure) {
            let secured = try self.secured()
            self.end(.secured)
            context.fireUserInboundEventTriggered(secured)
            // For those who ask what ALPN chose.
            context.fireUserInboundEventTriggered(event)
            let pipeline = context.pipeline.syncOperations
            if let records = self.records.take() { pipeline.removeHandler(records, promise: nil) }
            pipeline.removeHandler(context: context, promise: nil)
        } catch {
            self.refuse(.handshake, because: error.description)
            context.close(promise: nil)
        }
    }

    /// Whom the client has proved to be.
    private func secured() throws(ServerTLSFailure) -> ConnectionSecured {
        let version =
            switch self.ssl.tlsVersion {
            case .tlsv13?: "TLSv1.3"
            case .tlsv12?: "TLSv1.2"
            default: "unknown"
            }
        guard let certificate = self.ssl.peerCertificate, let encoded = try? certificate.toDERBytes() else {
            return ConnectionSecured(tls: TLSSession(version: version), principal: .anonymous)
        }
        let name: String
        do throws(CertificateFailure) {
            name = try CertificateSubject(certificate: encoded).name
        } catch {
            throw ServerTLSFailure("the client's certificate: \(error)")
        }
        // They are written to logs, and an authority that vouches for such a name is not to be believed.
        guard !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
            throw ServerTLSFailure("the name in the client's certificate has control characters")
        }
        guard let principal = self.tls.principals.principal(of: name), !principal.isEmpty else {
            throw ServerTLSFailure(
                "no rule of ssl.principal.mapping.rules matches the name in the client's certificate, \(name.prefix(200))"
            )
        }
        return ConnectionSecured(
            tls: TLSSession(version: version, peerName: name),
            principal: Principal(name: principal)
        )
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What a client that was refused sends while the connection ends reaches nobody.
        if self.state == .secured { context.fireChannelRead(data) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard self.state == .handshaking else {
            if self.state == .secured { context.fireErrorCaught(error) }
            return
        }
        // A check whether the port is open sends nothing: nobody is to be told.
        if self.records?.receivedBytes == 0 {
            self.end(.refused)
        } else {
            self.refuse(.handshake, because: HandshakeFailure(explaining: error).description)
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(.refused)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.end(.refused)
        self.context = nil
        self.records = nil
    }

    /// The client is not let in; said once.
    func refuse(_ kind: ConnectionLog.Kind, because reason: String) {
        guard self.state == .handshaking, let context else { return }
        self.settings.log.warn(
            kind,
            reason,
            client: context.channel.remoteAddress?.ipAddress ?? "",
            on: context.eventLoop
        )
        self.noteRefusal(reason, context.channel)
        self.end(.refused)
    }

    private func noteRefusal(_ reason: String, _ channel: any Channel) {
        guard let audit = self.settings.audit, audit.log.isEnabled else { return }
        audit.log.record(
            AuditEvent(
                .authentication,
                session: Session(listener: audit.listener, of: channel),
                face: audit.face,
                operation: "TLS handshake",
                outcome: .refused,
                reason: reason
            )
        )
    }

    private func end(_ state: State) {
        guard self.state == .handshaking else { return }
        self.state = state
        self.timer?.cancel()
        self.timer = nil
        self.hold(0)
    }

    private func hold(_ bytes: Int) {
        self.settings.memory?.changeRequests(by: bytes - self.heldBytes)
        self.heldBytes = bytes
    }
}
