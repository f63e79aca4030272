import KinesisProtocol
import Model
import NIOCore
import TestSupport
import Testing

/// The records of answers, written in one go, against the same written member by member.
@Suite struct AnswerRecordTests {
    private func text(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(into: ByteBuffer())
        writer.beginList()
        write(&writer)
        writer.endList()
        return String(buffer: writer.buffer)
    }

    private static let offsets: [Offset] = [
        0, 1, 2, 82_717, 82_718, 82_719, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 47) - 1, 1 << 48, (1 << 62) - 1,
        .max - 1, .max,
    ]

    /// Runs of offsets are added up, jumps are divided; the string is made by dividing only.
    @Test func `sequence numbers in a row are those that each is by itself`() {
        var generator = SeededGenerator(seed: 186)
        var starts = Self.offsets.map { max(0, $0 - 300) }
        for bits in 0..<62 { starts.append(Int64.random(in: 0...(1 << Int64(bits)), using: &generator)) }
        for start in starts {
            let created = UInt64.random(in: 0..<1 << 36, using: &generator)
            let ordinal = UInt32.random(in: 0...UInt32(Int32.max), using: &generator)
            var numbers = (0..<300).map { SequenceNumber(shardCreated: created, ordinal: ordinal, offset: start + $0) }
            numbers.append(numbers[0])
            numbers.append(SequenceNumber(shardCreated: created, ordinal: ordinal ^ 1, offset: start + 1))
            numbers.append(SequenceNumber(shardCreated: created ^ 1, ordinal: ordinal ^ 1, offset: start + 2))
            let written = self.text {
                for number in numbers { $0.storedRecord(sequenceNumber: number, shard: ordinal) }
            }
            let digits = written.split(separator: "\"").filter { $0.utf8.count == 56 }.map(String.init)
            #expect(digits == numbers.map(\.description))
        }
    }

    @Test func `sequence numbers of several shards in turn are those that each is by itself`() {
        // 0 and 8 have the same lowest bits.
        let numbers = (0..<400).map { index in
            let ordinal: UInt32 = [0, 8, 3, 0, 5][index % 5]
            return SequenceNumber(shardCreated: 1_700_000_000, ordinal: ordinal, offset: 82_700 + Offset(index / 5))
        }
        let written = self.text {
            for number in numbers { $0.storedRecord(sequenceNumber: number, shard: number.ordinal) }
        }
        let digits = written.split(separator: "\"").filter { $0.utf8.count == 56 }.map(String.init)
        #expect(digits == numbers.map(\.description))
    }

    @Test(arguments: [0, 1, 9, 10, 99_999_999, 100_000_000, 1_234_567_890, UInt32.max] as [UInt32])
    func `a stored record is the same in one go`(_ ordinal: UInt32) {
        for offset in Self.offsets {
            let number = SequenceNumber(shardCreated: 1_700_000_000, ordinal: ordinal, offset: offset)
            let quick = self.text { $0.storedRecord(sequenceNumber: number, shard: ordinal) }
            #expect(quick == self.text { PutRecordsOutput.stored(&$0, sequenceNumber: number, shard: ordinal) })
            #expect(quick.contains("\"\(ShardID(ordinal))\""))
        }
    }

    @Test func `a record written in one go has the same bytes, for any content`() {
        var generator = SeededGenerator(seed: 10)
        let times: [Timestamp?] = [
            nil, 0, 1, 10, 100, 999, 1000, 1_700_000_000_120, 253_402_300_799_999, -1, -1500, .max, .min,
        ]
        for count in 0...200 {
            let data = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let key: [UInt8]? =
                count % 5 == 0
                ? nil
                : Array(
                    String((0..<(count / 2)).map { _ in Self.characters.randomElement(using: &generator) ?? "?" }).utf8
                )
            let number = SequenceNumber(shardCreated: 1_763_937_255, ordinal: 17, offset: Offset(count * count))
            let time = times[count % times.count]
            func both(_ write: (inout JSONWriter, UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void) -> String {
                data.withUnsafeBytes { data in
                    guard let key else { return self.text { for _ in 0..<2 { write(&$0, data, nil) } } }
                    return key.withUnsafeBytes { key in self.text { for _ in 0..<2 { write(&$0, data, key) } } }
                }
            }
            let quick = both { $0.record(sequenceNumber: number, arrival: time, data: $1, partitionKey: $2) }
            let definition = both {
                GetRecordsOutput.record(&$0, sequenceNumber: number, arrival: time, data: $1, partitionKey: $2)
            }
            #expect(quick == definition)
            var measured = 2
            _ = both { _, data, key in
                measured += JSONWriter.recordByteCount(
                    arrival: time,
                    dataCount: data.count,
                    partitionKey: key,
                    isFirst: measured == 2
                )
                let bound = JSONWriter.recordByteCountMax(dataCount: data.count, partitionKeyCount: key?.count ?? 0)
                #expect(measured <= 2 + 2 * bound)
            }
            #expect(measured == quick.utf8.count)
        }
    }

    private static let characters: [Character] = [
        "a", "Z", "0", " ", "\"", "\\", "\n", "\0", "\u{1F}", "\u{7F}", "é", "😀", "/",
    ]

    /// Every byte at every place of a word, next to every kind of neighbour.
    @Test func `only quotes, backslashes and control characters are escaped`() throws {
        for place in 0..<17 {
            for neighbour in ["a", "!", "\"", "\\", "\u{1F}", "é"] {
                for scalar in UInt8.min..<0x80 {
                    let text =
                        String(repeating: neighbour, count: place) + String(UnicodeScalar(scalar))
                        + String(repeating: neighbour, count: 17 - place)
                    let json = self.text { $0.string(text) }
                    let expected = text.unicodeScalars.map(self.escaped).joined()
                    #expect(json == "[\"" + expected + "\"]")
                    let read = try JSONReader.read(ByteBuffer(string: "{\"m\":\(json)}")) {
                        (reader) throws(KinesisError) in
                        var found: String?
                        _ = try reader.readStructure { (reader, _) throws(KinesisError) in
                            _ = try reader.readList { (reader, _) throws(KinesisError) in
                                found = try reader.readString()
                            }
                        }
                        return found
                    }
                    #expect(read == text)
                }
            }
        }
    }

    private func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\u{8}": "\\b"
        case "\t": "\\t"
        case "\n": "\\n"
        case "\u{C}": "\\f"
        case "\r": "\\r"
        case "\0"..<"\u{10}": "\\u000" + String(scalar.value, radix: 16)
        case "\u{10}"..<" ": "\\u00" + String(scalar.value, radix: 16)
        default: String(scalar)
        }
    }

    @Test func `integers and times are written in full`() {
        let numbers: [Int64] = [
            0, 1, 9, 10, 99_999_999, 100_000_000, 9_999_999_999_999_999, 10_000_000_000_000_000, .max, .min, -1,
            -100_000_000,
        ]
        for number in numbers { #expect(self.text { $0.integer(number) } == "[\(number)]") }
        let times: [(Timestamp, String)] = [
            (0, "0"), (1, "0.001"), (10, "0.01"), (100, "0.1"), (120, "0.12"), (1_700_000_000_123, "1700000000.123"),
            (1_700_000_000_000, "1700000000"), (-1, "-0.001"), (-1500, "-1.5"), (.min, "-9223372036854775.808"),
        ]
        for (time, text) in times { #expect(self.text { $0.timestamp(time) } == "[\(text)]") }
    }
}
