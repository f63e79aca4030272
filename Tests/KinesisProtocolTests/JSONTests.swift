import KinesisProtocol
import Model
import NIOCore
import TestSupport
import Testing
import Text

@Suite struct JSONTests {
    private func read<Shape>(
        _ json: String,
        _ body: (inout JSONReader) throws(KinesisError) -> Shape
    ) throws(KinesisError) -> Shape {
        try JSONReader.read(ByteBuffer(string: json), body)
    }

    private func member<Value>(
        _ value: String,
        _ body: (inout JSONReader) throws(KinesisError) -> Value
    ) throws(KinesisError) -> Value? {
        try self.read("{\"m\":\(value)}") { (reader) throws(KinesisError) in
            var found: Value?
            _ = try reader.readStructure { (reader, _) throws(KinesisError) in found = try body(&reader) }
            return found
        }
    }

    private func message(_ body: () throws(KinesisError) -> Void) -> String? {
        do throws(KinesisError) {
            try body()
            return "no error"
        } catch {
            #expect(error.code == .serialization)
            return error.message
        }
    }

    @Test(
        arguments: [
            (#""plain""#, "plain"), (#""""#, ""), (#""a\"b\\c\/d\b\f\n\r\t""#, "a\"b\\c/d\u{8}\u{C}\n\r\t"),
            (#""\u00e9\u20AC""#, "é€"), (#""\ud83d\ude00!""#, "😀!"), ("\"üñ😀\"", "üñ😀"), (#""\u0000""#, "\0"),
        ]
    )
    func `strings are unescaped`(_ json: String, _ text: String) throws {
        #expect(try self.member(json) { (reader) throws(KinesisError) in try reader.readString() } == text)
        var buffer = ByteBuffer()
        let range = try self.member(json) { (reader) throws(KinesisError) in
            try reader.readString(appendingTo: &buffer)
        }
        let found = try #require(range ?? nil)
        #expect(buffer.text(found) == text)
        #expect(found.scalarCount == Int32(text.unicodeScalars.count))
    }

    @Test(
        arguments: [
            #""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83d\u0041""#, #""\x""#, #""\u12""#, "\"a\nb\"", "\"",
            #""abc"#, #""\"#, #"nul"#, "tru", "01", "-", "1.", "1e", "+1", ".5", "NaN", "'a'", "[1,]", "{\"a\":1,}",
            "{a:1}", "[1 2]", "{\"a\" 1}", "", "\u{1}",
        ]
    )
    func `bytes that are not JSON are refused without a text`(_ json: String) {
        let text = self.message { () throws(KinesisError) in
            _ = try self.member(json) { (reader) throws(KinesisError) in try reader.skip() }
            _ = try self.member(json) { (reader) throws(KinesisError) in try reader.readString() }
        }
        #expect(text == nil)
    }

    @Test(arguments: ["true", "null", "hello", "[]", "", "{} x", "{}{}", "\"a\""])
    func `a body is one object`(_ body: String) {
        let text = self.message { () throws(KinesisError) in
            _ = try self.read(body) { (reader) throws(KinesisError) in try reader.skip() }
        }
        #expect(text == nil)
    }

    @Test func `invalid UTF-8 is refused`() {
        let sequences: [[UInt8]] = [
            [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
        ]
        for bytes in sequences {
            let body = Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8)
            #expect(throws: KinesisError(.serialization)) {
                try JSONReader.read(ByteBuffer(bytes: body)) { (reader) throws(KinesisError) in try reader.skip() }
            }
        }
    }

    @Test func `nesting and members are bounded`() {
        let deep = "{\"a\":" + String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000) + "}"
        let wide = "{" + (0...JSONReader.membersMax).map { "\"m\($0)\":0" }.joined(separator: ",") + "}"
        for json in [deep, wide] {
            #expect(throws: KinesisError(.serialization)) {
                try self.read(json) { (reader) throws(KinesisError) in try reader.skip() }
            }
        }
    }

    @Test(
        arguments: [
            ("0", 0), ("-1", -1), ("1.9", 1), ("-1.5", -2), ("1e3", 1000), ("100000000000", .max), ("-1e99", .min),
            ("2147483647", .max), ("12345678901234567890123", .max),
        ] as [(String, Int32)]
    )
    func `integers are cut and clamped as by AWS`(_ json: String, _ value: Int32) throws {
        #expect(try self.member(json) { (reader) throws(KinesisError) in try reader.readInteger() } == value)
    }

    @Test(
        arguments: [
            ("1700000000", 1_700_000_000_000), ("1700000000.123", 1_700_000_000_123),
            ("1700000000.5", 1_700_000_000_500),
            ("1.7e9", 1_700_000_000_000), ("0.0019", 1), ("-0.001", -1), ("-0.0001", -1), ("1e300", .max),
        ] as [(String, Timestamp)]
    )
    func `timestamps are seconds, kept to the millisecond`(_ json: String, _ value: Timestamp) throws {
        #expect(try self.member(json) { (reader) throws(KinesisError) in try reader.readTimestamp() } == value)
    }

    /// AWS's texts, as kinesalite's tests against production have them.
    @Test(
        arguments: [
            ("true", "class java.lang.Boolean can not be converted to an String"),
            ("23", "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String"),
            (
                "34.56",
                "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String"
            ),
            ("[]", "Start of list found where not expected"),
            ("{}", "Start of structure or map found where not expected."),
        ]
    )
    func `a wrong type for a string`(_ json: String, _ text: String) {
        let found = self.message { () throws(KinesisError) in
            _ = try self.member(json) { (reader) throws(KinesisError) in try reader.readString() }
        }
        #expect(found == text)
    }

    @Test(
        arguments: [
            ("true", "class java.lang.Boolean can not be converted to a Blob"),
            ("23", "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to a Blob"),
            ("[]", "Start of list found where not expected"),
            (
                "\"23456\"",
                "'23456' can not be converted to a Blob: "
                    + "Base64 encoded length is expected a multiple of 4 bytes but found: 5"
            ),
            ("\"=+/=\"", "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='"),
            ("\"+/+=\"", "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"),
        ]
    )
    func `a wrong type for a blob`(_ json: String, _ text: String) {
        let found = self.message { () throws(KinesisError) in
            var buffer = ByteBuffer()
            _ = try self.member(json) { (reader) throws(KinesisError) in try reader.readBlob(appendingTo: &buffer) }
        }
        #expect(found == text)
    }

    @Test(
        arguments: [
            ("\"23\"", "class java.lang.String can not be converted to an Integer"),
            ("true", "class java.lang.Boolean can not be converted to an Integer"),
        ]
    )
    func `a wrong type for an integer`(_ json: String, _ text: String) {
        let found = self.message { () throws(KinesisError) in
            _ = try self.member(json) { (reader) throws(KinesisError) in try reader.readInteger() }
        }
        #expect(found == text)
    }

    @Test func `wrong types for timestamps, lists and structures`() {
        #expect(
            self.message { () throws(KinesisError) in
                _ = try self.member("\"x\"") { (reader) throws(KinesisError) in try reader.readTimestamp() }
            } == "class java.lang.String can not be converted to milliseconds since epoch"
        )
        #expect(
            self.message { () throws(KinesisError) in
                _ = try self.member("23") { (reader) throws(KinesisError) in
                    try reader.readList { (reader, _) throws(KinesisError) in try reader.skip() }
                }
            } == "Expected list or null"
        )
        #expect(
            self.message { () throws(KinesisError) in
                _ = try self.member("23") { (reader) throws(KinesisError) in
                    try reader.readStructure { (reader, _) throws(KinesisError) in try reader.skip() }
                }
            } == "Expected null"
        )
    }

    @Test func `blobs of every length survive both directions`() throws {
        var generator = SeededGenerator(seed: 11)
        for count in 0..<300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            var writer = JSONWriter(into: ByteBuffer())
            writer.beginStructure()
            writer.member("m")
            bytes.withUnsafeBytes { writer.blob($0) }
            writer.member("n")
            writer.boolean(true)
            writer.endStructure()
            var buffer = ByteBuffer()
            var isAfter = false
            let range = try JSONReader.read(writer.buffer) { (reader) throws(KinesisError) in
                var range: ByteRange?
                _ = try reader.readStructure { (reader, name) throws(KinesisError) in
                    switch name {
                    case "m": range = try reader.readBlob(appendingTo: &buffer)
                    default: isAfter = try reader.readBoolean() ?? false
                    }
                }
                return range
            }
            let found = try #require(range)
            #expect(buffer.getBytes(at: Int(found.start), length: Int(found.count)) == bytes)
            #expect(isAfter)
        }
    }

    @Test func `slashes in base64 may be escaped`() throws {
        var buffer = ByteBuffer()
        let range = try self.member(#""\/\/79""#) { (reader) throws(KinesisError) in
            try reader.readBlob(appendingTo: &buffer)
        }
        let found = try #require(range ?? nil)
        #expect(buffer.getBytes(at: Int(found.start), length: Int(found.count)) == [0xFF, 0xFE, 0xFD])
    }

    @Test(
        arguments: [
            (0, "0"), (1, "0.001"), (1_700_000_000_000, "1700000000"), (1_700_000_000_120, "1700000000.12"),
            (1_700_000_000_999, "1700000000.999"), (-1500, "-1.5"),
        ] as [(Timestamp, String)]
    )
    func `timestamps are written as seconds`(_ value: Timestamp, _ text: String) {
        var writer = JSONWriter(into: ByteBuffer())
        writer.timestamp(value)
        #expect(String(buffer: writer.buffer) == text)
    }

    @Test func `strings are escaped`() {
        var writer = JSONWriter(into: ByteBuffer())
        writer.string("a\"\\\n\u{1F}é/")
        #expect(String(buffer: writer.buffer) == #""a\"\\\n\u001fé/""#)
    }

    @Test func `mutated bodies never trap`() {
        let seeds = [
            #"{"StreamName":"s","Records":[{"Data":"aGVsbG8=","PartitionKey":"k","ExplicitHashKey":"12"},{"Data":"","PartitionKey":"é😀"}]}"#,
            #"{"a":[1,2.5e3,{"b":[true,false,null,"\ud83d\ude00\n"]}],"Timestamp":1700000000.123,"Limit":10}"#,
        ]
        var generator = SeededGenerator(seed: 42)
        for _ in 0..<4000 {
            var bytes = Array(seeds[Int.random(in: 0..<seeds.count, using: &generator)].utf8)
            for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(Array("\"\\{}[]:,u=".utf8).randomElement(using: &generator) ?? 0, at: index)
                default: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
                }
            }
            let body = ByteBuffer(bytes: bytes)
            _ = try? PutRecordsInput.decode(body, as: .json)
            _ = try? JSONReader.read(body) { (reader) throws(KinesisError) in try ListShardsInput(from: &reader) }
            _ = try? JSONReader.read(body) { (reader) throws(KinesisError) in try CreateStreamInput(from: &reader) }
        }
    }
}
