internal import NIOCore

/// Looks at a connection that holds much memory, and tells when its client has not moved for five seconds, or one when
/// others have waited for longer than that, and they still wait for memory. Lives on the connection's event loop.
final class StallWatch {
    /// A connection that holds less is never in the way.
    static let bytesMin = 64 << 10
    /// A client that sends or takes less within its patience stands still.
    static let progressBytesMin = 64 << 10
    private static let period = TimeAmount.milliseconds(500)

    enum State {
        /// Holds little, or is gone: nothing to look at.
        case over
        /// Does not wait for its client.
        case busy
        /// - Parameters:
        ///   - progress: grows with the bytes that the client sends and takes.
        ///   - patience: how long it may stand still now; `nil` when it is in nobody's way.
        case awaitsClient(progress: Int, patience: TimeAmount?)
    }

    private var timer: Scheduled<Void>?
    private var progress: (value: Int, since: NIODeadline)?

    /// Watches until there is nothing to look at, if it does not already.
    ///
    /// - Parameter expired: called once; the watch is over then.
    func start(on eventLoop: any EventLoop, _ state: @escaping () -> State, expired: @escaping () -> Void) {
        guard self.timer == nil else { return }
        self.progress = nil
        self.schedule(on: eventLoop, state, expired)
    }

    func stop() {
        self.timer?.cancel()
        self.timer = nil
    }

    private func schedule(on eventLoop: any EventLoop, _ state: @escaping () -> State, _ expired: @escaping () -> Void)
    {
        self.timer = eventLoop.assumeIsolated().scheduleTask(in: Self.period) {
            self.timer = nil
            switch state() {
            case .over: return
            case .busy: self.progress = nil
            case .awaitsClient(let value, let patience):
                // Less than before: another request has begun.
                guard let progress = self.progress, value >= progress.value,
                    value - progress.value < Self.progressBytesMin
                else {
                    self.progress = (value, eventLoop.now)
                    break
                }
                if let patience, eventLoop.now - progress.since >= patience {
                    expired()
                    return
                }
            }
            self.schedule(on: eventLoop, state, expired)
        }
    }
}
