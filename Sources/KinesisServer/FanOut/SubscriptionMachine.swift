internal import NIOCore

/// Where one SubscribeToShard stands, and what its next part is. Sans-IO: the log, the records and the timers are the
/// shell's (`ShardSubscription`), and the time is passed in.
///
/// ```
/// opening ──partRequested──► idle ──partRequested: look──► looking ──eventBegan──► sending ──wroteLast──► idle
///                             ▲                              │  │  └─nothingFound─► waiting ──woken──► idle
///                             └────────readEnded── reading ◄─┘  └─timeUp──► over
/// sending of the last event, or an error ──► ending ──partRequested──► over          every state ──cancelled──► over
/// ```
struct SubscriptionMachine: ~Copyable {
    /// Clients give up after ten seconds without an event; AWS sends one at least every five.
    static let heartbeat = TimeAmount.milliseconds(4500)
    static let duration = TimeAmount.minutes(5)

    private enum State {
        case opening
        /// Looks at the log when the client takes more.
        case idle
        /// The shell looks.
        case looking
        /// A read of a file is under way.
        case reading
        /// Nothing to send: until records arrive or the time is up.
        case waiting
        /// An event is under way.
        case sending(isLast: Bool)
        /// The last message is written.
        case ending
        case over
    }

    private var state = State.opening
    private var lastEvent: NIODeadline
    private var deadline: NIODeadline
    /// Before this no records are sent: the budget of the consumer is used up.
    private var pausedUntil: NIODeadline
    /// Ends the subscription with the next message.
    private var hasFailed = false

    init(now: NIODeadline) {
        self.lastEvent = now
        self.deadline = now + Self.duration
        self.pausedUntil = now
    }

    // MARK: Parts

    enum PartAction: Equatable {
        /// Send the message that begins every subscription.
        case open
        /// Look whether there is something to send, then report it.
        case look
        /// Nothing yet; call back when `woken` or `readEnded` says so.
        case later
        /// Send more of the event under way.
        case resumeEvent
        /// Send the error, which is the last message.
        case fail
        case end
    }

    /// The client takes more.
    mutating func partRequested(now: NIODeadline) -> PartAction {
        switch self.state {
        case .opening:
            self.state = .idle
            return .open
        case .idle:
            if self.hasFailed {
                self.state = .ending
                return .fail
            }
            guard now < self.deadline else {
                self.state = .over
                return .end
            }
            self.state = .looking
            return .look
        case .reading, .waiting: return .later
        case .sending: return .resumeEvent
        case .ending, .over:
            self.state = .over
            return .end
        case .looking: preconditionFailure("a part was asked for while the log was looked at")
        }
    }

    // MARK: What a look found

    /// Whether records may be read now, or only an empty event may be due.
    func mayRead(now: NIODeadline) -> Bool { now >= self.pausedUntil }

    enum FoundAction: Equatable {
        /// Begin an event, then report how much of it was written.
        case send
        /// Wait for records, for no longer than until then.
        case wait(until: NIODeadline)
    }

    /// The look has ended.
    ///
    /// - Parameters:
    ///   - isAtEnd: the shard has no more records, ever.
    ///   - look: how long the shell wants to wait at most before it looks again.
    mutating func looked(hasRecords: Bool, isAtEnd: Bool, now: NIODeadline, again look: TimeAmount) -> FoundAction {
        guard case .looking = self.state else { preconditionFailure("a look ended that had not begun") }
        if hasRecords || isAtEnd || now - self.lastEvent >= Self.heartbeat {
            self.lastEvent = now
            self.state = .sending(isLast: isAtEnd)
            return .send
        }
        self.state = .waiting
        var until = min(self.lastEvent + Self.heartbeat, self.deadline, now + look)
        if self.pausedUntil > now { until = min(until, self.pausedUntil) }
        return .wait(until: until)
    }

    /// The look needs a read of a file.
    mutating func readBegan() {
        guard case .looking = self.state else { preconditionFailure("a read began without a look") }
        self.state = .reading
    }

    /// The look found that the subscription cannot continue, for a reason of its stream or its consumer.
    mutating func lookFailed() {
        guard case .looking = self.state else { preconditionFailure("a look ended that had not begun") }
        self.state = .ending
    }

    /// A part of the event was written.
    mutating func wrotePart(isWhole: Bool) {
        guard isWhole, case .sending(let isLast) = self.state else { return }
        self.state = isLast ? .ending : .idle
    }

    /// No records before then.
    mutating func paused(until time: NIODeadline) { self.pausedUntil = max(self.pausedUntil, time) }

    // MARK: What happens meanwhile

    /// Records may have come, or a timer fired.
    ///
    /// - Returns: whether the client is to be offered a part.
    mutating func woken() -> Bool {
        guard case .waiting = self.state else { return false }
        self.state = .idle
        return true
    }

    /// - Returns: whether somebody waits for the read, and is to be offered a part.
    mutating func readEnded() -> Bool {
        guard case .reading = self.state else { return false }
        self.state = .idle
        return true
    }

    /// The next message is an error and the last one.
    ///
    /// - Returns: whether the client is to be offered a part.
    mutating func failed() -> Bool {
        self.hasFailed = true
        return self.woken()
    }

    /// As after five minutes: the client subscribes again, and finds another server or this one again.
    ///
    /// - Returns: whether the client is to be offered a part.
    mutating func quiesced(now: NIODeadline) -> Bool {
        self.deadline = min(self.deadline, now)
        return self.woken()
    }

    /// The client has gone, or the subscription has come to its end.
    mutating func cancelled() { self.state = .over }
}
