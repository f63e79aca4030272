// Generated from Schemas/kafka/017-SaslHandshake.kschema; do not edit.

package import NIOCore

/// SaslHandshake request, versions 0-1: chooses a mechanism; tokens follow in SaslAuthenticate from 1.
package struct SaslHandshakeRequest: KafkaRequest {
    package typealias Response = SaslHandshakeResponse

    package static var apiKey: APIKey { .saslHandshake }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { nil }
    package static var minimumWireSize: Int { 2 }

    package var mechanism: String

    package init(
        mechanism: String = ""
    ) {
        self.mechanism = mechanism
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.mechanism = try String.decode(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.mechanism.encode(into: &buffer, flexible: false)
    }
}

/// SaslHandshake response, versions 0-1: chooses a mechanism; tokens follow in SaslAuthenticate from 1.
package struct SaslHandshakeResponse: KafkaResponse {
    package static var apiKey: APIKey { .saslHandshake }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { nil }
    package static var minimumWireSize: Int { 6 }

    package var errorCode: ErrorCode
    package var mechanisms: [String]

    package init(
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        mechanisms: [String] = []
    ) {
        self.errorCode = errorCode
        self.mechanisms = mechanisms
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: false)
        message.mechanisms = try String.decodeArray(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.errorCode.encode(into: &buffer, flexible: false)
        self.mechanisms.encode(into: &buffer, flexible: false)
    }
}
