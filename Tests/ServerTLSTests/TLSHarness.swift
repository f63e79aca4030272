import Glibc
import Logging
import NIOCore
import NIOEmbedded
import NIOSSL
import Serving
import Synchronization
import Testing

@testable import Certificates
@testable import ServerTLS

/// Keeps what is logged.
struct LogLines: LogHandler {
    final class Store: Sendable {
        let lines = Mutex<[String]>([])
        var all: [String] { self.lines.withLock { $0 } }
    }

    let store: Store
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        self.store.lines.withLock { $0.append("\(event.message) \(event.metadata?["reason"]?.description ?? "")") }
    }
}

/// An authority and what it issues, as PEM.
struct TestAuthority {
    let authority: CertificateAuthority

    init() throws { self.authority = try CertificateAuthority.make(now: Self.clock) }

    /// BoringSSL looks at the clock of the machine.
    static var clock: Int { Int(NIODeadline.wallClockSeconds) }

    var pem: String { self.authority.credential.certificatePEM }

    func server(names: [String] = ["localhost"], commonName: String = "server") throws -> Credential {
        try self.authority.issue(names: names, addresses: [], commonName: commonName, now: Self.clock)
    }

    func client(
        _ subject: [(type: String, value: String)] = [("O", "Example"), ("CN", "alice")],
        now: Int = clock,
        days: Int32 = 10
    ) throws -> Credential {
        try self.authority.issueClient(subject: subject, now: now, days: days)
    }

    func settings(_ server: Credential? = nil, clients: TestAuthority? = nil) throws -> TLSSettings {
        let server = try server ?? self.server()
        return TLSSettings(
            certificates: .text(server.certificatePEM),
            key: .text(server.keyPEM),
            authorities: clients.map { .text($0.pem) },
            clientAuthentication: clients == nil ? .none : .required
        )
    }
}

extension NIODeadline {
    fileprivate static var wallClockSeconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }
}

/// A server's and a client's channel whose bytes are handed from one to the other by the test.
final class TLSPair {
    /// Keeps what comes out of TLS.
    final class Recorder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        var secured: [ConnectionSecured] = []
        var received = ""
        var errors: [any Error] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.received += String(buffer: self.unwrapInboundIn(data))
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ConnectionSecured { self.secured.append(event) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { self.errors.append(error) }
    }

    private struct Audit: AuditLog {
        let store: LogLines.Store
        var isEnabled: Bool { true }
        func record(_ event: AuditEvent) {
            let session = event.session
            self.store.lines.withLock {
                $0.append("\(event.kind) \(event.face) \(session?.listener ?? "") \(event.operation) \(event.outcome)")
            }
        }
    }

    let loop = EmbeddedEventLoop()
    let server: EmbeddedChannel
    let client: EmbeddedChannel
    let atServer = Recorder()
    let atClient = Recorder()
    let log = LogLines.Store()
    let audited = LogLines.Store()
    let memory = ConnectionMemory(bytesMax: 64 << 20)

    /// - Parameter configure: `nil`: a client that speaks no TLS.
    init(_ tls: ServerTLS, client configure: ((inout TLSConfiguration) throws -> Void)? = { _ in }) throws {
        self.server = EmbeddedChannel(loop: self.loop)
        self.client = EmbeddedChannel(loop: self.loop)
        try self.server.pipeline.syncOperations.addHandler(self.atServer)
        let store = self.log
        let settings = HandshakeSettings(
            log: ConnectionLog(Logger(label: "test", factory: { _ in LogLines(store: store) }), face: "Kafka"),
            memory: self.memory,
            audit: (Audit(store: self.audited), "kafka", "SSL")
        ) { $0.adviceOnTLSPort }
        try tls.secure(self.server, settings)
        if let configure {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification = .none
            try configure(&configuration)
            let context = try NIOSSLContext(configuration: configuration)
            let handler = try NIOSSLClientHandler(context: context, serverHostname: "localhost")
            try self.client.pipeline.syncOperations.addHandler(handler)
        }
        try self.client.pipeline.syncOperations.addHandler(self.atClient)
        self.server.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        self.client.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 2), promise: nil)
    }

    /// Hands over bytes until neither side has any.
    func exchange() {
        var moved = true
        while moved {
            moved = false
            self.loop.run()
            while let bytes = try? self.client.readOutbound(as: ByteBuffer.self) {
                moved = true
                _ = try? self.server.writeInbound(bytes)
            }
            while let bytes = try? self.server.readOutbound(as: ByteBuffer.self) {
                moved = true
                _ = try? self.client.writeInbound(bytes)
            }
        }
    }

    func send(_ text: String) {
        self.client.writeAndFlush(ByteBuffer(string: text), promise: nil)
        self.exchange()
    }

    /// What the log has of this connection.
    var lines: [String] { self.log.all }
}

extension TLSConfiguration {
    /// Shows a client's certificate.
    mutating func identify(as credential: Credential) throws {
        self.certificateChain = [.certificate(try NIOSSLCertificate(bytes: credential.certificate, format: .der))]
        self.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: credential.key, format: .der))
    }
}
