internal import NIOCore

/// Looks at a connection that holds much memory, and tells when its client has not moved for five seconds and others
/// wait for memory. Lives on the connection's event loop.
final class StallWatch {
    /// A connection that holds less is never in the way.
    static let bytesMin = 64 << 10
    /// How long a client may hold up others without moving.
    static let limit = TimeAmount.seconds(5)
    private static let period = TimeAmount.milliseconds(500)

    enum State {
        /// Holds little, or is gone: nothing to look at.
        case over
        /// Does not wait for its client.
        case busy
        case awaitsClient(Progress, isInTheWay: Bool)
    }

    /// Changes whenever the client sends or takes something.
    struct Progress: Equatable {
        var unsentBytes: Int
        var heldBytes: Int
        var receivedBytes: Int
    }

    private var timer: Scheduled<Void>?
    private var progress: (value: Progress, since: NIODeadline)?

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
            case .awaitsClient(let value, let isInTheWay):
                guard let progress = self.progress, progress.value == value else {
                    self.progress = (value, eventLoop.now)
                    break
                }
                if isInTheWay, eventLoop.now - progress.since >= Self.limit {
                    expired()
                    return
                }
            }
            self.schedule(on: eventLoop, state, expired)
        }
    }
}
