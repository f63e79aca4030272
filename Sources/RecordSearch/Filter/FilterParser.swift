internal import Text

/// Reads an expression. Precedence from weak to strong: `||`, `&&`, comparisons and `in`, `+ -`, `* / %`, `! -`,
/// fields.
struct FilterParser {
    private let tokens: [FilterLexer.Token]
    private var position = 0
    private var depth = 0

    init(_ tokens: [FilterLexer.Token]) { self.tokens = tokens }

    mutating func parse() throws(RecordFilter.Failure) -> FilterNode {
        let node = try self.disjunction()
        guard self.position == self.tokens.count else { throw self.failure("an operator is missing before this") }
        return node
    }

    // MARK: Words

    private func failure(_ reason: String) -> RecordFilter.Failure {
        let place = self.position < self.tokens.count ? self.tokens[self.position].position : nil
        return RecordFilter.Failure(
            place == nil ? "the expression ends too early" : reason,
            at: place ?? (self.tokens.last.map { $0.position + 1 } ?? 0)
        )
    }

    private var next: FilterLexer.Word? {
        self.position < self.tokens.count ? self.tokens[self.position].word : nil
    }

    private mutating func take(_ symbol: String) -> Bool {
        guard self.next == .symbol(symbol) else { return false }
        self.position += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(RecordFilter.Failure) {
        guard self.take(symbol) else { throw self.failure("\(symbol) is missing here") }
    }

    private mutating func nested<Value>(
        _ body: (inout Self) throws(RecordFilter.Failure) -> Value
    ) throws(RecordFilter.Failure) -> Value {
        self.depth += 1
        guard self.depth <= RecordFilter.depthMax else { throw self.failure("the expression nests too deeply") }
        let value = try body(&self)
        self.depth -= 1
        return value
    }

    // MARK: Operators

    private mutating func disjunction() throws(RecordFilter.Failure) -> FilterNode {
        try self.nested { parser throws(RecordFilter.Failure) in
            var node = try parser.conjunction()
            var count = 0
            while parser.take("||") {
                node = .or(node, try parser.conjunction())
                count = try parser.counted(count)
            }
            return node
        }
    }

    private mutating func conjunction() throws(RecordFilter.Failure) -> FilterNode {
        var node = try self.comparison()
        var count = 0
        while self.take("&&") {
            node = .and(node, try self.comparison())
            count = try self.counted(count)
        }
        return node
    }

    /// A chain of operators is as deep as it is long.
    private func counted(_ count: Int) throws(RecordFilter.Failure) -> Int {
        guard count < Self.chainMax else { throw self.failure("there are too many operators in a row") }
        return count + 1
    }

    private static let chainMax = 200

    private mutating func comparison() throws(RecordFilter.Failure) -> FilterNode {
        let left = try self.sum()
        let operators: [(String, FilterNode.Binary)] = [
            ("==", .equal), ("!=", .notEqual), ("<=", .lessOrEqual), (">=", .greaterOrEqual), ("<", .less),
            (">", .greater),
        ]
        for (symbol, binary) in operators where self.take(symbol) { return .binary(binary, left, try self.sum()) }
        if self.next == .name("in") {
            self.position += 1
            return .binary(.isIn, left, try self.sum())
        }
        return left
    }

    private mutating func sum() throws(RecordFilter.Failure) -> FilterNode {
        var node = try self.product()
        var count = 0
        while true {
            let binary: FilterNode.Binary
            if self.take("+") { binary = .plus } else if self.take("-") { binary = .minus } else { return node }
            node = .binary(binary, node, try self.product())
            count = try self.counted(count)
        }
    }

    private mutating func product() throws(RecordFilter.Failure) -> FilterNode {
        var node = try self.unary()
        var count = 0
        while true {
            let binary: FilterNode.Binary
            if self.take("*") {
                binary = .times
            } else if self.take("/") {
                binary = .divided
            } else if self.take("%") {
                binary = .remainder
            } else {
                return node
            }
            node = .binary(binary, node, try self.unary())
            count = try self.counted(count)
        }
    }

    private mutating func unary() throws(RecordFilter.Failure) -> FilterNode {
        if self.take("!") {
            return .not(try self.nested { parser throws(RecordFilter.Failure) in try parser.unary() })
        }
        if self.take("-") {
            return .negated(try self.nested { parser throws(RecordFilter.Failure) in try parser.unary() })
        }
        return try self.postfix()
    }

    // MARK: Fields and calls

    private mutating func postfix() throws(RecordFilter.Failure) -> FilterNode {
        var node = try self.primary()
        var count = 0
        while true {
            if self.take(".") {
                guard case .name(let name)? = self.next else { throw self.failure("the name of a field is missing") }
                self.position += 1
                node = self.next == .symbol("(") ? try self.method(name, of: node) : .member(node, name)
            } else if self.take("[") {
                node = .index(node, try self.disjunction())
                try self.expect("]")
            } else {
                return node
            }
            count = try self.counted(count)
        }
    }

    private mutating func method(_ name: String, of node: FilterNode) throws(RecordFilter.Failure) -> FilterNode {
        let place = self.tokens[self.position].position
        try self.expect("(")
        if name == "size" {
            try self.expect(")")
            return .function(.size, node)
        }
        if name == "matches" {
            guard case .string(let pattern)? = self.next else { throw self.failure("matches takes a string literal") }
            self.position += 1
            try self.expect(")")
            do throws(RegularExpression.Failure) {
                return .matches(node, try RegularExpression(pattern))
            } catch {
                throw RecordFilter.Failure(error.reason, at: place)
            }
        }
        guard let method = FilterNode.Method(rawValue: name) else {
            throw RecordFilter.Failure("there is no method \(name)", at: place)
        }
        let argument = try self.disjunction()
        try self.expect(")")
        return .method(method, node, argument)
    }

    private mutating func primary() throws(RecordFilter.Failure) -> FilterNode {
        switch self.next {
        case .string(let text)?:
            self.position += 1
            return .literal(.string(text))
        case .integer(let number)?:
            self.position += 1
            return .literal(.integer(number))
        case .double(let number)?:
            self.position += 1
            return .literal(.double(number))
        case .name(let name)?: return try self.name(name)
        case .symbol("(")?:
            self.position += 1
            let node = try self.disjunction()
            try self.expect(")")
            return node
        case .symbol("[")?: return try self.list()
        case .symbol, nil: throw self.failure("a value is missing here")
        }
    }

    private mutating func list() throws(RecordFilter.Failure) -> FilterNode {
        self.position += 1
        var nodes: [FilterNode] = []
        while !self.take("]") {
            if !nodes.isEmpty { try self.expect(",") }
            nodes.append(try self.disjunction())
        }
        return .list(nodes)
    }

    private mutating func name(_ name: String) throws(RecordFilter.Failure) -> FilterNode {
        switch name {
        case "true", "false":
            self.position += 1
            return .literal(.bool(name == "true"))
        case "null":
            self.position += 1
            return .literal(.null)
        default: break
        }
        if let root = FilterNode.Root(rawValue: name) {
            self.position += 1
            return .root(root)
        }
        guard let function = FilterNode.Function(rawValue: name) else {
            let known = FilterNode.Root.allCases.map(\.rawValue).joined(separator: ", ")
            throw self.failure("there is no \(name); a record has \(known)")
        }
        self.position += 1
        try self.expect("(")
        let argument = try self.disjunction()
        if function == .has {
            switch argument {
            case .member, .index: break
            default: throw self.failure("has takes a field, as in has(value.a)")
            }
        }
        try self.expect(")")
        return .function(function, argument)
    }
}
