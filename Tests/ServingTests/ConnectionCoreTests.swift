import NIOCore
import Testing

@testable import Serving

/// Which request begins when, and what is read.
@Suite struct ConnectionCoreTests {
    typealias Core = ConnectionCore

    static func makeCore(ordering: Core.Ordering = .pipelined, requestsMax: Int = 4) -> Core {
        Core(Core.Settings(ordering: ordering, requestsMax: requestsMax))
    }

    static func answer(_ text: String = "x") -> [ByteBuffer] { [ByteBuffer(string: text)] }

    /// Starts a request, which nothing must be in the way of.
    static func start(_ core: inout Core, _ requestClass: RequestClass, bytes: Int = 100) -> RequestTicket {
        guard case .start(let ticket) = core.requestArrived(requestClass, bytes: bytes, obstacle: nil) else {
            preconditionFailure("it does not begin")
        }
        return ticket
    }

    // MARK: Order

    static let pairs = RequestClass.allCases.flatMap { first in RequestClass.allCases.map { (first, $0) } }

    @Test(arguments: pairs)
    func `only appends begin while another request is under way, and then only beside appends`(
        first: RequestClass,
        second: RequestClass
    ) {
        var core = Self.makeCore()
        let ticket = Self.start(&core, first)
        let action = core.requestArrived(second, bytes: 100, obstacle: nil)
        if (first, second) == (.append, .append) {
            #expect(action != .hold(.turn))
            #expect(core.heldClass == nil)
            return
        }
        #expect(action == .hold(.turn))
        #expect(core.heldClass == second)
        let early = core.retryHeld(obstacle: nil)
        #expect(early == nil, "what came before it is not decided")
        core.requestFinished(ticket, answer: Self.answer())
        guard case .start = core.retryHeld(obstacle: nil) else {
            Issue.record("it does not begin once all before it is decided")
            return
        }
        #expect(core.heldClass == nil)
    }

    @Test func `a read waits for every append before it, in any order of their decisions`() {
        var core = Self.makeCore()
        let appends = (0..<3).map { _ in Self.start(&core, .append) }
        let read = core.requestArrived(.read, bytes: 100, obstacle: nil)
        #expect(read == .hold(.turn))
        for ticket in [appends[2], appends[0]] {
            core.requestFinished(ticket, answer: Self.answer())
            let early = core.retryHeld(obstacle: nil)
            #expect(early == nil)
        }
        core.requestFinished(appends[1], answer: nil)
        let action = core.retryHeld(obstacle: nil)
        #expect(action != nil)
    }

    @Test(arguments: RequestClass.allCases)
    func `streams of a connection do not wait for one another`(requestClass: RequestClass) {
        var core = Self.makeCore(ordering: .independent)
        let first = Self.start(&core, .read)
        let second = Self.start(&core, requestClass)
        #expect(core.unanswered == 2)
        core.requestFinished(second, answer: nil)
        core.requestFinished(first, answer: nil)
        #expect(core.unanswered == 0)
    }

    @Test func `answers leave in order, and no more requests begin than may be unanswered`() {
        var core = Self.makeCore(requestsMax: 2)
        let (first, second) = (Self.start(&core, .append), Self.start(&core, .append))
        #expect(core.takesRequests == false)
        core.requestFinished(second, answer: Self.answer("b"))
        let early = core.nextAnswer()
        #expect(early == nil)
        #expect(core.takesRequests == false, "an answer that waits for its turn is still held for the client")
        core.requestFinished(first, answer: Self.answer("a"))
        let texts = [core.nextAnswer(), core.nextAnswer()].map { $0?.map { String(buffer: $0) } }
        #expect(texts == [["a"], ["b"]])
        #expect(core.takesRequests == true)
    }

    // MARK: Held requests

    static let obstacles: [(RequestClass, Core.Obstacle, Core.HoldReason)] = [
        (.append, .congestion, .congestion), (.read, .memory, .memory),
    ]

    @Test(arguments: obstacles)
    func `what is held for the log or for memory begins with the relief and with nothing else`(
        requestClass: RequestClass,
        obstacle: Core.Obstacle,
        reason: Core.HoldReason
    ) {
        var core = Self.makeCore()
        let held = core.requestArrived(requestClass, bytes: 9000, obstacle: obstacle)
        #expect(held == .hold(reason))
        #expect(core.takesRequests == false)
        let retried = core.retryHeld(obstacle: nil)
        #expect(retried == nil, "or there would be two reliefs to come")
        let again = core.relieved(obstacle: obstacle)
        #expect(again == .hold(reason), "others were quicker")
        guard case .start = core.relieved(obstacle: nil) else {
            Issue.record("it does not begin")
            return
        }
        let late = core.relieved(obstacle: nil)
        #expect(late == nil, "a relief that comes late is ignored")
    }

    @Test func `a relief that comes while the client takes nothing leaves the request waiting for its turn`() {
        var core = Self.makeCore()
        _ = core.requestArrived(.append, bytes: 100, obstacle: .congestion)
        core.writabilityChanged(isWritable: false)
        let action = core.relieved(obstacle: nil)
        #expect(action == .hold(.turn))
        #expect(core.isHeldForTurn == true)
        let early = core.retryHeld(obstacle: nil)
        #expect(early == nil)
        core.writabilityChanged(isWritable: true)
        let congested = core.retryHeld(obstacle: .congestion)
        #expect(congested == .hold(.congestion))
    }

    @Test func `a request that arrives while none may begin is our bug`() async {
        await #expect(processExitsWith: .failure) {
            var core = ConnectionCoreTests.makeCore()
            core.writabilityChanged(isWritable: false)
            _ = core.requestArrived(.control, bytes: 1, obstacle: nil)
        }
    }

    @Test func `answering twice is our bug`() async {
        await #expect(processExitsWith: .failure) {
            var core = ConnectionCoreTests.makeCore()
            let ticket = ConnectionCoreTests.start(&core, .append)
            _ = ConnectionCoreTests.start(&core, .append)
            core.requestFinished(ticket, answer: nil)
            core.requestFinished(ticket, answer: nil)
        }
    }

    // MARK: Throttling

    @Test func `after a quota was exceeded answers leave at once, and no request begins until its time is over`() {
        var core = Self.makeCore()
        let (before, throttled) = (Self.start(&core, .append), Self.start(&core, .append))
        let action = core.quotaExceeded(until: .uptimeNanoseconds(100))
        #expect(action == .startTimer(.uptimeNanoseconds(100)))
        #expect(core.takesRequests == false)
        core.requestFinished(before, answer: Self.answer("before"))
        core.requestFinished(throttled, answer: Self.answer("throttled"))
        var answers: [String] = []
        while let answer = core.nextAnswer() { answers += answer.map { String(buffer: $0) } }
        #expect(answers == ["before", "throttled"])
        let read = core.readRequested()
        #expect(read == .wait)
        let unmuted = core.muteTimerFired(now: .uptimeNanoseconds(100))
        #expect(unmuted == .resume && core.takesRequests)
        let resumed = core.resumeReading()
        #expect(resumed)
    }

    @Test func `the latest end of several mutes holds, with one timer`() {
        var core = Self.makeCore()
        let ends: [UInt64] = [100, 300, 200]
        let actions = ends.map { core.quotaExceeded(until: .uptimeNanoseconds($0)) }
        #expect(actions == [.startTimer(.uptimeNanoseconds(100)), .none, .none])
        let first = core.muteTimerFired(now: .uptimeNanoseconds(100))
        #expect(first == .startTimer(.uptimeNanoseconds(300)) && !core.takesRequests)
        let second = core.muteTimerFired(now: .uptimeNanoseconds(300))
        #expect(second == .resume && core.takesRequests)
        let late = core.muteTimerFired(now: .uptimeNanoseconds(400))
        #expect(late == .none)
    }

    @Test func `a muted connection that is shut down ends with its answers`() {
        var core = Self.makeCore()
        _ = core.quotaExceeded(until: .uptimeNanoseconds(100))
        let end = core.quiesce()
        #expect(end == .closeAfterWrites)
        let late = core.muteTimerFired(now: .uptimeNanoseconds(100))
        #expect(late == .none && !core.takesRequests)
    }

    // MARK: Reading

    /// States in which the socket is not read, and what ends each.
    enum Blocked: CaseIterable {
        case held
        case outletFull
        case tooMany
        case claimWaits
        case muted
    }

    @Test(arguments: Blocked.allCases)
    func `the socket is not read while no request may begin, and is read once one may`(blocked: Blocked) {
        var core = Self.makeCore(requestsMax: 1)
        var ticket: RequestTicket?
        switch blocked {
        case .held: _ = core.requestArrived(.append, bytes: 1, obstacle: .congestion)
        case .outletFull: core.writabilityChanged(isWritable: false)
        case .tooMany: ticket = Self.start(&core, .control)
        case .claimWaits: core.claimMustWait(9000)
        case .muted: _ = core.quotaExceeded(until: .uptimeNanoseconds(5))
        }
        let read = core.readRequested()
        #expect(read == .wait)
        let early = core.resumeReading()
        #expect(!early)
        switch blocked {
        case .held: ticket = core.relieved(obstacle: nil).flatMap { if case .start(let it) = $0 { it } else { nil } }
        case .outletFull: core.writabilityChanged(isWritable: true)
        case .tooMany: break
        case .claimWaits: core.claimGranted(9000)
        case .muted: _ = core.muteTimerFired(now: .uptimeNanoseconds(5))
        }
        if let ticket {
            core.requestFinished(ticket, answer: nil)
            _ = core.nextAnswer()
        }
        let resumed = core.resumeReading()
        #expect(resumed)
        let again = core.resumeReading()
        #expect(!again, "one read was asked for")
    }
}
