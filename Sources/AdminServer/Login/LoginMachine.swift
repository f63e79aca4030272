/// Slows down who guesses passwords. Sans-IO; times are monotonic milliseconds.
///
/// Failures are counted for the address and for the user. Past a few of them each further one blocks for twice as long:
/// an address up to a quarter of an hour, a user half a minute only, so that nobody can lock somebody else out. A
/// success forgets the user's failures, and not the address's: who has one account may not use it to guess at others.
///
/// ```
///            failed (few)                  failed (many)
/// quiet ───────────────► counting ──────────────────────► blocked
///   ▲                       │  ▲                             │
///   └── windowMilliseconds ─┘  └──────── time is over ───────┘
/// ```
///
/// Bad input of the peer is refused with a time to wait; nothing of it traps.
package struct LoginMachine: Sendable {
    package enum Subject: Sendable, Hashable {
        /// An IPv4 address, or the first 64 bits of an IPv6 address.
        case address(String)
        case user(String)
    }

    package enum Decision: Sendable, Equatable {
        /// Have the password verified, then call `verified`.
        case verify
        case refuse(afterMilliseconds: Int64)
    }

    private enum State: Sendable {
        case counting(failures: Int, last: Int64)
        case blocked(failures: Int, until: Int64)
    }

    /// Failures are forgotten when there was none for so long.
    static let windowMilliseconds: Int64 = 15 * 60 * 1000
    static let addressFailuresFree = 10
    static let userFailuresFree = 5
    static let addressBlockMax: Int64 = 15 * 60 * 1000
    static let userBlockMax: Int64 = 30 * 1000
    /// What is verified at a time: each costs milliseconds of a processor.
    static let verifyingMax = 4
    /// Who is remembered; of more, those that failed longest ago are forgotten.
    static let subjectsMax = 10_000

    private var states: [Subject: State] = [:]
    private var verifying = 0

    package init() {}

    /// Somebody wants to log in.
    ///
    /// - Parameter user: `nil` for a token, which names no user and cannot be guessed.
    package mutating func attempted(user: String?, address: String, now: Int64) -> Decision {
        for subject in [Subject.address(Self.network(of: address))] + (user.map { [.user($0)] } ?? []) {
            if case .blocked(_, let until) = self.current(subject, now) {
                return .refuse(afterMilliseconds: until - now)
            }
        }
        guard self.verifying < Self.verifyingMax else { return .refuse(afterMilliseconds: 1000) }
        self.verifying += 1
        return .verify
    }

    /// What `attempted` asked for has come out.
    package mutating func verified(_ isRight: Bool, user: String?, address: String, now: Int64) {
        // More outcomes than questions are a mistake of ours.
        precondition(self.verifying > 0, "an outcome of a login that was not asked for")
        self.verifying -= 1
        guard !isRight else {
            if let user { self.states[.user(user)] = nil }
            return
        }
        self.failed(.address(Self.network(of: address)), now)
        if let user { self.failed(.user(user), now) }
    }

    private mutating func failed(_ subject: Subject, _ now: Int64) {
        let failures =
            switch self.current(subject, now) {
            case nil: 1
            case .counting(let failures, _), .blocked(let failures, _): failures + 1
            }
        let (free, blockMax) =
            switch subject {
            case .address: (Self.addressFailuresFree, Self.addressBlockMax)
            case .user: (Self.userFailuresFree, Self.userBlockMax)
            }
        if self.states[subject] == nil { self.makeRoom(now) }
        guard failures > free else {
            self.states[subject] = .counting(failures: failures, last: now)
            return
        }
        let block = min(blockMax, 1000 << Int64(min(20, failures - free - 1)))
        self.states[subject] = .blocked(failures: failures, until: now + block)
    }

    /// `nil` when nothing counts any more.
    private mutating func current(_ subject: Subject, _ now: Int64) -> State? {
        switch self.states[subject] {
        case nil: return nil
        case .counting(_, let last)? where now - last > Self.windowMilliseconds:
            self.states[subject] = nil
            return nil
        case .blocked(let failures, let until)? where until <= now:
            guard now - until <= Self.windowMilliseconds else {
                self.states[subject] = nil
                return nil
            }
            return .counting(failures: failures, last: until)
        case let state?: return state
        }
    }

    private mutating func makeRoom(_ now: Int64) {
        guard self.states.count >= Self.subjectsMax else { return }
        func age(_ state: State) -> Int64 {
            switch state {
            case .counting(_, let last): last
            case .blocked(_, let until): until
            }
        }
        // A tenth at a time, so that a flood of addresses does not sort the table for each of them.
        for (subject, _) in self.states.sorted(by: { age($0.value) < age($1.value) }).prefix(Self.subjectsMax / 10) {
            self.states[subject] = nil
        }
    }

    /// One customer of a provider has at least the last 64 bits of an IPv6 address for himself.
    static func network(of address: String) -> String {
        guard address.contains(":"), !address.contains(".") else { return address }
        let halves = address.split(separator: "%")[0].components(around: "::")
        var groups = halves.head
        if let tail = halves.tail {
            groups += Array(repeating: "0", count: max(0, 8 - groups.count - tail.count)) + tail
        }
        return groups.prefix(4).joined(separator: ":")
    }
}

extension Substring {
    /// The groups of an IPv6 address before and after the gap.
    fileprivate func components(around gap: String) -> (head: [String], tail: [String]?) {
        let parts = self.split(separator: gap, maxSplits: 1, omittingEmptySubsequences: false)
        func groups(_ part: Substring) -> [String] { part.split(separator: ":").map { $0.lowercased() } }
        return (groups(parts[0]), parts.count > 1 ? groups(parts[1]) : nil)
    }
}
