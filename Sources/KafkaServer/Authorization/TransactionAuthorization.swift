internal import AccessControl
internal import KafkaProtocol
internal import Metadata
internal import Model

// The APIs of transactions.

extension AddPartitionsToTxnAPI {
    static func authorize(
        _ request: inout AddPartitionsToTxnRequest,
        _ access: Access
    ) -> Authorization<AddPartitionsToTxnResponse> {
        // These versions are of brokers.
        if access.version >= 4 { return access.requireOnCluster(.clusterAction) }
        guard access.allows(.write, on: .transactionalID, request.transactionalID) else {
            return .refused(.transactionalIDAuthorizationFailed)
        }
        var allowed = request.topics
        let refused = access.takeRefused(from: &allowed, .write) { $0.name }
        // Kafka's own topics belong to no client's transaction.
        let isInternal = { @Sendable (name: String) in TopicName.isKafkaInternal(name) }
        guard !refused.isEmpty || allowed.contains(where: { isInternal($0.name) }) else { return .granted }
        let refusedNames = Set(refused.map(\.name))
        return .answered(
            AddPartitionsToTxnResponse(
                topics: request.topics.map { topic in
                    let isRefused = refusedNames.contains(topic.name) || isInternal(topic.name)
                    let error: ErrorCode = isRefused ? .topicAuthorizationFailed : .operationNotAttempted
                    return .init(
                        name: topic.name,
                        partitions: topic.partitions.map { .init(partitionIndex: $0, errorCode: error) }
                    )
                }
            )
        )
    }
}

extension AddOffsetsToTxnAPI {
    static func authorize(
        _ request: inout AddOffsetsToTxnRequest,
        _ access: Access
    ) -> Authorization<AddOffsetsToTxnResponse> {
        guard access.allows(.write, on: .transactionalID, request.transactionalID) else {
            return .refused(.transactionalIDAuthorizationFailed)
        }
        return access.require(.read, on: request.groupID)
    }
}

extension EndTxnAPI {
    static func authorize(_ request: inout EndTxnRequest, _ access: Access) -> Authorization<EndTxnResponse> {
        access.require(.write, onTransactionalID: request.transactionalID)
    }
}

extension WriteTxnMarkersAPI {
    static func authorize(
        _ request: inout WriteTxnMarkersRequest,
        _ access: Access
    ) -> Authorization<WriteTxnMarkersResponse> {
        // Administrators end hanging transactions (KIP-664), brokers all others.
        access.rights.allowsOnCluster(.alter) ? .granted : access.requireOnCluster(.clusterAction)
    }
}

extension TxnOffsetCommitAPI {
    static func authorize(
        _ request: inout TxnOffsetCommitRequest,
        _ access: Access
    ) -> Authorization<TxnOffsetCommitResponse> {
        guard access.allows(.write, on: .transactionalID, request.transactionalID) else {
            return .refused(.transactionalIDAuthorizationFailed)
        }
        guard access.allows(.read, on: .group, request.groupID.rawValue) else {
            return .refused(.groupAuthorizationFailed)
        }
        let refused = access.takeRefused(from: &request.topics, .read) { $0.name }
        if refused.isEmpty { return .granted }
        let amend = { @Sendable (response: inout TxnOffsetCommitResponse) in
            response.topics += refused.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitions.map {
                        .init(partitionIndex: $0.partitionIndex, errorCode: .topicAuthorizationFailed)
                    }
                )
            }
        }
        guard request.topics.isEmpty else { return .partly(amend) }
        var response = TxnOffsetCommitResponse(topics: [])
        amend(&response)
        return .answered(response)
    }
}

extension DescribeTransactionsAPI {
    static func authorize(
        _ request: inout DescribeTransactionsRequest,
        _ access: Access
    ) -> Authorization<DescribeTransactionsResponse> {
        let refused = access.takeRefused(from: &request.transactionalIDs, .describe, on: .transactionalID) { $0 }
        let rights = access.rights
        return .partly { response in
            // Partitions of topics that one may not see are not seen here either.
            for index in response.transactionStates.indices {
                response.transactionStates[index].topics.removeAll { !rights.allows(.describe, onTopic: $0.topic) }
            }
            guard !refused.isEmpty else { return }
            let request = DescribeTransactionsRequest(transactionalIDs: refused)
            let error = Self.errorResponse(to: request, .transactionalIDAuthorizationFailed, version: 0)
            response.transactionStates += error?.transactionStates ?? []
        }
    }
}

extension ListTransactionsAPI {
    static func authorize(
        _ request: inout ListTransactionsRequest,
        _ access: Access
    ) -> Authorization<ListTransactionsResponse> {
        let rights = access.rights
        return .partly { response in
            response.transactionStates.removeAll { !rights.allows(.describe, on: .transactionalID, $0.transactionalID) }
        }
    }
}
