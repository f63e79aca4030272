import Testing

@testable import Text

@Suite struct JavaPropertiesTests {
    private func parsed(_ text: String) throws -> [String] {
        try JavaProperties.parse(Array(text.utf8)).map { "\($0.name)|\($0.value)" }
    }

    @Test(
        arguments: [
            ("a=b", ["a|b"]), ("a: b", ["a|b"]), ("a b", ["a|b"]), (" \ta = b c ", ["a|b c "]), ("a", ["a|"]),
            ("a=", ["a|"]), ("=b", ["|b"]), ("", []), ("# a=b\n! c=d\n\n  \ne=f", ["e|f"]),
            ("a=1\r\nb=2\rc=3\n", ["a|1", "b|2", "c|3"]), ("a=one,\\\n   two,\\\r\n\tthree", ["a|one,two,three"]),
            ("a=b\\\\\nc=d", ["a|b\\", "c|d"]), ("a\\ b\\:c\\=d = e", ["a b:c=d|e"]),
            ("a=\\t\\n\\r\\f\\q\\#", ["a|\t\n\r\u{C}q#"]), ("a=\\u0041\\u00e9", ["a|Aé"]),
            ("a=\\uD83D\\uDE00", ["a|😀"]),
            ("a=é", ["a|é"]), ("a=b=c:d", ["a|b=c:d"]), ("a = = b", ["a|= b"]),
            ("a=1\\\n# not a comment", ["a|1# not a comment"]),
            ("a=b\\", ["a|b"]), ("a=1\na=2", ["a|1", "a|2"]),
        ] as [(String, [String])]
    )
    func `names and values are read as Java reads them`(text: String, expected: [String]) throws {
        #expect(try self.parsed(text) == expected)
    }

    @Test func `bytes that are not UTF-8 are Latin-1`() throws {
        let parsed = try JavaProperties.parse(Array("a=".utf8) + [0xE9])
        #expect(parsed.map(\.value) == ["é"])
    }

    @Test(arguments: ["\n\na=\\u12", "\n\na=\\uzzzz", "\n\na=\\u"])
    func `a malformed escape is refused with its line`(text: String) {
        #expect(throws: JavaProperties.Failure(line: 3, reason: "malformed \\uxxxx encoding")) { try self.parsed(text) }
    }
}
