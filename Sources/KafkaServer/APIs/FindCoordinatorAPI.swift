internal import Broker
internal import CoordinatorRuntime
internal import KafkaProtocol
internal import Metadata
internal import Model
internal import Serving

/// FindCoordinator (key 10), versions 0–6.
///
/// | version | change |
/// | --- | --- |
/// | 1 | key type |
/// | 4 | several keys (KIP-699) |
/// | 6 | key type 2, share groups (KIP-932) |
///
/// Difference from Kafka: share groups are not served yet, and get INVALID_REQUEST.
enum FindCoordinatorAPI: KafkaAPI {
    typealias Request = FindCoordinatorRequest
    typealias Response = FindCoordinatorResponse

    private static let groupKeyType: Int8 = 0
    private static let transactionKeyType: Int8 = 1

    static func start(_ request: FindCoordinatorRequest, _ call: Call<FindCoordinatorResponse>) {
        guard call.version >= 4 else {
            let found = Self.find(request.key, type: request.keyType, call)
            call.answer(
                FindCoordinatorResponse(
                    errorCode: found.errorCode,
                    errorMessage: found.errorMessage,
                    nodeID: found.nodeID,
                    host: found.host,
                    port: found.port
                )
            )
            return
        }
        call.answer(
            FindCoordinatorResponse(
                coordinators: request.coordinatorKeys.map { Self.find($0, type: request.keyType, call) }
            )
        )
    }

    private static func find(
        _ key: String,
        type: Int8,
        _ call: Call<FindCoordinatorResponse>
    ) -> FindCoordinatorResponse.Coordinator {
        let coordinator: BrokerID?
        switch type {
        case Self.groupKeyType: coordinator = Self.groupCoordinator(of: key, call.broker)
        case Self.transactionKeyType:
            call.broker.transactions.prepare(key)
            coordinator = call.broker.transactionCoordinator(of: key)
        default:
            return Self.refuse(
                key,
                .invalidRequest,
                "Coordinators of key type \(type) are not served; those of groups (0) and transactions (1) are."
            )
        }
        guard let coordinator, let node = call.broker.brokers(for: call.session)[coordinator] else {
            return Self.refuse(key, .coordinatorNotAvailable, "The coordinator is being placed; try again.")
        }
        return Self.found(key, node)
    }

    private static func groupCoordinator(of key: String, _ broker: Broker) -> BrokerID? {
        if broker.topics.topic(named: TopicName.consumerOffsets) == nil {
            // As Kafka's coordinator loads every partition when their topic is made. Left to the first request of each,
            // the next ListGroups, which asks them all, would hear that they are loading.
            broker.groups.prepareAll()
        } else {
            broker.groups.prepare(key)
        }
        return broker.groupCoordinator(of: key)
    }

    private static func found(_ key: String, _ node: BrokersView.Node) -> FindCoordinatorResponse.Coordinator {
        FindCoordinatorResponse.Coordinator(key: key, nodeID: node.id, host: node.host, port: Int32(node.port))
    }

    private static func refuse(
        _ key: String,
        _ error: ErrorCode,
        _ message: String
    ) -> FindCoordinatorResponse.Coordinator {
        FindCoordinatorResponse.Coordinator(
            key: key,
            nodeID: BrokerID(-1),
            host: "",
            port: -1,
            errorCode: error,
            errorMessage: message
        )
    }
}
