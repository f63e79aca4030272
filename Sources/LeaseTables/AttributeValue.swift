/// An attribute's value, as DynamoDB types it.
///
/// Text is compared and ordered by its UTF-8 bytes, as DynamoDB does, and not by Unicode equivalence.
package indirect enum AttributeValue: Sendable {
    case string(String)
    case number(DecimalNumber)
    case binary([UInt8])
    case boolean(Bool)
    case null
    /// Sets are not empty, without doubles, in ascending order.
    case stringSet([String])
    case numberSet([DecimalNumber])
    case binarySet([[UInt8]])
    case list([AttributeValue])
    case map([String: AttributeValue])

    /// How deep lists and maps nest at most, as in DynamoDB.
    package static let depthMax = 32

    /// The name of the type in requests and in `attribute_type`.
    package var typeName: String {
        switch self {
        case .string: "S"
        case .number: "N"
        case .binary: "B"
        case .boolean: "BOOL"
        case .null: "NULL"
        case .stringSet: "SS"
        case .numberSet: "NS"
        case .binarySet: "BS"
        case .list: "L"
        case .map: "M"
        }
    }

    /// A set of strings; `nil` when it would be empty or hold one twice.
    package init?(strings: [String]) {
        guard let sorted = Self.ascending(strings, by: Self.precedes) else { return nil }
        self = .stringSet(sorted)
    }

    package init?(numbers: [DecimalNumber]) {
        guard let sorted = Self.ascending(numbers, by: <) else { return nil }
        self = .numberSet(sorted)
    }

    package init?(binaries: [[UInt8]]) {
        guard let sorted = Self.ascending(binaries, by: { $0.lexicographicallyPrecedes($1) }) else { return nil }
        self = .binarySet(sorted)
    }

    private static func ascending<Element>(
        _ elements: [Element],
        by precedes: (Element, Element) -> Bool
    ) -> [Element]? {
        guard !elements.isEmpty else { return nil }
        let sorted = elements.sorted(by: precedes)
        for (left, right) in zip(sorted, sorted.dropFirst()) where !precedes(left, right) { return nil }
        return sorted
    }

    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// Bytes that the value counts for in an item.
    package var sizeBytes: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .number(let number): number.sizeBytes
        case .binary(let bytes): bytes.count
        case .boolean, .null: 1
        case .stringSet(let set): set.reduce(0) { $0 + $1.utf8.count }
        case .numberSet(let set): set.reduce(0) { $0 + $1.sizeBytes }
        case .binarySet(let set): set.reduce(0) { $0 + $1.count }
        case .list(let list): list.reduce(3) { $0 + $1.sizeBytes + 1 }
        case .map(let map): map.reduce(3) { $0 + $1.key.utf8.count + $1.value.sizeBytes + 1 }
        }
    }

    /// Elements of a set, list or map, bytes of a text: what `size` answers; `nil` for the other types.
    var count: Int? {
        switch self {
        case .string(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        case .stringSet(let set): set.count
        case .numberSet(let set): set.count
        case .binarySet(let set): set.count
        case .list(let list): list.count
        case .map(let map): map.count
        case .number, .boolean, .null: nil
        }
    }

    /// The order of two values of one type that has an order; `nil` for all others.
    func isLess(than other: AttributeValue) -> Bool? {
        switch (self, other) {
        case (.string(let left), .string(let right)): Self.precedes(left, right)
        case (.number(let left), .number(let right)): left < right
        case (.binary(let left), .binary(let right)): left.lexicographicallyPrecedes(right)
        default: nil
        }
    }
}

extension AttributeValue: Equatable {
    package static func == (left: AttributeValue, right: AttributeValue) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.number(let left), .number(let right)): left == right
        case (.binary(let left), .binary(let right)): left == right
        case (.boolean(let left), .boolean(let right)): left == right
        case (.null, .null): true
        case (.stringSet(let left), .stringSet(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
        case (.numberSet(let left), .numberSet(let right)): left == right
        case (.binarySet(let left), .binarySet(let right)): left == right
        case (.list(let left), .list(let right)): left == right
        case (.map(let left), .map(let right)): left == right
        default: false
        }
    }
}

/// The attributes of an item, by name.
package typealias Item = [String: AttributeValue]

extension Item {
    /// Bytes of names and values, as DynamoDB counts them.
    package var sizeBytes: Int { self.reduce(0) { $0 + $1.key.utf8.count + $1.value.sizeBytes } }
}
