import CommandCore
import Testing

@Suite
struct OutputTests {
    private var table: TextTable {
        var table = TextTable(["NAME", "IN SYNC", "SIZE"], numbers: [2], wide: [1])
        table.add(["a", "1,2", "5"])
        table.add(["long \"name\"", "-", "1000"])
        return table
    }

    @Test
    func `a table is aligned, and wide has more columns`() {
        #expect(self.table.text == "NAME         SIZE\na               5\nlong \"name\"  1000\n")
        #expect(self.table.wideText.hasPrefix("NAME         IN SYNC  SIZE\n"))
        #expect(self.table.names == ["a", "long \"name\""])
    }

    @Test
    func `comma-separated values are quoted where they must be`() {
        #expect(self.table.csv == "name,in_sync,size\na,\"1,2\",5\n\"long \"\"name\"\"\",,1000\n")
    }

    @Test(arguments: [
        ("[]\n", ""), ("[1,2]\n", "1\n2\n"),
        (
            "[{\"a\":[1,2],\"b\":\"x,]\\\"y\"},{\"c\":{}}]\n",
            "{\"a\":[1,2],\"b\":\"x,]\\\"y\"}\n{\"c\":{}}\n"
        ), ("{\"a\":1}\n", "{\"a\":1}\n"),
        ("[\"\\\\\",\"b\"]\n", "\"\\\\\"\n\"b\"\n"),
    ])
    func `a list becomes lines, another document stays`(document: String, lines: String) {
        #expect(String(decoding: JSONLines.split(Array(document.utf8)), as: UTF8.self) == lines)
    }
}
