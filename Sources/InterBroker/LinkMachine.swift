/// The link to one other broker: when to connect, what to send, what to give up. Sans-IO; the shell is `BrokerLink`.
///
/// Requests that come while there is no connection wait for one, in order. One failed attempt to connect gives up all
/// that wait: their callers look where the partition is now. Then the link rests, longer each time.
///
/// | event \ state | idle | connecting | open | resting | ended |
/// | --- | --- | --- | --- | --- | --- |
/// | `requestArrived` | connect | wait | send | wait | give up |
/// | `connected` | – | send all that wait | – | – | close it |
/// | `connectFailed` | – | give up all that wait, rest | – | – | – |
/// | `connectionLost` | – | – | idle | – | – |
/// | `rested` | – | – | – | connect if something waits, else idle | – |
/// | `deadlinePassed` | give up | give up | give up | give up | – |
/// | `settled` | frees room | frees room | frees room | frees room | frees room |
/// | `brokerLeft` | ended | give up all, ended | close, ended | give up all, ended | – |
///
/// A dash: nothing follows. News of a connection carries its attempt; that of an earlier one is dropped.
package struct LinkMachine: Sendable {
    package struct Limits: Sendable {
        /// Requests that wait or are under way.
        package var requestsMax = 1_024
        /// What they take. One request is always taken.
        package var bytesMax = 32 << 20
        /// Rest after a failed attempt, in milliseconds; doubles up to `restMax`.
        package var firstRest: Int64 = 50
        package var restMax: Int64 = 1_000

        package init() {}
    }

    package typealias RequestID = UInt64

    /// Why a request is given up.
    package enum Failure: Sendable, Equatable {
        /// The link has as much under way as it may.
        case full
        /// No connection can be made; the shell knows why.
        case unreachable
        /// The broker left the cluster, or another incarnation has its place.
        case left
        /// Its time is over. `wasSent`: the broker may have carried it out.
        case timedOut(wasSent: Bool)
    }

    package enum Action: Sendable, Equatable {
        /// Report `connected` or `connectFailed`, then `connectionLost`.
        case connect(attempt: UInt64)
        /// Report `settled` once each has an answer or a failure.
        case send([RequestID])
        /// Without a report.
        case giveUp([RequestID], Failure)
        /// Report `rested` after so many milliseconds.
        case rest(Int64)
        /// The connection of this attempt.
        case close(attempt: UInt64)
    }

    private enum State: Equatable {
        case idle
        case connecting
        case open
        case resting
        case ended
    }

    private let limits: Limits
    private var state = State.idle
    private var attempt: UInt64 = 0
    /// Attempts that have failed one after the other.
    private var failures: Int64 = 0
    /// In the order of their coming.
    private var waiting: [RequestID] = []
    /// Of all that wait or are with the connection, also when their callers have given up.
    private var bytes: [RequestID: Int] = [:]
    private var bytesUsed = 0

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    /// Requests that wait or are under way.
    package var requestCount: Int { self.bytes.count }

    package mutating func requestArrived(_ id: RequestID, bytes: Int) -> [Action] {
        if self.state == .ended { return [.giveUp([id], .left)] }
        let isFull =
            self.bytes.count >= self.limits.requestsMax
            || (self.bytesUsed > 0 && self.bytesUsed + bytes > self.limits.bytesMax)
        if isFull { return [.giveUp([id], .full)] }
        self.bytes[id] = bytes
        self.bytesUsed += bytes
        switch self.state {
        case .open: return [.send([id])]
        case .idle:
            self.waiting.append(id)
            return [self.connect()]
        case .connecting, .resting:
            self.waiting.append(id)
            return []
        case .ended: preconditionFailure("answered above")
        }
    }

    package mutating func connected(_ attempt: UInt64) -> [Action] {
        guard self.state == .connecting, attempt == self.attempt else { return [.close(attempt: attempt)] }
        self.state = .open
        self.failures = 0
        defer { self.waiting = [] }
        return self.waiting.isEmpty ? [] : [.send(self.waiting)]
    }

    package mutating func connectFailed(_ attempt: UInt64) -> [Action] {
        guard self.state == .connecting, attempt == self.attempt else { return [] }
        self.state = .resting
        let rest = min(self.limits.restMax, self.limits.firstRest << min(self.failures, 16))
        self.failures += 1
        return self.giveUpWaiting(.unreachable) + [.rest(rest)]
    }

    /// What was sent is settled by itself.
    package mutating func connectionLost(_ attempt: UInt64) {
        if self.state == .open, attempt == self.attempt { self.state = .idle }
    }

    package mutating func rested() -> [Action] {
        guard self.state == .resting else { return [] }
        self.state = .idle
        return self.waiting.isEmpty ? [] : [self.connect()]
    }

    /// A request was answered, or has failed with its connection.
    package mutating func settled(_ id: RequestID) { self.release(id) }

    /// The caller of a request waits no longer. One that was sent takes its room until it is settled.
    package mutating func deadlinePassed(_ id: RequestID) -> [Action] {
        guard self.bytes[id] != nil else { return [] }
        guard let index = self.waiting.firstIndex(of: id) else { return [.giveUp([id], .timedOut(wasSent: true))] }
        self.waiting.remove(at: index)
        self.release(id)
        return [.giveUp([id], .timedOut(wasSent: false))]
    }

    package mutating func brokerLeft() -> [Action] {
        guard self.state != .ended else { return [] }
        let isOpen = self.state == .open
        self.state = .ended
        return self.giveUpWaiting(.left) + (isOpen ? [.close(attempt: self.attempt)] : [])
    }

    private mutating func connect() -> Action {
        self.state = .connecting
        self.attempt += 1
        return .connect(attempt: self.attempt)
    }

    private mutating func giveUpWaiting(_ failure: Failure) -> [Action] {
        guard !self.waiting.isEmpty else { return [] }
        defer { self.waiting = [] }
        for id in self.waiting { self.release(id) }
        return [.giveUp(self.waiting, failure)]
    }

    private mutating func release(_ id: RequestID) {
        if let bytes = self.bytes.removeValue(forKey: id) { self.bytesUsed -= bytes }
    }
}
