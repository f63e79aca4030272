/// Where one exchange stands, and what is to be done next. Sans-IO: memory, log and timers are the caller's, and
/// the memory of the body is the transport's.
///
/// ```
/// idle ──began──► body ──bodyEnded──► whole ──requestRead──► running ──answered──► answering ──finished──► idle
///                  │                    │  │                  ▲                     ▲
///                  │                    │  └─► held ─acquired─┘                     │
///                  └────────────────────┴───────┴──────── refused: answered ────────┘
/// every state ──cancelled──► cancelled
/// ```
///
/// Calls that make no sense in a state are answered with `ignore`: after `cancelled` timers, relief and answers may
/// still come, which is not a fault.
struct ExchangeMachine: ~Copyable {
    /// 10 MiB of records in base64, 500 keys with escapes, and some room.
    static let bodyBytesMax = 16 << 20
    /// What a request waits for before it is carried out.
    enum Need: Equatable {
        case nothing
        /// Memory for its answer, in bytes; less may be granted.
        case room(Int)
        /// A log that takes appends.
        case log
    }

    private enum State {
        case idle
        /// The body comes in.
        case body(received: Int)
        /// The body is there; the request is being read and admitted.
        case whole
        /// Admitted, and waits.
        case held(Need)
        case running
        /// The transport has the answer.
        case answering
        /// The client has gone.
        case cancelled
    }

    private var state = State.idle

    init() {}

    // MARK: The request comes in

    enum BodyAction: Equatable {
        /// Take the body, or keep what came of it.
        case take
        case refuseTooLarge
        case ignore
    }

    /// - Parameter announced: the length of the body, when the client told it.
    mutating func began(announced: Int?) -> BodyAction {
        guard case .idle = self.state else { return .ignore }
        self.state = .body(received: 0)
        return announced ?? 0 <= Self.bodyBytesMax ? .take : .refuseTooLarge
    }

    mutating func bodyReceived(_ count: Int) -> BodyAction {
        guard case .body(let before) = self.state else { return .ignore }
        let received = before + count
        self.state = .body(received: received)
        return received <= Self.bodyBytesMax ? .take : .refuseTooLarge
    }

    /// - Returns: whether the request is to be read now.
    mutating func bodyEnded() -> Bool {
        guard case .body = self.state else { return false }
        self.state = .whole
        return true
    }

    // MARK: The request is carried out

    enum StartAction: Equatable {
        case run
        /// Try to get it, then call `acquired` or wait for it and call `relieved`.
        case acquire(Need)
        case ignore
    }

    /// The request has been read and admitted.
    mutating func requestRead(_ need: Need) -> StartAction {
        guard case .whole = self.state else { return .ignore }
        guard need != .nothing else {
            self.state = .running
            return .run
        }
        self.state = .held(need)
        return .acquire(need)
    }

    /// What the request waited for is there and is its own.
    mutating func acquired() -> StartAction {
        guard case .held = self.state else { return .ignore }
        self.state = .running
        return .run
    }

    /// What the request waits for may be there.
    mutating func relieved() -> StartAction {
        guard case .held(let need) = self.state else { return .ignore }
        return .acquire(need)
    }

    // MARK: The answer

    enum AnswerAction: Equatable {
        case send
        case ignore
    }

    /// The request has an answer, if only that it is refused.
    mutating func answered() -> AnswerAction {
        switch self.state {
        case .body, .whole, .held, .running:
            self.state = .answering
            return .send
        case .idle, .answering, .cancelled: return .ignore
        }
    }

    /// - Returns: whether another request may begin.
    mutating func finished() -> Bool {
        guard case .answering = self.state else { return false }
        self.state = .idle
        return true
    }

    /// - Returns: whether there is something to be given up: memory, timers, a body under way.
    mutating func cancelled() -> Bool {
        if case .cancelled = self.state { return false }
        self.state = .cancelled
        return true
    }
}
