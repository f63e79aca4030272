/// The little XML that S3 speaks: elements and text, without attributes that matter.
///
/// Reads what a server sent: bounded in depth, never beyond the end. Namespaces, attributes, comments and declarations
/// are skipped; document types are refused.
struct XMLElement: Equatable {
    struct Malformed: Error {}

    static let depthMax = 16

    var name: String
    /// Between the tags, without that of inner elements.
    var text = ""
    var children: [XMLElement] = []

    /// The first inner element of a name.
    subscript(name: String) -> XMLElement? { self.children.first { $0.name == name } }

    func all(_ name: String) -> [XMLElement] { self.children.filter { $0.name == name } }

    /// The root element of a document.
    static func document(_ bytes: some Collection<UInt8>) throws(Malformed) -> XMLElement {
        var parser = Parser(Array(bytes))
        return try parser.document()
    }

    /// Text as it stands between tags.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

private struct Parser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(XMLElement.Malformed) -> XMLElement {
        try self.skipProlog()
        return try self.element(depth: 0)
    }

    private func starts(with text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard self.position + count <= self.bytes.count else { return false }
        for index in 0..<count where self.bytes[self.position + index] != text.utf8Start[index] { return false }
        return true
    }

    private mutating func skip(past text: StaticString) throws(XMLElement.Malformed) {
        while self.position < self.bytes.count {
            if self.starts(with: text) {
                self.position += text.utf8CodeUnitCount
                return
            }
            self.position += 1
        }
        throw XMLElement.Malformed()
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private mutating func skipProlog() throws(XMLElement.Malformed) {
        while self.position < self.bytes.count {
            if self.starts(with: "<?") {
                try self.skip(past: "?>")
            } else if self.starts(with: "<!--") {
                try self.skip(past: "-->")
            } else if Self.isSpace(self.bytes[self.position]) || self.bytes[self.position] >= 0xBB {
                // White space, or a byte order mark.
                self.position += 1
            } else {
                return
            }
        }
    }

    /// From its `<` to its end.
    private mutating func element(depth: Int) throws(XMLElement.Malformed) -> XMLElement {
        guard depth < XMLElement.depthMax, self.starts(with: "<"), !self.starts(with: "<!") else {
            throw XMLElement.Malformed()
        }
        self.position += 1
        var element = XMLElement(name: try self.name())
        if try self.endOfTag() { return element }
        var text: [UInt8] = []
        while self.position < self.bytes.count {
            if self.starts(with: "</") {
                self.position += 2
                guard try self.name() == element.name, try !self.endOfTag() else { throw XMLElement.Malformed() }
                element.text = String(decoding: text, as: UTF8.self)
                return element
            } else if self.starts(with: "<!--") {
                try self.skip(past: "-->")
            } else if self.starts(with: "<") {
                element.children.append(try self.element(depth: depth + 1))
            } else if self.starts(with: "&") {
                text += try self.entity()
            } else {
                text.append(self.bytes[self.position])
                self.position += 1
            }
        }
        throw XMLElement.Malformed()
    }

    /// A name without its namespace.
    private mutating func name() throws(XMLElement.Malformed) -> String {
        let start = self.position
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            if Self.isSpace(byte) || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") { break }
            self.position += 1
        }
        guard self.position > start else { throw XMLElement.Malformed() }
        let name = self.bytes[start..<self.position]
        let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
        return String(decoding: local, as: UTF8.self)
    }

    /// Skips attributes up to the end of a tag.
    ///
    /// - Returns: whether it ends its element too (`/>`).
    private mutating func endOfTag() throws(XMLElement.Malformed) -> Bool {
        var quote: UInt8?
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            self.position += 1
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return self.position >= 2 && self.bytes[self.position - 2] == UInt8(ascii: "/")
            }
        }
        throw XMLElement.Malformed()
    }

    private mutating func entity() throws(XMLElement.Malformed) -> [UInt8] {
        let start = self.position + 1
        guard let end = self.bytes[start...].prefix(10).firstIndex(of: UInt8(ascii: ";")) else {
            throw XMLElement.Malformed()
        }
        self.position = end + 1
        let name = String(decoding: self.bytes[start..<end], as: UTF8.self)
        switch name {
        case "amp": return [UInt8(ascii: "&")]
        case "lt": return [UInt8(ascii: "<")]
        case "gt": return [UInt8(ascii: ">")]
        case "quot": return [UInt8(ascii: "\"")]
        case "apos": return [UInt8(ascii: "'")]
        default:
            let number =
                name.hasPrefix("#x")
                ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
            guard let number, let scalar = Unicode.Scalar(number) else { throw XMLElement.Malformed() }
            return Array(String(Character(scalar)).utf8)
        }
    }
}
