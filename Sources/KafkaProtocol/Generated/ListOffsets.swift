// Generated from Schemas/kafka/002-ListOffsets.kschema; do not edit.

package import Model
package import NIOCore

/// ListOffsets request, versions 1-11: offsets by timestamp or by a special negative timestamp.
package struct ListOffsetsRequest: KafkaRequest {
    package typealias Response = ListOffsetsResponse

    package static var apiKey: APIKey { .listOffsets }
    package static var versions: ClosedRange<Int16> { 1...11 }
    package static var firstFlexibleVersion: Int16? { 6 }
    package static var minimumWireSize: Int { 7 }

    package var replicaID: BrokerID
    /// Versions 2+.
    package var isolationLevel: Int8
    package var topics: [Topic]
    /// Versions 10+.
    package var timeoutMs: Int32

    package init(
        replicaID: BrokerID = BrokerID(rawValue: 0),
        isolationLevel: Int8 = 0,
        topics: [Topic] = [],
        timeoutMs: Int32 = 0
    ) {
        self.replicaID = replicaID
        self.isolationLevel = isolationLevel
        self.topics = topics
        self.timeoutMs = timeoutMs
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 6
        var message = Self()
        message.replicaID = try BrokerID.decode(from: &buffer, flexible: flexible)
        if version >= 2 {
            message.isolationLevel = try Int8.decode(from: &buffer, flexible: flexible)
        }
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if version >= 10 {
            message.timeoutMs = try Int32.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 6
        self.replicaID.encode(into: &buffer, flexible: flexible)
        if version >= 2 {
            self.isolationLevel.encode(into: &buffer, flexible: flexible)
        } else if self.isolationLevel != 0 {
            unencodableField("ListOffsetsRequest.isolationLevel", version: version)
        }
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if version >= 10 {
            self.timeoutMs.encode(into: &buffer, flexible: flexible)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension ListOffsetsRequest {
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
            let flexible = version >= 6
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 6
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension ListOffsetsRequest {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 12 }

        package var partitionIndex: Int32
        /// Versions 4+.
        package var currentLeaderEpoch: LeaderEpoch
        package var timestamp: Int64

        package init(
            partitionIndex: Int32 = 0,
            currentLeaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            timestamp: Int64 = 0
        ) {
            self.partitionIndex = partitionIndex
            self.currentLeaderEpoch = currentLeaderEpoch
            self.timestamp = timestamp
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 6
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            if version >= 4 {
                message.currentLeaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
            }
            message.timestamp = try Int64.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 6
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            if version >= 4 {
                self.currentLeaderEpoch.encode(into: &buffer, flexible: flexible)
            }
            self.timestamp.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// ListOffsets response, versions 1-11: offsets by timestamp or by a special negative timestamp.
package struct ListOffsetsResponse: KafkaResponse {
    package static var apiKey: APIKey { .listOffsets }
    package static var versions: ClosedRange<Int16> { 1...11 }
    package static var firstFlexibleVersion: Int16? { 6 }
    package static var minimumWireSize: Int { 4 }

    /// Versions 2+.
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
        let flexible = version >= 6
        var message = Self()
        if version >= 2 {
            message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        }
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 6
        if version >= 2 {
            self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        }
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension ListOffsetsResponse {
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
            let flexible = version >= 6
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 6
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension ListOffsetsResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 22 }

        package var partitionIndex: Int32
        package var errorCode: ErrorCode
        package var timestamp: Int64
        package var offset: Int64
        /// Versions 4+.
        package var leaderEpoch: LeaderEpoch

        package init(
            partitionIndex: Int32 = 0,
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            timestamp: Int64 = -1,
            offset: Int64 = -1,
            leaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1)
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
            self.timestamp = timestamp
            self.offset = offset
            self.leaderEpoch = leaderEpoch
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 6
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.timestamp = try Int64.decode(from: &buffer, flexible: flexible)
            message.offset = try Int64.decode(from: &buffer, flexible: flexible)
            if version >= 4 {
                message.leaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
            }
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 6
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.errorCode.encode(into: &buffer, flexible: flexible)
            self.timestamp.encode(into: &buffer, flexible: flexible)
            self.offset.encode(into: &buffer, flexible: flexible)
            if version >= 4 {
                self.leaderEpoch.encode(into: &buffer, flexible: flexible)
            } else if self.leaderEpoch != LeaderEpoch(rawValue: -1) {
                unencodableField("ListOffsetsResponse.Partition.leaderEpoch", version: version)
            }
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
