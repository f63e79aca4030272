import Model
import Testing
import Text

@testable import KinesisProtocol

/// The vectors are AWS's own, of the published test suite of Signature Version 4.
@Suite struct SignatureVerifierTests {
    private static let keys = RequestSigner.Keys(
        accessKeyID: "AKIDEXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    )
    /// 2015-08-30 12:36:00 UTC.
    private static let moment: Timestamp = 1_440_938_160_000
    private static let emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    private static let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"

    struct Vector: Sendable {
        var target = "/"
        var headers: [(name: String, value: String)] = []
        /// Names of the signed headers beside `host` and `x-amz-date`, as they sort between or behind them.
        var names = "host;x-amz-date"
        var signature: String
        var sessionToken: String?
    }

    private static let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let vectors = [
        Vector(signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(
            headers: [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
            names: "host;my-header1;x-amz-date",
            signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"
        ),
        Vector(
            headers: [
                ("My-Header1", "value4"), ("My-Header1", "value1"), ("My-Header1", "value3"), ("My-Header1", "value2"),
            ],
            names: "host;my-header1;x-amz-date",
            signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"
        ),
        Vector(
            headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
            names: "host;my-header1;my-header2;x-amz-date",
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        ),
        Vector(
            target: "/?Param2=value2&Param1=value1",
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        ),
        Vector(
            target: "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"
        ),
        Vector(
            target: "/?Param1=value1",
            signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"
        ),
        Vector(
            target: "/?\(Self.unreserved)=\(Self.unreserved)",
            signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"
        ),
        Vector(target: "/ሴ", signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        Vector(
            target: "/example space/",
            signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"
        ),
        Vector(target: "//example//", signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        Vector(
            target: "/example1/example2/../..",
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        ),
        Vector(
            headers: [("X-Amz-Security-Token", Self.token)],
            names: "host;x-amz-date;x-amz-security-token",
            signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
            sessionToken: Self.token
        ),
    ]

    private static func verifier(sessionToken: String? = nil) -> SignatureVerifier {
        var keys = Self.keys
        keys.sessionToken = sessionToken
        return SignatureVerifier(keys: [keys], services: ["service"])
    }

    private static func parts(_ vector: Vector, scope: String = "20150830/us-east-1/service/aws4_request")
        -> SignedParts
    {
        let target = vector.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return SignedParts(
            method: "GET",
            path: String(target[0]),
            query: target.count > 1 ? String(target[1]) : "",
            headers: [("Host", "example.amazonaws.com")] + vector.headers + [
                ("X-Amz-Date", "20150830T123600Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\(scope), SignedHeaders=\(vector.names), "
                        + "Signature=\(vector.signature)"
                ),
            ]
        )
    }

    /// The access key ID, or `Code: message`.
    private static func outcome(
        _ parts: SignedParts,
        _ verifier: SignatureVerifier = verifier(),
        digest: String = emptyDigest,
        at now: Timestamp = moment
    ) -> String {
        do throws(KinesisError) {
            return try verifier.verify(parts, bodyDigest: { digest }, now: now).accessKeyID
        } catch {
            return "\(error.code.rawValue): \(error.message ?? "")"
        }
    }

    private static let mismatch =
        "InvalidSignatureException: The request signature we calculated does not match the signature you provided. "
        + "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

    @Test(arguments: Self.vectors.indices) func `published signatures are right, and each other byte is not`(
        _ index: Int
    ) {
        let vector = Self.vectors[index]
        let verifier = Self.verifier(sessionToken: vector.sessionToken)
        for _ in 0..<2 { #expect(Self.outcome(Self.parts(vector), verifier) == "AKIDEXAMPLE", "with a kept key too") }
        var wrong = vector
        wrong.signature = String(vector.signature.dropLast()) + (vector.signature.last == "0" ? "1" : "0")
        #expect(Self.outcome(Self.parts(wrong), verifier) == Self.mismatch)
        wrong.signature = String(vector.signature.dropLast())
        #expect(Self.outcome(Self.parts(wrong), verifier) == Self.mismatch)
        #expect(Self.outcome(Self.parts(vector), verifier, digest: String(repeating: "0", count: 64)) == Self.mismatch)
        var moved = Self.parts(vector)
        moved.method = "POST"
        #expect(Self.outcome(moved, verifier) == Self.mismatch)
        var renamed = Self.parts(vector)
        renamed.headers[0].value = "example.org"
        #expect(Self.outcome(renamed, verifier) == Self.mismatch)
    }

    private static let presigned =
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request"
        + "&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600"

    private static func presigned(_ query: String) -> SignedParts {
        SignedParts(method: "GET", path: "/", query: query, headers: [("Host", "example.amazonaws.com")])
    }

    @Test func `a published query is right until it expires`() {
        let signed = Self.presigned(
            "\(Self.unreserved)=\(Self.unreserved)&\(Self.presigned)"
                + "&X-Amz-Signature=8e76a88a7433637b12778d5592799b29ad21ecd6cf6325051c21d86f0acda2bf"
        )
        for elapsed: Timestamp in [0, 3_600_000, -900_000] {
            #expect(Self.outcome(signed, at: Self.moment + elapsed) == "AKIDEXAMPLE")
        }
        #expect(
            Self.outcome(signed, at: Self.moment + 3_600_001)
                == "InvalidSignatureException: Signature expired: 20150830T133600Z is now earlier than 20150830T133600Z."
        )
        #expect(
            Self.outcome(signed, at: Self.moment - 900_001).hasPrefix("InvalidSignatureException: Signature not yet")
        )
    }

    private static let twice = "IncompleteSignatureException: The query parameter 'x-amz-"

    @Test func `what is wrong with a query is told`() {
        let signature = "&X-Amz-Signature=00"
        #expect(Self.outcome(Self.presigned(Self.presigned + signature)) == Self.mismatch)
        for (from, to, answer) in [
            ("Expires=3600", "Expires=604801", "IncompleteSignatureException: X-Amz-Expires must be"),
            ("Expires=3600", "Expires=-1", "IncompleteSignatureException: X-Amz-Expires must be"),
            ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", "IncompleteSignatureException: Unsupported AWS 'algorithm'"),
            ("&X-Amz-Expires", "&X-Amz-Date=20150830T123600Z&X-Amz-Expires", Self.twice),
            ("&X-Amz-Expires", "&X%2DAmz-Credential=x&X-Amz-Expires", Self.twice),
            ("&X-Amz-Expires", "&x-amz-expires=1&X-Amz-Expires", Self.twice),
            ("SignedHeaders=host", "SignedHeaders=date", "InvalidSignatureException: 'Host' or ':authority' must be"),
            (
                "&X-Amz-Expires", "&X-Amz-Security-Token=t&X-Amz-Expires",
                "UnrecognizedClientException: The security token"
            ),
        ] {
            let outcome = Self.outcome(Self.presigned(Self.presigned.replacing(from, with: to) + signature))
            #expect(outcome.hasPrefix(answer), "\(outcome)")
        }
    }

    @Test(
        arguments: [
            (900_000, "AKIDEXAMPLE"), (-900_000, "AKIDEXAMPLE"),
            (
                900_001,
                "InvalidSignatureException: Signature expired: 20150830T123600Z is now earlier than 20150830T123600Z "
                    + "(20150830T125100Z - 15 min.)"
            ),
            (
                -1_000_000,
                "InvalidSignatureException: Signature not yet current: 20150830T123600Z is still later than "
                    + "20150830T123420Z (20150830T121920Z + 15 min.)"
            ),
        ]
    )
    func `a clock may differ by fifteen minutes`(_ skew: Timestamp, _ expected: String) {
        #expect(Self.outcome(Self.parts(Self.vectors[0]), at: Self.moment + skew) == expected)
    }

    @Test(
        arguments: [
            (
                "20150831/us-east-1/service/aws4_request",
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150831' != "
                    + "'20150830', from '20150830T123600Z'."
            ),
            ("2015/us-east-1/service/aws4_request", "Date in Credential scope does not match"),
            ("20150830/us-east-1/s3/aws4_request", "Credential should be scoped to correct service: 'kinesis'."),
            ("20150830//service/aws4_request", "Credential should be scoped to a valid region, not ''."),
            (
                "20150830/us-east-1/service/aws5",
                "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'."
            ),
            ("20150830/us-west-2/service/aws4_request", "The request signature we calculated does not match"),
        ]
    )
    func `a scope that is not its own is refused`(_ scope: String, _ message: String) {
        let outcome = Self.outcome(Self.parts(Self.vectors[0], scope: scope))
        #expect(outcome.hasPrefix("InvalidSignatureException: \(message)"), "\(outcome)")
    }

    @Test func `an unknown key, a token too many and one too few are told alike`() {
        let unknown = "UnrecognizedClientException: The security token included in the request is invalid."
        let other = SignatureVerifier(keys: [.init(accessKeyID: "B", secretAccessKey: "s")], services: ["service"])
        #expect(Self.outcome(Self.parts(Self.vectors[0]), other) == unknown)
        #expect(Self.outcome(Self.parts(Self.vectors[0]), Self.verifier(sessionToken: Self.token)) == unknown)
        var tooMany = Self.vectors[0]
        tooMany.headers = [("X-Amz-Security-Token", Self.token)]
        #expect(Self.outcome(Self.parts(tooMany)) == unknown)
    }

    @Test func `the target has to be signed`() {
        var vector = Self.vectors[0]
        vector.headers = [("X-Amz-Target", "Kinesis_20131202.DeleteStream")]
        let answer = "InvalidSignatureException: 'x-amz-target' must be a 'SignedHeader' in the AWS Authorization."
        #expect(Self.outcome(Self.parts(vector)) == answer)
    }

    @Test func `what is missing or cannot be read is told`() {
        var parts = Self.parts(Self.vectors[0])
        parts.headers.removeAll { $0.name == "Authorization" }
        #expect(Self.outcome(parts) == "MissingAuthenticationTokenException: Missing Authentication Token")
        parts = Self.parts(Self.vectors[0])
        parts.headers.removeAll { $0.name == "X-Amz-Date" }
        #expect(Self.outcome(parts).hasPrefix("IncompleteSignatureException: Authorization header requires existence"))
        for date in ["", "20150830", "20151330T000000Z", "20150230T123600Z", "20150830T250000Z", "2015083éT12360"] {
            parts = Self.parts(Self.vectors[0])
            parts.headers = parts.headers.map { $0.name == "X-Amz-Date" ? ("X-Amz-Date", date) : $0 }
            #expect(Self.outcome(parts).hasPrefix("IncompleteSignatureException: Date must be in ISO-8601"))
        }
        #expect(
            Self.outcome(Self.parts(Self.vectors[0], scope: "x"))
                == "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, e.g. "
                + "keyid/date/region/service/term, got 'AKIDEXAMPLE/x'"
        )
    }

    @Test func `what our own signer signs is right, also by HTTP's date`() {
        var signer = RequestSigner(keys: Self.keys, region: "eu-west-1", service: "service")
        let headers = [(name: "Host", value: "h"), (name: "X-Amz-Target", value: "a.b")]
        let added = signer.sign(headers: headers, bodyDigest: Self.emptyDigest, at: Self.moment)
        let parts = SignedParts(method: "POST", path: "/", query: "", headers: headers + added)
        #expect(Self.outcome(parts) == "AKIDEXAMPLE")
        #expect(CalendarTime.timestamp(httpDate: "Sun, 30 Aug 2015 12:36:00 GMT") == Self.moment)
        for text in [
            "", "Sun, 30 Foo 2015 12:36:00 GMT", "Sun, 31 Feb 2015 12:36:00 GMT", "Sun, 30 Aug 2015 12:36 GMT",
        ] {
            #expect(CalendarTime.timestamp(httpDate: text) == nil)
        }
    }

    @Test func `dates of all years are read as they are written`() {
        for day in stride(from: Int64(-200_000), through: 200_000, by: 97) {
            let moment = day * 86_400_000 + 3_723_000
            guard (0...9999).contains(CalendarTime(moment).year), CalendarTime(moment).year >= 1000 else { continue }
            #expect(CalendarTime.timestamp(basicISO8601: CalendarTime(moment).basicISO8601) == moment)
            #expect(CalendarTime.timestamp(httpDate: CalendarTime(moment).httpDate) == moment)
        }
    }

    @Test(
        arguments: [
            "Authorization", "authorization", "Host", "X-Amz-Date", "X-AMZ-SECURITY-TOKEN", "X-Amz-Target",
            "Content-Type",
            "X-Amz-Content-Sha256",
        ]
    )
    func `a header that counts is given once`(_ name: String) {
        var parts = Self.parts(Self.vectors[0])
        parts.headers.removeAll { $0.name.lowercased() == name.lowercased() }
        parts.headers += [(name, "a"), (name.lowercased(), "a")]
        #expect(
            Self.outcome(parts)
                == "IncompleteSignatureException: The header '\(name.lowercased())' must not be given more than once."
        )
    }

    @Test func `a host that is not there has to be signed too`() {
        var vector = Self.vectors[0]
        vector.names = "x-amz-date"
        var parts = Self.parts(vector)
        parts.headers.removeFirst()
        let answer =
            "InvalidSignatureException: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        #expect(Self.outcome(parts) == answer)
    }

    @Test func `names given twice and line breaks in signed values are refused`() {
        var vector = Self.vectors[0]
        vector.names = "host;host;x-amz-date"
        #expect(Self.outcome(Self.parts(vector)).hasPrefix("IncompleteSignatureException: 'SignedHeaders' must name"))
        var parts = Self.parts(Self.vectors[0])
        parts.headers[0].value = "example.amazonaws.com\nx-amz-date:20150830T123600Z"
        #expect(Self.outcome(parts) == "IncompleteSignatureException: The header 'host' has a control character.")
    }

    @Test func `an operation of one service is not called with the scope of another`() {
        var signer = RequestSigner(keys: Self.keys, region: "eu-west-1", service: "kinesis")
        let headers = [(name: "Host", value: "h"), (name: "X-Amz-Target", value: "DynamoDB_20120810.PutItem")]
        let added = signer.sign(headers: headers, bodyDigest: Self.emptyDigest, at: Self.moment)
        let parts = SignedParts(method: "POST", path: "/", query: "", headers: headers + added)
        #expect(
            Self.outcome(parts, SignatureVerifier(keys: [Self.keys]))
                == "InvalidSignatureException: Credential should be scoped to correct service: 'dynamodb'."
        )
    }

    @Test(
        arguments: [
            ("%41", "A"), ("%4", "%4"), ("%+f", "%+f"), ("%-1", "%-1"), ("%%41", "%A"), ("a+b", "a+b"),
            ("%2541", "%41"),
        ]
    )
    func `an encoding is undone once, and only where it is one`(_ text: String, _ decoded: String) {
        #expect(String(decoding: CanonicalRequest.percentDecoded(text[...]), as: UTF8.self) == decoded)
    }

    // MARK: The file

    @Test func `a file names keys by profile`() throws {
        let keys = try CredentialsFile.parse(
            """
            # comment
            [default]
            aws_access_key_id = A
            aws_secret_access_key = s=cret/+
            region = eu-west-1

            [other]
              AWS_ACCESS_KEY_ID=B
            aws_secret_access_key=t
            aws_session_token = u
            millrace_user = alice
            """
        )
        #expect(
            try CredentialsFile.parseWithUsers("[a]\naws_access_key_id=A\naws_secret_access_key=s\nmillrace_user=m")[0]
                .user == "m"
        )
        #expect(
            keys == [
                .init(accessKeyID: "A", secretAccessKey: "s=cret/+"),
                .init(accessKeyID: "B", secretAccessKey: "t", sessionToken: "u"),
            ]
        )
        var printed = ""
        dump(keys, to: &printed)
        #expect(!"\(keys)\(printed)".contains("s=cret"), "a secret is never printed")
    }

    @Test(
        arguments: [
            ("", "it has no [profile]"), ("[a", "line 1: a profile ends with ]"),
            ("a = b", "line 1 comes before any [profile]"),
            ("[a]\nsecret", "line 2 is neither [profile] nor NAME = VALUE"),
            ("[a]\naws_access_key_id = A", "profile a needs aws_access_key_id and aws_secret_access_key"),
            (
                "[a]\naws_access_key_id=A\naws_secret_access_key=s\n[b]\naws_access_key_id=A\naws_secret_access_key=t",
                "profile b has the access key ID of another one"
            ),
        ]
    )
    func `a file that cannot be used is refused with the reason`(_ text: String, _ reason: String) {
        #expect(throws: CredentialsFile.Failure(description: reason)) { try CredentialsFile.parse(text) }
    }
}
