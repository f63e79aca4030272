// Generated from Schemas/kafka/020-DeleteTopics.kschema; do not edit.

package import Model
package import NIOCore

/// DeleteTopics request, versions 1-6: deletes topics; by ID from 6.
package struct DeleteTopicsRequest: KafkaRequest {
    package typealias Response = DeleteTopicsResponse

    package static var apiKey: APIKey { .deleteTopics }
    package static var versions: ClosedRange<Int16> { 1...6 }
    package static var firstFlexibleVersion: Int16? { 4 }
    package static var minimumWireSize: Int { 6 }

    /// Versions 6+.
    package var topics: [Topic]
    /// Versions 1-5.
    package var topicNames: [String]
    package var timeoutMs: Int32

    package init(
        topics: [Topic] = [],
        topicNames: [String] = [],
        timeoutMs: Int32 = 0
    ) {
        self.topics = topics
        self.topicNames = topicNames
        self.timeoutMs = timeoutMs
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 4
        var message = Self()
        if version >= 6 {
            message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
        if version <= 5 {
            message.topicNames = try String.decodeArray(from: &buffer, flexible: flexible)
        }
        message.timeoutMs = try Int32.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 4
        if version >= 6 {
            self.topics.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.topics.isEmpty {
            unencodableField("DeleteTopicsRequest.topics", version: version)
        }
        if version <= 5 {
            self.topicNames.encode(into: &buffer, flexible: flexible)
        }
        self.timeoutMs.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension DeleteTopicsRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 18 }

        package var name: String?
        package var topicID: TopicID

        package init(
            name: String? = nil,
            topicID: TopicID = .zero
        ) {
            self.name = name
            self.topicID = topicID
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decodeNullable(from: &buffer, flexible: true)
            message.topicID = try TopicID.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            String.encodeNullable(self.name, into: &buffer, flexible: true)
            self.topicID.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

/// DeleteTopics response, versions 1-6: deletes topics; by ID from 6.
package struct DeleteTopicsResponse: KafkaResponse {
    package static var apiKey: APIKey { .deleteTopics }
    package static var versions: ClosedRange<Int16> { 1...6 }
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

extension DeleteTopicsResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 4 }

        package var name: String?
        /// Versions 6+.
        package var topicID: TopicID
        package var errorCode: ErrorCode
        /// Versions 5+.
        package var errorMessage: String?

        package init(
            name: String? = "",
            topicID: TopicID = .zero,
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil
        ) {
            self.name = name
            self.topicID = topicID
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 4
            var message = Self()
            message.name = try version >= 6 ? String.decodeNullable(from: &buffer, flexible: flexible) : String.decode(from: &buffer, flexible: flexible)
            if version >= 6 {
                message.topicID = try TopicID.decode(from: &buffer, flexible: flexible)
            }
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            if version >= 5 {
                message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
            }
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            if version >= 6 {
                String.encodeNullable(self.name, into: &buffer, flexible: flexible)
            } else if let value = self.name {
                value.encode(into: &buffer, flexible: flexible)
            } else {
                unencodableField("DeleteTopicsResponse.Topic.name", version: version)
            }
            if version >= 6 {
                self.topicID.encode(into: &buffer, flexible: flexible)
            }
            self.errorCode.encode(into: &buffer, flexible: flexible)
            if version >= 5 {
                String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
            }
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
