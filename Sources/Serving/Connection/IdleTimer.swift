package import NIOCore

/// Tells a connection that it has done nothing for a time, by one timer that runs once in that time.
///
/// NIO's `IdleStateHandler` makes a promise for each answer and adds a step of the pipeline to each read and write.
/// Lives on the connection's event loop.
package final class IdleTimer {
    private let limit: TimeAmount
    private var lastActivity = NIODeadline.uptimeNanoseconds(0)
    private var eventLoop: (any EventLoop)?
    private var timer: Scheduled<Void>?
    /// What the socket had not taken when that was last asked.
    private var unsentBytes = 0

    package init(limit: TimeAmount) { self.limit = limit }

    /// - Parameter expired: called whenever nothing has happened for `limit`, and after as long again, until `stop`.
    package func start(on eventLoop: any EventLoop, _ expired: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.lastActivity = eventLoop.now
        self.wait(until: self.lastActivity + self.limit, on: eventLoop, expired)
    }

    /// Something was received, answered or taken.
    package func activity() {
        guard let eventLoop else { return }
        self.lastActivity = eventLoop.now
    }

    /// Whether the client takes an answer, if slowly: since this was last asked, the socket has taken some of it.
    package func isTaking(_ channel: any Channel) -> Bool { self.isTaking(unsentBytes: channel.unsentBytes) }

    /// - Parameter unsent: what the socket has not taken now.
    package func isTaking(unsentBytes unsent: Int) -> Bool {
        defer { self.unsentBytes = unsent }
        return unsent > 0 && unsent != self.unsentBytes
    }

    package func stop() {
        self.timer?.cancel()
        self.timer = nil
        self.eventLoop = nil
    }

    private func wait(until deadline: NIODeadline, on eventLoop: any EventLoop, _ expired: @escaping () -> Void) {
        self.timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            var next = self.lastActivity + self.limit
            if next <= deadline {
                next = deadline + self.limit
                expired()
                // That may have ended the connection.
                if self.eventLoop == nil { return }
            }
            self.wait(until: next, on: eventLoop, expired)
        }
    }
}

extension Channel {
    /// What was written to the channel and the socket has not taken.
    package var unsentBytes: Int { (try? self.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }
}
