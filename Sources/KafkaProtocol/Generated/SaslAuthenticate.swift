// Generated from Schemas/kafka/036-SaslAuthenticate.kschema; do not edit.

package import NIOCore

/// SaslAuthenticate request, versions 0-2: one token of an authentication; session lifetime from 1.
package struct SaslAuthenticateRequest: KafkaRequest {
    package typealias Response = SaslAuthenticateResponse

    package static var apiKey: APIKey { .saslAuthenticate }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 2 }

    package var authBytes: ByteBuffer

    package init(
        authBytes: ByteBuffer = ByteBuffer()
    ) {
        self.authBytes = authBytes
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.authBytes = try ByteBuffer.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.authBytes.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

/// SaslAuthenticate response, versions 0-2: one token of an authentication; session lifetime from 1.
package struct SaslAuthenticateResponse: KafkaResponse {
    package static var apiKey: APIKey { .saslAuthenticate }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 8 }

    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var authBytes: ByteBuffer
    /// Versions 1+.
    package var sessionLifetimeMs: Int64

    package init(
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = nil,
        authBytes: ByteBuffer = ByteBuffer(),
        sessionLifetimeMs: Int64 = 0
    ) {
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.authBytes = authBytes
        self.sessionLifetimeMs = sessionLifetimeMs
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
        message.authBytes = try ByteBuffer.decode(from: &buffer, flexible: flexible)
        if version >= 1 {
            message.sessionLifetimeMs = try Int64.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.errorCode.encode(into: &buffer, flexible: flexible)
        String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
        self.authBytes.encode(into: &buffer, flexible: flexible)
        if version >= 1 {
            self.sessionLifetimeMs.encode(into: &buffer, flexible: flexible)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}
