package import NIOCore
internal import Synchronization

/// The open connections of a listener: bounds their number, and brings them to an end.
package final class ConnectionRegistry: Sendable {
    private enum Phase {
        case admitting
        /// A connection that was accepted just before the listener closed is refused.
        case quiescing
    }

    private struct State {
        var phase = Phase.admitting
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// Open streams of all connections.
        var streamCount = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    package init(limit: Int) { self.limit = limit }

    /// Takes a connection in until it closes; `false` when there are too many, or the server is going down.
    package func admit(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdmitted = self.state.withLock { state in
            guard case .admitting = state.phase, state.channels.count < self.limit else { return false }
            state.channels[id] = channel
            return true
        }
        if isAdmitted {
            channel.closeFuture.whenComplete { _ in
                self.state.withLock { $0.channels[id] = nil }
            }
        }
        return isAdmitted
    }

    /// Takes in a stream of one of the connections until it closes; `false` when there are as many as there may be
    /// connections. Without that a connection would be as many as it may have streams.
    package func admitStream(_ channel: any Channel) -> Bool {
        let isAdmitted = self.state.withLock { state in
            guard state.streamCount < self.limit else { return false }
            state.streamCount += 1
            return true
        }
        if isAdmitted {
            channel.closeFuture.whenComplete { _ in self.state.withLock { $0.streamCount -= 1 } }
        }
        return isAdmitted
    }

    /// Tells every connection to end (`ChannelShouldQuiesceEvent`): idle ones close now, busy ones after their
    /// answers, and what is left when the time is up is closed.
    package func quiesce(within grace: TimeAmount, on eventLoop: any EventLoop) async {
        let open = self.state.withLock { state in
            state.phase = .quiescing
            return Array(state.channels.values)
        }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        let deadline = eventLoop.scheduleTask(in: grace) {
            for channel in open { channel.close(promise: nil) }
        }
        for channel in open { try? await channel.closeFuture.get() }
        deadline.cancel()
    }
}
