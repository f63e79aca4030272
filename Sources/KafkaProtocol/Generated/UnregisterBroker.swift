// Generated from Schemas/kafka/064-UnregisterBroker.kschema; do not edit.

package import Model
package import NIOCore

/// UnregisterBroker request, version 0: forgets a broker that is gone.
package struct UnregisterBrokerRequest: KafkaRequest {
    package typealias Response = UnregisterBrokerResponse

    package static var apiKey: APIKey { .unregisterBroker }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 5 }

    package var brokerID: BrokerID

    package init(
        brokerID: BrokerID = BrokerID(rawValue: 0)
    ) {
        self.brokerID = brokerID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.brokerID = try BrokerID.decode(from: &buffer, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.brokerID.encode(into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

/// UnregisterBroker response, version 0: forgets a broker that is gone.
package struct UnregisterBrokerResponse: KafkaResponse {
    package static var apiKey: APIKey { .unregisterBroker }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 8 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = nil
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
        message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.errorCode.encode(into: &buffer, flexible: true)
        String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }
}
