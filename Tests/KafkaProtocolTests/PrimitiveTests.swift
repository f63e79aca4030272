internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Testing

@Suite struct PrimitiveTests {
    private func code(_ body: () throws -> Void) -> WireError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? WireError)?.code
        }
    }

    @Test(
        arguments: [
            (UInt32(0), [0]), (1, [1]), (127, [0x7F]), (128, [0x80, 1]), (300, [0xAC, 2]),
            (.max, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
        ] as [(UInt32, [UInt8])]
    )
    func `unsigned varints have known bytes`(value: UInt32, bytes: [UInt8]) throws {
        var buffer = ByteBuffer()
        buffer.writeUnsignedVarint(value)
        #expect(Array(buffer.readableBytesView) == bytes)
        #expect(try buffer.readUnsignedVarint() == value)
        #expect(buffer.readableBytes == 0)
    }

    @Test func `varints that are too long or cut are rejected`() {
        var overlong = ByteBuffer(bytes: [0x80, 0x80, 0x80, 0x80, 0x80, 0x01])
        #expect(self.code { _ = try overlong.readUnsignedVarint() } == .varintOverflow)
        var wide = ByteBuffer(bytes: [0xFF, 0xFF, 0xFF, 0xFF, 0x1F])
        #expect(self.code { _ = try wide.readUnsignedVarint() } == .varintOverflow)
        var cut = ByteBuffer(bytes: [0x80, 0x80])
        #expect(self.code { _ = try cut.readUnsignedVarint() } == .truncated)
        var empty = ByteBuffer()
        #expect(self.code { _ = try empty.readUnsignedVarint() } == .truncated)
    }

    @Test func `text has the protocol's two encodings`() throws {
        var plain = ByteBuffer()
        "aé".encode(into: &plain, flexible: false)
        #expect(Array(plain.readableBytesView) == [0, 3, 0x61, 0xC3, 0xA9])
        #expect(try String.decode(from: &plain, flexible: false) == "aé")
        var compact = ByteBuffer()
        "aé".encode(into: &compact, flexible: true)
        #expect(Array(compact.readableBytesView) == [4, 0x61, 0xC3, 0xA9])
        var null = ByteBuffer()
        String.encodeNullable(nil, into: &null, flexible: false)
        String.encodeNullable(nil, into: &null, flexible: true)
        #expect(Array(null.readableBytesView) == [0xFF, 0xFF, 0])
        #expect(try String.decodeNullable(from: &null, flexible: false) == nil)
        #expect(try String.decodeNullable(from: &null, flexible: true) == nil)
    }

    @Test func `invalid UTF-8 is repaired as Kafka does`() throws {
        var buffer = ByteBuffer(bytes: [0, 3, 0x61, 0xFF, 0x62])
        #expect(try String.decode(from: &buffer, flexible: false) == "a\u{FFFD}b")
    }

    @Test(arguments: [false, true])
    func `text that outgrew the limit is cut at a character`(flexible: Bool) throws {
        // 32,767 invalid bytes are received as 98,301 bytes of replacement characters.
        var received = ByteBuffer()
        if flexible { received.writeCompactLength(32_767) } else { received.writeInteger(Int16.max) }
        received.writeRepeatingByte(0xFF, count: 32_767)
        let text = try String.decode(from: &received, flexible: flexible)
        #expect(text.utf8.count == 98_301)
        var sent = ByteBuffer()
        text.encode(into: &sent, flexible: flexible)
        let back = try String.decode(from: &sent, flexible: flexible)
        #expect(back.utf8.count == 32_766)
        #expect(back.unicodeScalars.allSatisfy { $0 == "\u{FFFD}" })
        var shifted = ByteBuffer()
        ("a" + text).encode(into: &shifted, flexible: flexible)
        #expect(try String.decode(from: &shifted, flexible: flexible).utf8.count == 32_767)
    }

    @Test func `lengths below zero are rejected unless they mean null`() {
        var text = ByteBuffer(bytes: [0xFF, 0xFE, 0, 0])
        #expect(self.code { _ = try String.decodeNullable(from: &text, flexible: false) } == .negativeLength)
        var bytes = ByteBuffer(bytes: [0x80, 0, 0, 0, 1, 2, 3, 4])
        #expect(self.code { _ = try ByteBuffer.decode(from: &bytes, flexible: false) } == .negativeLength)
        var array = ByteBuffer(bytes: [0xFF, 0xFF, 0xFF, 0xFE])
        #expect(self.code { _ = try Int32.decodeArray(from: &array, flexible: false) } == .negativeLength)
        var null = ByteBuffer(bytes: [0xFF, 0xFF])
        #expect(self.code { _ = try String.decode(from: &null, flexible: false) } == .unexpectedNull)
        var nullArray = ByteBuffer(bytes: [0])
        #expect(self.code { _ = try Int32.decodeArray(from: &nullArray, flexible: true) } == .unexpectedNull)
    }

    @Test(arguments: [false, true])
    func `a count that the remaining bytes cannot hold is rejected before room is made`(flexible: Bool) {
        var buffer = ByteBuffer()
        buffer.writeLength(Int(Int32.max) - 1, flexible: flexible)
        buffer.writeRepeatingByte(1, count: 64)
        var copy = buffer
        #expect(self.code { _ = try Int64.decodeArray(from: &copy, flexible: flexible) } == .lengthTooLarge)
        copy = buffer
        #expect(
            self.code {
                _ = try FetchRequest.Partition.decodeArray(from: &copy, version: 12, flexible: flexible)
            } == .lengthTooLarge
        )
        copy = buffer
        #expect(self.code { _ = try ByteBuffer.decode(from: &copy, flexible: flexible) } == .truncated)
        // Nine numbers of eight bytes do not fit into 64 bytes.
        var nine = ByteBuffer()
        nine.writeLength(9, flexible: flexible)
        nine.writeRepeatingByte(1, count: 64)
        #expect(self.code { _ = try Int64.decodeArray(from: &nine, flexible: flexible) } == .lengthTooLarge)
    }

    @Test func `compact text over the limit is rejected`() {
        var buffer = ByteBuffer()
        buffer.writeCompactLength(32_768)
        buffer.writeRepeatingByte(0x61, count: 40_000)
        #expect(self.code { _ = try String.decode(from: &buffer, flexible: true) } == .lengthTooLarge)
    }

    @Test func `numbers, booleans and UUIDs are big-endian`() throws {
        var buffer = ByteBuffer()
        true.encode(into: &buffer, flexible: true)
        Int16(-2).encode(into: &buffer, flexible: true)
        UInt16(0xFFFE).encode(into: &buffer, flexible: true)
        UInt32(7).encode(into: &buffer, flexible: true)
        1.5.encode(into: &buffer, flexible: true)
        TopicID(high: 1, low: 2).encode(into: &buffer, flexible: true)
        #expect(
            Array(buffer.readableBytesView)
                == [1, 0xFF, 0xFE, 0xFF, 0xFE, 0, 0, 0, 7, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0]
                + [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]
        )
        #expect(try Bool.decode(from: &buffer, flexible: true))
        #expect(try Int16.decode(from: &buffer, flexible: true) == -2)
        #expect(try UInt16.decode(from: &buffer, flexible: true) == 0xFFFE)
        #expect(try UInt32.decode(from: &buffer, flexible: true) == 7)
        #expect(try Double.decode(from: &buffer, flexible: true) == 1.5)
        #expect(try TopicID.decode(from: &buffer, flexible: true) == TopicID(high: 1, low: 2))
    }

    // MARK: - Tagged fields

    @Test func `unknown tagged fields are skipped`() throws {
        var buffer = ByteBuffer()
        HeartbeatRequest(groupID: GroupID("g")).encode(into: &buffer, version: 4)
        buffer.moveWriterIndex(to: buffer.writerIndex - 1)
        buffer.writeBytes([2, 0, 3, 1, 2, 3, 0x80, 0x01, 0])
        let request = try HeartbeatRequest.decode(from: &buffer, version: 4)
        #expect(request.groupID == GroupID("g"))
        #expect(buffer.readableBytes == 0)
    }

    @Test func `a tagged field whose size is wrong is rejected`() {
        // One field, tag 1 (the epoch of the finalized features), nine bytes for an int64.
        var buffer = ByteBuffer(bytes: [0, 0, 1, 0, 0, 0, 0])
        buffer.writeBytes([1, 1, 9])
        buffer.writeRepeatingByte(0, count: 9)
        #expect(
            self.code { _ = try ApiVersionsResponse.decode(from: &buffer, version: 3) } == .taggedFieldSize
        )
        var huge = ByteBuffer(bytes: [0, 0, 1, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 2, 3])
        #expect(
            self.code { _ = try ApiVersionsResponse.decode(from: &huge, version: 3) } == .lengthTooLarge
        )
    }

    @Test(arguments: [1, 127, 128, 129, 16_384, 30_000])
    func `tagged fields of any size round-trip`(length: Int) throws {
        let text = String(repeating: "c", count: length)
        let request = FetchRequest(clusterID: text, rackID: "r")
        var buffer = ByteBuffer()
        request.encode(into: &buffer, version: 13)
        #expect(try FetchRequest.decode(from: &buffer, version: 13) == request)
        #expect(buffer.readableBytes == 0)
    }

    @Test func `a tagged field with its default is left out`() {
        var buffer = ByteBuffer()
        ApiVersionsResponse().encode(into: &buffer, version: 3)
        #expect(Array(buffer.readableBytesView) == [0, 0, 1, 0, 0, 0, 0, 0])
    }

    // MARK: - Programmer errors

    @Test func `a field that the version lacks and may not drop stops the process`() async {
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer()
            HeartbeatRequest(groupInstanceID: GroupInstanceID("i")).encode(into: &buffer, version: 2)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer()
            MetadataResponse(topics: [MetadataResponse.Topic(name: nil)]).encode(into: &buffer, version: 11)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer()
            FetchRequest().encode(into: &buffer, version: 19)
        }
    }

    @Test func `an ignorable field is dropped where the version lacks it`() throws {
        var buffer = ByteBuffer()
        HeartbeatResponse(throttleTimeMs: 5, errorCode: .rebalanceInProgress).encode(into: &buffer, version: 0)
        #expect(Array(buffer.readableBytesView) == [0, 27])
    }
}
