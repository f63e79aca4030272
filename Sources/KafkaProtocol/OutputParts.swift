package import NIOCore

/// The record batches of one partition in a fetch response: buffers in order, by reference.
///
/// Two values are equal when their bytes are, however they are cut.
package struct RecordsParts: Sendable {
    package private(set) var buffers: [ByteBuffer]
    /// The bytes in all buffers.
    package private(set) var readableBytes: Int

    package init(_ buffers: [ByteBuffer] = []) {
        self.buffers = buffers
        self.readableBytes = buffers.reduce(0) { $0 + $1.readableBytes }
    }

    /// One buffer.
    package init(_ buffer: ByteBuffer) {
        self.buffers = [buffer]
        self.readableBytes = buffer.readableBytes
    }

    package mutating func append(_ buffer: ByteBuffer) {
        self.buffers.append(buffer)
        self.readableBytes += buffer.readableBytes
    }

    /// The bytes in one buffer; a copy when there are several.
    package func joined() -> ByteBuffer {
        guard self.buffers.count != 1 else { return self.buffers[0] }
        var all = ByteBuffer()
        all.reserveCapacity(self.readableBytes)
        for buffer in self.buffers { all.writeImmutableBuffer(buffer) }
        return all
    }
}

extension RecordsParts: Equatable {
    package static func == (left: RecordsParts, right: RecordsParts) -> Bool {
        guard left.readableBytes == right.readableBytes else { return false }
        return left.buffers == right.buffers || left.joined() == right.joined()
    }
}

extension RecordsParts: WireNullableValue {
    package static var minimumWireSize: Int { 1 }

    package static func decode(from buffer: inout ByteBuffer, flexible: Bool) throws(WireError) -> RecordsParts {
        RecordsParts(try ByteBuffer.decode(from: &buffer, flexible: flexible))
    }

    package static func decodeNullable(
        from buffer: inout ByteBuffer,
        flexible: Bool
    ) throws(WireError) -> RecordsParts? {
        guard let bytes = try ByteBuffer.decodeNullable(from: &buffer, flexible: flexible) else { return nil }
        return RecordsParts(bytes)
    }

    package func encode(into buffer: inout ByteBuffer, flexible: Bool) {
        buffer.writeLength(self.readableBytes, flexible: flexible)
        for part in self.buffers { buffer.writeImmutableBuffer(part) }
    }

    package static func encodeNullable(
        _ value: RecordsParts?,
        into buffer: inout ByteBuffer,
        flexible: Bool
    ) {
        if let value {
            value.encode(into: &buffer, flexible: flexible)
        } else {
            buffer.writeNullLength(flexible: flexible)
        }
    }

    /// Writes the length into the frame's own buffer and adds the bytes by reference.
    package static func encodeNullable(
        _ value: RecordsParts?,
        into parts: inout OutputParts,
        flexible: Bool
    ) {
        guard let value else {
            parts.buffer.writeNullLength(flexible: flexible)
            return
        }
        parts.buffer.writeLength(value.readableBytes, flexible: flexible)
        for part in value.buffers { parts.append(part) }
    }
}

/// A frame under construction: bytes of its own in `buffer`, and between them large buffers of
/// another owner (the log's record batches), which are sent but never copied.
///
/// ```
/// buffer:      [length header … records length][… next partition …][… tags]
/// insertions:                                  ^records of p0       ^records of p1
/// buffers:     slice of buffer, p0, slice of buffer, p1, slice of buffer
/// ```
package struct OutputParts: Sendable {
    /// Shorter buffers are copied: an entry of a gathering write costs about as much as copying this many bytes.
    package static let copyBytesMaxDefault = 1024

    /// What the frame owns. Append to it freely; positions already written stay valid.
    package var buffer: ByteBuffer
    private let copyBytesMax: Int
    private var insertions: [Insertion] = []
    private var insertedBytes = 0

    private struct Insertion: Sendable {
        /// The writer index of `buffer` at which the part belongs.
        var index: Int
        var part: ByteBuffer
    }

    /// - Parameters:
    ///   - buffer: holds the frame's own bytes; what it contains already comes first.
    ///   - copyBytesMax: buffers up to this size are copied instead of referenced; `Int.max` copies all.
    package init(buffer: ByteBuffer = ByteBuffer(), copyBytesMax: Int = OutputParts.copyBytesMaxDefault) {
        self.buffer = buffer
        self.copyBytesMax = copyBytesMax
    }

    /// The bytes of the whole frame.
    package var readableBytes: Int { self.buffer.readableBytes + self.insertedBytes }

    /// Adds bytes at the end, by reference when they are many.
    package mutating func append(_ part: ByteBuffer) {
        guard part.readableBytes > self.copyBytesMax else {
            self.buffer.writeImmutableBuffer(part)
            return
        }
        self.insertions.append(Insertion(index: self.buffer.writerIndex, part: part))
        self.insertedBytes += part.readableBytes
    }

    /// The frame in the order in which to write it: slices of `buffer` and the referenced parts between them.
    package consuming func buffers() -> [ByteBuffer] {
        guard !self.insertions.isEmpty else { return [self.buffer] }
        var result: [ByteBuffer] = []
        result.reserveCapacity(self.insertions.count * 2 + 1)
        for insertion in self.insertions {
            let length = insertion.index - self.buffer.readerIndex
            if length > 0, let own = self.buffer.readSlice(length: length) { result.append(own) }
            result.append(insertion.part)
        }
        if self.buffer.readableBytes > 0 { result.append(self.buffer.slice()) }
        return result
    }

    /// The frame in one buffer, copied: for tests and for transports that cannot gather.
    package consuming func joined() -> ByteBuffer {
        guard !self.insertions.isEmpty else { return self.buffer }
        let total = self.readableBytes
        var all = ByteBuffer()
        all.reserveCapacity(total)
        for part in self.buffers() { all.writeImmutableBuffer(part) }
        return all
    }
}

extension OutputParts {
    /// Encodes a whole response frame: length, header, body.
    ///
    /// - Parameter buffer: an empty buffer to write into, from the channel's allocator.
    package static func frame(
        _ response: some KafkaResponse,
        correlationID: Int32,
        version: Int16,
        into buffer: ByteBuffer = ByteBuffer(),
        copyBytesMax: Int = OutputParts.copyBytesMaxDefault
    ) -> OutputParts {
        var parts = OutputParts(buffer: buffer, copyBytesMax: copyBytesMax)
        let start = parts.buffer.writerIndex
        parts.buffer.writeInteger(0, as: Int32.self)
        ResponseHeader(correlationID: correlationID)
            .encode(into: &parts.buffer, apiKey: type(of: response).apiKey, apiVersion: version)
        response.encode(into: &parts, version: version)
        let length = parts.readableBytes - (start - parts.buffer.readerIndex) - 4
        parts.buffer.setInteger(Int32(length), at: start)
        return parts
    }
}

extension WirePartedStruct {
    /// Copies the record bytes into the buffer.
    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        var parts = OutputParts(buffer: buffer, copyBytesMax: .max)
        // Two references to the storage would make every write copy it.
        buffer = ByteBuffer()
        self.encode(into: &parts, version: version)
        buffer = parts.buffer
    }
}
