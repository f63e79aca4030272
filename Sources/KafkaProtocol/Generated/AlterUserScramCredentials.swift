// Generated from Schemas/kafka/051-AlterUserScramCredentials.kschema; do not edit.

package import NIOCore

/// AlterUserScramCredentials request, version 0: sets and removes passwords of users.
package struct AlterUserScramCredentialsRequest: KafkaRequest {
    package typealias Response = AlterUserScramCredentialsResponse

    package static var apiKey: APIKey { .alterUserScramCredentials }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 3 }

    package var deletions: [Deletion]
    package var upsertions: [Upsertion]

    package init(
        deletions: [Deletion] = [],
        upsertions: [Upsertion] = []
    ) {
        self.deletions = deletions
        self.upsertions = upsertions
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.deletions = try Deletion.decodeArray(from: &buffer, version: version, flexible: true)
        message.upsertions = try Upsertion.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.deletions.encode(into: &buffer, version: version, flexible: true)
        self.upsertions.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension AlterUserScramCredentialsRequest {
    package struct Deletion: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var mechanism: Int8

        package init(
            name: String = "",
            mechanism: Int8 = 0
        ) {
            self.name = name
            self.mechanism = mechanism
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.mechanism = try Int8.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            self.mechanism.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension AlterUserScramCredentialsRequest {
    package struct Upsertion: WireStruct {
        package static var minimumWireSize: Int { 9 }

        package var name: String
        package var mechanism: Int8
        package var iterations: Int32
        package var salt: ByteBuffer
        package var saltedPassword: ByteBuffer

        package init(
            name: String = "",
            mechanism: Int8 = 0,
            iterations: Int32 = 0,
            salt: ByteBuffer = ByteBuffer(),
            saltedPassword: ByteBuffer = ByteBuffer()
        ) {
            self.name = name
            self.mechanism = mechanism
            self.iterations = iterations
            self.salt = salt
            self.saltedPassword = saltedPassword
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.mechanism = try Int8.decode(from: &buffer, flexible: true)
            message.iterations = try Int32.decode(from: &buffer, flexible: true)
            message.salt = try ByteBuffer.decode(from: &buffer, flexible: true)
            message.saltedPassword = try ByteBuffer.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            self.mechanism.encode(into: &buffer, flexible: true)
            self.iterations.encode(into: &buffer, flexible: true)
            self.salt.encode(into: &buffer, flexible: true)
            self.saltedPassword.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

/// AlterUserScramCredentials response, version 0: sets and removes passwords of users.
package struct AlterUserScramCredentialsResponse: KafkaResponse {
    package static var apiKey: APIKey { .alterUserScramCredentials }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 6 }

    package var throttleTimeMs: Int32
    package var results: [Result]

    package init(
        throttleTimeMs: Int32 = 0,
        results: [Result] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.results = results
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.results = try Result.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.results.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension AlterUserScramCredentialsResponse {
    package struct Result: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var user: String
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(
            user: String = "",
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil
        ) {
            self.user = user
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.user = try String.decode(from: &buffer, flexible: true)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.user.encode(into: &buffer, flexible: true)
            self.errorCode.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
