import Testing

@testable import Console

/// That nothing a client sent can be more than text in a page.
@Suite struct HTMLWriterTests {
    private func text(_ text: String) -> String {
        var html = HTMLWriter()
        html.text(text)
        return html.string
    }

    @Test func `elements nest and void elements have no end`() {
        var html = HTMLWriter()
        html(.p, .class("a"), .hidden) { html in
            html.text("x")
            html(.br)
            html(.b, text: "y")
        }
        #expect(html.string == "<p class=\"a\" hidden>x<br><b>y</b></p>")
    }

    @Test(arguments: [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a & b", "a &amp; b"),
        ("\"quoted\" and 'this'", "&quot;quoted&quot; and &#39;this&#39;"),
        ("line\nand\ttab", "line\nand\ttab"),
        ("\u{1B}[31mred\u{7}\u{0}\r", "␛[31mred␇␀␍"),
        ("\u{7F}\u{9B}31m", "␡⟨U+009B⟩31m"),
        ("a\u{202E}b\u{2066}c\u{200F}", "a⟨U+202E⟩b⟨U+2066⟩c⟨U+200F⟩"),
        ("ünïcödé ✓ 🎉 …", "ünïcödé ✓ 🎉 …"), ("", ""),
    ])
    func `text stays text and nothing in it is invisible`(given: String, expected: String) {
        #expect(text(given) == expected)
    }

    @Test func `an attribute's value ends where its quotes do`() {
        var html = HTMLWriter()
        html(.input, .value("\"><img src=x onerror=alert(1)>"), .data("key", "'x'"))
        #expect(
            html.string == "<input value=\"&quot;&gt;&lt;img src=x onerror=alert(1)&gt;\" data-key=\"&#39;x&#39;\">"
        )
    }

    @Test func `no text of any characters opens or ends an element`() {
        var state: UInt64 = 7
        for _ in 0..<2_000 {
            var given = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                // Mostly characters that matter; some of anywhere in Unicode.
                let value = state >> 40 & 1 == 0 ? UInt32(state >> 41 & 0x7F) : UInt32(state >> 41 & 0x1F_FFFF)
                if let scalar = Unicode.Scalar(value) { given.unicodeScalars.append(scalar) }
            }
            let written = text(given)
            // By scalars: a mark that combines with a character makes another one of it.
            #expect(!written.unicodeScalars.contains { "<>\"'".unicodeScalars.contains($0) })
            #expect(!written.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
            let bytes = Array(written.utf8)
            let entities = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"]
            for index in bytes.indices where bytes[index] == UInt8(ascii: "&") {
                #expect(entities.contains { bytes[index...].starts(with: $0.utf8) })
            }
        }
    }

    @Test func `a link stays on this server with anything in it`() {
        #expect((Link("/topics") / "javascript:alert(1)").text == "/topics/javascript%3Aalert%281%29")
        #expect((Link("/topics") / "a/../b?c#d").text == "/topics/a%2F..%2Fb%3Fc%23d")
        #expect((Link("/") / "x").text == "/x")
        #expect(Link("/group").with("id", "ä&b=c").with("sort", nil).with("q", "").text == "/group?id=%C3%A4%26b%3Dc")
        #expect(Link("/a").with("b", "1").with("c", "2").text == "/a?b=1&c=2")
        #expect(Link.onPage("x\"y").text == "#x%22y")
    }
}

@Suite struct FigureTests {
    @Test func `numbers are as people read them`() {
        #expect(Figure.count(9999) == "9999")
        #expect(Figure.count(1_234_567) == "1\u{202F}234\u{202F}567")
        #expect(Figure.count(Int64.min) == "-9\u{202F}223\u{202F}372\u{202F}036\u{202F}854\u{202F}775\u{202F}808")
        #expect(Figure.bytes(0) == "0\u{A0}B")
        #expect(Figure.bytes(999) == "999\u{A0}B")
        #expect(Figure.bytes(1_500) == "1.5\u{A0}kB")
        #expect(Figure.bytes(999_999) == "1\u{A0}MB")
        #expect(Figure.bytes(23_400_000) == "23.4\u{A0}MB")
        #expect(Figure.rate(0.25) == "0.25")
        #expect(Figure.rate(12_340) == "12.3\u{A0}k")
        #expect(Figure.fixed(-0.001, 2) == "0")
        #expect(Figure.fixed(1.005, 1) == "1")
        #expect(Figure.fixed(.nan, 1) == "–")
        #expect(Figure.plural(1, "topic") == "1 topic")
        #expect(Figure.plural(2, "entry", "entries") == "2 entries")
    }

    @Test func `durations have two units at most`() {
        #expect(Figure.duration(0) == "0\u{A0}s")
        #expect(Figure.duration(0.42) == "0.4\u{A0}s")
        #expect(Figure.duration(59.6) == "1\u{A0}min")
        #expect(Figure.duration(185) == "3\u{A0}min 5\u{A0}s")
        #expect(Figure.duration(7800) == "2\u{A0}h 10\u{A0}min")
        #expect(Figure.duration(milliseconds: 604_800_000) == "7\u{A0}d")
        #expect(Figure.duration(.infinity) == "–")
        #expect(Figure.duration(-5) == "0\u{A0}s")
    }
}
