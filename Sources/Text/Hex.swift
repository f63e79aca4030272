/// Lower-case hexadecimal digits.
public enum Hex {
    /// The digit of a value below 16, in ASCII.
    @inlinable
    @inline(__always)
    public static func digit(_ value: UInt8) -> UInt8 {
        let digits: StaticString = "0123456789abcdef"
        return digits.utf8Start[Int(value & 0xF)]
    }

    /// Two digits for each byte.
    package static func text(_ bytes: some Collection<UInt8>) -> String {
        String(unsafeUninitializedCapacity: 2 * bytes.count) { target in
            var position = 0
            for byte in bytes {
                target[position] = Self.digit(byte >> 4)
                target[position + 1] = Self.digit(byte & 0xF)
                position += 2
            }
            return position
        }
    }

    /// Sixteen digits.
    package static func text(_ word: UInt64) -> String {
        withUnsafeBytes(of: word.bigEndian) { Self.text($0) }
    }
}
