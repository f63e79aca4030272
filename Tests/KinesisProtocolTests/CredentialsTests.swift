import KinesisProtocol
import Testing

@Suite struct CredentialsTests {
    private static let complete =
        "AWS4-HMAC-SHA256 Credential=123456789012/20261123/eu-west-1/kinesis/aws4_request, "
        + "SignedHeaders=host;x-amz-date, Signature=abc"

    @Test func `region and account are read from the credential scope`() throws {
        let caller = try Credentials(authorization: Self.complete, query: "", hasDate: true).caller()
        #expect(caller.region == "eu-west-1")
        #expect(caller.account == "123456789012")
        #expect(caller.streamARN("s") == "arn:aws:kinesis:eu-west-1:123456789012:stream/s")
    }

    @Test(
        arguments: [
            ("AKIAIOSFODNN7EXAMPLE", "000000000000"), ("12345678901", "000000000000"),
            ("000000000001", "000000000001"), ("a/b", "000000000000"),
        ]
    )
    func `only twelve digits are an account`(_ keyID: String, _ account: String) throws {
        let header = Self.complete.replacing("123456789012", with: keyID)
        let caller = try Credentials(authorization: header, query: "", hasDate: true).caller()
        #expect(caller.accessKeyID == keyID)
        #expect(caller.account == account)
        #expect(caller.region == "eu-west-1")
    }

    @Test func `the caller before is taken for the same credential, and for no other`() throws {
        var last = LastCaller()
        func caller(_ header: String) throws(KinesisError) -> Caller {
            try Credentials(authorization: header, query: "", hasDate: true).caller(after: &last)
        }
        for _ in 0..<2 {
            #expect(try caller(Self.complete).account == "123456789012")
            #expect(try caller(Self.complete.replacing("=abc", with: "=def")).account == "123456789012")
            #expect(try caller(Self.complete.replacing("123456789012", with: "123456789013")).account == "123456789013")
            #expect(try caller(Self.complete.replacing("eu-west-1", with: "eu-west-2")).region == "eu-west-2")
            #expect(throws: KinesisError.self) { try caller(Self.complete.replacing("=abc", with: "=")) }
            #expect(throws: KinesisError.self) {
                try Credentials(authorization: Self.complete, query: "", hasDate: false).caller(after: &last)
            }
        }
    }

    @Test(
        arguments: [
            "AWS4 Signature=abc,SignedHeaders=host,Credential=k/d/r-1/kinesis/aws4_request",
            "AWS4  ,, SignedHeaders=host Signature=abc Credential=k/d/r-1/kinesis/aws4_request,",
            "Credential=x Credential=y, Credential=k/d/r-1/kinesis/aws4_request, Signature=a=b, SignedHeaders=é, x, =",
        ]
    )
    func `parts come in any order, and of a name given twice the last counts`(_ header: String) throws {
        let caller = try Credentials(authorization: header, query: "", hasDate: true).caller()
        #expect(caller.accessKeyID == "k")
        #expect(caller.region == "r-1")
    }

    @Test func `a presigned query is as good as a header`() throws {
        let query =
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=123456789012%2F20261123%2Fcn-north-1%2Fkinesis%2F"
            + "aws4_request&X-Amz-Date=20261123T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=abc"
        let caller = try Credentials(authorization: nil, query: query, hasDate: false).caller()
        #expect(caller.streamARN("s") == "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/s")
    }

    @Test func `what is missing is named in AWS's words`() {
        func error(_ credentials: Credentials) -> KinesisError? {
            do throws(KinesisError) {
                _ = try credentials.caller()
                return nil
            } catch {
                return error
            }
        }
        #expect(
            error(Credentials(authorization: nil, query: "", hasDate: true))
                == KinesisError(.missingAuthenticationToken, "Missing Authentication Token")
        )
        #expect(
            error(Credentials(authorization: "a", query: "", hasDate: false))
                == KinesisError(
                    .incompleteSignature,
                    "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' "
                        + "parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header "
                        + "requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=a"
                )
        )
        #expect(
            error(Credentials(authorization: nil, query: "X-Amz-Algorithm", hasDate: true))
                == KinesisError(
                    .incompleteSignature,
                    "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters must "
                        + "include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. "
                        + "AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string "
                        + "parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."
                )
        )
        #expect(
            error(Credentials(authorization: "a", query: "X-Amz-Algorithm", hasDate: true))
                == KinesisError(
                    .invalidSignature,
                    "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
                )
        )
    }

    @Test func `only served operations have a target`() {
        #expect(Operation(target: "Kinesis_20131202.PutRecords") == .putRecords)
        for target in ["", "PutRecords", "Kinesis_20131202.", "Kinesis_20131202.CreateQueue", "X.PutRecords"] {
            #expect(Operation(target: target) == nil)
        }
        #expect(ContentType(header: "application/x-amz-json-1.1; charset=utf-8") == .json)
        #expect(ContentType(header: "application/x-amz-json-1.0") == nil)
    }
}
