// Generated from Schemas/kafka/000-Produce.kschema; do not edit.

package import Model
package import NIOCore

/// Produce request, versions 3-13: records to append; topics by ID from 13, errors with text from 8.
package struct ProduceRequest: KafkaRequest {
    package typealias Response = ProduceResponse

    package static var apiKey: APIKey { .produce }
    package static var versions: ClosedRange<Int16> { 3...13 }
    package static var firstFlexibleVersion: Int16? { 9 }
    package static var minimumWireSize: Int { 9 }

    package var transactionalID: String?
    package var acks: Int16
    package var timeoutMs: Int32
    package var topics: [Topic]

    package init(
        transactionalID: String? = nil,
        acks: Int16 = 0,
        timeoutMs: Int32 = 0,
        topics: [Topic] = []
    ) {
        self.transactionalID = transactionalID
        self.acks = acks
        self.timeoutMs = timeoutMs
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 9
        var message = Self()
        message.transactionalID = try String.decodeNullable(from: &buffer, flexible: flexible)
        message.acks = try Int16.decode(from: &buffer, flexible: flexible)
        message.timeoutMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 9
        String.encodeNullable(self.transactionalID, into: &buffer, flexible: flexible)
        self.acks.encode(into: &buffer, flexible: flexible)
        self.timeoutMs.encode(into: &buffer, flexible: flexible)
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension ProduceRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        /// Versions 3-12.
        package var name: String
        /// Versions 13+.
        package var topicID: TopicID
        package var partitions: [Partition]

        package init(
            name: String = "",
            topicID: TopicID = .zero,
            partitions: [Partition] = []
        ) {
            self.name = name
            self.topicID = topicID
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 9
            var message = Self()
            if version <= 12 {
                message.name = try String.decode(from: &buffer, flexible: flexible)
            }
            if version >= 13 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: flexible)
            }
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 9
            if version <= 12 {
                self.name.encode(into: &buffer, flexible: flexible)
            }
            if version >= 13 {
                self.topicID.encode(into: &buffer, flexible: flexible)
            }
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension ProduceRequest {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var partitionIndex: Int32
        package var records: ByteBuffer?

        package init(
            partitionIndex: Int32 = 0,
            records: ByteBuffer? = nil
        ) {
            self.partitionIndex = partitionIndex
            self.records = records
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 9
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.records = try ByteBuffer.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 9
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            ByteBuffer.encodeNullable(self.records, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// Produce response, versions 3-13: records to append; topics by ID from 13, errors with text from 8.
package struct ProduceResponse: KafkaResponse {
    package static var apiKey: APIKey { .produce }
    package static var versions: ClosedRange<Int16> { 3...13 }
    package static var firstFlexibleVersion: Int16? { 9 }
    package static var minimumWireSize: Int { 6 }

    package var topics: [Topic]
    package var throttleTimeMs: Int32
    /// Versions 10+, tagged.
    package var nodeEndpoints: [NodeEndpoint]

    package init(
        topics: [Topic] = [],
        throttleTimeMs: Int32 = 0,
        nodeEndpoints: [NodeEndpoint] = []
    ) {
        self.topics = topics
        self.throttleTimeMs = throttleTimeMs
        self.nodeEndpoints = nodeEndpoints
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 9
        var message = Self()
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        if flexible {
            for _ in 0..<(try buffer.readTaggedFieldCount()) {
                var field = try buffer.readTaggedField()
                switch field.tag {
                case 0 where version >= 10:
                    message.nodeEndpoints = try NodeEndpoint.decodeArray(from: &field.payload, version: version, flexible: flexible)
                    try field.requireEnd()
                default: break
                }
            }
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 9
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        if !(version >= 10), !self.nodeEndpoints.isEmpty {
            unencodableField("ProduceResponse.nodeEndpoints", version: version)
        }
        if flexible {
            var tags: UInt32 = 0
            if version >= 10, !self.nodeEndpoints.isEmpty { tags += 1 }
            buffer.writeUnsignedVarint(tags)
            if version >= 10, !self.nodeEndpoints.isEmpty {
                let start = buffer.beginTaggedField(0)
                self.nodeEndpoints.encode(into: &buffer, version: version, flexible: flexible)
                buffer.endTaggedField(start)
            }
        }
    }
}

extension ProduceResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        /// Versions 3-12.
        package var name: String
        /// Versions 13+.
        package var topicID: TopicID
        package var partitions: [Partition]

        package init(
            name: String = "",
            topicID: TopicID = .zero,
            partitions: [Partition] = []
        ) {
            self.name = name
            self.topicID = topicID
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 9
            var message = Self()
            if version <= 12 {
                message.name = try String.decode(from: &buffer, flexible: flexible)
            }
            if version >= 13 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: flexible)
            }
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 9
            if version <= 12 {
                self.name.encode(into: &buffer, flexible: flexible)
            }
            if version >= 13 {
                self.topicID.encode(into: &buffer, flexible: flexible)
            }
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension ProduceResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 22 }

        package var partitionIndex: Int32
        package var errorCode: ErrorCode
        package var baseOffset: Int64
        package var logAppendTimeMs: Int64
        /// Versions 5+.
        package var logStartOffset: Int64
        /// Versions 8+.
        package var recordErrors: [RecordError]
        /// Versions 8+.
        package var errorMessage: String?
        /// Versions 10+, tagged.
        package var currentLeader: CurrentLeader

        package init(
            partitionIndex: Int32 = 0,
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            baseOffset: Int64 = 0,
            logAppendTimeMs: Int64 = -1,
            logStartOffset: Int64 = -1,
            recordErrors: [RecordError] = [],
            errorMessage: String? = nil,
            currentLeader: CurrentLeader = CurrentLeader()
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
            self.baseOffset = baseOffset
            self.logAppendTimeMs = logAppendTimeMs
            self.logStartOffset = logStartOffset
            self.recordErrors = recordErrors
            self.errorMessage = errorMessage
            self.currentLeader = currentLeader
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 9
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.baseOffset = try Int64.decode(from: &buffer, flexible: flexible)
            message.logAppendTimeMs = try Int64.decode(from: &buffer, flexible: flexible)
            if version >= 5 {
                message.logStartOffset = try Int64.decode(from: &buffer, flexible: flexible)
            }
            if version >= 8 {
                message.recordErrors = try RecordError.decodeArray(from: &buffer, version: version, flexible: flexible)
                message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
            }
            if flexible {
                for _ in 0..<(try buffer.readTaggedFieldCount()) {
                    var field = try buffer.readTaggedField()
                    switch field.tag {
                    case 0 where version >= 10:
                        message.currentLeader = try CurrentLeader.decode(from: &field.payload, version: version)
                        try field.requireEnd()
                    default: break
                    }
                }
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 9
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.errorCode.encode(into: &buffer, flexible: flexible)
            self.baseOffset.encode(into: &buffer, flexible: flexible)
            self.logAppendTimeMs.encode(into: &buffer, flexible: flexible)
            if version >= 5 {
                self.logStartOffset.encode(into: &buffer, flexible: flexible)
            }
            if version >= 8 {
                self.recordErrors.encode(into: &buffer, version: version, flexible: flexible)
                String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
            }
            if !(version >= 10), self.currentLeader != CurrentLeader() {
                unencodableField("ProduceResponse.Partition.currentLeader", version: version)
            }
            if flexible {
                var tags: UInt32 = 0
                if version >= 10, self.currentLeader != CurrentLeader() { tags += 1 }
                buffer.writeUnsignedVarint(tags)
                if version >= 10, self.currentLeader != CurrentLeader() {
                    let start = buffer.beginTaggedField(0)
                    self.currentLeader.encode(into: &buffer, version: version)
                    buffer.endTaggedField(start)
                }
            }
        }
    }
}

extension ProduceResponse {
    package struct RecordError: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var batchIndex: Int32
        package var batchIndexErrorMessage: String?

        package init(
            batchIndex: Int32 = 0,
            batchIndexErrorMessage: String? = nil
        ) {
            self.batchIndex = batchIndex
            self.batchIndexErrorMessage = batchIndexErrorMessage
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 9
            var message = Self()
            message.batchIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.batchIndexErrorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 9
            self.batchIndex.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.batchIndexErrorMessage, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension ProduceResponse {
    package struct CurrentLeader: WireStruct {
        package static var minimumWireSize: Int { 9 }

        package var leaderID: BrokerID
        package var leaderEpoch: LeaderEpoch

        package init(
            leaderID: BrokerID = BrokerID(rawValue: -1),
            leaderEpoch: LeaderEpoch = LeaderEpoch(rawValue: -1)
        ) {
            self.leaderID = leaderID
            self.leaderEpoch = leaderEpoch
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.leaderID = try BrokerID.decode(from: &buffer, flexible: true)
            message.leaderEpoch = try LeaderEpoch.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.leaderID.encode(into: &buffer, flexible: true)
            self.leaderEpoch.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension ProduceResponse {
    package struct NodeEndpoint: WireStruct {
        package static var minimumWireSize: Int { 11 }

        package var nodeID: BrokerID
        package var host: String
        package var port: Int32
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
            var message = Self()
            message.nodeID = try BrokerID.decode(from: &buffer, flexible: true)
            message.host = try String.decode(from: &buffer, flexible: true)
            message.port = try Int32.decode(from: &buffer, flexible: true)
            message.rack = try String.decodeNullable(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.nodeID.encode(into: &buffer, flexible: true)
            self.host.encode(into: &buffer, flexible: true)
            self.port.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.rack, into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
