import NIOCore
import Synchronization
import Testing

@testable import Serving

/// How a connection ends: idle, at shutdown, and what it leaves behind.
@Suite struct ConnectionCoreEndTests {
    typealias Core = ConnectionCore

    /// What a connection may be doing.
    enum Doing: CaseIterable {
        case nothing
        case requestUnderWay
        case heldForLog
        case heldForMemory
        case claimWaiting
        case muted
        case answerUntaken
        case answering
    }

    private static func make(_ doing: Doing) -> Core {
        var core = ConnectionCoreTests.makeCore()
        switch doing {
        case .nothing: break
        case .requestUnderWay: _ = ConnectionCoreTests.start(&core, .control)
        case .heldForLog: _ = core.requestArrived(.append, bytes: 9000, obstacle: .congestion)
        case .heldForMemory: _ = core.requestArrived(.read, bytes: 9000, obstacle: .memory)
        case .claimWaiting: core.claimMustWait(9000)
        case .muted:
            let ticket = ConnectionCoreTests.start(&core, .control)
            _ = core.quotaExceeded(until: .uptimeNanoseconds(5))
            core.requestFinished(ticket, answer: ConnectionCoreTests.answer())
        case .answerUntaken:
            core.wrote(100_000)
            core.answersUntaken(100_000)
        case .answering:
            let ticket = ConnectionCoreTests.start(&core, .control)
            core.answerBegan(ticket)
        }
        return core
    }

    @Test(arguments: Doing.allCases, [false, true])
    func `only a connection that we do nothing for and that takes nothing is idle`(doing: Doing, isTaking: Bool) {
        let core = Self.make(doing)
        let isIdle = !isTaking && [.nothing, .answerUntaken, .answering].contains(doing)
        let action = core.idleLimitReached(isTaking: isTaking)
        #expect(action == (isIdle ? .close : .stay))
    }

    @Test(arguments: Doing.allCases)
    func `at shutdown no request begins any more, and the connection ends after its last answer`(doing: Doing) {
        var core = Self.make(doing)
        let action = core.quiesce()
        #expect(core.takesRequests == false)
        switch doing {
        case .nothing, .heldForLog, .heldForMemory, .claimWaiting, .answerUntaken:
            #expect(action == .closeAfterWrites)
            #expect(core.lifecycle == .draining)
        case .requestUnderWay, .muted, .answering:
            #expect(action == .stay)
            #expect(core.lifecycle == .quiescing)
        }
        let relieved = core.relieved(obstacle: nil)
        #expect(relieved == nil)
        let retried = core.retryHeld(obstacle: nil)
        #expect(retried == nil)
        let again = core.quiesce()
        #expect(again == .stay)
        if doing == .muted {
            let answer = core.nextAnswer()
            #expect(answer != nil, "a quota does not keep an answer back")
            let end = core.endIfAnswered()
            #expect(end == .closeAfterWrites)
        }
    }

    @Test func `a request under way at shutdown is answered, and then the connection ends`() {
        var core = ConnectionCoreTests.makeCore()
        let ticket = ConnectionCoreTests.start(&core, .control)
        _ = core.quiesce()
        core.requestFinished(ticket, answer: ConnectionCoreTests.answer())
        let early = core.endIfAnswered()
        #expect(early == .stay, "the answer is not written")
        let answer = core.nextAnswer()
        #expect(answer != nil)
        let end = core.endIfAnswered()
        #expect(end == .closeAfterWrites)
        let again = core.endIfAnswered()
        #expect(again == .stay)
    }

    @Test(arguments: Doing.allCases)
    func `a connection that is gone holds nothing, and what comes late is ignored`(doing: Doing) {
        var core = Self.make(doing)
        _ = core.closed()
        #expect(core.isClosed == true)
        #expect(core.requestBytes == 0 && core.answerBytes == 0)
        core.claimGranted(9000)
        core.claimMustWait(9000)
        core.answersUntaken(9000)
        core.requestFinished(RequestTicket(number: 0), answer: ConnectionCoreTests.answer())
        let muted = core.quotaExceeded(until: .uptimeNanoseconds(9))
        let unmuted = core.muteTimerFired(now: .uptimeNanoseconds(9))
        #expect(muted == .none && unmuted == .none)
        core.writabilityChanged(isWritable: true)
        let relieved = core.relieved(obstacle: nil)
        let claim = core.requestClaims(9000, limit: 9000)
        let answer = core.nextAnswer()
        let quiesced = core.quiesce()
        let ended = core.endIfAnswered()
        #expect(relieved == nil && claim == .none && answer == nil && quiesced == .stay && ended == .stay)
        #expect(core.requestBytes == 0 && core.answerBytes == 0)
        #expect(core.takesRequests == false && core.needsStallWatch == false)
        let idle = core.idleLimitReached(isTaking: false)
        #expect(idle == .stay)
    }

    @Test func `what a request would have cancelled is cancelled once when the connection goes`() {
        final class Count: Sendable { let value = Atomic<Int>(0) }
        let count = Count()
        var core = ConnectionCoreTests.makeCore()
        let ticket = ConnectionCoreTests.start(&core, .read)
        core.onClose(of: ticket) { count.value.wrappingAdd(1, ordering: .relaxed) }
        for cancel in core.closed() { cancel() }
        for cancel in core.closed() { cancel() }
        #expect(count.value.load(ordering: .relaxed) == 1)
        let deadline = core.onDeadline(.now(), of: ticket) {}
        #expect(deadline == nil)
    }
}
