import TestSupport
import Testing
import Text

/// Regular expressions over topic names: RE2's syntax, whole matches, bounded work.
@Suite struct RegularExpressionTests {
    static func matches(_ pattern: String, _ name: String) throws -> Bool {
        var steps = 0
        return try RegularExpression(pattern).matches(name, steps: &steps)
    }

    static let found: [(String, String)] = [
        ("abc", "abc"), (".*", ""), (".*", "a-b_c.d"), ("a|b", "b"), ("(a|b)+c", "ababc"), ("a?b", "b"),
        ("a{2,3}", "aaa"), ("a{2}", "aa"), ("a{2,}", "aaaaa"), ("[a-c]+", "abc"), ("[^a-c]+", "xyz"), ("[]]", "]"),
        ("[a\\-z]", "-"), ("\\d+\\.\\w*", "12.x_"), ("\\Qa.b\\E", "a.b"), ("\\Qab\\E+", "abb"), ("(?i)AbC", "aBc"),
        ("(?i:a)B", "AB"), ("^a$", "a"), ("\\Aa\\z", "a"), ("a\\b-b", "a-b"), ("[[:alpha:]]+", "abC"),
        ("[[:^digit:]]", "x"), ("\\pL+", "abc"), ("\\p{Lu}", "A"), ("\\P{Lu}", "a"), ("(?P<n>x)(?<m>y)", "xy"),
        ("\\x41\\x{42}", "AB"), ("a{,2}", "a{,2}"), ("x*?y+?", "xxyy"), ("", ""), ("(|a)b", "b"), ("(a*)*", "aaa"),
        ("orders-(eu|us)-[0-9]{1,3}", "orders-eu-17"),
    ]

    @Test(arguments: found)
    func `matches`(pattern: String, name: String) throws {
        #expect(try Self.matches(pattern, name))
    }

    static let missed: [(String, String)] = [
        ("abc", "abcd"), ("bc", "abc"), ("a|b", "ab"), ("a{2,3}", "aaaa"), ("[a-c]", "d"), ("[^a]", "a"), ("\\d", "a"),
        ("\\Qa.b\\E", "axb"), ("a$b", "ab"), ("a^b", "ab"), ("\\Ba", "a"), ("ä", "a"), ("(?i:a)B", "Ab"),
        ("a.b", "ab"),
    ]

    @Test(arguments: missed)
    func `does not match`(pattern: String, name: String) throws {
        #expect(try !Self.matches(pattern, name))
    }

    @Test(
        arguments: [
            "(", ")", "a)", "[", "[a", "[b-a]", "*", "a**", "a+*", "a{3,2}", "a{1001}", "\\", "\\1", "(a)\\1", "(?=a)",
            "(?!a)", "(?<=a)b", "(?<!a)b", "(?", "(?x)", "(?P<>a)", "(?P<n", "\\p{Nope}", "[[:nope:]]", "\\xZZ", "\\y",
        ]
    )
    func `a bad pattern is refused`(pattern: String) {
        #expect(throws: RegularExpression.Failure.self) { _ = try RegularExpression(pattern) }
    }

    @Test(
        arguments: [
            "((a{100}){100}){100}", "(((((a{10}){10}){10}){10}){10}){10}", String(repeating: "(", count: 10_000),
            String(repeating: "a", count: 5_000), "((a?){1000}){1000}", String(repeating: "(a|", count: 500),
        ]
    )
    func `a pattern that explodes is refused`(pattern: String) {
        #expect(throws: RegularExpression.Failure.self) { _ = try RegularExpression(pattern) }
    }

    /// Classic killers of backtracking engines.
    @Test(arguments: ["(a*)*b", "(a|aa)+b", "(.*)(.*)(.*)(.*)(.*)x", "(a?){100}a{100}b", "(x+x+)+y", "((()*)*)*b"])
    func `work is bounded by the name's length times the program`(pattern: String) throws {
        let expression = try RegularExpression(pattern)
        let name = String(repeating: "a", count: 249)
        var steps = 0
        #expect(!expression.matches(name, steps: &steps))
        #expect(steps <= 250 * RegularExpression.instructionsMax * 2)
    }

    /// Against a matcher that tries everything.
    @Test(arguments: 0..<300 as Range<UInt64>)
    func `agrees with a naive matcher`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let tree = Naive.make(&random, depth: 3)
        let expression = try RegularExpression(tree.pattern)
        for length in 0...5 {
            for _ in 0..<6 {
                let name = (0..<length).map { _ in Int.random(in: 0...1, using: &random) == 0 ? "a" : "b" }.joined()
                var steps = 0
                let isFound = expression.matches(name, steps: &steps)
                #expect(isFound == tree.ends(Array(name), from: 0).contains(length), "\(tree.pattern) on \(name)")
            }
        }
    }

    /// No pattern traps.
    @Test(arguments: 0..<400 as Range<UInt64>)
    func `garbage is refused or matched, never trapped`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("ab()[]{}|*+?.^$\\-:<>=!PQEdwpLi,0129xä")
        let length = Int.random(in: 0...14, using: &random)
        let pattern = String((0..<length).map { _ in alphabet[Int.random(in: 0...alphabet.count - 1, using: &random)] })
        var steps = 0
        if let expression = try? RegularExpression(pattern) { _ = expression.matches("abab", steps: &steps) }
        #expect(steps < 1_000_000)
    }

    private indirect enum Naive {
        case letter(Character)
        case any
        case sequence(Naive, Naive)
        case either(Naive, Naive)
        case star(Naive)
        case optional(Naive)

        static func make(_ random: inout SeededGenerator, depth: Int) -> Naive {
            switch depth == 0 ? Int.random(in: 0...2, using: &random) : Int.random(in: 0...6, using: &random) {
            case 0: .letter("a")
            case 1: .letter("b")
            case 2: .any
            case 3: .sequence(make(&random, depth: depth - 1), make(&random, depth: depth - 1))
            case 4: .either(make(&random, depth: depth - 1), make(&random, depth: depth - 1))
            case 5: .star(make(&random, depth: depth - 1))
            default: .optional(make(&random, depth: depth - 1))
            }
        }

        var pattern: String {
            switch self {
            case .letter(let letter): String(letter)
            case .any: "."
            case .sequence(let first, let second): first.pattern + second.pattern
            case .either(let first, let second): "(\(first.pattern)|\(second.pattern))"
            case .star(let part): "(\(part.pattern))*"
            case .optional(let part): "(\(part.pattern))?"
            }
        }

        /// Where a match that begins at `start` may end.
        func ends(_ name: [Character], from start: Int) -> Set<Int> {
            switch self {
            case .letter(let letter): return start < name.count && name[start] == letter ? [start + 1] : []
            case .any: return start < name.count ? [start + 1] : []
            case .sequence(let first, let second):
                return Set(first.ends(name, from: start).flatMap { second.ends(name, from: $0) })
            case .either(let first, let second):
                return first.ends(name, from: start).union(second.ends(name, from: start))
            case .optional(let part): return part.ends(name, from: start).union([start])
            case .star(let part):
                var ends: Set<Int> = [start]
                var fresh = ends
                while !fresh.isEmpty {
                    fresh = Set(fresh.flatMap { part.ends(name, from: $0) }).subtracting(ends)
                    ends.formUnion(fresh)
                }
                return ends
            }
        }
    }
}
