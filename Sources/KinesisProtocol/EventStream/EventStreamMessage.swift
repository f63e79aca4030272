internal import CSystemZlib
package import NIOCore

/// One message of AWS's event stream: a prelude with two lengths and its checksum, headers, the payload and a checksum
/// of all.
///
/// ```
/// whole length: 4 | length of headers: 4 | CRC-32 of these: 4 | headers | payload | CRC-32 of everything before: 4
/// ```
///
/// The payload may be written in parts: its length is known from the start.
package struct EventStreamMessage {
    package static let contentType = "application/vnd.amazon.eventstream"
    private static let preludeBytes = 12
    private static let checksumBytes = 4
    private static let stringType: UInt8 = 7

    private var checksum: UInt

    /// Begins a message.
    ///
    /// - Parameters:
    ///   - headers: names of less than 128 bytes and values of less than 32 KiB.
    ///   - payloadBytes: what is going to be written; checked by nobody but the client.
    ///   - buffer: gets the prelude and the headers.
    package init(_ headers: [(name: StaticString, value: String)], payloadBytes: Int, into buffer: inout ByteBuffer) {
        let headersBytes = headers.reduce(into: 0) { bytes, header in
            bytes += 1 + header.name.utf8CodeUnitCount + 1 + 2 + header.value.utf8.count
        }
        let start = buffer.writerIndex
        buffer.writeInteger(
            UInt32(truncatingIfNeeded: Self.preludeBytes + headersBytes + payloadBytes + Self.checksumBytes)
        )
        buffer.writeInteger(UInt32(truncatingIfNeeded: headersBytes))
        buffer.writeInteger(UInt32(truncatingIfNeeded: Self.checksum(of: buffer.viewBytes(at: start, length: 8), 0)))
        for (name, value) in headers {
            buffer.writeInteger(UInt8(truncatingIfNeeded: name.utf8CodeUnitCount))
            buffer.writeStaticString(name)
            buffer.writeInteger(Self.stringType)
            buffer.writeInteger(UInt16(truncatingIfNeeded: value.utf8.count))
            buffer.writeString(value)
        }
        self.checksum = Self.checksum(of: buffer.viewBytes(at: start, length: buffer.writerIndex - start), 0)
    }

    /// Part of the payload was written to the end of `buffer`.
    package mutating func wrote(_ count: Int, to buffer: ByteBuffer) {
        let part = buffer.viewBytes(at: buffer.writerIndex - count, length: count)
        self.checksum = Self.checksum(of: part, self.checksum)
    }

    /// Ends the message.
    package func end(_ buffer: inout ByteBuffer) { buffer.writeInteger(UInt32(truncatingIfNeeded: self.checksum)) }

    /// A whole message.
    package static func write(
        _ headers: [(name: StaticString, value: String)],
        payload: ByteBuffer,
        to buffer: inout ByteBuffer
    ) {
        var message = EventStreamMessage(headers, payloadBytes: payload.readableBytes, into: &buffer)
        buffer.writeImmutableBuffer(payload)
        message.wrote(payload.readableBytes, to: buffer)
        message.end(&buffer)
    }

    /// CRC-32 as of zlib (IEEE 802.3).
    private static func checksum(of bytes: ByteBufferView?, _ initial: UInt) -> UInt {
        guard let bytes else { return initial }
        return bytes.withUnsafeBytes { bytes in
            crc32(initial, bytes.bindMemory(to: UInt8.self).baseAddress, UInt32(truncatingIfNeeded: bytes.count))
        }
    }
}
