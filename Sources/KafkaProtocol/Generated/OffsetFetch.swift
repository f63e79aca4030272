// Generated from Schemas/kafka/009-OffsetFetch.kschema; do not edit.

package import Model
package import NIOCore

/// OffsetFetch request, versions 1-10: offsets that groups have committed; several groups from 8, topics by ID from 10.
package struct OffsetFetchRequest: KafkaRequest {
    package typealias Response = OffsetFetchResponse

    package static var apiKey: APIKey { .offsetFetch }
    package static var versions: ClosedRange<Int16> { 1...10 }
    package static var firstFlexibleVersion: Int16? { 6 }
    package static var minimumWireSize: Int { 3 }

    /// Versions 1-7.
    package var groupID: GroupID
    /// Versions 1-7.
    package var topics: [LegacyTopic]?
    /// Versions 8+.
    package var groups: [Group]
    /// Versions 7+.
    package var requireStable: Bool

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        topics: [LegacyTopic]? = [],
        groups: [Group] = [],
        requireStable: Bool = false
    ) {
        self.groupID = groupID
        self.topics = topics
        self.groups = groups
        self.requireStable = requireStable
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 6
        var message = Self()
        if version <= 7 {
            message.groupID = try GroupID.decode(from: &buffer, flexible: flexible)
            message.topics = try version >= 2 ? LegacyTopic.decodeNullableArray(from: &buffer, version: version, flexible: flexible) : LegacyTopic.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
        if version >= 8 {
            message.groups = try Group.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
        if version >= 7 {
            message.requireStable = try Bool.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 6
        if version <= 7 {
            self.groupID.encode(into: &buffer, flexible: flexible)
        } else if self.groupID != GroupID(rawValue: "") {
            unencodableField("OffsetFetchRequest.groupID", version: version)
        }
        if version <= 7 {
            if version >= 2 {
                LegacyTopic.encodeNullableArray(self.topics, into: &buffer, version: version, flexible: flexible)
            } else if let value = self.topics {
                value.encode(into: &buffer, version: version, flexible: flexible)
            } else {
                unencodableField("OffsetFetchRequest.topics", version: version)
            }
        } else if self.topics != [] {
            unencodableField("OffsetFetchRequest.topics", version: version)
        }
        if version >= 8 {
            self.groups.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.groups.isEmpty {
            unencodableField("OffsetFetchRequest.groups", version: version)
        }
        if version >= 7 {
            self.requireStable.encode(into: &buffer, flexible: flexible)
        } else if self.requireStable {
            unencodableField("OffsetFetchRequest.requireStable", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension OffsetFetchRequest {
    package struct LegacyTopic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var partitionIndexes: [Int32]

        package init(
            name: String = "",
            partitionIndexes: [Int32] = []
        ) {
            self.name = name
            self.partitionIndexes = partitionIndexes
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 6
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitionIndexes = try Int32.decodeArray(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 6
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitionIndexes.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension OffsetFetchRequest {
    package struct Group: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var groupID: GroupID
        /// Versions 9+.
        package var memberID: MemberID?
        /// Versions 9+.
        package var memberEpoch: Int32
        package var topics: [Topic]?

        package init(
            groupID: GroupID = GroupID(rawValue: ""),
            memberID: MemberID? = nil,
            memberEpoch: Int32 = -1,
            topics: [Topic]? = []
        ) {
            self.groupID = groupID
            self.memberID = memberID
            self.memberEpoch = memberEpoch
            self.topics = topics
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.groupID = try GroupID.decode(from: &buffer, flexible: true)
            if version >= 9 {
                message.memberID = try MemberID.decodeNullable(from: &buffer, flexible: true)
                message.memberEpoch = try Int32.decode(from: &buffer, flexible: true)
            }
            message.topics = try Topic.decodeNullableArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.groupID.encode(into: &buffer, flexible: true)
            if version >= 9 {
                MemberID.encodeNullable(self.memberID, into: &buffer, flexible: true)
                self.memberEpoch.encode(into: &buffer, flexible: true)
            }
            Topic.encodeNullableArray(self.topics, into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension OffsetFetchRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        /// Versions 8-9.
        package var name: String
        /// Versions 10+.
        package var topicID: TopicID
        package var partitionIndexes: [Int32]

        package init(
            name: String = "",
            topicID: TopicID = .zero,
            partitionIndexes: [Int32] = []
        ) {
            self.name = name
            self.topicID = topicID
            self.partitionIndexes = partitionIndexes
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            if version <= 9 {
                message.name = try String.decode(from: &buffer, flexible: true)
            }
            if version >= 10 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: true)
            }
            message.partitionIndexes = try Int32.decodeArray(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            if version <= 9 {
                self.name.encode(into: &buffer, flexible: true)
            }
            if version >= 10 {
                self.topicID.encode(into: &buffer, flexible: true)
            }
            self.partitionIndexes.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

/// OffsetFetch response, versions 1-10: offsets that groups have committed; several groups from 8, topics by ID from 10.
package struct OffsetFetchResponse: KafkaResponse {
    package static var apiKey: APIKey { .offsetFetch }
    package static var versions: ClosedRange<Int16> { 1...10 }
    package static var firstFlexibleVersion: Int16? { 6 }
    package static var minimumWireSize: Int { 4 }

    /// Versions 3+.
    package var throttleTimeMs: Int32
    /// Versions 1-7.
    package var topics: [LegacyTopic]
    /// Versions 2-7.
    package var errorCode: ErrorCode
    /// Versions 8+.
    package var groups: [Group]

    package init(
        throttleTimeMs: Int32 = 0,
        topics: [LegacyTopic] = [],
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        groups: [Group] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
        self.errorCode = errorCode
        self.groups = groups
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 6
        var message = Self()
        if version >= 3 {
            message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        }
        if version <= 7 {
            message.topics = try LegacyTopic.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
        if (2...7).contains(version) {
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        }
        if version >= 8 {
            message.groups = try Group.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 6
        if version >= 3 {
            self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        }
        if version <= 7 {
            self.topics.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.topics.isEmpty {
            unencodableField("OffsetFetchResponse.topics", version: version)
        }
        if (2...7).contains(version) {
            self.errorCode.encode(into: &buffer, flexible: flexible)
        }
        if version >= 8 {
            self.groups.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.groups.isEmpty {
            unencodableField("OffsetFetchResponse.groups", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension OffsetFetchResponse {
    package struct LegacyTopic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var partitions: [LegacyPartition]

        package init(
            name: String = "",
            partitions: [LegacyPartition] = []
        ) {
            self.name = name
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 6
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try LegacyPartition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 6
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension OffsetFetchResponse {
    package struct LegacyPartition: WireStruct {
        package static var minimumWireSize: Int { 16 }

        package var partitionIndex: Int32
        package var committedOffset: Int64
        /// Versions 5+.
        package var committedLeaderEpoch: LeaderEpoch
        package var metadata: String?
        package var errorCode: ErrorCode

        package init(
            partitionIndex: Int32 = 0,
            committedOffset: Int64 = 0,
            committedLeaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            metadata: String? = nil,
            errorCode: ErrorCode = ErrorCode(rawValue: 0)
        ) {
            self.partitionIndex = partitionIndex
            self.committedOffset = committedOffset
            self.committedLeaderEpoch = committedLeaderEpoch
            self.metadata = metadata
            self.errorCode = errorCode
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 6
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.committedOffset = try Int64.decode(from: &buffer, flexible: flexible)
            if version >= 5 {
                message.committedLeaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
            }
            message.metadata = try String.decodeNullable(from: &buffer, flexible: flexible)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 6
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.committedOffset.encode(into: &buffer, flexible: flexible)
            if version >= 5 {
                self.committedLeaderEpoch.encode(into: &buffer, flexible: flexible)
            }
            String.encodeNullable(self.metadata, into: &buffer, flexible: flexible)
            self.errorCode.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension OffsetFetchResponse {
    package struct Group: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var groupID: GroupID
        package var topics: [Topic]
        package var errorCode: ErrorCode

        package init(
            groupID: GroupID = GroupID(rawValue: ""),
            topics: [Topic] = [],
            errorCode: ErrorCode = ErrorCode(rawValue: 0)
        ) {
            self.groupID = groupID
            self.topics = topics
            self.errorCode = errorCode
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.groupID = try GroupID.decode(from: &buffer, flexible: true)
            message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.groupID.encode(into: &buffer, flexible: true)
            self.topics.encode(into: &buffer, version: version, flexible: true)
            self.errorCode.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension OffsetFetchResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        /// Versions 8-9.
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
            var message = Self()
            if version <= 9 {
                message.name = try String.decode(from: &buffer, flexible: true)
            }
            if version >= 10 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: true)
            }
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            if version <= 9 {
                self.name.encode(into: &buffer, flexible: true)
            }
            if version >= 10 {
                self.topicID.encode(into: &buffer, flexible: true)
            }
            self.partitions.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension OffsetFetchResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 20 }

        package var partitionIndex: Int32
        package var committedOffset: Int64
        package var committedLeaderEpoch: LeaderEpoch
        package var metadata: String?
        package var errorCode: ErrorCode

        package init(
            partitionIndex: Int32 = 0,
            committedOffset: Int64 = 0,
            committedLeaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            metadata: String? = nil,
            errorCode: ErrorCode = ErrorCode(rawValue: 0)
        ) {
            self.partitionIndex = partitionIndex
            self.committedOffset = committedOffset
            self.committedLeaderEpoch = committedLeaderEpoch
            self.metadata = metadata
            self.errorCode = errorCode
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: true)
            message.committedOffset = try Int64.decode(from: &buffer, flexible: true)
            message.committedLeaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: true)
            message.metadata = try String.decodeNullable(from: &buffer, flexible: true)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.partitionIndex.encode(into: &buffer, flexible: true)
            self.committedOffset.encode(into: &buffer, flexible: true)
            self.committedLeaderEpoch.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.metadata, into: &buffer, flexible: true)
            self.errorCode.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
