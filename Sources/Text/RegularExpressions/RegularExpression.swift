/// A regular expression in RE2's syntax, matched in linear time: against a topic's name as a whole, or anywhere in the
/// text of a record.
///
/// All threads of the automaton advance together, by one character: a match takes at most the length of the text times
/// the instructions of the program, for every expression. There are no captures, so greediness does not matter.
/// Classes are of ASCII; what they exclude includes every other character.
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
        /// A character beyond ASCII.
        case scalar(Unicode.Scalar)
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
        return name.withUTF8 { self.run($0, isAnchored: true, stepsMax: .max, steps: &steps) } ?? false
    }

    /// Whether a part of the text matches.
    ///
    /// - Parameters:
    ///   - text: UTF-8.
    ///   - stepsMax: the work that may be done.
    ///   - steps: grows by the work that it took: states visited.
    /// - Returns: `nil` when it takes more work.
    package func isFound(in text: UnsafeBufferPointer<UInt8>, stepsMax: Int, steps: inout Int) -> Bool? {
        self.run(text, isAnchored: false, stepsMax: stepsMax, steps: &steps)
    }

    private func run(
        _ bytes: UnsafeBufferPointer<UInt8>,
        isAnchored: Bool,
        stepsMax: Int,
        steps: inout Int
    ) -> Bool? {
        var present = ThreadList(count: self.program.count)
        var next = ThreadList(count: self.program.count)
        self.add(0, at: 0, of: bytes, to: &present, &steps)
        var position = 0
        while position < bytes.count {
            if isAnchored, present.isEmpty { return false }
            if !isAnchored, present.isMatch { return true }
            guard steps <= stepsMax else { return nil }
            next.removeAll()
            let byte = bytes[position]
            let (scalar, length) = byte < 0x80 ? (nil, 1) : Self.scalar(at: position, of: bytes)
            for index in present.list {
                steps += 1
                let isTaken =
                    switch self.program[index] {
                    case .bytes(let set): byte < 0x80 ? set.contains(byte) : set.containsOthers
                    case .scalar(let wanted): scalar == wanted
                    case .split, .jump, .assert, .match: false
                    }
                if isTaken { self.add(index + 1, at: position + length, of: bytes, to: &next, &steps) }
            }
            position += length
            swap(&present, &next)
            if !isAnchored { self.add(0, at: position, of: bytes, to: &present, &steps) }
        }
        return present.isMatch
    }

    /// The character beyond ASCII that begins at a position of UTF-8; one byte that does not belong to any is `nil`.
    private static func scalar(
        at position: Int,
        of bytes: UnsafeBufferPointer<UInt8>
    ) -> (scalar: Unicode.Scalar?, length: Int) {
        let lead = bytes[position]
        let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1
        guard length > 1, position + length <= bytes.count else { return (nil, 1) }
        var value = UInt32(lead) & (0x7F >> UInt32(length))
        for offset in 1..<length {
            let byte = bytes[position + offset]
            guard byte & 0xC0 == 0x80 else { return (nil, 1) }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        return (Unicode.Scalar(value), length)
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
            case .bytes, .scalar: break
            case .match: threads.matched()
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
        }
    }

    /// States, each once, in order of arrival.
    private struct ThreadList {
        private(set) var list: [Int] = []
        private var isPresent: [Bool]
        /// The whole expression is behind one of them.
        private(set) var isMatch = false

        init(count: Int) { self.isPresent = [Bool](repeating: false, count: count) }

        var isEmpty: Bool { self.list.isEmpty }

        mutating func insert(_ index: Int) -> Bool {
            guard !self.isPresent[index] else { return false }
            self.isPresent[index] = true
            self.list.append(index)
            return true
        }

        mutating func matched() { self.isMatch = true }

        mutating func removeAll() {
            self.isMatch = false
            for index in self.list { self.isPresent[index] = false }
            self.list.removeAll(keepingCapacity: true)
        }
    }
}

/// A set of ASCII characters, and whether all others are in it.
struct ByteSet: Sendable, Hashable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0
    private(set) var containsOthers = false

    static let all = Self().inverted
    static let ascii = Self(ranges: [(0, 127)])
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
        self.containsOthers = self.containsOthers || other.containsOthers
    }

    func intersection(_ other: Self) -> Self {
        var set = self
        set.low &= other.low
        set.high &= other.high
        set.containsOthers = set.containsOthers && other.containsOthers
        return set
    }

    var inverted: Self {
        var set = self
        set.low = ~self.low
        set.high = ~self.high
        set.containsOthers.toggle()
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
