/// Conditions and updates as requests wrote them before there were expressions. KCL still does.
package enum LegacyParameters {
    /// One attribute of `Expected`, `ScanFilter`, `QueryFilter` or `KeyConditions`.
    package struct Expectation: Sendable, Equatable {
        package var value: AttributeValue?
        package var exists: Bool?
        package var comparison: String?
        package var values: [AttributeValue]

        package init(
            value: AttributeValue? = nil,
            exists: Bool? = nil,
            comparison: String? = nil,
            values: [AttributeValue] = []
        ) {
            self.value = value
            self.exists = exists
            self.comparison = comparison
            self.values = values
        }
    }

    /// One attribute of `AttributeUpdates`.
    package struct AttributeUpdate: Sendable, Equatable {
        package var value: AttributeValue?
        /// `PUT` when absent.
        package var action: String?

        package init(value: AttributeValue? = nil, action: String? = nil) {
            self.value = value
            self.action = action
        }
    }

    /// - Parameter requiresAll: `ConditionalOperator` is not `OR`.
    package static func condition(
        _ expectations: [String: Expectation],
        requiresAll: Bool = true
    ) throws(TableError) -> Condition? {
        var conditions: [Condition] = []
        for name in expectations.keys.sorted() {
            guard let expectation = expectations[name] else { continue }
            conditions.append(try Self.condition(name, expectation))
        }
        if conditions.count <= 1 { return conditions.first }
        return requiresAll ? .all(conditions) : .any(conditions)
    }

    private static func condition(_ name: String, _ expected: Expectation) throws(TableError) -> Condition {
        let path = AttributePath(name)
        if let comparison = expected.comparison {
            guard expected.value == nil || expected.values.isEmpty, expected.exists == nil else {
                throw .invalid("Exists and Value cannot be used with ComparisonOperator for Attribute: \(name)")
            }
            let values = expected.value.map { [$0] } ?? expected.values
            return try Self.condition(path, comparison, values)
        }
        switch (expected.exists, expected.value) {
        case (false?, nil): return .isMissing(path)
        case (false?, _?):
            throw .invalid("Value cannot be used when Exists is false for Attribute: \(name)")
        case (_, let value?): return .compare(.path(path), .equal, .value(value))
        case (true?, nil):
            throw .invalid("Value must be provided when Exists is true for Attribute: \(name)")
        case (nil, nil):
            throw .invalid("Value must be provided when Exists is null for Attribute: \(name)")
        }
    }

    private static func condition(
        _ path: AttributePath,
        _ comparison: String,
        _ values: [AttributeValue]
    ) throws(TableError) -> Condition {
        let count =
            switch comparison {
            case "NULL", "NOT_NULL": 0
            case "BETWEEN": 2
            case "IN": max(1, values.count)
            default: 1
            }
        guard values.count == count else {
            throw .invalid("Invalid number of argument(s) for the \(comparison) ComparisonOperator")
        }
        let operands = values.map { Condition.Operand.value($0) }
        let own = Condition.Operand.path(path)
        switch comparison {
        case "NULL": return .isMissing(path)
        case "NOT_NULL": return .exists(path)
        case "EQ": return .compare(own, .equal, operands[0])
        case "NE": return .compare(own, .notEqual, operands[0])
        case "LT": return .compare(own, .less, operands[0])
        case "LE": return .compare(own, .lessOrEqual, operands[0])
        case "GT": return .compare(own, .greater, operands[0])
        case "GE": return .compare(own, .greaterOrEqual, operands[0])
        case "BEGINS_WITH": return .beginsWith(own, operands[0])
        case "CONTAINS": return .contains(own, operands[0])
        case "NOT_CONTAINS": return .not(.contains(own, operands[0]))
        case "BETWEEN": return .between(own, low: operands[0], high: operands[1])
        case "IN": return .isOneOf(own, operands)
        default: throw .invalid("Unsupported ComparisonOperator: \(comparison)")
        }
    }

    package static func update(_ updates: [String: AttributeUpdate]) throws(TableError) -> UpdatePlan {
        var plan = UpdatePlan()
        plan.createsEmpty = updates.isEmpty
        for name in updates.keys.sorted() {
            guard let update = updates[name] else { continue }
            let path = AttributePath(name)
            switch (update.action ?? "PUT", update.value) {
            case ("PUT", let value?): plan.actions.append(.set(path, .value(value)))
            case ("ADD", let value?): plan.actions.append(.add(path, value))
            case ("DELETE", let value?): plan.actions.append(.delete(path, value))
            case ("DELETE", nil): plan.actions.append(.remove(path))
            case ("PUT", nil), ("ADD", nil):
                throw .invalid("Only DELETE action is allowed when no attribute value is specified")
            case (let action, _):
                throw .invalid("Unknown Action of an attribute update: \(action)")
            }
        }
        return plan
    }
}
