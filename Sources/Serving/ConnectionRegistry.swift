package import NIOCore
internal import Synchronization

/// The open connections of a listener: bounds their number, and brings them to an end.
package final class ConnectionRegistry: Sendable {
    private static let refusalPause = TimeAmount.seconds(10)

    private let limit: Int
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])
    /// Refusals that nobody has been told of, and whether somebody will be.
    private let refusals = Mutex<(count: Int, isDue: Bool)>((0, false))

    package init(limit: Int) { self.limit = limit }

    /// Takes a connection in until it closes; `false` when there are too many.
    package func admit(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdmitted = self.channels.withLock { channels in
            guard channels.count < self.limit else { return false }
            channels[id] = channel
            return true
        }
        if isAdmitted {
            channel.closeFuture.whenComplete { _ in
                self.channels.withLock { $0[id] = nil }
            }
        }
        return isAdmitted
    }

    /// Counts a refusal. The first is told of at once, those of the ten seconds after it together, so that a flood
    /// fills no log and none is left out.
    ///
    /// - Parameters:
    ///   - eventLoop: the caller's, which also tells later.
    ///   - tell: gets the number of refusals since it was last called.
    package func refused(on eventLoop: any EventLoop, tell: @escaping @Sendable (Int) -> Void) {
        let isFirst = self.refusals.withLock { refusals in
            refusals.count += 1
            defer { refusals.isDue = true }
            return !refusals.isDue
        }
        if isFirst { self.tellRefusals(on: eventLoop, tell) }
    }

    private func tellRefusals(on eventLoop: any EventLoop, _ tell: @escaping @Sendable (Int) -> Void) {
        let count = self.refusals.withLock { refusals in
            defer { refusals = (0, refusals.count > 0) }
            return refusals.count
        }
        guard count > 0 else { return }
        tell(count)
        eventLoop.scheduleTask(in: Self.refusalPause) { self.tellRefusals(on: eventLoop, tell) }
    }

    /// Tells every connection to end (`ChannelShouldQuiesceEvent`): idle ones close now, busy ones after their
    /// answers, and what is left when the time is up is closed.
    package func quiesce(within grace: TimeAmount, on eventLoop: any EventLoop) async {
        let open = self.channels.withLock { Array($0.values) }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        let deadline = eventLoop.scheduleTask(in: grace) {
            for channel in open { channel.close(promise: nil) }
        }
        for channel in open { try? await channel.closeFuture.get() }
        deadline.cancel()
    }
}
