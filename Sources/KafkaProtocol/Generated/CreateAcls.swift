// Generated from Schemas/kafka/030-CreateAcls.kschema; do not edit.

package import NIOCore

/// CreateAcls request, versions 1-3: adds ACLs.
package struct CreateAclsRequest: KafkaRequest {
    package typealias Response = CreateAclsResponse

    package static var apiKey: APIKey { .createAcls }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 2 }

    package var creations: [Creation]

    package init(
        creations: [Creation] = []
    ) {
        self.creations = creations
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.creations = try Creation.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.creations.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension CreateAclsRequest {
    package struct Creation: WireStruct {
        package static var minimumWireSize: Int { 8 }

        package var resourceType: Int8
        package var resourceName: String
        package var resourcePatternType: Int8
        package var principal: String
        package var host: String
        package var operation: Int8
        package var permissionType: Int8

        package init(
            resourceType: Int8 = 0,
            resourceName: String = "",
            resourcePatternType: Int8 = 3,
            principal: String = "",
            host: String = "",
            operation: Int8 = 0,
            permissionType: Int8 = 0
        ) {
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.resourcePatternType = resourcePatternType
            self.principal = principal
            self.host = host
            self.operation = operation
            self.permissionType = permissionType
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.resourceType = try Int8.decode(from: &buffer, flexible: flexible)
            message.resourceName = try String.decode(from: &buffer, flexible: flexible)
            message.resourcePatternType = try Int8.decode(from: &buffer, flexible: flexible)
            message.principal = try String.decode(from: &buffer, flexible: flexible)
            message.host = try String.decode(from: &buffer, flexible: flexible)
            message.operation = try Int8.decode(from: &buffer, flexible: flexible)
            message.permissionType = try Int8.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.resourceType.encode(into: &buffer, flexible: flexible)
            self.resourceName.encode(into: &buffer, flexible: flexible)
            self.resourcePatternType.encode(into: &buffer, flexible: flexible)
            self.principal.encode(into: &buffer, flexible: flexible)
            self.host.encode(into: &buffer, flexible: flexible)
            self.operation.encode(into: &buffer, flexible: flexible)
            self.permissionType.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// CreateAcls response, versions 1-3: adds ACLs.
package struct CreateAclsResponse: KafkaResponse {
    package static var apiKey: APIKey { .createAcls }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static var firstFlexibleVersion: Int16? { 2 }
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
        let flexible = version >= 2
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.results = try Result.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.results.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension CreateAclsResponse {
    package struct Result: WireStruct {
        package static var minimumWireSize: Int { 4 }

        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = ""
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.errorCode.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
