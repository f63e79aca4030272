// Generated from Schemas/kafka/028-TxnOffsetCommit.kschema; do not edit.

package import Model
package import NIOCore

/// TxnOffsetCommit request, versions 0-5: offsets that count when the transaction is committed.
package struct TxnOffsetCommitRequest: KafkaRequest {
    package typealias Response = TxnOffsetCommitResponse

    package static var apiKey: APIKey { .txnOffsetCommit }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 18 }

    package var transactionalID: String
    package var groupID: GroupID
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    /// Versions 3+.
    package var generationID: GenerationID
    /// Versions 3+.
    package var memberID: MemberID
    /// Versions 3+.
    package var groupInstanceID: GroupInstanceID?
    package var topics: [Topic]

    package init(
        transactionalID: String = "",
        groupID: GroupID = GroupID(rawValue: ""),
        producerID: ProducerID = ProducerID(rawValue: 0),
        producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: 0),
        generationID: GenerationID = GenerationID(rawValue: -1),
        memberID: MemberID = MemberID(rawValue: ""),
        groupInstanceID: GroupInstanceID? = nil,
        topics: [Topic] = []
    ) {
        self.transactionalID = transactionalID
        self.groupID = groupID
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.generationID = generationID
        self.memberID = memberID
        self.groupInstanceID = groupInstanceID
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 3
        var message = Self()
        message.transactionalID = try String.decode(from: &buffer, flexible: flexible)
        message.groupID = try GroupID.decode(from: &buffer, flexible: flexible)
        message.producerID = try ProducerID.decode(from: &buffer, flexible: flexible)
        message.producerEpoch = try ProducerEpoch.decode(from: &buffer, flexible: flexible)
        if version >= 3 {
            message.generationID = try GenerationID.decode(from: &buffer, flexible: flexible)
            message.memberID = try MemberID.decode(from: &buffer, flexible: flexible)
            message.groupInstanceID = try GroupInstanceID.decodeNullable(from: &buffer, flexible: flexible)
        }
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 3
        self.transactionalID.encode(into: &buffer, flexible: flexible)
        self.groupID.encode(into: &buffer, flexible: flexible)
        self.producerID.encode(into: &buffer, flexible: flexible)
        self.producerEpoch.encode(into: &buffer, flexible: flexible)
        if version >= 3 {
            self.generationID.encode(into: &buffer, flexible: flexible)
        } else if self.generationID != GenerationID(rawValue: -1) {
            unencodableField("TxnOffsetCommitRequest.generationID", version: version)
        }
        if version >= 3 {
            self.memberID.encode(into: &buffer, flexible: flexible)
        } else if self.memberID != MemberID(rawValue: "") {
            unencodableField("TxnOffsetCommitRequest.memberID", version: version)
        }
        if version >= 3 {
            GroupInstanceID.encodeNullable(self.groupInstanceID, into: &buffer, flexible: flexible)
        } else if self.groupInstanceID != nil {
            unencodableField("TxnOffsetCommitRequest.groupInstanceID", version: version)
        }
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension TxnOffsetCommitRequest {
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
            let flexible = version >= 3
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 3
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension TxnOffsetCommitRequest {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 14 }

        package var partitionIndex: Int32
        package var committedOffset: Int64
        /// Versions 2+.
        package var committedLeaderEpoch: LeaderEpoch
        package var committedMetadata: String?

        package init(
            partitionIndex: Int32 = 0,
            committedOffset: Int64 = 0,
            committedLeaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1),
            committedMetadata: String? = nil
        ) {
            self.partitionIndex = partitionIndex
            self.committedOffset = committedOffset
            self.committedLeaderEpoch = committedLeaderEpoch
            self.committedMetadata = committedMetadata
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 3
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.committedOffset = try Int64.decode(from: &buffer, flexible: flexible)
            if version >= 2 {
                message.committedLeaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: flexible)
            }
            message.committedMetadata = try String.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 3
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.committedOffset.encode(into: &buffer, flexible: flexible)
            if version >= 2 {
                self.committedLeaderEpoch.encode(into: &buffer, flexible: flexible)
            }
            String.encodeNullable(self.committedMetadata, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// TxnOffsetCommit response, versions 0-5: offsets that count when the transaction is committed.
package struct TxnOffsetCommitResponse: KafkaResponse {
    package static var apiKey: APIKey { .txnOffsetCommit }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 3 }
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
        let flexible = version >= 3
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
        let flexible = version >= 3
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension TxnOffsetCommitResponse {
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
            let flexible = version >= 3
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 3
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension TxnOffsetCommitResponse {
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
            let flexible = version >= 3
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 3
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.errorCode.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
