package import Model
package import NIOCore

/// One record, as slices of the batch that holds it (or of its decompressed copy).
package struct Record: Sendable {
    package var attributes: Int8
    package var offset: Offset
    package var timestamp: Timestamp
    package var timestampDelta: Int64
    package var offsetDelta: Int32
    package var key: ByteBuffer?
    package var value: ByteBuffer?
    package var headers: RecordHeaders
}

/// A record's headers, decoded as they are iterated.
package struct RecordHeaders: Sendable, Sequence {
    package let count: Int
    private let encoded: ByteBuffer

    init(count: Int, encoded: ByteBuffer) {
        self.count = count
        self.encoded = encoded
    }

    package func makeIterator() -> Iterator { Iterator(remaining: self.count, encoded: self.encoded) }

    package struct Iterator: IteratorProtocol {
        fileprivate var remaining: Int
        fileprivate var encoded: ByteBuffer

        /// The next header. Bytes of the key that are not UTF-8 become U+FFFD.
        package mutating func next() -> (key: String, value: ByteBuffer?)? {
            guard self.remaining > 0 else { return nil }
            self.remaining -= 1
            guard let keyLength = self.encoded.readVarint(), let key = self.encoded.readString(length: keyLength),
                let valueLength = self.encoded.readVarint()
            else { return nil }
            return (key, valueLength < 0 ? nil : self.encoded.readSlice(length: valueLength))
        }
    }
}

extension ByteBuffer {
    /// Reads a zigzag varint of at most five bytes; `nil` when malformed.
    fileprivate mutating func readVarint() -> Int? {
        let read: (value: Int32, count: Int)? = self.withUnsafeReadableBytes { bytes in
            guard var cursor = RecordCursor(bytes), let value = cursor.varint() else { return nil }
            return (value, bytes.count - cursor.remaining)
        }
        guard let read else { return nil }
        self.moveReaderIndex(forwardBy: read.count)
        return Int(read.value)
    }
}
