package import Model
package import NIOCore
internal import Text

/// Reads JSON (RFC 8259) from the bytes of a request, without a tree.
///
/// Strict: UTF-8 is validated, lone surrogates, control characters in strings, leading zeros and trailing bytes are
/// refused. Nesting, members and elements are bounded. Nothing is allocated but what the caller asks for.
///
/// Errors are the peer's: `SerializationException`, with AWS's text where a value has the wrong type and without one
/// where the bytes are not JSON.
package struct JSONReader: ShapeReader {
    package static let depthMax = 32
    package static let membersMax = 4096
    package static let elementsMax = 100_000

    // SAFETY: points into the buffer that `read` keeps alive and unchanged; the reader does not leave that closure.
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0

    private init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Reads one JSON object that is the whole of `buffer`.
    ///
    /// - Parameter body: reads the object; it must not keep the reader.
    package static func read<Shape>(
        _ buffer: ByteBuffer,
        _ body: (inout JSONReader) throws(KinesisError) -> Shape
    ) throws(KinesisError) -> Shape {
        let result: Result<Shape, KinesisError> = buffer.withUnsafeReadableBytes { bytes in
            do throws(KinesisError) {
                var reader = JSONReader(bytes)
                guard reader.nextToken() == UInt8(ascii: "{") else { throw Self.malformed }
                let shape = try body(&reader)
                guard reader.nextToken() == nil else { throw Self.malformed }
                return .success(shape)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    static let malformed = KinesisError(.serialization)

    // MARK: Structures and lists

    package mutating func readStructure(
        _ member: (inout Self, MemberName) throws(KinesisError) -> Void
    ) throws(KinesisError) -> Bool {
        switch self.nextToken() {
        case UInt8(ascii: "{"): break
        case UInt8(ascii: "n"):
            try self.readLiteral("null")
            return false
        case UInt8(ascii: "["): throw KinesisError(.serialization, "Start of list found where not expected")
        default:
            try self.skip()
            throw KinesisError(.serialization, "Expected null")
        }
        try self.readMembers(member)
        return true
    }

    package mutating func readMap(
        _ entry: (inout Self, String) throws(KinesisError) -> Void
    ) throws(KinesisError) -> Bool {
        switch self.nextToken() {
        case UInt8(ascii: "{"): break
        case UInt8(ascii: "n"):
            try self.readLiteral("null")
            return false
        case UInt8(ascii: "["): throw KinesisError(.serialization, "Start of list found where not expected")
        default:
            try self.skip()
            throw KinesisError(.serialization, "Expected map or null")
        }
        try self.readMembers { (reader, name) throws(KinesisError) in try entry(&reader, name.text) }
        return true
    }

    package mutating func readList(
        _ element: (inout Self, Int) throws(KinesisError) -> Void
    ) throws(KinesisError) -> Bool {
        switch self.nextToken() {
        case UInt8(ascii: "["): break
        case UInt8(ascii: "n"):
            try self.readLiteral("null")
            return false
        case UInt8(ascii: "{"):
            throw KinesisError(.serialization, "Start of structure or map found where not expected.")
        default:
            try self.skip()
            throw KinesisError(.serialization, "Expected list or null")
        }
        try self.enter()
        if self.nextToken() == UInt8(ascii: "]") {
            self.leave()
            return true
        }
        var index = 0
        while true {
            guard index < Self.elementsMax else { throw Self.malformed }
            try element(&self, index)
            index += 1
            switch self.nextToken() {
            case UInt8(ascii: ","): self.position += 1
            case UInt8(ascii: "]"):
                self.leave()
                return true
            default: throw Self.malformed
            }
        }
    }

    private mutating func readMembers(
        _ member: (inout Self, MemberName) throws(KinesisError) -> Void
    ) throws(KinesisError) {
        try self.enter()
        if self.nextToken() == UInt8(ascii: "}") {
            self.leave()
            return
        }
        var count = 0
        while true {
            guard count < Self.membersMax, self.nextToken() == UInt8(ascii: "\"") else { throw Self.malformed }
            count += 1
            let name = try self.scanString()
            let memberName = MemberName(
                bytes: self.slice(name),
                unescaped: name.hasEscapes ? try self.unescaped(name) : nil
            )
            guard self.nextToken() == UInt8(ascii: ":") else { throw Self.malformed }
            self.position += 1
            try member(&self, memberName)
            switch self.nextToken() {
            case UInt8(ascii: ","): self.position += 1
            case UInt8(ascii: "}"):
                self.leave()
                return
            default: throw Self.malformed
            }
        }
    }

    private mutating func enter() throws(KinesisError) {
        guard self.depth < Self.depthMax else { throw Self.malformed }
        self.depth += 1
        self.position += 1
    }

    private mutating func leave() {
        self.depth -= 1
        self.position += 1
    }

    // MARK: Scalars

    package mutating func readString() throws(KinesisError) -> String? {
        guard try self.beginString(else: "an String") else { return nil }
        let string = try self.scanString()
        if string.hasEscapes { return String(decoding: try self.unescaped(string), as: UTF8.self) }
        return String(decoding: self.slice(string), as: UTF8.self)
    }

    package mutating func readString(appendingTo buffer: inout ByteBuffer) throws(KinesisError) -> TextRange? {
        guard try self.beginString(else: "an String") else { return nil }
        let string = try self.scanString()
        let start = buffer.writerIndex
        if string.hasEscapes {
            let bytes = try self.unescaped(string)
            buffer.writeBytes(bytes)
            let scalars = bytes.reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } }
            return TextRange(bytes: ByteRange(start: start, count: bytes.count), scalarCount: Int32(clamping: scalars))
        }
        buffer.writeBytes(self.slice(string))
        return TextRange(
            bytes: ByteRange(start: start, count: string.end - string.start),
            scalarCount: Int32(clamping: string.scalarCount)
        )
    }

    package mutating func readBlob(appendingTo buffer: inout ByteBuffer) throws(KinesisError) -> ByteRange? {
        guard try self.beginString(else: "a Blob") else { return nil }
        let start = self.position + 1
        let rest = UnsafeRawBufferPointer(rebasing: self.bytes[start...])
        let index = buffer.writerIndex
        var consumed: Int?
        // No quote has been looked for: the run ends there by itself.
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: rest.count / 4 * 3 + 8) { target in
            var (read, written) = Base64.decodeRun(rest, into: target)
            if let tail = Self.decodeTail(rest, from: read, into: target, at: written) {
                read += tail.read
                written += tail.written
                consumed = read
                return written
            }
            return 0
        }
        if let consumed {
            self.position = start + consumed + 1
            return ByteRange(start: index, count: buffer.writerIndex - index)
        }
        let string = try self.scanString()
        let text = string.hasEscapes ? try self.unescaped(string) : Array(self.slice(string))
        buffer.writeBytes(try Self.decodeUnusual(text))
        return ByteRange(start: index, count: buffer.writerIndex - index)
    }

    package mutating func readInteger() throws(KinesisError) -> Int32? {
        guard let number = try self.readNumber(as: "an Integer") else { return nil }
        if let exact = number.exact(decimals: 0) { return Int32(clamping: exact) }
        return Int32(clamping: number.roundedDown(scaledBy: 1))
    }

    package mutating func readTimestamp() throws(KinesisError) -> Timestamp? {
        guard let number = try self.readNumber(as: "milliseconds since epoch") else { return nil }
        if let exact = number.exact(decimals: 3) { return exact }
        return number.roundedDown(scaledBy: 1000)
    }

    package mutating func readBoolean() throws(KinesisError) -> Bool? {
        switch self.nextToken() {
        case UInt8(ascii: "t"):
            try self.readLiteral("true")
            return true
        case UInt8(ascii: "f"):
            try self.readLiteral("false")
            return false
        case UInt8(ascii: "\""):
            let text = (try self.readString() ?? "").uppercased()
            switch text {
            case "TRUE", "YES", "1": return true
            case "FALSE", "NO", "0": return false
            default:
                throw KinesisError(
                    .serialization,
                    "'\(ConstraintViolations.shortened(text))' can not be converted to an Boolean"
                )
            }
        default:
            if try self.readNullOrThrow(expecting: "an Boolean") { return nil }
            throw Self.malformed
        }
    }

    package mutating func skip() throws(KinesisError) {
        switch self.nextToken() {
        case UInt8(ascii: "{"):
            try self.readMembers { (reader, _) throws(KinesisError) in try reader.skip() }
        case UInt8(ascii: "["):
            _ = try self.readList { (reader, _) throws(KinesisError) in try reader.skip() }
        case UInt8(ascii: "\""): _ = try self.scanString()
        case UInt8(ascii: "t"): try self.readLiteral("true")
        case UInt8(ascii: "f"): try self.readLiteral("false")
        case UInt8(ascii: "n"): try self.readLiteral("null")
        default: _ = try self.scanNumber()
        }
    }

    /// Whether a string follows. False when it was null; throws in AWS's words for anything else.
    private mutating func beginString(else type: StaticString) throws(KinesisError) -> Bool {
        if self.nextToken() == UInt8(ascii: "\"") { return true }
        if try self.readNullOrThrow(expecting: type) { return false }
        throw Self.malformed
    }

    private mutating func readNumber(as type: StaticString) throws(KinesisError) -> JSONNumber? {
        switch self.nextToken() {
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            let range = try self.scanNumber()
            return JSONNumber(UnsafeRawBufferPointer(rebasing: self.bytes[range]))
        default:
            if try self.readNullOrThrow(expecting: type) { return nil }
            throw Self.malformed
        }
    }

    /// Reads a null; throws what AWS says of a value whose type is not `type`.
    private mutating func readNullOrThrow(expecting type: StaticString) throws(KinesisError) -> Bool {
        let found: String
        switch self.nextToken() {
        case UInt8(ascii: "n"):
            try self.readLiteral("null")
            return true
        case UInt8(ascii: "{"):
            throw KinesisError(.serialization, "Start of structure or map found where not expected.")
        case UInt8(ascii: "["): throw KinesisError(.serialization, "Start of list found where not expected")
        case UInt8(ascii: "\""): found = "java.lang.String"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): found = "java.lang.Boolean"
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            found = "com.amazon.coral.value.json.numbers.TruncatingBigNumber"
        default: throw Self.malformed
        }
        try self.skip()
        throw KinesisError(.serialization, "class \(found) can not be converted to \(type)")
    }
}

// MARK: - Tokens

extension JSONReader {
    /// The content of a string between its quotes.
    private struct ScannedString {
        var start: Int
        var end: Int
        var scalarCount: Int
        var hasEscapes: Bool
    }

    /// The first byte of the next token, without reading it; `nil` at the end.
    @inline(__always)
    private mutating func nextToken() -> UInt8? {
        if self.position < self.bytes.count, self.bytes[self.position] > 0x20 { return self.bytes[self.position] }
        return self.tokenAfterSpace()
    }

    private mutating func tokenAfterSpace() -> UInt8? {
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            switch byte {
            case 0x20, 0x0A, 0x0D, 0x09: self.position += 1
            default: return byte
            }
        }
        return nil
    }

    private mutating func readLiteral(_ literal: StaticString) throws(KinesisError) {
        let length = literal.utf8CodeUnitCount
        guard self.bytes.count - self.position >= length else { throw Self.malformed }
        for index in 0..<length where self.bytes[self.position + index] != literal.utf8Start[index] {
            throw Self.malformed
        }
        self.position += length
    }

    private func slice(_ string: ScannedString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self.bytes[string.start..<string.end])
    }

    /// Reads over a string, from its opening quote, and checks its UTF-8.
    private mutating func scanString() throws(KinesisError) -> ScannedString {
        let start = self.position + 1
        var index = start
        var continuations = 0
        var hasEscapes = false
        while true {
            while self.bytes.count - index >= 8 {
                let word = self.bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let plain = JSONBytes.plainCount(UInt64(littleEndian: word))
                index += plain
                if plain < 8 { break }
            }
            guard index < self.bytes.count else { throw Self.malformed }
            let byte = self.bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                self.position = index + 1
                return ScannedString(
                    start: start,
                    end: index,
                    scalarCount: index - start - continuations,
                    hasEscapes: hasEscapes
                )
            case UInt8(ascii: "\\"):
                hasEscapes = true
                index += 2
            case 0..<0x20: throw Self.malformed
            case 0x20..<0x80: index += 1
            default:
                guard let length = UTF8Check.sequenceLength(self.bytes, at: index) else { throw Self.malformed }
                index += length
                continuations += length - 1
            }
        }
    }

    private func unescaped(_ string: ScannedString) throws(KinesisError) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(string.end - string.start)
        var index = string.start
        while index < string.end {
            let byte = self.bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard index < string.end else { throw Self.malformed }
            let escape = self.bytes[index]
            index += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "u"):
                let scalar = try self.readUnicodeEscape(at: &index, end: string.end)
                text.append(contentsOf: Array(String(Character(scalar)).utf8))
            default: throw Self.malformed
            }
        }
        return text
    }

    private func readUnicodeEscape(at index: inout Int, end: Int) throws(KinesisError) -> Unicode.Scalar {
        let unit = try self.readHex(at: &index, end: end)
        if let scalar = Unicode.Scalar(UInt32(unit)) { return scalar }
        // A high surrogate, which the low one must follow.
        guard unit < 0xDC00, end - index >= 6, self.bytes[index] == UInt8(ascii: "\\"),
            self.bytes[index + 1] == UInt8(ascii: "u")
        else { throw Self.malformed }
        index += 2
        let low = try self.readHex(at: &index, end: end)
        guard low >= 0xDC00, low <= 0xDFFF,
            let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
        else { throw Self.malformed }
        return scalar
    }

    private func readHex(at index: inout Int, end: Int) throws(KinesisError) -> UInt16 {
        guard end - index >= 4 else { throw Self.malformed }
        var value: UInt16 = 0
        for _ in 0..<4 {
            let byte = self.bytes[index]
            index += 1
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw Self.malformed
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    private mutating func scanNumber() throws(KinesisError) -> Range<Int> {
        let start = self.position
        var index = start
        func byte(_ index: Int) -> UInt8 { index < self.bytes.count ? self.bytes[index] : 0 }
        func skipDigits() -> Bool {
            let first = index
            while byte(index) >= UInt8(ascii: "0"), byte(index) <= UInt8(ascii: "9") { index += 1 }
            return index > first
        }
        if byte(index) == UInt8(ascii: "-") { index += 1 }
        let leading = index
        guard skipDigits() else { throw Self.malformed }
        if byte(leading) == UInt8(ascii: "0"), index - leading > 1 { throw Self.malformed }
        if byte(index) == UInt8(ascii: ".") {
            index += 1
            guard skipDigits() else { throw Self.malformed }
        }
        if byte(index) | 0x20 == UInt8(ascii: "e") {
            index += 1
            if byte(index) == UInt8(ascii: "+") || byte(index) == UInt8(ascii: "-") { index += 1 }
            guard skipDigits() else { throw Self.malformed }
        }
        self.position = index
        return start..<index
    }
}

// MARK: - Blobs

extension JSONReader {
    /// Decodes the last, padded block, when there is one, up to the closing quote.
    ///
    /// - Returns: `nil` when anything but a well-formed end follows; the slow path then finds out what.
    private static func decodeTail(
        _ source: UnsafeRawBufferPointer,
        from position: Int,
        into target: UnsafeMutableRawBufferPointer,
        at written: Int
    ) -> (read: Int, written: Int)? {
        let quote = UInt8(ascii: "\"")
        guard position < source.count else { return nil }
        if source[position] == quote { return (0, 0) }
        guard source.count - position > 4, source[position + 4] == quote,
            source[position + 3] == UInt8(ascii: "=")
        else { return nil }
        let first = Base64.sextet(source[position])
        let second = Base64.sextet(source[position + 1])
        guard first | second < 64 else { return nil }
        target[written] = first << 2 | second >> 4
        if source[position + 2] == UInt8(ascii: "=") {
            return second & 0xF == 0 ? (4, 1) : nil
        }
        let third = Base64.sextet(source[position + 2])
        guard third < 64, third & 0x3 == 0 else { return nil }
        target[written + 1] = second << 4 | third >> 2
        return (4, 2)
    }

    /// Decodes base64 that was escaped; if it is not valid, throws with AWS's text.
    private static func decodeUnusual(_ text: [UInt8]) throws(KinesisError) -> [UInt8] {
        func failure(_ reason: String) -> KinesisError {
            let value = ConstraintViolations.shortened(String(decoding: text, as: UTF8.self))
            return KinesisError(.serialization, "'\(value)' can not be converted to a Blob: \(reason)")
        }
        guard text.count % 4 == 0 else {
            throw failure("Base64 encoded length is expected a multiple of 4 bytes but found: \(text.count)")
        }
        var padding = 0
        while padding < 2, padding < text.count, text[text.count - 1 - padding] == UInt8(ascii: "=") { padding += 1 }
        if let invalid = text.dropLast(padding).first(where: { Base64.sextet($0) > 63 }) {
            throw failure("Invalid Base64 character: '\(Character(Unicode.Scalar(invalid)))'")
        }
        guard let bytes = Base64.decode(text) else {
            throw failure("Invalid last non-pad Base64 character dectected")
        }
        return bytes
    }
}
