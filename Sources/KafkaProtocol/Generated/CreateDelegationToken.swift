// Generated from Schemas/kafka/038-CreateDelegationToken.kschema; do not edit.

package import NIOCore

/// CreateDelegationToken request, versions 1-3: makes a token; for another owner from 3.
package struct CreateDelegationTokenRequest: KafkaRequest {
    package typealias Response = CreateDelegationTokenResponse

    package static var apiKey: APIKey { .createDelegationToken }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 10 }

    /// Versions 3+.
    package var ownerPrincipalType: String?
    /// Versions 3+.
    package var ownerPrincipalName: String?
    package var renewers: [Renewer]
    package var maxLifetimeMs: Int64

    package init(
        ownerPrincipalType: String? = nil,
        ownerPrincipalName: String? = nil,
        renewers: [Renewer] = [],
        maxLifetimeMs: Int64 = 0
    ) {
        self.ownerPrincipalType = ownerPrincipalType
        self.ownerPrincipalName = ownerPrincipalName
        self.renewers = renewers
        self.maxLifetimeMs = maxLifetimeMs
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        if version >= 3 {
            message.ownerPrincipalType = try String.decodeNullable(from: &buffer, flexible: flexible)
            message.ownerPrincipalName = try String.decodeNullable(from: &buffer, flexible: flexible)
        }
        message.renewers = try Renewer.decodeArray(from: &buffer, version: version, flexible: flexible)
        message.maxLifetimeMs = try Int64.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        if version >= 3 {
            String.encodeNullable(self.ownerPrincipalType, into: &buffer, flexible: flexible)
        } else if self.ownerPrincipalType != nil {
            unencodableField("CreateDelegationTokenRequest.ownerPrincipalType", version: version)
        }
        if version >= 3 {
            String.encodeNullable(self.ownerPrincipalName, into: &buffer, flexible: flexible)
        } else if self.ownerPrincipalName != nil {
            unencodableField("CreateDelegationTokenRequest.ownerPrincipalName", version: version)
        }
        self.renewers.encode(into: &buffer, version: version, flexible: flexible)
        self.maxLifetimeMs.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension CreateDelegationTokenRequest {
    package struct Renewer: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var principalType: String
        package var principalName: String

        package init(
            principalType: String = "",
            principalName: String = ""
        ) {
            self.principalType = principalType
            self.principalName = principalName
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.principalType = try String.decode(from: &buffer, flexible: flexible)
            message.principalName = try String.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.principalType.encode(into: &buffer, flexible: flexible)
            self.principalName.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// CreateDelegationToken response, versions 1-3: makes a token; for another owner from 3.
package struct CreateDelegationTokenResponse: KafkaResponse {
    package static var apiKey: APIKey { .createDelegationToken }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 35 }

    package var errorCode: ErrorCode
    package var principalType: String
    package var principalName: String
    /// Versions 3+.
    package var tokenRequesterPrincipalType: String
    /// Versions 3+.
    package var tokenRequesterPrincipalName: String
    package var issueTimestampMs: Int64
    package var expiryTimestampMs: Int64
    package var maxTimestampMs: Int64
    package var tokenID: String
    package var hmac: ByteBuffer
    package var throttleTimeMs: Int32

    package init(
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        principalType: String = "",
        principalName: String = "",
        tokenRequesterPrincipalType: String = "",
        tokenRequesterPrincipalName: String = "",
        issueTimestampMs: Int64 = 0,
        expiryTimestampMs: Int64 = 0,
        maxTimestampMs: Int64 = 0,
        tokenID: String = "",
        hmac: ByteBuffer = ByteBuffer(),
        throttleTimeMs: Int32 = 0
    ) {
        self.errorCode = errorCode
        self.principalType = principalType
        self.principalName = principalName
        self.tokenRequesterPrincipalType = tokenRequesterPrincipalType
        self.tokenRequesterPrincipalName = tokenRequesterPrincipalName
        self.issueTimestampMs = issueTimestampMs
        self.expiryTimestampMs = expiryTimestampMs
        self.maxTimestampMs = maxTimestampMs
        self.tokenID = tokenID
        self.hmac = hmac
        self.throttleTimeMs = throttleTimeMs
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        message.principalType = try String.decode(from: &buffer, flexible: flexible)
        message.principalName = try String.decode(from: &buffer, flexible: flexible)
        if version >= 3 {
            message.tokenRequesterPrincipalType = try String.decode(from: &buffer, flexible: flexible)
            message.tokenRequesterPrincipalName = try String.decode(from: &buffer, flexible: flexible)
        }
        message.issueTimestampMs = try Int64.decode(from: &buffer, flexible: flexible)
        message.expiryTimestampMs = try Int64.decode(from: &buffer, flexible: flexible)
        message.maxTimestampMs = try Int64.decode(from: &buffer, flexible: flexible)
        message.tokenID = try String.decode(from: &buffer, flexible: flexible)
        message.hmac = try ByteBuffer.decode(from: &buffer, flexible: flexible)
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
        self.principalType.encode(into: &buffer, flexible: flexible)
        self.principalName.encode(into: &buffer, flexible: flexible)
        if version >= 3 {
            self.tokenRequesterPrincipalType.encode(into: &buffer, flexible: flexible)
            self.tokenRequesterPrincipalName.encode(into: &buffer, flexible: flexible)
        }
        self.issueTimestampMs.encode(into: &buffer, flexible: flexible)
        self.expiryTimestampMs.encode(into: &buffer, flexible: flexible)
        self.maxTimestampMs.encode(into: &buffer, flexible: flexible)
        self.tokenID.encode(into: &buffer, flexible: flexible)
        self.hmac.encode(into: &buffer, flexible: flexible)
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}
