/// How text becomes part of a page: nothing in it is markup, and nothing in it is invisible.
enum HTMLText {
    /// Appends text with what has a meaning in HTML escaped.
    ///
    /// Control characters, which a page may not hold and a terminal would obey when a page is printed there, are shown
    /// by their pictures (U+2400…). So are the marks that turn the direction of what follows, by which text can be
    /// made to look like other text; a browser shows them as their code.
    static func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { utf8 in
            var index = 0
            var plainFrom = 0
            while index < utf8.count {
                let byte = utf8[index]
                let (replacement, length) = Self.replacement(of: byte, at: index, in: utf8)
                guard let replacement else {
                    index += 1
                    continue
                }
                bytes.append(contentsOf: utf8[plainFrom..<index])
                bytes.append(contentsOf: replacement.utf8)
                index += length
                plainFrom = index
            }
            bytes.append(contentsOf: utf8[plainFrom...])
        }
    }

    /// What stands for the character at an index, and how many bytes it has; `nil` for itself.
    private static func replacement(
        of byte: UInt8,
        at index: Int,
        in utf8: UnsafeBufferPointer<UInt8>
    ) -> (String?, length: Int) {
        switch byte {
        case UInt8(ascii: "&"): ("&amp;", 1)
        case UInt8(ascii: "<"): ("&lt;", 1)
        case UInt8(ascii: ">"): ("&gt;", 1)
        case UInt8(ascii: "\""): ("&quot;", 1)
        case UInt8(ascii: "'"): ("&#39;", 1)
        case UInt8(ascii: "\n"), UInt8(ascii: "\t"): (nil, 1)
        case 0..<0x20: (Self.picture(of: UInt32(byte)), 1)
        case 0x7F: ("\u{2421}", 1)
        // U+0080 to U+009F, of which U+009B begins a terminal's command as ESC [ does.
        case 0xC2 where index + 1 < utf8.count && utf8[index + 1] < 0xA0: (Self.code(of: UInt32(utf8[index + 1])), 2)
        // U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069.
        case 0xE2 where index + 2 < utf8.count && utf8[index + 1] == 0x80 && Self.turns(utf8[index + 2]):
            (Self.code(of: 0x2000 + UInt32(utf8[index + 2] & 0x3F)), 3)
        case 0xE2 where index + 2 < utf8.count && utf8[index + 1] == 0x81 && (0xA6...0xA9).contains(utf8[index + 2]):
            (Self.code(of: 0x2040 + UInt32(utf8[index + 2] & 0x3F)), 3)
        default: (nil, 1)
        }
    }

    private static func turns(_ byte: UInt8) -> Bool {
        (0x8E...0x8F).contains(byte) || (0xAA...0xAE).contains(byte)
    }

    private static func picture(of control: UInt32) -> String {
        Unicode.Scalar(0x2400 + control).map { String(Character($0)) } ?? ""
    }

    /// ⟨U+202E⟩
    private static func code(of scalar: UInt32) -> String {
        let digits = String(scalar, radix: 16, uppercase: true)
        return "\u{27E8}U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "\u{27E9}"
    }
}
