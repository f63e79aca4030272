internal import NIOCore
internal import Text

/// One record against one expression: decodes what the expression asks for, and counts the work.
struct FilterEvaluation {
    private let record: SearchRecord
    private var steps = 0
    private var decodedValue: SearchValue?
    private var decodedKey: SearchValue?
    private var decodedHeaders: SearchValue?

    init(_ record: SearchRecord) { self.record = record }

    private mutating func work(_ steps: Int) throws(FilterError) {
        self.steps += steps
        guard self.steps <= RecordFilter.stepsMax else { throw .tooMuchWork }
    }

    mutating func value(of node: FilterNode) throws(FilterError) -> SearchValue {
        try self.work(1)
        switch node {
        case .literal(let value): return value
        case .root(let root): return try self.value(of: root)
        case .member(let owner, let name): return try self.member(name, of: try self.value(of: owner))
        case .index(let owner, let index):
            return try self.element(try self.value(of: index), of: try self.value(of: owner))
        case .list(let nodes):
            var values: [SearchValue] = []
            for node in nodes { values.append(try self.value(of: node)) }
            return .list(values)
        case .not(let node):
            guard case .bool(let value) = try self.value(of: node) else { throw .wrongType }
            return .bool(!value)
        case .negated(let node):
            switch try self.value(of: node) {
            case .integer(let number):
                let (result, overflow) = Int128(0).subtractingReportingOverflow(number)
                guard !overflow else { throw .wrongType }
                return .integer(result)
            case .double(let number): return .double(-number)
            default: throw .wrongType
            }
        case .and(let left, let right): return try self.decide(left, right, by: false)
        case .or(let left, let right): return try self.decide(left, right, by: true)
        case .binary(let binary, let left, let right):
            return try self.value(binary, try self.value(of: left), try self.value(of: right))
        case .function(let function, let argument): return try self.call(function, argument)
        case .method(let method, let owner, let argument):
            guard case .string(let text) = try self.value(of: owner),
                case .string(let part) = try self.value(of: argument)
            else { throw .wrongType }
            return .bool(try self.holds(method, text, part))
        case .matches(let owner, let expression):
            guard case .string(var text) = try self.value(of: owner) else { throw .wrongType }
            let left = RecordFilter.stepsMax - self.steps
            var steps = 0
            let isFound = text.withUTF8 { expression.isFound(in: $0, stepsMax: left, steps: &steps) }
            try self.work(steps)
            guard let isFound else { throw .tooMuchWork }
            return .bool(isFound)
        }
    }

    // MARK: The record

    private mutating func value(of root: FilterNode.Root) throws(FilterError) -> SearchValue {
        switch root {
        case .partition: return .integer(Int128(self.record.partition))
        case .offset: return .integer(Int128(self.record.offset))
        case .timestamp: return .integer(Int128(self.record.timestamp))
        case .text: return try self.text(self.record.value)
        case .keyText: return try self.text(self.record.key)
        case .value:
            if let decodedValue { return decodedValue }
            try self.work((self.record.value?.readableBytes ?? 0) / 64)
            let decoded = RecordDecoder.decode(self.record.value).value
            self.decodedValue = decoded
            return decoded
        case .key:
            if let decodedKey { return decodedKey }
            try self.work((self.record.key?.readableBytes ?? 0) / 64)
            let decoded = RecordDecoder.decodeKey(self.record.key)
            self.decodedKey = decoded
            return decoded
        case .headers:
            if let decodedHeaders { return decodedHeaders }
            let members = self.record.headers.map { header in
                SearchValue.Member(header.name, header.value.map { RecordDecoder.text($0) } ?? .null)
            }
            try self.work(members.count)
            let decoded = SearchValue.map(members)
            self.decodedHeaders = decoded
            return decoded
        }
    }

    private mutating func text(_ bytes: SearchRecord.Bytes?) throws(FilterError) -> SearchValue {
        guard let bytes else { throw .wrongType }
        try self.work(bytes.readableBytes / 64)
        guard case .string(let text) = RecordDecoder.text(bytes) else { throw .wrongType }
        return .string(text)
    }

    private mutating func member(_ name: String, of owner: SearchValue) throws(FilterError) -> SearchValue {
        guard case .map(let members) = owner else { throw .wrongType }
        try self.work(members.count / 8)
        guard let value = owner.member(name) else { throw .wrongType }
        return value
    }

    private mutating func element(_ index: SearchValue, of owner: SearchValue) throws(FilterError) -> SearchValue {
        switch (owner, index) {
        case (.list(let values), .integer(let index)):
            guard index >= 0, index < values.count else { throw .wrongType }
            return values[Int(index)]
        case (.map, .string(let name)): return try self.member(name, of: owner)
        default: throw .wrongType
        }
    }

    // MARK: Operators

    /// `&&` and `||`: a side that decides is enough, though the other one is an error.
    private mutating func decide(
        _ left: FilterNode,
        _ right: FilterNode,
        by deciding: Bool
    ) throws(FilterError) -> SearchValue {
        var isError = false
        for node in [left, right] {
            do throws(FilterError) {
                guard case .bool(let value) = try self.value(of: node) else { throw .wrongType }
                if value == deciding { return .bool(deciding) }
            } catch {
                if error == .tooMuchWork { throw error }
                isError = true
            }
        }
        guard !isError else { throw .wrongType }
        return .bool(!deciding)
    }

    private mutating func value(
        _ binary: FilterNode.Binary,
        _ left: SearchValue,
        _ right: SearchValue
    ) throws(FilterError) -> SearchValue {
        switch binary {
        case .equal: return .bool(try self.areEqual(left, right))
        case .notEqual: return .bool(!(try self.areEqual(left, right)))
        case .isIn: return .bool(try self.contains(right, left))
        case .less: return .bool(try self.isLess(left, right))
        case .greater: return .bool(try self.isLess(right, left))
        case .lessOrEqual:
            let isLess = try self.isLess(left, right)
            return .bool(isLess ? true : try self.areEqual(left, right))
        case .greaterOrEqual:
            let isGreater = try self.isLess(right, left)
            return .bool(isGreater ? true : try self.areEqual(left, right))
        case .plus, .minus, .times, .divided, .remainder: return try self.arithmetic(binary, left, right)
        }
    }

    private mutating func areEqual(_ left: SearchValue, _ right: SearchValue) throws(FilterError) -> Bool {
        try self.work(1)
        switch (left, right) {
        case (.integer(let left), .double(let right)), (.double(let right), .integer(let left)):
            return Double(left) == right
        case (.string(let left), .string(let right)):
            try self.work(min(left.utf8.count, right.utf8.count) / 64)
            // By bytes: two ways to write one character are two strings.
            return left.utf8.elementsEqual(right.utf8)
        case (.list(let left), .list(let right)):
            guard left.count == right.count else { return false }
            for (one, other) in zip(left, right) {
                guard try self.areEqual(one, other) else { return false }
            }
            return true
        case (.map(let left), .map(let right)):
            guard left.count == right.count else { return false }
            for member in left {
                try self.work(right.count / 8)
                guard let other = right.last(where: { $0.name == member.name }) else { return false }
                guard try self.areEqual(member.value, other.value) else { return false }
            }
            return true
        default: return left == right
        }
    }

    private mutating func contains(_ whole: SearchValue, _ part: SearchValue) throws(FilterError) -> Bool {
        switch (whole, part) {
        case (.list(let values), _):
            for value in values {
                if try self.areEqual(value, part) { return true }
            }
            return false
        case (.map(let members), .string(let name)):
            try self.work(members.count / 8)
            return whole.member(name) != nil
        default: throw .wrongType
        }
    }

    private mutating func isLess(_ left: SearchValue, _ right: SearchValue) throws(FilterError) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): return left < right
        case (.double(let left), .double(let right)): return left < right
        case (.integer(let left), .double(let right)): return Double(left) < right
        case (.double(let left), .integer(let right)): return left < Double(right)
        case (.string(let left), .string(let right)):
            try self.work(min(left.utf8.count, right.utf8.count) / 64)
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.bool(let left), .bool(let right)): return !left && right
        default: throw .wrongType
        }
    }

    private mutating func arithmetic(
        _ binary: FilterNode.Binary,
        _ left: SearchValue,
        _ right: SearchValue
    ) throws(FilterError) -> SearchValue {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): return .integer(try Self.integer(binary, left, right))
        case (.double(let left), .double(let right)): return .double(try Self.double(binary, left, right))
        case (.integer(let left), .double(let right)): return .double(try Self.double(binary, Double(left), right))
        case (.double(let left), .integer(let right)): return .double(try Self.double(binary, left, Double(right)))
        case (.string(let left), .string(let right)):
            guard binary == .plus else { throw .wrongType }
            try self.work((left.utf8.count + right.utf8.count) / 16)
            return .string(left + right)
        default: throw .wrongType
        }
    }

    private static func integer(
        _ binary: FilterNode.Binary,
        _ left: Int128,
        _ right: Int128
    ) throws(FilterError) -> Int128 {
        let (value, overflow) =
            switch binary {
            case .plus: left.addingReportingOverflow(right)
            case .minus: left.subtractingReportingOverflow(right)
            case .times: left.multipliedReportingOverflow(by: right)
            case .divided: left.dividedReportingOverflow(by: right)
            default: left.remainderReportingOverflow(dividingBy: right)
            }
        guard !overflow else { throw .wrongType }
        return value
    }

    private static func double(
        _ binary: FilterNode.Binary,
        _ left: Double,
        _ right: Double
    ) throws(FilterError) -> Double {
        switch binary {
        case .plus: return left + right
        case .minus: return left - right
        case .times: return left * right
        case .divided: return left / right
        default: throw .wrongType
        }
    }

    // MARK: Functions

    private mutating func holds(
        _ method: FilterNode.Method,
        _ text: String,
        _ part: String
    ) throws(FilterError) -> Bool {
        try self.work((text.utf8.count + part.utf8.count) / 64)
        switch method {
        case .startsWith: return text.utf8.starts(with: part.utf8)
        case .endsWith: return text.utf8.reversed().starts(with: part.utf8.reversed())
        case .contains:
            guard let isFound = ByteSearch.contains(text, part, comparisonsMax: 64 * RecordFilter.stepsMax) else {
                throw .tooMuchWork
            }
            return isFound
        }
    }

    private mutating func call(
        _ function: FilterNode.Function,
        _ argument: FilterNode
    ) throws(FilterError) -> SearchValue {
        if function == .has {
            do throws(FilterError) {
                _ = try self.value(of: argument)
                return .bool(true)
            } catch {
                if error == .tooMuchWork { throw error }
                return .bool(false)
            }
        }
        let value = try self.value(of: argument)
        switch (function, value) {
        case (.size, .string(let text)):
            try self.work(text.utf8.count / 64)
            return .integer(Int128(text.unicodeScalars.count))
        case (.size, .bytes(let bytes)): return .integer(Int128(bytes.count))
        case (.size, .list(let values)): return .integer(Int128(values.count))
        case (.size, .map(let members)): return .integer(Int128(members.count))
        case (.int, .integer), (.double, .double), (.string, .string): return value
        case (.int, .double(let number)):
            guard let integer = Int128(exactly: number.rounded(.towardZero)) else { throw .wrongType }
            return .integer(integer)
        case (.int, .string(let text)):
            guard text.utf8.count <= 40, let integer = Int128(text) else { throw .wrongType }
            return .integer(integer)
        case (.double, .integer(let number)): return .double(Double(number))
        case (.double, .string(let text)):
            guard text.utf8.count <= 400, let number = Double(text) else { throw .wrongType }
            return .double(number)
        case (.string, .integer(let number)): return .string(String(number))
        case (.string, .double(let number)): return .string(String(number))
        case (.string, .bool(let value)): return .string(value ? "true" : "false")
        default: throw .wrongType
        }
    }
}

/// Finds a part in a text, by bytes.
enum ByteSearch {
    /// - Returns: `nil` when it takes more comparisons: both may have been chosen so that it takes many.
    static func contains(_ text: String, _ part: String, comparisonsMax: Int) -> Bool? {
        var (text, part) = (text, part)
        var comparisonsLeft = comparisonsMax
        return text.withUTF8 { text in
            part.withUTF8 { part in
                guard let first = part.first else { return true }
                guard part.count <= text.count else { return false }
                var position = 0
                let last = text.count - part.count
                while position <= last {
                    if text[position] == first {
                        var length = 1
                        while length < part.count, text[position + length] == part[length] { length += 1 }
                        if length == part.count { return true }
                        comparisonsLeft -= length
                        if comparisonsLeft < 0 { return nil }
                    }
                    position += 1
                }
                return false
            }
        }
    }
}
