package import NIOCore

/// What is to happen with a connection's unanswered requests when time runs out or the connection goes.
///
/// One timer serves them all. It is left alone when a request is answered in time, which nearly all are: setting and
/// cancelling a timer of the event loop for each would cost a search through all of the loop's timers. Sans-IO.
package struct PendingRequests: ~Copyable {
    package typealias Action = @Sendable () -> Void

    private struct Entry {
        var ticket: RequestTicket
        var deadline: NIODeadline?
        var expire: Action?
        var cancel: Action?
    }

    /// Few: a connection has a bounded number of requests in flight, and most of them need no entry.
    private var entries: [Entry] = []
    /// When the timer that was last asked for fires.
    package private(set) var timerDeadline: NIODeadline?

    package init() {}

    /// Keeps what must be done when the connection closes before the answer.
    package mutating func onClose(of ticket: RequestTicket, _ cancel: @escaping Action) {
        if let index = self.index(of: ticket) {
            self.entries[index].cancel = cancel
        } else {
            self.entries.append(Entry(ticket: ticket, cancel: cancel))
        }
    }

    /// Keeps what must be done when the deadline comes before the answer.
    ///
    /// - Returns: when to call `timerFired`, in place of any earlier time; `nil` when that time stays.
    package mutating func onDeadline(
        _ deadline: NIODeadline,
        of ticket: RequestTicket,
        _ expire: @escaping Action
    ) -> NIODeadline? {
        if let index = self.index(of: ticket) {
            self.entries[index].deadline = deadline
            self.entries[index].expire = expire
        } else {
            self.entries.append(Entry(ticket: ticket, deadline: deadline, expire: expire))
        }
        if let armed = self.timerDeadline, armed <= deadline { return nil }
        self.timerDeadline = deadline
        return deadline
    }

    package mutating func answered(_ ticket: RequestTicket) {
        if let index = self.index(of: ticket) { self.entries.remove(at: index) }
    }

    /// The timer fired.
    ///
    /// - Returns: what to do for requests whose time is up, and when to call again, if at all.
    package mutating func timerFired(now: NIODeadline) -> (expired: [Action], next: NIODeadline?) {
        var expired: [Action] = []
        var next: NIODeadline?
        for index in self.entries.indices {
            guard let deadline = self.entries[index].deadline else { continue }
            if deadline <= now {
                self.entries[index].deadline = nil
                if let expire = self.entries[index].expire.take() { expired.append(expire) }
            } else {
                next = min(next ?? deadline, deadline)
            }
        }
        self.timerDeadline = next
        return (expired, next)
    }

    /// The connection is gone: nothing expires any more.
    ///
    /// - Returns: what must be cancelled.
    package mutating func closed() -> [Action] {
        defer { self.entries = [] }
        return self.entries.compactMap(\.cancel)
    }

    private func index(of ticket: RequestTicket) -> Int? {
        self.entries.firstIndex { $0.ticket == ticket }
    }
}
