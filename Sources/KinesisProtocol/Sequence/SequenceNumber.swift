package import Model
package import NIOCore
internal import Text

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
        precondition(target.count >= Self.digitCount)
        guard let start = target.baseAddress else { return }
        self.decimalGroups.write(to: start)
    }

    /// The place before the record, for who has read nothing of its shard yet: the number with a 1 in bits 72–79. It is
    /// of use in AFTER_SEQUENCE_NUMBER.
    package var placeBefore: String {
        var limbs = self.limbs
        limbs.middle |= 1 << 8
        return String(unsafeUninitializedCapacity: Self.digitCount) { target in
            guard let start = target.baseAddress else { return 0 }
            Self.decimalGroups(of: limbs).write(to: UnsafeMutableRawPointer(start))
            return Self.digitCount
        }
    }

    fileprivate var decimalGroups: DecimalGroups { Self.decimalGroups(of: self.limbs) }

    private static func decimalGroups(of limbs: Wide192) -> DecimalGroups {
        let power = DecimalGroups.power
        // `high` is below 2^58 and so below 10^19; every quotient fits one limb.
        let (first, carry) = power.dividingFullWidth((limbs.high, limbs.middle))
        let (second, low) = power.dividingFullWidth((carry, limbs.low))
        let (high, middle) = power.dividingFullWidth((first, second))
        return DecimalGroups(high: high, middle: middle, low: low)
    }
}

/// Prints sequence numbers one after another: the next number of the same shard costs additions, not divisions of 192
/// bits.
package struct SequenceNumberPrinter: Sendable {
    private var last: SequenceNumber?
    private var groups = DecimalGroups(high: 0, middle: 0, low: 0)

    package init() {}

    /// Writes the 56 digits; there must be room for them.
    @inline(__always)
    mutating func write(_ number: SequenceNumber, to target: UnsafeMutableRawPointer) {
        if let last, number.offset &- 1 == last.offset, number.ordinal == last.ordinal,
            number.shardCreated == last.shardCreated
        {
            self.groups.addOffset()
        } else {
            self.groups = number.decimalGroups
        }
        self.last = number
        self.groups.write(to: target)
    }
}

/// Printers for a few shards at a time, so that the records of an answer continue one another's numbers.
struct SequenceNumberPrinters: Sendable {
    private var slots = InlineArray<8, SequenceNumberPrinter>(repeating: SequenceNumberPrinter())

    /// Take it out, use it and put it back: a writer's buffer and its printers cannot be changed at the same time.
    subscript(shard ordinal: UInt32) -> SequenceNumberPrinter {
        @inline(__always) get { self.slots[Int(ordinal % UInt32(self.slots.count))] }
        @inline(__always) set { self.slots[Int(ordinal % UInt32(self.slots.count))] = newValue }
    }
}

/// A sequence number in base 10^19: 18, 19 and 19 digits.
private struct DecimalGroups: Sendable {
    static let power: UInt64 = 10_000_000_000_000_000_000

    var high: UInt64
    var middle: UInt64
    var low: UInt64

    /// Adds 2^80, which is 120,892 × 10^19 + 5,819,614,629,174,706,176: one offset.
    mutating func addOffset() {
        let term: UInt64 = 5_819_614_629_174_706_176
        var carry: UInt64 = 0
        // The sum may pass 64 bits, so what it would pass 10^19 by is taken instead.
        if self.low >= Self.power - term {
            self.low -= Self.power - term
            carry = 1
        } else {
            self.low += term
        }
        self.middle += 120_892 + carry
        if self.middle >= Self.power {
            self.middle -= Self.power
            self.high += 1
        }
    }

    /// From the last digits to the first: the five zeros before an upper part of three digits are written over.
    @inline(__always)
    func write(to target: UnsafeMutableRawPointer) {
        Self.writeLower(self.low, to: target + 37)
        Self.writeLower(self.middle, to: target + 18)
        let upper = self.high / 10_000_000_000_000_000
        target.storeBytes(of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: upper / 10), as: UInt8.self)
        target.storeBytes(
            of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: upper % 10),
            toByteOffset: 1,
            as: UInt8.self
        )
        DecimalDigits.writeSixteen(self.high % 10_000_000_000_000_000, to: target + 2)
    }

    @inline(__always)
    private static func writeLower(_ value: UInt64, to target: UnsafeMutableRawPointer) {
        DecimalDigits.writeEight(value / 10_000_000_000_000_000, to: target - 5)
        DecimalDigits.writeSixteen(value % 10_000_000_000_000_000, to: target + 3)
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
