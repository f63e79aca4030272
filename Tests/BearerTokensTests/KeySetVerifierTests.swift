import Authentication
import Foundation
import JWTKit
import Logging
import Testing

@testable import BearerTokens

@Suite struct KeySetVerifierTests {
    private struct Payload: JWTPayload {
        var sub = "alice"
        var exp = 1_700_000_600
        var iat = 1_699_999_000
        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    private static let now: Int64 = 1_700_000_000_000
    private let key = ES256PrivateKey()
    private let other = ES256PrivateKey()

    /// A set of the public parts, as a server publishes it.
    private func set(_ keys: [(id: String?, key: ES256PrivateKey, more: String)]) -> String {
        let texts = keys.map { id, key, more in
            guard let parameters = key.parameters else { return "" }
            let name = id.map { #""kid":"\#($0)","# } ?? ""
            return #"{"kty":"EC","crv":"P-256",\#(name)\#(more)"x":"\#(parameters.x)","y":"\#(parameters.y)"}"#
        }
        return
            #"{"keys":[{"kty":"oct","k":"AAAA","kid":"sym"},{"kty":"Future","kid":"f"},\#(texts.joined(separator: ","))]}"#
    }

    private func token(
        _ key: ES256PrivateKey,
        kid: String?,
        payload: Payload = Payload()
    ) async throws -> String {
        let collection = JWTKeyCollection()
        await collection.add(ecdsa: key, kid: kid.map { JWKIdentifier(string: $0) })
        return try await collection.sign(payload, kid: kid.map { JWKIdentifier(string: $0) })
    }

    private func verifier(_ json: String, _ rules: BearerRules = BearerRules()) async throws -> KeySetVerifier {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("keys-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(json.utf8).write(to: file)
        let verifier = KeySetVerifier(
            .init(
                source: .file(path: file.path),
                rules: rules,
                refreshMilliseconds: 3_600_000,
                retryMilliseconds: 100,
                retryMillisecondsMax: 1000
            ),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await verifier.load()
        return verifier
    }

    private func refusal(_ result: Result<VerifiedBearer, BearerRefusal>) -> String? {
        if case .failure(let refusal) = result { return refusal.reason }
        return nil
    }

    @Test func `a token of a key of the set is verified`() async throws {
        let verifier = try await self.verifier(self.set([("a", self.other, ""), ("b", self.key, "")]))
        let token = try await self.token(self.key, kid: "b")
        #expect(
            await verifier.verify(token, now: Self.now)
                == .success(VerifiedBearer(user: "alice", expiresAt: 1_700_000_600_000))
        )
    }

    @Test func `a token of another key is refused under every ID`() async throws {
        let verifier = try await self.verifier(self.set([("a", self.key, "")]))
        for kid in ["a", "b", nil] {
            let token = try await self.token(self.other, kid: kid)
            #expect(self.refusal(await verifier.verify(token, now: Self.now)) != nil, "\(kid ?? "none")")
        }
        // Also the right key under a name that the set does not have: the first key is not a default.
        let unknown = try await self.token(self.key, kid: "b")
        #expect(self.refusal(await verifier.verify(unknown, now: Self.now)) != nil)
    }

    @Test func `a token without a key ID needs a set without a choice`() async throws {
        let token = try await self.token(self.key, kid: nil)
        let one = try await self.verifier(self.set([("a", self.key, "")]))
        #expect(self.refusal(await one.verify(token, now: Self.now)) == nil)
        let two = try await self.verifier(self.set([("a", self.key, ""), ("b", self.other, "")]))
        #expect(self.refusal(await two.verify(token, now: Self.now)) != nil)
    }

    @Test func `a changed token and one without a signature are refused`() async throws {
        let verifier = try await self.verifier(self.set([("a", self.key, "")]))
        let token = try await self.token(self.key, kid: "a")
        let parts = token.split(separator: ".").map(String.init)
        func encoded(_ json: String) -> String {
            Data(json.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
                .replacing("=", with: "")
        }
        let none = encoded(#"{"alg":"none","kid":"a"}"#)
        let upper = encoded(#"{"alg":"NONE","kid":"a"}"#)
        let symmetric = encoded(#"{"alg":"HS256","kid":"a"}"#)
        let rsa = encoded(#"{"alg":"RS256","kid":"a"}"#)
        let critical = encoded(#"{"alg":"ES256","kid":"a","crit":["exp"]}"#)
        let mallory = encoded(#"{"sub":"mallory","exp":1700000600,"iat":1}"#)
        let wrong = [
            "", ".", "..", "a.b", "\(parts[0]).\(parts[1])", "\(parts[0]).\(parts[1]).", "\(none).\(parts[1]).",
            "\(none).\(parts[1]).\(parts[2])", "\(upper).\(parts[1]).\(parts[2])",
            "\(symmetric).\(parts[1]).\(parts[2])",
            "\(rsa).\(parts[1]).\(parts[2])", "\(critical).\(parts[1]).\(parts[2])",
            "\(parts[0]).\(mallory).\(parts[2])",
            "\(token).x", "\(parts[0]).\(parts[1]).\(parts[2])=", "é.é.é", String(repeating: "a", count: 100_000),
        ]
        for token in wrong { #expect(self.refusal(await verifier.verify(token, now: Self.now)) != nil, "\(token)") }
    }

    @Test func `claims are judged by the rules`() async throws {
        var rules = BearerRules()
        rules.issuer = "https://issuer"
        let verifier = try await self.verifier(self.set([("a", self.key, "")]), rules)
        let token = try await self.token(self.key, kid: "a")
        #expect(self.refusal(await verifier.verify(token, now: Self.now))?.contains("issuer") == true)
        let open = try await self.verifier(self.set([("a", self.key, "")]))
        #expect(self.refusal(await open.verify(token, now: Self.now + 700_000)) == "the token is expired")
    }

    @Test func `keys that are not for signatures or are private are left out`() async throws {
        for more in [#""use":"enc","#, #""d":"AAAA","#, #""alg":"RS256","#] {
            await #expect(throws: BearerRefusal.self, "\(more)") {
                try await self.verifier(self.set([("a", self.key, more)]))
            }
        }
        _ = try await self.verifier(self.set([("a", self.key, #""use":"sig","alg":"ES256","#)]))
    }

    @Test func `short RSA keys are left out`() async throws {
        let modulus = String(repeating: "A", count: 170) + "AQ"
        let json = #"{"keys":[{"kty":"RSA","kid":"a","n":"\#(modulus)","e":"AQAB"}]}"#
        await #expect(throws: BearerRefusal.self) { try await self.verifier(json) }
    }

    @Test(arguments: ["", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[]}"#, #"{"keys":[1]}"#, "\u{0}"])
    func `what is not a key set is refused`(_ json: String) async {
        await #expect(throws: BearerRefusal.self) { try await self.verifier(json) }
    }

    @Test(arguments: ["", "http://localhost/keys", "ftp://x/y", "keys.json", "https:///keys"])
    func `keys come from a file or over TLS only`(_ url: String) {
        #expect(throws: BearerRefusal.self) { try KeySetSource(url: url, authorities: nil) }
    }
}
