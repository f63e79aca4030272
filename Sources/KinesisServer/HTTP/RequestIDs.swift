internal import KinesisProtocol
internal import NIOCore
internal import Text

/// Makes the two identifiers that AWS puts on every answer. Unique enough to find a request in a log, no secret.
struct RequestIDs {
    private var state = UInt64.random(in: .min ... .max)

    /// SplitMix64
    private mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// `x-amzn-RequestId`: a UUID.
    mutating func makeRequestID() -> String {
        var buffer = ByteBuffer()
        self.writeRequestID(to: &buffer)
        return String(buffer: buffer)
    }

    /// `x-amz-id-2`
    mutating func makeExtendedID() -> String {
        var buffer = ByteBuffer()
        self.writeExtendedID(to: &buffer)
        return String(buffer: buffer)
    }

    /// The same as `makeRequestID`.
    mutating func writeRequestID(to buffer: inout ByteBuffer) {
        let (high, low) = UUIDText.version4(high: self.next(), low: self.next())
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: UUIDText.count) { target in
            UUIDText.write(high: high, low: low, to: target)
            return UUIDText.count
        }
    }

    /// `x-amz-id-2`: 72 bytes in base64, 96 characters. Those of AWS are of 72 to 80 bytes.
    mutating func writeExtendedID(to buffer: inout ByteBuffer) {
        var words = InlineArray<9, UInt64>(repeating: 0)
        for index in words.indices { words[index] = self.next() }
        _ = withUnsafeBytes(of: words) { bytes in
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 96) { Base64.encode(bytes, into: $0) }
        }
    }
}
