/// Writes JSON on one line into an array of bytes, for commands and reports.
///
/// Bytes that are UTF-8 become a string; others become `{"base64": "…"}`, so that nothing is lost.
package struct JSONLine {
    /// What is written so far.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    /// An object with what `members` writes, each after its `key`.
    package mutating func object(_ members: (inout JSONLine) throws -> Void) rethrows {
        try self.nest("{", "}", members)
    }

    /// A list of what `elements` writes.
    package mutating func array(_ elements: (inout JSONLine) throws -> Void) rethrows {
        try self.nest("[", "]", elements)
    }

    /// The name of the next member.
    package mutating func key(_ name: String) {
        self.string(name)
        self.bytes.append(UInt8(ascii: ":"))
        self.needsComma = false
    }

    /// A string with its escapes.
    package mutating func string(_ value: String) {
        self.separate()
        var value = value
        value.withUTF8 { self.quote(UnsafeRawBufferPointer($0)) }
        self.needsComma = true
    }

    /// The same, or null.
    package mutating func string(_ value: String?) {
        if let value { self.string(value) } else { self.null() }
    }

    /// A number in decimal digits.
    package mutating func number(_ value: some BinaryInteger) {
        self.separate()
        self.bytes.append(contentsOf: String(value).utf8)
        self.needsComma = true
    }

    /// The same, or null.
    package mutating func number(_ value: (some BinaryInteger)?) {
        if let value { self.number(value) } else { self.null() }
    }

    /// A value that the caller has written as JSON.
    package mutating func literal(_ text: String) {
        self.separate()
        self.bytes.append(contentsOf: text.utf8)
        self.needsComma = true
    }

    /// `true` or `false`.
    package mutating func boolean(_ value: Bool) {
        self.separate()
        self.bytes.append(contentsOf: (value ? "true" : "false").utf8)
        self.needsComma = true
    }

    /// `null`.
    package mutating func null() {
        self.separate()
        self.bytes.append(contentsOf: "null".utf8)
        self.needsComma = true
    }

    /// Bytes: a string where they are UTF-8, else `{"base64": "…"}`; null for `nil`.
    package mutating func data(_ bytes: UnsafeRawBufferPointer?) {
        guard let bytes else { return self.null() }
        guard UTF8Check.scalarCount(bytes) == nil else {
            self.separate()
            self.quote(bytes)
            self.needsComma = true
            return
        }
        self.object { json in
            json.key("base64")
            json.append(room: Base64.encodedCount(of: bytes.count) + 2) { text in
                text.write("\"")
                text.write(base64: bytes)
                text.write("\"")
            }
            json.needsComma = true
        }
    }

    /// Ends the line of one value and makes room for the next.
    package mutating func endLine() {
        self.bytes.append(UInt8(ascii: "\n"))
        self.needsComma = false
    }

    /// Empties the line and keeps its memory.
    package mutating func removeAll() {
        self.bytes.removeAll(keepingCapacity: true)
        self.needsComma = false
    }

    private mutating func nest(
        _ open: Unicode.Scalar,
        _ close: Unicode.Scalar,
        _ body: (inout JSONLine) throws -> Void
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

    private mutating func quote(_ string: UnsafeRawBufferPointer) {
        self.append(room: 6 * string.count + 2) { text in
            text.write("\"")
            text.write(string: string)
            text.write("\"")
        }
    }

    /// - Parameter room: bytes that `write` fills at most.
    private mutating func append(room: Int, _ write: (inout JSONText) -> Void) {
        let end = self.bytes.count
        self.bytes.append(contentsOf: repeatElement(0, count: room + JSONText.slack))
        let written = self.bytes.withUnsafeMutableBytes { bytes in
            var text = JSONText(UnsafeMutableRawBufferPointer(rebasing: bytes[end...]))
            write(&text)
            return text.count
        }
        self.bytes.removeLast(self.bytes.count - end - written)
    }
}
