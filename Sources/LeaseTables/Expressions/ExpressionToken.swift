/// A word or sign of an expression.
enum ExpressionToken: Equatable {
    /// An attribute's name, a function or a keyword.
    case word(String)
    /// `#name`, with its sign.
    case nameReference(String)
    /// `:value`, with its sign.
    case valueReference(String)
    /// Digits, which are only an element's index.
    case index(String)
    /// One of `= <> < <= > >= ( ) [ ] , . + -`
    case sign(String)

    var text: String {
        switch self {
        case .word(let text), .nameReference(let text), .valueReference(let text), .index(let text), .sign(let text):
            text
        }
    }

    /// Cuts an expression into tokens. Bounded by the length of the expression.
    ///
    /// - Throws: the character that begins no token.
    static func tokens(of expression: String) throws(InvalidCharacter) -> [ExpressionToken] {
        var tokens: [ExpressionToken] = []
        let bytes = Array(expression.utf8)
        var position = 0
        func run(from start: Int) -> Int {
            var end = start
            while end < bytes.count, Self.isWordByte(bytes[end]) { end += 1 }
            return end
        }
        while position < bytes.count {
            let byte = bytes[position]
            let start = position
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                position += 1
            case UInt8(ascii: "#"), UInt8(ascii: ":"):
                position = run(from: start + 1)
                guard position > start + 1 else { throw InvalidCharacter(text: Self.text(bytes[start...start])) }
                let text = Self.text(bytes[start..<position])
                tokens.append(byte == UInt8(ascii: "#") ? .nameReference(text) : .valueReference(text))
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                position = run(from: start)
                tokens.append(.index(Self.text(bytes[start..<position])))
            case _ where Self.isWordByte(byte):
                position = run(from: start)
                tokens.append(.word(Self.text(bytes[start..<position])))
            case UInt8(ascii: "<"), UInt8(ascii: ">"):
                position += 1
                if position < bytes.count {
                    let isLess = byte == UInt8(ascii: "<")
                    let next = bytes[position]
                    if next == UInt8(ascii: "=") || isLess && next == UInt8(ascii: ">") { position += 1 }
                }
                tokens.append(.sign(Self.text(bytes[start..<position])))
            case UInt8(ascii: "="), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"),
                UInt8(ascii: ","), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"):
                position += 1
                tokens.append(.sign(Self.text(bytes[start...start])))
            default:
                throw InvalidCharacter(text: Self.character(bytes, at: start))
            }
        }
        return tokens
    }

    struct InvalidCharacter: Error, Equatable {
        var text: String
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// The whole character at `start`, for a message.
    private static func character(_ bytes: [UInt8], at start: Int) -> String {
        var end = start + 1
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return Self.text(bytes[start..<end])
    }
}
