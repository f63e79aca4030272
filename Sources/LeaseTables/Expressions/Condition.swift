/// What an item must meet: a ConditionExpression, FilterExpression or KeyConditionExpression, or the older `Expected`,
/// `ScanFilter` and `KeyConditions`, read into one form.
package indirect enum Condition: Sendable, Equatable {
    package enum Comparator: String, Sendable {
        case equal = "="
        case notEqual = "<>"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    package enum Operand: Sendable, Equatable {
        case path(AttributePath)
        case value(AttributeValue)
        /// `size(path)`
        case size(AttributePath)
    }

    case compare(Operand, Comparator, Operand)
    case between(Operand, low: Operand, high: Operand)
    case isOneOf(Operand, [Operand])
    case exists(AttributePath)
    case isMissing(AttributePath)
    case hasType(AttributePath, String)
    case beginsWith(Operand, Operand)
    case contains(Operand, Operand)
    case all([Condition])
    case any([Condition])
    case not(Condition)

    /// An item that does not exist has no attributes.
    package func holds(for item: Item) -> Bool {
        switch self {
        case .compare(let left, let comparator, let right):
            return Self.compare(left.value(in: item), comparator, right.value(in: item))
        case .between(let operand, let low, let high):
            let value = operand.value(in: item)
            return Self.compare(value, .greaterOrEqual, low.value(in: item))
                && Self.compare(value, .lessOrEqual, high.value(in: item))
        case .isOneOf(let operand, let values):
            let value = operand.value(in: item)
            return values.contains { Self.compare(value, .equal, $0.value(in: item)) }
        case .exists(let path): return path.value(in: item) != nil
        case .isMissing(let path): return path.value(in: item) == nil
        case .hasType(let path, let type): return path.value(in: item)?.typeName == type
        case .beginsWith(let operand, let prefix):
            switch (operand.value(in: item), prefix.value(in: item)) {
            case (.string(let text)?, .string(let prefix)?): return text.utf8.starts(with: prefix.utf8)
            case (.binary(let bytes)?, .binary(let prefix)?): return bytes.starts(with: prefix)
            default: return false
            }
        case .contains(let operand, let part):
            guard let whole = operand.value(in: item), let part = part.value(in: item) else { return false }
            return Self.contains(whole, part)
        case .all(let conditions): return conditions.allSatisfy { $0.holds(for: item) }
        case .any(let conditions): return conditions.contains { $0.holds(for: item) }
        case .not(let condition): return !condition.holds(for: item)
        }
    }

    /// A missing value is unequal to everything and in no order with anything.
    private static func compare(_ left: AttributeValue?, _ comparator: Comparator, _ right: AttributeValue?) -> Bool {
        guard let left, let right else { return comparator == .notEqual && (left != nil || right != nil) }
        switch comparator {
        case .equal: return left == right
        case .notEqual: return left != right
        case .less: return left.isLess(than: right) ?? false
        case .greaterOrEqual: return left.isLess(than: right).map { !$0 } ?? false
        case .greater: return right.isLess(than: left) ?? false
        case .lessOrEqual: return right.isLess(than: left).map { !$0 } ?? false
        }
    }

    private static func contains(_ whole: AttributeValue, _ part: AttributeValue) -> Bool {
        switch (whole, part) {
        case (.string(let text), .string(let part)): Self.isSubsequence(Array(part.utf8), of: Array(text.utf8))
        case (.binary(let bytes), .binary(let part)): Self.isSubsequence(part, of: bytes)
        case (.stringSet(let set), .string(let part)): set.contains { $0.utf8.elementsEqual(part.utf8) }
        case (.numberSet(let set), .number(let part)): set.contains(part)
        case (.binarySet(let set), .binary(let part)): set.contains(part)
        case (.list(let list), _): list.contains(part)
        default: false
        }
    }

    private static func isSubsequence(_ part: [UInt8], of whole: [UInt8]) -> Bool {
        guard !part.isEmpty else { return true }
        guard part.count <= whole.count else { return false }
        return (0...(whole.count - part.count)).contains { whole[$0...].starts(with: part) }
    }
}

extension Condition.Operand {
    func value(in item: Item) -> AttributeValue? {
        switch self {
        case .path(let path): path.value(in: item)
        case .value(let value): value
        case .size(let path): path.value(in: item)?.count.map { .number(DecimalNumber(Int64($0))) }
        }
    }
}
