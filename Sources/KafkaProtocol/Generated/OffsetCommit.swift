// Generated from Schemas/kafka/008-OffsetCommit.kschema; do not edit.

package import Model
package import NIOCore

/// OffsetCommit request, versions 2-10: offsets that a group has processed; topics by ID from 10.
package struct OffsetCommitRequest: KafkaRequest {
    package typealias Response = OffsetCommitResponse

    package static var apiKey: APIKey { .offsetCommit }
    package static var versions: ClosedRange<Int16> { 2...10 }
    package static var firstFlexibleVersion: Int16? { 8 }
    package static var minimumWireSize: Int { 9 }

    package var groupID: GroupID
    package var generationIDOrMemberEpoch: GenerationID
    package var memberID: MemberID
    /// Versions 7+.
    package var groupInstanceID: GroupInstanceID?
    /// Versions 2-4.
    package var retentionTimeMs: Int64
    package var topics: [Topic]

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        generationIDOrMemberEpoch: GenerationID = GenerationID(rawValue: -1),
        memberID: MemberID = MemberID(rawValue: ""),
        groupInstanceID: GroupInstanceID? = nil,
        retentionTimeMs: Int64 = -1,
        topics: [Topic] = []
    ) {
        self.groupID = groupID
        self.generationIDOrMemberEpoch = generationIDOrMemberEpoch
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
        self.retentionTimeMs = retentionTimeMs
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 8
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: flexible)
        message.generationIDOrMemberEpoch = try GenerationID.decode(from: &buffer, flexible: flexible)
        message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
        if version >= 7 {
            message.groupInstanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: flexible)
        }
        if version <= 4 {
            message.retentionTimeMs = try Int64.decode(from: &buffer, flexible: flexible)
        }
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 8
        self.groupID.encode(into: &buffer, flexible: flexible)
        self.generationIDOrMemberEpoch.encode(into: &buffer, flexible: flexible)
        self.memberID.encode(into: &buffer, flexible: flexible)
        if version >= 7 {
            GroupInstanceID.encodeNullable(self.groupInstanceID, into: &buffer, flexible: flexible)
        } else if self.groupInstanceID != nil {
            unencodableField("OffsetCommitRequest.groupInstanceID", version: version)
        }
        if version <= 4 {
            self.retentionTimeMs.encode(into: &buffer, flexible: flexible)
        }
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension OffsetCommitRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        /// Versions 2-9.
        package var name: String
        /// Versions 10+.
        package var topicID: TopicID
        package var partitions: [Partition]

        package init(
            name: String = "",
            topicID: TopicID = .zero,
            partitions: [Partition] = []
        ) {
            self.name = name
            self.topicID = topicID
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 8
            var message = Self()
            if version <= 9 {
                message.name = try String.decode(from: &buffer, flexible: flexible)
            }
            if version >= 10 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: flexible)
            }
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 8
            if version <= 9 {
                self.name.encode(into: &buffer, flexible: flexible)
            }
            if version >= 10 {
                self.topicID.encode(into: &buffer, flexible: flexible)
            }
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension OffsetCommitRequest {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 14 }

        package var partitionIndex: Int32
        package var committedOffset: Int64
        /// Versions 6+.
        package var committedLeaderEpoch: LeaderEpoch
        package var committedMetadata: String?

        package init(
            partitionIndex: Int32 = 0,
            committedOffset: Int64 = 0,
            committedLeaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            committedMetadata: String? = nil
        ) {
            self.partitionIndex = partitionIndex
            self.committedOffset = committedOffset
            self.committedLeaderEpoch = committedLeaderEpoch
            self.committedMetadata = committedMetadata
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 8
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.committedOffset = try Int64.decode(from: &buffer, flexible: flexible)
            if version >= 6 {
                message.committedLeaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
            }
            message.committedMetadata = try String.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 8
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.committedOffset.encode(into: &buffer, flexible: flexible)
            if version >= 6 {
                self.committedLeaderEpoch.encode(into: &buffer, flexible: flexible)
            }
            String.encodeNullable(self.committedMetadata, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// OffsetCommit response, versions 2-10: offsets that a group has processed; topics by ID from 10.
package struct OffsetCommitResponse: KafkaResponse {
    package static var apiKey: APIKey { .offsetCommit }
    package static var versions: ClosedRange<Int16> { 2...10 }
    package static var firstFlexibleVersion: Int16? { 8 }
    package static var minimumWireSize: Int { 4 }

    /// Versions 3+.
    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(
        throttleTimeMs: Int32 = 0,
        topics: [Topic] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 8
        var message = Self()
        if version >= 3 {
            message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        }
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 8
        if version >= 3 {
            self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        }
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension OffsetCommitResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        /// Versions 2-9.
        package var name: String
        /// Versions 10+.
        package var topicID: TopicID
        package var partitions: [Partition]

        package init(
            name: String = "",
            topicID: TopicID = .zero,
            partitions: [Partition] = []
        ) {
            self.name = name
            self.topicID = topicID
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 8
            var message = Self()
            if version <= 9 {
                message.name = try String.decode(from: &buffer, flexible: flexible)
            }
            if version >= 10 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: flexible)
            }
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 8
            if version <= 9 {
                self.name.encode(into: &buffer, flexible: flexible)
            }
            if version >= 10 {
                self.topicID.encode(into: &buffer, flexible: flexible)
            }
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension OffsetCommitResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var partitionIndex: Int32
        package var errorCode: ErrorCode

        package init(
            partitionIndex: Int32 = 0,
            errorCode: ErrorCode = ErrorCode(rawValue: 0)
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 8
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 8
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.errorCode.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
