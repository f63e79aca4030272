import KinesisProtocol
import LogCore
import Model
import NIOHTTP1
import Serving
import Synchronization
import Testing

/// Requests to a port that has access keys.
@Suite struct AuthenticationTests {
    private static let keys = RequestSigner.Keys(accessKeyID: "123456789012", secretAccessKey: "secret")

    private final class PrincipalGate: Gate {
        let seen = Mutex<[String]>([])
        func decide(_ request: GateRequest) -> GateDecision {
            self.seen.withLock { $0.append("\(request.session.principal)") }
            return .permit
        }
    }

    private func request(
        _ operation: String,
        _ body: String,
        signedBy keys: RequestSigner.Keys = Self.keys,
        signing signed: String? = nil,
        at now: Timestamp
    ) -> String {
        var signer = RequestSigner(keys: keys, region: "eu-west-1")
        let headers = [
            (name: "Host", value: "localhost"), (name: "Content-Type", value: "application/x-amz-json-1.1"),
            (name: "X-Amz-Target", value: "Kinesis_20131202.\(operation)"),
        ]
        let digest = Array((signed ?? body).utf8).withUnsafeBytes { SHA256Digest.hex($0) }
        let added = signer.sign(headers: headers, bodyDigest: digest, at: now)
        let lines = (headers + added).map { "\($0.name): \($0.value)" } + ["Content-Length: \(body.utf8.count)"]
        return "POST / HTTP/1.1\r\n" + lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    private func exchange(_ harness: Harness, _ request: String) throws -> String {
        let reply = try #require(Harness.parse(try harness.exchange(request)).first)
        #expect(reply.headers.first(name: "content-type") == "application/x-amz-json-1.1")
        return reply.status == 200 ? "ok" : "\(reply.status) \(try JSON(reply.body)["__type"].text)"
    }

    @Test func `a signed request is carried out, and the gate sees by whom`() throws {
        let gate = PrincipalGate()
        let harness = try Harness(gate: gate, verifier: SignatureVerifier(keys: [Self.keys]))
        let now = harness.backend.now()
        for _ in 0..<2 { #expect(try self.exchange(harness, self.request("ListStreams", "{}", at: now)) == "ok") }
        #expect(gate.seen.withLock { $0 } == ["User:123456789012", "User:123456789012"])
    }

    @Test func `a request that is not signed rightly is refused before anything else`() throws {
        let gate = PrincipalGate()
        let harness = try Harness(gate: gate, verifier: SignatureVerifier(keys: [Self.keys]))
        try harness.createStream("s")
        let now = harness.backend.now()
        let put = #"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#
        var other = Self.keys
        other.secretAccessKey = "other"
        let wrongSecret = self.request("PutRecord", put, signedBy: other, at: now)
        #expect(try self.exchange(harness, wrongSecret) == "400 InvalidSignatureException")
        let otherBody = self.request("PutRecord", put, signing: put + " ", at: now)
        #expect(try self.exchange(harness, otherBody) == "400 InvalidSignatureException")
        let unknown = RequestSigner.Keys(accessKeyID: "x", secretAccessKey: "secret")
        let unknownKey = self.request("PutRecord", put, signedBy: unknown, at: now)
        #expect(try self.exchange(harness, unknownKey) == "400 UnrecognizedClientException")
        let old = self.request("PutRecord", put, at: now - 1_000_000)
        #expect(try self.exchange(harness, old) == "400 InvalidSignatureException")
        #expect(try self.exchange(harness, Harness.request("PutRecord", put)) == "400 InvalidSignatureException")
        #expect(gate.seen.withLock { $0.isEmpty })
        #expect(harness.backend.log("s")?.offsets.logEnd == 0)
        let right = self.request("PutRecord", put, at: now)
        #expect(try self.exchange(harness, right) == "ok", "the connection is as good as before")
        #expect(!harness.warnings.contains { $0.contains("secret") })
    }

    @Test func `a preflight request needs no signature`() throws {
        let harness = try Harness(verifier: SignatureVerifier(keys: [Self.keys]))
        let answer = try harness.exchange("OPTIONS / HTTP/1.1\r\nHost: h\r\nOrigin: http://x\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 "))
    }
}
