// Generated from Schemas/kafka/022-InitProducerId.kschema; do not edit.

package import Model
package import NIOCore

/// InitProducerId request, versions 0-5: allocates or renews a producer ID and epoch.
package struct InitProducerIdRequest: KafkaRequest {
    package typealias Response = InitProducerIdResponse

    package static var apiKey: APIKey { .initProducerID }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 6 }

    package var transactionalID: String?
    package var transactionTimeoutMs: Int32
    /// Versions 3+.
    package var producerID: ProducerID
    /// Versions 3+.
    package var producerEpoch: ProducerEpoch

    package init(
        transactionalID: String? = nil,
        transactionTimeoutMs: Int32 = 0,
        producerID: ProducerID = ProducerID(rawValue: -1),
        producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: -1)
    ) {
        self.transactionalID = transactionalID
        self.transactionTimeoutMs = transactionTimeoutMs
        self.producerID = producerID
        self.producerEpoch = producerEpoch
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.transactionalID = try String.decodeNullable(from: &buffer, flexible: flexible)
        message.transactionTimeoutMs = try Int32.decode(from: &buffer, flexible: flexible)
        if version >= 3 {
            message.producerID = try ProducerID.decode(from: &buffer, flexible: flexible)
            message.producerEpoch = try ProducerEpoch.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        String.encodeNullable(self.transactionalID, into: &buffer, flexible: flexible)
        self.transactionTimeoutMs.encode(into: &buffer, flexible: flexible)
        if version >= 3 {
            self.producerID.encode(into: &buffer, flexible: flexible)
        } else if self.producerID != ProducerID(rawValue: -1) {
            unencodableField("InitProducerIdRequest.producerID", version: version)
        }
        if version >= 3 {
            self.producerEpoch.encode(into: &buffer, flexible: flexible)
        } else if self.producerEpoch != ProducerEpoch(rawValue: -1) {
            unencodableField("InitProducerIdRequest.producerEpoch", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

/// InitProducerId response, versions 0-5: allocates or renews a producer ID and epoch.
package struct InitProducerIdResponse: KafkaResponse {
    package static var apiKey: APIKey { .initProducerID }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 16 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        producerID: ProducerID = ProducerID(rawValue: -1),
        producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: 0)
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.producerID = producerID
        self.producerEpoch = producerEpoch
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        message.producerID = try ProducerID.decode(from: &buffer, flexible: flexible)
        message.producerEpoch = try ProducerEpoch.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.errorCode.encode(into: &buffer, flexible: flexible)
        self.producerID.encode(into: &buffer, flexible: flexible)
        self.producerEpoch.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}
