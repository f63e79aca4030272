// Generated from Schemas/kafka/037-CreatePartitions.kschema; do not edit.

package import Model
package import NIOCore

/// CreatePartitions request, versions 0-3: adds partitions to topics.
package struct CreatePartitionsRequest: KafkaRequest {
    package typealias Response = CreatePartitionsResponse

    package static var apiKey: APIKey { .createPartitions }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 7 }

    package var topics: [Topic]
    package var timeoutMs: Int32
    package var validateOnly: Bool

    package init(
        topics: [Topic] = [],
        timeoutMs: Int32 = 0,
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
        let flexible = version >= 2
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
        let flexible = version >= 2
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        self.timeoutMs.encode(into: &buffer, flexible: flexible)
        self.validateOnly.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension CreatePartitionsRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 7 }

        package var name: String
        package var count: Int32
        package var assignments: [Assignment]?

        package init(
            name: String = "",
            count: Int32 = 0,
            assignments: [Assignment]? = []
        ) {
            self.name = name
            self.count = count
            self.assignments = assignments
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.count = try Int32.decode(from: &buffer, flexible: flexible)
            message.assignments = try Assignment.decodeNullableArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.name.encode(into: &buffer, flexible: flexible)
            self.count.encode(into: &buffer, flexible: flexible)
            Assignment.encodeNullableArray(self.assignments, into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension CreatePartitionsRequest {
    package struct Assignment: WireStruct {
        package static var minimumWireSize: Int { 2 }

        package var brokerIDs: [BrokerID]

        package init(
            brokerIDs: [BrokerID] = []
        ) {
            self.brokerIDs = brokerIDs
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.brokerIDs = try BrokerID.decodeArray(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.brokerIDs.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// CreatePartitions response, versions 0-3: adds partitions to topics.
package struct CreatePartitionsResponse: KafkaResponse {
    package static var apiKey: APIKey { .createPartitions }
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static var firstFlexibleVersion: Int16? { 2 }
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
        let flexible = version >= 2
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
        let flexible = version >= 2
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.topics.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension CreatePartitionsResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var name: String
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(
            name: String = "",
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil
        ) {
            self.name = name
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.name.encode(into: &buffer, flexible: flexible)
            self.errorCode.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
