/// The value of an attribute that is part of a key. Ordered as DynamoDB orders a sort key: text and bytes by byte.
package enum KeyValue: Hashable, Sendable {
    /// UTF-8.
    case string([UInt8])
    case number(DecimalNumber)
    case binary([UInt8])

    /// `nil` for values of other types.
    package init?(_ value: AttributeValue) {
        switch value {
        case .string(let text): self = .string(Array(text.utf8))
        case .number(let number): self = .number(number)
        case .binary(let bytes): self = .binary(bytes)
        default: return nil
        }
    }

    package var attributeValue: AttributeValue {
        switch self {
        case .string(let bytes): .string(String(decoding: bytes, as: UTF8.self))
        case .number(let number): .number(number)
        case .binary(let bytes): .binary(bytes)
        }
    }

    package var type: KeyType {
        switch self {
        case .string: .string
        case .number: .number
        case .binary: .binary
        }
    }

    package var byteCount: Int {
        switch self {
        case .string(let bytes), .binary(let bytes): bytes.count
        case .number(let number): number.sizeBytes
        }
    }

    private var bytes: [UInt8] {
        switch self {
        case .string(let bytes), .binary(let bytes): bytes
        case .number(let number): Array(number.description.utf8)
        }
    }

    /// The same for the same value, in every run: which segment of a parallel scan the value belongs to.
    package var stableHash: UInt64 {
        // FNV-1a.
        self.bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

extension KeyValue: Comparable {
    package static func < (left: KeyValue, right: KeyValue) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)), (.binary(let left), .binary(let right)):
            left.lexicographicallyPrecedes(right)
        case (.number(let left), .number(let right)): left < right
        // Never within one table.
        default: left.type.rawValue < right.type.rawValue
        }
    }
}

/// What tells the items of a table apart.
package struct PrimaryKey: Hashable, Comparable, Sendable {
    package var hash: KeyValue
    package var range: KeyValue?

    package init(hash: KeyValue, range: KeyValue? = nil) {
        self.hash = hash
        self.range = range
    }

    package static func < (left: PrimaryKey, right: PrimaryKey) -> Bool {
        if left.hash != right.hash { return left.hash < right.hash }
        switch (left.range, right.range) {
        case (let left?, let right?): return left < right
        case (nil, let right): return right != nil
        case (_?, nil): return false
        }
    }
}

/// The type of an attribute that is part of a key.
package enum KeyType: String, Sendable, CaseIterable {
    case string = "S"
    case number = "N"
    case binary = "B"
}
