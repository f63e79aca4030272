import Model
import NIOCore
import TestSupport
import Testing

@testable import KinesisProtocol

/// CBOR as AWS's SDKs write and read it.
@Suite struct CBORTests {
    static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.filter { !$0.isWhitespace }
        return stride(from: 0, to: digits.count, by: 2).map { index in
            let start = digits.index(digits.startIndex, offsetBy: index)
            return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16) ?? 0
        }
    }

    private static func decode<Input: OperationInput>(_ type: Input.Type, _ bytes: [UInt8]) throws -> Input {
        try Input.decode(ByteBuffer(bytes: bytes), as: .cbor)
    }

    static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return (bytes.count < 24 ? [0x60 | UInt8(bytes.count)] : [0x78, UInt8(bytes.count)]) + bytes
    }

    // MARK: What clients send

    /// Jackson's form: maps and lists of indefinite length.
    private static var put: [UInt8] {
        [0xBF] + Self.text("StreamName") + Self.text("s") + Self.text("Records") + [0x9F, 0xBF] + Self.text("Data")
            + [0x43, 0, 0xFF, 0x7F] + Self.text("PartitionKey") + Self.text("é") + [0xFF, 0xFF, 0xFF]
    }

    @Test func `a put is read from indefinite and from definite lengths, and from strings in pieces`() throws {
        let definite: [UInt8] =
            [0xA2] + Self.text("StreamName") + Self.text("s") + Self.text("Records") + [0x81, 0xA2]
            + Self.text("Data") + [0x43, 0, 0xFF, 0x7F] + Self.text("PartitionKey") + Self.text("é")
        let pieces: [UInt8] =
            [0xBF, 0x7F] + Self.text("Stream") + Self.text("Name") + [0xFF, 0x7F] + Self.text("s")
            + [0xFF] + Self.text("Records") + [0x9F, 0xBF] + Self.text("Data") + [0x5F, 0x41, 0, 0x40, 0x42, 0xFF]
            + [0x7F, 0xFF] + Self.text("PartitionKey") + [0x7F, 0x62, 0xC3, 0xA9, 0xFF, 0xFF, 0xFF, 0xFF]
        for body in [Self.put, definite, pieces] {
            let input = try PutRecordsInput.decode(ByteBuffer(bytes: body), as: .cbor)
            #expect(input.stream.name == "s")
            let entry = try #require(input.entries.first)
            let data = try #require(entry.data)
            #expect(input.payload.withBytes(of: data) { Array($0) } == [0, 0xFF, 0x7F])
            let key = try #require(entry.partitionKey)
            #expect(input.payload.text(key) == "é" && key.scalarCount == 1)
        }
    }

    @Test(
        arguments: [
            ("C1 1B 0000018BCFE56800", 1_700_000_000_000), ("1B 0000018BCFE56800", 1_700_000_000_000),
            ("C1 00", 0), ("C1 20", -1), ("FB 3FF8000000000000", 1), ("C1 F9 3E00", 1), ("C1 FA C0200000", -3),
            ("C1 3B FFFFFFFFFFFFFFFF", Int64.min), ("C1 1B FFFFFFFFFFFFFFFF", Int64.max), ("FB 7FF0000000000000", .max),
            ("FB 7FF8000000000000", 0), ("D9 D9F7 C1 05", 5),
        ]
    )
    func `a timestamp is in milliseconds, tagged or not`(_ hex: String, _ expected: Timestamp) throws {
        let body = [0xA1] + Self.text("Timestamp") + Self.bytes(hex)
        let input = try CBORReader.read(ByteBuffer(bytes: body)) { (reader) throws(KinesisError) in
            var found: Timestamp?
            _ = try reader.readStructure { (reader, _) throws(KinesisError) in found = try reader.readTimestamp() }
            return found
        }
        #expect(input == expected)
    }

    @Test(
        arguments: [
            ("00", 0), ("17", 23), ("18 18", 24), ("19 2710", 10_000), ("1A 7FFFFFFF", Int32.max),
            ("1B FFFFFFFFFFFFFFFF", Int32.max), ("3B FFFFFFFFFFFFFFFF", Int32.min), ("FA 40600000", 3),
            ("F9 C100", -2),
        ]
    )
    func `an integer is cut off and clamped as AWS does`(_ hex: String, _ expected: Int32) throws {
        let body = [0xA1] + Self.text("Limit") + Self.bytes(hex)
        let read = try CBORReader.read(ByteBuffer(bytes: body)) { (reader) throws(KinesisError) in
            var found: Int32?
            _ = try reader.readStructure { (reader, _) throws(KinesisError) in found = try reader.readInteger() }
            return found
        }
        #expect(read == expected)
    }

    @Test func `null and undefined are absent, and members that nobody knows are passed over`() throws {
        let unknown: [UInt8] =
            Self.text("Other") + [0x9F, 0xA1] + Self.text("a") + [0xC2, 0x41, 1, 0x5F, 0x41, 1, 0xFF, 0xF5, 0xFB]
            + [UInt8](repeating: 7, count: 8) + [0xFF]
        let body =
            [0xBF] + Self.text("Limit") + [0xF6] + Self.text("NextToken") + [0xF7] + unknown
            + Self.text("ExclusiveStartStreamName") + Self.text("s") + [0xFF]
        let input = try Self.decode(ListStreamsInput.self, body)
        #expect(input.limit == nil && input.nextToken == nil && input.exclusiveStartStreamName == "s")
    }

    // MARK: What is refused

    @Test(
        arguments: [
            "", "00", "80", "A0 00", "A1", "BF", "BF 61 61 01", "A1 01 01", "BF FF FF", "A1 61 61 FF", "A1 6B 61",
            "A1 61 61 1C", "A1 61 61 5F 61 61 FF", "A1 61 61 5F 5F FF FF", "A1 61 61 5F 41", "A1 61 61 F8 14",
            "A1 62 C3 28 01", "A1 61 61 DF 00", "A1 61 61 3F", "BB FFFFFFFFFFFFFFFF", "A1 61 61 9B FFFFFFFFFFFFFFFF",
            "A1 61 61 5B FFFFFFFFFFFFFFFF 00", "A1 61 61 7B 7FFFFFFFFFFFFFFF 00", "A1 61 61 C1C1C1C1C1C1C1C1C1C1 00",
        ]
    )
    func `what is not CBOR, or not a map, is refused`(_ hex: String) {
        #expect(throws: KinesisError(.serialization)) {
            try Self.decode(ListStreamsInput.self, Self.bytes(hex))
        }
    }

    @Test(
        arguments: [
            ("Limit", "61 61", "class java.lang.String can not be converted to an Integer"),
            ("Limit", "BF FF", "Start of structure or map found where not expected."),
            ("NextToken", "01", "class java.lang.Long can not be converted to an String"),
            ("NextToken", "9F FF", "Start of list found where not expected"),
            ("NextToken", "41 00", "class java.nio.ByteBuffer can not be converted to an String"),
        ]
    )
    func `a value of the wrong type is named as AWS names it`(_ member: String, _ hex: String, _ message: String) {
        let body = [0xA1] + Self.text(member) + Self.bytes(hex)
        #expect(throws: KinesisError(.serialization, message)) { try Self.decode(ListStreamsInput.self, body) }
    }

    @Test(arguments: [[0x81], [0x9F], [0xA1, 0x61, 0x61], [0xBF, 0x61, 0x61]] as [[UInt8]])
    func `nesting is bounded`(_ opening: [UInt8]) {
        let deep = (0..<100_000).flatMap { _ in opening }
        #expect(throws: KinesisError(.serialization)) {
            try Self.decode(ListStreamsInput.self, [0xA1] + Self.text("x") + deep)
        }
    }

    @Test func `members and elements are bounded`() {
        let members = (0...CBORReader.membersMax).flatMap { _ in [0x61, 0x61, 0x00] as [UInt8] }
        #expect(throws: KinesisError(.serialization)) {
            try Self.decode(ListStreamsInput.self, [0xBF] + members + [0xFF])
        }
        let elements = [UInt8](repeating: 0, count: CBORReader.elementsMax + 1)
        #expect(throws: KinesisError(.serialization)) {
            try Self.decode(ListStreamsInput.self, [0xA1] + Self.text("x") + [0x9F] + elements + [0xFF])
        }
    }

    // MARK: Any bytes

    /// Bytes changed, cut, doubled and put in at random: an error or an input, and no more memory than came.
    @Test func `mutations of a request never trap and never make more of it`() {
        var generator = SeededGenerator(seed: 0xCB0)
        let seeds: [[UInt8]] = [
            Self.put,
            [0xBF] + Self.text("Limit") + [0x18, 100] + Self.text("NextToken") + [0x7F, 0x61, 0x61, 0xFF, 0xFF],
            [0xA3] + Self.text("ShardId") + Self.text("x") + Self.text("Timestamp") + [0xC1, 0x1B]
                + [0, 0, 1, 0x8B, 0xCF, 0xE5, 0x68, 0x80] + Self.text("DryRun") + [0xF4],
        ]
        var accepted = 0
        for round in 0..<60_000 {
            var body = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = body.isEmpty ? 0 : Int.random(in: 0..<body.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0 where !body.isEmpty: body[index] = UInt8.random(in: .min ... .max, using: &generator)
                case 1 where !body.isEmpty: body[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2 where !body.isEmpty: body.removeSubrange(index...)
                case 3: body.insert(contentsOf: [0xBB, 0xFF, 0x9F, 0xDB].shuffled(using: &generator), at: index)
                default: body.insert(contentsOf: body[index...], at: index)
                }
            }
            if let input = try? PutRecordsInput.decode(ByteBuffer(bytes: body), as: .cbor) {
                accepted += 1
                #expect(input.payload.readableBytes <= body.count)
                #expect(input.payload.capacity <= 2 * (body.count + 64))
            }
            _ = try? Self.decode(ListStreamsInput.self, body)
            _ = try? Self.decode(GetShardIteratorInput.self, body)
            _ = try? Self.decode(CreateStreamInput.self, body)
        }
        #expect(accepted > 100, "some must be left whole")
    }

    @Test func `a request cut at any byte is refused`() {
        for count in 0..<Self.put.count {
            #expect(throws: KinesisError(.serialization)) {
                try PutRecordsInput.decode(ByteBuffer(bytes: Self.put.prefix(count)), as: .cbor)
            }
        }
    }

    // MARK: What is written

    private static func written(_ write: (inout CBORWriter) -> Void) -> [UInt8] {
        var writer = CBORWriter(into: ByteBuffer())
        write(&writer)
        return Array(writer.buffer.readableBytesView)
    }

    @Test func `scalars have their shortest form`() {
        let integers: [(Int64, String)] = [
            (0, "00"), (23, "17"), (24, "1818"), (255, "18FF"), (256, "190100"), (65_536, "1A00010000"),
            (4_294_967_296, "1B0000000100000000"), (-1, "20"), (-25, "3818"), (.min, "3B7FFFFFFFFFFFFFFF"),
        ]
        for (value, hex) in integers {
            #expect(Self.written { $0.integer(value) } == Self.bytes(hex))
            #expect(Self.written { $0.timestamp(value) } == [0xC1] + Self.bytes(hex))
        }
        #expect(Self.written { $0.boolean(true) } == [0xF5])
        #expect(Self.written { $0.string("é") } == [0x62, 0xC3, 0xA9])
        #expect(Self.written { $0.plainString { $0.writeStaticString("shardId-0") } } == Self.text("shardId-0"))
        let data: [UInt8] = [1, 0xFF]
        #expect(Self.written { writer in data.withUnsafeBytes { writer.blob($0) } } == [0x42, 1, 0xFF])
    }

    @Test func `an error is a map of its type and message`() {
        let error = KinesisError(.resourceNotFound, "gone")
        let expected =
            [0xBF] + Self.text("__type") + Self.text("ResourceNotFoundException") + Self.text("message")
            + Self.text("gone") + [0xFF]
        #expect(Self.written { error.write(to: &$0) } == expected)
    }

    @Test func `a record written in one go has the bytes of its members, and as many as were counted`() {
        var generator = SeededGenerator(seed: 11)
        let times: [Timestamp?] = [nil, 0, 23, 24, 1_700_000_000_120, -1, .max, .min]
        for count in [0, 1, 23, 24, 255, 256, 65_535, 65_536] {
            let data = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            for (index, time) in times.enumerated() {
                let key = Array(String(repeating: "k", count: [0, 1, 23, 24, 256][index % 5]).utf8)
                let number = SequenceNumber(shardCreated: 1_763_937_255, ordinal: 17, offset: Offset(count * 31))
                data.withUnsafeBytes { data in
                    key.withUnsafeBytes { key in
                        let key = index == 7 ? nil : key
                        let quick = Self.written {
                            $0.record(sequenceNumber: number, arrival: time, data: data, partitionKey: key)
                        }
                        let definition = Self.written {
                            GetRecordsOutput.record(
                                &$0,
                                sequenceNumber: number,
                                arrival: time,
                                data: data,
                                partitionKey: key
                            )
                        }
                        #expect(quick == definition)
                        let counted = CBORWriter.recordByteCount(
                            arrival: time,
                            dataCount: data.count,
                            partitionKey: key,
                            isFirst: false
                        )
                        #expect(counted == quick.count)
                        let bound = CBORWriter.recordByteCountMax(
                            dataCount: data.count,
                            partitionKeyCount: key?.count ?? 0
                        )
                        #expect(counted <= bound)
                    }
                }
            }
        }
        let number = SequenceNumber(shardCreated: 1_763_937_255, ordinal: 17, offset: 5)
        let stored = Self.written { $0.storedRecord(sequenceNumber: number, shard: 17) }
        #expect(stored == Self.written { PutRecordsOutput.stored(&$0, sequenceNumber: number, shard: 17) })
        #expect(stored.starts(with: [0xBF] + Self.text("SequenceNumber") + [0x78, 56]))
    }
}
