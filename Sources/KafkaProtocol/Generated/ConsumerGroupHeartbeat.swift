// Generated from Schemas/kafka/068-ConsumerGroupHeartbeat.kschema; do not edit.

package import Model
package import NIOCore

/// ConsumerGroupHeartbeat request, versions 0-1: membership of a group of the new protocol (KIP-848).
package struct ConsumerGroupHeartbeatRequest: KafkaRequest {
    package typealias Response = ConsumerGroupHeartbeatResponse

    package static var apiKey: APIKey { .consumerGroupHeartbeat }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 16 }

    package var groupID: GroupID
    package var memberID: MemberID
    package var memberEpoch: Int32
    package var instanceID: GroupInstanceID?
    package var rackID: String?
    package var rebalanceTimeoutMs: Int32
    package var subscribedTopicNames: [String]?
    /// Versions 1+.
    package var subscribedTopicRegex: String?
    package var serverAssignor: String?
    package var topicPartitions: [TopicPartitions]?

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        memberID: MemberID = MemberID(rawValue: ""),
        memberEpoch: Int32 = 0,
        instanceID: GroupInstanceID? = nil,
        rackID: String? = nil,
        rebalanceTimeoutMs: Int32 = -1,
        subscribedTopicNames: [String]? = nil,
        subscribedTopicRegex: String? = nil,
        serverAssignor: String? = nil,
        topicPartitions: [TopicPartitions]? = nil
    ) {
        self.groupID = groupID
        self.memberID = memberID
        self.memberEpoch = memberEpoch
        self.instanceID = instanceID
        self.rackID = rackID
        self.rebalanceTimeoutMs = rebalanceTimeoutMs
        self.subscribedTopicNames = subscribedTopicNames
        self.subscribedTopicRegex = subscribedTopicRegex
        self.serverAssignor = serverAssignor
        self.topicPartitions = topicPartitions
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: true)
        message.memberID = try MemberID.decode(from: &buffer, flexible: true)
        message.memberEpoch = try Int32.decode(from: &buffer, flexible: true)
        message.instanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: true)
        message.rackID = try String.decodeNullable(from: &buffer, flexible: true)
        message.rebalanceTimeoutMs = try Int32.decode(from: &buffer, flexible: true)
        message.subscribedTopicNames = try String.decodeNullableArray(from: &buffer, flexible: true)
        if version >= 1 {
            message.subscribedTopicRegex = try String.decodeNullable(from: &buffer, flexible: true)
        }
        message.serverAssignor = try String.decodeNullable(from: &buffer, flexible: true)
        message.topicPartitions = try TopicPartitions.decodeNullableArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupID.encode(into: &buffer, flexible: true)
        self.memberID.encode(into: &buffer, flexible: true)
        self.memberEpoch.encode(into: &buffer, flexible: true)
        GroupInstanceID.encodeNullable(self.instanceID, into: &buffer, flexible: true)
        String.encodeNullable(self.rackID, into: &buffer, flexible: true)
        self.rebalanceTimeoutMs.encode(into: &buffer, flexible: true)
        String.encodeNullableArray(self.subscribedTopicNames, into: &buffer, flexible: true)
        if version >= 1 {
            String.encodeNullable(self.subscribedTopicRegex, into: &buffer, flexible: true)
        } else if self.subscribedTopicRegex != nil {
            unencodableField("ConsumerGroupHeartbeatRequest.subscribedTopicRegex", version: version)
        }
        String.encodeNullable(self.serverAssignor, into: &buffer, flexible: true)
        TopicPartitions.encodeNullableArray(self.topicPartitions, into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension ConsumerGroupHeartbeatRequest {
    package struct TopicPartitions: WireStruct {
        package static var minimumWireSize: Int { 18 }

        package var topicID: TopicID
        package var partitions: [Int32]

        package init(
            topicID: TopicID = .zero,
            partitions: [Int32] = []
        ) {
            self.topicID = topicID
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.topicID = try TopicID.decode(from: &buffer, flexible: true)
            message.partitions = try Int32.decodeArray(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.topicID.encode(into: &buffer, flexible: true)
            self.partitions.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

/// ConsumerGroupHeartbeat response, versions 0-1: membership of a group of the new protocol (KIP-848).
package struct ConsumerGroupHeartbeatResponse: KafkaResponse {
    package static var apiKey: APIKey { .consumerGroupHeartbeat }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 18 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var memberID: MemberID?
    package var memberEpoch: Int32
    package var heartbeatIntervalMs: Int32
    package var assignment: Assignment?

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = nil,
        memberID: MemberID? = nil,
        memberEpoch: Int32 = 0,
        heartbeatIntervalMs: Int32 = 0,
        assignment: Assignment? = nil
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.memberID = memberID
        self.memberEpoch = memberEpoch
        self.heartbeatIntervalMs = heartbeatIntervalMs
        self.assignment = assignment
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
        message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
        message.memberID = try MemberID.decodeNullable(from: &buffer, flexible: true)
        message.memberEpoch = try Int32.decode(from: &buffer, flexible: true)
        message.heartbeatIntervalMs = try Int32.decode(from: &buffer, flexible: true)
        message.assignment = try Assignment.decodeNullable(from: &buffer, version: version)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.errorCode.encode(into: &buffer, flexible: true)
        String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
        MemberID.encodeNullable(self.memberID, into: &buffer, flexible: true)
        self.memberEpoch.encode(into: &buffer, flexible: true)
        self.heartbeatIntervalMs.encode(into: &buffer, flexible: true)
        Assignment.encodeNullable(self.assignment, into: &buffer, version: version)
        buffer.writeNoTaggedFields()
    }
}

extension ConsumerGroupHeartbeatResponse {
    package struct Assignment: WireStruct {
        package static var minimumWireSize: Int { 2 }

        package var topicPartitions: [TopicPartitions]

        package init(
            topicPartitions: [TopicPartitions] = []
        ) {
            self.topicPartitions = topicPartitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.topicPartitions = try TopicPartitions.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.topicPartitions.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension ConsumerGroupHeartbeatResponse {
    package struct TopicPartitions: WireStruct {
        package static var minimumWireSize: Int { 18 }

        package var topicID: TopicID
        package var partitions: [Int32]

        package init(
            topicID: TopicID = .zero,
            partitions: [Int32] = []
        ) {
            self.topicID = topicID
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.topicID = try TopicID.decode(from: &buffer, flexible: true)
            message.partitions = try Int32.decodeArray(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.topicID.encode(into: &buffer, flexible: true)
            self.partitions.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
