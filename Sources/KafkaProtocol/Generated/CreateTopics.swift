// Generated from Schemas/kafka/019-CreateTopics.kschema; do not edit.

package import Model
package import NIOCore

/// CreateTopics request, versions 2-7: creates topics.
package struct CreateTopicsRequest: KafkaRequest {
    package typealias Response = CreateTopicsResponse

    package static var apiKey: APIKey { .createTopics }
    package static var versions: ClosedRange<Int16> { 2...7 }
    package static var firstFlexibleVersion: Int16? { 5 }
    package static var minimumWireSize: Int { 7 }

    package var topics: [Topic]
    package var timeoutMs: Int32
    package var validateOnly: Bool

    package init(
        topics: [Topic] = [],
        timeoutMs: Int32 = 60000,
        validateOnly: Bool = false
    ) {
        self.topics = topics
        self.timeoutMs = timeoutMs
        self.validateOnly = validateOnly
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 5
        var message = Self()
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        message.timeoutMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.validateOnly = try Bool.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 5
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        self.timeoutMs.encode(into: &buffer, flexible: flexible)
        self.validateOnly.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension CreateTopicsRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 10 }

        package var name: String
        package var numPartitions: Int32
        package var replicationFactor: Int16
        package var assignments: [Assignment]
        package var configs: [Config]

        package init(
            name: String = "",
            numPartitions: Int32 = 0,
            replicationFactor: Int16 = 0,
            assignments: [Assignment] = [],
            configs: [Config] = []
        ) {
            self.name = name
            self.numPartitions = numPartitions
            self.replicationFactor = replicationFactor
            self.assignments = assignments
            self.configs = configs
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 5
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.numPartitions = try Int32.decode(from: &buffer, flexible: flexible)
            message.replicationFactor = try Int16.decode(from: &buffer, flexible: flexible)
            message.assignments = try Assignment.decodeArray(from: &buffer, version: version, flexible: flexible)
            message.configs = try Config.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 5
            self.name.encode(into: &buffer, flexible: flexible)
            self.numPartitions.encode(into: &buffer, flexible: flexible)
            self.replicationFactor.encode(into: &buffer, flexible: flexible)
            self.assignments.encode(into: &buffer, version: version, flexible: flexible)
            self.configs.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension CreateTopicsRequest {
    package struct Assignment: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var partitionIndex: Int32
        package var brokerIDs: [BrokerID]

        package init(
            partitionIndex: Int32 = 0,
            brokerIDs: [BrokerID] = []
        ) {
            self.partitionIndex = partitionIndex
            self.brokerIDs = brokerIDs
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 5
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.brokerIDs = try BrokerID.decodeArray(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 5
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.brokerIDs.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension CreateTopicsRequest {
    package struct Config: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var value: String?

        package init(
            name: String = "",
            value: String? = nil
        ) {
            self.name = name
            self.value = value
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 5
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.value = try String.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 5
            self.name.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.value, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// CreateTopics response, versions 2-7: creates topics.
package struct CreateTopicsResponse: KafkaResponse {
    package static var apiKey: APIKey { .createTopics }
    package static var versions: ClosedRange<Int16> { 2...7 }
    package static var firstFlexibleVersion: Int16? { 5 }
    package static var minimumWireSize: Int { 6 }

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
        let flexible = version >= 5
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 5
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension CreateTopicsResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var name: String
        /// Versions 7+.
        package var topicID: TopicID
        package var errorCode: ErrorCode
        package var errorMessage: String?
        /// Versions 5+, tagged.
        package var topicConfigErrorCode: ErrorCode
        /// Versions 5+.
        package var numPartitions: Int32
        /// Versions 5+.
        package var replicationFactor: Int16
        /// Versions 5+.
        package var configs: [Config]?

        package init(
            name: String = "",
            topicID: TopicID = .zero,
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil,
            topicConfigErrorCode: ErrorCode = ErrorCode(rawValue: 0),
            numPartitions: Int32 = -1,
            replicationFactor: Int16 = -1,
            configs: [Config]? = nil
        ) {
            self.name = name
            self.topicID = topicID
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.topicConfigErrorCode = topicConfigErrorCode
            self.numPartitions = numPartitions
            self.replicationFactor = replicationFactor
            self.configs = configs
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 5
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            if version >= 7 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: flexible)
            }
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
            if version >= 5 {
                message.numPartitions = try Int32.decode(from: &buffer, flexible: flexible)
                message.replicationFactor = try Int16.decode(from: &buffer, flexible: flexible)
                message.configs = try Config.decodeNullableArray(from: &buffer, version: version, flexible: flexible)
            }
            if flexible {
                for _ in 0..<(try buffer.readTaggedFieldCount()) {
                    var field = try buffer.readTaggedField()
                    switch field.tag {
                    case 0:
                        message.topicConfigErrorCode = try ErrorCode.decode(from: &field.payload, flexible: flexible)
                        try field.requireEnd()
                    default: break
                    }
                }
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 5
            self.name.encode(into: &buffer, flexible: flexible)
            if version >= 7 {
                self.topicID.encode(into: &buffer, flexible: flexible)
            }
            self.errorCode.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
            if version >= 5 {
                self.numPartitions.encode(into: &buffer, flexible: flexible)
                self.replicationFactor.encode(into: &buffer, flexible: flexible)
                Config.encodeNullableArray(self.configs, into: &buffer, version: version, flexible: flexible)
            }
            if flexible {
                var tags: UInt32 = 0
                if self.topicConfigErrorCode != ErrorCode(rawValue: 0) { tags += 1 }
                buffer.writeUnsignedVarint(tags)
                if self.topicConfigErrorCode != ErrorCode(rawValue: 0) {
                    let start = buffer.beginTaggedField(0)
                    self.topicConfigErrorCode.encode(into: &buffer, flexible: flexible)
                    buffer.endTaggedField(start)
                }
            }
        }
    }
}

extension CreateTopicsResponse {
    package struct Config: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var name: String
        package var value: String?
        package var readOnly: Bool
        package var configSource: Int8
        package var isSensitive: Bool

        package init(
            name: String = "",
            value: String? = nil,
            readOnly: Bool = false,
            configSource: Int8 = -1,
            isSensitive: Bool = false
        ) {
            self.name = name
            self.value = value
            self.readOnly = readOnly
            self.configSource = configSource
            self.isSensitive = isSensitive
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.value = try String.decodeNullable(from: &buffer, flexible: true)
            message.readOnly = try Bool.decode(from: &buffer, flexible: true)
            message.configSource = try Int8.decode(from: &buffer, flexible: true)
            message.isSensitive = try Bool.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.value, into: &buffer, flexible: true)
            self.readOnly.encode(into: &buffer, flexible: true)
            self.configSource.encode(into: &buffer, flexible: true)
            self.isSensitive.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
