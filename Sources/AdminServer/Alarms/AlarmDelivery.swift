/// What is sent to the webhook, in which order and how often. Sans-IO.
///
/// Messages go out one after the other, so that "ended" never overtakes "began". One that is not taken is tried again
/// with longer and longer pauses, and given up after `attemptsMax`; it is logged and counted then. Further messages
/// than `waitingMax` push the oldest one out.
package struct AlarmDelivery: Sendable {
    package static let attemptsMax = 10
    package static let waitingMax = 100
    /// Of one message; the rest of many changes at once is sent in further ones.
    package static let alarmsMax = 100
    private static let pauseFirst: Int64 = 1000
    private static let pauseMax: Int64 = 60_000

    /// Alarms that began together, or ended together.
    package struct Message: Sendable, Equatable {
        package var alarms: [Alarm]
        package var isFiring: Bool
    }

    package enum Outcome: Sendable, Equatable {
        case sent
        case retry(inMilliseconds: Int64)
        /// It is not tried again.
        case givenUp
    }

    private enum State {
        case idle
        /// `attempt` counts those that failed.
        case waits(attempt: Int, until: Int64)
        case sends(attempt: Int)
    }

    private var waiting: [Message] = []
    private var state = State.idle
    package private(set) var sent = 0
    package private(set) var failed = 0
    /// Given up, or pushed out.
    package private(set) var dropped = 0

    package init() {}

    package mutating func changed(_ changes: [AlarmMachine.Change]) {
        var began: [Alarm] = []
        var ended: [Alarm] = []
        for change in changes {
            switch change {
            case .began(let alarm): began.append(alarm)
            case .ended(let alarm): ended.append(alarm)
            }
        }
        self.enqueue(ended, isFiring: false)
        self.enqueue(began, isFiring: true)
    }

    private mutating func enqueue(_ alarms: [Alarm], isFiring: Bool) {
        for start in stride(from: 0, to: alarms.count, by: Self.alarmsMax) {
            let part = alarms[start..<min(start + Self.alarmsMax, alarms.count)]
            self.waiting.append(Message(alarms: Array(part), isFiring: isFiring))
        }
        while self.waiting.count > Self.waitingMax {
            // The first one may be on its way.
            self.waiting.remove(at: 1)
            self.dropped += 1
        }
    }

    /// What is to be sent now; `nil` while there is nothing, while one is on its way, and in a pause.
    ///
    /// - Parameter now: milliseconds of a clock that only goes forward.
    package mutating func next(now: Int64) -> Message? {
        guard let first = self.waiting.first else { return nil }
        switch self.state {
        case .idle: self.state = .sends(attempt: 0)
        case .waits(let attempt, let until) where now >= until: self.state = .sends(attempt: attempt)
        case .waits, .sends: return nil
        }
        return first
    }

    /// The webhook answered.
    ///
    /// - Parameter status: of HTTP; `nil` when there was no answer.
    package mutating func answered(_ status: UInt?, now: Int64) -> Outcome {
        guard case .sends(let attempt) = self.state else { preconditionFailure("nothing was sent") }
        if let status, (200..<300).contains(status) {
            self.sent += 1
            self.waiting.removeFirst()
            self.state = .idle
            return .sent
        }
        self.failed += 1
        guard attempt + 1 < Self.attemptsMax, Self.mayRetry(status) else {
            self.dropped += 1
            self.waiting.removeFirst()
            self.state = .idle
            return .givenUp
        }
        let pause = min(Self.pauseMax, Self.pauseFirst << Int64(attempt))
        self.state = .waits(attempt: attempt + 1, until: now + pause)
        return .retry(inMilliseconds: pause)
    }

    /// What the receiver refuses as wrong it will refuse again.
    private static func mayRetry(_ status: UInt?) -> Bool {
        guard let status else { return true }
        return status == 408 || status == 429 || status >= 500
    }
}
