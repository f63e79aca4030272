// Generated from Schemas/kafka; do not edit.

package import KafkaProtocol

extension CodecCase {
    /// Every message of every schema.
    package static let all: [CodecCase] = [
        CodecCase(ProduceRequest.self),
        CodecCase(ProduceResponse.self),
        CodecCase(FetchRequest.self),
        CodecCase(FetchResponse.self),
        CodecCase(ListOffsetsRequest.self),
        CodecCase(ListOffsetsResponse.self),
        CodecCase(MetadataRequest.self),
        CodecCase(MetadataResponse.self),
        CodecCase(OffsetCommitRequest.self),
        CodecCase(OffsetCommitResponse.self),
        CodecCase(OffsetFetchRequest.self),
        CodecCase(OffsetFetchResponse.self),
        CodecCase(FindCoordinatorRequest.self),
        CodecCase(FindCoordinatorResponse.self),
        CodecCase(JoinGroupRequest.self),
        CodecCase(JoinGroupResponse.self),
        CodecCase(HeartbeatRequest.self),
        CodecCase(HeartbeatResponse.self),
        CodecCase(LeaveGroupRequest.self),
        CodecCase(LeaveGroupResponse.self),
        CodecCase(SyncGroupRequest.self),
        CodecCase(SyncGroupResponse.self),
        CodecCase(DescribeGroupsRequest.self),
        CodecCase(DescribeGroupsResponse.self),
        CodecCase(ListGroupsRequest.self),
        CodecCase(ListGroupsResponse.self),
        CodecCase(SaslHandshakeRequest.self),
        CodecCase(SaslHandshakeResponse.self),
        CodecCase(ApiVersionsRequest.self),
        CodecCase(ApiVersionsResponse.self),
        CodecCase(CreateTopicsRequest.self),
        CodecCase(CreateTopicsResponse.self),
        CodecCase(DeleteTopicsRequest.self),
        CodecCase(DeleteTopicsResponse.self),
        CodecCase(DeleteRecordsRequest.self),
        CodecCase(DeleteRecordsResponse.self),
        CodecCase(InitProducerIdRequest.self),
        CodecCase(InitProducerIdResponse.self),
        CodecCase(OffsetForLeaderEpochRequest.self),
        CodecCase(OffsetForLeaderEpochResponse.self),
        CodecCase(AddPartitionsToTxnRequest.self),
        CodecCase(AddPartitionsToTxnResponse.self),
        CodecCase(AddOffsetsToTxnRequest.self),
        CodecCase(AddOffsetsToTxnResponse.self),
        CodecCase(EndTxnRequest.self),
        CodecCase(EndTxnResponse.self),
        CodecCase(WriteTxnMarkersRequest.self),
        CodecCase(WriteTxnMarkersResponse.self),
        CodecCase(TxnOffsetCommitRequest.self),
        CodecCase(TxnOffsetCommitResponse.self),
        CodecCase(DescribeAclsRequest.self),
        CodecCase(DescribeAclsResponse.self),
        CodecCase(CreateAclsRequest.self),
        CodecCase(CreateAclsResponse.self),
        CodecCase(DeleteAclsRequest.self),
        CodecCase(DeleteAclsResponse.self),
        CodecCase(DescribeConfigsRequest.self),
        CodecCase(DescribeConfigsResponse.self),
        CodecCase(AlterConfigsRequest.self),
        CodecCase(AlterConfigsResponse.self),
        CodecCase(AlterReplicaLogDirsRequest.self),
        CodecCase(AlterReplicaLogDirsResponse.self),
        CodecCase(DescribeLogDirsRequest.self),
        CodecCase(DescribeLogDirsResponse.self),
        CodecCase(SaslAuthenticateRequest.self),
        CodecCase(SaslAuthenticateResponse.self),
        CodecCase(CreatePartitionsRequest.self),
        CodecCase(CreatePartitionsResponse.self),
        CodecCase(CreateDelegationTokenRequest.self),
        CodecCase(CreateDelegationTokenResponse.self),
        CodecCase(RenewDelegationTokenRequest.self),
        CodecCase(RenewDelegationTokenResponse.self),
        CodecCase(ExpireDelegationTokenRequest.self),
        CodecCase(ExpireDelegationTokenResponse.self),
        CodecCase(DescribeDelegationTokenRequest.self),
        CodecCase(DescribeDelegationTokenResponse.self),
        CodecCase(DeleteGroupsRequest.self),
        CodecCase(DeleteGroupsResponse.self),
        CodecCase(ElectLeadersRequest.self),
        CodecCase(ElectLeadersResponse.self),
        CodecCase(IncrementalAlterConfigsRequest.self),
        CodecCase(IncrementalAlterConfigsResponse.self),
        CodecCase(AlterPartitionReassignmentsRequest.self),
        CodecCase(AlterPartitionReassignmentsResponse.self),
        CodecCase(ListPartitionReassignmentsRequest.self),
        CodecCase(ListPartitionReassignmentsResponse.self),
        CodecCase(OffsetDeleteRequest.self),
        CodecCase(OffsetDeleteResponse.self),
        CodecCase(DescribeClientQuotasRequest.self),
        CodecCase(DescribeClientQuotasResponse.self),
        CodecCase(AlterClientQuotasRequest.self),
        CodecCase(AlterClientQuotasResponse.self),
        CodecCase(DescribeUserScramCredentialsRequest.self),
        CodecCase(DescribeUserScramCredentialsResponse.self),
        CodecCase(AlterUserScramCredentialsRequest.self),
        CodecCase(AlterUserScramCredentialsResponse.self),
        CodecCase(DescribeQuorumRequest.self),
        CodecCase(DescribeQuorumResponse.self),
        CodecCase(UpdateFeaturesRequest.self),
        CodecCase(UpdateFeaturesResponse.self),
        CodecCase(DescribeClusterRequest.self),
        CodecCase(DescribeClusterResponse.self),
        CodecCase(DescribeProducersRequest.self),
        CodecCase(DescribeProducersResponse.self),
        CodecCase(UnregisterBrokerRequest.self),
        CodecCase(UnregisterBrokerResponse.self),
        CodecCase(DescribeTransactionsRequest.self),
        CodecCase(DescribeTransactionsResponse.self),
        CodecCase(ListTransactionsRequest.self),
        CodecCase(ListTransactionsResponse.self),
        CodecCase(ConsumerGroupHeartbeatRequest.self),
        CodecCase(ConsumerGroupHeartbeatResponse.self),
        CodecCase(ConsumerGroupDescribeRequest.self),
        CodecCase(ConsumerGroupDescribeResponse.self),
        CodecCase(GetTelemetrySubscriptionsRequest.self),
        CodecCase(GetTelemetrySubscriptionsResponse.self),
        CodecCase(PushTelemetryRequest.self),
        CodecCase(PushTelemetryResponse.self),
        CodecCase(ListConfigResourcesRequest.self),
        CodecCase(ListConfigResourcesResponse.self),
        CodecCase(DescribeTopicPartitionsRequest.self),
        CodecCase(DescribeTopicPartitionsResponse.self),
        CodecCase(ConsumerGroupMetadataKey.self),
        CodecCase(ConsumerGroupMetadataValue.self),
        CodecCase(ConsumerGroupPartitionMetadataKey.self),
        CodecCase(ConsumerGroupMemberMetadataKey.self),
        CodecCase(ConsumerGroupMemberMetadataValue.self),
        CodecCase(ConsumerGroupTargetAssignmentMetadataKey.self),
        CodecCase(ConsumerGroupTargetAssignmentMetadataValue.self),
        CodecCase(ConsumerGroupTargetAssignmentMemberKey.self),
        CodecCase(ConsumerGroupTargetAssignmentMemberValue.self),
        CodecCase(ConsumerGroupCurrentMemberAssignmentKey.self),
        CodecCase(ConsumerGroupCurrentMemberAssignmentValue.self),
        CodecCase(ConsumerGroupRegularExpressionKey.self),
        CodecCase(ConsumerGroupRegularExpressionValue.self),
        CodecCase(ConsumerProtocolSubscription.self),
        CodecCase(ConsumerProtocolAssignment.self),
        CodecCase(GroupMetadataKey.self),
        CodecCase(GroupMetadataValue.self),
        CodecCase(OffsetCommitKey.self),
        CodecCase(OffsetCommitValue.self),
        CodecCase(TransactionLogKey.self),
        CodecCase(TransactionLogValue.self),
    ]
}

extension ProduceRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.transactionalID = sampler.optional(version)
        message.acks = sampler.value(version)
        message.timeoutMs = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension ProduceRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version <= 12 {
            message.name = sampler.value(version)
        }
        if version >= 13 {
            message.topicID = sampler.value(version)
        }
        message.partitions = sampler.array(version)
        return message
    }
}

extension ProduceRequest.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.records = sampler.optional(version)
        return message
    }
}

extension ProduceResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topics = sampler.array(version)
        message.throttleTimeMs = sampler.value(version)
        if version >= 10 {
            message.nodeEndpoints = sampler.array(version)
        }
        return message
    }
}

extension ProduceResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version <= 12 {
            message.name = sampler.value(version)
        }
        if version >= 13 {
            message.topicID = sampler.value(version)
        }
        message.partitions = sampler.array(version)
        return message
    }
}

extension ProduceResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.baseOffset = sampler.value(version)
        message.logAppendTimeMs = sampler.value(version)
        if version >= 5 {
            message.logStartOffset = sampler.value(version)
        }
        if version >= 8 {
            message.recordErrors = sampler.array(version)
        }
        if version >= 8 {
            message.errorMessage = sampler.optional(version)
        }
        if version >= 10 {
            message.currentLeader = sampler.value(version)
        }
        return message
    }
}

extension ProduceResponse.RecordError: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.batchIndex = sampler.value(version)
        message.batchIndexErrorMessage = sampler.optional(version)
        return message
    }
}

extension ProduceResponse.CurrentLeader: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.leaderID = sampler.value(version)
        message.leaderEpoch = sampler.value(version)
        return message
    }
}

extension ProduceResponse.NodeEndpoint: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.nodeID = sampler.value(version)
        message.host = sampler.value(version)
        message.port = sampler.value(version)
        message.rack = sampler.optional(version)
        return message
    }
}

extension FetchRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 12 {
            message.clusterID = sampler.optional(version)
        }
        if version <= 14 {
            message.replicaID = sampler.value(version)
        }
        if version >= 15 {
            message.replicaState = sampler.value(version)
        }
        message.maxWaitMs = sampler.value(version)
        message.minBytes = sampler.value(version)
        message.maxBytes = sampler.value(version)
        message.isolationLevel = sampler.value(version)
        if version >= 7 {
            message.sessionID = sampler.value(version)
        }
        if version >= 7 {
            message.sessionEpoch = sampler.value(version)
        }
        message.topics = sampler.array(version)
        if version >= 7 {
            message.forgottenTopics = sampler.array(version)
        }
        if version >= 11 {
            message.rackID = sampler.value(version)
        }
        return message
    }
}

extension FetchRequest.ReplicaState: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.replicaID = sampler.value(version)
        message.replicaEpoch = sampler.value(version)
        return message
    }
}

extension FetchRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version <= 12 {
            message.name = sampler.value(version)
        }
        if version >= 13 {
            message.topicID = sampler.value(version)
        }
        message.partitions = sampler.array(version)
        return message
    }
}

extension FetchRequest.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        if version >= 9 {
            message.currentLeaderEpoch = sampler.value(version)
        }
        message.fetchOffset = sampler.value(version)
        if version >= 12 {
            message.lastFetchedEpoch = sampler.value(version)
        }
        if version >= 5 {
            message.logStartOffset = sampler.value(version)
        }
        message.partitionMaxBytes = sampler.value(version)
        if version >= 17 {
            message.replicaDirectoryID = sampler.value(version)
        }
        if version >= 18 {
            message.highWatermark = sampler.value(version)
        }
        return message
    }
}

extension FetchRequest.ForgottenTopic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version <= 12 {
            message.name = sampler.value(version)
        }
        if version >= 13 {
            message.topicID = sampler.value(version)
        }
        message.partitions = sampler.array(version)
        return message
    }
}

extension FetchResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        if version >= 7 {
            message.errorCode = sampler.value(version)
        }
        if version >= 7 {
            message.sessionID = sampler.value(version)
        }
        message.topics = sampler.array(version)
        if version >= 16 {
            message.nodeEndpoints = sampler.array(version)
        }
        return message
    }
}

extension FetchResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version <= 12 {
            message.name = sampler.value(version)
        }
        if version >= 13 {
            message.topicID = sampler.value(version)
        }
        message.partitions = sampler.array(version)
        return message
    }
}

extension FetchResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.highWatermark = sampler.value(version)
        message.lastStableOffset = sampler.value(version)
        if version >= 5 {
            message.logStartOffset = sampler.value(version)
        }
        if version >= 12 {
            message.divergingEpoch = sampler.value(version)
        }
        if version >= 12 {
            message.currentLeader = sampler.value(version)
        }
        if version >= 12 {
            message.snapshotID = sampler.value(version)
        }
        message.abortedTransactions = sampler.optionalArray(version)
        if version >= 11 {
            message.preferredReadReplica = sampler.value(version)
        }
        message.records = sampler.optional(version)
        return message
    }
}

extension FetchResponse.DivergingEpoch: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.epoch = sampler.value(version)
        message.endOffset = sampler.value(version)
        return message
    }
}

extension FetchResponse.CurrentLeader: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.leaderID = sampler.value(version)
        message.leaderEpoch = sampler.value(version)
        return message
    }
}

extension FetchResponse.SnapshotID: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.endOffset = sampler.value(version)
        message.epoch = sampler.value(version)
        return message
    }
}

extension FetchResponse.AbortedTransaction: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.producerID = sampler.value(version)
        message.firstOffset = sampler.value(version)
        return message
    }
}

extension FetchResponse.NodeEndpoint: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.nodeID = sampler.value(version)
        message.host = sampler.value(version)
        message.port = sampler.value(version)
        message.rack = sampler.optional(version)
        return message
    }
}

extension ListOffsetsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.replicaID = sampler.value(version)
        if version >= 2 {
            message.isolationLevel = sampler.value(version)
        }
        message.topics = sampler.array(version)
        if version >= 10 {
            message.timeoutMs = sampler.value(version)
        }
        return message
    }
}

extension ListOffsetsRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension ListOffsetsRequest.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        if version >= 4 {
            message.currentLeaderEpoch = sampler.value(version)
        }
        message.timestamp = sampler.value(version)
        return message
    }
}

extension ListOffsetsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 2 {
            message.throttleTimeMs = sampler.value(version)
        }
        message.topics = sampler.array(version)
        return message
    }
}

extension ListOffsetsResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension ListOffsetsResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.timestamp = sampler.value(version)
        message.offset = sampler.value(version)
        if version >= 4 {
            message.leaderEpoch = sampler.value(version)
        }
        return message
    }
}

extension MetadataRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topics = version >= 1 ? sampler.optionalArray(version) : sampler.array(version)
        if version >= 4 {
            message.allowAutoTopicCreation = sampler.value(version)
        }
        if (8...10).contains(version) {
            message.includeClusterAuthorizedOperations = sampler.value(version)
        }
        if version >= 8 {
            message.includeTopicAuthorizedOperations = sampler.value(version)
        }
        return message
    }
}

extension MetadataRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 10 {
            message.topicID = sampler.value(version)
        }
        message.name = version >= 10 ? sampler.optional(version) : sampler.value(version)
        return message
    }
}

extension MetadataResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 3 {
            message.throttleTimeMs = sampler.value(version)
        }
        message.brokers = sampler.array(version)
        if version >= 2 {
            message.clusterID = sampler.optional(version)
        }
        if version >= 1 {
            message.controllerID = sampler.value(version)
        }
        message.topics = sampler.array(version)
        if (8...10).contains(version) {
            message.clusterAuthorizedOperations = sampler.value(version)
        }
        if version >= 13 {
            message.errorCode = sampler.value(version)
        }
        return message
    }
}

extension MetadataResponse.Broker: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.nodeID = sampler.value(version)
        message.host = sampler.value(version)
        message.port = sampler.value(version)
        if version >= 1 {
            message.rack = sampler.optional(version)
        }
        return message
    }
}

extension MetadataResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.name = version >= 12 ? sampler.optional(version) : sampler.value(version)
        if version >= 10 {
            message.topicID = sampler.value(version)
        }
        if version >= 1 {
            message.isInternal = sampler.value(version)
        }
        message.partitions = sampler.array(version)
        if version >= 8 {
            message.topicAuthorizedOperations = sampler.value(version)
        }
        return message
    }
}

extension MetadataResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.partitionIndex = sampler.value(version)
        message.leaderID = sampler.value(version)
        if version >= 7 {
            message.leaderEpoch = sampler.value(version)
        }
        message.replicaNodes = sampler.array(version)
        message.isrNodes = sampler.array(version)
        if version >= 5 {
            message.offlineReplicas = sampler.array(version)
        }
        return message
    }
}

extension OffsetCommitRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.generationIDOrMemberEpoch = sampler.value(version)
        message.memberID = sampler.value(version)
        if version >= 7 {
            message.groupInstanceID = sampler.optional(version)
        }
        if version <= 4 {
            message.retentionTimeMs = sampler.value(version)
        }
        message.topics = sampler.array(version)
        return message
    }
}

extension OffsetCommitRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version <= 9 {
            message.name = sampler.value(version)
        }
        if version >= 10 {
            message.topicID = sampler.value(version)
        }
        message.partitions = sampler.array(version)
        return message
    }
}

extension OffsetCommitRequest.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.committedOffset = sampler.value(version)
        if version >= 6 {
            message.committedLeaderEpoch = sampler.value(version)
        }
        message.committedMetadata = sampler.optional(version)
        return message
    }
}

extension OffsetCommitResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 3 {
            message.throttleTimeMs = sampler.value(version)
        }
        message.topics = sampler.array(version)
        return message
    }
}

extension OffsetCommitResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version <= 9 {
            message.name = sampler.value(version)
        }
        if version >= 10 {
            message.topicID = sampler.value(version)
        }
        message.partitions = sampler.array(version)
        return message
    }
}

extension OffsetCommitResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension OffsetFetchRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version <= 7 {
            message.groupID = sampler.value(version)
        }
        if version <= 7 {
            message.topics = version >= 2 ? sampler.optionalArray(version) : sampler.array(version)
        }
        if version >= 8 {
            message.groups = sampler.array(version)
        }
        if version >= 7 {
            message.requireStable = sampler.value(version)
        }
        return message
    }
}

extension OffsetFetchRequest.LegacyTopic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitionIndexes = sampler.array(version)
        return message
    }
}

extension OffsetFetchRequest.Group: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        if version >= 9 {
            message.memberID = sampler.optional(version)
        }
        if version >= 9 {
            message.memberEpoch = sampler.value(version)
        }
        message.topics = sampler.optionalArray(version)
        return message
    }
}

extension OffsetFetchRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version <= 9 {
            message.name = sampler.value(version)
        }
        if version >= 10 {
            message.topicID = sampler.value(version)
        }
        message.partitionIndexes = sampler.array(version)
        return message
    }
}

extension OffsetFetchResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 3 {
            message.throttleTimeMs = sampler.value(version)
        }
        if version <= 7 {
            message.topics = sampler.array(version)
        }
        if (2...7).contains(version) {
            message.errorCode = sampler.value(version)
        }
        if version >= 8 {
            message.groups = sampler.array(version)
        }
        return message
    }
}

extension OffsetFetchResponse.LegacyTopic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension OffsetFetchResponse.LegacyPartition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.committedOffset = sampler.value(version)
        if version >= 5 {
            message.committedLeaderEpoch = sampler.value(version)
        }
        message.metadata = sampler.optional(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension OffsetFetchResponse.Group: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.topics = sampler.array(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension OffsetFetchResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version <= 9 {
            message.name = sampler.value(version)
        }
        if version >= 10 {
            message.topicID = sampler.value(version)
        }
        message.partitions = sampler.array(version)
        return message
    }
}

extension OffsetFetchResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.committedOffset = sampler.value(version)
        message.committedLeaderEpoch = sampler.value(version)
        message.metadata = sampler.optional(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension FindCoordinatorRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version <= 3 {
            message.key = sampler.value(version)
        }
        if version >= 1 {
            message.keyType = sampler.value(version)
        }
        if version >= 4 {
            message.coordinatorKeys = sampler.array(version)
        }
        return message
    }
}

extension FindCoordinatorResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 1 {
            message.throttleTimeMs = sampler.value(version)
        }
        if version <= 3 {
            message.errorCode = sampler.value(version)
        }
        if (1...3).contains(version) {
            message.errorMessage = sampler.optional(version)
        }
        if version <= 3 {
            message.nodeID = sampler.value(version)
        }
        if version <= 3 {
            message.host = sampler.value(version)
        }
        if version <= 3 {
            message.port = sampler.value(version)
        }
        if version >= 4 {
            message.coordinators = sampler.array(version)
        }
        return message
    }
}

extension FindCoordinatorResponse.Coordinator: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.key = sampler.value(version)
        message.nodeID = sampler.value(version)
        message.host = sampler.value(version)
        message.port = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        return message
    }
}

extension JoinGroupRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.sessionTimeoutMs = sampler.value(version)
        if version >= 1 {
            message.rebalanceTimeoutMs = sampler.value(version)
        }
        message.memberID = sampler.value(version)
        if version >= 5 {
            message.groupInstanceID = sampler.optional(version)
        }
        message.protocolType = sampler.value(version)
        message.protocols = sampler.array(version)
        if version >= 8 {
            message.reason = sampler.optional(version)
        }
        return message
    }
}

extension JoinGroupRequest.GroupProtocol: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.metadata = sampler.value(version)
        return message
    }
}

extension JoinGroupResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 2 {
            message.throttleTimeMs = sampler.value(version)
        }
        message.errorCode = sampler.value(version)
        message.generationID = sampler.value(version)
        if version >= 7 {
            message.protocolType = sampler.optional(version)
        }
        message.protocolName = version >= 7 ? sampler.optional(version) : sampler.value(version)
        message.leaderID = sampler.value(version)
        if version >= 9 {
            message.skipAssignment = sampler.value(version)
        }
        message.memberID = sampler.value(version)
        message.members = sampler.array(version)
        return message
    }
}

extension JoinGroupResponse.Member: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.memberID = sampler.value(version)
        if version >= 5 {
            message.groupInstanceID = sampler.optional(version)
        }
        message.metadata = sampler.value(version)
        return message
    }
}

extension HeartbeatRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.generationID = sampler.value(version)
        message.memberID = sampler.value(version)
        if version >= 3 {
            message.groupInstanceID = sampler.optional(version)
        }
        return message
    }
}

extension HeartbeatResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 1 {
            message.throttleTimeMs = sampler.value(version)
        }
        message.errorCode = sampler.value(version)
        return message
    }
}

extension LeaveGroupRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        if version <= 2 {
            message.memberID = sampler.value(version)
        }
        if version >= 3 {
            message.members = sampler.array(version)
        }
        return message
    }
}

extension LeaveGroupRequest.Member: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.memberID = sampler.value(version)
        message.groupInstanceID = sampler.optional(version)
        if version >= 5 {
            message.reason = sampler.optional(version)
        }
        return message
    }
}

extension LeaveGroupResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 1 {
            message.throttleTimeMs = sampler.value(version)
        }
        message.errorCode = sampler.value(version)
        if version >= 3 {
            message.members = sampler.array(version)
        }
        return message
    }
}

extension LeaveGroupResponse.Member: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.memberID = sampler.value(version)
        message.groupInstanceID = sampler.optional(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension SyncGroupRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.generationID = sampler.value(version)
        message.memberID = sampler.value(version)
        if version >= 3 {
            message.groupInstanceID = sampler.optional(version)
        }
        if version >= 5 {
            message.protocolType = sampler.optional(version)
        }
        if version >= 5 {
            message.protocolName = sampler.optional(version)
        }
        message.assignments = sampler.array(version)
        return message
    }
}

extension SyncGroupRequest.Assignment: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.memberID = sampler.value(version)
        message.assignment = sampler.value(version)
        return message
    }
}

extension SyncGroupResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 1 {
            message.throttleTimeMs = sampler.value(version)
        }
        message.errorCode = sampler.value(version)
        if version >= 5 {
            message.protocolType = sampler.optional(version)
        }
        if version >= 5 {
            message.protocolName = sampler.optional(version)
        }
        message.assignment = sampler.value(version)
        return message
    }
}

extension DescribeGroupsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupIDs = sampler.array(version)
        if version >= 3 {
            message.includeAuthorizedOperations = sampler.value(version)
        }
        return message
    }
}

extension DescribeGroupsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 1 {
            message.throttleTimeMs = sampler.value(version)
        }
        message.groups = sampler.array(version)
        return message
    }
}

extension DescribeGroupsResponse.Group: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        if version >= 6 {
            message.errorMessage = sampler.optional(version)
        }
        message.groupID = sampler.value(version)
        message.groupState = sampler.value(version)
        message.protocolType = sampler.value(version)
        message.protocolData = sampler.value(version)
        message.members = sampler.array(version)
        if version >= 3 {
            message.authorizedOperations = sampler.value(version)
        }
        return message
    }
}

extension DescribeGroupsResponse.Member: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.memberID = sampler.value(version)
        if version >= 4 {
            message.groupInstanceID = sampler.optional(version)
        }
        message.clientID = sampler.value(version)
        message.clientHost = sampler.value(version)
        message.memberMetadata = sampler.value(version)
        message.memberAssignment = sampler.value(version)
        return message
    }
}

extension ListGroupsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 4 {
            message.statesFilter = sampler.array(version)
        }
        if version >= 5 {
            message.typesFilter = sampler.array(version)
        }
        return message
    }
}

extension ListGroupsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 1 {
            message.throttleTimeMs = sampler.value(version)
        }
        message.errorCode = sampler.value(version)
        message.groups = sampler.array(version)
        return message
    }
}

extension ListGroupsResponse.Group: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.protocolType = sampler.value(version)
        if version >= 4 {
            message.groupState = sampler.value(version)
        }
        if version >= 5 {
            message.groupType = sampler.value(version)
        }
        return message
    }
}

extension SaslHandshakeRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.mechanism = sampler.value(version)
        return message
    }
}

extension SaslHandshakeResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.mechanisms = sampler.array(version)
        return message
    }
}

extension ApiVersionsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 3 {
            message.clientSoftwareName = sampler.value(version)
        }
        if version >= 3 {
            message.clientSoftwareVersion = sampler.value(version)
        }
        return message
    }
}

extension ApiVersionsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.apiKeys = sampler.array(version)
        if version >= 1 {
            message.throttleTimeMs = sampler.value(version)
        }
        if version >= 3 {
            message.supportedFeatures = sampler.array(version)
        }
        if version >= 3 {
            message.finalizedFeaturesEpoch = sampler.value(version)
        }
        if version >= 3 {
            message.finalizedFeatures = sampler.array(version)
        }
        if version >= 3 {
            message.zkMigrationReady = sampler.value(version)
        }
        return message
    }
}

extension ApiVersionsResponse.API: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.apiKey = sampler.value(version)
        message.minVersion = sampler.value(version)
        message.maxVersion = sampler.value(version)
        return message
    }
}

extension ApiVersionsResponse.SupportedFeature: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.minVersion = sampler.value(version)
        message.maxVersion = sampler.value(version)
        return message
    }
}

extension ApiVersionsResponse.FinalizedFeature: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.maxVersionLevel = sampler.value(version)
        message.minVersionLevel = sampler.value(version)
        return message
    }
}

extension CreateTopicsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topics = sampler.array(version)
        message.timeoutMs = sampler.value(version)
        message.validateOnly = sampler.value(version)
        return message
    }
}

extension CreateTopicsRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.numPartitions = sampler.value(version)
        message.replicationFactor = sampler.value(version)
        message.assignments = sampler.array(version)
        message.configs = sampler.array(version)
        return message
    }
}

extension CreateTopicsRequest.Assignment: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.brokerIDs = sampler.array(version)
        return message
    }
}

extension CreateTopicsRequest.Config: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.value = sampler.optional(version)
        return message
    }
}

extension CreateTopicsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension CreateTopicsResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        if version >= 7 {
            message.topicID = sampler.value(version)
        }
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        if version >= 5 {
            message.topicConfigErrorCode = sampler.value(version)
        }
        if version >= 5 {
            message.numPartitions = sampler.value(version)
        }
        if version >= 5 {
            message.replicationFactor = sampler.value(version)
        }
        if version >= 5 {
            message.configs = sampler.optionalArray(version)
        }
        return message
    }
}

extension CreateTopicsResponse.Config: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.value = sampler.optional(version)
        message.readOnly = sampler.value(version)
        message.configSource = sampler.value(version)
        message.isSensitive = sampler.value(version)
        return message
    }
}

extension DeleteTopicsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 6 {
            message.topics = sampler.array(version)
        }
        if version <= 5 {
            message.topicNames = sampler.array(version)
        }
        message.timeoutMs = sampler.value(version)
        return message
    }
}

extension DeleteTopicsRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.optional(version)
        message.topicID = sampler.value(version)
        return message
    }
}

extension DeleteTopicsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension DeleteTopicsResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = version >= 6 ? sampler.optional(version) : sampler.value(version)
        if version >= 6 {
            message.topicID = sampler.value(version)
        }
        message.errorCode = sampler.value(version)
        if version >= 5 {
            message.errorMessage = sampler.optional(version)
        }
        return message
    }
}

extension DeleteRecordsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topics = sampler.array(version)
        message.timeoutMs = sampler.value(version)
        return message
    }
}

extension DeleteRecordsRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension DeleteRecordsRequest.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.offset = sampler.value(version)
        return message
    }
}

extension DeleteRecordsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension DeleteRecordsResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension DeleteRecordsResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.lowWatermark = sampler.value(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension InitProducerIdRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.transactionalID = sampler.optional(version)
        message.transactionTimeoutMs = sampler.value(version)
        if version >= 3 {
            message.producerID = sampler.value(version)
        }
        if version >= 3 {
            message.producerEpoch = sampler.value(version)
        }
        return message
    }
}

extension InitProducerIdResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.producerID = sampler.value(version)
        message.producerEpoch = sampler.value(version)
        return message
    }
}

extension OffsetForLeaderEpochRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 3 {
            message.replicaID = sampler.value(version)
        }
        message.topics = sampler.array(version)
        return message
    }
}

extension OffsetForLeaderEpochRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension OffsetForLeaderEpochRequest.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.currentLeaderEpoch = sampler.value(version)
        message.leaderEpoch = sampler.value(version)
        return message
    }
}

extension OffsetForLeaderEpochResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension OffsetForLeaderEpochResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension OffsetForLeaderEpochResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.partitionIndex = sampler.value(version)
        message.leaderEpoch = sampler.value(version)
        message.endOffset = sampler.value(version)
        return message
    }
}

extension AddPartitionsToTxnRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 4 {
            message.transactions = sampler.array(version)
        }
        if version <= 3 {
            message.transactionalID = sampler.value(version)
        }
        if version <= 3 {
            message.producerID = sampler.value(version)
        }
        if version <= 3 {
            message.producerEpoch = sampler.value(version)
        }
        if version <= 3 {
            message.topics = sampler.array(version)
        }
        return message
    }
}

extension AddPartitionsToTxnRequest.Transaction: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.transactionalID = sampler.value(version)
        message.producerID = sampler.value(version)
        message.producerEpoch = sampler.value(version)
        message.verifyOnly = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension AddPartitionsToTxnRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension AddPartitionsToTxnResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        if version >= 4 {
            message.errorCode = sampler.value(version)
        }
        if version >= 4 {
            message.resultsByTransaction = sampler.array(version)
        }
        if version <= 3 {
            message.topics = sampler.array(version)
        }
        return message
    }
}

extension AddPartitionsToTxnResponse.TransactionResult: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.transactionalID = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension AddPartitionsToTxnResponse.PartitionResult: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension AddPartitionsToTxnResponse.TopicResult: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension AddOffsetsToTxnRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.transactionalID = sampler.value(version)
        message.producerID = sampler.value(version)
        message.producerEpoch = sampler.value(version)
        message.groupID = sampler.value(version)
        return message
    }
}

extension AddOffsetsToTxnResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension EndTxnRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.transactionalID = sampler.value(version)
        message.producerID = sampler.value(version)
        message.producerEpoch = sampler.value(version)
        message.committed = sampler.value(version)
        return message
    }
}

extension EndTxnResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        if version >= 5 {
            message.producerID = sampler.value(version)
        }
        if version >= 5 {
            message.producerEpoch = sampler.value(version)
        }
        return message
    }
}

extension WriteTxnMarkersRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.markers = sampler.array(version)
        return message
    }
}

extension WriteTxnMarkersRequest.Marker: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.producerID = sampler.value(version)
        message.producerEpoch = sampler.value(version)
        message.transactionResult = sampler.value(version)
        message.topics = sampler.array(version)
        message.coordinatorEpoch = sampler.value(version)
        if version >= 2 {
            message.transactionVersion = sampler.value(version)
        }
        return message
    }
}

extension WriteTxnMarkersRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitionIndexes = sampler.array(version)
        return message
    }
}

extension WriteTxnMarkersResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.markers = sampler.array(version)
        return message
    }
}

extension WriteTxnMarkersResponse.MarkerResult: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.producerID = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension WriteTxnMarkersResponse.TopicResult: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension WriteTxnMarkersResponse.PartitionResult: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension TxnOffsetCommitRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.transactionalID = sampler.value(version)
        message.groupID = sampler.value(version)
        message.producerID = sampler.value(version)
        message.producerEpoch = sampler.value(version)
        if version >= 3 {
            message.generationID = sampler.value(version)
        }
        if version >= 3 {
            message.memberID = sampler.value(version)
        }
        if version >= 3 {
            message.groupInstanceID = sampler.optional(version)
        }
        message.topics = sampler.array(version)
        return message
    }
}

extension TxnOffsetCommitRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension TxnOffsetCommitRequest.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.committedOffset = sampler.value(version)
        if version >= 2 {
            message.committedLeaderEpoch = sampler.value(version)
        }
        message.committedMetadata = sampler.optional(version)
        return message
    }
}

extension TxnOffsetCommitResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension TxnOffsetCommitResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension TxnOffsetCommitResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension DescribeAclsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.resourceTypeFilter = sampler.value(version)
        message.resourceNameFilter = sampler.optional(version)
        message.patternTypeFilter = sampler.value(version)
        message.principalFilter = sampler.optional(version)
        message.hostFilter = sampler.optional(version)
        message.operation = sampler.value(version)
        message.permissionType = sampler.value(version)
        return message
    }
}

extension DescribeAclsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.resources = sampler.array(version)
        return message
    }
}

extension DescribeAclsResponse.Resource: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.resourceType = sampler.value(version)
        message.resourceName = sampler.value(version)
        message.patternType = sampler.value(version)
        message.acls = sampler.array(version)
        return message
    }
}

extension DescribeAclsResponse.ACL: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.principal = sampler.value(version)
        message.host = sampler.value(version)
        message.operation = sampler.value(version)
        message.permissionType = sampler.value(version)
        return message
    }
}

extension CreateAclsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.creations = sampler.array(version)
        return message
    }
}

extension CreateAclsRequest.Creation: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.resourceType = sampler.value(version)
        message.resourceName = sampler.value(version)
        message.resourcePatternType = sampler.value(version)
        message.principal = sampler.value(version)
        message.host = sampler.value(version)
        message.operation = sampler.value(version)
        message.permissionType = sampler.value(version)
        return message
    }
}

extension CreateAclsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.results = sampler.array(version)
        return message
    }
}

extension CreateAclsResponse.Result: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        return message
    }
}

extension DeleteAclsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.filters = sampler.array(version)
        return message
    }
}

extension DeleteAclsRequest.Filter: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.resourceTypeFilter = sampler.value(version)
        message.resourceNameFilter = sampler.optional(version)
        message.patternTypeFilter = sampler.value(version)
        message.principalFilter = sampler.optional(version)
        message.hostFilter = sampler.optional(version)
        message.operation = sampler.value(version)
        message.permissionType = sampler.value(version)
        return message
    }
}

extension DeleteAclsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.filterResults = sampler.array(version)
        return message
    }
}

extension DeleteAclsResponse.FilterResult: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.matchingAcls = sampler.array(version)
        return message
    }
}

extension DeleteAclsResponse.MatchingACL: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.resourceType = sampler.value(version)
        message.resourceName = sampler.value(version)
        message.patternType = sampler.value(version)
        message.principal = sampler.value(version)
        message.host = sampler.value(version)
        message.operation = sampler.value(version)
        message.permissionType = sampler.value(version)
        return message
    }
}

extension DescribeConfigsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.resources = sampler.array(version)
        message.includeSynonyms = sampler.value(version)
        if version >= 3 {
            message.includeDocumentation = sampler.value(version)
        }
        return message
    }
}

extension DescribeConfigsRequest.Resource: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.resourceType = sampler.value(version)
        message.resourceName = sampler.value(version)
        message.configurationKeys = sampler.optionalArray(version)
        return message
    }
}

extension DescribeConfigsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.resources = sampler.array(version)
        return message
    }
}

extension DescribeConfigsResponse.Resource: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.resourceType = sampler.value(version)
        message.resourceName = sampler.value(version)
        message.configs = sampler.array(version)
        return message
    }
}

extension DescribeConfigsResponse.Config: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.value = sampler.optional(version)
        message.readOnly = sampler.value(version)
        message.configSource = sampler.value(version)
        message.isSensitive = sampler.value(version)
        message.synonyms = sampler.array(version)
        if version >= 3 {
            message.configType = sampler.value(version)
        }
        if version >= 3 {
            message.documentation = sampler.optional(version)
        }
        return message
    }
}

extension DescribeConfigsResponse.Synonym: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.value = sampler.optional(version)
        message.source = sampler.value(version)
        return message
    }
}

extension AlterConfigsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.resources = sampler.array(version)
        message.validateOnly = sampler.value(version)
        return message
    }
}

extension AlterConfigsRequest.Resource: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.resourceType = sampler.value(version)
        message.resourceName = sampler.value(version)
        message.configs = sampler.array(version)
        return message
    }
}

extension AlterConfigsRequest.Config: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.value = sampler.optional(version)
        return message
    }
}

extension AlterConfigsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.resources = sampler.array(version)
        return message
    }
}

extension AlterConfigsResponse.Resource: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.resourceType = sampler.value(version)
        message.resourceName = sampler.value(version)
        return message
    }
}

extension AlterReplicaLogDirsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.dirs = sampler.array(version)
        return message
    }
}

extension AlterReplicaLogDirsRequest.Dir: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.path = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension AlterReplicaLogDirsRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension AlterReplicaLogDirsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.results = sampler.array(version)
        return message
    }
}

extension AlterReplicaLogDirsResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicName = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension AlterReplicaLogDirsResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension DescribeLogDirsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topics = sampler.optionalArray(version)
        return message
    }
}

extension DescribeLogDirsRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topic = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension DescribeLogDirsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        if version >= 3 {
            message.errorCode = sampler.value(version)
        }
        message.results = sampler.array(version)
        return message
    }
}

extension DescribeLogDirsResponse.Result: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.logDir = sampler.value(version)
        message.topics = sampler.array(version)
        if version >= 4 {
            message.totalBytes = sampler.value(version)
        }
        if version >= 4 {
            message.usableBytes = sampler.value(version)
        }
        if version >= 5 {
            message.isCordoned = sampler.value(version)
        }
        return message
    }
}

extension DescribeLogDirsResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension DescribeLogDirsResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.partitionSize = sampler.value(version)
        message.offsetLag = sampler.value(version)
        message.isFutureKey = sampler.value(version)
        return message
    }
}

extension SaslAuthenticateRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.authBytes = sampler.value(version)
        return message
    }
}

extension SaslAuthenticateResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.authBytes = sampler.value(version)
        if version >= 1 {
            message.sessionLifetimeMs = sampler.value(version)
        }
        return message
    }
}

extension CreatePartitionsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topics = sampler.array(version)
        message.timeoutMs = sampler.value(version)
        message.validateOnly = sampler.value(version)
        return message
    }
}

extension CreatePartitionsRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.count = sampler.value(version)
        message.assignments = sampler.optionalArray(version)
        return message
    }
}

extension CreatePartitionsRequest.Assignment: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.brokerIDs = sampler.array(version)
        return message
    }
}

extension CreatePartitionsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension CreatePartitionsResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        return message
    }
}

extension CreateDelegationTokenRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 3 {
            message.ownerPrincipalType = sampler.optional(version)
        }
        if version >= 3 {
            message.ownerPrincipalName = sampler.optional(version)
        }
        message.renewers = sampler.array(version)
        message.maxLifetimeMs = sampler.value(version)
        return message
    }
}

extension CreateDelegationTokenRequest.Renewer: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.principalType = sampler.value(version)
        message.principalName = sampler.value(version)
        return message
    }
}

extension CreateDelegationTokenResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.principalType = sampler.value(version)
        message.principalName = sampler.value(version)
        if version >= 3 {
            message.tokenRequesterPrincipalType = sampler.value(version)
        }
        if version >= 3 {
            message.tokenRequesterPrincipalName = sampler.value(version)
        }
        message.issueTimestampMs = sampler.value(version)
        message.expiryTimestampMs = sampler.value(version)
        message.maxTimestampMs = sampler.value(version)
        message.tokenID = sampler.value(version)
        message.hmac = sampler.value(version)
        message.throttleTimeMs = sampler.value(version)
        return message
    }
}

extension RenewDelegationTokenRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.hmac = sampler.value(version)
        message.renewPeriodMs = sampler.value(version)
        return message
    }
}

extension RenewDelegationTokenResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.expiryTimestampMs = sampler.value(version)
        message.throttleTimeMs = sampler.value(version)
        return message
    }
}

extension ExpireDelegationTokenRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.hmac = sampler.value(version)
        message.expiryTimePeriodMs = sampler.value(version)
        return message
    }
}

extension ExpireDelegationTokenResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.expiryTimestampMs = sampler.value(version)
        message.throttleTimeMs = sampler.value(version)
        return message
    }
}

extension DescribeDelegationTokenRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.owners = sampler.optionalArray(version)
        return message
    }
}

extension DescribeDelegationTokenRequest.Owner: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.principalType = sampler.value(version)
        message.principalName = sampler.value(version)
        return message
    }
}

extension DescribeDelegationTokenResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.tokens = sampler.array(version)
        message.throttleTimeMs = sampler.value(version)
        return message
    }
}

extension DescribeDelegationTokenResponse.Token: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.principalType = sampler.value(version)
        message.principalName = sampler.value(version)
        if version >= 3 {
            message.tokenRequesterPrincipalType = sampler.value(version)
        }
        if version >= 3 {
            message.tokenRequesterPrincipalName = sampler.value(version)
        }
        message.issueTimestamp = sampler.value(version)
        message.expiryTimestamp = sampler.value(version)
        message.maxTimestamp = sampler.value(version)
        message.tokenID = sampler.value(version)
        message.hmac = sampler.value(version)
        message.renewers = sampler.array(version)
        return message
    }
}

extension DescribeDelegationTokenResponse.Renewer: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.principalType = sampler.value(version)
        message.principalName = sampler.value(version)
        return message
    }
}

extension DeleteGroupsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupIDs = sampler.array(version)
        return message
    }
}

extension DeleteGroupsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.groups = sampler.array(version)
        return message
    }
}

extension DeleteGroupsResponse.Group: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension ElectLeadersRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 1 {
            message.electionType = sampler.value(version)
        }
        message.topicPartitions = sampler.optionalArray(version)
        message.timeoutMs = sampler.value(version)
        return message
    }
}

extension ElectLeadersRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topic = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension ElectLeadersResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        if version >= 1 {
            message.errorCode = sampler.value(version)
        }
        message.replicaElectionResults = sampler.array(version)
        return message
    }
}

extension ElectLeadersResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topic = sampler.value(version)
        message.partitionResults = sampler.array(version)
        return message
    }
}

extension ElectLeadersResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionID = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        return message
    }
}

extension IncrementalAlterConfigsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.resources = sampler.array(version)
        message.validateOnly = sampler.value(version)
        return message
    }
}

extension IncrementalAlterConfigsRequest.Resource: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.resourceType = sampler.value(version)
        message.resourceName = sampler.value(version)
        message.configs = sampler.array(version)
        return message
    }
}

extension IncrementalAlterConfigsRequest.Config: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.configOperation = sampler.value(version)
        message.value = sampler.optional(version)
        return message
    }
}

extension IncrementalAlterConfigsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.resources = sampler.array(version)
        return message
    }
}

extension IncrementalAlterConfigsResponse.Resource: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.resourceType = sampler.value(version)
        message.resourceName = sampler.value(version)
        return message
    }
}

extension AlterPartitionReassignmentsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.timeoutMs = sampler.value(version)
        if version >= 1 {
            message.allowReplicationFactorChange = sampler.value(version)
        }
        message.topics = sampler.array(version)
        return message
    }
}

extension AlterPartitionReassignmentsRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension AlterPartitionReassignmentsRequest.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.replicas = sampler.optionalArray(version)
        return message
    }
}

extension AlterPartitionReassignmentsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        if version >= 1 {
            message.allowReplicationFactorChange = sampler.value(version)
        }
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.responses = sampler.array(version)
        return message
    }
}

extension AlterPartitionReassignmentsResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension AlterPartitionReassignmentsResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        return message
    }
}

extension ListPartitionReassignmentsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.timeoutMs = sampler.value(version)
        message.topics = sampler.optionalArray(version)
        return message
    }
}

extension ListPartitionReassignmentsRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitionIndexes = sampler.array(version)
        return message
    }
}

extension ListPartitionReassignmentsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension ListPartitionReassignmentsResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension ListPartitionReassignmentsResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.replicas = sampler.array(version)
        message.addingReplicas = sampler.array(version)
        message.removingReplicas = sampler.array(version)
        return message
    }
}

extension OffsetDeleteRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension OffsetDeleteRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension OffsetDeleteRequest.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        return message
    }
}

extension OffsetDeleteResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.throttleTimeMs = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension OffsetDeleteResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension OffsetDeleteResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension DescribeClientQuotasRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.components = sampler.array(version)
        message.strict = sampler.value(version)
        return message
    }
}

extension DescribeClientQuotasRequest.Component: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.entityType = sampler.value(version)
        message.matchType = sampler.value(version)
        message.match = sampler.optional(version)
        return message
    }
}

extension DescribeClientQuotasResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.entries = sampler.optionalArray(version)
        return message
    }
}

extension DescribeClientQuotasResponse.Entry: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.entity = sampler.array(version)
        message.values = sampler.array(version)
        return message
    }
}

extension DescribeClientQuotasResponse.EntityData: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.entityType = sampler.value(version)
        message.entityName = sampler.optional(version)
        return message
    }
}

extension DescribeClientQuotasResponse.ValueData: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.key = sampler.value(version)
        message.value = sampler.value(version)
        return message
    }
}

extension AlterClientQuotasRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.entries = sampler.array(version)
        message.validateOnly = sampler.value(version)
        return message
    }
}

extension AlterClientQuotasRequest.Entry: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.entity = sampler.array(version)
        message.ops = sampler.array(version)
        return message
    }
}

extension AlterClientQuotasRequest.EntityData: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.entityType = sampler.value(version)
        message.entityName = sampler.optional(version)
        return message
    }
}

extension AlterClientQuotasRequest.Operation: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.key = sampler.value(version)
        message.value = sampler.value(version)
        message.remove = sampler.value(version)
        return message
    }
}

extension AlterClientQuotasResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.entries = sampler.array(version)
        return message
    }
}

extension AlterClientQuotasResponse.Entry: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.entity = sampler.array(version)
        return message
    }
}

extension AlterClientQuotasResponse.EntityData: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.entityType = sampler.value(version)
        message.entityName = sampler.optional(version)
        return message
    }
}

extension DescribeUserScramCredentialsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.users = sampler.optionalArray(version)
        return message
    }
}

extension DescribeUserScramCredentialsRequest.User: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        return message
    }
}

extension DescribeUserScramCredentialsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.results = sampler.array(version)
        return message
    }
}

extension DescribeUserScramCredentialsResponse.Result: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.user = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.credentialInfos = sampler.array(version)
        return message
    }
}

extension DescribeUserScramCredentialsResponse.CredentialInfo: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.mechanism = sampler.value(version)
        message.iterations = sampler.value(version)
        return message
    }
}

extension AlterUserScramCredentialsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.deletions = sampler.array(version)
        message.upsertions = sampler.array(version)
        return message
    }
}

extension AlterUserScramCredentialsRequest.Deletion: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.mechanism = sampler.value(version)
        return message
    }
}

extension AlterUserScramCredentialsRequest.Upsertion: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.mechanism = sampler.value(version)
        message.iterations = sampler.value(version)
        message.salt = sampler.value(version)
        message.saltedPassword = sampler.value(version)
        return message
    }
}

extension AlterUserScramCredentialsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.results = sampler.array(version)
        return message
    }
}

extension AlterUserScramCredentialsResponse.Result: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.user = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        return message
    }
}

extension DescribeQuorumRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topics = sampler.array(version)
        return message
    }
}

extension DescribeQuorumRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicName = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension DescribeQuorumRequest.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        return message
    }
}

extension DescribeQuorumResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        if version >= 2 {
            message.errorMessage = sampler.optional(version)
        }
        message.topics = sampler.array(version)
        if version >= 2 {
            message.nodes = sampler.array(version)
        }
        return message
    }
}

extension DescribeQuorumResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicName = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension DescribeQuorumResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        if version >= 2 {
            message.errorMessage = sampler.optional(version)
        }
        message.leaderID = sampler.value(version)
        message.leaderEpoch = sampler.value(version)
        message.highWatermark = sampler.value(version)
        message.currentVoters = sampler.array(version)
        message.observers = sampler.array(version)
        return message
    }
}

extension DescribeQuorumResponse.Node: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.nodeID = sampler.value(version)
        message.listeners = sampler.array(version)
        return message
    }
}

extension DescribeQuorumResponse.Listener: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.host = sampler.value(version)
        message.port = sampler.value(version)
        return message
    }
}

extension DescribeQuorumResponse.ReplicaState: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.replicaID = sampler.value(version)
        if version >= 2 {
            message.replicaDirectoryID = sampler.value(version)
        }
        message.logEndOffset = sampler.value(version)
        if version >= 1 {
            message.lastFetchTimestamp = sampler.value(version)
        }
        if version >= 1 {
            message.lastCaughtUpTimestamp = sampler.value(version)
        }
        return message
    }
}

extension UpdateFeaturesRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.timeoutMs = sampler.value(version)
        message.featureUpdates = sampler.array(version)
        if version >= 1 {
            message.validateOnly = sampler.value(version)
        }
        return message
    }
}

extension UpdateFeaturesRequest.Feature: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.feature = sampler.value(version)
        message.maxVersionLevel = sampler.value(version)
        if version <= 0 {
            message.allowDowngrade = sampler.value(version)
        }
        if version >= 1 {
            message.upgradeType = sampler.value(version)
        }
        return message
    }
}

extension UpdateFeaturesResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        if version <= 1 {
            message.results = sampler.array(version)
        }
        return message
    }
}

extension UpdateFeaturesResponse.Result: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.feature = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        return message
    }
}

extension DescribeClusterRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.includeClusterAuthorizedOperations = sampler.value(version)
        if version >= 1 {
            message.endpointType = sampler.value(version)
        }
        if version >= 2 {
            message.includeFencedBrokers = sampler.value(version)
        }
        return message
    }
}

extension DescribeClusterResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        if version >= 1 {
            message.endpointType = sampler.value(version)
        }
        message.clusterID = sampler.value(version)
        message.controllerID = sampler.value(version)
        message.brokers = sampler.array(version)
        message.clusterAuthorizedOperations = sampler.value(version)
        return message
    }
}

extension DescribeClusterResponse.Broker: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.brokerID = sampler.value(version)
        message.host = sampler.value(version)
        message.port = sampler.value(version)
        message.rack = sampler.optional(version)
        if version >= 2 {
            message.isFenced = sampler.value(version)
        }
        return message
    }
}

extension DescribeProducersRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topics = sampler.array(version)
        return message
    }
}

extension DescribeProducersRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitionIndexes = sampler.array(version)
        return message
    }
}

extension DescribeProducersResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension DescribeProducersResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension DescribeProducersResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.partitionIndex = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.activeProducers = sampler.array(version)
        return message
    }
}

extension DescribeProducersResponse.ActiveProducer: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.producerID = sampler.value(version)
        message.producerEpoch = sampler.value(version)
        message.lastSequence = sampler.value(version)
        message.lastTimestamp = sampler.value(version)
        message.coordinatorEpoch = sampler.value(version)
        message.currentTxnStartOffset = sampler.value(version)
        return message
    }
}

extension UnregisterBrokerRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.brokerID = sampler.value(version)
        return message
    }
}

extension UnregisterBrokerResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        return message
    }
}

extension DescribeTransactionsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.transactionalIDs = sampler.array(version)
        return message
    }
}

extension DescribeTransactionsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.transactionStates = sampler.array(version)
        return message
    }
}

extension DescribeTransactionsResponse.TransactionState: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.transactionalID = sampler.value(version)
        message.transactionState = sampler.value(version)
        message.transactionTimeoutMs = sampler.value(version)
        message.transactionStartTimeMs = sampler.value(version)
        message.producerID = sampler.value(version)
        message.producerEpoch = sampler.value(version)
        message.topics = sampler.array(version)
        return message
    }
}

extension DescribeTransactionsResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topic = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension ListTransactionsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.stateFilters = sampler.array(version)
        message.producerIDFilters = sampler.array(version)
        if version >= 1 {
            message.durationFilter = sampler.value(version)
        }
        if version >= 2 {
            message.transactionalIDPattern = sampler.optional(version)
        }
        return message
    }
}

extension ListTransactionsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.unknownStateFilters = sampler.array(version)
        message.transactionStates = sampler.array(version)
        return message
    }
}

extension ListTransactionsResponse.TransactionState: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.transactionalID = sampler.value(version)
        message.producerID = sampler.value(version)
        message.transactionState = sampler.value(version)
        return message
    }
}

extension ConsumerGroupHeartbeatRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.memberID = sampler.value(version)
        message.memberEpoch = sampler.value(version)
        message.instanceID = sampler.optional(version)
        message.rackID = sampler.optional(version)
        message.rebalanceTimeoutMs = sampler.value(version)
        message.subscribedTopicNames = sampler.optionalArray(version)
        if version >= 1 {
            message.subscribedTopicRegex = sampler.optional(version)
        }
        message.serverAssignor = sampler.optional(version)
        message.topicPartitions = sampler.optionalArray(version)
        return message
    }
}

extension ConsumerGroupHeartbeatRequest.TopicPartitions: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicID = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension ConsumerGroupHeartbeatResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.memberID = sampler.optional(version)
        message.memberEpoch = sampler.value(version)
        message.heartbeatIntervalMs = sampler.value(version)
        message.assignment = sampler.optional(version)
        return message
    }
}

extension ConsumerGroupHeartbeatResponse.Assignment: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicPartitions = sampler.array(version)
        return message
    }
}

extension ConsumerGroupHeartbeatResponse.TopicPartitions: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicID = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension ConsumerGroupDescribeRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupIDs = sampler.array(version)
        message.includeAuthorizedOperations = sampler.value(version)
        return message
    }
}

extension ConsumerGroupDescribeResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.groups = sampler.array(version)
        return message
    }
}

extension ConsumerGroupDescribeResponse.Group: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.errorMessage = sampler.optional(version)
        message.groupID = sampler.value(version)
        message.groupState = sampler.value(version)
        message.groupEpoch = sampler.value(version)
        message.assignmentEpoch = sampler.value(version)
        message.assignorName = sampler.value(version)
        message.members = sampler.array(version)
        message.authorizedOperations = sampler.value(version)
        return message
    }
}

extension ConsumerGroupDescribeResponse.Member: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.memberID = sampler.value(version)
        message.instanceID = sampler.optional(version)
        message.rackID = sampler.optional(version)
        message.memberEpoch = sampler.value(version)
        message.clientID = sampler.value(version)
        message.clientHost = sampler.value(version)
        message.subscribedTopicNames = sampler.array(version)
        message.subscribedTopicRegex = sampler.optional(version)
        message.assignment = sampler.value(version)
        message.targetAssignment = sampler.value(version)
        if version >= 1 {
            message.memberType = sampler.value(version)
        }
        return message
    }
}

extension ConsumerGroupDescribeResponse.Assignment: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicPartitions = sampler.array(version)
        return message
    }
}

extension ConsumerGroupDescribeResponse.TopicPartitions: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicID = sampler.value(version)
        message.topicName = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension GetTelemetrySubscriptionsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.clientInstanceID = sampler.value(version)
        return message
    }
}

extension GetTelemetrySubscriptionsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.clientInstanceID = sampler.value(version)
        message.subscriptionID = sampler.value(version)
        message.acceptedCompressionTypes = sampler.array(version)
        message.pushIntervalMs = sampler.value(version)
        message.telemetryMaxBytes = sampler.value(version)
        message.deltaTemporality = sampler.value(version)
        message.requestedMetrics = sampler.array(version)
        return message
    }
}

extension PushTelemetryRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.clientInstanceID = sampler.value(version)
        message.subscriptionID = sampler.value(version)
        message.terminating = sampler.value(version)
        message.compressionType = sampler.value(version)
        message.metrics = sampler.value(version)
        return message
    }
}

extension PushTelemetryResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        return message
    }
}

extension ListConfigResourcesRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        if version >= 1 {
            message.resourceTypes = sampler.array(version)
        }
        return message
    }
}

extension ListConfigResourcesResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.errorCode = sampler.value(version)
        message.configResources = sampler.array(version)
        return message
    }
}

extension ListConfigResourcesResponse.Resource: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.resourceName = sampler.value(version)
        if version >= 1 {
            message.resourceType = sampler.value(version)
        }
        return message
    }
}

extension DescribeTopicPartitionsRequest: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topics = sampler.array(version)
        message.responsePartitionLimit = sampler.value(version)
        message.cursor = sampler.optional(version)
        return message
    }
}

extension DescribeTopicPartitionsRequest.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        return message
    }
}

extension DescribeTopicPartitionsRequest.Cursor: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicName = sampler.value(version)
        message.partitionIndex = sampler.value(version)
        return message
    }
}

extension DescribeTopicPartitionsResponse: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.throttleTimeMs = sampler.value(version)
        message.topics = sampler.array(version)
        message.nextCursor = sampler.optional(version)
        return message
    }
}

extension DescribeTopicPartitionsResponse.Topic: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.name = sampler.optional(version)
        message.topicID = sampler.value(version)
        message.isInternal = sampler.value(version)
        message.partitions = sampler.array(version)
        message.topicAuthorizedOperations = sampler.value(version)
        return message
    }
}

extension DescribeTopicPartitionsResponse.Partition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.errorCode = sampler.value(version)
        message.partitionIndex = sampler.value(version)
        message.leaderID = sampler.value(version)
        message.leaderEpoch = sampler.value(version)
        message.replicaNodes = sampler.array(version)
        message.isrNodes = sampler.array(version)
        message.eligibleLeaderReplicas = sampler.optionalArray(version)
        message.lastKnownELR = sampler.optionalArray(version)
        message.offlineReplicas = sampler.array(version)
        return message
    }
}

extension DescribeTopicPartitionsResponse.Cursor: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicName = sampler.value(version)
        message.partitionIndex = sampler.value(version)
        return message
    }
}

extension ConsumerGroupMetadataKey: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        return message
    }
}

extension ConsumerGroupMetadataValue: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.epoch = sampler.value(version)
        message.metadataHash = sampler.value(version)
        return message
    }
}

extension ConsumerGroupPartitionMetadataKey: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        return message
    }
}

extension ConsumerGroupMemberMetadataKey: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.memberID = sampler.value(version)
        return message
    }
}

extension ConsumerGroupMemberMetadataValue: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.instanceID = sampler.optional(version)
        message.rackID = sampler.optional(version)
        message.clientID = sampler.value(version)
        message.clientHost = sampler.value(version)
        message.subscribedTopicNames = sampler.array(version)
        message.subscribedTopicRegex = sampler.optional(version)
        message.rebalanceTimeoutMs = sampler.value(version)
        message.serverAssignor = sampler.optional(version)
        message.classicMemberMetadata = sampler.optional(version)
        return message
    }
}

extension ConsumerGroupMemberMetadataValue.ClassicMemberMetadata: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.sessionTimeoutMs = sampler.value(version)
        message.supportedProtocols = sampler.array(version)
        return message
    }
}

extension ConsumerGroupMemberMetadataValue.ClassicProtocol: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.metadata = sampler.value(version)
        return message
    }
}

extension ConsumerGroupTargetAssignmentMetadataKey: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        return message
    }
}

extension ConsumerGroupTargetAssignmentMetadataValue: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.assignmentEpoch = sampler.value(version)
        message.assignmentTimestamp = sampler.value(version)
        return message
    }
}

extension ConsumerGroupTargetAssignmentMemberKey: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.memberID = sampler.value(version)
        return message
    }
}

extension ConsumerGroupTargetAssignmentMemberValue: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicPartitions = sampler.array(version)
        return message
    }
}

extension ConsumerGroupTargetAssignmentMemberValue.TopicPartition: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicID = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension ConsumerGroupCurrentMemberAssignmentKey: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.memberID = sampler.value(version)
        return message
    }
}

extension ConsumerGroupCurrentMemberAssignmentValue: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.memberEpoch = sampler.value(version)
        message.previousMemberEpoch = sampler.value(version)
        message.state = sampler.value(version)
        message.assignedPartitions = sampler.array(version)
        message.partitionsPendingRevocation = sampler.array(version)
        return message
    }
}

extension ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topicID = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension ConsumerGroupRegularExpressionKey: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.regularExpression = sampler.value(version)
        return message
    }
}

extension ConsumerGroupRegularExpressionValue: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topics = sampler.array(version)
        message.version = sampler.value(version)
        message.timestamp = sampler.value(version)
        return message
    }
}

extension ConsumerProtocolSubscription: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topics = sampler.array(version)
        message.userData = sampler.optional(version)
        if version >= 1 {
            message.ownedPartitions = sampler.array(version)
        }
        if version >= 2 {
            message.generationID = sampler.value(version)
        }
        if version >= 3 {
            message.rackID = sampler.optional(version)
        }
        return message
    }
}

extension ConsumerProtocolSubscription.TopicPartitions: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension ConsumerProtocolAssignment: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.assignedPartitions = sampler.array(version)
        message.userData = sampler.optional(version)
        return message
    }
}

extension ConsumerProtocolAssignment.TopicPartitions: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.name = sampler.value(version)
        message.partitions = sampler.array(version)
        return message
    }
}

extension GroupMetadataKey: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        return message
    }
}

extension GroupMetadataValue: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.protocolType = sampler.value(version)
        message.generationID = sampler.value(version)
        message.protocolName = sampler.optional(version)
        message.leaderID = sampler.optional(version)
        if version >= 2 {
            message.currentStateTimestamp = sampler.value(version)
        }
        message.members = sampler.array(version)
        return message
    }
}

extension GroupMetadataValue.Member: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.memberID = sampler.value(version)
        if version >= 3 {
            message.groupInstanceID = sampler.optional(version)
        }
        message.clientID = sampler.value(version)
        message.clientHost = sampler.value(version)
        if version >= 1 {
            message.rebalanceTimeout = sampler.value(version)
        }
        message.sessionTimeout = sampler.value(version)
        message.subscription = sampler.value(version)
        message.assignment = sampler.value(version)
        return message
    }
}

extension OffsetCommitKey: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.groupID = sampler.value(version)
        message.topicName = sampler.value(version)
        message.partitionIndex = sampler.value(version)
        return message
    }
}

extension OffsetCommitValue: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.offset = sampler.value(version)
        if version >= 3 {
            message.leaderEpoch = sampler.value(version)
        }
        message.metadata = sampler.value(version)
        message.commitTimestamp = sampler.value(version)
        if version == 1 {
            message.expireTimestamp = sampler.value(version)
        }
        if version >= 4 {
            message.topicID = sampler.value(version)
        }
        return message
    }
}

extension TransactionLogKey: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.transactionalID = sampler.value(version)
        return message
    }
}

extension TransactionLogValue: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.producerID = sampler.value(version)
        if version >= 1 {
            message.previousProducerID = sampler.value(version)
        }
        if version >= 1 {
            message.nextProducerID = sampler.value(version)
        }
        message.producerEpoch = sampler.value(version)
        message.timeoutMs = sampler.value(version)
        message.status = sampler.value(version)
        message.partitions = sampler.optionalArray(version)
        message.lastUpdateTimestamp = sampler.value(version)
        message.startTimestamp = sampler.value(version)
        if version >= 1 {
            message.clientTransactionVersion = sampler.value(version)
        }
        return message
    }
}

extension TransactionLogValue.Partitions: Sampled {
    package static func sample(_ sampler: inout Sampler, version: Int16) -> Self {
        var message = Self()
        message.topic = sampler.value(version)
        message.partitionIDs = sampler.array(version)
        return message
    }
}
