// Generated from Schemas/kafka/003-Metadata.kschema; do not edit.

package import Model
package import NIOCore

/// Metadata request, versions 0-13: brokers, topics and their leaders; topics by ID from 10.
package struct MetadataRequest: KafkaRequest {
    package typealias Response = MetadataResponse

    package static var apiKey: APIKey { .metadata }
    package static var versions: ClosedRange<Int16> { 0...13 }
    package static var firstFlexibleVersion: Int16? { 9 }
    package static var minimumWireSize: Int { 4 }

    package var topics: [Topic]?
    /// Versions 4+.
    package var allowAutoTopicCreation: Bool
    /// Versions 8-10.
    package var includeClusterAuthorizedOperations: Bool
    /// Versions 8+.
    package var includeTopicAuthorizedOperations: Bool

    package init(
        topics: [Topic]? = [],
        allowAutoTopicCreation: Bool = true,
        includeClusterAuthorizedOperations: Bool = false,
        includeTopicAuthorizedOperations: Bool = false
    ) {
        self.topics = topics
        self.allowAutoTopicCreation = allowAutoTopicCreation
        self.includeClusterAuthorizedOperations = includeClusterAuthorizedOperations
        self.includeTopicAuthorizedOperations = includeTopicAuthorizedOperations
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 9
        var message = Self()
        message.topics = try version >= 1 ? Topic.decodeNullableArray(from: &buffer, version: version, flexible: flexible) : Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if version >= 4 {
            message.allowAutoTopicCreation = try Bool.decode(from: &buffer, flexible: flexible)
        }
        if (8...10).contains(version) {
            message.includeClusterAuthorizedOperations = try Bool.decode(from: &buffer, flexible: flexible)
        }
        if version >= 8 {
            message.includeTopicAuthorizedOperations = try Bool.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 9
        if version >= 1 {
            Topic.encodeNullableArray(self.topics, into: &buffer, version: version, flexible: flexible)
        } else if let value = self.topics {
            value.encode(into: &buffer, version: version, flexible: flexible)
        } else {
            unencodableField("MetadataRequest.topics", version: version)
        }
        if version >= 4 {
            self.allowAutoTopicCreation.encode(into: &buffer, flexible: flexible)
        } else if !self.allowAutoTopicCreation {
            unencodableField("MetadataRequest.allowAutoTopicCreation", version: version)
        }
        if (8...10).contains(version) {
            self.includeClusterAuthorizedOperations.encode(into: &buffer, flexible: flexible)
        } else if self.includeClusterAuthorizedOperations {
            unencodableField("MetadataRequest.includeClusterAuthorizedOperations", version: version)
        }
        if version >= 8 {
            self.includeTopicAuthorizedOperations.encode(into: &buffer, flexible: flexible)
        } else if self.includeTopicAuthorizedOperations {
            unencodableField("MetadataRequest.includeTopicAuthorizedOperations", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension MetadataRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 2 }

        /// Versions 10+.
        package var topicID: TopicID
        package var name: String?

        package init(
            topicID: TopicID = .zero,
            name: String? = ""
        ) {
            self.topicID = topicID
            self.name = name
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 9
            var message = Self()
            if version >= 10 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: flexible)
            }
            message.name = try version >= 10 ? String.decodeNullable(from: &buffer, flexible: flexible) : String.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 9
            if version >= 10 {
                self.topicID.encode(into: &buffer, flexible: flexible)
            }
            if version >= 10 {
                String.encodeNullable(self.name, into: &buffer, flexible: flexible)
            } else if let value = self.name {
                value.encode(into: &buffer, flexible: flexible)
            } else {
                unencodableField("MetadataRequest.Topic.name", version: version)
            }
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// Metadata response, versions 0-13: brokers, topics and their leaders; topics by ID from 10.
package struct MetadataResponse: KafkaResponse {
    package static var apiKey: APIKey { .metadata }
    package static var versions: ClosedRange<Int16> { 0...13 }
    package static var firstFlexibleVersion: Int16? { 9 }
    package static var minimumWireSize: Int { 8 }

    /// Versions 3+.
    package var throttleTimeMs: Int32
    package var brokers: [Broker]
    /// Versions 2+.
    package var clusterID: String?
    /// Versions 1+.
    package var controllerID: BrokerID
    package var topics: [Topic]
    /// Versions 8-10.
    package var clusterAuthorizedOperations: Int32
    /// Versions 13+.
    package var errorCode: ErrorCode

    package init(
        throttleTimeMs: Int32 = 0,
        brokers: [Broker] = [],
        clusterID: String? = nil,
        controllerID: BrokerID = BrokerID(rawValue: -1),
        topics: [Topic] = [],
        clusterAuthorizedOperations: Int32 = -2147483648,
        errorCode: ErrorCode = ErrorCode(rawValue: 0)
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.brokers = brokers
        self.clusterID = clusterID
        self.controllerID = controllerID
        self.topics = topics
        self.clusterAuthorizedOperations = clusterAuthorizedOperations
        self.errorCode = errorCode
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 9
        var message = Self()
        if version >= 3 {
            message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        }
        message.brokers = try Broker.decodeArray(from: &buffer, version: version, flexible: flexible)
        if version >= 2 {
            message.clusterID = try String.decodeNullable(from: &buffer, flexible: flexible)
        }
        if version >= 1 {
            message.controllerID = try BrokerID.decode(from: &buffer, flexible: flexible)
        }
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if (8...10).contains(version) {
            message.clusterAuthorizedOperations = try Int32.decode(from: &buffer, flexible: flexible)
        }
        if version >= 13 {
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 9
        if version >= 3 {
            self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        }
        self.brokers.encode(into: &buffer, version: version, flexible: flexible)
        if version >= 2 {
            String.encodeNullable(self.clusterID, into: &buffer, flexible: flexible)
        }
        if version >= 1 {
            self.controllerID.encode(into: &buffer, flexible: flexible)
        }
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if (8...10).contains(version) {
            self.clusterAuthorizedOperations.encode(into: &buffer, flexible: flexible)
        } else if self.clusterAuthorizedOperations != -2147483648 {
            unencodableField("MetadataResponse.clusterAuthorizedOperations", version: version)
        }
        if version >= 13 {
            self.errorCode.encode(into: &buffer, flexible: flexible)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension MetadataResponse {
    package struct Broker: WireStruct {
        package static var minimumWireSize: Int { 10 }

        package var nodeID: BrokerID
        package var host: String
        package var port: Int32
        /// Versions 1+.
        package var rack: String?

        package init(
            nodeID: BrokerID = BrokerID(rawValue: 0),
            host: String = "",
            port: Int32 = 0,
            rack: String? = nil
        ) {
            self.nodeID = nodeID
            self.host = host
            self.port = port
            self.rack = rack
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 9
            var message = Self()
            message.nodeID = try BrokerID.decode(from: &buffer, flexible: flexible)
            message.host = try String.decode(from: &buffer, flexible: flexible)
            message.port = try Int32.decode(from: &buffer, flexible: flexible)
            if version >= 1 {
                message.rack = try String.decodeNullable(from: &buffer, flexible: flexible)
            }
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 9
            self.nodeID.encode(into: &buffer, flexible: flexible)
            self.host.encode(into: &buffer, flexible: flexible)
            self.port.encode(into: &buffer, flexible: flexible)
            if version >= 1 {
                String.encodeNullable(self.rack, into: &buffer, flexible: flexible)
            }
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension MetadataResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 8 }

        package var errorCode: ErrorCode
        package var name: String?
        /// Versions 10+.
        package var topicID: TopicID
        /// Versions 1+.
        package var isInternal: Bool
        package var partitions: [Partition]
        /// Versions 8+.
        package var topicAuthorizedOperations: Int32

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            name: String? = "",
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
            let flexible = version >= 9
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.name = try version >= 12 ? String.decodeNullable(from: &buffer, flexible: flexible) : String.decode(from: &buffer, flexible: flexible)
            if version >= 10 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: flexible)
            }
            if version >= 1 {
                message.isInternal = try Bool.decode(from: &buffer, flexible: flexible)
            }
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if version >= 8 {
                message.topicAuthorizedOperations = try Int32.decode(from: &buffer, flexible: flexible)
            }
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 9
            self.errorCode.encode(into: &buffer, flexible: flexible)
            if version >= 12 {
                String.encodeNullable(self.name, into: &buffer, flexible: flexible)
            } else if let value = self.name {
                value.encode(into: &buffer, flexible: flexible)
            } else {
                unencodableField("MetadataResponse.Topic.name", version: version)
            }
            if version >= 10 {
                self.topicID.encode(into: &buffer, flexible: flexible)
            }
            if version >= 1 {
                self.isInternal.encode(into: &buffer, flexible: flexible)
            }
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if version >= 8 {
                self.topicAuthorizedOperations.encode(into: &buffer, flexible: flexible)
            } else if self.topicAuthorizedOperations != -2147483648 {
                unencodableField("MetadataResponse.Topic.topicAuthorizedOperations", version: version)
            }
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension MetadataResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 18 }

        package var errorCode: ErrorCode
        package var partitionIndex: Int32
        package var leaderID: BrokerID
        /// Versions 7+.
        package var leaderEpoch: LeaderEpoch
        package var replicaNodes: [BrokerID]
        package var isrNodes: [BrokerID]
        /// Versions 5+.
        package var offlineReplicas: [BrokerID]

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            partitionIndex: Int32 = 0,
            leaderID: BrokerID = BrokerID(rawValue: 0),
            leaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            replicaNodes: [BrokerID] = [],
            isrNodes: [BrokerID] = [],
            offlineReplicas: [BrokerID] = []
        ) {
            self.errorCode = errorCode
            self.partitionIndex = partitionIndex
            self.leaderID = leaderID
            self.leaderEpoch = leaderEpoch
            self.replicaNodes = replicaNodes
            self.isrNodes = isrNodes
            self.offlineReplicas = offlineReplicas
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 9
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.leaderID = try BrokerID.decode(from: &buffer, flexible: flexible)
            if version >= 7 {
                message.leaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
            }
            message.replicaNodes = try BrokerID.decodeArray(from: &buffer, flexible: flexible)
            message.isrNodes = try BrokerID.decodeArray(from: &buffer, flexible: flexible)
            if version >= 5 {
                message.offlineReplicas = try BrokerID.decodeArray(from: &buffer, flexible: flexible)
            }
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 9
            self.errorCode.encode(into: &buffer, flexible: flexible)
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.leaderID.encode(into: &buffer, flexible: flexible)
            if version >= 7 {
                self.leaderEpoch.encode(into: &buffer, flexible: flexible)
            }
            self.replicaNodes.encode(into: &buffer, flexible: flexible)
            self.isrNodes.encode(into: &buffer, flexible: flexible)
            if version >= 5 {
                self.offlineReplicas.encode(into: &buffer, flexible: flexible)
            }
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
