/// Splits an expression into its words.
enum FilterLexer {
    enum Word: Equatable {
        case name(String)
        case string(String)
        case integer(Int128)
        case double(Double)
        case symbol(String)
    }

    struct Token: Equatable {
        var word: Word
        /// In UTF-8 bytes from the start.
        var position: Int
    }

    /// Words of an expression: the tree of one is at most so deep.
    private static let wordsMax = 512

    private static let symbols = [
        "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "(", ")", "[", "]", ".", ",",
    ]

    static func tokens(of text: String) throws(RecordFilter.Failure) -> [Token] {
        let bytes = Array(text.utf8)
        var tokens: [Token] = []
        var position = 0
        while position < bytes.count {
            let start = position
            let byte = bytes[position]
            guard tokens.count < self.wordsMax else {
                throw RecordFilter.Failure("an expression has at most \(self.wordsMax) words", at: start)
            }
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                position += 1
                continue
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                tokens.append(Token(word: .string(try self.string(bytes, &position)), position: start))
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                tokens.append(Token(word: try self.number(bytes, &position), position: start))
            case _ where self.isName(byte):
                while position < bytes.count, self.isName(bytes[position]) || self.isDigit(bytes[position]) {
                    position += 1
                }
                let name = String(decoding: bytes[start..<position], as: UTF8.self)
                tokens.append(Token(word: .name(name), position: start))
            default:
                guard let symbol = self.symbols.first(where: { bytes[position...].starts(with: $0.utf8) }) else {
                    throw RecordFilter.Failure("this character has no meaning here", at: start)
                }
                position += symbol.utf8.count
                tokens.append(Token(word: .symbol(symbol), position: start))
            }
        }
        return tokens
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func number(_ bytes: [UInt8], _ position: inout Int) throws(RecordFilter.Failure) -> Word {
        let start = position
        var isDouble = false
        while position < bytes.count {
            let byte = bytes[position]
            if self.isDigit(byte) {
                position += 1
            } else if byte == UInt8(ascii: "."), !isDouble, position + 1 < bytes.count,
                self.isDigit(bytes[position + 1])
            {
                isDouble = true
                position += 1
            } else if byte | 0x20 == UInt8(ascii: "e"), position + 1 < bytes.count,
                self.isDigit(bytes[position + 1]) || bytes[position + 1] == UInt8(ascii: "-")
            {
                isDouble = true
                position += 2
            } else {
                break
            }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if !isDouble, let integer = Int128(text) { return .integer(integer) }
        guard let double = Double(text), double.isFinite else {
            throw RecordFilter.Failure("this is not a number", at: start)
        }
        return .double(double)
    }

    private static func string(_ bytes: [UInt8], _ position: inout Int) throws(RecordFilter.Failure) -> String {
        let start = position
        let quote = bytes[position]
        position += 1
        var text: [UInt8] = []
        while position < bytes.count, bytes[position] != quote {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard position < bytes.count else { break }
            let escaped = bytes[position]
            position += 1
            switch escaped {
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): text.append(escaped)
            // What a regular expression has behind a backslash is its own.
            default: text += [UInt8(ascii: "\\"), escaped]
            }
        }
        guard position < bytes.count else { throw RecordFilter.Failure("this string does not end", at: start) }
        position += 1
        // A part of valid UTF-8 between ASCII characters is valid.
        return String(decoding: text, as: UTF8.self)
    }
}
