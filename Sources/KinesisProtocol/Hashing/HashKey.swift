/// A position in the hash space 0 … 2^128−1 over which a stream's open shards are laid.
package struct HashKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var value: UInt128

    package init(_ value: UInt128) { self.value = value }

    /// Where a record with this partition key lies: the MD5 of its UTF-8 as a big-endian number.
    package init(partitionKey: UnsafeRawBufferPointer) {
        self.value = MD5.digest(partitionKey)
    }

    /// Reads the decimal form (`0|([1-9]\d{0,38})`).
    ///
    /// - Returns: `nil` for anything else and for 2^128 and above.
    package init?(decimal: some Collection<UInt8>) {
        guard let first = decimal.first, decimal.count <= 39 else { return nil }
        if first == UInt8(ascii: "0"), decimal.count > 1 { return nil }
        var value: UInt128 = 0
        for digit in decimal {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt128(digit - UInt8(ascii: "0")))
            if overflow || carry { return nil }
            value = sum
        }
        self.value = value
    }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }

    package var description: String { String(self.value) }

    package static let max = HashKey(.max)
}

/// The inclusive range of hash keys that a shard takes.
package struct HashKeyRange: Sendable, Hashable {
    package var start: HashKey
    package var end: HashKey

    package init(start: HashKey, end: HashKey) {
        self.start = start
        self.end = end
    }

    package func contains(_ key: HashKey) -> Bool { self.start <= key && key <= self.end }
}
