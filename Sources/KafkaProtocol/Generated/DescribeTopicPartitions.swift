// Generated from Schemas/kafka/075-DescribeTopicPartitions.kschema; do not edit.

package import Model
package import NIOCore

/// DescribeTopicPartitions request, version 0: topics and partitions, page by page.
package struct DescribeTopicPartitionsRequest: KafkaRequest {
    package typealias Response = DescribeTopicPartitionsResponse

    package static var apiKey: APIKey { .describeTopicPartitions }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 7 }

    package var topics: [Topic]
    package var responsePartitionLimit: Int32
    package var cursor: Cursor?

    package init(
        topics: [Topic] = [],
        responsePartitionLimit: Int32 = 2000,
        cursor: Cursor? = nil
    ) {
        self.topics = topics
        self.responsePartitionLimit = responsePartitionLimit
        self.cursor = cursor
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
        message.responsePartitionLimit = try Int32.decode(from: &buffer, flexible: true)
        message.cursor = try Cursor.decodeNullable(from: &buffer, version: version)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.topics.encode(into: &buffer, version: version, flexible: true)
        self.responsePartitionLimit.encode(into: &buffer, flexible: true)
        Cursor.encodeNullable(self.cursor, into: &buffer, version: version)
        buffer.writeNoTaggedFields()
    }
}

extension DescribeTopicPartitionsRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 2 }

        package var name: String

        package init(
            name: String = ""
        ) {
            self.name = name
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeTopicPartitionsRequest {
    package struct Cursor: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var topicName: String
        package var partitionIndex: Int32

        package init(
            topicName: String = "",
            partitionIndex: Int32 = 0
        ) {
            self.topicName = topicName
            self.partitionIndex = partitionIndex
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.topicName = try String.decode(from: &buffer, flexible: true)
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.topicName.encode(into: &buffer, flexible: true)
            self.partitionIndex.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

/// DescribeTopicPartitions response, version 0: topics and partitions, page by page.
package struct DescribeTopicPartitionsResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeTopicPartitions }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 7 }

    package var throttleTimeMs: Int32
    package var topics: [Topic]
    package var nextCursor: Cursor?

    package init(
        throttleTimeMs: Int32 = 0,
        topics: [Topic] = [],
        nextCursor: Cursor? = nil
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
        self.nextCursor = nextCursor
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
        message.nextCursor = try Cursor.decodeNullable(from: &buffer, version: version)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.topics.encode(into: &buffer, version: version, flexible: true)
        Cursor.encodeNullable(self.nextCursor, into: &buffer, version: version)
        buffer.writeNoTaggedFields()
    }
}

extension DescribeTopicPartitionsResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 26 }

        package var errorCode: ErrorCode
        package var name: String?
        package var topicID: TopicID
        package var isInternal: Bool
        package var partitions: [Partition]
        package var topicAuthorizedOperations: Int32

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            name: String? = nil,
            topicID: TopicID = .zero,
            isInternal: Bool = false,
            partitions: [Partition] = [],
            topicAuthorizedOperations: Int32 = -2147483648
        ) {
            self.errorCode = errorCode
            self.name = name
            self.topicID = topicID
            self.isInternal = isInternal
            self.partitions = partitions
            self.topicAuthorizedOperations = topicAuthorizedOperations
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            message.name = try String.decodeNullable(from: &buffer, flexible: true)
            message.topicID = try TopicID.decode(from: &buffer, flexible: true)
            message.isInternal = try Bool.decode(from: &buffer, flexible: true)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: true)
            message.topicAuthorizedOperations = try Int32.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.errorCode.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.name, into: &buffer, flexible: true)
            self.topicID.encode(into: &buffer, flexible: true)
            self.isInternal.encode(into: &buffer, flexible: true)
            self.partitions.encode(into: &buffer, version: version, flexible: true)
            self.topicAuthorizedOperations.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeTopicPartitionsResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 20 }

        package var errorCode: ErrorCode
        package var partitionIndex: Int32
        package var leaderID: BrokerID
        package var leaderEpoch: LeaderEpoch
        package var replicaNodes: [BrokerID]
        package var isrNodes: [BrokerID]
        package var eligibleLeaderReplicas: [BrokerID]?
        package var lastKnownELR: [BrokerID]?
        package var offlineReplicas: [BrokerID]

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            partitionIndex: Int32 = 0,
            leaderID: BrokerID = BrokerID(rawValue: 0),
            leaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            replicaNodes: [BrokerID] = [],
            isrNodes: [BrokerID] = [],
            eligibleLeaderReplicas: [BrokerID]? = nil,
            lastKnownELR: [BrokerID]? = nil,
            offlineReplicas: [BrokerID] = []
        ) {
            self.errorCode = errorCode
            self.partitionIndex = partitionIndex
            self.leaderID = leaderID
            self.leaderEpoch = leaderEpoch
            self.replicaNodes = replicaNodes
            self.isrNodes = isrNodes
            self.eligibleLeaderReplicas = eligibleLeaderReplicas
            self.lastKnownELR = lastKnownELR
            self.offlineReplicas = offlineReplicas
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: true)
            message.leaderID = try BrokerID.decode(from: &buffer, flexible: true)
            message.leaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: true)
            message.replicaNodes = try BrokerID.decodeArray(from: &buffer, flexible: true)
            message.isrNodes = try BrokerID.decodeArray(from: &buffer, flexible: true)
            message.eligibleLeaderReplicas = try BrokerID.decodeNullableArray(from: &buffer, flexible: true)
            message.lastKnownELR = try BrokerID.decodeNullableArray(from: &buffer, flexible: true)
            message.offlineReplicas = try BrokerID.decodeArray(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.errorCode.encode(into: &buffer, flexible: true)
            self.partitionIndex.encode(into: &buffer, flexible: true)
            self.leaderID.encode(into: &buffer, flexible: true)
            self.leaderEpoch.encode(into: &buffer, flexible: true)
            self.replicaNodes.encode(into: &buffer, flexible: true)
            self.isrNodes.encode(into: &buffer, flexible: true)
            BrokerID.encodeNullableArray(self.eligibleLeaderReplicas, into: &buffer, flexible: true)
            BrokerID.encodeNullableArray(self.lastKnownELR, into: &buffer, flexible: true)
            self.offlineReplicas.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeTopicPartitionsResponse {
    package struct Cursor: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var topicName: String
        package var partitionIndex: Int32

        package init(
            topicName: String = "",
            partitionIndex: Int32 = 0
        ) {
            self.topicName = topicName
            self.partitionIndex = partitionIndex
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.topicName = try String.decode(from: &buffer, flexible: true)
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.topicName.encode(into: &buffer, flexible: true)
            self.partitionIndex.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
