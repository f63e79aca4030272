internal import Model
package import NIOCore
internal import Synchronization

/// The open connections of a server's listeners: bounds their number, and brings them to an end.
package final class ConnectionRegistry: Sendable {
    private enum Phase {
        case admitting
        /// A connection that was accepted just before the listener closed is refused.
        case quiescing
    }

    /// How many connections are admitted. A lower limit ends none that is open.
    package struct Limits: Sendable, Equatable {
        /// `max.connections`
        package var all: Int
        /// `max.connections.per.ip`
        package var ofOneAddress: Int
        /// `max.connections.per.ip.overrides`: other limits for single addresses, as `NetworkAddress` writes them.
        package var ofAddresses: [String: Int]
        /// `listener.name.<listener>.max.connections`, by the listener's name.
        package var ofListeners: [String: Int]
        /// The listener of other brokers, when there are others: `all` is not for it.
        package var protectedListener: String?
        /// What the process can hold: for every listener.
        package var capacity: Int

        package init(
            all: Int,
            ofOneAddress: Int = .max,
            ofAddresses: [String: Int] = [:],
            ofListeners: [String: Int] = [:],
            protectedListener: String? = nil,
            capacity: Int = .max
        ) {
            self.all = all
            self.ofOneAddress = ofOneAddress
            self.ofAddresses = Dictionary(
                ofAddresses.map { (NetworkAddress($0.key)?.description ?? $0.key, $0.value) },
                uniquingKeysWith: { $1 }
            )
            self.ofListeners = ofListeners
            self.protectedListener = protectedListener
            self.capacity = capacity
        }

        func has(roomBeside count: Int, on listener: String, _ ofListener: Int) -> Bool {
            guard count < self.capacity, ofListener < self.ofListeners[listener] ?? .max else { return false }
            return listener == self.protectedListener || count < self.all
        }
    }

    private struct State {
        var limits: Limits
        var phase = Phase.admitting
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// Open connections by the client's address.
        var counts: [String: Int] = [:]
        /// Open connections by the listener.
        var listenerCounts: [String: Int] = [:]
        /// Open streams of all connections.
        var streamCount = 0
    }

    private let state: Mutex<State>

    package convenience init(limit: Int) { self.init(limits: Limits(all: limit)) }

    package init(limits: Limits) { self.state = Mutex(State(limits: limits)) }

    /// From now on these limits hold.
    package func limitsChanged(_ limits: Limits) {
        self.state.withLock { $0.limits = limits }
    }

    /// Takes a connection in until it closes; `false` when there are too many, or the server is going down.
    package func admit(_ channel: any Channel, on listener: String = "") -> Bool {
        let id = ObjectIdentifier(channel)
        let text = channel.remoteAddress?.ipAddress ?? ""
        let address = NetworkAddress(text)?.description ?? text
        let isAdmitted = self.state.withLock { state in
            let count = state.counts[address, default: 0]
            let ofListener = state.listenerCounts[listener, default: 0]
            guard case .admitting = state.phase,
                state.limits.has(roomBeside: state.channels.count, on: listener, ofListener),
                count < state.limits.ofAddresses[address] ?? state.limits.ofOneAddress
            else { return false }
            state.channels[id] = channel
            state.counts[address] = count + 1
            state.listenerCounts[listener] = ofListener + 1
            return true
        }
        if isAdmitted {
            channel.closeFuture.whenComplete { _ in
                self.state.withLock { state in
                    state.channels[id] = nil
                    let count = state.counts[address, default: 1] - 1
                    state.counts[address] = count > 0 ? count : nil
                    state.listenerCounts[listener, default: 1] -= 1
                }
            }
        }
        return isAdmitted
    }

    /// Open connections by the client's address.
    package var connectionsByAddress: [String: Int] { self.state.withLock { $0.counts } }

    /// Takes in a stream of one of the connections until it closes; `false` when there are as many as there may be
    /// connections. Without that a connection would be as many as it may have streams.
    package func admitStream(_ channel: any Channel) -> Bool {
        let isAdmitted = self.state.withLock { state in
            guard state.streamCount < state.limits.all else { return false }
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
