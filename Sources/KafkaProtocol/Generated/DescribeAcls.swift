// Generated from Schemas/kafka/029-DescribeAcls.kschema; do not edit.

package import NIOCore

/// DescribeAcls request, versions 1-3: the ACLs that a filter means.
package struct DescribeAclsRequest: KafkaRequest {
    package typealias Response = DescribeAclsResponse

    package static var apiKey: APIKey { .describeAcls }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 8 }

    package var resourceTypeFilter: Int8
    package var resourceNameFilter: String?
    package var patternTypeFilter: Int8
    package var principalFilter: String?
    package var hostFilter: String?
    package var operation: Int8
    package var permissionType: Int8

    package init(
        resourceTypeFilter: Int8 = 0,
        resourceNameFilter: String? = "",
        patternTypeFilter: Int8 = 3,
        principalFilter: String? = "",
        hostFilter: String? = "",
        operation: Int8 = 0,
        permissionType: Int8 = 0
    ) {
        self.resourceTypeFilter = resourceTypeFilter
        self.resourceNameFilter = resourceNameFilter
        self.patternTypeFilter = patternTypeFilter
        self.principalFilter = principalFilter
        self.hostFilter = hostFilter
        self.operation = operation
        self.permissionType = permissionType
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.resourceTypeFilter = try Int8.decode(from: &buffer, flexible: flexible)
        message.resourceNameFilter = try String.decodeNullable(from: &buffer, flexible: flexible)
        message.patternTypeFilter = try Int8.decode(from: &buffer, flexible: flexible)
        message.principalFilter = try String.decodeNullable(from: &buffer, flexible: flexible)
        message.hostFilter = try String.decodeNullable(from: &buffer, flexible: flexible)
        message.operation = try Int8.decode(from: &buffer, flexible: flexible)
        message.permissionType = try Int8.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.resourceTypeFilter.encode(into: &buffer, flexible: flexible)
        String.encodeNullable(self.resourceNameFilter, into: &buffer, flexible: flexible)
        self.patternTypeFilter.encode(into: &buffer, flexible: flexible)
        String.encodeNullable(self.principalFilter, into: &buffer, flexible: flexible)
        String.encodeNullable(self.hostFilter, into: &buffer, flexible: flexible)
        self.operation.encode(into: &buffer, flexible: flexible)
        self.permissionType.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

/// DescribeAcls response, versions 1-3: the ACLs that a filter means.
package struct DescribeAclsResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeAcls }
    package static var versions: ClosedRange<Int16> { 1...3 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 9 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    package var resources: [Resource]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = "",
        resources: [Resource] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.resources = resources
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
        message.resources = try Resource.decodeArray(from: &buffer, version: version, flexible: flexible)
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
        String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
        self.resources.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeAclsResponse {
    package struct Resource: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var resourceType: Int8
        package var resourceName: String
        package var patternType: Int8
        package var acls: [ACL]

        package init(
            resourceType: Int8 = 0,
            resourceName: String = "",
            patternType: Int8 = 3,
            acls: [ACL] = []
        ) {
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.patternType = patternType
            self.acls = acls
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.resourceType = try Int8.decode(from: &buffer, flexible: flexible)
            message.resourceName = try String.decode(from: &buffer, flexible: flexible)
            message.patternType = try Int8.decode(from: &buffer, flexible: flexible)
            message.acls = try ACL.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.resourceType.encode(into: &buffer, flexible: flexible)
            self.resourceName.encode(into: &buffer, flexible: flexible)
            self.patternType.encode(into: &buffer, flexible: flexible)
            self.acls.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension DescribeAclsResponse {
    package struct ACL: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var principal: String
        package var host: String
        package var operation: Int8
        package var permissionType: Int8

        package init(
            principal: String = "",
            host: String = "",
            operation: Int8 = 0,
            permissionType: Int8 = 0
        ) {
            self.principal = principal
            self.host = host
            self.operation = operation
            self.permissionType = permissionType
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
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
