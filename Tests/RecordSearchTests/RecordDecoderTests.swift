import KinesisProtocol
import NIOCore
import RecordBatch
import TestSupport
import Testing

@testable import RecordSearch

/// What bytes are taken for, and that no bytes trap.
@Suite struct RecordDecoderTests {
    private static func decode(_ bytes: [UInt8]) -> RecordDecoder.Decoded {
        RecordDecoder.decode(ByteBuffer(bytes: bytes))
    }

    private static func json(_ text: String) -> SearchValue? {
        Array(text.utf8).withUnsafeBytes { JSONValueReader.value(of: $0) }
    }

    @Test func `JSON keeps its digits`() {
        #expect(Self.json("18446744073709551615") == .integer(18_446_744_073_709_551_615))
        #expect(Self.json("-9223372036854775808") == .integer(-9_223_372_036_854_775_808))
        #expect(Self.json(" [1.5, 1e3, -0] ") == .list([.double(1.5), .double(1000), .integer(0)]))
        #expect(Self.json(#""\u00e9\ud83d\ude00\n\/""#) == .string("é😀\n/"))
        #expect(Self.json(#""\ud83dx""#) == .string("\u{FFFD}x"))
        #expect(Self.json(#"{"a":{"b":[true,null]}}"#)?.member("a")?.member("b") == .list([.bool(true), .null]))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "01", "1.", "-", "\"a", "nul", "[1] 2", "{a:1}", "\"\t\"", "\"\\x\"", "\"\\u12\"",
        "+1",
    ])
    func `what is not JSON is not`(text: String) { #expect(Self.json(text) == nil) }

    @Test func `JSON is not deeper or larger than it may be`() {
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(Self.json(deep) == nil)
        #expect(Self.json("[" + String(repeating: "0,", count: SearchValue.countMax) + "0]") == nil)
    }

    @Test func `members and elements are found as they are written`() {
        let text = Array(#"{"a" : [1, {"b":2}], "c":"x"}"#.utf8)
        text.withUnsafeBytes { bytes in
            let members = JSONValueReader.members(of: bytes) ?? []
            #expect(members.map(\.name) == ["a", "c"])
            #expect(members.map { String(decoding: bytes[$0.range], as: UTF8.self) } == [#"[1, {"b":2}]"#, #""x""#])
            let list = UnsafeRawBufferPointer(rebasing: bytes[members[0].range])
            let elements = JSONValueReader.elements(of: list) ?? []
            #expect(elements.map { String(decoding: list[$0], as: UTF8.self) } == ["1", #"{"b":2}"#])
        }
    }

    @Test func `formats are told by their bytes`() {
        #expect(RecordDecoder.decode(nil).format == .null)
        #expect(Self.decode([]).format == .empty)
        #expect(Self.decode(Array("{\"a\":1}".utf8)).format == .json)
        #expect(Self.decode(Array("{\"a\":1".utf8)).format == .text)
        // {"id": 2^63, "ok": true, "x": [1.5, -3]}
        let packed: [UInt8] =
            [0x83, 0xA2, 0x69, 0x64, 0xCF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0xA2, 0x6F, 0x6B, 0xC3, 0xA1, 0x78, 0x92, 0xCB]
            + [0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0xFD]
        let decoded = Self.decode(packed)
        #expect(decoded.format == .msgpack)
        #expect(decoded.value.member("id") == .integer(9_223_372_036_854_775_808))
        #expect(decoded.value.member("x") == .list([.double(1.5), .integer(-3)]))
        // 1: 150, 2: "testing", 3: {1: 2^64-1}, 2: "é"
        let message: [UInt8] =
            [0x08, 0x96, 0x01, 0x12, 0x07] + Array("testing".utf8)
            + [0x1A, 0x0B, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x12, 0x02, 0xC3, 0xA9]
        let fields = Self.decode(message)
        #expect(fields.format == .protobuf)
        #expect(fields.value.member("1") == .integer(150))
        #expect(fields.value.member("2") == .list([.string("testing"), .string("é")]))
        #expect(fields.value.member("3")?.member("1") == .integer(18_446_744_073_709_551_615))
        #expect(Self.decode([0xFF, 0xFE, 0x00]).format == .binary)
    }

    @Test func `keys are strings unless they are objects or lists`() {
        #expect(RecordDecoder.decodeKey(ByteBuffer(string: "17")) == .string("17"))
        #expect(RecordDecoder.decodeKey(ByteBuffer(string: "true")) == .string("true"))
        #expect(RecordDecoder.decodeKey(ByteBuffer(string: "[1]")) == .list([.integer(1)]))
        #expect(RecordDecoder.decodeKey(nil) == .null)
    }

    // MARK: Aggregates

    static func aggregate(_ parts: [(key: String, data: String)]) -> [UInt8] {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
        var message: [UInt8] = []
        for part in parts { message += field(1, Array(part.key.utf8)) }
        for (index, part) in parts.enumerated() {
            message += field(3, [0x08, UInt8(index)] + field(3, Array(part.data.utf8)))
        }
        let digest = message.withUnsafeBytes { MD5.digest($0) }
        return [0xF3, 0x89, 0x9A, 0xC2] + message + withUnsafeBytes(of: digest.bigEndian) { Array($0) }
    }

    @Test func `what the KPL packed is taken apart`() throws {
        let bytes = Self.aggregate([("k1", "one"), ("k2", "two")])
        let parts = try #require(AggregatedParts.parts(of: ByteBuffer(bytes: bytes)))
        #expect(parts.map { $0.key.map { String(buffer: $0) } } == ["k1", "k2"])
        #expect(parts.map { String(buffer: $0.data) } == ["one", "two"])
        var broken = bytes
        broken[6] ^= 1
        #expect(AggregatedParts.parts(of: ByteBuffer(bytes: broken)) == nil)
        #expect(AggregatedParts.parts(of: ByteBuffer(bytes: Array(bytes.prefix(19)))) == nil)
    }

    @Test func `no bytes trap`() {
        var generator = SeededGenerator(seed: 7)
        let seeds: [[UInt8]] = [
            Array(#"{"a":[1,2.5e3,"x\u00e9"],"b":{"c":null}}"#.utf8),
            [0x83, 0xA1, 0x61, 0xDC, 0, 2, 1, 2, 0xA1, 0x62, 0xC4, 1, 9, 0xA1, 0x63, 0xDE, 0, 1, 1, 0xC0],
            [0x08, 0x96, 0x01, 0x12, 0x03, 0x08, 0x01, 0xFF, 0x1A, 0x02, 0x08, 0x01],
            Self.aggregate([("k", "v")]),
        ]
        for _ in 0..<20_000 {
            var bytes = seeds.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.removeSubrange(index...)
                default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
                }
            }
            _ = Self.decode(bytes)
            _ = AggregatedParts.parts(of: ByteBuffer(bytes: bytes))
        }
    }
}
