// Generated from Schemas/kafka/043-ElectLeaders.kschema; do not edit.

package import NIOCore

/// ElectLeaders request, versions 0-2: makes preferred replicas leaders; the kind of election from 1.
package struct ElectLeadersRequest: KafkaRequest {
    package typealias Response = ElectLeadersResponse

    package static var apiKey: APIKey { .electLeaders }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 7 }

    /// Versions 1+.
    package var electionType: Int8
    package var topicPartitions: [Topic]?
    package var timeoutMs: Int32

    package init(
        electionType: Int8 = 0,
        topicPartitions: [Topic]? = [],
        timeoutMs: Int32 = 60000
    ) {
        self.electionType = electionType
        self.topicPartitions = topicPartitions
        self.timeoutMs = timeoutMs
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        if version >= 1 {
            message.electionType = try Int8.decode(from: &buffer, flexible: flexible)
        }
        message.topicPartitions = try Topic.decodeNullableArray(from: &buffer, version: version, flexible: flexible)
        message.timeoutMs = try Int32.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        if version >= 1 {
            self.electionType.encode(into: &buffer, flexible: flexible)
        } else if self.electionType != 0 {
            unencodableField("ElectLeadersRequest.electionType", version: version)
        }
        Topic.encodeNullableArray(self.topicPartitions, into: &buffer, version: version, flexible: flexible)
        self.timeoutMs.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension ElectLeadersRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var topic: String
        package var partitions: [Int32]

        package init(
            topic: String = "",
            partitions: [Int32] = []
        ) {
            self.topic = topic
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.topic = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Int32.decodeArray(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.topic.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// ElectLeaders response, versions 0-2: makes preferred replicas leaders; the kind of election from 1.
package struct ElectLeadersResponse: KafkaResponse {
    package static var apiKey: APIKey { .electLeaders }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 8 }

    package var throttleTimeMs: Int32
    /// Versions 1+.
    package var errorCode: ErrorCode
    package var replicaElectionResults: [Topic]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        replicaElectionResults: [Topic] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.replicaElectionResults = replicaElectionResults
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        if version >= 1 {
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        }
        message.replicaElectionResults = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        if version >= 1 {
            self.errorCode.encode(into: &buffer, flexible: flexible)
        }
        self.replicaElectionResults.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension ElectLeadersResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var topic: String
        package var partitionResults: [Partition]

        package init(
            topic: String = "",
            partitionResults: [Partition] = []
        ) {
            self.topic = topic
            self.partitionResults = partitionResults
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.topic = try String.decode(from: &buffer, flexible: flexible)
            message.partitionResults = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.topic.encode(into: &buffer, flexible: flexible)
            self.partitionResults.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension ElectLeadersResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 8 }

        package var partitionID: Int32
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(
            partitionID: Int32 = 0,
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil
        ) {
            self.partitionID = partitionID
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.partitionID = try Int32.decode(from: &buffer, flexible: flexible)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.partitionID.encode(into: &buffer, flexible: flexible)
            self.errorCode.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
