import Testing
import Text

@testable import KinesisProtocol

/// The vectors are AWS's own, published in the Signature Version 4 documentation and its test suite.
@Suite struct RequestSignerTests {
    private static let keys = RequestSigner.Keys(
        accessKeyID: "AKIDEXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    )
    /// 2015-08-30 12:36:00 UTC.
    private static let moment: Int64 = 1_440_938_160_000
    private static let emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test func `the signing key is the one of the documentation`() {
        let key = SignatureVersion4.signingKey(
            secret: Self.keys.secretAccessKey,
            day: "20150830",
            region: "us-east-1",
            service: "iam"
        )
        #expect(Hex.text(key) == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9")
    }

    @Test(arguments: [
        ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ])
    func `get-vanilla and post-vanilla have the published signatures`(method: String, signature: String) {
        var signer = RequestSigner(keys: Self.keys, region: "us-east-1", service: "service")
        let added = signer.sign(
            method: method,
            headers: [("Host", "example.amazonaws.com")],
            bodyDigest: Self.emptyDigest,
            at: Self.moment
        )
        #expect(added.map(\.name) == ["X-Amz-Date", "Authorization"])
        #expect(added[0].value == "20150830T123600Z")
        #expect(
            added[1].value == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=host;x-amz-date, Signature=\(signature)"
        )
    }

    @Test func `post-x-www-form-urlencoded has the published signature`() {
        let body = Array("Param1=value1".utf8)
        let digest = body.withUnsafeBytes { SHA256Digest.hex($0) }
        var signer = RequestSigner(keys: Self.keys, region: "us-east-1", service: "service")
        let added = signer.sign(
            headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Host", "example.amazonaws.com")],
            bodyDigest: digest,
            at: Self.moment
        )
        let expected = "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        #expect(added.last?.value.hasSuffix("Signature=\(expected)") == true)
    }

    @Test func `a session token is sent and signed`() {
        var keys = Self.keys
        keys.sessionToken = "token"
        var signer = RequestSigner(keys: keys, region: "us-east-1")
        let added = signer.sign(headers: [("Host", "h")], bodyDigest: Self.emptyDigest, at: Self.moment)
        #expect(added.contains { $0 == ("X-Amz-Security-Token", "token") })
        #expect(added.last?.value.contains("SignedHeaders=host;x-amz-date;x-amz-security-token,") == true)
    }

    @Test func `the key is renewed with the day`() {
        var kept = RequestSigner(keys: Self.keys, region: "us-east-1")
        let day: Int64 = 86_400_000
        _ = kept.sign(headers: [("Host", "h")], bodyDigest: Self.emptyDigest, at: Self.moment)
        var fresh = RequestSigner(keys: Self.keys, region: "us-east-1")
        let next = kept.sign(headers: [("Host", "h")], bodyDigest: Self.emptyDigest, at: Self.moment + day)
        let expected = fresh.sign(headers: [("Host", "h")], bodyDigest: Self.emptyDigest, at: Self.moment + day)
        #expect(next.map(\.value) == expected.map(\.value))
    }

    @Test func `credentials come from the environment, else they are dummies`() {
        func signature(_ environment: [String: String]) -> String {
            var signer = RequestSigner.fromEnvironment { environment[$0] }
            return signer.sign(headers: [("Host", "h")], bodyDigest: Self.emptyDigest, at: Self.moment).last?.value
                ?? ""
        }
        #expect(signature([:]).contains("Credential=millrace/20150830/us-east-1/kinesis/"))
        let named = ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"]
        #expect(signature(named).contains("Credential=A/20150830/eu-west-1/kinesis/"))
    }
}
