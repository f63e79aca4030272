import Testing
import Text

@Suite struct JSONLineTests {
    private func written(_ body: (inout JSONLine) -> Void) -> String {
        var json = JSONLine()
        body(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test func `values of an object and a list are separated`() {
        let text = self.written { json in
            json.object { json in
                json.key("a")
                json.number(-1)
                json.key("b")
                json.array { json in
                    json.boolean(true)
                    json.null()
                    json.object { _ in }
                    json.literal("1.50")
                }
                json.key("c")
                json.string(nil)
            }
            json.endLine()
            json.number(UInt64.max)
        }
        #expect(text == #"{"a":-1,"b":[true,null,{},1.50],"c":null}"# + "\n18446744073709551615")
    }

    /// At every place of the eight bytes that the writer looks at in one word.
    @Test(arguments: 0..<0x80)
    func `a character below 128 is escaped where JSON asks for it`(code: Int) throws {
        let scalar = try #require(Unicode.Scalar(code))
        let escaped =
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\u{8}": "\\b"
            case "\t": "\\t"
            case "\n": "\\n"
            case "\u{C}": "\\f"
            case "\r": "\\r"
            case "\0"..<"\u{10}": "\\u000" + String(code, radix: 16)
            case "\u{10}"..<" ": "\\u00" + String(code, radix: 16)
            default: String(scalar)
            }
        for place in 0..<10 {
            let before = String(repeating: "é", count: place / 2) + String(repeating: "x", count: place % 2)
            let text = self.written { $0.string(before + String(scalar) + "yz") }
            #expect(text == "\"\(before)\(escaped)yz\"")
        }
    }

    @Test func `bytes that are not UTF-8 become base64`() {
        func data(_ bytes: [UInt8]) -> String { self.written { json in bytes.withUnsafeBytes { json.data($0) } } }
        #expect(data(Array("zwölf\n".utf8)) == #""zwölf\n""#)
        #expect(data([0xFF, 0xFE]) == #"{"base64":"//4="}"#)
        // Overlong and surrogate forms are not UTF-8.
        #expect(data([0xC0, 0x80]) == #"{"base64":"wIA="}"#)
        #expect(data([0xED, 0xA0, 0x80]) == #"{"base64":"7aCA"}"#)
        #expect(data([]) == #""""#)
        #expect(self.written { $0.data(nil) } == "null")
    }

    @Test func `an object with base64 is a value like any other`() {
        let text = self.written { json in
            json.array { json in
                [UInt8(0xFF)].withUnsafeBytes { json.data($0) }
                [UInt8(0xFF)].withUnsafeBytes { json.data($0) }
            }
        }
        #expect(text == #"[{"base64":"/w=="},{"base64":"/w=="}]"#)
    }

    @Test func `decimal numbers have no leading zeros`() {
        for exponent in 0..<19 {
            var power: Int64 = 1
            for _ in 0..<exponent { power *= 10 }
            for value in [power - 1, power, power + 1] {
                #expect(self.written { $0.number(value) } == "\(value)")
                let count = JSONText.byteCount(decimal: UInt64(value))
                #expect(count == "\(value)".utf8.count)
                let room = [UInt8](unsafeUninitializedCapacity: count + JSONText.slack) { target, written in
                    var text = JSONText(UnsafeMutableRawBufferPointer(target))
                    text.write(decimal: UInt64(value))
                    written = text.count
                }
                #expect(String(decoding: room, as: UTF8.self) == "\(value)")
            }
        }
    }
}
