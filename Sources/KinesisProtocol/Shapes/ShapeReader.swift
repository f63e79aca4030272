package import Model
package import NIOCore

/// Reads the members of an operation's input, in any encoding.
///
/// A pull reader: shapes ask for what they expect, in the order of the input, and no tree is built. A null reads as
/// `nil` (AWS treats it as absent). Each method throws `SerializationException` in AWS's words when the value has
/// another type or the input is malformed. After an error the reader is spent.
package protocol ShapeReader {
    /// Reads a structure: calls `member` for each member, which must read or skip exactly one value.
    ///
    /// - Returns: false for null.
    mutating func readStructure(
        _ member: (inout Self, MemberName) throws(KinesisError) -> Void
    ) throws(KinesisError) -> Bool

    /// Reads a list: calls `element` for each element with its index; it must read or skip exactly one value.
    ///
    /// - Returns: false for null.
    mutating func readList(_ element: (inout Self, Int) throws(KinesisError) -> Void) throws(KinesisError) -> Bool

    /// Reads a map with string keys: calls `entry` for each key.
    ///
    /// - Returns: false for null.
    mutating func readMap(
        _ entry: (inout Self, String) throws(KinesisError) -> Void
    ) throws(KinesisError) -> Bool

    mutating func readString() throws(KinesisError) -> String?
    /// Fractions are cut off, values beyond 32 bits become the nearest end of the range, as AWS does.
    mutating func readInteger() throws(KinesisError) -> Int32?
    mutating func readBoolean() throws(KinesisError) -> Bool?
    mutating func readTimestamp() throws(KinesisError) -> Timestamp?
    /// Appends the UTF-8 of a string to `buffer`.
    mutating func readString(appendingTo buffer: inout ByteBuffer) throws(KinesisError) -> TextRange?
    /// Appends the bytes of a blob to `buffer`.
    mutating func readBlob(appendingTo buffer: inout ByteBuffer) throws(KinesisError) -> ByteRange?
    /// Reads over a value of any type.
    mutating func skip() throws(KinesisError)
}

/// A range of a buffer's bytes, by index.
package struct ByteRange: Sendable, Equatable {
    package var start: Int32
    package var count: Int32

    package init(start: Int, count: Int) {
        self.start = Int32(clamping: start)
        self.count = Int32(clamping: count)
    }
}

/// A string kept as bytes in a buffer.
package struct TextRange: Sendable, Equatable {
    package var bytes: ByteRange
    /// Unicode code points, as AWS counts lengths.
    package var scalarCount: Int32

    package init(bytes: ByteRange, scalarCount: Int32) {
        self.bytes = bytes
        self.scalarCount = scalarCount
    }
}

/// The name of a member, compared without making a `String`: `switch name { case "Data": … }`.
package struct MemberName {
    /// Valid during the closure that received the name.
    let bytes: UnsafeRawBufferPointer
    /// The name when it was written with escapes.
    let unescaped: [UInt8]?

    package static func ~= (pattern: StaticString, name: MemberName) -> Bool {
        if let unescaped = name.unescaped {
            return unescaped.withUnsafeBytes { Self.equal(pattern, $0) }
        }
        return Self.equal(pattern, name.bytes)
    }

    private static func equal(_ pattern: StaticString, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard pattern.utf8CodeUnitCount == bytes.count else { return false }
        let start = pattern.utf8Start
        for index in 0..<bytes.count where start[index] != bytes[index] { return false }
        return true
    }

    var text: String {
        self.unescaped.map { String(decoding: $0, as: UTF8.self) } ?? String(decoding: self.bytes, as: UTF8.self)
    }
}
