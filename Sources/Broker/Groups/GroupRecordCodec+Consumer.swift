internal import CoordinatorRuntime
internal import GroupCoordinator
internal import KafkaProtocol
internal import Model
internal import NIOCore

/// The records of groups of the consumer protocol (KIP-848), by the version of their keys.
///
/// | key | record |
/// | --- | --- |
/// | 3 | `ConsumerGroupMetadata`: the group and its epoch |
/// | 4 | `ConsumerGroupPartitionMetadata`, of Kafka 4.0: left out, the group finds its topics itself |
/// | 5 | `ConsumerGroupMemberMetadata`: a member and its subscription |
/// | 6 | `ConsumerGroupTargetAssignmentMetadata`: the epoch of the target assignment |
/// | 7 | `ConsumerGroupTargetAssignmentMember`: what a member is meant to have |
/// | 8 | `ConsumerGroupCurrentMemberAssignment`: what it has |
/// | 16 | `ConsumerGroupRegularExpression`: the topics that an expression matches |
extension GroupRecordCodec {
    static func encodeConsumer(_ record: GroupRecord, allocator: ByteBufferAllocator) -> EncodedRecord {
        switch record {
        case .consumerGroup(let groupID, let value):
            let key = self.buffer(ConsumerGroupMetadataKey(groupID: groupID), 3, allocator)
            return EncodedRecord(
                key: key,
                value: value.map {
                    self.buffer(
                        ConsumerGroupMetadataValue(epoch: $0.epoch, metadataHash: $0.metadataHash),
                        0,
                        allocator
                    )
                }
            )
        case .memberSubscription(let groupID, let memberID, let value):
            let key = self.buffer(ConsumerGroupMemberMetadataKey(groupID: groupID, memberID: memberID), 5, allocator)
            return EncodedRecord(key: key, value: value.map { self.buffer(self.value($0), 0, allocator) })
        case .targetEpoch(let groupID, let value):
            let key = self.buffer(ConsumerGroupTargetAssignmentMetadataKey(groupID: groupID), 6, allocator)
            return EncodedRecord(
                key: key,
                value: value.map {
                    self.buffer(
                        ConsumerGroupTargetAssignmentMetadataValue(
                            assignmentEpoch: $0.epoch,
                            assignmentTimestamp: $0.timestamp
                        ),
                        0,
                        allocator
                    )
                }
            )
        case .memberTarget(let groupID, let memberID, let value):
            let key = ConsumerGroupTargetAssignmentMemberKey(groupID: groupID, memberID: memberID)
            return EncodedRecord(
                key: self.buffer(key, 7, allocator),
                value: value.map {
                    self.buffer(
                        ConsumerGroupTargetAssignmentMemberValue(
                            topicPartitions: $0.topics.map { .init(topicID: $0.id, partitions: $0.partitions) }
                        ),
                        0,
                        allocator
                    )
                }
            )
        case .memberAssignment(let groupID, let memberID, let value):
            let key = ConsumerGroupCurrentMemberAssignmentKey(groupID: groupID, memberID: memberID)
            return EncodedRecord(
                key: self.buffer(key, 8, allocator),
                value: value.map {
                    self.buffer(
                        ConsumerGroupCurrentMemberAssignmentValue(
                            memberEpoch: $0.memberEpoch,
                            previousMemberEpoch: $0.previousMemberEpoch,
                            state: $0.state.rawValue,
                            assignedPartitions: self.topics($0.assigned),
                            partitionsPendingRevocation: self.topics($0.pendingRevocation)
                        ),
                        0,
                        allocator
                    )
                }
            )
        case .regularExpression(let groupID, let regex, let value):
            let key = ConsumerGroupRegularExpressionKey(groupID: groupID, regularExpression: regex)
            return EncodedRecord(
                key: self.buffer(key, 16, allocator),
                value: value.map {
                    self.buffer(
                        ConsumerGroupRegularExpressionValue(
                            topics: $0.topicNames,
                            version: $0.version,
                            timestamp: $0.timestamp
                        ),
                        0,
                        allocator
                    )
                }
            )
        case .groupMetadata, .offsetCommit:
            preconditionFailure("not a record of a consumer group")
        }
    }

    private static func buffer(
        _ record: some VersionedRecord,
        _ version: Int16,
        _ allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 128)
        record.encodeVersioned(into: &buffer, version: version)
        return buffer
    }

    private static func topics(
        _ partitions: PartitionSet
    ) -> [ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions] {
        partitions.topics.map { .init(topicID: $0.id, partitions: $0.partitions) }
    }

    private static func value(_ subscription: MemberSubscription) -> ConsumerGroupMemberMetadataValue {
        ConsumerGroupMemberMetadataValue(
            instanceID: subscription.groupInstanceID,
            rackID: subscription.rackID,
            clientID: subscription.clientID,
            clientHost: subscription.clientHost,
            subscribedTopicNames: subscription.topicNames,
            subscribedTopicRegex: subscription.topicRegex,
            rebalanceTimeoutMs: subscription.rebalanceTimeoutMilliseconds,
            serverAssignor: subscription.serverAssignor,
            classicMemberMetadata: subscription.classic.map { classic in
                .init(
                    sessionTimeoutMs: classic.sessionTimeoutMilliseconds,
                    supportedProtocols: classic.protocols.map {
                        .init(name: $0.name, metadata: ByteBuffer(bytes: $0.metadata))
                    }
                )
            }
        )
    }

    // MARK: Decode

    /// `nil` for a kind that is not kept.
    static func decodeConsumer(
        _ kind: Int16,
        key: ByteBuffer,
        value: ByteBuffer?
    ) throws(WireError) -> GroupRecord? {
        var key = key
        switch kind {
        case 3:
            let groupID = try ConsumerGroupMetadataKey.decodeVersioned(from: &key).1.groupID
            guard let decoded = try self.decode(ConsumerGroupMetadataValue.self, value) else {
                return .consumerGroup(groupID, nil)
            }
            return .consumerGroup(
                groupID,
                ConsumerGroupEpoch(epoch: decoded.epoch, metadataHash: decoded.metadataHash)
            )
        case 5:
            let decodedKey = try ConsumerGroupMemberMetadataKey.decodeVersioned(from: &key).1
            let decoded = try self.decode(ConsumerGroupMemberMetadataValue.self, value)
            return .memberSubscription(decodedKey.groupID, decodedKey.memberID, decoded.map { self.subscription($0) })
        case 6:
            let groupID = try ConsumerGroupTargetAssignmentMetadataKey.decodeVersioned(from: &key).1.groupID
            guard let decoded = try self.decode(ConsumerGroupTargetAssignmentMetadataValue.self, value) else {
                return .targetEpoch(groupID, nil)
            }
            return .targetEpoch(
                groupID,
                TargetEpoch(epoch: decoded.assignmentEpoch, timestamp: decoded.assignmentTimestamp)
            )
        case 7:
            let decodedKey = try ConsumerGroupTargetAssignmentMemberKey.decodeVersioned(from: &key).1
            let decoded = try self.decode(ConsumerGroupTargetAssignmentMemberValue.self, value)
            return .memberTarget(
                decodedKey.groupID,
                decodedKey.memberID,
                decoded.map { PartitionSet($0.topicPartitions.map { (id: $0.topicID, partitions: $0.partitions) }) }
            )
        case 8:
            let decodedKey = try ConsumerGroupCurrentMemberAssignmentKey.decodeVersioned(from: &key).1
            let decoded = try self.decode(ConsumerGroupCurrentMemberAssignmentValue.self, value)
            return .memberAssignment(decodedKey.groupID, decodedKey.memberID, decoded.map { self.assignment($0) })
        case 16:
            let decodedKey = try ConsumerGroupRegularExpressionKey.decodeVersioned(from: &key).1
            let decoded = try self.decode(ConsumerGroupRegularExpressionValue.self, value)
            return .regularExpression(
                decodedKey.groupID,
                decodedKey.regularExpression,
                decoded.map {
                    ResolvedRegularExpression(
                        topicNames: $0.topics.sorted(),
                        version: $0.version,
                        timestamp: $0.timestamp
                    )
                }
            )
        default:
            return nil
        }
    }

    /// `nil` for a tombstone.
    private static func decode<Value: VersionedRecord>(
        _ type: Value.Type,
        _ value: ByteBuffer?
    ) throws(WireError) -> Value? {
        guard var value else { return nil }
        return try Value.decodeVersioned(from: &value).1
    }

    private static func subscription(_ value: ConsumerGroupMemberMetadataValue) -> MemberSubscription {
        MemberSubscription(
            groupInstanceID: value.instanceID,
            rackID: value.rackID,
            clientID: value.clientID,
            clientHost: value.clientHost,
            topicNames: Set(value.subscribedTopicNames).sorted(),
            topicRegex: value.subscribedTopicRegex?.isEmpty == true ? nil : value.subscribedTopicRegex,
            rebalanceTimeoutMilliseconds: value.rebalanceTimeoutMs,
            serverAssignor: value.serverAssignor,
            classic: value.classicMemberMetadata.map { classic in
                .init(
                    sessionTimeoutMilliseconds: classic.sessionTimeoutMs,
                    protocols: classic.supportedProtocols.map {
                        GroupProtocol(name: $0.name, metadata: Array($0.metadata.readableBytesView))
                    }
                )
            }
        )
    }

    private static func assignment(_ value: ConsumerGroupCurrentMemberAssignmentValue) -> MemberAssignment {
        MemberAssignment(
            memberEpoch: value.memberEpoch,
            previousMemberEpoch: value.previousMemberEpoch,
            state: MemberState(rawValue: value.state) ?? .unknown,
            assigned: PartitionSet(value.assignedPartitions.map { (id: $0.topicID, partitions: $0.partitions) }),
            pendingRevocation: PartitionSet(
                value.partitionsPendingRevocation.map { (id: $0.topicID, partitions: $0.partitions) }
            )
        )
    }
}
