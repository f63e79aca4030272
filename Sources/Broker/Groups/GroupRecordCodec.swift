package import CoordinatorRuntime
package import GroupCoordinator
internal import KafkaProtocol
internal import Model
package import NIOCore

/// Translates the coordinator's records into Kafka's `__consumer_offsets` formats and back.
///
/// Written: `OffsetCommitKey` 1 with value 3, which every tool that watches consumers reads (value 4 when the commit
/// has a topic ID, 1 when it has its own expiry); `GroupMetadataKey` 2 with value 4; the records of groups of the
/// consumer protocol as Kafka 4.3 has them (`GroupRecordCodec+Consumer`). Read: every version since 0.
package enum GroupRecordCodec: CoordinatorRecordCodec {
    package static func encode(_ record: GroupRecord, allocator: ByteBufferAllocator) -> EncodedRecord {
        switch record {
        case .offsetCommit(let key, let offset):
            var keyBuffer = allocator.buffer(capacity: 12 + key.groupID.rawValue.utf8.count + key.topic.utf8.count)
            OffsetCommitKey(groupID: key.groupID, topicName: key.topic, partitionIndex: key.partition)
                .encodeVersioned(into: &keyBuffer, version: 1)
            return EncodedRecord(key: keyBuffer, value: offset.map { self.encode($0, allocator: allocator) })
        case .groupMetadata(let groupID, let group):
            var keyBuffer = allocator.buffer(capacity: 4 + groupID.rawValue.utf8.count)
            GroupMetadataKey(groupID: groupID).encodeVersioned(into: &keyBuffer, version: 2)
            return EncodedRecord(key: keyBuffer, value: group.map { self.encode($0, allocator: allocator) })
        case .consumerGroup, .memberSubscription, .targetEpoch, .memberTarget, .memberAssignment, .regularExpression:
            return self.encodeConsumer(record, allocator: allocator)
        }
    }

    private static func encode(_ offset: CommittedOffset, allocator: ByteBufferAllocator) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 48 + offset.metadata.utf8.count)
        let value = OffsetCommitValue(
            offset: offset.offset,
            leaderEpoch: LeaderEpoch(offset.expireTimestamp == nil ? offset.leaderEpoch : -1),
            metadata: offset.metadata,
            commitTimestamp: offset.commitTimestamp,
            expireTimestamp: offset.expireTimestamp ?? -1,
            topicID: offset.topicID
        )
        let version: Int16 = offset.expireTimestamp != nil ? 1 : offset.topicID == .zero ? 3 : 4
        value.encodeVersioned(into: &buffer, version: version)
        return buffer
    }

    private static func encode(_ group: GroupMetadata, allocator: ByteBufferAllocator) -> ByteBuffer {
        let bytes = group.members.reduce(64) { $0 + 160 + $1.subscription.count + $1.assignment.count }
        var buffer = allocator.buffer(capacity: bytes)
        GroupMetadataValue(
            protocolType: group.protocolType,
            generationID: group.generationID,
            protocolName: group.protocolName,
            leaderID: group.leader,
            currentStateTimestamp: group.currentStateTimestamp,
            members: group.members.map {
                GroupMetadataValue.Member(
                    memberID: $0.memberID,
                    groupInstanceID: $0.groupInstanceID,
                    clientID: $0.clientID,
                    clientHost: $0.clientHost,
                    rebalanceTimeout: $0.rebalanceTimeoutMilliseconds,
                    sessionTimeout: $0.sessionTimeoutMilliseconds,
                    subscription: ByteBuffer(bytes: $0.subscription),
                    assignment: ByteBuffer(bytes: $0.assignment)
                )
            }
        ).encodeVersioned(into: &buffer, version: 4)
        return buffer
    }

    /// `nil` for a record of a kind that this broker does not keep (share groups, streams groups), or without a key.
    package static func decode(key: ByteBuffer?, value: ByteBuffer?) throws(DamagedRecord) -> GroupRecord? {
        do throws(WireError) {
            return try self.decodeRecord(key: key, value: value)
        } catch {
            throw DamagedRecord("\(error)")
        }
    }

    private static func decodeRecord(key: ByteBuffer?, value: ByteBuffer?) throws(WireError) -> GroupRecord? {
        guard var key, let kind = key.getInteger(at: key.readerIndex, as: Int16.self) else { return nil }
        switch kind {
        case 0, 1:
            let (_, decoded) = try OffsetCommitKey.decodeVersioned(from: &key)
            let offsetKey = OffsetKey(
                groupID: decoded.groupID,
                topic: decoded.topicName,
                partition: decoded.partitionIndex
            )
            guard let value else { return .offsetCommit(offsetKey, nil) }
            return .offsetCommit(offsetKey, try self.decodeOffset(value))
        case 2:
            let (_, decoded) = try GroupMetadataKey.decodeVersioned(from: &key)
            guard let value else { return .groupMetadata(decoded.groupID, nil) }
            return .groupMetadata(decoded.groupID, try self.decodeGroup(value))
        default:
            return try self.decodeConsumer(kind, key: key, value: value)
        }
    }

    private static func decodeOffset(_ value: ByteBuffer) throws(WireError) -> CommittedOffset {
        var value = value
        let (_, decoded) = try OffsetCommitValue.decodeVersioned(from: &value)
        return CommittedOffset(
            offset: decoded.offset,
            leaderEpoch: decoded.leaderEpoch.rawValue,
            metadata: decoded.metadata,
            commitTimestamp: decoded.commitTimestamp,
            expireTimestamp: decoded.expireTimestamp == -1 ? nil : decoded.expireTimestamp,
            topicID: decoded.topicID
        )
    }

    private static func decodeGroup(_ value: ByteBuffer) throws(WireError) -> GroupMetadata {
        var value = value
        let (_, decoded) = try GroupMetadataValue.decodeVersioned(from: &value)
        return GroupMetadata(
            protocolType: decoded.protocolType,
            generationID: decoded.generationID,
            protocolName: decoded.protocolName,
            leader: decoded.leaderID,
            currentStateTimestamp: decoded.currentStateTimestamp,
            members: decoded.members.map {
                GroupMetadata.Member(
                    memberID: $0.memberID,
                    groupInstanceID: $0.groupInstanceID,
                    clientID: $0.clientID,
                    clientHost: $0.clientHost,
                    rebalanceTimeoutMilliseconds: $0.rebalanceTimeout,
                    sessionTimeoutMilliseconds: $0.sessionTimeout,
                    subscription: Array($0.subscription.readableBytesView),
                    assignment: Array($0.assignment.readableBytesView)
                )
            }
        )
    }
}
