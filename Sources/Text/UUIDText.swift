/// The usual notation of UUIDs: `8-4-4-4-12` lower-case hexadecimal digits.
package enum UUIDText {
    /// Characters of a UUID.
    package static let count = 36

    /// The text of the UUID with these halves.
    package static func format(high: UInt64, low: UInt64) -> String {
        String(unsafeUninitializedCapacity: Self.count) { target in
            Self.write(high: high, low: low, to: UnsafeMutableRawBufferPointer(target))
            return Self.count
        }
    }

    /// Writes the text to the first 36 bytes of `target`.
    package static func write(high: UInt64, low: UInt64, to target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= Self.count, "a UUID takes 36 characters")
        var position = 0
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 {
                target[position] = UInt8(ascii: "-")
                position += 1
            }
            let word = index < 16 ? high : low
            target[position] = Hex.digit(UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (index & 15))) & 0xF)
            position += 1
        }
    }

    /// The halves of a random UUID from random words: version 4 and its variant are set (RFC 9562).
    package static func version4(high: UInt64, low: UInt64) -> (high: UInt64, low: UInt64) {
        (high & ~0xF000 | 0x4000, low & ~(0b11 << 62) | (0b10 << 62))
    }
}
