/// Reads RE2's syntax: https://github.com/google/re2/wiki/Syntax.
///
/// | syntax | meaning |
/// | --- | --- |
/// | `.` `[…]` `[^…]` `[[:alpha:]]` `\d` `\w` `\s` `\pL` | classes of ASCII bytes |
/// | `x*` `x+` `x?` `x{2,5}`, each also with `?` behind | repetition; at most 1,000 times |
/// | `(…)` `(?:…)` `(?P<name>…)` `(?<name>…)` `(?i)` `(?i:…)` | groups and flags `i`, `m`, `s`, `U` |
/// | `^` `$` `\A` `\z` `\b` `\B` | places |
/// | `\Q…\E` `\.` `\x41` `\x{41}` `\n` | literals |
///
/// References to groups and looking around are errors, as there.
struct RegularExpressionParser {
    private typealias Failure = RegularExpression.Failure

    private struct Flags {
        var ignoresCase = false
        var dotMatchesNewline = false
    }

    private static let depthMax = 200
    private static let repetitionsMax = 1_000

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var flags = Flags()

    init(_ pattern: String) { self.scalars = Array(pattern.unicodeScalars) }

    mutating func parse() throws(RegularExpression.Failure) -> RegularExpressionNode {
        let node = try self.alternatives()
        guard self.peek == nil else { throw Failure("unexpected )") }
        return node
    }

    private var peek: Unicode.Scalar? {
        self.position < self.scalars.count ? self.scalars[self.position] : nil
    }

    private mutating func take() -> Unicode.Scalar? {
        guard let scalar = self.peek else { return nil }
        self.position += 1
        return scalar
    }

    private mutating func take(_ text: String) -> Bool {
        let expected = Array(text.unicodeScalars)
        guard self.scalars[self.position...].starts(with: expected) else { return false }
        self.position += expected.count
        return true
    }

    // MARK: Structure

    private mutating func alternatives() throws(RegularExpression.Failure) -> RegularExpressionNode {
        self.depth += 1
        defer { self.depth -= 1 }
        guard self.depth <= Self.depthMax else { throw Failure("the expression nests too deeply") }
        var nodes = [try self.sequence()]
        while self.take("|") { nodes.append(try self.sequence()) }
        return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
    }

    private mutating func sequence() throws(RegularExpression.Failure) -> RegularExpressionNode {
        var nodes: [RegularExpressionNode] = []
        while let scalar = self.peek, scalar != "|", scalar != ")" {
            if self.take("\\Q") {
                while self.peek != nil, !self.take("\\E") {
                    if let literal = self.take() { nodes.append(self.literal(literal)) }
                }
                // The repetition is of the last literal.
                if let last = nodes.popLast() { nodes.append(try self.repetition(of: last)) }
                continue
            }
            guard let atom = try self.atom() else { continue }
            nodes.append(try self.repetition(of: atom))
        }
        return nodes.isEmpty ? .empty : nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func repetition(
        of node: RegularExpressionNode
    ) throws(RegularExpression.Failure) -> RegularExpressionNode {
        guard let (minimum, maximum) = try self.repetitionBounds() else { return node }
        _ = self.take("?")
        let before = self.position
        guard try self.repetitionBounds() == nil else {
            self.position = before
            throw Failure("invalid nested repetition operator")
        }
        return .repeated(node, minimum, maximum)
    }

    private mutating func repetitionBounds() throws(RegularExpression.Failure) -> (Int, Int?)? {
        switch self.peek {
        case "*":
            self.position += 1
            return (0, nil)
        case "+":
            self.position += 1
            return (1, nil)
        case "?":
            self.position += 1
            return (0, 1)
        case "{":
            return try self.countedBounds()
        default:
            return nil
        }
    }

    /// `{` that begins no bounds is a literal, as in RE2.
    private mutating func countedBounds() throws(RegularExpression.Failure) -> (Int, Int?)? {
        let start = self.position
        self.position += 1
        guard let minimum = self.number() else {
            self.position = start
            return nil
        }
        var maximum: Int? = minimum
        if self.take(",") { maximum = self.number() }
        guard self.take("}") else {
            self.position = start
            return nil
        }
        guard max(minimum, maximum ?? 0) <= Self.repetitionsMax, maximum.map({ $0 >= minimum }) ?? true else {
            throw Failure("invalid repeat count")
        }
        return (minimum, maximum)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = self.peek, ("0"..."9").contains(scalar) {
            self.position += 1
            value = min((value ?? 0) * 10 + Int(scalar.value) - 48, 100_000)
        }
        return value
    }

    /// `nil` for flags, which are not a part of their own.
    private mutating func atom() throws(RegularExpression.Failure) -> RegularExpressionNode? {
        guard let scalar = self.take() else { return nil }
        switch scalar {
        case "(": return try self.group()
        case "[": return .bytes(try self.bracket())
        case ".": return .bytes(self.flags.dotMatchesNewline ? .all : ByteSet.newline.inverted)
        // A name has one line, so the flag for lines changes nothing.
        case "^": return .assert(.begin)
        case "$": return .assert(.end)
        case "\\": return try self.escape()
        case "*", "+", "?": throw Failure("missing argument to repetition operator: \(scalar)")
        default: return self.literal(scalar)
        }
    }

    private func literal(_ scalar: Unicode.Scalar) -> RegularExpressionNode {
        guard scalar.isASCII else { return .scalar(scalar) }
        let set = ByteSet(UInt8(scalar.value))
        return .bytes(self.flags.ignoresCase ? set.foldingCase : set)
    }

    private mutating func group() throws(RegularExpression.Failure) -> RegularExpressionNode? {
        let outer = self.flags
        if self.take("?") {
            if self.take("P<") || self.take("<") {
                guard self.peek != "=", self.peek != "!" else { throw Failure("looking around is not supported") }
                try self.groupName()
            } else if try self.groupFlags() {
                return nil
            }
        }
        let node = try self.alternatives()
        guard self.take(")") else { throw Failure("missing closing )") }
        self.flags = outer
        return node
    }

    private mutating func groupName() throws(RegularExpression.Failure) {
        var count = 0
        while let scalar = self.take() {
            if scalar == ">", count > 0 { return }
            guard scalar.isASCII, ByteSet.word.contains(UInt8(scalar.value)) else { break }
            count += 1
        }
        throw Failure("invalid group name")
    }

    /// Returns whether the flags are for the rest of the group that is open: `(?i)`, not `(?i:`.
    private mutating func groupFlags() throws(RegularExpression.Failure) -> Bool {
        var isSet = true
        var count = 0
        while let scalar = self.take() {
            switch scalar {
            case "i": self.flags.ignoresCase = isSet
            case "s": self.flags.dotMatchesNewline = isSet
            // A name has one line, and greediness does not matter.
            case "m", "U": break
            case "-" where isSet: isSet = false
            case ")" where count > 0: return true
            case ":": return false
            default: throw Failure("invalid or unsupported group syntax: (?\(scalar)")
            }
            count += 1
        }
        throw Failure("missing closing )")
    }

    // MARK: Classes

    private mutating func bracket() throws(RegularExpression.Failure) -> ByteSet {
        var set = ByteSet()
        let isNegated = self.take("^")
        var isFirst = true
        while true {
            guard let scalar = self.take() else { throw Failure("missing closing ]") }
            if scalar == "]", !isFirst { break }
            isFirst = false
            if scalar == "[", self.peek == ":" {
                set.formUnion(try self.posixClass())
            } else if scalar == "\\", let known = try self.perlClass() {
                set.formUnion(known)
            } else {
                try self.insertRange(from: scalar, into: &set)
            }
        }
        if self.flags.ignoresCase { set = set.foldingCase }
        return isNegated ? set.inverted : set
    }

    private mutating func insertRange(
        from scalar: Unicode.Scalar,
        into set: inout ByteSet
    ) throws(RegularExpression.Failure) {
        let first = scalar == "\\" ? try self.escapedScalar() : scalar
        var last = first
        if self.peek == "-", self.position + 1 < self.scalars.count, self.scalars[self.position + 1] != "]" {
            self.position += 1
            guard let end = self.take() else { throw Failure("missing closing ]") }
            last = end == "\\" ? try self.escapedScalar() : end
        }
        guard first <= last else { throw Failure("invalid character class range") }
        guard first.isASCII else { return }
        set.insert(UInt8(first.value)...UInt8(min(last.value, 127)))
    }

    private mutating func posixClass() throws(RegularExpression.Failure) -> ByteSet {
        let start = self.position
        while let scalar = self.take() {
            guard scalar == "]" else { continue }
            let name = String(String.UnicodeScalarView(self.scalars[start..<self.position]))
            guard let set = Self.posixClasses[name] else { throw Failure("invalid character class range: [\(name)") }
            return set
        }
        throw Failure("missing closing ]")
    }

    private static let posixClasses: [String: ByteSet] = {
        let printable = ByteSet(ranges: [(32, 126)])
        let alphanumeric = ByteSet(ranges: [(48, 57), (65, 90), (97, 122)])
        let graph = ByteSet(ranges: [(33, 126)])
        let sets: [String: ByteSet] = [
            "alnum": alphanumeric,
            "alpha": ByteSet(ranges: [(65, 90), (97, 122)]),
            "ascii": .ascii,
            "blank": ByteSet(ranges: [(9, 9), (32, 32)]),
            "cntrl": ByteSet(ranges: [(0, 31), (127, 127)]),
            "digit": .digit,
            "graph": graph,
            "lower": .lower,
            "print": printable,
            "punct": graph.intersection(alphanumeric.inverted),
            "space": ByteSet(ranges: [(9, 13), (32, 32)]),
            "upper": .upper,
            "word": .word,
            "xdigit": ByteSet(ranges: [(48, 57), (65, 70), (97, 102)]),
        ]
        var all: [String: ByteSet] = [:]
        for (name, set) in sets {
            all[":\(name):]"] = set
            all[":^\(name):]"] = set.inverted
        }
        return all
    }()

    // MARK: Escapes

    private mutating func escape() throws(RegularExpression.Failure) -> RegularExpressionNode {
        if let set = try self.perlClass() { return .bytes(self.flags.ignoresCase ? set.foldingCase : set) }
        switch self.peek {
        case "A":
            self.position += 1
            return .assert(.begin)
        case "z":
            self.position += 1
            return .assert(.end)
        case "b":
            self.position += 1
            return .assert(.wordBoundary)
        case "B":
            self.position += 1
            return .assert(.noWordBoundary)
        default:
            return self.literal(try self.escapedScalar())
        }
    }

    /// The class behind a backslash, if there is one.
    private mutating func perlClass() throws(RegularExpression.Failure) -> ByteSet? {
        let set: ByteSet
        switch self.peek {
        case "d": set = .digit
        case "D": set = ByteSet.digit.inverted
        case "w": set = .word
        case "W": set = ByteSet.word.inverted
        case "s": set = .space
        case "S": set = ByteSet.space.inverted
        case "p", "P":
            let isNegated = self.take() == "P"
            return try self.unicodeClass(isNegated: isNegated)
        default: return nil
        }
        self.position += 1
        return set
    }

    /// Unicode's general categories and scripts, of which ASCII has few.
    private mutating func unicodeClass(isNegated: Bool) throws(RegularExpression.Failure) -> ByteSet {
        var name = ""
        if self.take("{") {
            while let scalar = self.take() {
                if scalar == "}" { break }
                name.unicodeScalars.append(scalar)
            }
        } else if let scalar = self.take() {
            name.unicodeScalars.append(scalar)
        }
        let isInverse = name.first == "^"
        if isInverse { name.removeFirst() }
        let set: ByteSet
        switch name {
        case "L", "Latin": set = ByteSet(ranges: [(65, 90), (97, 122)])
        case "Lu": set = .upper
        case "Ll": set = .lower
        case "N", "Nd": set = .digit
        case "P":
            set = ByteSet(
                ranges: [
                    (33, 35), (37, 42), (44, 47), (58, 59), (63, 64), (91, 93), (95, 95), (123, 123), (125, 125),
                ]
            )
        case "Pc": set = ByteSet(ranges: [(95, 95)])
        case "Pd": set = ByteSet(ranges: [(45, 45)])
        case "S":
            set = ByteSet(ranges: [(36, 36), (43, 43), (60, 62), (94, 94), (96, 96), (124, 124), (126, 126)])
        case "Lm", "Lo", "Lt", "M", "Mn", "Mc", "Me", "Nl", "No", "Greek", "Cyrillic", "Han": set = ByteSet()
        default: throw Failure("invalid character class range: \\p{\(name)}")
        }
        return isNegated != isInverse ? set.inverted : set
    }

    private mutating func escapedScalar() throws(RegularExpression.Failure) -> Unicode.Scalar {
        guard let scalar = self.take() else { throw Failure("trailing backslash at end of expression") }
        switch scalar {
        case "a": return "\u{07}"
        case "f": return "\u{0C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{0B}"
        case "x": return try self.hexadecimalScalar()
        case "0": return try self.octalScalar()
        default:
            // A letter or digit would be a reference, or something that RE2 does not know.
            guard scalar.isASCII, !ByteSet.word.contains(UInt8(scalar.value)) || scalar == "_" else {
                throw Failure("invalid escape sequence: \\\(scalar)")
            }
            return scalar
        }
    }

    private mutating func hexadecimalScalar() throws(RegularExpression.Failure) -> Unicode.Scalar {
        var digits = ""
        if self.take("{") {
            while let scalar = self.take(), scalar != "}" { digits.unicodeScalars.append(scalar) }
        } else {
            for _ in 0..<2 { if let scalar = self.take() { digits.unicodeScalars.append(scalar) } }
        }
        guard digits.utf8.count <= 6, let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw Failure("invalid escape sequence: \\x\(digits)")
        }
        return scalar
    }

    private mutating func octalScalar() throws(RegularExpression.Failure) -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<2 {
            guard let scalar = self.peek, ("0"..."7").contains(scalar) else { break }
            self.position += 1
            value = value * 8 + scalar.value - 48
        }
        guard let scalar = Unicode.Scalar(value) else { throw Failure("invalid escape sequence: \\0") }
        return scalar
    }
}
