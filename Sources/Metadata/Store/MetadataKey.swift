internal import Text

/// A key of the metadata store: bytes, ordered as unsigned bytes, as etcd orders them.
package struct MetadataKey: Hashable, Comparable, Sendable {
    package var bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// The UTF-8 of a text.
    package init(_ text: String) { self.bytes = Array(text.utf8) }

    package static func < (left: MetadataKey, right: MetadataKey) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// The smallest key that is greater than this one.
    package var successor: MetadataKey { MetadataKey(bytes: self.bytes + [0]) }

    package func hasPrefix(_ prefix: MetadataKey) -> Bool { self.bytes.starts(with: prefix.bytes) }
}

extension MetadataKey: CustomStringConvertible {
    /// Printable ASCII as it is, other bytes as `\xNN`; for messages and logs.
    package var description: String {
        var text: [UInt8] = []
        for byte in self.bytes {
            if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "\\"), UInt8(ascii: "x"), Hex.digit(byte >> 4), Hex.digit(byte & 0xF)]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A half-open range of keys: `lower` belongs to it, `upper` does not.
package struct MetadataKeyRange: Hashable, Sendable {
    package var lower: MetadataKey
    /// `nil` means to the end of the key space.
    package var upper: MetadataKey?

    package init(lower: MetadataKey, upper: MetadataKey?) {
        self.lower = lower
        self.upper = upper
    }

    /// One key only.
    package static func key(_ key: MetadataKey) -> MetadataKeyRange {
        MetadataKeyRange(lower: key, upper: key.successor)
    }

    /// Every key that begins with these bytes.
    package static func prefix(_ prefix: MetadataKey) -> MetadataKeyRange {
        var upper = prefix.bytes
        while let last = upper.last {
            if last < .max {
                upper[upper.count - 1] = last + 1
                return MetadataKeyRange(lower: prefix, upper: MetadataKey(bytes: upper))
            }
            upper.removeLast()
        }
        return MetadataKeyRange(lower: prefix, upper: nil)
    }

    package static let all = MetadataKeyRange(lower: MetadataKey(bytes: []), upper: nil)

    package func contains(_ key: MetadataKey) -> Bool {
        guard key >= self.lower else { return false }
        guard let upper else { return true }
        return key < upper
    }
}
