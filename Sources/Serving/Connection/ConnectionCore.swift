package import NIOCore

/// Decides what happens on one client connection of any protocol: when each request begins, when the socket is read,
/// what is counted as memory and when the connection ends. Sans-IO.
///
/// The shell feeds it events, carries out the actions that it gets back and keeps the bytes; it decides nothing. Kafka
/// pipelines requests over one core; an HTTP/1.1 connection has one request at a time; the streams of an HTTP/2
/// connection are `independent`.
///
/// ```
///                   requestArrived                       requestFinished         nextAnswer
///  bytes ─► arrival ──────────────► intake ── start ──► under way ──► answers ──────────────► outlet ─► socket
///           uncounted               ready               (running)     (ordered)               writable
///           waiting (memory)        held: turn                                                full
///           counted                 held: congestion
///                                   held: memory
///
///  lifecycle: open ── quiesce ──► quiescing ── last answer written ──► draining ── taken ──► closed
/// ```
///
/// Three kinds of bad input: what the peer sends is judged by the protocol's own decoder; a call in the wrong state is
/// our bug (`preconditionFailure`); events that come late (a relief, a timer, an answer after the end) are ignored.
package struct ConnectionCore: ~Copyable {
    /// How the requests of a connection relate.
    package enum Ordering: Sendable {
        /// They take effect and are answered in order; `RequestClass` says which may overlap.
        case pipelined
        /// Each is a stream of its own.
        case independent
    }

    package struct Settings: Sendable {
        package var ordering: Ordering
        /// Requests that may be under way or wait for their turn to be answered; beyond it none begins and the
        /// socket is not read.
        package var requestsMax: Int

        package init(ordering: Ordering, requestsMax: Int) {
            self.ordering = ordering
            self.requestsMax = requestsMax
        }
    }

    /// Why a request that has arrived whole does not begin.
    package enum HoldReason: Sendable, Hashable {
        /// Requests before it are under way, or the client does not take its answers.
        case turn
        /// The log cannot keep up. Refusing the request would make the client send it again, and a producer without
        /// idempotence might then change the order of its records.
        case congestion
        case memory
    }

    /// What the shell finds in the way of a request of some class, besides the requests before it.
    package enum Obstacle: Sendable, Hashable {
        case congestion
        case memory
    }

    enum Lifecycle: Sendable, Hashable {
        case open
        /// No request begins any more; the connection ends after the last answer.
        case quiescing
        /// The last answer is written, and the socket has not taken all of it.
        case draining
        case closed
    }

    struct Held: Sendable, Hashable {
        var requestClass: RequestClass
        var bytes: Int
        var reason: HoldReason
    }

    /// The request that is next.
    enum Intake: Sendable, Hashable {
        case ready
        case held(Held)
    }

    /// The large request that is coming in.
    enum Arrival: Sendable, Hashable {
        /// Too small to count, or none.
        case uncounted
        /// The socket is not read until there is memory for all of it, so that requests which have begun can end.
        case waiting(bytes: Int)
        case counted(bytes: Int)
    }

    enum Outlet: Sendable, Hashable {
        case writable
        case full
    }

    /// Reads of the socket that the transport asked for.
    enum Input: Sendable, Hashable {
        case free
        /// One was asked for and waits until a request may begin.
        case heldBack
    }

    /// Whether a quota is exceeded (KIP-219): answers leave, no request begins and the socket is not read.
    enum Mute: Sendable, Hashable {
        case off
        case on(until: NIODeadline)
    }

    enum StallWatch: Sendable, Hashable {
        case off
        /// `progress` is what it was at `since`, or too little more.
        case on(progress: Int, since: NIODeadline)
    }

    private struct Running {
        var ticket: RequestTicket
        var requestClass: RequestClass
        /// Counted until it is finished.
        var bytes: Int
        /// Its answer goes out part by part, at the pace of the client.
        var isAnswering = false
    }

    private let settings: Settings
    private(set) var lifecycle = Lifecycle.open
    private(set) var intake = Intake.ready
    var arrival = Arrival.uncounted
    private(set) var outlet = Outlet.writable
    private(set) var input = Input.free
    private(set) var mute = Mute.off
    var stallWatch = StallWatch.off
    private var running: [Running] = []
    private var runningBytes = 0
    private var answers = AnswerQueue()
    private var pending = PendingRequests()
    private var independentTickets: UInt64 = 0
    /// What the client has sent, ever.
    var receivedBytes = 0
    /// What was written for the client, ever, and what the socket has not taken of it.
    var writtenBytes = 0
    var untakenBytes = 0
    /// Held for parts of an answer that are still to be made.
    var pendingBytes = 0
    /// Written since `answersUntaken` was last called.
    var writtenBytesUnasked = 0

    package init(_ settings: Settings) { self.settings = settings }

    // MARK: Requests

    package enum StartAction: Sendable, Hashable {
        case start(RequestTicket)
        /// Keep it. `turn`: ask `retryHeld` after other events; `congestion`, `memory`: call `relieved` once there
        /// is room.
        case hold(HoldReason)
    }

    /// Whether a next request may be taken from what has arrived.
    package var takesRequests: Bool {
        self.lifecycle == .open && self.intake == .ready && self.outlet == .writable && self.mute == .off
            && self.unanswered < self.settings.requestsMax
    }

    /// Whether more of a request may be taken from what has arrived: also not while a large one waits for memory.
    package var takesInput: Bool {
        guard self.takesRequests else { return false }
        if case .waiting = self.arrival { return false }
        return true
    }

    /// Whether what was received waits until there is memory for all of its request.
    package var awaitsMemoryForRequest: Bool {
        if case .waiting = self.arrival { return true }
        return false
    }

    /// Requests that are under way or whose answers wait for their turn.
    package var unanswered: Int {
        switch self.settings.ordering {
        case .pipelined: self.answers.count
        case .independent: self.running.count
        }
    }

    /// The class of the request that is held.
    package var heldClass: RequestClass? {
        guard case .held(let held) = self.intake else { return nil }
        return held.requestClass
    }

    /// Whether the request that is held waits for its turn, so that `retryHeld` may start it.
    package var isHeldForTurn: Bool {
        guard case .held(let held) = self.intake else { return false }
        return held.reason == .turn
    }

    /// A request has arrived whole. Only while `takesRequests`.
    ///
    /// - Parameters:
    ///   - bytes: of all of it.
    ///   - obstacle: what is in the way of its class now.
    package mutating func requestArrived(
        _ requestClass: RequestClass,
        bytes: Int,
        obstacle: Obstacle?
    ) -> StartAction {
        precondition(self.takesRequests, "a request was taken while none may begin")
        var counted = bytes >= ConnectionMemory.countedFrom ? bytes : 0
        if case .counted(let reserved) = self.arrival {
            counted = reserved
            self.arrival = .uncounted
        }
        return self.begin(Held(requestClass: requestClass, bytes: counted, reason: .turn), obstacle: obstacle)
    }

    /// Looks again at a request that waits for its turn.
    ///
    /// - Parameter obstacle: what is in the way of its class now.
    /// - Returns: `nil`: leave it where it is, or nothing is held for its turn.
    package mutating func retryHeld(obstacle: Obstacle?) -> StartAction? {
        guard case .held(let held) = self.intake, held.reason == .turn, self.mayStart(held.requestClass) else {
            return nil
        }
        return self.begin(held, obstacle: obstacle)
    }

    /// The log has caught up, or memory is free: what a request was held for.
    ///
    /// - Returns: `nil`: nothing is held for it any more.
    package mutating func relieved(obstacle: Obstacle?) -> StartAction? {
        guard case .held(let held) = self.intake, held.reason != .turn, self.lifecycle == .open else { return nil }
        return self.begin(held, obstacle: obstacle)
    }

    private mutating func begin(_ held: Held, obstacle: Obstacle?) -> StartAction {
        var held = held
        if !self.mayStart(held.requestClass) {
            held.reason = .turn
        } else if let obstacle {
            held.reason = obstacle == .congestion ? .congestion : .memory
        } else {
            self.intake = .ready
            return .start(self.start(held.requestClass, bytes: held.bytes))
        }
        self.intake = .held(held)
        return .hold(held.reason)
    }

    private func mayStart(_ requestClass: RequestClass) -> Bool {
        guard self.lifecycle == .open, self.outlet == .writable, self.mute == .off,
            self.unanswered < self.settings.requestsMax
        else { return false }
        switch (self.settings.ordering, requestClass) {
        case (.independent, _): return true
        case (.pipelined, .append): return self.running.allSatisfy { $0.requestClass == .append }
        case (.pipelined, .read), (.pipelined, .control): return self.running.isEmpty
        }
    }

    private mutating func start(_ requestClass: RequestClass, bytes: Int) -> RequestTicket {
        let ticket: RequestTicket
        switch self.settings.ordering {
        case .pipelined: ticket = self.answers.requestStarted()
        case .independent:
            ticket = RequestTicket(number: self.independentTickets)
            self.independentTickets += 1
        }
        // From here on the log holds the appended records, under its own limit.
        let counted = requestClass == .append ? 0 : bytes
        self.runningBytes += counted
        self.running.append(Running(ticket: ticket, requestClass: requestClass, bytes: counted))
        return ticket
    }

    /// The answer to a request goes out part by part from now on: it is the client that has to move.
    package mutating func answerBegan(_ ticket: RequestTicket) {
        guard let index = self.running.firstIndex(where: { $0.ticket == ticket }) else { return }
        self.running[index].isAnswering = true
    }

    /// A request has its answer. Ignored after the end.
    ///
    /// - Parameter answer: `nil`: the client expects none, or the transport has written it itself.
    package mutating func requestFinished(_ ticket: RequestTicket, answer: [ByteBuffer]?) {
        guard self.lifecycle != .closed else { return }
        guard let index = self.running.firstIndex(where: { $0.ticket == ticket }) else {
            preconditionFailure("a request was answered twice")
        }
        self.runningBytes -= self.running[index].bytes
        self.running.remove(at: index)
        self.pending.answered(ticket)
        if self.settings.ordering == .pipelined { self.answers.finished(ticket, with: answer) }
    }

    /// Takes the next answer to write.
    package mutating func nextAnswer() -> [ByteBuffer]? {
        guard self.lifecycle != .closed else { return nil }
        return self.answers.next()
    }

    // MARK: Throttling

    package enum MuteAction: Sendable, Hashable {
        case none
        /// Call `muteTimerFired` then.
        case startTimer(NIODeadline)
        /// Requests may begin again.
        case resume
    }

    /// The client has exceeded a quota. A later end prevails over an earlier one.
    package mutating func quotaExceeded(until deadline: NIODeadline) -> MuteAction {
        guard self.lifecycle == .open else { return .none }
        switch self.mute {
        case .off:
            self.mute = .on(until: deadline)
            return .startTimer(deadline)
        case .on(let before):
            // The timer is on its way.
            self.mute = .on(until: max(before, deadline))
            return .none
        }
    }

    package mutating func muteTimerFired(now: NIODeadline) -> MuteAction {
        guard case .on(let deadline) = self.mute else { return .none }
        if now < deadline { return .startTimer(deadline) }
        self.mute = .off
        return .resume
    }

    // MARK: Reading the socket

    package enum ReadAction: Sendable, Hashable {
        case read
        case wait
    }

    /// The transport would read the socket.
    package mutating func readRequested() -> ReadAction {
        if self.takesInput { return .read }
        self.input = .heldBack
        return .wait
    }

    /// - Returns: whether to read the socket after all.
    package mutating func resumeReading() -> Bool {
        guard self.input == .heldBack, self.takesInput else { return false }
        self.input = .free
        return true
    }

    // MARK: The client's side of the socket

    /// - Parameter isWritable: whether the transport takes more.
    package mutating func writabilityChanged(isWritable: Bool) { self.outlet = isWritable ? .writable : .full }

    // MARK: Time

    package enum IdleAction: Sendable, Hashable {
        case close
        case stay
    }

    /// Nothing was sent or answered for the idle limit. A request under way (a long poll, a rebalance), one that we
    /// hold, and an answer that is being taken slowly are not idleness.
    ///
    /// - Parameter isTaking: whether the client took some of an answer since this last happened.
    package func idleLimitReached(isTaking: Bool) -> IdleAction {
        let areAllAnswering = self.running.allSatisfy(\.isAnswering) && self.unanswered == self.running.count
        guard self.lifecycle == .open, areAllAnswering, self.intake == .ready, self.mute == .off else {
            return .stay
        }
        if case .waiting = self.arrival { return .stay }
        return isTaking ? .stay : .close
    }

    /// Keeps what must be done when the connection closes before the answer.
    package mutating func onClose(of ticket: RequestTicket, _ cancel: @escaping PendingRequests.Action) {
        self.pending.onClose(of: ticket, cancel)
    }

    /// Keeps what must be done when the deadline comes before the answer.
    ///
    /// - Returns: when to call `deadlineCame`, in place of any earlier time; `nil` when that time stays.
    package mutating func onDeadline(
        _ deadline: NIODeadline,
        of ticket: RequestTicket,
        _ expire: @escaping PendingRequests.Action
    ) -> NIODeadline? {
        guard self.lifecycle != .closed else { return nil }
        return self.pending.onDeadline(deadline, of: ticket, expire)
    }

    /// The timer fired that `onDeadline` asked for.
    ///
    /// - Returns: what to do for requests whose time is up, and when to call again.
    package mutating func deadlineCame(
        now: NIODeadline
    ) -> (expired: [PendingRequests.Action], next: NIODeadline?) {
        self.pending.timerFired(now: self.pending.timerDeadline ?? now)
    }

    // MARK: The end

    package enum EndAction: Sendable, Hashable {
        case stay
        /// Close once the socket has taken what was written.
        case closeAfterWrites
    }

    /// The server shuts down. A request that is held does not begin any more.
    package mutating func quiesce() -> EndAction {
        guard self.lifecycle == .open else { return .stay }
        self.lifecycle = .quiescing
        self.mute = .off
        return self.endIfAnswered()
    }

    /// Call it after answers were written.
    package mutating func endIfAnswered() -> EndAction {
        guard self.lifecycle == .quiescing, self.unanswered == 0 else { return .stay }
        self.lifecycle = .draining
        return .closeAfterWrites
    }

    package var isClosed: Bool { self.lifecycle == .closed }

    /// Whether the connection ends with the answers that are under way.
    package var isEnding: Bool { self.lifecycle != .open }

    /// The connection is gone, or is being closed. Lets go of everything.
    ///
    /// - Returns: what must be cancelled; nothing the second time.
    package mutating func closed() -> [PendingRequests.Action] {
        self.lifecycle = .closed
        self.intake = .ready
        self.arrival = .uncounted
        self.mute = .off
        self.stallWatch = .off
        self.running.removeAll()
        self.runningBytes = 0
        self.untakenBytes = 0
        self.pendingBytes = 0
        self.answers.removeAll()
        return self.pending.closed()
    }

    // MARK: Memory

    /// Requests that the connection holds: coming in, held, under way.
    package var requestBytes: Int {
        var bytes = self.runningBytes
        if case .counted(let reserved) = self.arrival { bytes += reserved }
        if case .held(let held) = self.intake { bytes += held.bytes }
        return bytes
    }

    /// Answers that the connection holds: waiting for their turn, not made yet, or not taken by the socket.
    package var answerBytes: Int { self.answers.readyBytes + self.untakenBytes + self.pendingBytes }
}
