extension TopicID: CustomStringConvertible {
    /// URL-safe base64 without padding: the 22 characters that Kafka's tools print and `partition.metadata` holds.
    package var description: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        // 128 bits are 21 groups of six and one of two, which base64 pads with four zero bits.
        let bits = UInt128(self.high) << 64 | UInt128(self.low)
        var text: [UInt8] = []
        text.reserveCapacity(22)
        for group in 0..<21 {
            text.append(alphabet[Int(truncatingIfNeeded: bits >> UInt128(122 - 6 * group)) & 0x3F])
        }
        text.append(alphabet[Int(truncatingIfNeeded: bits & 0x3) << 4])
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads what `description` writes; `nil` for anything else.
    package init?(text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 22 else { return nil }
        var bits: UInt128 = 0
        for (index, byte) in bytes.enumerated() {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "_"): value = 63
            default: return nil
            }
            if index < 21 {
                bits = bits << 6 | UInt128(value)
            } else {
                guard value & 0xF == 0 else { return nil }
                bits = bits << 2 | UInt128(value >> 4)
            }
        }
        self.init(
            high: UInt64(truncatingIfNeeded: bits >> 64),
            low: UInt64(truncatingIfNeeded: bits)
        )
    }
}

extension TopicID {
    /// A random UUID (version 4) of random words. Its text never begins with `-`, which a command line would take for
    /// an option; Kafka's `Uuid.randomUuid` avoids that too. Kafka's reserved UUIDs, zero and one, have another
    /// version.
    package init(randomHigh high: UInt64, low: UInt64) {
        let isOfADash = high >> 58 == 62
        self.init(
            high: (isOfADash ? high & ~(1 << 63) : high) & ~0xF000 | 0x4000,
            low: low & ~(0b11 << 62) | (0b10 << 62)
        )
    }
}
