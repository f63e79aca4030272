/// Reads expressions. Length, operators and depth are bounded, so neither reading nor evaluating one can take long.
///
/// One parser reads all expressions of a request, since names and values must each be used by one of them. Words that
/// DynamoDB reserves are taken for names: what it refuses for them works here.
package struct ExpressionParser {
    /// The member of the request that holds an expression.
    package enum Source: String, Sendable {
        case condition = "ConditionExpression"
        case filter = "FilterExpression"
        case keyCondition = "KeyConditionExpression"
        case update = "UpdateExpression"
        case projection = "ProjectionExpression"
    }

    private let names: [String: String]
    private let values: [String: AttributeValue]
    private var usedNames: Set<String> = []
    private var usedValues: Set<String> = []
    private var hasExpressions = false
    // Of the expression that is read.
    private var source = Source.condition
    private var tokens: [ExpressionToken] = []
    private var position = 0
    private var depth = 0
    private var operatorCount = 0

    /// - Parameters:
    ///   - names: `ExpressionAttributeNames`, by `#name`.
    ///   - values: `ExpressionAttributeValues`, by `:value`.
    package init(names: [String: String], values: [String: AttributeValue]) {
        self.names = names
        self.values = values
    }

    package mutating func condition(_ expression: String, _ source: Source) throws(TableError) -> Condition {
        try self.begin(expression, source)
        let condition = try self.anyOf()
        try self.end()
        return condition
    }

    package mutating func update(_ expression: String) throws(TableError) -> UpdatePlan {
        try self.begin(expression, .update)
        let plan = try self.clauses()
        try self.end()
        try plan.check()
        return plan
    }

    /// Names of attributes at the top of an item; those within others are not served.
    package mutating func projection(_ expression: String) throws(TableError) -> [String] {
        try self.begin(expression, .projection)
        var names: [String] = []
        repeat {
            let path = try self.path()
            guard path.steps.isEmpty else {
                throw self.invalid("Attributes within others are not served by this server; path: \(path)")
            }
            names.append(path.name)
        } while self.take(sign: ",")
        try self.end()
        return names
    }

    /// All expressions are read: names and values that none of them uses are an error.
    package func finish() throws(TableError) {
        for (kind, given, used) in [
            ("Names", Set(self.names.keys), self.usedNames), ("Values", Set(self.values.keys), self.usedValues),
        ] where !given.isEmpty {
            guard self.hasExpressions else {
                throw TableError(
                    .validation,
                    "ExpressionAttribute\(kind) can only be specified when using expressions"
                )
            }
            let unused = given.subtracting(used)
            guard unused.isEmpty else {
                throw TableError(
                    .validation,
                    "Value provided in ExpressionAttribute\(kind) unused in expressions: keys: "
                        + "{\(unused.sorted().joined(separator: ", "))}"
                )
            }
        }
    }

    // MARK: Tokens

    private mutating func begin(_ expression: String, _ source: Source) throws(TableError) {
        self.source = source
        self.hasExpressions = true
        self.position = 0
        self.depth = 0
        self.operatorCount = 0
        let byteCount = expression.utf8.count
        guard byteCount <= TableLimits.expressionBytesMax else {
            throw self.invalid(
                "Expression size has exceeded the maximum allowed size; expression size: \(byteCount)"
            )
        }
        do throws(ExpressionToken.InvalidCharacter) {
            self.tokens = try ExpressionToken.tokens(of: expression)
        } catch {
            throw self.invalid("Syntax error; token: \"\(error.text)\", near: \"\(error.text)\"")
        }
        guard !self.tokens.isEmpty else { throw self.invalid("The expression can not be empty;") }
    }

    private func end() throws(TableError) {
        guard self.position == self.tokens.count else { throw self.syntaxError }
    }

    private func invalid(_ reason: String) -> TableError {
        TableError(.validation, "Invalid \(self.source.rawValue): \(reason)")
    }

    private var syntaxError: TableError {
        let token = self.next?.text ?? "<EOF>"
        let near = self.tokens[max(0, self.position - 1)..<min(self.tokens.count, self.position + 2)]
        return self.invalid(
            "Syntax error; token: \"\(token)\", near: \"\(near.map(\.text).joined(separator: " "))\""
        )
    }

    private var next: ExpressionToken? { self.position < self.tokens.count ? self.tokens[self.position] : nil }

    private func isNext(keyword: String) -> Bool {
        guard case .word(let word)? = self.next else { return false }
        return word.utf8.count == keyword.utf8.count && word.uppercased() == keyword
    }

    private mutating func take(keyword: String) -> Bool {
        guard self.isNext(keyword: keyword) else { return false }
        self.position += 1
        return true
    }

    private mutating func take(sign: String) -> Bool {
        guard self.next == .sign(sign) else { return false }
        self.position += 1
        return true
    }

    private mutating func require(sign: String) throws(TableError) {
        guard self.take(sign: sign) else { throw self.syntaxError }
    }

    private mutating func countOperator() throws(TableError) {
        self.operatorCount += 1
        guard self.operatorCount <= TableLimits.expressionOperatorsMax else {
            throw self.invalid(
                "The expression contains more operators than are allowed; limit: \(TableLimits.expressionOperatorsMax)"
            )
        }
    }

    private mutating func enter() throws(TableError) {
        self.depth += 1
        guard self.depth <= TableLimits.expressionDepthMax else {
            throw self.invalid("The expression is nested deeper than \(TableLimits.expressionDepthMax) levels")
        }
    }

    // MARK: Conditions

    private mutating func anyOf() throws(TableError) -> Condition {
        try self.enter()
        defer { self.depth -= 1 }
        var conditions = [try self.allOf()]
        while self.take(keyword: "OR") {
            try self.countOperator()
            conditions.append(try self.allOf())
        }
        return conditions.count == 1 ? conditions[0] : .any(conditions)
    }

    private mutating func allOf() throws(TableError) -> Condition {
        var conditions = [try self.negation()]
        while self.take(keyword: "AND") {
            try self.countOperator()
            conditions.append(try self.negation())
        }
        return conditions.count == 1 ? conditions[0] : .all(conditions)
    }

    private mutating func negation() throws(TableError) -> Condition {
        guard self.take(keyword: "NOT") else { return try self.term() }
        try self.countOperator()
        try self.enter()
        defer { self.depth -= 1 }
        return .not(try self.negation())
    }

    private mutating func term() throws(TableError) -> Condition {
        if self.take(sign: "(") {
            let condition = try self.anyOf()
            try self.require(sign: ")")
            return condition
        }
        if let function = self.functionName, function != "size" {
            try self.countOperator()
            self.position += 2
            let condition = try self.function(function)
            try self.require(sign: ")")
            return condition
        }
        let left = try self.operand()
        try self.countOperator()
        if self.take(keyword: "BETWEEN") {
            let low = try self.operand()
            guard self.take(keyword: "AND") else { throw self.syntaxError }
            return .between(left, low: low, high: try self.operand())
        }
        if self.take(keyword: "IN") {
            try self.require(sign: "(")
            var values: [Condition.Operand] = []
            repeat { values.append(try self.operand()) } while self.take(sign: ",")
            try self.require(sign: ")")
            guard values.count <= 100 else {
                throw self.invalid("The IN operator is provided with too many operands; number: \(values.count)")
            }
            return .isOneOf(left, values)
        }
        guard case .sign(let sign)? = self.next, let comparator = Condition.Comparator(rawValue: sign) else {
            throw self.syntaxError
        }
        self.position += 1
        return .compare(left, comparator, try self.operand())
    }

    /// The name of the function that begins here.
    private var functionName: String? {
        guard case .word(let word)? = self.next, self.position + 1 < self.tokens.count,
            self.tokens[self.position + 1] == .sign("(")
        else { return nil }
        return word
    }

    private mutating func function(_ name: String) throws(TableError) -> Condition {
        switch name {
        case "attribute_exists": return .exists(try self.path())
        case "attribute_not_exists": return .isMissing(try self.path())
        case "attribute_type":
            let path = try self.path()
            try self.require(sign: ",")
            guard case .value(.string(let type)) = try self.operand() else {
                throw self.invalid(
                    "Incorrect operand type for operator or function; operator or function: attribute_type"
                )
            }
            return .hasType(path, type)
        case "begins_with", "contains":
            let whole = try self.operand()
            try self.require(sign: ",")
            let part = try self.operand()
            return name == "contains" ? .contains(whole, part) : .beginsWith(whole, part)
        default: throw self.invalid("Invalid function name; function: \(name)")
        }
    }

    private mutating func operand() throws(TableError) -> Condition.Operand {
        if case .valueReference? = self.next { return .value(try self.value()) }
        guard self.functionName == "size" else { return .path(try self.path()) }
        try self.countOperator()
        self.position += 2
        let path = try self.path()
        try self.require(sign: ")")
        return .size(path)
    }

    private mutating func value() throws(TableError) -> AttributeValue {
        guard case .valueReference(let reference)? = self.next else { throw self.syntaxError }
        self.position += 1
        guard let value = self.values[reference] else {
            throw self.invalid(
                "An expression attribute value used in expression is not defined; attribute value: \(reference)"
            )
        }
        self.usedValues.insert(reference)
        return value
    }

    private mutating func path() throws(TableError) -> AttributePath {
        var path = AttributePath(try self.name())
        while true {
            if self.take(sign: ".") {
                path.steps.append(.member(try self.name()))
            } else if self.take(sign: "[") {
                guard case .index(let digits)? = self.next, digits.utf8.count <= 9, let index = Int(digits) else {
                    throw self.syntaxError
                }
                self.position += 1
                try self.require(sign: "]")
                path.steps.append(.element(index))
            } else {
                return path
            }
            guard path.steps.count < AttributeValue.depthMax else {
                throw self.invalid(
                    "The document path has too many nesting elements; nesting levels: \(path.steps.count)"
                )
            }
        }
    }

    private mutating func name() throws(TableError) -> String {
        switch self.next {
        case .word(let name)?:
            self.position += 1
            return name
        case .nameReference(let reference)?:
            self.position += 1
            guard let name = self.names[reference] else {
                throw self.invalid(
                    "An expression attribute name used in the document path is not defined; "
                        + "attribute name: \(reference)"
                )
            }
            self.usedNames.insert(reference)
            return name
        default: throw self.syntaxError
        }
    }

    // MARK: Updates

    private mutating func clauses() throws(TableError) -> UpdatePlan {
        var plan = UpdatePlan()
        var seen: Set<String> = []
        while case .word(let word)? = self.next {
            let clause = word.uppercased()
            guard ["SET", "REMOVE", "ADD", "DELETE"].contains(clause) else { throw self.syntaxError }
            guard seen.insert(clause).inserted else {
                throw self.invalid("The \"\(clause)\" section can only be used once in an update expression;")
            }
            self.position += 1
            repeat {
                try self.countOperator()
                plan.actions.append(try self.action(of: clause))
            } while self.take(sign: ",")
        }
        return plan
    }

    private mutating func action(of clause: String) throws(TableError) -> UpdatePlan.Action {
        let path = try self.path()
        switch clause {
        case "SET":
            try self.require(sign: "=")
            return .set(path, try self.settable())
        case "REMOVE": return .remove(path)
        case "ADD": return .add(path, try self.value())
        default: return .delete(path, try self.value())
        }
    }

    private mutating func settable() throws(TableError) -> UpdatePlan.Settable {
        let left = try self.settableOperand()
        if self.take(sign: "+") {
            try self.countOperator()
            return .sum(left, try self.settableOperand())
        }
        if self.take(sign: "-") {
            try self.countOperator()
            return .difference(left, try self.settableOperand())
        }
        return left
    }

    private mutating func settableOperand() throws(TableError) -> UpdatePlan.Settable {
        if case .valueReference? = self.next { return .value(try self.value()) }
        guard let function = self.functionName else { return .path(try self.path()) }
        try self.enter()
        defer { self.depth -= 1 }
        try self.countOperator()
        self.position += 2
        let result: UpdatePlan.Settable
        switch function {
        case "if_not_exists":
            let path = try self.path()
            try self.require(sign: ",")
            result = .ifMissing(path, try self.settableOperand())
        case "list_append":
            let left = try self.settableOperand()
            try self.require(sign: ",")
            result = .appended(left, try self.settableOperand())
        default: throw self.invalid("Invalid function name; function: \(function)")
        }
        try self.require(sign: ")")
        return result
    }
}
