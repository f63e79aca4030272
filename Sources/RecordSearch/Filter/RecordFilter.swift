internal import Text

/// Which records are wanted: an expression in a subset of CEL (the Common Expression Language), read once.
///
/// | what | how |
/// | --- | --- |
/// | the record | `value`, `key`, `text` and `keyText` (as strings), `headers`, `partition`, `offset`, `timestamp` |
/// | literals | `1`, `1.5`, `"a"`, `'a'`, `true`, `false`, `null`, `[1, 2]` |
/// | fields | `value.order.total`, `value["a b"]`, `value.items[0]`, `headers["src"]` |
/// | operators | `==` `!=` `<` `<=` `>` `>=` `in` `&&` `\|\|` `!` `+` `-` `*` `/` `%`, parentheses |
/// | of strings | `contains`, `startsWith`, `endsWith`, `matches` (a literal in RE2's syntax, found anywhere) |
/// | functions | `size(x)`, `has(value.a)`, `int(x)`, `double(x)`, `string(x)` |
///
/// As in CEL, values of different kinds are not equal, and comparing their order is an error; so is a field that is not
/// there. `&&` and `||` do not care about an error on one side when the other side decides.
///
/// Bad input is refused with a place and a reason. An expression is bounded: its length, its depth, and the work that
/// one record may cost.
package struct RecordFilter: Sendable {
    /// UTF-8 bytes of an expression.
    package static let lengthMax = 4096
    /// How deeply an expression nests.
    package static let depthMax = 48
    /// Steps that one record may cost: about a millisecond or two.
    package static let stepsMax = 100_000

    /// Why an expression is refused.
    package struct Failure: Error, Sendable, Equatable {
        package var reason: String
        /// In UTF-8 bytes from the start.
        package var position: Int

        package init(_ reason: String, at position: Int) {
            self.reason = reason
            self.position = position
        }
    }

    /// What a record is to a filter.
    package enum Verdict: Sendable, Equatable {
        case match
        case noMatch
        /// A field is missing, or the kinds of values do not fit: not a match, and counted.
        case error
        /// It takes too much work: not a match, and counted.
        case tooMuchWork
    }

    let root: FilterNode

    package init(_ text: String) throws(Failure) {
        guard text.utf8.count <= Self.lengthMax else {
            throw Failure("an expression has at most \(Self.lengthMax) bytes", at: Self.lengthMax)
        }
        var parser = FilterParser(try FilterLexer.tokens(of: text))
        self.root = try parser.parse()
    }

    /// Whether a record is wanted.
    package func verdict(on record: SearchRecord) -> Verdict {
        var evaluation = FilterEvaluation(record)
        do throws(FilterError) {
            guard case .bool(let isMatch) = try evaluation.value(of: self.root) else { return .error }
            return isMatch ? .match : .noMatch
        } catch {
            return error == .tooMuchWork ? .tooMuchWork : .error
        }
    }
}

/// Why a record has no value.
enum FilterError: Error {
    case wrongType
    case tooMuchWork
}

/// One part of an expression.
indirect enum FilterNode: Sendable {
    enum Root: String, Sendable, CaseIterable {
        case value
        case key
        case text
        case keyText
        case headers
        case partition
        case offset
        case timestamp
    }

    enum Binary: Sendable {
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, isIn
        case plus, minus, times, divided, remainder
    }

    enum Function: String, Sendable, CaseIterable {
        case size
        case has
        case int
        case double
        case string
    }

    enum Method: String, Sendable, CaseIterable {
        case contains
        case startsWith
        case endsWith
    }

    case literal(SearchValue)
    case root(Root)
    case member(FilterNode, String)
    case index(FilterNode, FilterNode)
    case list([FilterNode])
    case not(FilterNode)
    case negated(FilterNode)
    case and(FilterNode, FilterNode)
    case or(FilterNode, FilterNode)
    case binary(Binary, FilterNode, FilterNode)
    case function(Function, FilterNode)
    case method(Method, FilterNode, FilterNode)
    case matches(FilterNode, RegularExpression)
}
