// Generated from Schemas/records/ConsumerGroup.kschema; do not edit.

package import Model
package import NIOCore

/// ConsumerGroupMetadataKey, version 3: key of a group of the consumer protocol in __consumer_offsets.
package struct ConsumerGroupMetadataKey: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 3...3 }
    package static var minimumWireSize: Int { 2 }

    package var groupID: GroupID

    package init(
        groupID: GroupID = GroupID(rawValue: "")
    ) {
        self.groupID = groupID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupID.encode(into: &buffer, flexible: false)
    }
}

/// ConsumerGroupMetadataValue, version 0: epoch of a group of the consumer protocol.
package struct ConsumerGroupMetadataValue: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var minimumWireSize: Int { 5 }

    package var epoch: Int32
    package var metadataHash: Int64

    package init(
        epoch: Int32 = 0,
        metadataHash: Int64 = 0
    ) {
        self.epoch = epoch
        self.metadataHash = metadataHash
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.epoch = try Int32.decode(from: &buffer, flexible: true)
        for _ in 0..<(try buffer.readTaggedFieldCount()) {
            var field = try buffer.readTaggedField()
            switch field.tag {
            case 0:
                message.metadataHash = try Int64.decode(from: &field.payload, flexible: true)
                try field.requireEnd()
            default: break
            }
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.epoch.encode(into: &buffer, flexible: true)
        var tags: UInt32 = 0
        if self.metadataHash != 0 { tags += 1 }
        buffer.writeUnsignedVarint(tags)
        if self.metadataHash != 0 {
            let start = buffer.beginTaggedField(0)
            self.metadataHash.encode(into: &buffer, flexible: true)
            buffer.endTaggedField(start)
        }
    }
}

/// ConsumerGroupPartitionMetadataKey, version 4: key of what Kafka 4.0 knew of a group's topics.
package struct ConsumerGroupPartitionMetadataKey: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 4...4 }
    package static var minimumWireSize: Int { 2 }

    package var groupID: GroupID

    package init(
        groupID: GroupID = GroupID(rawValue: "")
    ) {
        self.groupID = groupID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupID.encode(into: &buffer, flexible: false)
    }
}

/// ConsumerGroupMemberMetadataKey, version 5: key of a member's subscription.
package struct ConsumerGroupMemberMetadataKey: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 5...5 }
    package static var minimumWireSize: Int { 4 }

    package var groupID: GroupID
    package var memberID: MemberID

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        memberID: MemberID = MemberID(rawValue: "")
    ) {
        self.groupID = groupID
        self.memberID = memberID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: false)
        message.memberID = try MemberID.decode(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupID.encode(into: &buffer, flexible: false)
        self.memberID.encode(into: &buffer, flexible: false)
    }
}

/// ConsumerGroupMemberMetadataValue, version 0: who a member is and what it subscribes to.
package struct ConsumerGroupMemberMetadataValue: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var minimumWireSize: Int { 12 }

    package var instanceID: GroupInstanceID?
    package var rackID: String?
    package var clientID: String
    package var clientHost: String
    package var subscribedTopicNames: [String]
    package var subscribedTopicRegex: String?
    package var rebalanceTimeoutMs: Int32
    package var serverAssignor: String?
    package var classicMemberMetadata: ClassicMemberMetadata?

    package init(
        instanceID: GroupInstanceID? = nil,
        rackID: String? = nil,
        clientID: String = "",
        clientHost: String = "",
        subscribedTopicNames: [String] = [],
        subscribedTopicRegex: String? = nil,
        rebalanceTimeoutMs: Int32 = -1,
        serverAssignor: String? = nil,
        classicMemberMetadata: ClassicMemberMetadata? = nil
    ) {
        self.instanceID = instanceID
        self.rackID = rackID
        self.clientID = clientID
        self.clientHost = clientHost
        self.subscribedTopicNames = subscribedTopicNames
        self.subscribedTopicRegex = subscribedTopicRegex
        self.rebalanceTimeoutMs = rebalanceTimeoutMs
        self.serverAssignor = serverAssignor
        self.classicMemberMetadata = classicMemberMetadata
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.instanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: true)
        message.rackID = try String.decodeNullable(from: &buffer, flexible: true)
        message.clientID = try String.decode(from: &buffer, flexible: true)
        message.clientHost = try String.decode(from: &buffer, flexible: true)
        message.subscribedTopicNames = try String.decodeArray(from: &buffer, flexible: true)
        message.subscribedTopicRegex = try String.decodeNullable(from: &buffer, flexible: true)
        message.rebalanceTimeoutMs = try Int32.decode(from: &buffer, flexible: true)
        message.serverAssignor = try String.decodeNullable(from: &buffer, flexible: true)
        for _ in 0..<(try buffer.readTaggedFieldCount()) {
            var field = try buffer.readTaggedField()
            switch field.tag {
            case 0:
                message.classicMemberMetadata = try ClassicMemberMetadata.decodeNullable(from: &field.payload, version: version)
                try field.requireEnd()
            default: break
            }
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        GroupInstanceID.encodeNullable(self.instanceID, into: &buffer, flexible: true)
        String.encodeNullable(self.rackID, into: &buffer, flexible: true)
        self.clientID.encode(into: &buffer, flexible: true)
        self.clientHost.encode(into: &buffer, flexible: true)
        self.subscribedTopicNames.encode(into: &buffer, flexible: true)
        String.encodeNullable(self.subscribedTopicRegex, into: &buffer, flexible: true)
        self.rebalanceTimeoutMs.encode(into: &buffer, flexible: true)
        String.encodeNullable(self.serverAssignor, into: &buffer, flexible: true)
        var tags: UInt32 = 0
        if self.classicMemberMetadata != nil { tags += 1 }
        buffer.writeUnsignedVarint(tags)
        if self.classicMemberMetadata != nil {
            let start = buffer.beginTaggedField(0)
            ClassicMemberMetadata.encodeNullable(self.classicMemberMetadata, into: &buffer, version: version)
            buffer.endTaggedField(start)
        }
    }
}

extension ConsumerGroupMemberMetadataValue {
    package struct ClassicMemberMetadata: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var sessionTimeoutMs: Int32
        package var supportedProtocols: [ClassicProtocol]

        package init(
            sessionTimeoutMs: Int32 = 0,
            supportedProtocols: [ClassicProtocol] = []
        ) {
            self.sessionTimeoutMs = sessionTimeoutMs
            self.supportedProtocols = supportedProtocols
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.sessionTimeoutMs = try Int32.decode(from: &buffer, flexible: true)
            message.supportedProtocols = try ClassicProtocol.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.sessionTimeoutMs.encode(into: &buffer, flexible: true)
            self.supportedProtocols.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension ConsumerGroupMemberMetadataValue {
    package struct ClassicProtocol: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var metadata: ByteBuffer

        package init(
            name: String = "",
            metadata: ByteBuffer = ByteBuffer()
        ) {
            self.name = name
            self.metadata = metadata
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.metadata = try ByteBuffer.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            self.metadata.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

/// ConsumerGroupTargetAssignmentMetadataKey, version 6: key of the epoch of a group's target assignment.
package struct ConsumerGroupTargetAssignmentMetadataKey: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 6...6 }
    package static var minimumWireSize: Int { 2 }

    package var groupID: GroupID

    package init(
        groupID: GroupID = GroupID(rawValue: "")
    ) {
        self.groupID = groupID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupID.encode(into: &buffer, flexible: false)
    }
}

/// ConsumerGroupTargetAssignmentMetadataValue, version 0: epoch of a group's target assignment.
package struct ConsumerGroupTargetAssignmentMetadataValue: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var minimumWireSize: Int { 5 }

    package var assignmentEpoch: Int32
    package var assignmentTimestamp: Int64

    package init(
        assignmentEpoch: Int32 = 0,
        assignmentTimestamp: Int64 = 0
    ) {
        self.assignmentEpoch = assignmentEpoch
        self.assignmentTimestamp = assignmentTimestamp
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.assignmentEpoch = try Int32.decode(from: &buffer, flexible: true)
        for _ in 0..<(try buffer.readTaggedFieldCount()) {
            var field = try buffer.readTaggedField()
            switch field.tag {
            case 0:
                message.assignmentTimestamp = try Int64.decode(from: &field.payload, flexible: true)
                try field.requireEnd()
            default: break
            }
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.assignmentEpoch.encode(into: &buffer, flexible: true)
        var tags: UInt32 = 0
        if self.assignmentTimestamp != 0 { tags += 1 }
        buffer.writeUnsignedVarint(tags)
        if self.assignmentTimestamp != 0 {
            let start = buffer.beginTaggedField(0)
            self.assignmentTimestamp.encode(into: &buffer, flexible: true)
            buffer.endTaggedField(start)
        }
    }
}

/// ConsumerGroupTargetAssignmentMemberKey, version 7: key of what a member is meant to have.
package struct ConsumerGroupTargetAssignmentMemberKey: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 7...7 }
    package static var minimumWireSize: Int { 4 }

    package var groupID: GroupID
    package var memberID: MemberID

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        memberID: MemberID = MemberID(rawValue: "")
    ) {
        self.groupID = groupID
        self.memberID = memberID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: false)
        message.memberID = try MemberID.decode(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupID.encode(into: &buffer, flexible: false)
        self.memberID.encode(into: &buffer, flexible: false)
    }
}

/// ConsumerGroupTargetAssignmentMemberValue, version 0: what a member is meant to have.
package struct ConsumerGroupTargetAssignmentMemberValue: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var minimumWireSize: Int { 2 }

    package var topicPartitions: [TopicPartition]

    package init(
        topicPartitions: [TopicPartition] = []
    ) {
        self.topicPartitions = topicPartitions
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.topicPartitions = try TopicPartition.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.topicPartitions.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension ConsumerGroupTargetAssignmentMemberValue {
    package struct TopicPartition: WireStruct {
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

/// ConsumerGroupCurrentMemberAssignmentKey, version 8: key of what a member has.
package struct ConsumerGroupCurrentMemberAssignmentKey: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 8...8 }
    package static var minimumWireSize: Int { 4 }

    package var groupID: GroupID
    package var memberID: MemberID

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        memberID: MemberID = MemberID(rawValue: "")
    ) {
        self.groupID = groupID
        self.memberID = memberID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: false)
        message.memberID = try MemberID.decode(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupID.encode(into: &buffer, flexible: false)
        self.memberID.encode(into: &buffer, flexible: false)
    }
}

/// ConsumerGroupCurrentMemberAssignmentValue, version 0: what a member has, and where its reconciliation stands.
package struct ConsumerGroupCurrentMemberAssignmentValue: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var minimumWireSize: Int { 12 }

    package var memberEpoch: Int32
    package var previousMemberEpoch: Int32
    package var state: Int8
    package var assignedPartitions: [TopicPartitions]
    package var partitionsPendingRevocation: [TopicPartitions]

    package init(
        memberEpoch: Int32 = 0,
        previousMemberEpoch: Int32 = 0,
        state: Int8 = 0,
        assignedPartitions: [TopicPartitions] = [],
        partitionsPendingRevocation: [TopicPartitions] = []
    ) {
        self.memberEpoch = memberEpoch
        self.previousMemberEpoch = previousMemberEpoch
        self.state = state
        self.assignedPartitions = assignedPartitions
        self.partitionsPendingRevocation = partitionsPendingRevocation
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.memberEpoch = try Int32.decode(from: &buffer, flexible: true)
        message.previousMemberEpoch = try Int32.decode(from: &buffer, flexible: true)
        message.state = try Int8.decode(from: &buffer, flexible: true)
        message.assignedPartitions = try TopicPartitions.decodeArray(from: &buffer, version: version, flexible: true)
        message.partitionsPendingRevocation = try TopicPartitions.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.memberEpoch.encode(into: &buffer, flexible: true)
        self.previousMemberEpoch.encode(into: &buffer, flexible: true)
        self.state.encode(into: &buffer, flexible: true)
        self.assignedPartitions.encode(into: &buffer, version: version, flexible: true)
        self.partitionsPendingRevocation.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension ConsumerGroupCurrentMemberAssignmentValue {
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

/// ConsumerGroupRegularExpressionKey, version 16: key of a regular expression's topics.
package struct ConsumerGroupRegularExpressionKey: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 16...16 }
    package static var minimumWireSize: Int { 4 }

    package var groupID: GroupID
    package var regularExpression: String

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        regularExpression: String = ""
    ) {
        self.groupID = groupID
        self.regularExpression = regularExpression
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: false)
        message.regularExpression = try String.decode(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupID.encode(into: &buffer, flexible: false)
        self.regularExpression.encode(into: &buffer, flexible: false)
    }
}

/// ConsumerGroupRegularExpressionValue, version 0: the topics that a regular expression matches.
package struct ConsumerGroupRegularExpressionValue: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var minimumWireSize: Int { 18 }

    package var topics: [String]
    package var version: Int64
    package var timestamp: Int64

    package init(
        topics: [String] = [],
        version: Int64 = 0,
        timestamp: Int64 = 0
    ) {
        self.topics = topics
        self.version = version
        self.timestamp = timestamp
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.topics = try String.decodeArray(from: &buffer, flexible: true)
        message.version = try Int64.decode(from: &buffer, flexible: true)
        message.timestamp = try Int64.decode(from: &buffer, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.topics.encode(into: &buffer, flexible: true)
        self.version.encode(into: &buffer, flexible: true)
        self.timestamp.encode(into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }
}
