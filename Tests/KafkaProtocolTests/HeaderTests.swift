internal import KafkaProtocol
internal import NIOCore
internal import Testing

@Suite struct HeaderTests {
    @Test func `a flexible request has header 2 with a client ID that is not compact`() throws {
        let header = RequestHeader(apiKey: .apiVersions, apiVersion: 3, correlationID: 7, clientID: "ab")
        var buffer = ByteBuffer()
        header.encode(into: &buffer)
        #expect(Array(buffer.readableBytesView) == [0, 18, 0, 3, 0, 0, 0, 7, 0, 2, 0x61, 0x62, 0])
        #expect(try RequestHeader.decode(from: &buffer) == header)
        #expect(buffer.readableBytes == 0)
    }

    @Test func `an inflexible request has header 1`() throws {
        let header = RequestHeader(apiKey: .metadata, apiVersion: 8, correlationID: -1, clientID: nil)
        var buffer = ByteBuffer()
        header.encode(into: &buffer)
        #expect(Array(buffer.readableBytesView) == [0, 3, 0, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
        #expect(try RequestHeader.decode(from: &buffer) == header)
    }

    @Test func `header 0 ends after the correlation ID`() throws {
        let header = RequestHeader(apiKey: .metadata, apiVersion: 0, correlationID: 1)
        var buffer = ByteBuffer()
        header.encode(into: &buffer, headerVersion: 0)
        #expect(buffer.readableBytes == 8)
        #expect(try RequestHeader.decode(from: &buffer, headerVersion: 0) == header)
    }

    @Test func `a version from the future is read as a flexible one`() {
        #expect(RequestHeader.version(for: .apiVersions, apiVersion: 99) == 2)
        #expect(RequestHeader.version(for: .saslHandshake, apiVersion: 99) == 1)
    }

    @Test(arguments: [Int16(-1), 4, 7, 95, .max, .min])
    func `an unknown API is rejected`(key: Int16) {
        var buffer = ByteBuffer()
        buffer.writeInteger(key)
        buffer.writeRepeatingByte(0, count: 32)
        #expect {
            _ = try RequestHeader.decode(from: &buffer)
        } throws: { error in
            (error as? WireError)?.code == .unknownAPI && (error as? WireError)?.value == Int64(key)
        }
    }

    @Test func `a header cut at any byte is rejected`() {
        var whole = ByteBuffer()
        RequestHeader(apiKey: .fetch, apiVersion: 12, correlationID: 7, clientID: "ab").encode(into: &whole)
        for length in 0..<whole.readableBytes {
            guard var prefix = whole.getSlice(at: 0, length: length) else { continue }
            #expect(throws: WireError.self) { _ = try RequestHeader.decode(from: &prefix) }
        }
    }

    @Test func `the response to ApiVersions always has header 0`() throws {
        #expect(ResponseHeader.version(for: .apiVersions, apiVersion: 4) == 0)
        #expect(ResponseHeader.version(for: .metadata, apiVersion: 9) == 1)
        #expect(ResponseHeader.version(for: .metadata, apiVersion: 8) == 0)
        #expect(ResponseHeader.version(for: .offsetDelete, apiVersion: 0) == 0)
        var buffer = ByteBuffer()
        ResponseHeader(correlationID: 1).encode(into: &buffer, apiKey: .metadata, apiVersion: 9)
        #expect(Array(buffer.readableBytesView) == [0, 0, 0, 1, 0])
        let header = try ResponseHeader.decode(from: &buffer, apiKey: .metadata, apiVersion: 9)
        #expect(header == ResponseHeader(correlationID: 1))
    }

    @Test func `error codes know their names and whether clients retry`() {
        #expect(ErrorCode.none.name == "NONE")
        #expect(ErrorCode(rawValue: -1).name == "UNKNOWN_SERVER_ERROR")
        #expect(ErrorCode(rawValue: 133).name == "SHARE_SESSION_LIMIT_REACHED")
        #expect(ErrorCode(rawValue: 134).name == "UNKNOWN(134)")
        #expect(ErrorCode(rawValue: .min).message == "The error code is not known.")
        #expect(ErrorCode.notLeaderOrFollower.isRetriable)
        #expect(!ErrorCode.messageTooLarge.isRetriable)
        #expect(ErrorCode.unknownTopicID.rawValue == 100)
    }
}
