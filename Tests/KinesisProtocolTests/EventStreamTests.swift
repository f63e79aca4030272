import NIOCore
import Testing

@testable import KinesisProtocol

@Suite struct EventStreamTests {
    /// As botocore's and the SDK for Java's decoders take it.
    @Test func `a message has lengths, checksums and headers of strings`() {
        var bytes = ByteBuffer()
        EventStreamMessage.write(
            [(":message-type", "event"), (":event-type", "initial-response")],
            payload: ByteBuffer(string: "{}"),
            to: &bytes
        )
        let whole = Array(bytes.readableBytesView)
        #expect(whole.count == 12 + (1 + 13 + 1 + 2 + 5) + (1 + 11 + 1 + 2 + 16) + 2 + 4)
        #expect(Array(whole.prefix(8)) == [0, 0, 0, 71, 0, 0, 0, 53])
        #expect(Array(whole[12..<29]) == [13] + Array(":message-type".utf8) + [7, 0, 5])
        #expect(Array(whole[65..<67]) == Array("{}".utf8))
        // Computed by Python's zlib.
        #expect(Array(whole[8..<12]) == Self.prelude)
        #expect(Array(whole.suffix(4)) == Self.checksum)
    }

    private static let prelude: [UInt8] = [0xD9, 0x42, 0x9F, 0x13]
    private static let checksum: [UInt8] = [0x8D, 0xE0, 0xC8, 0xA3]

    @Test func `a payload in parts makes the same message`() {
        var whole = ByteBuffer()
        let headers: [(name: StaticString, value: String)] = [(":event-type", "x")]
        EventStreamMessage.write(headers, payload: ByteBuffer(string: "abcdef"), to: &whole)
        var parts = ByteBuffer()
        var first = ByteBuffer()
        var message = EventStreamMessage(headers, payloadBytes: 6, into: &first)
        first.writeString("ab")
        message.wrote(2, to: first)
        var second = ByteBuffer(string: "cdef")
        message.wrote(4, to: second)
        message.end(&second)
        parts.writeBuffer(&first)
        parts.writeBuffer(&second)
        #expect(parts == whole)
    }

    @Test(
        arguments: [
            ("arn:aws:kinesis:eu-west-1:123456789012:stream/s/consumer/c:1700000000", true),
            ("arn:aws:kinesis:eu-west-1:123456789012:stream/s/consumer/c", false),
            ("arn:aws:kinesis:eu-west-1:123456789012:stream/s/consumer/c:x", false),
            ("arn:aws:kinesis:eu-west-1:123456789012:stream/s/consumer/:1", false),
            ("arn:aws:kinesis:eu-west-1:123456789012:stream/s", false), ("", false), ("/consumer/c:1", false),
            ("arn:aws:kinesis:eu-west-1:123456789012:stream/s/consumer/c:99999999999999999999", false),
        ]
    )
    func `an ARN of a consumer is read back or refused`(_ text: String, _ isValid: Bool) {
        #expect(ConsumerARN(text: text)?.description == (isValid ? text : nil))
    }

    @Test func `the place before a record is told from the record`() {
        for offset in [0, 1, 1 << 40, Int64.max] {
            let number = SequenceNumber(shardCreated: 1_763_937_255, ordinal: 17, offset: offset)
            #expect(number.placeBefore.utf8.count == SequenceNumber.digitCount)
            #expect(ParsedSequenceNumber(number.placeBefore) == .placeBefore(number))
            #expect(ParsedSequenceNumber(number.description) == .record(number))
        }
    }
}
