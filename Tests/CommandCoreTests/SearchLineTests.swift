import CommandCore
import FoundationEssentials
import KafkaClient
import NIOCore
import Testing

@Suite("Lines of a search")
struct SearchLineTests {
    private func line(_ text: String) throws -> SearchLine {
        try JSONDecoder().decode(SearchLine.self, from: Data(text.utf8))
    }

    @Test("A record keeps its bytes, and the difference between null and empty")
    func records() throws {
        let text = """
            {"partition":2,"offset":9007199254740993,"timestamp":5,"key":{"format":"empty","size":0,"text":""},\
            "value":{"format":"binary","size":2,"text":null,"base64":"/wA="},\
            "headers":[{"name":"a","value":{"format":"null","size":0}},\
            {"name":"b","value":{"format":"msgpack","size":1,"text":"[1]","base64":"kQE="}}]}
            """
        guard case .record(let record) = try self.line(text) else {
            Issue.record("it is a record")
            return
        }
        let consumed = record.consumed(of: "orders")
        #expect(consumed.partition == NamedPartition(topic: "orders", partition: 2))
        #expect(consumed.offset == 9_007_199_254_740_993)
        #expect(consumed.key == ByteBuffer())
        #expect(consumed.value == ByteBuffer(bytes: [0xFF, 0]))
        #expect(consumed.headers.map(\.key) == ["a", "b"])
        #expect(consumed.headers[0].value == nil)
        // The raw bytes, not the text that explains them.
        #expect(consumed.headers[1].value == ByteBuffer(bytes: [0x91, 1]))
    }

    private func progress(_ change: (inout SearchProgress) -> Void = { _ in }) throws -> SearchProgress {
        let text = """
            {"progress":{"scanned":3,"left":1,"bytes":10,"matched":2,"errors":0,"tooMuchWork":0,"unreadable":0,\
            "ended":null,"cursor":"0:3"}}
            """
        guard case .progress(var progress) = try self.line(text) else { throw CancellationError() }
        change(&progress)
        return progress
    }

    @Test("What was looked at is said, and what was not makes a search partial")
    func summaries() throws {
        #expect(try self.progress().figures == "3 of 4 records scanned (75%), 2 found")
        #expect(
            try self.progress { ($0.scanned, $0.left) = (0, 0) }.figures == "0 of 0 records scanned (100%), 2 found"
        )
        #expect(try !self.progress { $0.ended = "end" }.isPartial)
        #expect(try !self.progress { $0.ended = "results" }.isPartial)
        #expect(try self.progress { $0.ended = "scanned" }.isPartial)
        #expect(try self.progress { $0.unreadable = 1 }.isPartial)
        #expect(try self.progress { ($0.errors, $0.unreadable) = (1, 2) }.remarks.count == 2)
    }

    @Test("Lines are the same however their bytes come", arguments: [1, 2, 3, 7, 100])
    func lines(size: Int) throws {
        let text = Array("one\n\ntwo two\nrest".utf8)
        var buffer = LineBuffer(bytesMax: 10)
        var lines: [String] = []
        for start in stride(from: 0, to: text.count, by: size) {
            buffer.append(ByteBuffer(bytes: text[start..<min(start + size, text.count)]))
            while let line = try buffer.next() { lines.append(String(buffer: line)) }
        }
        #expect(lines == ["one", "", "two two"])
        #expect(buffer.remainder == ByteBuffer(string: "rest"))
    }

    @Test("A line that is too long is refused, whole or not")
    func longLines() throws {
        for text in ["12345", "12345\n"] {
            var buffer = LineBuffer(bytesMax: 4)
            buffer.append(ByteBuffer(string: text))
            #expect(throws: LineBuffer.LineTooLong.self) { try buffer.next() }
        }
    }

    @Test("Positions are written as the server reads them")
    func positions() throws {
        let texts = ["start", "end", "47", "+5", "-5", "@1700000000000"]
        for text in texts { #expect(try OffsetRange(text, now: 0).from.apiText == text) }
    }
}
