// Generated from Schemas/kafka/074-ListConfigResources.kschema; do not edit.

package import NIOCore

/// ListConfigResources request, versions 0-1: what has a configuration; client metrics only before 1.
package struct ListConfigResourcesRequest: KafkaRequest {
    package typealias Response = ListConfigResourcesResponse

    package static var apiKey: APIKey { .listConfigResources }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 1 }

    /// Versions 1+.
    package var resourceTypes: [Int8]

    package init(
        resourceTypes: [Int8] = []
    ) {
        self.resourceTypes = resourceTypes
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        if version >= 1 {
            message.resourceTypes = try Int8.decodeArray(from: &buffer, flexible: true)
        }
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        if version >= 1 {
            self.resourceTypes.encode(into: &buffer, flexible: true)
        }
        buffer.writeNoTaggedFields()
    }
}

/// ListConfigResources response, versions 0-1: what has a configuration; client metrics only before 1.
package struct ListConfigResourcesResponse: KafkaResponse {
    package static var apiKey: APIKey { .listConfigResources }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 8 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var configResources: [Resource]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        configResources: [Resource] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.configResources = configResources
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
        message.configResources = try Resource.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.errorCode.encode(into: &buffer, flexible: true)
        self.configResources.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension ListConfigResourcesResponse {
    package struct Resource: WireStruct {
        package static var minimumWireSize: Int { 2 }

        package var resourceName: String
        /// Versions 1+.
        package var resourceType: Int8

        package init(
            resourceName: String = "",
            resourceType: Int8 = 16
        ) {
            self.resourceName = resourceName
            self.resourceType = resourceType
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.resourceName = try String.decode(from: &buffer, flexible: true)
            if version >= 1 {
                message.resourceType = try Int8.decode(from: &buffer, flexible: true)
            }
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.resourceName.encode(into: &buffer, flexible: true)
            if version >= 1 {
                self.resourceType.encode(into: &buffer, flexible: true)
            }
            buffer.writeNoTaggedFields()
        }
    }
}
