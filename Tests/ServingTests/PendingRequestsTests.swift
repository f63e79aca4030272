import NIOCore
import Synchronization
import Testing

@testable import Serving

@Suite struct PendingRequestsTests {
    /// What was done, by name, in order.
    private final class Journal: Sendable {
        private let names = Mutex<[String]>([])
        func note(_ name: String) -> @Sendable () -> Void { { self.names.withLock { $0.append(name) } } }
        var all: [String] { self.names.withLock { $0 } }
    }

    private static func at(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    private let journal = Journal()

    @Test func `one timer serves requests whose deadlines come later`() {
        var responses = AnswerQueue()
        var pending = PendingRequests()
        let first = pending.onDeadline(Self.at(100), of: responses.requestStarted(), self.journal.note("a"))
        let second = pending.onDeadline(Self.at(100), of: responses.requestStarted(), self.journal.note("b"))
        let third = pending.onDeadline(Self.at(300), of: responses.requestStarted(), self.journal.note("c"))
        #expect(first == Self.at(100))
        #expect(second == nil)
        #expect(third == nil)
        let (expired, next) = pending.timerFired(now: Self.at(100))
        for action in expired { action() }
        #expect(self.journal.all == ["a", "b"])
        #expect(next == Self.at(300))
    }

    @Test func `an earlier deadline asks for an earlier timer`() {
        var responses = AnswerQueue()
        var pending = PendingRequests()
        _ = pending.onDeadline(Self.at(500), of: responses.requestStarted(), self.journal.note("late"))
        let earlier = pending.onDeadline(Self.at(50), of: responses.requestStarted(), self.journal.note("early"))
        #expect(earlier == Self.at(50))
        let (expired, next) = pending.timerFired(now: Self.at(60))
        for action in expired { action() }
        #expect(self.journal.all == ["early"])
        #expect(next == Self.at(500))
    }

    @Test func `an answered request neither expires nor is cancelled, and its timer fires for nothing`() {
        var responses = AnswerQueue()
        var pending = PendingRequests()
        let ticket = responses.requestStarted()
        _ = pending.onDeadline(Self.at(100), of: ticket, self.journal.note("expired"))
        pending.onClose(of: ticket, self.journal.note("cancelled"))
        pending.answered(ticket)
        let (expired, next) = pending.timerFired(now: Self.at(100))
        #expect(expired.isEmpty)
        #expect(next == nil)
        let cancelled = pending.closed()
        #expect(cancelled.isEmpty)
        let again = pending.onDeadline(Self.at(200), of: responses.requestStarted(), self.journal.note("next"))
        #expect(again == Self.at(200))
    }

    @Test func `a request expires once and is still cancelled when its connection closes`() {
        var responses = AnswerQueue()
        var pending = PendingRequests()
        let ticket = responses.requestStarted()
        pending.onClose(of: ticket, self.journal.note("cancelled"))
        _ = pending.onDeadline(Self.at(100), of: ticket, self.journal.note("expired"))
        for _ in 0..<2 {
            let (expired, _) = pending.timerFired(now: Self.at(150))
            for action in expired { action() }
        }
        let cancelled = pending.closed()
        for action in cancelled { action() }
        #expect(self.journal.all == ["expired", "cancelled"])
        let nothing = pending.closed()
        #expect(nothing.isEmpty)
    }
}
