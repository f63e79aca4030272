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

    /// Reads what `text` writes, in either case; `nil` for anything else.
    package static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 2)
        var high: UInt8?
        for character in text.utf8 {
            guard let value = Self.value(character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Sixteen digits.
    package static func text(_ word: UInt64) -> String {
        withUnsafeBytes(of: word.bigEndian) { Self.text($0) }
    }
}
