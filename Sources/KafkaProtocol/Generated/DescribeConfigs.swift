// Generated from Schemas/kafka/032-DescribeConfigs.kschema; do not edit.

package import NIOCore

/// DescribeConfigs request, versions 1-4: settings of topics and brokers.
package struct DescribeConfigsRequest: KafkaRequest {
    package typealias Response = DescribeConfigsResponse

    package static var apiKey: APIKey { .describeConfigs }
    package static var versions: ClosedRange<Int16> { 1...4 }
    package static var firstFlexibleVersion: Int16? { 4 }
    package static var minimumWireSize: Int { 4 }

    package var resources: [Resource]
    package var includeSynonyms: Bool
    /// Versions 3+.
    package var includeDocumentation: Bool

    package init(
        resources: [Resource] = [],
        includeSynonyms: Bool = false,
        includeDocumentation: Bool = false
    ) {
        self.resources = resources
        self.includeSynonyms = includeSynonyms
        self.includeDocumentation = includeDocumentation
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 4
        var message = Self()
        message.resources = try Resource.decodeArray(from: &buffer, version: version, flexible: flexible)
        message.includeSynonyms = try Bool.decode(from: &buffer, flexible: flexible)
        if version >= 3 {
            message.includeDocumentation = try Bool.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 4
        self.resources.encode(into: &buffer, version: version, flexible: flexible)
        self.includeSynonyms.encode(into: &buffer, flexible: flexible)
        if version >= 3 {
            self.includeDocumentation.encode(into: &buffer, flexible: flexible)
        } else if self.includeDocumentation {
            unencodableField("DescribeConfigsRequest.includeDocumentation", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeConfigsRequest {
    package struct Resource: WireStruct {
        package static var minimumWireSize: Int { 4 }

        package var resourceType: Int8
        package var resourceName: String
        package var configurationKeys: [String]?

        package init(
            resourceType: Int8 = 0,
            resourceName: String = "",
            configurationKeys: [String]? = nil
        ) {
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.configurationKeys = configurationKeys
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 4
            var message = Self()
            message.resourceType = try Int8.decode(from: &buffer, flexible: flexible)
            message.resourceName = try String.decode(from: &buffer, flexible: flexible)
            message.configurationKeys = try String.decodeNullableArray(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.resourceType.encode(into: &buffer, flexible: flexible)
            self.resourceName.encode(into: &buffer, flexible: flexible)
            String.encodeNullableArray(self.configurationKeys, into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// DescribeConfigs response, versions 1-4: settings of topics and brokers.
package struct DescribeConfigsResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeConfigs }
    package static var versions: ClosedRange<Int16> { 1...4 }
    package static var firstFlexibleVersion: Int16? { 4 }
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
        let flexible = version >= 4
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
        let flexible = version >= 4
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.resources.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeConfigsResponse {
    package struct Resource: WireStruct {
        package static var minimumWireSize: Int { 7 }

        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var resourceType: Int8
        package var resourceName: String
        package var configs: [Config]

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil,
            resourceType: Int8 = 0,
            resourceName: String = "",
            configs: [Config] = []
        ) {
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.resourceType = resourceType
            self.resourceName = resourceName
            self.configs = configs
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 4
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: flexible)
            message.resourceType = try Int8.decode(from: &buffer, flexible: flexible)
            message.resourceName = try String.decode(from: &buffer, flexible: flexible)
            message.configs = try Config.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.errorCode.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: flexible)
            self.resourceType.encode(into: &buffer, flexible: flexible)
            self.resourceName.encode(into: &buffer, flexible: flexible)
            self.configs.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension DescribeConfigsResponse {
    package struct Config: WireStruct {
        package static var minimumWireSize: Int { 9 }

        package var name: String
        package var value: String?
        package var readOnly: Bool
        package var configSource: Int8
        package var isSensitive: Bool
        package var synonyms: [Synonym]
        /// Versions 3+.
        package var configType: Int8
        /// Versions 3+.
        package var documentation: String?

        package init(
            name: String = "",
            value: String? = nil,
            readOnly: Bool = false,
            configSource: Int8 = -1,
            isSensitive: Bool = false,
            synonyms: [Synonym] = [],
            configType: Int8 = 0,
            documentation: String? = nil
        ) {
            self.name = name
            self.value = value
            self.readOnly = readOnly
            self.configSource = configSource
            self.isSensitive = isSensitive
            self.synonyms = synonyms
            self.configType = configType
            self.documentation = documentation
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 4
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.value = try String.decodeNullable(from: &buffer, flexible: flexible)
            message.readOnly = try Bool.decode(from: &buffer, flexible: flexible)
            message.configSource = try Int8.decode(from: &buffer, flexible: flexible)
            message.isSensitive = try Bool.decode(from: &buffer, flexible: flexible)
            message.synonyms = try Synonym.decodeArray(from: &buffer, version: version, flexible: flexible)
            if version >= 3 {
                message.configType = try Int8.decode(from: &buffer, flexible: flexible)
                message.documentation = try String.decodeNullable(from: &buffer, flexible: flexible)
            }
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.name.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.value, into: &buffer, flexible: flexible)
            self.readOnly.encode(into: &buffer, flexible: flexible)
            self.configSource.encode(into: &buffer, flexible: flexible)
            self.isSensitive.encode(into: &buffer, flexible: flexible)
            self.synonyms.encode(into: &buffer, version: version, flexible: flexible)
            if version >= 3 {
                self.configType.encode(into: &buffer, flexible: flexible)
                String.encodeNullable(self.documentation, into: &buffer, flexible: flexible)
            }
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension DescribeConfigsResponse {
    package struct Synonym: WireStruct {
        package static var minimumWireSize: Int { 4 }

        package var name: String
        package var value: String?
        package var source: Int8

        package init(
            name: String = "",
            value: String? = nil,
            source: Int8 = 0
        ) {
            self.name = name
            self.value = value
            self.source = source
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 4
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.value = try String.decodeNullable(from: &buffer, flexible: flexible)
            message.source = try Int8.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 4
            self.name.encode(into: &buffer, flexible: flexible)
            String.encodeNullable(self.value, into: &buffer, flexible: flexible)
            self.source.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
