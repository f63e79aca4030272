package import Model
package import NIOCore

/// The sequence number of a record, in the layout that AWS calls version 2, printed in decimal.
///
/// 186 bits, from the highest down:
/// ```
/// bits 184–187  2, the leading digit
/// bits 148–183  second in which the shard was created (36 bits)
/// bits 144–147  low four bits of the shard's ordinal
/// bits  80–143  the record's offset (64 bits, below 2^63)
/// bits  72–79   0
/// bits  36–71   second in which the shard was created, again (AWS: second of the record's arrival)
/// bits   4–35   the shard's ordinal (32 bits)
/// bits   0–3    2, the version
/// ```
/// Lossless: nothing is stored for it. It grows with the offset inside a shard, and across a reshard because a
/// child is created in a later second than its parents. It always has 56 digits. KCL's validator takes it (186 bits,
/// version 2, ordinal of the shard that it came from).
package struct SequenceNumber: Sendable, Hashable {
    /// Seconds since the epoch.
    package var shardCreated: UInt64
    package var ordinal: UInt32
    package var offset: Offset

    /// - Parameter shardCreated: below 2^36.
    /// - Parameter offset: at least zero.
    package init(shardCreated: UInt64, ordinal: UInt32, offset: Offset) {
        precondition(shardCreated < 1 << 36 && offset >= 0)
        self.shardCreated = shardCreated
        self.ordinal = ordinal
        self.offset = offset
    }

    package static let digitCount = 56

    private var limbs: Wide192 {
        let offset = UInt64(bitPattern: self.offset)
        return Wide192(
            high: 2 << 56 | self.shardCreated << 20 | UInt64(self.ordinal & 0xF) << 16 | offset >> 48,
            middle: offset << 16 | self.shardCreated >> 28,
            low: self.shardCreated << 36 | UInt64(self.ordinal) << 4 | 2
        )
    }

    /// Writes the 56 digits.
    package func write(into buffer: inout ByteBuffer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.digitCount) { target in
            self.write(into: target)
            return Self.digitCount
        }
    }

    private func write(into target: UnsafeMutableRawBufferPointer) {
        let power: UInt64 = 10_000_000_000_000_000_000
        let limbs = self.limbs
        // `high` is below 2^58 and so below 10^19; every quotient fits one limb.
        let (first, carry) = power.dividingFullWidth((limbs.high, limbs.middle))
        let (second, lowest) = power.dividingFullWidth((carry, limbs.low))
        let (highest, middle) = power.dividingFullWidth((first, second))
        Self.writeDigits(highest, into: target, from: 0, count: 18)
        Self.writeDigits(middle, into: target, from: 18, count: 19)
        Self.writeDigits(lowest, into: target, from: 37, count: 19)
    }

    private static func writeDigits(
        _ value: UInt64,
        into target: UnsafeMutableRawBufferPointer,
        from start: Int,
        count: Int
    ) {
        var rest = value
        var index = start + count
        // Halves of 32 bits divide faster than 64.
        while index - start > 9 {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 1_000_000_000)
            rest = quotient
            var group = UInt32(truncatingIfNeeded: remainder)
            for _ in 0..<9 {
                index -= 1
                target[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: group % 10)
                group /= 10
            }
        }
        while index > start {
            index -= 1
            target[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}

extension SequenceNumber: CustomStringConvertible {
    package var description: String {
        String(unsafeUninitializedCapacity: Self.digitCount) { target in
            self.write(into: UnsafeMutableRawBufferPointer(target))
            return Self.digitCount
        }
    }
}

extension SequenceNumber: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.shardCreated, left.ordinal & 0xF, left.offset, left.ordinal)
            < (right.shardCreated, right.ordinal & 0xF, right.offset, right.ordinal)
    }
}

/// 192 bits.
struct Wide192: Equatable {
    var high: UInt64
    var middle: UInt64
    var low: UInt64

    /// `nil` from 10^57 on and for anything but digits.
    init?(decimal: some Collection<UInt8>) {
        guard !decimal.isEmpty, decimal.count <= 57 else { return nil }
        self.init(high: 0, middle: 0, low: 0)
        var group: UInt64 = 0
        var scale: UInt64 = 1
        for digit in decimal {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            group = group * 10 + UInt64(digit - UInt8(ascii: "0"))
            scale *= 10
            if scale == 1_000_000_000_000_000_000 {
                self.multiply(by: scale, adding: group)
                group = 0
                scale = 1
            }
        }
        self.multiply(by: scale, adding: group)
    }

    init(high: UInt64, middle: UInt64, low: UInt64) {
        self.high = high
        self.middle = middle
        self.low = low
    }

    /// Cannot overflow below 10^57 < 2^190.
    private mutating func multiply(by factor: UInt64, adding term: UInt64) {
        let low = UInt128(self.low) * UInt128(factor) + UInt128(term)
        let middle = UInt128(self.middle) * UInt128(factor) + low >> 64
        let high = UInt128(self.high) * UInt128(factor) + middle >> 64
        self.low = UInt64(truncatingIfNeeded: low)
        self.middle = UInt64(truncatingIfNeeded: middle)
        self.high = UInt64(truncatingIfNeeded: high)
    }
}
