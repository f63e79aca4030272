internal import Broker
internal import KafkaProtocol
internal import Model

/// AlterPartitionReassignments (key 45), versions 0–1 (1: whether the number of replicas may change, KIP-860).
///
/// A partition is where it is: its present place is accepted, as a move that is over at once, and another is refused.
enum AlterPartitionReassignmentsAPI: KafkaAPI {
    typealias Request = AlterPartitionReassignmentsRequest
    typealias Response = AlterPartitionReassignmentsResponse

    static func start(
        _ request: AlterPartitionReassignmentsRequest,
        _ call: Call<AlterPartitionReassignmentsResponse>
    ) {
        let table = call.broker.topics.current
        let ownID = call.broker.settings.nodeID
        call.answer(
            AlterPartitionReassignmentsResponse(
                allowReplicationFactorChange: request.allowReplicationFactorChange,
                responses: request.topics.map { asked in
                    let topic = table.topic(named: asked.name)
                    return .init(
                        name: asked.name,
                        partitions: asked.partitions.map { partition in
                            let problem = Self.problem(
                                with: partition,
                                of: topic,
                                ownID: ownID,
                                mayChangeCount: request.allowReplicationFactorChange
                            )
                            return .init(
                                partitionIndex: partition.partitionIndex,
                                errorCode: problem?.code ?? .none,
                                errorMessage: problem?.message
                            )
                        }
                    )
                }
            )
        )
    }

    private static func problem(
        with asked: AlterPartitionReassignmentsRequest.Partition,
        of topic: HostedTopic?,
        ownID: BrokerID,
        mayChangeCount: Bool
    ) -> (code: ErrorCode, message: String)? {
        guard let topic, topic.has(asked.partitionIndex) else {
            return (.unknownTopicOrPartition, "No such topic or partition.")
        }
        guard let wanted = asked.replicas else {
            return (.noReassignmentInProgress, "No reassignment of the partition is in progress.")
        }
        let present = PartitionReplicas(topic.placements[Int(asked.partitionIndex)], ownID: ownID).all.map(\.rawValue)
        if wanted == present { return nil }
        guard !wanted.isEmpty, wanted.allSatisfy({ $0 >= 0 }), Set(wanted).count == wanted.count else {
            return (.invalidReplicaAssignment, "A replica list names each broker once, and at least one.")
        }
        if wanted.count != present.count, !mayChangeCount {
            return (.invalidReplicationFactor, "The partition has \(present.count) replica, not \(wanted.count).")
        }
        return (.invalidReplicaAssignment, "The replicas of this partition are \(present) and cannot be moved.")
    }
}

/// ListPartitionReassignments (key 46), version 0: no replica is ever on its way to another broker.
enum ListPartitionReassignmentsAPI: KafkaAPI {
    typealias Request = ListPartitionReassignmentsRequest
    typealias Response = ListPartitionReassignmentsResponse

    static func start(
        _ request: ListPartitionReassignmentsRequest,
        _ call: Call<ListPartitionReassignmentsResponse>
    ) {
        call.answer(ListPartitionReassignmentsResponse(topics: []))
    }
}
