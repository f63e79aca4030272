internal import KafkaProtocol
internal import Serving

extension ErrorCode {
    /// The code of a request of `api` that the gate refuses.
    init(_ refusal: GateRefusal, of api: APIKey) {
        switch refusal {
        case .notAuthorized: self = .authorizationFailed(of: api)
        }
    }

    /// Kafka has a code for each kind of thing that an API is about.
    private static func authorizationFailed(of api: APIKey) -> ErrorCode {
        switch api {
        case .produce, .fetch, .listOffsets, .metadata, .offsetForLeaderEpoch, .deleteRecords, .createTopics,
            .deleteTopics, .createPartitions, .describeProducers, .describeTopicPartitions:
            .topicAuthorizationFailed
        case .offsetCommit, .offsetFetch, .findCoordinator, .joinGroup, .heartbeat, .leaveGroup, .syncGroup,
            .describeGroups, .deleteGroups, .offsetDelete, .txnOffsetCommit:
            .groupAuthorizationFailed
        case .addPartitionsToTxn, .addOffsetsToTxn, .endTxn, .describeTransactions:
            .transactionalIDAuthorizationFailed
        default:
            .clusterAuthorizationFailed
        }
    }
}
