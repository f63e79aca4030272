// Generated from Schemas/kafka/045-AlterPartitionReassignments.kschema; do not edit.

package import NIOCore

/// AlterPartitionReassignments request, versions 0-1: moves replicas between brokers; a fixed number from 1.
package struct AlterPartitionReassignmentsRequest: KafkaRequest {
    package typealias Response = AlterPartitionReassignmentsResponse

    package static var apiKey: APIKey { .alterPartitionReassignments }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 6 }

    package var timeoutMs: Int32
    /// Versions 1+.
    package var allowReplicationFactorChange: Bool
    package var topics: [Topic]

    package init(
        timeoutMs: Int32 = 60000,
        allowReplicationFactorChange: Bool = true,
        topics: [Topic] = []
    ) {
        self.timeoutMs = timeoutMs
        self.allowReplicationFactorChange = allowReplicationFactorChange
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.timeoutMs = try Int32.decode(from: &buffer, flexible: true)
        if version >= 1 {
            message.allowReplicationFactorChange = try Bool.decode(from: &buffer, flexible: true)
        }
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.timeoutMs.encode(into: &buffer, flexible: true)
        if version >= 1 {
            self.allowReplicationFactorChange.encode(into: &buffer, flexible: true)
        } else if !self.allowReplicationFactorChange {
            unencodableField("AlterPartitionReassignmentsRequest.allowReplicationFactorChange", version: version)
        }
        self.topics.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension AlterPartitionReassignmentsRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var partitions: [Partition]

        package init(
            name: String = "",
            partitions: [Partition] = []
        ) {
            self.name = name
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            self.partitions.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension AlterPartitionReassignmentsRequest {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var partitionIndex: Int32
        package var replicas: [Int32]?

        package init(
            partitionIndex: Int32 = 0,
            replicas: [Int32]? = nil
        ) {
            self.partitionIndex = partitionIndex
            self.replicas = replicas
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: true)
            message.replicas = try Int32.decodeNullableArray(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.partitionIndex.encode(into: &buffer, flexible: true)
            Int32.encodeNullableArray(self.replicas, into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

/// AlterPartitionReassignments response, versions 0-1: moves replicas between brokers; a fixed number from 1.
package struct AlterPartitionReassignmentsResponse: KafkaResponse {
    package static var apiKey: APIKey { .alterPartitionReassignments }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 9 }

    package var throttleTimeMs: Int32
    /// Versions 1+.
    package var allowReplicationFactorChange: Bool
    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var responses: [Topic]

    package init(
        throttleTimeMs: Int32 = 0,
        allowReplicationFactorChange: Bool = true,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = nil,
        responses: [Topic] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.allowReplicationFactorChange = allowReplicationFactorChange
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.responses = responses
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        if version >= 1 {
            message.allowReplicationFactorChange = try Bool.decode(from: &buffer, flexible: true)
        }
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
        message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
        message.responses = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        if version >= 1 {
            self.allowReplicationFactorChange.encode(into: &buffer, flexible: true)
        }
        self.errorCode.encode(into: &buffer, flexible: true)
        String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
        self.responses.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension AlterPartitionReassignmentsResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var partitions: [Partition]

        package init(
            name: String = "",
            partitions: [Partition] = []
        ) {
            self.name = name
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            self.partitions.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension AlterPartitionReassignmentsResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 8 }

        package var partitionIndex: Int32
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(
            partitionIndex: Int32 = 0,
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: true)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.partitionIndex.encode(into: &buffer, flexible: true)
            self.errorCode.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
