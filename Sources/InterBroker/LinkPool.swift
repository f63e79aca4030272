package import Broker
package import KafkaClient
package import KafkaProtocol
package import Model
package import NIOCore
internal import Synchronization

/// The links of a broker to all others: one for each incarnation, made when it is first used.
package final class LinkPool: BrokerLinks, Sendable {
    package struct Settings: Sendable {
        /// The listener that is for brokers.
        package var listener: String
        /// How to reach and to convince the others.
        package var client: ClientSettings
        package var limits: LinkMachine.Limits

        package init(listener: String, client: ClientSettings, limits: LinkMachine.Limits = LinkMachine.Limits()) {
            self.listener = listener
            self.client = client
            self.limits = limits
        }
    }

    private struct Peer {
        var address: BrokerAddress
        /// The incarnation.
        var epoch: Int64
        /// Of all at first, then of those that were asked something.
        var link: BrokerLink?
    }

    private struct State {
        var peers: [BrokerID: Peer] = [:]
        var isClosed = false
    }

    private let settings: Settings
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    package init(_ settings: Settings, group: any EventLoopGroup) {
        self.settings = settings
        self.group = group
    }

    package func send<Request: KafkaRequest>(
        _ request: Request,
        to broker: BrokerID,
        bytes: Int,
        deadline: NIODeadline,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<Request.Response, LinkError>) -> Void
    ) {
        guard let link = self.link(to: broker) else {
            return eventLoop.execute { completion(.failure(.notSent("broker \(broker) is not in the cluster"))) }
        }
        link.send(request, bytes: bytes, deadline: deadline) { result in
            if eventLoop.inEventLoop { completion(result) } else { eventLoop.execute { completion(result) } }
        }
    }

    package func brokersChanged(_ brokers: [RegisteredBroker]) {
        let ended = self.state.withLock { state -> [BrokerLink] in
            guard !state.isClosed else { return [] }
            let earlier = state.peers
            state.peers = [:]
            for broker in brokers {
                guard let endpoint = broker.endpoints[self.settings.listener] else { continue }
                let address = BrokerAddress(host: endpoint.host, port: endpoint.port)
                let known = earlier[broker.id].flatMap { $0.epoch == broker.epoch && $0.address == address ? $0 : nil }
                state.peers[broker.id] = known ?? Peer(address: address, epoch: broker.epoch, link: nil)
            }
            return earlier.compactMap { id, peer in
                state.peers[id]?.link === peer.link ? nil : peer.link
            }
        }
        for link in ended { link.end() }
    }

    /// Ends all links; nothing is sent any more.
    package func close() {
        let links = self.state.withLock { state in
            state.isClosed = true
            defer { state.peers = [:] }
            return state.peers.values.compactMap(\.link)
        }
        for link in links { link.end() }
    }

    private func link(to broker: BrokerID) -> BrokerLink? {
        self.state.withLock { state in
            guard let peer = state.peers[broker] else { return nil }
            if let link = peer.link { return link }
            let link = BrokerLink(
                name: "broker \(broker)",
                address: peer.address,
                settings: self.settings.client,
                limits: self.settings.limits,
                eventLoop: self.group.next()
            )
            state.peers[broker]?.link = link
            return link
        }
    }
}
