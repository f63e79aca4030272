import CommandCore
import KafkaClient
import Model
import NIOCore
import RecordBatch
import Testing

@Suite
struct RecordFormatTests {
    private static let record = ConsumedRecord(
        partition: NamedPartition(topic: "foo", partition: 3),
        offset: 257,
        timestamp: 1_767_268_805_123,
        key: ByteBuffer(string: "key"),
        value: ByteBuffer(bytes: [0xFF, 0x00, 0x41]),
        headers: [("a", ByteBuffer(string: "1")), ("b", nil)],
        leaderEpoch: LeaderEpoch(rawValue: 7),
        producerID: ProducerID(rawValue: 42),
        producerEpoch: ProducerEpoch(rawValue: 2),
        attributes: BatchAttributes(rawValue: 0x14)
    )

    private func bytes(_ format: RecordFormat, _ record: ConsumedRecord = Self.record) -> [UInt8] {
        var bytes: [UInt8] = []
        format.write(record, count: 9, to: &bytes)
        return bytes
    }

    @Test(arguments: [
        ("%t %p %o\\n", "foo 3 257\n"), ("%k=%v{hex}", "key=ff0041"), ("%v{base64}", "/wBB"),
        ("%k{base64}", "a2V5"), ("%t{base64raw}|%T%K%V%H", "Zm9v|3332"), ("%e %x %y %i", "7 42 2 9"),
        ("%d", "1767268805123"), ("%d{strftime[%F %T]}", "2026-01-01 12:00:05"),
        ("%d{strftime=[%F]=}", "%d"), ("%d{strftime###%Y###}", "2026"),
        (
            "%d{strftime[[%j %a %b %e %I%p %L]]}",
            "001 Thu Jan  1 12PM 123"
        ),
        ("%d{go[2006-01-02T15:04:05.000Z07:00]}", "2026-01-01T12:00:05.123Z"),
        ("%d{go[Mon Jan _2 15:04:05 MST 2006]}", "Thu Jan  1 12:00:05 UTC 2026"), ("%h{%k=%v;}", "a=1;b=;"),
        ("%h{%V{hex8}}", "0100"), ("%%%{%}\\\\\\t", "%{}\\\t"), ("\\x41\\x00", "A\0"), ("%o{hex16}", "0101"),
        ("%o{hex4}", "1"), ("%V{bool}", "true"), ("%s", "\u{FFFD}\0A"), ("%a{compression}", "zstd"),
        ("%a{compression;number}", "4"), ("%a{transactional-bit}", "1"), ("%a{control-bit;bool}", "false"),
        ("%a{timestamp-type}", "0"),
    ])
    func `rpk's verbs print what they say`(text: String, expected: String) throws {
        guard expected != "%d" else {
            #expect(throws: OptionError.self) { try RecordFormat(rpk: text) }
            return
        }
        #expect(String(decoding: self.bytes(try RecordFormat(rpk: text)), as: UTF8.self) == expected)
    }

    @Test
    func `numbers have binary forms`() throws {
        #expect(self.bytes(try RecordFormat(rpk: "%o{big64}")) == [0, 0, 0, 0, 0, 0, 1, 1])
        #expect(self.bytes(try RecordFormat(rpk: "%o{big16}%o{little32}")) == [1, 1, 1, 1, 0, 0])
        #expect(self.bytes(try RecordFormat(rpk: "%o{byte}%o{big8}")) == [1, 1])
        #expect(self.bytes(try RecordFormat(rpk: "%K{big32}%k{hex}")) == [0, 0, 0, 3] + Array("6b6579".utf8))
    }

    @Test(arguments: [
        "%", "\\", "\\q", "\\x4", "\\xzz", "%z", "%k{hex", "%k{utf8}", "%o{hex}", "%h", "%h{%o}", "%a", "%a{x}",
        "%d{strftime}", "%[", "%]", "%d{lunar[x]}",
    ])
    func `wrong formats are refused`(text: String) {
        #expect(throws: OptionError.self) { try RecordFormat(rpk: text) }
    }

    @Test(arguments: [
        ("%t [%p] at %o: key %k: %s\\n", "foo [3] at 257: key key: \u{FFFD}\0A\n"), ("%K %S %T", "3 3 1767268805123"),
        ("%h", "a=1,b=NULL"), ("100%%", "100%"),
    ])
    func `kcat's verbs have kcat's meaning`(text: String, expected: String) throws {
        #expect(String(decoding: self.bytes(try RecordFormat(kcat: text)), as: UTF8.self) == expected)
    }

    @Test
    func `what is null has the length that each tool gives it`() throws {
        let empty = ConsumedRecord(
            partition: NamedPartition(topic: "foo", partition: 0),
            offset: 0,
            timestamp: 0,
            key: nil,
            value: nil
        )
        #expect(self.bytes(try RecordFormat(kcat: "%K%S%R"), empty) == Array("-1-1".utf8) + [255, 255, 255, 255])
        #expect(self.bytes(try RecordFormat(rpk: "%K%k%V%v%H"), empty) == Array("000".utf8))
        #expect(throws: OptionError.self) { try RecordFormat(kcat: "%v") }
    }
}
