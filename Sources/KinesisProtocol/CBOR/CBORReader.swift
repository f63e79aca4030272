package import Model
package import NIOCore
internal import Text

/// Reads CBOR (RFC 8949) from the bytes of a request, without a tree, as AWS's CBOR 1.1 uses it.
///
/// Data are byte strings. A timestamp is tag 1 with *milliseconds* since the epoch: RFC 8949 has seconds there, AWS has
/// not. Lengths may be definite or not. Tags that say nothing to Kinesis are passed over; undefined is null.
///
/// Strict otherwise: text must be UTF-8, names must be text, nothing may follow. Nesting, members, elements and tags
/// are bounded, and a length is believed only when so many bytes are left. Nothing is allocated but what the caller
/// asks for.
///
/// Errors are the peer's: `SerializationException`, as of `JSONReader`.
package struct CBORReader: ShapeReader {
    package static let depthMax = JSONReader.depthMax
    package static let membersMax = JSONReader.membersMax
    package static let elementsMax = JSONReader.elementsMax
    /// Of one item.
    private static let tagsMax = 8

    // SAFETY: points into the buffer that `read` keeps alive and unchanged; the reader does not leave that closure.
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0

    private init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Reads one map that is the whole of `buffer`.
    ///
    /// - Parameter body: reads the map; it must not keep the reader.
    package static func read<Shape>(
        _ buffer: ByteBuffer,
        _ body: (inout CBORReader) throws(KinesisError) -> Shape
    ) throws(KinesisError) -> Shape {
        let result: Result<Shape, KinesisError> = buffer.withUnsafeReadableBytes { bytes in
            do throws(KinesisError) {
                var reader = CBORReader(bytes)
                guard try reader.peek().kind == .map else { throw Self.malformed }
                let shape = try body(&reader)
                guard reader.position == bytes.count else { throw Self.malformed }
                return .success(shape)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    static let malformed = KinesisError(.serialization)

    // MARK: Items

    /// The head of the next item behind its tags.
    private mutating func next() throws(KinesisError) -> CBORHead {
        for _ in 0...Self.tagsMax {
            guard let head = CBORHead.read(self.bytes, at: &self.position) else { throw Self.malformed }
            if head.kind != .tag { return head }
        }
        throw Self.malformed
    }

    private func peek() throws(KinesisError) -> CBORHead {
        var reader = self
        return try reader.next()
    }

    /// The head of a value of `kind`; `nil` for null. Throws in AWS's words for anything else.
    private mutating func next(
        _ kind: CBORHead.Kind,
        else mismatch: @autoclosure () -> String
    ) throws(KinesisError) -> CBORHead? {
        let head = try self.next()
        if head.kind == kind { return head }
        if head.isNull { return nil }
        throw try self.mismatch(head, mismatch())
    }

    /// What to say of a value that is not of the type that was expected. It must be well formed all the same.
    private mutating func mismatch(_ head: CBORHead, _ message: String) throws(KinesisError) -> KinesisError {
        try self.skip(head)
        switch head.kind {
        case .map: return KinesisError(.serialization, "Start of structure or map found where not expected.")
        case .list: return KinesisError(.serialization, "Start of list found where not expected")
        default: return KinesisError(.serialization, message)
        }
    }

    private func conversion(_ head: CBORHead, to type: StaticString) -> String {
        "class \(head.javaType) can not be converted to \(type)"
    }

    // MARK: Structures and lists

    package mutating func readStructure(
        _ member: (inout Self, MemberName) throws(KinesisError) -> Void
    ) throws(KinesisError) -> Bool {
        guard let head = try self.next(.map, else: "Expected null") else { return false }
        try self.readMembers(head, member)
        return true
    }

    package mutating func readMap(
        _ entry: (inout Self, String) throws(KinesisError) -> Void
    ) throws(KinesisError) -> Bool {
        guard let head = try self.next(.map, else: "Expected map or null") else { return false }
        try self.readMembers(head) { (reader, name) throws(KinesisError) in try entry(&reader, name.text) }
        return true
    }

    package mutating func readList(
        _ element: (inout Self, Int) throws(KinesisError) -> Void
    ) throws(KinesisError) -> Bool {
        guard let head = try self.next(.list, else: "Expected list or null") else { return false }
        try self.readElements(head, element)
        return true
    }

    private mutating func readMembers(
        _ head: CBORHead,
        _ member: (inout Self, MemberName) throws(KinesisError) -> Void
    ) throws(KinesisError) {
        try self.enter()
        var count: UInt64 = 0
        while try self.hasElement(count, of: head) {
            guard count < UInt64(Self.membersMax) else { throw Self.malformed }
            count += 1
            try member(&self, try self.readName())
        }
        self.depth -= 1
    }

    private mutating func readElements(
        _ head: CBORHead,
        _ element: (inout Self, Int) throws(KinesisError) -> Void
    ) throws(KinesisError) {
        try self.enter()
        var count: UInt64 = 0
        while try self.hasElement(count, of: head) {
            guard count < UInt64(Self.elementsMax) else { throw Self.malformed }
            try element(&self, Int(count))
            count += 1
        }
        self.depth -= 1
    }

    private mutating func enter() throws(KinesisError) {
        guard self.depth < Self.depthMax else { throw Self.malformed }
        self.depth += 1
    }

    /// - Parameter count: how many elements were read.
    private mutating func hasElement(_ count: UInt64, of head: CBORHead) throws(KinesisError) -> Bool {
        guard head.isIndefinite else { return count < head.argument }
        guard self.position < self.bytes.count else { throw Self.malformed }
        guard self.bytes[self.position] == 0xFF else { return true }
        self.position += 1
        return false
    }

    private mutating func readName() throws(KinesisError) -> MemberName {
        let head = try self.next()
        guard head.kind == .text else { throw Self.malformed }
        if head.isIndefinite {
            var name: [UInt8] = []
            try self.forEachPiece(of: head) { name.append(contentsOf: $0) }
            guard name.withUnsafeBytes({ UTF8Check.scalarCount($0) }) != nil else { throw Self.malformed }
            return MemberName(bytes: UnsafeRawBufferPointer(start: nil, count: 0), unescaped: name)
        }
        let bytes = try self.take(head)
        guard UTF8Check.isASCII(bytes) || UTF8Check.scalarCount(bytes) != nil else { throw Self.malformed }
        return MemberName(bytes: bytes, unescaped: nil)
    }

    // MARK: Strings

    /// The bytes of a definite string.
    @inline(__always)
    private mutating func take(_ head: CBORHead) throws(KinesisError) -> UnsafeRawBufferPointer {
        guard head.argument <= UInt64(self.bytes.count - self.position) else { throw Self.malformed }
        let start = self.position
        self.position += Int(head.argument)
        return UnsafeRawBufferPointer(rebasing: self.bytes[start..<self.position])
    }

    /// The pieces of a string of either form.
    @inline(__always)
    private mutating func forEachPiece(
        of head: CBORHead,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(KinesisError) {
        guard head.isIndefinite else {
            body(try self.take(head))
            return
        }
        while true {
            guard let piece = CBORHead.read(self.bytes, at: &self.position) else { throw Self.malformed }
            if piece.isBreak { return }
            guard piece.kind == head.kind, !piece.isIndefinite else { throw Self.malformed }
            body(try self.take(piece))
        }
    }

    package mutating func readString() throws(KinesisError) -> String? {
        let head = try self.next()
        guard head.kind == .text else {
            if head.isNull { return nil }
            throw try self.mismatch(head, self.conversion(head, to: "an String"))
        }
        var text: [UInt8] = []
        if !head.isIndefinite {
            let bytes = try self.take(head)
            guard UTF8Check.scalarCount(bytes) != nil else { throw Self.malformed }
            return String(decoding: bytes, as: UTF8.self)
        }
        try self.forEachPiece(of: head) { text.append(contentsOf: $0) }
        guard text.withUnsafeBytes({ UTF8Check.scalarCount($0) }) != nil else { throw Self.malformed }
        return String(decoding: text, as: UTF8.self)
    }

    package mutating func readString(appendingTo buffer: inout ByteBuffer) throws(KinesisError) -> TextRange? {
        let head = try self.next()
        guard head.kind == .text else {
            if head.isNull { return nil }
            throw try self.mismatch(head, self.conversion(head, to: "an String"))
        }
        let start = buffer.writerIndex
        try self.forEachPiece(of: head) { buffer.writeBytes($0) }
        let range = ByteRange(start: start, count: buffer.writerIndex - start)
        guard let scalars = buffer.withBytes(of: range, { UTF8Check.scalarCount($0) }) else { throw Self.malformed }
        return TextRange(bytes: range, scalarCount: Int32(clamping: scalars))
    }

    package mutating func readBlob(appendingTo buffer: inout ByteBuffer) throws(KinesisError) -> ByteRange? {
        let head = try self.next()
        guard head.kind == .bytes else {
            if head.isNull { return nil }
            throw try self.mismatch(head, self.conversion(head, to: "a Blob"))
        }
        let start = buffer.writerIndex
        try self.forEachPiece(of: head) { buffer.writeBytes($0) }
        return ByteRange(start: start, count: buffer.writerIndex - start)
    }

    // MARK: Other scalars

    package mutating func readInteger() throws(KinesisError) -> Int32? {
        let head = try self.next()
        if let value = head.truncated { return Int32(clamping: value) }
        if head.isNull { return nil }
        throw try self.mismatch(head, self.conversion(head, to: "an Integer"))
    }

    package mutating func readTimestamp() throws(KinesisError) -> Timestamp? {
        let head = try self.next()
        if let value = head.roundedDown { return value }
        if head.isNull { return nil }
        throw try self.mismatch(head, self.conversion(head, to: "milliseconds since epoch"))
    }

    package mutating func readBoolean() throws(KinesisError) -> Bool? {
        let head = try self.next()
        if let value = head.boolean { return value }
        if head.isNull { return nil }
        throw try self.mismatch(head, self.conversion(head, to: "an Boolean"))
    }

    package mutating func skip() throws(KinesisError) { try self.skip(try self.next()) }

    private mutating func skip(_ head: CBORHead) throws(KinesisError) {
        switch head.kind {
        case .unsigned, .negative, .tag: break
        case .simple:
            guard !head.isIndefinite else { throw Self.malformed }
            // One byte must not hold what fits into the head.
            guard head.argumentBytes != 1 || head.argument >= 32 else { throw Self.malformed }
        case .bytes, .text: try self.forEachPiece(of: head) { _ in }
        case .map: try self.readMembers(head) { (reader, _) throws(KinesisError) in try reader.skip() }
        case .list: try self.readElements(head) { (reader, _) throws(KinesisError) in try reader.skip() }
        }
    }
}
