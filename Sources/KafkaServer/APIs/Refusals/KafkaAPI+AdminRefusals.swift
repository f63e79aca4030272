internal import KafkaProtocol
internal import Model

// Refusals of the APIs about the cluster as a whole.

extension ElectLeadersAPI {
    static func errorResponse(
        to request: ElectLeadersRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> ElectLeadersResponse? {
        ElectLeadersResponse(
            errorCode: error,
            replicaElectionResults: (request.topicPartitions ?? []).map { topic in
                .init(
                    topic: topic.topic,
                    partitionResults: topic.partitions.map { .init(partitionID: $0, errorCode: error) }
                )
            }
        )
    }
}

extension AlterPartitionReassignmentsAPI {
    static func errorResponse(
        to request: AlterPartitionReassignmentsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> AlterPartitionReassignmentsResponse? {
        AlterPartitionReassignmentsResponse(errorCode: error, responses: [])
    }
}

extension ListPartitionReassignmentsAPI {
    static func errorResponse(
        to request: ListPartitionReassignmentsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> ListPartitionReassignmentsResponse? {
        ListPartitionReassignmentsResponse(errorCode: error, topics: [])
    }
}

extension DescribeQuorumAPI {
    static func errorResponse(
        to request: DescribeQuorumRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeQuorumResponse? {
        DescribeQuorumResponse(errorCode: error, topics: [])
    }
}

extension UnregisterBrokerAPI {
    static func errorResponse(
        to request: UnregisterBrokerRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> UnregisterBrokerResponse? {
        UnregisterBrokerResponse(errorCode: error)
    }
}

extension ListConfigResourcesAPI {
    static func errorResponse(
        to request: ListConfigResourcesRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> ListConfigResourcesResponse? {
        ListConfigResourcesResponse(errorCode: error, configResources: [])
    }
}

extension DescribeLogDirsAPI {
    /// Before version 3 there is no place for the error: nothing is described, as by Kafka.
    static func errorResponse(
        to request: DescribeLogDirsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeLogDirsResponse? {
        guard version >= 3 else {
            return DescribeLogDirsResponse(results: [.init(errorCode: error, logDir: "", topics: [])])
        }
        return DescribeLogDirsResponse(errorCode: error, results: [])
    }
}

extension AlterReplicaLogDirsAPI {
    static func errorResponse(
        to request: AlterReplicaLogDirsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> AlterReplicaLogDirsResponse? {
        AlterReplicaLogDirsResponse(
            results: request.dirs.flatMap { directory in
                directory.topics.map { topic in
                    .init(
                        topicName: topic.name,
                        partitions: topic.partitions.map { .init(partitionIndex: $0, errorCode: error) }
                    )
                }
            }
        )
    }
}
