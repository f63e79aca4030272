internal import KafkaProtocol
package import Model
package import NIOCore

/// Calls to other brokers over the links between brokers.
package struct LinkedPeerCalls: PeerCalls {
    private let links: any BrokerLinks

    package init(_ links: any BrokerLinks) { self.links = links }

    package func call(
        _ broker: BrokerID,
        _ request: ByteBuffer,
        within limit: TimeAmount,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<ByteBuffer, PeerCallError>) -> Void
    ) {
        self.links.send(
            EnvelopeRequest(requestData: request),
            to: broker,
            bytes: request.readableBytes,
            deadline: .now() + limit,
            on: eventLoop
        ) { result in
            switch result {
            case .failure(.notSent(let message)): completion(.failure(PeerCallError(mayHaveRun: false, message)))
            case .failure(.unanswered(let message)): completion(.failure(PeerCallError(mayHaveRun: true, message)))
            case .success(let response):
                guard response.errorCode == .none, let data = response.responseData else {
                    // It was refused before anything was done.
                    let error = PeerCallError(mayHaveRun: false, "broker \(broker) refused: \(response.errorCode)")
                    return completion(.failure(error))
                }
                completion(.success(data))
            }
        }
    }
}
