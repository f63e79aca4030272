// Generated from Schemas/kafka/046-ListPartitionReassignments.kschema; do not edit.

package import NIOCore

/// ListPartitionReassignments request, version 0: replicas that are moving between brokers.
package struct ListPartitionReassignmentsRequest: KafkaRequest {
    package typealias Response = ListPartitionReassignmentsResponse

    package static var apiKey: APIKey { .listPartitionReassignments }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 6 }

    package var timeoutMs: Int32
    package var topics: [Topic]?

    package init(
        timeoutMs: Int32 = 60000,
        topics: [Topic]? = nil
    ) {
        self.timeoutMs = timeoutMs
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.timeoutMs = try Int32.decode(from: &buffer, flexible: true)
        message.topics = try Topic.decodeNullableArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.timeoutMs.encode(into: &buffer, flexible: true)
        Topic.encodeNullableArray(self.topics, into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension ListPartitionReassignmentsRequest {
    package struct Topic: WireStruct {
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
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.partitionIndexes = try Int32.decodeArray(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            self.partitionIndexes.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

/// ListPartitionReassignments response, version 0: replicas that are moving between brokers.
package struct ListPartitionReassignmentsResponse: KafkaResponse {
    package static var apiKey: APIKey { .listPartitionReassignments }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 9 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var topics: [Topic]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = nil,
        topics: [Topic] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
        message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.errorCode.encode(into: &buffer, flexible: true)
        String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
        self.topics.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension ListPartitionReassignmentsResponse {
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

extension ListPartitionReassignmentsResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 8 }

        package var partitionIndex: Int32
        package var replicas: [Int32]
        package var addingReplicas: [Int32]
        package var removingReplicas: [Int32]

        package init(
            partitionIndex: Int32 = 0,
            replicas: [Int32] = [],
            addingReplicas: [Int32] = [],
            removingReplicas: [Int32] = []
        ) {
            self.partitionIndex = partitionIndex
            self.replicas = replicas
            self.addingReplicas = addingReplicas
            self.removingReplicas = removingReplicas
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: true)
            message.replicas = try Int32.decodeArray(from: &buffer, flexible: true)
            message.addingReplicas = try Int32.decodeArray(from: &buffer, flexible: true)
            message.removingReplicas = try Int32.decodeArray(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.partitionIndex.encode(into: &buffer, flexible: true)
            self.replicas.encode(into: &buffer, flexible: true)
            self.addingReplicas.encode(into: &buffer, flexible: true)
            self.removingReplicas.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
