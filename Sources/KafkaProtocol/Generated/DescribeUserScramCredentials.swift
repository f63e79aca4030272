// Generated from Schemas/kafka/050-DescribeUserScramCredentials.kschema; do not edit.

package import NIOCore

/// DescribeUserScramCredentials request, version 0: which mechanisms users have passwords for.
package struct DescribeUserScramCredentialsRequest: KafkaRequest {
    package typealias Response = DescribeUserScramCredentialsResponse

    package static var apiKey: APIKey { .describeUserScramCredentials }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 2 }

    package var users: [User]?

    package init(
        users: [User]? = []
    ) {
        self.users = users
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.users = try User.decodeNullableArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        User.encodeNullableArray(self.users, into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension DescribeUserScramCredentialsRequest {
    package struct User: WireStruct {
        package static var minimumWireSize: Int { 2 }

        package var name: String

        package init(
            name: String = ""
        ) {
            self.name = name
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

/// DescribeUserScramCredentials response, version 0: which mechanisms users have passwords for.
package struct DescribeUserScramCredentialsResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeUserScramCredentials }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 9 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var results: [Result]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = nil,
        results: [Result] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.results = results
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
        message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
        message.results = try Result.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.errorCode.encode(into: &buffer, flexible: true)
        String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
        self.results.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension DescribeUserScramCredentialsResponse {
    package struct Result: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var user: String
        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var credentialInfos: [CredentialInfo]

        package init(
            user: String = "",
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil,
            credentialInfos: [CredentialInfo] = []
        ) {
            self.user = user
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.credentialInfos = credentialInfos
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.user = try String.decode(from: &buffer, flexible: true)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
            message.credentialInfos = try CredentialInfo.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.user.encode(into: &buffer, flexible: true)
            self.errorCode.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
            self.credentialInfos.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeUserScramCredentialsResponse {
    package struct CredentialInfo: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var mechanism: Int8
        package var iterations: Int32

        package init(
            mechanism: Int8 = 0,
            iterations: Int32 = 0
        ) {
            self.mechanism = mechanism
            self.iterations = iterations
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.mechanism = try Int8.decode(from: &buffer, flexible: true)
            message.iterations = try Int32.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.mechanism.encode(into: &buffer, flexible: true)
            self.iterations.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
