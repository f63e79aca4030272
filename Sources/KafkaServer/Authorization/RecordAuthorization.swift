internal import AccessControl
internal import KafkaProtocol
internal import Model

// The APIs that write and read records.

extension ProduceAPI {
    static func authorize(_ request: inout ProduceRequest, _ access: Access) -> Authorization<ProduceResponse> {
        if Self.hasTransactionalRecords(request) {
            // A transactional batch without an ID is refused in the same way.
            guard let id = request.transactionalID, access.allows(.write, on: .transactionalID, id) else {
                return .refused(.transactionalIDAuthorizationFailed)
            }
        }
        let usesIDs = access.version >= 13
        let refused = access.takeRefused(from: &request.topics, .write) {
            usesIDs ? access.topicName(nil, $0.topicID) : $0.name
        }
        if refused.isEmpty { return .granted }
        // Nobody reads the answer: the connection is closed, as Kafka closes it.
        if request.acks == 0 { return .refused(.topicAuthorizationFailed) }
        return .partly { response in
            response.topics += refused.map { topic in
                .init(
                    name: topic.name,
                    topicID: topic.topicID,
                    partitions: topic.partitions.map {
                        .init(
                            partitionIndex: $0.partitionIndex,
                            errorCode: .topicAuthorizationFailed,
                            baseOffset: -1
                        )
                    }
                )
            }
        }
    }

    private static func hasTransactionalRecords(_ request: ProduceRequest) -> Bool {
        request.topics.contains { topic in
            topic.partitions.contains { partition in
                partition.records.flatMap { ProduceOperation.transactionalProducer(of: $0) } != nil
            }
        }
    }
}

extension FetchAPI {
    /// Each partition is asked about in `FetchPlan`, which knows those of the session as well, and again when the
    /// answer is made.
    static func authorize(_ request: inout FetchRequest, _ access: Access) -> Authorization<FetchResponse> { .granted }
}

extension ListOffsetsAPI {
    static func authorize(_ request: inout ListOffsetsRequest, _ access: Access) -> Authorization<ListOffsetsResponse> {
        let refused = access.takeRefused(from: &request.topics, .describe) { $0.name }
        if refused.isEmpty { return .granted }
        return .partly { response in
            response.topics += refused.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitions.map {
                        .init(partitionIndex: $0.partitionIndex, errorCode: .topicAuthorizationFailed)
                    }
                )
            }
        }
    }
}

extension OffsetForLeaderEpochAPI {
    static func authorize(
        _ request: inout OffsetForLeaderEpochRequest,
        _ access: Access
    ) -> Authorization<OffsetForLeaderEpochResponse> {
        // Followers have the right of brokers instead.
        if access.rights.allowsOnCluster(.clusterAction) { return .granted }
        let refused = access.takeRefused(from: &request.topics, .describe) { $0.name }
        if refused.isEmpty { return .granted }
        return .partly { response in
            response.topics += refused.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitions.map {
                        .init(errorCode: .topicAuthorizationFailed, partitionIndex: $0.partitionIndex)
                    }
                )
            }
        }
    }
}

extension DeleteRecordsAPI {
    static func authorize(
        _ request: inout DeleteRecordsRequest,
        _ access: Access
    ) -> Authorization<DeleteRecordsResponse> {
        let refused = access.takeRefused(from: &request.topics, .delete) { $0.name }
        if refused.isEmpty { return .granted }
        return .partly { response in
            response.topics += refused.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitions.map {
                        .init(
                            partitionIndex: $0.partitionIndex,
                            lowWatermark: -1,
                            errorCode: .topicAuthorizationFailed
                        )
                    }
                )
            }
        }
    }
}

extension DescribeProducersAPI {
    static func authorize(
        _ request: inout DescribeProducersRequest,
        _ access: Access
    ) -> Authorization<DescribeProducersResponse> {
        let refused = access.takeRefused(from: &request.topics, .read) { $0.name }
        if refused.isEmpty { return .granted }
        return .partly { response in
            response.topics += refused.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitionIndexes.map {
                        .init(partitionIndex: $0, errorCode: .topicAuthorizationFailed)
                    }
                )
            }
        }
    }
}

extension InitProducerIDAPI {
    static func authorize(
        _ request: inout InitProducerIdRequest,
        _ access: Access
    ) -> Authorization<InitProducerIdResponse> {
        if let id = request.transactionalID { return access.require(.write, onTransactionalID: id) }
        // Who may write anywhere may do so idempotently (KIP-679).
        let rights = access.rights
        if rights.allowsOnCluster(.idempotentWrite) || rights.allowsAny(.write, of: .topic) { return .granted }
        return access.requireOnCluster(.idempotentWrite)
    }
}
