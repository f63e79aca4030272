// Generated from Schemas/kafka/047-OffsetDelete.kschema; do not edit.

package import Model
package import NIOCore

/// OffsetDelete request, version 0: deletes committed offsets.
package struct OffsetDeleteRequest: KafkaRequest {
    package typealias Response = OffsetDeleteResponse

    package static var apiKey: APIKey { .offsetDelete }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { nil }
    package static var minimumWireSize: Int { 6 }

    package var groupID: GroupID
    package var topics: [Topic]

    package init(
        groupID: GroupID = GroupID(rawValue: ""),
        topics: [Topic] = []
    ) {
        self.groupID = groupID
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.groupID = try GroupID.decode(from: &buffer, flexible: false)
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.groupID.encode(into: &buffer, flexible: false)
        self.topics.encode(into: &buffer, version: version, flexible: false)
    }
}

extension OffsetDeleteRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 6 }

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
            message.name = try String.decode(from: &buffer, flexible: false)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: false)
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: false)
            self.partitions.encode(into: &buffer, version: version, flexible: false)
        }
    }
}

extension OffsetDeleteRequest {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 4 }

        package var partitionIndex: Int32

        package init(
            partitionIndex: Int32 = 0
        ) {
            self.partitionIndex = partitionIndex
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: false)
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.partitionIndex.encode(into: &buffer, flexible: false)
        }
    }
}

/// OffsetDelete response, version 0: deletes committed offsets.
package struct OffsetDeleteResponse: KafkaResponse {
    package static var apiKey: APIKey { .offsetDelete }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { nil }
    package static var minimumWireSize: Int { 10 }

    package var errorCode: ErrorCode
    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        throttleTimeMs: Int32 = 0,
        topics: [Topic] = []
    ) {
        self.errorCode = errorCode
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: false)
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: false)
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.errorCode.encode(into: &buffer, flexible: false)
        self.throttleTimeMs.encode(into: &buffer, flexible: false)
        self.topics.encode(into: &buffer, version: version, flexible: false)
    }
}

extension OffsetDeleteResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 6 }

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
            message.name = try String.decode(from: &buffer, flexible: false)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: false)
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: false)
            self.partitions.encode(into: &buffer, version: version, flexible: false)
        }
    }
}

extension OffsetDeleteResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var partitionIndex: Int32
        package var errorCode: ErrorCode

        package init(
            partitionIndex: Int32 = 0,
            errorCode: ErrorCode = ErrorCode(rawValue: 0)
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: false)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: false)
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.partitionIndex.encode(into: &buffer, flexible: false)
            self.errorCode.encode(into: &buffer, flexible: false)
        }
    }
}
