package import Model
package import NIOCore

/// Writes JSON straight into a buffer.
///
/// Timestamps are seconds since the epoch with up to three decimals (JSON 1.1), blobs are base64.
package struct JSONWriter: ShapeWriter {
    package var buffer: ByteBuffer
    /// Whether the next value or member needs a comma before it.
    private var needsComma = false

    package init(into buffer: ByteBuffer) {
        self.buffer = buffer
    }

    package mutating func beginStructure() {
        self.separate()
        self.buffer.writeInteger(UInt8(ascii: "{"))
        self.needsComma = false
    }

    package mutating func endStructure() {
        self.buffer.writeInteger(UInt8(ascii: "}"))
        self.needsComma = true
    }

    package mutating func beginList() {
        self.separate()
        self.buffer.writeInteger(UInt8(ascii: "["))
        self.needsComma = false
    }

    package mutating func endList() {
        self.buffer.writeInteger(UInt8(ascii: "]"))
        self.needsComma = true
    }

    package mutating func member(_ name: StaticString) {
        let length = name.utf8CodeUnitCount
        let comma = self.needsComma
        self.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length + 4) { target in
            var position = 0
            if comma {
                target[0] = UInt8(ascii: ",")
                position = 1
            }
            target[position] = UInt8(ascii: "\"")
            UnsafeMutableRawBufferPointer(rebasing: target[(position + 1)..<(position + 1 + length)])
                .copyMemory(from: UnsafeRawBufferPointer(start: name.utf8Start, count: length))
            target[position + 1 + length] = UInt8(ascii: "\"")
            target[position + 2 + length] = UInt8(ascii: ":")
            return position + length + 3
        }
        self.needsComma = false
    }

    package mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { self.string(utf8: UnsafeRawBufferPointer($0)) }
    }

    package mutating func string(utf8 bytes: UnsafeRawBufferPointer) {
        self.separate()
        self.buffer.writeInteger(UInt8(ascii: "\""))
        var runStart = 0
        for index in 0..<bytes.count {
            let byte = bytes[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            self.buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[runStart..<index]))
            self.writeEscape(byte)
            runStart = index + 1
        }
        self.buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[runStart..<bytes.count]))
        self.buffer.writeInteger(UInt8(ascii: "\""))
        self.needsComma = true
    }

    package mutating func plainString(_ write: (inout ByteBuffer) -> Void) {
        self.separate()
        self.buffer.writeInteger(UInt8(ascii: "\""))
        write(&self.buffer)
        self.buffer.writeInteger(UInt8(ascii: "\""))
        self.needsComma = true
    }

    package mutating func integer(_ value: Int64) {
        self.separate()
        self.writeDecimal(value)
        self.needsComma = true
    }

    package mutating func boolean(_ value: Bool) {
        self.separate()
        self.buffer.writeStaticString(value ? "true" : "false")
        self.needsComma = true
    }

    package mutating func timestamp(_ value: Timestamp) {
        self.separate()
        let magnitude = value.magnitude
        if value < 0 { self.buffer.writeInteger(UInt8(ascii: "-")) }
        self.writeDecimal(magnitude / 1000)
        var fraction = magnitude % 1000
        if fraction != 0 {
            self.buffer.writeInteger(UInt8(ascii: "."))
            var scale: UInt64 = 100
            while fraction != 0 {
                self.buffer.writeInteger(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: fraction / scale))
                fraction %= scale
                scale /= 10
            }
        }
        self.needsComma = true
    }

    package mutating func blob(_ bytes: UnsafeRawBufferPointer) {
        let comma = self.needsComma
        self.buffer.writeWithUnsafeMutableBytes(
            minimumWritableBytes: Base64.encodedCount(of: bytes.count) + 3
        ) { target in
            var position = 0
            if comma {
                target[0] = UInt8(ascii: ",")
                position = 1
            }
            target[position] = UInt8(ascii: "\"")
            position += 1
            position += Base64.encode(bytes, into: UnsafeMutableRawBufferPointer(rebasing: target[position...]))
            target[position] = UInt8(ascii: "\"")
            return position + 1
        }
        self.needsComma = true
    }

    private mutating func separate() {
        if self.needsComma { self.buffer.writeInteger(UInt8(ascii: ",")) }
    }

    private mutating func writeDecimal(_ value: Int64) {
        if value < 0 { self.buffer.writeInteger(UInt8(ascii: "-")) }
        self.writeDecimal(value.magnitude)
    }

    private mutating func writeDecimal(_ value: UInt64) {
        self.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { target in
            var count = 1
            var rest = value / 10
            while rest != 0 {
                count += 1
                rest /= 10
            }
            rest = value
            for index in stride(from: count - 1, through: 0, by: -1) {
                target[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            return count
        }
    }

    private mutating func writeEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): self.buffer.writeStaticString("\\\"")
        case UInt8(ascii: "\\"): self.buffer.writeStaticString("\\\\")
        case 0x08: self.buffer.writeStaticString("\\b")
        case 0x09: self.buffer.writeStaticString("\\t")
        case 0x0A: self.buffer.writeStaticString("\\n")
        case 0x0C: self.buffer.writeStaticString("\\f")
        case 0x0D: self.buffer.writeStaticString("\\r")
        default:
            let hex: StaticString = "0123456789abcdef"
            self.buffer.writeStaticString("\\u00")
            self.buffer.writeInteger(hex.utf8Start[Int(byte >> 4)])
            self.buffer.writeInteger(hex.utf8Start[Int(byte & 0xF)])
        }
    }
}
