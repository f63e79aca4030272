internal import Model
internal import Text

/// What the shapes of Kinesis write beside plain JSON.
extension JSONText {
    @inline(__always)
    mutating func write(_ number: SequenceNumber, by printer: inout SequenceNumberPrinter) {
        self.write(count: SequenceNumber.digitCount) { printer.write(number, to: $0) }
    }

    /// An ordinal in twelve digits.
    @inline(__always)
    mutating func write(shard ordinal: UInt32) {
        // The upper four of eight digits, then the lower eight.
        let (upper, lower) = ordinal.quotientAndRemainder(dividingBy: 100_000_000)
        let digits = DecimalDigits.eight(UInt64(upper)) >> 32
        self.write(count: 12) { target in
            target.storeBytes(of: UInt32(truncatingIfNeeded: digits).littleEndian, as: UInt32.self)
            DecimalDigits.writeEight(UInt64(lower), to: target + 4)
        }
    }

    /// Seconds with up to three decimals: at most 22 bytes.
    mutating func write(timestamp value: Timestamp) {
        let magnitude = value.magnitude
        if value < 0 { self.write(UInt8(ascii: "-")) }
        self.write(decimal: magnitude / 1000)
        let fraction = UInt32(truncatingIfNeeded: magnitude % 1000)
        guard fraction != 0 else { return }
        let zero = UInt8(ascii: "0")
        self.write(UInt8(ascii: "."))
        self.write(zero + UInt8(truncatingIfNeeded: fraction / 100))
        if fraction % 100 != 0 { self.write(zero + UInt8(truncatingIfNeeded: fraction / 10 % 10)) }
        if fraction % 10 != 0 { self.write(zero + UInt8(truncatingIfNeeded: fraction % 10)) }
    }

    /// Bytes of what `write(timestamp:)` writes.
    static func byteCount(timestamp value: Timestamp) -> Int {
        let (seconds, fraction) = value.magnitude.quotientAndRemainder(dividingBy: 1000)
        var count = Self.byteCount(decimal: seconds) + (value < 0 ? 1 : 0)
        if fraction != 0 { count += 2 }
        if fraction % 100 != 0 { count += 1 }
        if fraction % 10 != 0 { count += 1 }
        return count
    }
}
