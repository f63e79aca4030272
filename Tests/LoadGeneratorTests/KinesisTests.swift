import ClientTLS
import KinesisProtocol
import NIOCore
import Testing

@testable import LoadGenerator

@Suite struct KinesisTests {
    @Test func `answers of GetRecords are counted by their quotes`() {
        let scan = AnswerScan(
            ByteBuffer(
                string: #"""
                    {"MillisBehindLatest":1234,"NextShardIterator":"AAA=","Records":[
                      {"Data":"aGVsbG8=","PartitionKey":"\"SequenceNumber\":\\","SequenceNumber":"49"},
                      {"Data" : "","PartitionKey":"Data","SequenceNumber":"50"},
                      {"Data":"AAAA","PartitionKey":"SequenceNumber","SequenceNumber":"51"}]}
                    """#
            )
        )
        #expect(scan.sequenceNumberCount == 3)
        #expect(scan.dataBytes == 8)
        #expect(scan.iterator == "AAA=")
        #expect(scan.millisecondsBehind == 1234)
    }

    @Test func `answers of puts and errors are understood`() {
        #expect(AnswerScan(ByteBuffer(string: #"{"FailedRecordCount":2,"Records":[]}"#)).failedCount == 2)
        let error = AnswerScan(
            ByteBuffer(string: ##"{"__type":"com.amazonaws#ResourceNotFoundException","message":"no such stream"}"##)
        )
        #expect(error.errorType == "ResourceNotFoundException" && error.message == "no such stream")
        let closed = AnswerScan(ByteBuffer(string: #"{"NextShardIterator":null,"Records":[],"MillisBehindLatest":0}"#))
        #expect(closed.iterator == nil && closed.millisecondsBehind == 0)
    }

    @Test(arguments: ["", "{", "\"", "\"a\":", "\"a\\", "{\"Data\":\"", "{\"Data\":\"=\"}", "null", "\"Data\"::1"])
    func `bytes that are not JSON are scanned without harm`(text: String) {
        #expect(AnswerScan(ByteBuffer(string: text)).sequenceNumberCount == 0)
    }

    private func responses(_ text: String, pieces: Int) throws -> [HTTPResponse] {
        var reader = HTTPResponseReader()
        var rest = ByteBuffer(string: text)
        var found: [HTTPResponse] = []
        while rest.readableBytes > 0, var piece = rest.readSlice(length: min(pieces, rest.readableBytes)) {
            reader.append(&piece)
            while let response = try reader.next() { found.append(response) }
        }
        return found
    }

    @Test(arguments: [1, 2, 5, 64, 1000])
    func `responses are put together however they are cut`(pieces: Int) throws {
        let found = try self.responses(
            "HTTP/1.1 100 Continue\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: x\r\n\r\nhello"
                + "HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"
                + "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
            pieces: pieces
        )
        #expect(found.map(\.status) == [200, 400, 204])
        #expect(found.map { String(buffer: $0.body) } == ["hello", "abc0123456789", ""])
        #expect(found.map(\.isKeptAlive) == [true, true, false])
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "HTTP/1.1 999999 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFF\r\n",
    ])
    func `bytes that are not HTTP are refused`(text: String) {
        #expect(throws: LoadFailure.self) { try self.responses(text, pieces: 1000) }
    }

    @Test func `endpoints are read as people write them`() throws {
        let plain = try KinesisEndpoint("http://127.0.0.1:4567")
        #expect(plain.host == "127.0.0.1" && plain.port == 4567 && plain.path == "/")
        #expect(plain.authority == "127.0.0.1:4567")
        #expect(try KinesisEndpoint("localhost:1").address == "localhost:1")
        #expect(try KinesisEndpoint("http://h/a/b").path == "/a/b")
        #expect(try KinesisEndpoint("http://h").authority == "h")
        #expect(try KinesisEndpoint("http://[::1]:5").authority == "[::1]:5")
        let secure = try KinesisEndpoint("https://kinesis.eu-west-1.amazonaws.com")
        #expect(secure.isSecure && secure.port == 443 && secure.authority == "kinesis.eu-west-1.amazonaws.com")
        #expect(secure.address == "kinesis.eu-west-1.amazonaws.com:443")
        #expect(try KinesisEndpoint("https://h:80").authority == "h:80")
        #expect(try KinesisEndpoint("http://h:443/").url == "http://h:443")
        #expect(try KinesisEndpoint("https://[::1]").url == "https://[::1]")
    }

    @Test(arguments: [
        ("kinesis.eu-west-1.amazonaws.com", "eu-west-1"), ("kinesis-fips.us-east-1.amazonaws.com", "us-east-1"),
        ("vpce-1-a.kinesis.us-east-2.vpce.amazonaws.com", "us-east-2"), ("kinesis.us-west-2.api.aws", "us-west-2"),
        ("Kinesis.cn-north-1.amazonaws.com.cn", "cn-north-1"), ("kinesis.example.com", nil),
        ("kinesis.amazonaws.com.example.com", nil), ("s3.eu-west-1.amazonaws.com", nil), ("127.0.0.1", nil),
    ])
    func `an endpoint of AWS tells its region`(host: String, region: String?) throws {
        #expect(try KinesisEndpoint("https://\(host)").awsRegion == region)
    }

    @Test func `access is refused before a request would be`() throws {
        let variables = ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"]
        #expect(throws: LoadFailure.self) {
            try KinesisAccess(endpoint: "https://kinesis.eu-west-1.amazonaws.com", files: .init()) { _ in nil }
        }
        #expect(throws: LoadFailure.self) {
            try KinesisAccess(endpoint: "http://h", files: .init(authorities: "ca.pem")) { variables[$0] }
        }
        #expect(throws: TLSFailure.self) {
            try KinesisAccess(endpoint: "https://h", files: .init(authorities: "/absent.pem")) { variables[$0] }
        }
        let plain = try KinesisAccess(endpoint: "http://h", files: .init()) { _ in nil }
        #expect(plain.tls == nil)
    }

    @Test func `the endpoint's region is the one that is signed for`() throws {
        let variables = [
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1",
            "AWS_SESSION_TOKEN": "token",
        ]
        var access = try KinesisAccess(endpoint: "https://kinesis.eu-west-1.amazonaws.com", files: .init()) {
            variables[$0]
        }
        var request = KinesisRequest(operation: "PutRecord", body: ByteBuffer(string: "{}"))
        let head = String(buffer: request.head(for: access.endpoint, signer: &access.signer, at: 1_440_938_160_000))
        #expect(head.contains("\r\nHost: kinesis.eu-west-1.amazonaws.com\r\n"))
        #expect(head.contains("Credential=a/20150830/eu-west-1/kinesis/aws4_request, "))
        #expect(head.contains("\r\nX-Amz-Security-Token: token\r\n"))
        #expect(head.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "))
    }

    @Test(arguments: [
        "", "http://", "https://", "ftp://h", "https:/h", "https://h:0", "http://h:0", "http://h:x", "h:99999",
        "http://h/a b", "[::1",
    ])
    func `other endpoints are refused in one line`(text: String) {
        let failure = #expect(throws: LoadFailure.self) { try KinesisEndpoint(text) }
        #expect(failure?.description.contains("\n") == false)
    }

    @Test func `bodies hold what they are asked to`() throws {
        let many = PutBodies.make(stream: "s", recordsPerCall: 3, recordBytes: 10)
        #expect(Set(many.map { String(buffer: $0.body) }).count == many.count)
        #expect(many.allSatisfy { $0.operation == "PutRecords" })
        let scan = AnswerScan(many[0].body)
        #expect(scan.dataBytes == 30)
        let single = PutBodies.make(stream: "s", recordsPerCall: 1, recordBytes: 10)
        #expect(single[0].operation == "PutRecord")
        #expect(AnswerScan(single[0].body).dataBytes == 10)
    }

    @Test func `a head is signed once a second`() throws {
        let endpoint = try KinesisEndpoint("http://h:1")
        var signer = RequestSigner(keys: .init(accessKeyID: "a", secretAccessKey: "b"), region: "us-east-1")
        var request = KinesisRequest(operation: "PutRecord", body: ByteBuffer(string: "{}"))
        let first = request.head(for: endpoint, signer: &signer, at: 1_440_938_160_000)
        #expect(request.head(for: endpoint, signer: &signer, at: 1_440_938_160_999) == first)
        let second = request.head(for: endpoint, signer: &signer, at: 1_440_938_161_000)
        #expect(second != first)
        let text = String(buffer: first)
        #expect(text.hasPrefix("POST / HTTP/1.1\r\nHost: h:1\r\n"))
        #expect(text.contains("X-Amz-Target: Kinesis_20131202.PutRecord\r\n"))
        #expect(text.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-target, "))
        #expect(text.hasSuffix("Content-Length: 2\r\n\r\n"))
    }

    @Test func `put settings that cannot be are refused`() throws {
        var settings = KinesisPutSettings(stream: "s", volume: LoadVolume(limit: .records(1001)))
        try settings.validate()
        #expect(settings.callCount == 3 && settings.restCount == 1)
        let rest = try #require(PutBodies.rest(stream: "s", records: settings.restCount, recordBytes: 10))
        #expect(rest.operation == "PutRecords" && AnswerScan(rest.body).dataBytes == 10)
        settings.volume.limit = .records(1000)
        #expect(settings.callCount == 2 && settings.restCount == 0)
        settings.recordsPerCall = 501
        #expect(throws: LoadFailure.self) { try settings.validate() }
        settings.recordsPerCall = 500
        settings.recordBytes = 1 << 20
        #expect(throws: LoadFailure.self) { try settings.validate() }
    }
}
