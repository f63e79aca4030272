package import Model
internal import Synchronization

/// A broker as the metadata knows it.
package struct RegisteredBroker: Sendable, Equatable {
    package var id: BrokerID
    /// What clients of each listener are told to connect to, by the listener's name. A listener that is missing is
    /// reached at the address through which the asking client came.
    package var endpoints: [String: BrokerSettings.Endpoint]
    package var rack: String?
    /// Which incarnation of the broker this is.
    package var epoch: Int64

    package init(id: BrokerID, endpoints: [String: BrokerSettings.Endpoint], rack: String?, epoch: Int64) {
        self.id = id
        self.endpoints = endpoints
        self.rack = rack
        self.epoch = epoch
    }
}

/// The brokers of the cluster at this moment, for every thread. On one machine there is one, and it never changes.
package final class BrokerRegistry: Sendable {
    package let ownID: BrokerID
    private let brokers: Mutex<[RegisteredBroker]>
    private let observer: @Sendable ([RegisteredBroker]) -> Void

    /// - Parameters:
    ///   - own: this broker, which is always part of the view.
    ///   - observer: called with the brokers by each publication, on the publisher's thread.
    package init(own: RegisteredBroker, observer: @escaping @Sendable ([RegisteredBroker]) -> Void = { _ in }) {
        self.ownID = own.id
        self.brokers = Mutex([own])
        self.observer = observer
    }

    /// Brokers that live.
    package var count: Int { self.brokers.withLock { $0.count } }

    /// Takes over what the metadata says of the other brokers.
    package func publish(_ brokers: [RegisteredBroker]) {
        precondition(brokers.contains { $0.id == self.ownID }, "a broker that serves is registered")
        self.brokers.withLock { $0 = brokers.sorted { $0.id.rawValue < $1.id.rawValue } }
        self.observer(brokers)
    }

    /// The brokers as a client sees them that came through this address. It works for that client by proof, so it is
    /// this broker's endpoint unless one is advertised.
    package func view(listener: String, reachedAt host: String, port: Int) -> BrokersView {
        let all = self.brokers.withLock { $0 }
        return BrokersView(
            ownID: self.ownID,
            all: all.compactMap { broker in
                let endpoint = broker.endpoints[listener]
                // Another broker is not where this one was reached.
                if endpoint == nil, broker.id != self.ownID { return nil }
                return BrokersView.Node(
                    id: broker.id,
                    host: endpoint?.host ?? host,
                    port: endpoint?.port ?? port,
                    rack: broker.rack,
                    epoch: broker.epoch
                )
            }
        )
    }
}

/// The brokers as one client sees them.
package struct BrokersView: Sendable {
    package struct Node: Sendable, Equatable {
        package var id: BrokerID
        package var host: String
        package var port: Int
        package var rack: String?
        package var epoch: Int64
    }

    private let ownID: BrokerID
    /// By ID.
    package let all: [Node]

    fileprivate init(ownID: BrokerID, all: [Node]) {
        self.ownID = ownID
        self.all = all
    }

    package subscript(id: BrokerID) -> Node? { self.all.first { $0.id == id } }

    /// This broker.
    package var own: Node {
        guard let own = self[self.ownID] else { preconditionFailure("a broker that serves is registered") }
        return own
    }

    /// The broker that clients send changes of topics to: any takes them, so it is the one that was asked.
    package var controller: Node { self.own }
}
