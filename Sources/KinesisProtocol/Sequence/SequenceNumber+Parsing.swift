internal import Model

/// What the text of a sequence number turns out to be.
package enum ParsedSequenceNumber: Sendable, Equatable {
    /// One of ours, as far as the text can tell: compare the creation second and the offset with the shard.
    case record(SequenceNumber)
    /// The place before a record: `SequenceNumber.placeBefore`.
    case placeBefore(SequenceNumber)
    /// Well formed for AWS, but not something that this server gives out; the ordinal that it encodes.
    case foreign(ordinal: Int32)
    /// No version, or a field is out of its range.
    case invalid

    /// - Parameter text: digits, as the request's validation has made sure.
    package init(_ text: String) {
        guard let number = Wide192(decimal: text.utf8) else {
            self = .invalid
            return
        }
        // The old, short numbers: the shard is in the low sixteen bits.
        guard number.high >= 2 else {
            let seconds = (number.middle >> 24) & 0xF_FFFF_FFFF
            self = seconds < Self.secondsMax ? .foreign(ordinal: Int32(number.low & 0xFFFF)) : .invalid
            return
        }
        guard number.high >> 56 == 2 else {
            self = .invalid
            return
        }
        let ordinal = UInt32(truncatingIfNeeded: number.low >> 4)
        switch number.low & 0xF {
        case 1: self = .foreign(ordinal: Int32(bitPattern: ordinal))
        case 2: self = Self.version2(number, ordinal: ordinal)
        default: self = .invalid
        }
    }

    /// AWS takes no shard created later than this.
    private static let secondsMax: UInt64 = 16_025_175_000

    private static func version2(_ number: Wide192, ordinal: UInt32) -> Self {
        let created = (number.high >> 20) & 0xF_FFFF_FFFF
        let offset = number.high << 48 | number.middle >> 16
        guard offset >> 63 == 0, created < Self.secondsMax else { return .invalid }
        let arrived = (number.middle & 0xFF) << 28 | number.low >> 36
        let nibble = UInt32(truncatingIfNeeded: number.high >> 16) & 0xF
        let place = (number.middle >> 8) & 0xFF
        guard ordinal <= UInt32(Int32.max), nibble == ordinal & 0xF, arrived == created, place <= 1 else {
            return .foreign(ordinal: Int32(bitPattern: ordinal))
        }
        let record = SequenceNumber(shardCreated: created, ordinal: ordinal, offset: Offset(offset))
        return place == 0 ? .record(record) : .placeBefore(record)
    }
}

/// The name of a shard: `shardId-` and its ordinal in twelve digits.
package struct ShardID: Sendable, Hashable, CustomStringConvertible {
    package var ordinal: UInt32

    package init(_ ordinal: UInt32) { self.ordinal = ordinal }

    /// Reads what a request names as AWS does: an ordinal below 2^31, after the first hyphen if there is one.
    package init?(text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let digits = parts.count > 1 && !parts[1].isEmpty ? parts[1] : Substring(text).utf8[...]
        guard !digits.isEmpty else { return nil }
        var ordinal: UInt32 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (product, overflow) = ordinal.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt32(digit - UInt8(ascii: "0")))
            guard !overflow, !carry, sum <= UInt32(Int32.max) else { return nil }
            ordinal = sum
        }
        self.ordinal = ordinal
    }

    package var description: String { Self.text(Int64(self.ordinal)) }

    /// AWS's form for any number, also the negative ones that a forged sequence number can encode.
    package static func text(_ ordinal: Int64) -> String {
        let digits = String(ordinal.magnitude)
        let width = ordinal < 0 ? 11 : 12
        let zeros = String(repeating: "0", count: max(0, width - digits.utf8.count))
        return "shardId-" + (ordinal < 0 ? "-" : "") + zeros + digits
    }

    /// The ordinal in at least twelve digits.
    func writeDigits(into target: UnsafeMutableRawBufferPointer) {
        var rest = self.ordinal
        for index in stride(from: 11, through: 0, by: -1) {
            target[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}
