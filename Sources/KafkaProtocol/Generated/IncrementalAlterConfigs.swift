// Generated from Schemas/kafka/044-IncrementalAlterConfigs.kschema; do not edit.

package import NIOCore

/// IncrementalAlterConfigs request, versions 0-1: changes single settings of a resource.
package struct IncrementalAlterConfigsRequest: KafkaRequest {
    package typealias Response = IncrementalAlterConfigsResponse

    package static var apiKey: APIKey { .incrementalAlterConfigs }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 1 }
    package static var minimumWireSize: Int { 3 }

    package var resources: [Resource]
    package var validateOnly: Bool

    package init(
        resources: [Resource] = [],
        validateOnly: Bool = false
    ) {
        self.resources = resources
        self.validateOnly = validateOnly
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 1
        var message = Self()
        message.resources = try Resource.decodeArray(from: &buffer, version: version, flexible: flexible)
        message.validateOnly = try Bool.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 1
        self.resources.encode(into: &buffer, version: version, flexible: flexible)
        self.validateOnly.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension IncrementalAlterConfigsRequest {
    package struct Resource: WireStruct {
        package static var minimumWireSize: Int { 4 }

        package var resourceType: Int8
        package var resourceName: String
        package var configs: [Config]

        package init(
            resourceType: Int8 = 0,
            resourceName: String = "",
            configs: [Config] = []
        ) {
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.configs = configs
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 1
            var message = Self()
            message.resourceType = try Int8.decode(from: &buffer, flexible: flexible)
            message.resourceName = try String.decode(from: &buffer, flexible: flexible)
            message.configs = try Config.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 1
            self.resourceType.encode(into: &buffer, flexible: flexible)
            self.resourceName.encode(into: &buffer, flexible: flexible)
            self.configs.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension IncrementalAlterConfigsRequest {
    package struct Config: WireStruct {
        package static var minimumWireSize: Int { 4 }

        package var name: String
        package var configOperation: Int8
        package var value: String?

        package init(
            name: String = "",
            configOperation: Int8 = 0,
            value: String? = nil
        ) {
            self.name = name
            self.configOperation = configOperation
            self.value = value
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 1
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.configOperation = try Int8.decode(from: &buffer, flexible: flexible)
            message.value = try String.decodeNullable(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 1
            self.name.encode(into: &buffer, flexible: flexible)
            self.configOperation.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.value, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// IncrementalAlterConfigs response, versions 0-1: changes single settings of a resource.
package struct IncrementalAlterConfigsResponse: KafkaResponse {
    package static var apiKey: APIKey { .incrementalAlterConfigs }
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var firstFlexibleVersion: Int16? { 1 }
    package static var minimumWireSize: Int { 6 }

    package var throttleTimeMs: Int32
    package var resources: [Resource]

    package init(
        throttleTimeMs: Int32 = 0,
        resources: [Resource] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.resources = resources
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 1
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.resources = try Resource.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 1
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.resources.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension IncrementalAlterConfigsResponse {
    package struct Resource: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var resourceType: Int8
        package var resourceName: String

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil,
            resourceType: Int8 = 0,
            resourceName: String = ""
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.resourceType = resourceType
            self.resourceName = resourceName
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 1
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
            message.resourceType = try Int8.decode(from: &buffer, flexible: flexible)
            message.resourceName = try String.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 1
            self.errorCode.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
            self.resourceType.encode(into: &buffer, flexible: flexible)
            self.resourceName.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
