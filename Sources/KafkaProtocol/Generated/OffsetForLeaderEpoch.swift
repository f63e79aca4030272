// Generated from Schemas/kafka/023-OffsetForLeaderEpoch.kschema; do not edit.

package import Model
package import NIOCore

/// OffsetForLeaderEpoch request, versions 2-4: where a leader epoch ends.
package struct OffsetForLeaderEpochRequest: KafkaRequest {
    package typealias Response = OffsetForLeaderEpochResponse

    package static var apiKey: APIKey { .offsetForLeaderEpoch }
    package static var versions: ClosedRange<Int16> { 2...4 }
    package static var firstFlexibleVersion: Int16? { 4 }
    package static var minimumWireSize: Int { 4 }

    /// Versions 3+.
    package var replicaID: BrokerID
    package var topics: [Topic]

    package init(
        replicaID: BrokerID = BrokerID(rawValue: -2),
        topics: [Topic] = []
    ) {
        self.replicaID = replicaID
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 4
        var message = Self()
        if version >= 3 {
            message.replicaID = try BrokerID.decode(from: &buffer, flexible: flexible)
        }
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 4
        if version >= 3 {
            self.replicaID.encode(into: &buffer, flexible: flexible)
        }
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension OffsetForLeaderEpochRequest {
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
            let flexible = version >= 4
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension OffsetForLeaderEpochRequest {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 12 }

        package var partitionIndex: Int32
        package var currentLeaderEpoch: LeaderEpoch
        package var leaderEpoch: LeaderEpoch

        package init(
            partitionIndex: Int32 = 0,
            currentLeaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            leaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: 0)
        ) {
            self.partitionIndex = partitionIndex
            self.currentLeaderEpoch = currentLeaderEpoch
            self.leaderEpoch = leaderEpoch
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 4
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.currentLeaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
            message.leaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.currentLeaderEpoch.encode(into: &buffer, flexible: flexible)
            self.leaderEpoch.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// OffsetForLeaderEpoch response, versions 2-4: where a leader epoch ends.
package struct OffsetForLeaderEpochResponse: KafkaResponse {
    package static var apiKey: APIKey { .offsetForLeaderEpoch }
    package static var versions: ClosedRange<Int16> { 2...4 }
    package static var firstFlexibleVersion: Int16? { 4 }
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
        let flexible = version >= 4
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
        let flexible = version >= 4
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension OffsetForLeaderEpochResponse {
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
            let flexible = version >= 4
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension OffsetForLeaderEpochResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 18 }

        package var errorCode: ErrorCode
        package var partitionIndex: Int32
        package var leaderEpoch: LeaderEpoch
        package var endOffset: Int64

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            partitionIndex: Int32 = 0,
            leaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            endOffset: Int64 = -1
        ) {
            self.errorCode = errorCode
            self.partitionIndex = partitionIndex
            self.leaderEpoch = leaderEpoch
            self.endOffset = endOffset
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 4
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.leaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
            message.endOffset = try Int64.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.errorCode.encode(into: &buffer, flexible: flexible)
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.leaderEpoch.encode(into: &buffer, flexible: flexible)
            self.endOffset.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
