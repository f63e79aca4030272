// Generated from Schemas/kafka; do not edit.

extension ProduceResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension ProduceResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension ProduceResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension FetchResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension FetchResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension FetchResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension ListOffsetsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension ListOffsetsResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension ListOffsetsResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension MetadataResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension MetadataResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension MetadataResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension OffsetCommitResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension OffsetCommitResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension OffsetCommitResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension OffsetFetchResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.groups.indices { self.groups[index].forEachError(body) }
    }
}

extension OffsetFetchResponse.LegacyTopic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension OffsetFetchResponse.LegacyPartition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension OffsetFetchResponse.Group {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension OffsetFetchResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension OffsetFetchResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension FindCoordinatorResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.coordinators.indices { self.coordinators[index].forEachError(body) }
    }
}

extension FindCoordinatorResponse.Coordinator {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension JoinGroupResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension HeartbeatResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension LeaveGroupResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.members.indices { self.members[index].forEachError(body) }
    }
}

extension LeaveGroupResponse.Member {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension SyncGroupResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeGroupsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.groups.indices { self.groups[index].forEachError(body) }
    }
}

extension DescribeGroupsResponse.Group {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension ListGroupsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension SaslHandshakeResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension ApiVersionsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension CreateTopicsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension CreateTopicsResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        if self.topicConfigErrorCode != .none { body(self.topicConfigErrorCode) }
    }
}

extension DeleteTopicsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension DeleteTopicsResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DeleteRecordsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension DeleteRecordsResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension DeleteRecordsResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension InitProducerIdResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension OffsetForLeaderEpochResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension OffsetForLeaderEpochResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension OffsetForLeaderEpochResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension AddPartitionsToTxnResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.resultsByTransaction.indices { self.resultsByTransaction[index].forEachError(body) }
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension AddPartitionsToTxnResponse.TransactionResult {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension AddPartitionsToTxnResponse.PartitionResult {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension AddPartitionsToTxnResponse.TopicResult {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension AddOffsetsToTxnResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension EndTxnResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension WriteTxnMarkersResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.markers.indices { self.markers[index].forEachError(body) }
    }
}

extension WriteTxnMarkersResponse.MarkerResult {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension WriteTxnMarkersResponse.TopicResult {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension WriteTxnMarkersResponse.PartitionResult {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension TxnOffsetCommitResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension TxnOffsetCommitResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension TxnOffsetCommitResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeAclsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension CreateAclsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.results.indices { self.results[index].forEachError(body) }
    }
}

extension CreateAclsResponse.Result {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DeleteAclsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.filterResults.indices { self.filterResults[index].forEachError(body) }
    }
}

extension DeleteAclsResponse.FilterResult {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.matchingAcls.indices { self.matchingAcls[index].forEachError(body) }
    }
}

extension DeleteAclsResponse.MatchingACL {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeConfigsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.resources.indices { self.resources[index].forEachError(body) }
    }
}

extension DescribeConfigsResponse.Resource {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension AlterConfigsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.resources.indices { self.resources[index].forEachError(body) }
    }
}

extension AlterConfigsResponse.Resource {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension AlterReplicaLogDirsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.results.indices { self.results[index].forEachError(body) }
    }
}

extension AlterReplicaLogDirsResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension AlterReplicaLogDirsResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeLogDirsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.results.indices { self.results[index].forEachError(body) }
    }
}

extension DescribeLogDirsResponse.Result {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension SaslAuthenticateResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension CreatePartitionsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension CreatePartitionsResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension CreateDelegationTokenResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension RenewDelegationTokenResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension ExpireDelegationTokenResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeDelegationTokenResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DeleteGroupsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.groups.indices { self.groups[index].forEachError(body) }
    }
}

extension DeleteGroupsResponse.Group {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension ElectLeadersResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.replicaElectionResults.indices { self.replicaElectionResults[index].forEachError(body) }
    }
}

extension ElectLeadersResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitionResults.indices { self.partitionResults[index].forEachError(body) }
    }
}

extension ElectLeadersResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension IncrementalAlterConfigsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.resources.indices { self.resources[index].forEachError(body) }
    }
}

extension IncrementalAlterConfigsResponse.Resource {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension AlterPartitionReassignmentsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.responses.indices { self.responses[index].forEachError(body) }
    }
}

extension AlterPartitionReassignmentsResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension AlterPartitionReassignmentsResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension ListPartitionReassignmentsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension OffsetDeleteResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension OffsetDeleteResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension OffsetDeleteResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeClientQuotasResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension AlterClientQuotasResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.entries.indices { self.entries[index].forEachError(body) }
    }
}

extension AlterClientQuotasResponse.Entry {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeUserScramCredentialsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.results.indices { self.results[index].forEachError(body) }
    }
}

extension DescribeUserScramCredentialsResponse.Result {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension AlterUserScramCredentialsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.results.indices { self.results[index].forEachError(body) }
    }
}

extension AlterUserScramCredentialsResponse.Result {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeQuorumResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension DescribeQuorumResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension DescribeQuorumResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension UpdateFeaturesResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.results.indices { self.results[index].forEachError(body) }
    }
}

extension UpdateFeaturesResponse.Result {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeClusterResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeProducersResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension DescribeProducersResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension DescribeProducersResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension UnregisterBrokerResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeTransactionsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.transactionStates.indices { self.transactionStates[index].forEachError(body) }
    }
}

extension DescribeTransactionsResponse.TransactionState {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension ListTransactionsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension ConsumerGroupHeartbeatResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension ConsumerGroupDescribeResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.groups.indices { self.groups[index].forEachError(body) }
    }
}

extension ConsumerGroupDescribeResponse.Group {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension GetTelemetrySubscriptionsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension PushTelemetryResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension ListConfigResourcesResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}

extension DescribeTopicPartitionsResponse {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        for index in self.topics.indices { self.topics[index].forEachError(body) }
    }
}

extension DescribeTopicPartitionsResponse.Topic {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
        for index in self.partitions.indices { self.partitions[index].forEachError(body) }
    }
}

extension DescribeTopicPartitionsResponse.Partition {
    /// Calls `body` with every error code in it but `none`.
    package func forEachError(_ body: (ErrorCode) -> Void) {
        if self.errorCode != .none { body(self.errorCode) }
    }
}
