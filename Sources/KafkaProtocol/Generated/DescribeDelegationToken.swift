// Generated from Schemas/kafka/041-DescribeDelegationToken.kschema; do not edit.

package import NIOCore

/// DescribeDelegationToken request, versions 1-3: tokens by their owners; who asked for them from 3.
package struct DescribeDelegationTokenRequest: KafkaRequest {
    package typealias Response = DescribeDelegationTokenResponse

    package static var apiKey: APIKey { .describeDelegationToken }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 2 }

    package var owners: [Owner]?

    package init(
        owners: [Owner]? = []
    ) {
        self.owners = owners
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.owners = try Owner.decodeNullableArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        Owner.encodeNullableArray(self.owners, into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeDelegationTokenRequest {
    package struct Owner: WireStruct {
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

/// DescribeDelegationToken response, versions 1-3: tokens by their owners; who asked for them from 3.
package struct DescribeDelegationTokenResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeDelegationToken }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 8 }

    package var errorCode: ErrorCode
    package var tokens: [Token]
    package var throttleTimeMs: Int32

    package init(
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        tokens: [Token] = [],
        throttleTimeMs: Int32 = 0
    ) {
        self.errorCode = errorCode
        self.tokens = tokens
        self.throttleTimeMs = throttleTimeMs
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        message.tokens = try Token.decodeArray(from: &buffer, version: version, flexible: flexible)
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
        self.tokens.encode(into: &buffer, version: version, flexible: flexible)
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeDelegationTokenResponse {
    package struct Token: WireStruct {
        package static var minimumWireSize: Int { 30 }

        package var principalType: String
        package var principalName: String
        /// Versions 3+.
        package var tokenRequesterPrincipalType: String
        /// Versions 3+.
        package var tokenRequesterPrincipalName: String
        package var issueTimestamp: Int64
        package var expiryTimestamp: Int64
        package var maxTimestamp: Int64
        package var tokenID: String
        package var hmac: ByteBuffer
        package var renewers: [Renewer]

        package init(
            principalType: String = "",
            principalName: String = "",
            tokenRequesterPrincipalType: String = "",
            tokenRequesterPrincipalName: String = "",
            issueTimestamp: Int64 = 0,
            expiryTimestamp: Int64 = 0,
            maxTimestamp: Int64 = 0,
            tokenID: String = "",
            hmac: ByteBuffer = ByteBuffer(),
            renewers: [Renewer] = []
        ) {
            self.principalType = principalType
            self.principalName = principalName
            self.tokenRequesterPrincipalType = tokenRequesterPrincipalType
            self.tokenRequesterPrincipalName = tokenRequesterPrincipalName
            self.issueTimestamp = issueTimestamp
            self.expiryTimestamp = expiryTimestamp
            self.maxTimestamp = maxTimestamp
            self.tokenID = tokenID
            self.hmac = hmac
            self.renewers = renewers
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.principalType = try String.decode(from: &buffer, flexible: flexible)
            message.principalName = try String.decode(from: &buffer, flexible: flexible)
            if version >= 3 {
                message.tokenRequesterPrincipalType = try String.decode(from: &buffer, flexible: flexible)
                message.tokenRequesterPrincipalName = try String.decode(from: &buffer, flexible: flexible)
            }
            message.issueTimestamp = try Int64.decode(from: &buffer, flexible: flexible)
            message.expiryTimestamp = try Int64.decode(from: &buffer, flexible: flexible)
            message.maxTimestamp = try Int64.decode(from: &buffer, flexible: flexible)
            message.tokenID = try String.decode(from: &buffer, flexible: flexible)
            message.hmac = try ByteBuffer.decode(from: &buffer, flexible: flexible)
            message.renewers = try Renewer.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.principalType.encode(into: &buffer, flexible: flexible)
            self.principalName.encode(into: &buffer, flexible: flexible)
            if version >= 3 {
                self.tokenRequesterPrincipalType.encode(into: &buffer, flexible: flexible)
                self.tokenRequesterPrincipalName.encode(into: &buffer, flexible: flexible)
            }
            self.issueTimestamp.encode(into: &buffer, flexible: flexible)
            self.expiryTimestamp.encode(into: &buffer, flexible: flexible)
            self.maxTimestamp.encode(into: &buffer, flexible: flexible)
            self.tokenID.encode(into: &buffer, flexible: flexible)
            self.hmac.encode(into: &buffer, flexible: flexible)
            self.renewers.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension DescribeDelegationTokenResponse {
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
