package import KafkaProtocol
package import Model
package import NIOCore

/// Requests to the other brokers of the cluster, in Kafka's protocol, at the listener that is for brokers.
///
/// Bounded: a peer has so many requests and bytes under way, and what comes beyond is `notSent`.
package protocol BrokerLinks: Sendable {
    /// Sends a request to a broker. Completes once, on `eventLoop`, at `deadline` at the latest.
    ///
    /// - Parameter bytes: roughly what the request takes in memory, mostly its records.
    func send<Request: KafkaRequest>(
        _ request: Request,
        to broker: BrokerID,
        bytes: Int,
        deadline: NIODeadline,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<Request.Response, LinkError>) -> Void
    )

    /// The brokers that live have changed: links to those that left end.
    func brokersChanged(_ brokers: [RegisteredBroker])
}

/// Why a request to another broker has no answer.
package enum LinkError: Error, Sendable, Equatable {
    /// Nothing of it has reached the broker.
    case notSent(String)
    /// It was sent: the broker may have carried it out, or may yet.
    case unanswered(String)

    package var message: String {
        switch self {
        case .notSent(let message), .unanswered(let message): message
        }
    }
}

/// The links of a broker that is alone.
package struct NoBrokerLinks: BrokerLinks {
    package init() {}

    package func send<Request: KafkaRequest>(
        _ request: Request,
        to broker: BrokerID,
        bytes: Int,
        deadline: NIODeadline,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<Request.Response, LinkError>) -> Void
    ) {
        eventLoop.execute { completion(.failure(.notSent("This server has no other brokers."))) }
    }

    package func brokersChanged(_ brokers: [RegisteredBroker]) {}
}
