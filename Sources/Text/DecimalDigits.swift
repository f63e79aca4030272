/// Decimal digits, eight at a time and without a division for each.
public enum DecimalDigits {
    /// The digits of a number below 10^8 in ASCII, the first in the lowest byte.
    ///
    /// Halves, quarters and eighths of the number are split off side by side in one word. 10,486 / 2^20 is 1 / 100 for
    /// what is below 10^4, 103 / 2^10 is 1 / 10 for what is below 100.
    @inlinable
    @inline(__always)
    public static func eight(_ value: UInt64) -> UInt64 {
        assert(value < 100_000_000)
        let upper = value / 10_000
        let halves = upper | (value &- upper &* 10_000) << 32
        let quarters = (halves &* 10_486) >> 20 & 0x0000_007F_0000_007F
        let pairs = quarters | (halves &- quarters &* 100) << 16
        let tens = (pairs &* 103) >> 10 & 0x000F_000F_000F_000F
        let digits = tens | (pairs &- tens &* 10) << 8
        return digits | 0x3030_3030_3030_3030
    }

    /// Writes the eight digits of a number below 10^8.
    @inlinable
    @inline(__always)
    public static func writeEight(_ value: UInt64, to target: UnsafeMutableRawPointer) {
        target.storeBytes(of: Self.eight(value).littleEndian, as: UInt64.self)
    }

    /// Writes the sixteen digits of a number below 10^16.
    @inlinable
    @inline(__always)
    public static func writeSixteen(_ value: UInt64, to target: UnsafeMutableRawPointer) {
        Self.writeEight(value / 100_000_000, to: target)
        Self.writeEight(value % 100_000_000, to: target + 8)
    }
}
