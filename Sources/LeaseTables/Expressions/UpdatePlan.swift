/// What an UpdateItem does to an item: an UpdateExpression or the older `AttributeUpdates`, read into one form.
package struct UpdatePlan: Sendable, Equatable {
    package indirect enum Settable: Sendable, Equatable {
        case value(AttributeValue)
        case path(AttributePath)
        /// `if_not_exists`
        case ifMissing(AttributePath, Settable)
        /// `list_append`
        case appended(Settable, Settable)
        case sum(Settable, Settable)
        case difference(Settable, Settable)
    }

    package enum Action: Sendable, Equatable {
        case set(AttributePath, Settable)
        case remove(AttributePath)
        /// To a number or to a set.
        case add(AttributePath, AttributeValue)
        /// Elements of a set.
        case delete(AttributePath, AttributeValue)

        var path: AttributePath {
            switch self {
            case .set(let path, _), .remove(let path), .add(let path, _), .delete(let path, _): path
            }
        }

        var isRemoval: Bool {
            switch self {
            case .remove, .delete: true
            case .set, .add: false
            }
        }
    }

    package var actions: [Action] = []
    /// Whether an item that does not exist comes to be, though everything is a removal: not for `AttributeUpdates`.
    package var createsEmpty = true

    package init() {}

    /// Whether it makes an item of a key alone.
    var createsItem: Bool { self.createsEmpty || !self.actions.allSatisfy(\.isRemoval) }

    /// No two actions may be about the same place.
    package func check() throws(TableError) {
        for (index, action) in self.actions.enumerated() {
            for earlier in self.actions[..<index] where earlier.path.overlaps(action.path) {
                throw TableError(
                    .validation,
                    "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of "
                        + "these paths; path one: \(earlier.path), path two: \(action.path)"
                )
            }
        }
    }

    /// The item afterwards. Values are those of the item before, in any order of the actions.
    ///
    /// - Parameter item: with its key, also when it is new.
    package func applied(to item: Item) throws(TableError) -> Item {
        var changed = item
        // From the end of a list, so that what is removed does not move what is removed next.
        var removals: [AttributePath] = []
        for action in self.actions {
            let value: AttributeValue?
            switch action {
            case .set(_, let settable): value = try Self.value(settable, in: item)
            case .add(let path, let operand): value = try Self.sum(path.value(in: item), operand)
            case .delete(let path, let operand):
                guard let old = path.value(in: item) else { continue }
                value = try Self.difference(old, operand)
            case .remove(let path):
                removals.append(path)
                continue
            }
            guard action.path.put(value, in: &changed) else { throw Self.invalidPath }
        }
        for path in removals.sorted(by: Self.isLater) {
            guard path.put(nil, in: &changed) else { throw Self.invalidPath }
        }
        return changed
    }

    private static func isLater(_ left: AttributePath, _ right: AttributePath) -> Bool {
        for (left, right) in zip(left.steps, right.steps) {
            if case .element(let left) = left, case .element(let right) = right, left != right { return left > right }
        }
        return false
    }

    private static let invalidPath = TableError(
        .validation,
        "The document path provided in the update expression is invalid for update"
    )
    private static let wrongType = TableError(
        .validation,
        "An operand in the update expression has an incorrect data type"
    )

    private static func value(_ settable: Settable, in item: Item) throws(TableError) -> AttributeValue {
        switch settable {
        case .value(let value): return value
        case .path(let path):
            guard let value = path.value(in: item) else {
                throw TableError(
                    .validation,
                    "The provided expression refers to an attribute that does not exist in the item"
                )
            }
            return value
        case .ifMissing(let path, let other):
            if let value = path.value(in: item) { return value }
            return try Self.value(other, in: item)
        case .appended(let left, let right):
            guard case .list(let first) = try Self.value(left, in: item),
                case .list(let second) = try Self.value(right, in: item)
            else { throw Self.wrongType }
            return .list(first + second)
        case .sum(let left, let right):
            return .number(try Self.sum(try Self.number(left, in: item), try Self.number(right, in: item)))
        case .difference(let left, let right):
            return .number(try Self.sum(try Self.number(left, in: item), try Self.number(right, in: item).negated))
        }
    }

    private static func number(_ settable: Settable, in item: Item) throws(TableError) -> DecimalNumber {
        guard case .number(let number) = try Self.value(settable, in: item) else { throw Self.wrongType }
        return number
    }

    private static func sum(_ left: DecimalNumber, _ right: DecimalNumber) throws(TableError) -> DecimalNumber {
        do throws(DecimalNumber.Failure) {
            return try left.adding(right)
        } catch {
            throw TableError(error)
        }
    }

    /// ADD: a number, or elements of a set.
    private static func sum(_ old: AttributeValue?, _ operand: AttributeValue) throws(TableError) -> AttributeValue {
        switch (old, operand) {
        case (nil, .number), (nil, .stringSet), (nil, .numberSet), (nil, .binarySet): return operand
        case (.number(let left)?, .number(let right)): return .number(try Self.sum(left, right))
        case (.stringSet(let left)?, .stringSet(let right)):
            let rest = right.filter { element in !left.contains { $0.utf8.elementsEqual(element.utf8) } }
            return AttributeValue(strings: left + rest) ?? operand
        case (.numberSet(let left)?, .numberSet(let right)):
            return AttributeValue(numbers: left + right.filter { !left.contains($0) }) ?? operand
        case (.binarySet(let left)?, .binarySet(let right)):
            return AttributeValue(binaries: left + right.filter { !left.contains($0) }) ?? operand
        default: throw Self.wrongType
        }
    }

    /// DELETE: a set without some of its elements; an empty one is gone.
    private static func difference(
        _ old: AttributeValue,
        _ operand: AttributeValue
    ) throws(TableError) -> AttributeValue? {
        switch (old, operand) {
        case (.stringSet(let left), .stringSet(let right)):
            AttributeValue(
                strings: left.filter { element in !right.contains { $0.utf8.elementsEqual(element.utf8) } }
            )
        case (.numberSet(let left), .numberSet(let right)):
            AttributeValue(numbers: left.filter { !right.contains($0) })
        case (.binarySet(let left), .binarySet(let right)):
            AttributeValue(binaries: left.filter { !right.contains($0) })
        default: throw Self.wrongType
        }
    }
}

extension TableError {
    /// What DynamoDB says of a number that it cannot keep.
    package init(_ failure: DecimalNumber.Failure) {
        switch failure {
        case .malformed:
            self.init(.validation, "The parameter cannot be converted to a numeric value")
        case .precision:
            self.init(.validation, "Attempting to store more than 38 significant digits in a Number")
        case .overflow:
            self.init(
                .validation,
                "Number overflow. Attempting to store a number with magnitude larger than supported range"
            )
        case .underflow:
            self.init(
                .validation,
                "Number underflow. Attempting to store a number with magnitude smaller than supported range"
            )
        }
    }
}
