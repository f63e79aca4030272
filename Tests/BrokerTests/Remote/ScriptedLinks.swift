import KafkaProtocol
import Metadata
import Model
import NIOCore
import Synchronization

@testable import Broker

/// Links whose answers a test gives, one after the other.
final class ScriptedLinks: BrokerLinks {
    enum Reply: Sendable {
        case response(any KafkaResponse)
        case failure(LinkError)
    }

    struct Sent: Sendable {
        var request: any KafkaRequest
        var broker: BrokerID
    }

    private struct State {
        var replies: [Reply] = []
        var sent: [Sent] = []
    }

    private let state = Mutex(State())

    init(_ replies: [Reply] = []) { self.state.withLock { $0.replies = replies } }

    var sent: [Sent] { self.state.withLock { $0.sent } }

    func send<Request: KafkaRequest>(
        _ request: Request,
        to broker: BrokerID,
        bytes: Int,
        deadline: NIODeadline,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<Request.Response, LinkError>) -> Void
    ) {
        let reply = self.state.withLock { state -> Reply in
            state.sent.append(Sent(request: request, broker: broker))
            return state.replies.isEmpty ? .failure(.notSent("no more replies")) : state.replies.removeFirst()
        }
        eventLoop.execute {
            switch reply {
            case .response(let response):
                guard let response = response as? Request.Response else { preconditionFailure("another response") }
                completion(.success(response))
            case .failure(let error): completion(.failure(error))
            }
        }
    }

    func brokersChanged(_ brokers: [RegisteredBroker]) {}
}

extension TopicRegistry {
    /// Has requests find these topics and no others.
    func publish(_ topics: HostedTopic...) { self.publish(TopicTable(revision: 1, topics: topics)) }
}

extension HostedTopic {
    /// A topic of clients with its partitions in these places.
    static func placed(_ name: String, _ placements: [PartitionPlacement], id: UInt64 = 1) -> HostedTopic {
        HostedTopic(
            topic: Topic(
                name: name,
                id: TopicID(high: 1, low: id),
                createdAt: 0,
                origin: .kafka,
                partitions: Array(repeating: Partition(), count: placements.count),
                routing: .kafka,
                streamMode: .onDemand,
                shards: []
            ),
            placements: placements
        )
    }
}

extension PartitionPlacement {
    static func at(_ broker: Int32, epoch: Int32 = 1) -> PartitionPlacement {
        .elsewhere(PartitionLeader(broker: BrokerID(broker), epoch: LeaderEpoch(epoch)))
    }
}
