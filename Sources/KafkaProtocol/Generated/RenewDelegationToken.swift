// Generated from Schemas/kafka/039-RenewDelegationToken.kschema; do not edit.

package import NIOCore

/// RenewDelegationToken request, versions 1-2: moves the expiry of a token.
package struct RenewDelegationTokenRequest: KafkaRequest {
    package typealias Response = RenewDelegationTokenResponse

    package static var apiKey: APIKey { .renewDelegationToken }
    package static var versions: ClosedRange<Int16> { 1...2 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 10 }

    package var hmac: ByteBuffer
    package var renewPeriodMs: Int64

    package init(
        hmac: ByteBuffer = ByteBuffer(),
        renewPeriodMs: Int64 = 0
    ) {
        self.hmac = hmac
        self.renewPeriodMs = renewPeriodMs
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.hmac = try ByteBuffer.decode(from: &buffer, flexible: flexible)
        message.renewPeriodMs = try Int64.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.hmac.encode(into: &buffer, flexible: flexible)
        self.renewPeriodMs.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

/// RenewDelegationToken response, versions 1-2: moves the expiry of a token.
package struct RenewDelegationTokenResponse: KafkaResponse {
    package static var apiKey: APIKey { .renewDelegationToken }
    package static var versions: ClosedRange<Int16> { 1...2 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 14 }

    package var errorCode: ErrorCode
    package var expiryTimestampMs: Int64
    package var throttleTimeMs: Int32

    package init(
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        expiryTimestampMs: Int64 = 0,
        throttleTimeMs: Int32 = 0
    ) {
        self.errorCode = errorCode
        self.expiryTimestampMs = expiryTimestampMs
        self.throttleTimeMs = throttleTimeMs
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        message.expiryTimestampMs = try Int64.decode(from: &buffer, flexible: flexible)
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.errorCode.encode(into: &buffer, flexible: flexible)
        self.expiryTimestampMs.encode(into: &buffer, flexible: flexible)
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}
