/// An IPv4 or IPv6 address. An IPv4 address and its form in IPv6 (`::ffff:10.0.0.1`, which sockets of both families
/// give) are the same. No names are looked up.
package struct NetworkAddress: Hashable, Sendable {
    /// Of IPv6, or of an IPv4 address mapped into it.
    package let bits: UInt128

    private static let mapped: UInt128 = 0xFFFF_0000_0000

    package init(bits: UInt128) { self.bits = bits }

    /// Reads the usual texts, without brackets, port or zone: `10.0.0.1`, `::1`, `2001:db8::10.0.0.1`.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 45 else { return nil }
        if bytes.contains(UInt8(ascii: ":")) {
            guard let bits = Self.ipv6(bytes[...]) else { return nil }
            self.bits = bits
        } else {
            guard let bits = Self.ipv4(bytes[...]) else { return nil }
            self.bits = Self.mapped | UInt128(bits)
        }
    }

    package var isIPv4: Bool { self.bits >> 32 == Self.mapped >> 32 }

    /// Whether it lies in a network.
    ///
    /// - Parameter prefixLength: bits of `network` that count, of 128.
    package func isIn(_ network: NetworkAddress, prefixLength: Int) -> Bool {
        prefixLength <= 0 || (self.bits ^ network.bits) >> UInt128(128 - min(prefixLength, 128)) == 0
    }

    /// Four decimal numbers without leading zeros, which some take for octal.
    private static func ipv4(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
                part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            let value = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
            guard value <= 255 else { return nil }
            bits = bits << 8 | value
        }
        return bits
    }

    private static func ipv6(_ bytes: ArraySlice<UInt8>) -> UInt128? {
        let colon = UInt8(ascii: ":")
        var head: [UInt16] = []
        var tail: [UInt16] = []
        var hasGap = false
        let gaps = bytes.indices.dropLast().filter { bytes[$0] == colon && bytes[$0 + 1] == colon }
        guard gaps.count <= 1 else { return nil }
        if let gap = gaps.first {
            hasGap = true
            guard let first = Self.groups(bytes[..<gap], mayBeEmpty: true, mayEndInDecimal: false),
                let last = Self.groups(bytes[(gap + 2)...], mayBeEmpty: true, mayEndInDecimal: true)
            else { return nil }
            head = first
            tail = last
        } else {
            guard let all = Self.groups(bytes, mayBeEmpty: false, mayEndInDecimal: true) else { return nil }
            head = all
        }
        let missing = 8 - head.count - tail.count
        guard hasGap ? missing >= 1 : missing == 0 else { return nil }
        let groups = head + Array(repeating: 0, count: missing) + tail
        return groups.reduce(UInt128(0)) { $0 << 16 | UInt128($1) }
    }

    private static func groups(
        _ bytes: ArraySlice<UInt8>,
        mayBeEmpty: Bool,
        mayEndInDecimal: Bool
    ) -> [UInt16]? {
        if bytes.isEmpty { return mayBeEmpty ? [] : nil }
        var groups: [UInt16] = []
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if part.contains(UInt8(ascii: ".")) {
                guard mayEndInDecimal, index == parts.count - 1, let bits = Self.ipv4(part) else { return nil }
                groups += [UInt16(bits >> 16), UInt16(truncatingIfNeeded: bits)]
                continue
            }
            guard (1...4).contains(part.count), let value = Self.hexadecimal(part) else { return nil }
            groups.append(value)
        }
        return groups
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt16? {
        var value: UInt16 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt16(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt16(digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt16(digit - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }
}

extension NetworkAddress: CustomStringConvertible {
    /// The one text of an address (RFC 5952): the longest run of zeros in IPv6 is left out.
    package var description: String {
        if self.isIPv4 {
            return stride(from: 24, through: 0, by: -8).map { String((self.bits >> UInt128($0)) & 0xFF) }
                .joined(separator: ".")
        }
        let groups = stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: self.bits >> UInt128($0)) }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard let gap = Self.longestRunOfZeros(groups) else { return text(groups[...]) }
        return text(groups[..<gap.lowerBound]) + "::" + text(groups[gap.upperBound...])
    }

    /// Of two groups at least; the first of equal ones.
    private static func longestRunOfZeros(_ groups: [UInt16]) -> Range<Int>? {
        var longest: Range<Int>?
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start >= 2, index - start > longest?.count ?? 0 { longest = start..<index }
            start = index + 1
        }
        return longest
    }
}
