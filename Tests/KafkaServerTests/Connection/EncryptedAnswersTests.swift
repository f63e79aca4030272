import KafkaProtocol
import Model
import NIOCore
import NIOEmbedded
import ServerTLS
import Serving
import Testing

@testable import KafkaServer

/// What a Kafka connection does behind TLS: its session, and answers that leave at the pace of the client.
@Suite struct EncryptedAnswersTests {
    @Test func `the session is that of the handshake from then on`() async throws {
        try await ConnectionHarness.withConnection { harness in
            let connection = try #require(harness.connection)
            #expect(connection.session?.tls == nil && connection.session?.principal == .anonymous)
            harness.channel.pipeline.fireUserInboundEventTriggered(
                ConnectionSecured(
                    tls: TLSSession(version: "TLSv1.3", peerName: "CN=alice"),
                    principal: Principal(name: "alice")
                )
            )
            #expect(connection.session?.tls?.peerName == "CN=alice")
            #expect(connection.session?.principal.description == "User:alice")
            #expect(connection.session?.remote.host == "127.0.0.1" && connection.session?.listener == "Kafka")
        }
    }

    @Test func `answers are given to TLS in pieces, as far as the client takes them, and in order`() async throws {
        try await ConnectionHarness.withConnection(isEncrypted: true) { harness in
            let connection = try #require(harness.connection)
            // 1 MB in parts, none of which may be cut wrongly.
            let parts = (0..<10).map { ByteBuffer(repeating: UInt8($0), count: 100_000) }
            harness.channel.isWritable = false
            for part in parts { connection.paced.append(part) }
            connection.writePaced()
            #expect(try harness.channel.readOutbound(as: ByteBuffer.self) == nil)
            #expect(connection.unsentBytes(harness.channel) >= 1_000_000)
            harness.channel.isWritable = true
            harness.channel.pipeline.fireChannelWritabilityChanged()
            var written = ByteBuffer()
            while var piece = try harness.channel.readOutbound(as: ByteBuffer.self) {
                #expect(piece.readableBytes <= ServerTLS.writeBytesMax)
                written.writeBuffer(&piece)
            }
            #expect(written == parts.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) })
            let isEmpty = connection.paced.isEmpty
            #expect(isEmpty)
        }
    }

    @Test func `a connection that ends first sends what waits`() async throws {
        try await ConnectionHarness.withConnection(isEncrypted: true) { harness in
            let connection = try #require(harness.connection)
            harness.channel.isWritable = false
            connection.paced.append(ByteBuffer(string: "the last answer"))
            connection.writePaced()
            harness.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            #expect(harness.channel.isActive && connection.closesWhenPaced)
            harness.channel.isWritable = true
            harness.channel.pipeline.fireChannelWritabilityChanged()
            let last = try #require(try harness.channel.readOutbound(as: ByteBuffer.self))
            #expect(String(buffer: last) == "the last answer")
            #expect(!harness.channel.isActive)
        }
    }

    @Test func `requests are answered`() async throws {
        try await ConnectionHarness.withConnection(isEncrypted: true) { harness in
            try harness.send(ApiVersionsRequest(), version: 0)
            let answer = try #require(try harness.receive(ApiVersionsResponse.self, version: 0))
            #expect(answer.response.errorCode == .none)
        }
    }
}
