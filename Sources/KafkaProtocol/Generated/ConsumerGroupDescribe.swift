// Generated from Schemas/kafka/069-ConsumerGroupDescribe.kschema; do not edit.

package import Model
package import NIOCore

/// ConsumerGroupDescribe request, versions 0-1: state and members of groups of the consumer protocol (KIP-848).
package struct ConsumerGroupDescribeRequest: KafkaRequest {
    package typealias Response = ConsumerGroupDescribeResponse

    package static var apiKey: APIKey { .consumerGroupDescribe }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 3 }

    package var groupIDs: [GroupID]
    package var includeAuthorizedOperations: Bool

    package init(
        groupIDs: [GroupID] = [],
        includeAuthorizedOperations: Bool = false
    ) {
        self.groupIDs = groupIDs
        self.includeAuthorizedOperations = includeAuthorizedOperations
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupIDs = try GroupID.decodeArray(from: &buffer, flexible: true)
        message.includeAuthorizedOperations = try Bool.decode(from: &buffer, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupIDs.encode(into: &buffer, flexible: true)
        self.includeAuthorizedOperations.encode(into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

/// ConsumerGroupDescribe response, versions 0-1: state and members of groups of the consumer protocol (KIP-848).
package struct ConsumerGroupDescribeResponse: KafkaResponse {
    package static var apiKey: APIKey { .consumerGroupDescribe }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 6 }

    package var throttleTimeMs: Int32
    package var groups: [Group]

    package init(
        throttleTimeMs: Int32 = 0,
        groups: [Group] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.groups = groups
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.groups = try Group.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.groups.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension ConsumerGroupDescribeResponse {
    package struct Group: WireStruct {
        package static var minimumWireSize: Int { 20 }

        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var groupID: GroupID
        package var groupState: String
        package var groupEpoch: Int32
        package var assignmentEpoch: Int32
        package var assignorName: String
        package var members: [Member]
        package var authorizedOperations: Int32

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil,
            groupID: GroupID = GroupID(rawValue: ""),
            groupState: String = "",
            groupEpoch: Int32 = 0,
            assignmentEpoch: Int32 = 0,
            assignorName: String = "",
            members: [Member] = [],
            authorizedOperations: Int32 = -2147483648
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.groupID = groupID
            self.groupState = groupState
            self.groupEpoch = groupEpoch
            self.assignmentEpoch = assignmentEpoch
            self.assignorName = assignorName
            self.members = members
            self.authorizedOperations = authorizedOperations
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
            message.groupID = try GroupID.decode(from: &buffer, flexible: true)
            message.groupState = try String.decode(from: &buffer, flexible: true)
            message.groupEpoch = try Int32.decode(from: &buffer, flexible: true)
            message.assignmentEpoch = try Int32.decode(from: &buffer, flexible: true)
            message.assignorName = try String.decode(from: &buffer, flexible: true)
            message.members = try Member.decodeArray(from: &buffer, version: version, flexible: true)
            message.authorizedOperations = try Int32.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.errorCode.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
            self.groupID.encode(into: &buffer, flexible: true)
            self.groupState.encode(into: &buffer, flexible: true)
            self.groupEpoch.encode(into: &buffer, flexible: true)
            self.assignmentEpoch.encode(into: &buffer, flexible: true)
            self.assignorName.encode(into: &buffer, flexible: true)
            self.members.encode(into: &buffer, version: version, flexible: true)
            self.authorizedOperations.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension ConsumerGroupDescribeResponse {
    package struct Member: WireStruct {
        package static var minimumWireSize: Int { 16 }

        package var memberID: MemberID
        package var instanceID: GroupInstanceID?
        package var rackID: String?
        package var memberEpoch: Int32
        package var clientID: String
        package var clientHost: String
        package var subscribedTopicNames: [String]
        package var subscribedTopicRegex: String?
        package var assignment: Assignment
        package var targetAssignment: Assignment
        /// Versions 1+.
        package var memberType: Int8

        package init(
            memberID: MemberID = MemberID(rawValue: ""),
            instanceID: GroupInstanceID? = nil,
            rackID: String? = nil,
            memberEpoch: Int32 = 0,
            clientID: String = "",
            clientHost: String = "",
            subscribedTopicNames: [String] = [],
            subscribedTopicRegex: String? = nil,
            assignment: Assignment = Assignment(),
            targetAssignment: Assignment = Assignment(),
            memberType: Int8 = -1
        ) {
            self.memberID = memberID
            self.instanceID = instanceID
            self.rackID = rackID
            self.memberEpoch = memberEpoch
            self.clientID = clientID
            self.clientHost = clientHost
            self.subscribedTopicNames = subscribedTopicNames
            self.subscribedTopicRegex = subscribedTopicRegex
            self.assignment = assignment
            self.targetAssignment = targetAssignment
            self.memberType = memberType
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.memberID = try MemberID.decode(from: &buffer, flexible: true)
            message.instanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: true)
            message.rackID = try String.decodeNullable(from: &buffer, flexible: true)
            message.memberEpoch = try Int32.decode(from: &buffer, flexible: true)
            message.clientID = try String.decode(from: &buffer, flexible: true)
            message.clientHost = try String.decode(from: &buffer, flexible: true)
            message.subscribedTopicNames = try String.decodeArray(from: &buffer, flexible: true)
            message.subscribedTopicRegex = try String.decodeNullable(from: &buffer, flexible: true)
            message.assignment = try Assignment.decode(from: &buffer, version: version)
            message.targetAssignment = try Assignment.decode(from: &buffer, version: version)
            if version >= 1 {
                message.memberType = try Int8.decode(from: &buffer, flexible: true)
            }
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.memberID.encode(into: &buffer, flexible: true)
            GroupInstanceID.encodeNullable(self.instanceID, into: &buffer, flexible: true)
            String.encodeNullable(self.rackID, into: &buffer, flexible: true)
            self.memberEpoch.encode(into: &buffer, flexible: true)
            self.clientID.encode(into: &buffer, flexible: true)
            self.clientHost.encode(into: &buffer, flexible: true)
            self.subscribedTopicNames.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.subscribedTopicRegex, into: &buffer, flexible: true)
            self.assignment.encode(into: &buffer, version: version)
            self.targetAssignment.encode(into: &buffer, version: version)
            if version >= 1 {
                self.memberType.encode(into: &buffer, flexible: true)
            }
            buffer.writeNoTaggedFields()
        }
    }
}

extension ConsumerGroupDescribeResponse {
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

extension ConsumerGroupDescribeResponse {
    package struct TopicPartitions: WireStruct {
        package static var minimumWireSize: Int { 19 }

        package var topicID: TopicID
        package var topicName: String
        package var partitions: [Int32]

        package init(
            topicID: TopicID = .zero,
            topicName: String = "",
            partitions: [Int32] = []
        ) {
            self.topicID = topicID
            self.topicName = topicName
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.topicID = try TopicID.decode(from: &buffer, flexible: true)
            message.topicName = try String.decode(from: &buffer, flexible: true)
            message.partitions = try Int32.decodeArray(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.topicID.encode(into: &buffer, flexible: true)
            self.topicName.encode(into: &buffer, flexible: true)
            self.partitions.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
