import NIOCore

@testable import RecordSearch

extension FuzzTarget {
    static let search: [FuzzTarget] = [
        FuzzTarget(name: "record-filters", seeds: Self.filterSeeds, read: Self.readFilter),
        FuzzTarget(name: "record-values", seeds: Self.valueSeeds, read: Self.readValue),
    ]

    private static let sample = SearchRecord(
        partition: 1,
        offset: 2,
        timestamp: 3,
        key: ByteBuffer(string: "key"),
        value: ByteBuffer(string: #"{"a":{"b":[1,2.5,"x"]},"c":null,"d":true}"#),
        headers: [SearchRecord.Header(name: "src", value: ByteBuffer(string: "web"))]
    )

    private static func filterSeeds() -> [ByteBuffer] {
        [
            #"value.a.b[0] > 1 && headers["src"] == "web" || !(key in ["x", 'y'])"#,
            #"has(value.c) && text.matches("(?i)a+\\d") && size(value.a.b) * 2 - 1 <= 17 % 3"#,
            "value.a.contains(keyText) || offset / partition == -timestamp + 1.5e3",
        ].map { ByteBuffer(string: $0) }
    }

    /// What is read is tried on a record.
    private static func readFilter(_ input: ByteBuffer) {
        guard let text = String(validating: input.allBytes, as: UTF8.self),
            let filter = try? RecordFilter(text)
        else { return }
        _ = filter.verdict(on: Self.sample)
    }

    private static func valueSeeds() -> [ByteBuffer] {
        [
            Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00"],"b":{"c":null}}"#.utf8),
            [0x83, 0xA1, 0x61, 0xDC, 0, 2, 1, 2, 0xA1, 0x62, 0xC4, 1, 9, 0xA1, 0x63, 0xDE, 0, 1, 1, 0xC0],
            [0x08, 0x96, 0x01, 0x12, 0x03, 0x08, 0x01, 0xFF, 0x1A, 0x02, 0x08, 0x01],
        ].map { ByteBuffer(bytes: $0) }
    }

    private static func readValue(_ input: ByteBuffer) {
        _ = RecordDecoder.decode(input)
        _ = RecordDecoder.decodeKey(input)
        _ = AggregatedParts.parts(of: input)
        input.withUnsafeReadableBytes { bytes in
            for range in JSONValueReader.elements(of: bytes) ?? [] {
                Self.require(range.upperBound <= bytes.count, "beyond")
            }
            for member in JSONValueReader.members(of: bytes) ?? [] {
                Self.require(member.range.upperBound <= bytes.count, "beyond")
            }
        }
    }
}
