/// What becomes of one fetch: a read over several partitions that waits, within a bound, until there is enough to
/// answer, and that stays registered after an empty answer, in case its client asks for the same again.
///
/// ```
///              reserve            read
///   asking ───────────▶ reserving ─────▶ reading ──┐
///     ▲ │ │                 │ refused       │ busy │ enough, an error, or time is up
///     │ │ └─ too little ─┐  ▼               ▼      ▼
///     │ │ enough         │ awaitingRoom ────┼──▶ answered
///     │ ▼                ▼  │ time is up    │
///     │ answered     waiting ◀─── too little┘
///     │ news            │ ▲
///     └─────────────────┤ │ the same is asked for again
///            time is up ▼ │
///                      parked ── news ──▶ stale
/// ```
///
/// `cancelled` is reached from everywhere: the connection is gone, or its client asks for something else.
///
/// Sans-IO: `FetchOperation` asks partitions, reads, registers and answers as the actions say. An event that a state
/// has no use for is late and changes nothing: wakings and time-outs cross threads.
package struct FetchMachine: ~Copyable {
    package enum State: Equatable, Sendable {
        /// The partitions are asked what memory has. `isLast`: what is found is answered, even if it is nothing.
        case asking(isLast: Bool)
        /// Memory is being asked for, to read what the partitions deferred.
        case reserving(isLast: Bool, found: Found)
        /// The engine reads for it. `isLast`: the time is up meanwhile.
        case reading(isLast: Bool)
        /// Registered with every partition; an answer is owed.
        case waiting
        /// There is no memory for reading, or no place in the engine's queue; an answer is owed.
        case awaitingRoom
        /// Answered with nothing, and registered on with every partition.
        case parked
        /// Answered with nothing, and something has come since: the next request has to begin from the beginning.
        case stale
        case answered
        /// `isReading`: the engine still has the read, and its memory is counted until it is done.
        case cancelled(isReading: Bool)
    }

    /// What the partitions have together.
    package struct Found: Equatable, Sendable {
        package var bytes: Int
        /// A partition failed, which is news to answer at once.
        package var hasError: Bool

        package init(bytes: Int, hasError: Bool) {
            self.bytes = bytes
            self.hasError = hasError
        }
    }

    package enum AskedAction: Equatable {
        case answer
        /// Register a waiter with every partition.
        case register
        /// Count memory for the deferred reads; then `reserved`.
        case reserve
    }

    package enum ReservedAction: Equatable {
        case read
        /// Answer what memory has; what was deferred is answered as empty.
        case answer
        /// Queue for memory, and call `roomAppeared` when it is granted.
        case awaitMemory
    }

    package enum ReadAction: Equatable {
        case answer
        case register
        /// Stop counting the memory, and call `roomAppeared` when the engine takes reads again.
        case awaitReaders
        /// The answer is not wanted any more: stop counting the memory.
        case discard
    }

    package enum WakeAction: Equatable {
        /// Ask the partitions again; then `asked`.
        case ask
        case nothing
    }

    package enum TimeUpAction: Equatable {
        /// Answer what was found last.
        case answer
        /// ... and stay registered.
        case answerAndStay
        case nothing
    }

    package enum CancelAction: Equatable {
        /// Take the waiter back from every partition.
        case unregister
        case nothing
    }

    package private(set) var state: State
    /// Less than this is waited for.
    private let bytesMin: Int
    /// `false`: what is found first is answered.
    private let mayWait: Bool

    package init(bytesMin: Int, mayWait: Bool) {
        self.init(.asking(isLast: false), bytesMin: bytesMin, mayWait: mayWait)
    }

    init(_ state: State, bytesMin: Int, mayWait: Bool) {
        self.state = state
        self.bytesMin = bytesMin
        self.mayWait = mayWait
    }

    private func isEnough(_ found: Found, isLast: Bool) -> Bool {
        isLast || !self.mayWait || found.hasError || found.bytes >= self.bytesMin
    }

    /// Every partition was asked.
    ///
    /// - Parameters:
    ///   - found: what those gave that have it in memory.
    ///   - isDeferred: others must be read by the engine.
    package mutating func asked(_ found: Found, isDeferred: Bool) -> AskedAction {
        guard case .asking(let isLast) = self.state else {
            preconditionFailure("partitions were asked in \(self.state)")
        }
        if isDeferred {
            self.state = .reserving(isLast: isLast, found: found)
            return .reserve
        }
        if self.isEnough(found, isLast: isLast) {
            self.state = .answered
            return .answer
        }
        self.state = .waiting
        return .register
    }

    package enum Grant: Sendable {
        case all
        /// Memory is scarce: less is read than was wanted, and answered, be it little.
        case part
        case refused
    }

    /// Memory for reading was granted or not.
    package mutating func reserved(_ grant: Grant) -> ReservedAction {
        guard case .reserving(let isLast, let found) = self.state else {
            preconditionFailure("memory was asked for in \(self.state)")
        }
        switch grant {
        case .all:
            self.state = .reading(isLast: isLast)
            return .read
        case .part:
            self.state = .reading(isLast: true)
            return .read
        case .refused: break
        }
        // What other partitions have in memory does not wait for it; nothing at all does.
        if isLast || !self.mayWait || found.hasError || found.bytes >= max(1, self.bytesMin) {
            self.state = .answered
            return .answer
        }
        self.state = .awaitingRoom
        return .awaitMemory
    }

    /// The engine has read.
    ///
    /// - Parameters:
    ///   - found: by all partitions, those from memory included.
    ///   - isBusy: the engine took none of the reads.
    package mutating func readCompleted(_ found: Found, isBusy: Bool) -> ReadAction {
        switch self.state {
        case .reading(let isLast):
            if isBusy, !isLast, self.mayWait, !found.hasError, found.bytes < max(1, self.bytesMin) {
                self.state = .awaitingRoom
                return .awaitReaders
            }
            if self.isEnough(found, isLast: isLast) {
                self.state = .answered
                return .answer
            }
            self.state = .waiting
            return .register
        case .cancelled(isReading: true):
            self.state = .cancelled(isReading: false)
            return .discard
        case .asking, .reserving, .waiting, .awaitingRoom, .parked, .stale, .answered, .cancelled(isReading: false):
            preconditionFailure("a read completed in \(self.state)")
        }
    }

    /// There may be room for what was refused.
    package mutating func roomAppeared() -> WakeAction {
        guard case .awaitingRoom = self.state else { return .nothing }
        // Time has passed: the partitions may have other things by now.
        self.state = .asking(isLast: false)
        return .ask
    }

    /// A partition has something new. Its waiter is used up; the shell has taken it back from the others.
    package mutating func newsCame() -> WakeAction {
        switch self.state {
        case .waiting:
            self.state = .asking(isLast: false)
            return .ask
        case .parked:
            self.state = .stale
            return .nothing
        case .asking, .reserving, .reading, .awaitingRoom, .stale, .answered, .cancelled:
            return .nothing
        }
    }

    /// The request has waited as long as it asked to. A read that is under way is answered when it is done.
    ///
    /// - Parameters:
    ///   - canRepeat: the same request can be recognized when it comes again.
    ///   - hasNews: `newsCame` is on its way.
    package mutating func timeIsUp(canRepeat: Bool, hasNews: Bool) -> TimeUpAction {
        switch self.state {
        case .waiting where canRepeat && !hasNews:
            self.state = .parked
            return .answerAndStay
        case .waiting, .awaitingRoom:
            self.state = .answered
            return .answer
        case .reading:
            self.state = .reading(isLast: true)
            return .nothing
        case .asking, .reserving, .parked, .stale, .answered, .cancelled:
            return .nothing
        }
    }

    /// The client asks for the same again, of a fetch that is parked. News that came meanwhile wakes it at once.
    package mutating func repeated() {
        guard case .parked = self.state else { preconditionFailure("a fetch was repeated in \(self.state)") }
        self.state = .waiting
    }

    /// The connection is gone, or its client asks for something else.
    package mutating func cancelled() -> CancelAction {
        switch self.state {
        case .waiting, .parked:
            self.state = .cancelled(isReading: false)
            return .unregister
        case .reading:
            self.state = .cancelled(isReading: true)
            return .nothing
        case .asking, .reserving, .awaitingRoom, .stale, .answered:
            self.state = .cancelled(isReading: false)
            return .nothing
        case .cancelled:
            return .nothing
        }
    }
}
