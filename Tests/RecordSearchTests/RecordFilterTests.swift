import NIOCore
import RecordSearch
import Testing

/// The filter language: what it reads, what it refuses, what it costs.
@Suite struct RecordFilterTests {
    static func record(
        _ value: String?,
        key: String? = nil,
        headers: [(String, String)] = []
    ) -> SearchRecord {
        SearchRecord(
            partition: 3,
            offset: 17,
            timestamp: 1_700_000_000_000,
            key: key.map { ByteBuffer(string: $0) },
            value: value.map { ByteBuffer(string: $0) },
            headers: headers.map { SearchRecord.Header(name: $0.0, value: ByteBuffer(string: $0.1)) }
        )
    }

    private static let order = Self.record(
        #"{"total":150,"price":2.5,"id":9223372036854775809,"name":"Ann \"A\" é","tags":["a","b"],"at":null,"#
            + #""nested":{"x y":{"deep":true}},"total":151}"#,
        key: "17",
        headers: [("src", "web"), ("src", "app")]
    )

    @Test(arguments: [
        "value.total > 100", "value.total == 151", "value.price * 2 == 5", "value.id == 9223372036854775809",
        "value.id > 9223372036854775807", #"value.name == "Ann \"A\" é""#, #"value.name.contains("\"A\"")"#,
        "value.name.startsWith('Ann')", "value.name.endsWith('é')", #"value.name.matches("^A.*é$")"#,
        #"value.name.matches("n+ ")"#, "'b' in value.tags", "value.tags[1] == 'b'", "value.at == null",
        #"value.nested["x y"].deep"#, "headers['src'] == 'app'", "headers.src != 'web'", "'src' in headers",
        "partition == 3 && offset >= 17 && timestamp > 1600000000000", "key == '17'", "int(key) + 1 == 18",
        "has(value.total) && !has(value.other)", "size(value.tags) == 2 && value.name.size() == 9",
        "value.total in [150, 151, 'x']", "1 + 2 * 3 == 7", "(1 + 2) * 3 == 9", "7 / 2 == 3 && 7 % 2 == 1",
        "-value.total < 0", "1.5e2 == 150", "1 == 1.0", "value.missing > 1 || true", "!(value.missing > 1 && false)",
        "text.contains('\"total\":150')", "keyText == '17'", "string(value.total) == '151'", "double('1.5') == 1.5",
        "value.total != 'x'", "'a' < 'b'", "[1, [2]] == [1, [2]]", "true", "\"a\\nb\".size() == 3",
    ])
    func `matches`(text: String) throws {
        #expect(try RecordFilter(text).verdict(on: Self.order) == .match)
    }

    @Test(arguments: [
        ("value.total < 100", RecordFilter.Verdict.noMatch), ("false", .noMatch), ("value.total == '151'", .noMatch),
        ("value.missing == 1", .error), ("value.name > 1", .error), ("value.total", .error), ("1 / 0 == 1", .error),
        ("value.total && true", .error), ("value.tags[7] == 1", .error), ("value.missing > 1 && true", .error),
        ("headers.none == 'x'", .error), ("value.total.contains('1')", .error), ("!value.total", .error),
        ("170141183460469231731687303715884105727 + 1 > 0", .error), ("size(1) == 1", .error),
    ])
    func `does not match`(text: String, verdict: RecordFilter.Verdict) throws {
        #expect(try RecordFilter(text).verdict(on: Self.order) == verdict)
    }

    @Test(arguments: [
        "", "value.", "value.total >", "(1", "1)", "a == 1", "value..x", "'open", "value.matches(key)", "1 2",
        "value.f()", "has(1)", "has(value)", "&& true", "value.name.matches('(')", "#", "1e999", "[1,", "value[",
        "value.contains()", "size()", "not(true)",
    ])
    func `is refused`(text: String) {
        #expect(throws: RecordFilter.Failure.self) { try RecordFilter(text) }
    }

    @Test func `a refusal names the place`() {
        let known = "value, key, text, keyText, headers, partition, offset, timestamp"
        #expect(throws: RecordFilter.Failure("there is no lenght; a record has \(known)", at: 5)) {
            try RecordFilter("1 == lenght")
        }
    }

    @Test func `expressions are bounded`() {
        for text in [
            String(repeating: "(", count: 100) + "1" + String(repeating: ")", count: 100),
            String(repeating: "!", count: 400) + "true", "true" + String(repeating: " && true", count: 300),
            "value" + String(repeating: ".a", count: 300), String(repeating: "x", count: 5000),
        ] {
            #expect(throws: RecordFilter.Failure.self) { try RecordFilter(text) }
        }
    }

    @Test func `a record costs bounded work`() throws {
        let long = Self.record(String(repeating: "a", count: 1_000_000))
        #expect(try RecordFilter("text.matches('(a|aa)*b')").verdict(on: long) == .tooMuchWork)
        let part = String(repeating: "a", count: 1000) + "b"
        #expect(try RecordFilter("text.contains('\(part)')").verdict(on: long) == .tooMuchWork)
        // An error on the other side does not hide it.
        #expect(try RecordFilter("text.matches('(a|aa)*b') || true").verdict(on: long) == .tooMuchWork)
    }

    @Test func `records without a value or with bytes have a verdict`() throws {
        #expect(try RecordFilter("value == null").verdict(on: Self.record(nil)) == .match)
        #expect(try RecordFilter("text.contains('a')").verdict(on: Self.record(nil)) == .error)
        #expect(try RecordFilter("value == ''").verdict(on: Self.record("")) == .match)
    }
}
