internal import NIOCore

/// Writes JSON on one line.
///
/// Bytes that are UTF-8 become a string; others become `{"base64": "…"}`, so that nothing is lost.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    mutating func object(_ members: (inout JSONText) throws -> Void) rethrows {
        try self.nest("{", "}", members)
    }

    mutating func array(_ elements: (inout JSONText) throws -> Void) rethrows {
        try self.nest("[", "]", elements)
    }

    /// The name of the next member.
    mutating func key(_ name: String) {
        self.string(name)
        self.bytes.append(UInt8(ascii: ":"))
        self.needsComma = false
    }

    mutating func string(_ value: String) {
        self.separate()
        var value = value
        value.withUTF8 { self.quote(UnsafeRawBufferPointer($0)) }
        self.needsComma = true
    }

    mutating func string(_ value: String?) {
        if let value { self.string(value) } else { self.null() }
    }

    mutating func number(_ value: some BinaryInteger) {
        self.separate()
        self.bytes.append(contentsOf: String(value).utf8)
        self.needsComma = true
    }

    mutating func number(_ value: (some BinaryInteger)?) {
        if let value { self.number(value) } else { self.null() }
    }

    mutating func boolean(_ value: Bool) {
        self.separate()
        self.bytes.append(contentsOf: (value ? "true" : "false").utf8)
        self.needsComma = true
    }

    mutating func null() {
        self.separate()
        self.bytes.append(contentsOf: "null".utf8)
        self.needsComma = true
    }

    mutating func data(_ value: ByteBuffer?) {
        guard let value else { return self.null() }
        let isText = value.withUnsafeReadableBytes { bytes in
            String(validating: bytes.bindMemory(to: UInt8.self), as: UTF8.self) != nil
        }
        if isText {
            self.separate()
            value.withUnsafeReadableBytes { self.quote($0) }
            self.needsComma = true
        } else {
            self.object { json in
                json.key("base64")
                json.string(Self.base64(value.readableBytesView))
            }
        }
    }

    /// Ends the line of one value and makes room for the next.
    mutating func endLine() {
        self.bytes.append(UInt8(ascii: "\n"))
        self.needsComma = false
    }

    mutating func removeAll() {
        self.bytes.removeAll(keepingCapacity: true)
        self.needsComma = false
    }

    private mutating func nest(
        _ open: Unicode.Scalar,
        _ close: Unicode.Scalar,
        _ body: (inout JSONText) throws -> Void
    ) rethrows {
        self.separate()
        self.bytes.append(UInt8(ascii: open))
        self.needsComma = false
        try body(&self)
        self.bytes.append(UInt8(ascii: close))
        self.needsComma = true
    }

    private mutating func separate() {
        if self.needsComma { self.bytes.append(UInt8(ascii: ",")) }
        self.needsComma = false
    }

    private mutating func quote(_ text: UnsafeRawBufferPointer) {
        self.bytes.append(UInt8(ascii: "\""))
        var run = 0
        for index in 0..<text.count {
            let byte = text[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            self.bytes.append(contentsOf: text[run..<index])
            run = index + 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                self.bytes.append(UInt8(ascii: "\\"))
                self.bytes.append(byte)
            case UInt8(ascii: "\n"): self.bytes.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\r"): self.bytes.append(contentsOf: "\\r".utf8)
            case UInt8(ascii: "\t"): self.bytes.append(contentsOf: "\\t".utf8)
            default:
                let digits = Array("0123456789abcdef".utf8)
                self.bytes.append(contentsOf: "\\u00".utf8)
                self.bytes.append(digits[Int(byte >> 4)])
                self.bytes.append(digits[Int(byte & 15)])
            }
        }
        self.bytes.append(contentsOf: text[run..<text.count])
        self.bytes.append(UInt8(ascii: "\""))
    }

    private static func base64(_ bytes: some Collection<UInt8>) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var rest = bytes[...]
        while !rest.isEmpty {
            let group = Array(rest.prefix(3))
            rest = rest.dropFirst(3)
            let bits =
                UInt32(group[0]) << 16 | UInt32(group.count > 1 ? group[1] : 0) << 8
                | UInt32(group.count > 2 ? group[2] : 0)
            for place in 0..<4 {
                text.append(
                    place <= group.count
                        ? alphabet[Int(bits >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "=")
                )
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
