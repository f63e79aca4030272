import Model
import NIOCore
import NIOEmbedded
import NIOSSL
import Serving
import Testing

@testable import Certificates
@testable import ServerTLS

@Suite struct HandshakeTests {
    private let authority: TestAuthority

    init() throws { self.authority = try TestAuthority() }

    private func tls(_ change: (inout TLSSettings) throws -> Void = { _ in }) throws -> ServerTLS {
        var settings = try self.authority.settings()
        try change(&settings)
        return try ServerTLS(settings, name: "the listener SSL")
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `both versions are spoken, and what is sent comes out`(version: TLSVersion) throws {
        let pair = try TLSPair(try self.tls()) {
            $0.minimumTLSVersion = version
            $0.maximumTLSVersion = version
        }
        #expect(pair.memory.heldBytes > 0)
        pair.exchange()
        let secured = try #require(pair.atServer.secured.first)
        #expect(secured.tls == TLSSession(version: version == .tlsv12 ? "TLSv1.2" : "TLSv1.3"))
        #expect(secured.principal == .anonymous)
        #expect(pair.memory.heldBytes == 0)
        pair.send("hello")
        #expect(pair.atServer.received == "hello")
        // The TLS handler and the recorder are left.
        #expect(throws: ChannelPipelineError.self) {
            try pair.server.pipeline.syncOperations.handler(type: HandshakeHandler.self)
        }
        #expect(throws: ChannelPipelineError.self) {
            try pair.server.pipeline.syncOperations.handler(type: FirstRecordHandler.self)
        }
        #expect(pair.lines.isEmpty)
    }

    @Test(arguments: [TLSVersion.tlsv1, .tlsv11])
    func `older versions are refused`(version: TLSVersion) throws {
        let pair = try TLSPair(try self.tls()) {
            $0.minimumTLSVersion = version
            $0.maximumTLSVersion = version
        }
        pair.exchange()
        #expect(pair.atServer.secured.isEmpty && !pair.server.isActive)
        #expect(pair.lines.count == 1 && pair.lines[0].contains("ssl.enabled.protocols"), "\(pair.lines)")
    }

    @Test func `a listener of one version speaks no other`() throws {
        let pair = try TLSPair(try self.tls { $0.versions = [.tls13] }) { $0.maximumTLSVersion = .tlsv12 }
        pair.exchange()
        #expect(pair.atServer.secured.isEmpty && !pair.server.isActive)
    }

    @Test func `suites are those of the property`() throws {
        let tls = try self.tls { $0.cipherSuites = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"] }
        let pair = try TLSPair(tls)
        pair.exchange()
        #expect(pair.atServer.secured.first?.tls.version == "TLSv1.2", "no suite of TLS 1.3 is left")
        let other = try TLSPair(tls) { $0.cipherSuiteValues = [.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] }
        other.exchange()
        #expect(other.atServer.secured.isEmpty)
        #expect(other.lines.first?.contains("no cipher suite in common") == true, "\(other.lines)")
    }

    // MARK: Certificates of clients

    private func mutual(_ change: (inout TLSSettings) throws -> Void = { _ in }) throws -> ServerTLS {
        try self.tls {
            $0.authorities = .text(self.authority.pem)
            $0.clientAuthentication = .required
            try change(&$0)
        }
    }

    @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
    func `a client is known by its certificate`(version: TLSVersion) throws {
        let tls = try self.mutual { $0.principals = try PrincipalMapping("RULE:^CN=(.*?),.*$/$1/U") }
        let client = try self.authority.client()
        let pair = try TLSPair(tls) {
            $0.maximumTLSVersion = version
            try $0.identify(as: client)
        }
        pair.exchange()
        let secured = try #require(pair.atServer.secured.first)
        #expect(secured.tls.peerName == "CN=alice,O=Example")
        #expect(secured.principal == Principal(name: "ALICE"))
    }

    @Test func `a client without a certificate is refused, where one is required`() throws {
        let pair = try TLSPair(try self.mutual())
        pair.exchange()
        #expect(pair.atServer.secured.isEmpty && !pair.server.isActive)
        #expect(pair.lines.count == 1 && pair.lines[0].contains("shows no certificate"), "\(pair.lines)")
        #expect(pair.audited.all == ["authentication kafka SSL TLS handshake refused"])
    }

    @Test func `a certificate that is only requested may be missing, not wrong`() throws {
        let tls = try self.mutual { $0.clientAuthentication = .requested }
        let without = try TLSPair(tls)
        without.exchange()
        #expect(without.atServer.secured.first?.principal == .anonymous)
        let other = try TestAuthority().client()
        let wrong = try TLSPair(tls) { try $0.identify(as: other) }
        wrong.exchange()
        #expect(wrong.atServer.secured.isEmpty && !wrong.server.isActive)
    }

    enum Wrong: CaseIterable {
        case otherAuthority
        case expired
        case notYet
        case ofServer
    }

    @Test(arguments: Wrong.allCases)
    func `certificates that are not good are refused`(wrong: Wrong) throws {
        let credential =
            switch wrong {
            case .otherAuthority: try TestAuthority().client()
            case .expired: try self.authority.client(now: TestAuthority.clock - 20 * 86_400)
            case .notYet: try self.authority.client(now: TestAuthority.clock + 2 * 86_400)
            case .ofServer: try self.authority.server()
            }
        let pair = try TLSPair(try self.mutual()) { try $0.identify(as: credential) }
        pair.exchange()
        pair.send("early")
        #expect(pair.atServer.secured.isEmpty && pair.atServer.received.isEmpty && !pair.server.isActive)
        #expect(pair.lines.count == 1 && pair.lines[0].contains("the client's certificate is refused"), "\(pair.lines)")
    }

    @Test func `a name that no rule matches is refused, and what the client has sent already reaches nobody`() throws {
        let tls = try self.mutual { $0.principals = try PrincipalMapping("RULE:^CN=bob$/bob/") }
        let client = try self.authority.client()
        let pair = try TLSPair(tls) { try $0.identify(as: client) }
        // Before the handshake is done, so that it comes with its last message.
        pair.client.writeAndFlush(ByteBuffer(string: "early"), promise: nil)
        pair.exchange()
        pair.send("late")
        #expect(pair.atServer.secured.isEmpty && pair.atServer.received.isEmpty)
        #expect(pair.lines.count == 1 && pair.lines[0].contains("CN=alice,O=Example"), "\(pair.lines)")
        pair.loop.advanceTime(by: .seconds(3))
        #expect(!pair.server.isActive)
    }

    @Test func `a name with a line break is refused, and does not reach the log`() throws {
        let client = try self.authority.client([("CN", "alice\n2026 ERROR all is lost")])
        let pair = try TLSPair(try self.mutual()) { try $0.identify(as: client) }
        pair.exchange()
        #expect(pair.atServer.secured.isEmpty)
        #expect(pair.lines.count == 1 && !pair.lines[0].contains("lost"), "\(pair.lines)")
    }

    // MARK: Clients that do not mean TLS, or never get done

    @Test(
        arguments: [
            (Array("GET / HTTP/1.1\r\n".utf8), "this is plain HTTP"),
            ([0, 0, 0, 30, 0, 18, 0, 3], "the Kafka protocol"),
            ([0x80, 0x2e, 1, 3, 1], "plain text"), ([1], "plain text"),
        ] as [([UInt8], String)]
    )
    func `plain text is closed without an answer`(bytes: [UInt8], advice: String) throws {
        let pair = try TLSPair(try self.tls(), client: nil)
        pair.client.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        pair.exchange()
        #expect(!pair.server.isActive && pair.atClient.received.isEmpty && pair.atServer.received.isEmpty)
        #expect(pair.lines.count == 1 && pair.lines[0].contains(advice), "\(pair.lines)")
        #expect(pair.memory.heldBytes == 0)
    }

    @Test func `a handshake has a deadline`() throws {
        let pair = try TLSPair(try self.tls(), client: nil)
        // A record of a handshake that never comes whole.
        pair.client.writeAndFlush(ByteBuffer(bytes: [22, 3, 1, 2, 0, 1]), promise: nil)
        pair.exchange()
        pair.loop.advanceTime(by: .milliseconds(9_999))
        #expect(pair.server.isActive && pair.memory.heldBytes > 0)
        pair.loop.advanceTime(by: .milliseconds(1))
        pair.loop.advanceTime(by: .seconds(3))
        #expect(!pair.server.isActive && pair.memory.heldBytes == 0)
        #expect(pair.lines.count == 1 && pair.lines[0].contains("10000 ms"), "\(pair.lines)")
    }

    @Test func `a check whether the port is open leaves no line`() throws {
        let pair = try TLSPair(try self.tls(), client: nil)
        pair.server.close(promise: nil)
        pair.exchange()
        #expect(pair.lines.isEmpty && pair.memory.heldBytes == 0)
    }

    @Test func `a client that ends in the middle is said to`() throws {
        let pair = try TLSPair(try self.tls())
        let hello = try #require(try pair.client.readOutbound(as: ByteBuffer.self))
        try pair.server.writeInbound(hello)
        pair.server.pipeline.fireChannelInactive()
        #expect(
            pair.lines.count == 1 && pair.lines[0].contains("do not trust this server's certificate"),
            "\(pair.lines)"
        )
    }

    @Test(
        arguments: [
            // Handshake records without content; a record of another type; one that is longer than any may be.
            [UInt8](repeating: 0, count: 64 * 5).enumerated().map { [22, 3, 3, 0, 0][$0.offset % 5] },
            [22, 3, 3, 0, 4, 99, 0xff, 0xff, 0xff], [22, 3, 3, 0xff, 0xff] + [UInt8](repeating: 1, count: 100),
            [22, 3, 3, 0, 2, 1, 0] + [21, 3, 3, 0, 2, 1, 0], [22, 3, 3, 0x40, 0, 1, 0x7f, 0xff, 0xff],
        ] as [[UInt8]]
    )
    func `records that break the protocol end the connection`(bytes: [UInt8]) throws {
        let pair = try TLSPair(try self.tls(), client: nil)
        pair.client.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        pair.exchange()
        pair.loop.advanceTime(by: .seconds(13))
        #expect(!pair.server.isActive && pair.atServer.received.isEmpty && pair.memory.heldBytes == 0)
        #expect(pair.lines.count == 1, "\(pair.lines)")
    }
}
