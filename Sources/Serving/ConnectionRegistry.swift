package import NIOCore
internal import Synchronization

/// The open connections of a listener: bounds their number, and brings them to an end.
package final class ConnectionRegistry: Sendable {
    private let limit: Int
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

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
