// Generated from Schemas/kafka/055-DescribeQuorum.kschema; do not edit.

package import Model
package import NIOCore

/// DescribeQuorum request, versions 0-2: the quorum of the metadata; fetch times from 1, directories from 2.
package struct DescribeQuorumRequest: KafkaRequest {
    package typealias Response = DescribeQuorumResponse

    package static var apiKey: APIKey { .describeQuorum }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 2 }

    package var topics: [Topic]

    package init(
        topics: [Topic] = []
    ) {
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.topics.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension DescribeQuorumRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var topicName: String
        package var partitions: [Partition]

        package init(
            topicName: String = "",
            partitions: [Partition] = []
        ) {
            self.topicName = topicName
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.topicName = try String.decode(from: &buffer, flexible: true)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.topicName.encode(into: &buffer, flexible: true)
            self.partitions.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeQuorumRequest {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var partitionIndex: Int32

        package init(
            partitionIndex: Int32 = 0
        ) {
            self.partitionIndex = partitionIndex
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.partitionIndex.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

/// DescribeQuorum response, versions 0-2: the quorum of the metadata; fetch times from 1, directories from 2.
package struct DescribeQuorumResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeQuorum }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 4 }

    package var errorCode: ErrorCode
    /// Versions 2+.
    package var errorMessage: String?
    package var topics: [Topic]
    /// Versions 2+.
    package var nodes: [Node]

    package init(
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = nil,
        topics: [Topic] = [],
        nodes: [Node] = []
    ) {
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.topics = topics
        self.nodes = nodes
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
        if version >= 2 {
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
        }
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
        if version >= 2 {
            message.nodes = try Node.decodeArray(from: &buffer, version: version, flexible: true)
        }
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.errorCode.encode(into: &buffer, flexible: true)
        if version >= 2 {
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
        }
        self.topics.encode(into: &buffer, version: version, flexible: true)
        if version >= 2 {
            self.nodes.encode(into: &buffer, version: version, flexible: true)
        }
        buffer.writeNoTaggedFields()
    }
}

extension DescribeQuorumResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var topicName: String
        package var partitions: [Partition]

        package init(
            topicName: String = "",
            partitions: [Partition] = []
        ) {
            self.topicName = topicName
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.topicName = try String.decode(from: &buffer, flexible: true)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.topicName.encode(into: &buffer, flexible: true)
            self.partitions.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeQuorumResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 25 }

        package var partitionIndex: Int32
        package var errorCode: ErrorCode
        /// Versions 2+.
        package var errorMessage: String?
        package var leaderID: BrokerID
        package var leaderEpoch: LeaderEpoch
        package var highWatermark: Int64
        package var currentVoters: [ReplicaState]
        package var observers: [ReplicaState]

        package init(
            partitionIndex: Int32 = 0,
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil,
            leaderID: BrokerID = BrokerID(rawValue: 0),
            leaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: 0),
            highWatermark: Int64 = 0,
            currentVoters: [ReplicaState] = [],
            observers: [ReplicaState] = []
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.leaderID = leaderID
            self.leaderEpoch = leaderEpoch
            self.highWatermark = highWatermark
            self.currentVoters = currentVoters
            self.observers = observers
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: true)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            if version >= 2 {
                message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
            }
            message.leaderID = try BrokerID.decode(from: &buffer, flexible: true)
            message.leaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: true)
            message.highWatermark = try Int64.decode(from: &buffer, flexible: true)
            message.currentVoters = try ReplicaState.decodeArray(from: &buffer, version: version, flexible: true)
            message.observers = try ReplicaState.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.partitionIndex.encode(into: &buffer, flexible: true)
            self.errorCode.encode(into: &buffer, flexible: true)
            if version >= 2 {
                String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
            }
            self.leaderID.encode(into: &buffer, flexible: true)
            self.leaderEpoch.encode(into: &buffer, flexible: true)
            self.highWatermark.encode(into: &buffer, flexible: true)
            self.currentVoters.encode(into: &buffer, version: version, flexible: true)
            self.observers.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeQuorumResponse {
    package struct Node: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var nodeID: BrokerID
        package var listeners: [Listener]

        package init(
            nodeID: BrokerID = BrokerID(rawValue: 0),
            listeners: [Listener] = []
        ) {
            self.nodeID = nodeID
            self.listeners = listeners
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.nodeID = try BrokerID.decode(from: &buffer, flexible: true)
            message.listeners = try Listener.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.nodeID.encode(into: &buffer, flexible: true)
            self.listeners.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeQuorumResponse {
    package struct Listener: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var name: String
        package var host: String
        package var port: UInt16

        package init(
            name: String = "",
            host: String = "",
            port: UInt16 = 0
        ) {
            self.name = name
            self.host = host
            self.port = port
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.host = try String.decode(from: &buffer, flexible: true)
            message.port = try UInt16.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            self.host.encode(into: &buffer, flexible: true)
            self.port.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeQuorumResponse {
    package struct ReplicaState: WireStruct {
        package static var minimumWireSize: Int { 13 }

        package var replicaID: BrokerID
        /// Versions 2+.
        package var replicaDirectoryID: TopicID
        package var logEndOffset: Int64
        /// Versions 1+.
        package var lastFetchTimestamp: Int64
        /// Versions 1+.
        package var lastCaughtUpTimestamp: Int64

        package init(
            replicaID: BrokerID = BrokerID(rawValue: 0),
            replicaDirectoryID: TopicID = .zero,
            logEndOffset: Int64 = 0,
            lastFetchTimestamp: Int64 = -1,
            lastCaughtUpTimestamp: Int64 = -1
        ) {
            self.replicaID = replicaID
            self.replicaDirectoryID = replicaDirectoryID
            self.logEndOffset = logEndOffset
            self.lastFetchTimestamp = lastFetchTimestamp
            self.lastCaughtUpTimestamp = lastCaughtUpTimestamp
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.replicaID = try BrokerID.decode(from: &buffer, flexible: true)
            if version >= 2 {
                message.replicaDirectoryID = try TopicID.decode(from: &buffer, flexible: true)
            }
            message.logEndOffset = try Int64.decode(from: &buffer, flexible: true)
            if version >= 1 {
                message.lastFetchTimestamp = try Int64.decode(from: &buffer, flexible: true)
                message.lastCaughtUpTimestamp = try Int64.decode(from: &buffer, flexible: true)
            }
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.replicaID.encode(into: &buffer, flexible: true)
            if version >= 2 {
                self.replicaDirectoryID.encode(into: &buffer, flexible: true)
            }
            self.logEndOffset.encode(into: &buffer, flexible: true)
            if version >= 1 {
                self.lastFetchTimestamp.encode(into: &buffer, flexible: true)
                self.lastCaughtUpTimestamp.encode(into: &buffer, flexible: true)
            }
            buffer.writeNoTaggedFields()
        }
    }
}
