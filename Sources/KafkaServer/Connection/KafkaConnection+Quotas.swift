internal import Broker
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Quotas
internal import Serving

// What requests use of quotas, and how a client that uses too much is slowed down (KIP-219): it has its answer at once,
// with the time that it should pause, and no request of the connection begins until that time is over.

extension KafkaConnection {
    var quotas: ClientQuotas { self.services.broker.quotas }

    /// APIs of brokers among each other, which no quota of time is for, as in Kafka.
    private static let exempt: Set<APIKey> = [.writeTxnMarkers]

    /// A produce request is about to begin. Its bytes count now: requests that were sent behind it wait already.
    ///
    /// - Parameter bytes: of the whole request.
    func produceBegins(_ info: inout RequestInfo, bytes: Int) {
        guard self.quotas.isLimited(.producerByteRate), info.session.principal != .broker else { return }
        let pause = self.quotas.used(Double(bytes), of: .producerByteRate, by: info.quotaClient)
        self.throttle(by: .producerByteRate, for: pause)
        info.pauseMilliseconds = Int32(clamping: pause)
    }

    /// A fetch is about to be answered.
    ///
    /// - Parameter bytes: of records.
    /// - Returns: milliseconds; above 0 it is to be answered with nothing instead.
    func fetchAnswered(_ info: RequestInfo, bytes: Int) -> Int32 {
        let time = self.timeUsed(by: info)
        var pause: Int64 = 0
        self.isAnswerCharged = true
        if self.quotas.isLimited(.consumerByteRate), info.session.principal != .broker {
            let client = info.quotaClient
            pause = self.quotas.used(Double(bytes), of: .consumerByteRate, by: client)
            if max(pause, time) > 0 { self.quotas.unused(Double(bytes), of: .consumerByteRate, by: client) }
        }
        self.throttle(by: pause > time ? .consumerByteRate : .requestPercentage, for: max(pause, time))
        return Int32(clamping: max(pause, time))
    }

    /// A request is about to be answered.
    ///
    /// - Parameter already: what its handler has put into the answer.
    /// - Returns: milliseconds that the client is told to pause.
    func answerBegins(_ info: RequestInfo, already: Int32) -> Int32 {
        // A fetch was looked at before there was an answer.
        guard !self.isAnswerCharged else {
            self.isAnswerCharged = false
            return already
        }
        self.throttle(by: .controllerMutationRate, for: Int64(already))
        var time: Int64 = 0
        if !Self.exempt.contains(info.header.apiKey) {
            time = self.timeUsed(by: info)
            self.throttle(by: .requestPercentage, for: time)
        }
        return max(already, info.pauseMilliseconds, Int32(clamping: time))
    }

    /// - Returns: milliseconds to pause for the time of the event loop that the connection has used.
    private func timeUsed(by info: RequestInfo) -> Int64 {
        guard self.quotas.isLimited(.requestPercentage) else { return 0 }
        let nanoseconds = self.loopTime.take(now: .now())
        // Other brokers ask for clients, which are charged where they ask.
        if info.session.principal == .broker { return 0 }
        // In per cent of a second.
        return self.quotas.used(Double(nanoseconds) / 1e7, of: .requestPercentage, by: info.quotaClient)
    }

    /// A request without an answer is not charged for its time, as by Kafka.
    func dropTimeUsed() {
        guard self.quotas.isLimited(.requestPercentage) else { return }
        _ = self.loopTime.take(now: .now())
    }

    /// No request of the connection begins for so long.
    private func throttle(by kind: QuotaKind, for milliseconds: Int64) {
        guard milliseconds > 0, let eventLoop = self.context?.eventLoop else { return }
        self.quotas.throttled(by: kind, for: milliseconds)
        self.carryOut(self.core.quotaExceeded(until: eventLoop.now + .milliseconds(milliseconds)), eventLoop)
    }

    private func carryOut(_ action: ConnectionCore.MuteAction, _ eventLoop: any EventLoop) {
        switch action {
        case .none: break
        case .startTimer(let deadline):
            guard let reference else { return }
            eventLoop.scheduleTask(deadline: deadline) {
                guard let connection = reference.value else { return }
                // A loop that is drained runs its tasks before their time.
                let now = max(eventLoop.now, deadline)
                connection.carryOut(connection.core.muteTimerFired(now: now), eventLoop)
            }
        case .resume: self.advance()
        }
    }
}

/// The time of its event loop that a connection takes for requests (`request_percentage`): from a request's dispatch
/// until its handler returns, and that of making and writing its answer. Sans-IO.
///
/// Not counted: reading the socket and TLS, what other threads do for the request, and waiting. What is left after an
/// answer counts for the connection's next one.
struct LoopTime {
    private var since: NIODeadline?
    private var nanoseconds: Int64 = 0

    /// - Returns: whether it was not counting already.
    mutating func begin(now: NIODeadline) -> Bool {
        guard self.since == nil else { return false }
        self.since = now
        return true
    }

    /// Nothing, and no look at a clock, while it does not count.
    mutating func end() {
        guard let since else { return }
        self.nanoseconds += (.now() - since).nanoseconds
        self.since = nil
    }

    /// Takes what was counted; it counts on if it did.
    mutating func take(now: NIODeadline) -> Int64 {
        if let since {
            self.nanoseconds += (now - since).nanoseconds
            self.since = now
        }
        defer { self.nanoseconds = 0 }
        return self.nanoseconds
    }
}
