/// A regular expression over topic names, in RE2's syntax, matched as a whole and in linear time.
///
/// Topic names are ASCII, so a state consumes one byte. All threads of the automaton advance together: a match takes at
/// most the length of the name times the instructions of the program, for every expression. There are no captures,
/// and greediness does not matter, since only whole names match.
///
/// Patterns from the peer: `Failure` says why one is refused. Programs are bounded, so that counted repetitions cannot
/// explode.
package struct RegularExpression: Sendable {
    /// Why a pattern is refused. Text for the client.
    package struct Failure: Error, Equatable {
        package var reason: String

        init(_ reason: String) { self.reason = reason }
    }

    enum Instruction: Sendable, Equatable {
        case bytes(ByteSet)
        /// Both are tried.
        case split(Int, Int)
        case jump(Int)
        case assert(Assertion)
        case match
    }

    enum Assertion: Sendable, Equatable {
        case begin
        case end
        case wordBoundary
        case noWordBoundary
        /// Never holds: what cannot be in a topic name.
        case never
    }

    /// Instructions of one program. RE2's own limits are larger, and no sensible pattern comes near.
    package static let instructionsMax = 2_000
    /// UTF-8 bytes of one pattern.
    package static let patternBytesMax = 4_096

    private let program: [Instruction]

    package init(_ pattern: String) throws(Failure) {
        guard pattern.utf8.count <= Self.patternBytesMax else {
            throw Failure("the pattern has more than \(Self.patternBytesMax) bytes")
        }
        var parser = RegularExpressionParser(pattern)
        let node = try parser.parse()
        var compiler = RegularExpressionCompiler()
        self.program = try compiler.compile(node)
    }

    /// Whether the whole name matches.
    ///
    /// - Parameter steps: grows by the work that it took: states visited.
    package func matches(_ name: String, steps: inout Int) -> Bool {
        var name = name
        return name.withUTF8 { bytes in
            var present = ThreadList(count: self.program.count)
            var next = ThreadList(count: self.program.count)
            self.add(0, at: 0, of: bytes, to: &present, &steps)
            for position in 0..<bytes.count {
                if present.isEmpty { return false }
                next.removeAll()
                for index in present.list {
                    steps += 1
                    guard case .bytes(let set) = self.program[index], set.contains(bytes[position]) else { continue }
                    self.add(index + 1, at: position + 1, of: bytes, to: &next, &steps)
                }
                swap(&present, &next)
            }
            return present.list.contains { self.program[$0] == .match }
        }
    }

    /// Adds a state and all that it leads to without a byte.
    private func add(
        _ start: Int,
        at position: Int,
        of bytes: UnsafeBufferPointer<UInt8>,
        to threads: inout ThreadList,
        _ steps: inout Int
    ) {
        var pending = [start]
        while let index = pending.popLast() {
            guard threads.insert(index) else { continue }
            steps += 1
            switch self.program[index] {
            case .bytes, .match: break
            case .jump(let target): pending.append(target)
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .assert(let assertion):
                if Self.holds(assertion, at: position, of: bytes) { pending.append(index + 1) }
            }
        }
    }

    private static func holds(
        _ assertion: Assertion,
        at position: Int,
        of bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        func isWord(_ index: Int) -> Bool {
            index >= 0 && index < bytes.count && ByteSet.word.contains(bytes[index])
        }
        switch assertion {
        case .begin: return position == 0
        case .end: return position == bytes.count
        case .wordBoundary: return isWord(position - 1) != isWord(position)
        case .noWordBoundary: return isWord(position - 1) == isWord(position)
        case .never: return false
        }
    }

    /// States, each once, in order of arrival.
    private struct ThreadList {
        private(set) var list: [Int] = []
        private var isPresent: [Bool]

        init(count: Int) { self.isPresent = [Bool](repeating: false, count: count) }

        var isEmpty: Bool { self.list.isEmpty }

        mutating func insert(_ index: Int) -> Bool {
            guard !self.isPresent[index] else { return false }
            self.isPresent[index] = true
            self.list.append(index)
            return true
        }

        mutating func removeAll() {
            for index in self.list { self.isPresent[index] = false }
            self.list.removeAll(keepingCapacity: true)
        }
    }
}

/// A set of ASCII bytes.
struct ByteSet: Sendable, Hashable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    static let all = Self(ranges: [(0, 127)])
    static let digit = Self(ranges: [(48, 57)])
    static let upper = Self(ranges: [(65, 90)])
    static let lower = Self(ranges: [(97, 122)])
    static let word = Self(ranges: [(48, 57), (65, 90), (95, 95), (97, 122)])
    /// Tab, line feed, form feed, carriage return, space.
    static let space = Self(ranges: [(9, 10), (12, 13), (32, 32)])
    static let newline = Self(ranges: [(10, 10)])

    init() {}

    init(ranges: [(UInt8, UInt8)]) {
        for (first, last) in ranges { self.insert(first...last) }
    }

    init(_ byte: UInt8) { self.insert(byte...byte) }

    func contains(_ byte: UInt8) -> Bool {
        byte < 64 ? self.low >> UInt64(byte) & 1 == 1 : byte < 128 && self.high >> UInt64(byte - 64) & 1 == 1
    }

    mutating func insert(_ range: ClosedRange<UInt8>) {
        for byte in range where byte < 128 {
            if byte < 64 { self.low |= 1 << UInt64(byte) } else { self.high |= 1 << UInt64(byte - 64) }
        }
    }

    mutating func formUnion(_ other: Self) {
        self.low |= other.low
        self.high |= other.high
    }

    func intersection(_ other: Self) -> Self {
        var set = self
        set.low &= other.low
        set.high &= other.high
        return set
    }

    var inverted: Self {
        var set = self
        set.low = ~self.low
        set.high = ~self.high
        return set
    }

    /// With the other case of every letter.
    var foldingCase: Self {
        var set = self
        for byte in UInt8(65)...90 {
            if self.contains(byte) { set.insert(byte + 32...byte + 32) }
            if self.contains(byte + 32) { set.insert(byte...byte) }
        }
        return set
    }
}
