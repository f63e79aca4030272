// Generated from Schemas/kafka/018-ApiVersions.kschema; do not edit.

package import NIOCore

/// ApiVersions request, versions 0-4: which APIs and versions a broker speaks.
package struct ApiVersionsRequest: KafkaRequest {
    package typealias Response = ApiVersionsResponse

    package static var apiKey: APIKey { .apiVersions }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 0 }

    /// Versions 3+.
    package var clientSoftwareName: String
    /// Versions 3+.
    package var clientSoftwareVersion: String

    package init(
        clientSoftwareName: String = "",
        clientSoftwareVersion: String = ""
    ) {
        self.clientSoftwareName = clientSoftwareName
        self.clientSoftwareVersion = clientSoftwareVersion
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 3
        var message = Self()
        if version >= 3 {
            message.clientSoftwareName = try String.decode(from: &buffer, flexible: flexible)
            message.clientSoftwareVersion = try String.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 3
        if version >= 3 {
            self.clientSoftwareName.encode(into: &buffer, flexible: flexible)
            self.clientSoftwareVersion.encode(into: &buffer, flexible: flexible)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

/// ApiVersions response, versions 0-4: which APIs and versions a broker speaks.
package struct ApiVersionsResponse: KafkaResponse {
    package static var apiKey: APIKey { .apiVersions }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 6 }

    package var errorCode: ErrorCode
    package var apiKeys: [API]
    /// Versions 1+.
    package var throttleTimeMs: Int32
    /// Versions 3+, tagged.
    package var supportedFeatures: [SupportedFeature]
    /// Versions 3+, tagged.
    package var finalizedFeaturesEpoch: Int64
    /// Versions 3+, tagged.
    package var finalizedFeatures: [FinalizedFeature]
    /// Versions 3+, tagged.
    package var zkMigrationReady: Bool

    package init(
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        apiKeys: [API] = [],
        throttleTimeMs: Int32 = 0,
        supportedFeatures: [SupportedFeature] = [],
        finalizedFeaturesEpoch: Int64 = -1,
        finalizedFeatures: [FinalizedFeature] = [],
        zkMigrationReady: Bool = false
    ) {
        self.errorCode = errorCode
        self.apiKeys = apiKeys
        self.throttleTimeMs = throttleTimeMs
        self.supportedFeatures = supportedFeatures
        self.finalizedFeaturesEpoch = finalizedFeaturesEpoch
        self.finalizedFeatures = finalizedFeatures
        self.zkMigrationReady = zkMigrationReady
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 3
        var message = Self()
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        message.apiKeys = try API.decodeArray(from: &buffer, version: version, flexible: flexible)
        if version >= 1 {
            message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            for _ in 0..<(try buffer.readTaggedFieldCount()) {
                var field = try buffer.readTaggedField()
                switch field.tag {
                case 0:
                    message.supportedFeatures = try SupportedFeature.decodeArray(from: &field.payload, version: version, flexible: flexible)
                    try field.requireEnd()
                case 1:
                    message.finalizedFeaturesEpoch = try Int64.decode(from: &field.payload, flexible: flexible)
                    try field.requireEnd()
                case 2:
                    message.finalizedFeatures = try FinalizedFeature.decodeArray(from: &field.payload, version: version, flexible: flexible)
                    try field.requireEnd()
                case 3:
                    message.zkMigrationReady = try Bool.decode(from: &field.payload, flexible: flexible)
                    try field.requireEnd()
                default: break
                }
            }
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 3
        self.errorCode.encode(into: &buffer, flexible: flexible)
        self.apiKeys.encode(into: &buffer, version: version, flexible: flexible)
        if version >= 1 {
            self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        }
        if flexible {
            var tags: UInt32 = 0
            if !self.supportedFeatures.isEmpty { tags += 1 }
            if self.finalizedFeaturesEpoch != -1 { tags += 1 }
            if !self.finalizedFeatures.isEmpty { tags += 1 }
            if self.zkMigrationReady { tags += 1 }
            buffer.writeUnsignedVarint(tags)
            if !self.supportedFeatures.isEmpty {
                let start = buffer.beginTaggedField(0)
                self.supportedFeatures.encode(into: &buffer, version: version, flexible: flexible)
                buffer.endTaggedField(start)
            }
            if self.finalizedFeaturesEpoch != -1 {
                let start = buffer.beginTaggedField(1)
                self.finalizedFeaturesEpoch.encode(into: &buffer, flexible: flexible)
                buffer.endTaggedField(start)
            }
            if !self.finalizedFeatures.isEmpty {
                let start = buffer.beginTaggedField(2)
                self.finalizedFeatures.encode(into: &buffer, version: version, flexible: flexible)
                buffer.endTaggedField(start)
            }
            if self.zkMigrationReady {
                let start = buffer.beginTaggedField(3)
                self.zkMigrationReady.encode(into: &buffer, flexible: flexible)
                buffer.endTaggedField(start)
            }
        }
    }
}

extension ApiVersionsResponse {
    package struct API: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var apiKey: Int16
        package var minVersion: Int16
        package var maxVersion: Int16

        package init(
            apiKey: Int16 = 0,
            minVersion: Int16 = 0,
            maxVersion: Int16 = 0
        ) {
            self.apiKey = apiKey
            self.minVersion = minVersion
            self.maxVersion = maxVersion
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 3
            var message = Self()
            message.apiKey = try Int16.decode(from: &buffer, flexible: flexible)
            message.minVersion = try Int16.decode(from: &buffer, flexible: flexible)
            message.maxVersion = try Int16.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 3
            self.apiKey.encode(into: &buffer, flexible: flexible)
            self.minVersion.encode(into: &buffer, flexible: flexible)
            self.maxVersion.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension ApiVersionsResponse {
    package struct SupportedFeature: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var name: String
        package var minVersion: Int16
        package var maxVersion: Int16

        package init(
            name: String = "",
            minVersion: Int16 = 0,
            maxVersion: Int16 = 0
        ) {
            self.name = name
            self.minVersion = minVersion
            self.maxVersion = maxVersion
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.minVersion = try Int16.decode(from: &buffer, flexible: true)
            message.maxVersion = try Int16.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            self.minVersion.encode(into: &buffer, flexible: true)
            self.maxVersion.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension ApiVersionsResponse {
    package struct FinalizedFeature: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var name: String
        package var maxVersionLevel: Int16
        package var minVersionLevel: Int16

        package init(
            name: String = "",
            maxVersionLevel: Int16 = 0,
            minVersionLevel: Int16 = 0
        ) {
            self.name = name
            self.maxVersionLevel = maxVersionLevel
            self.minVersionLevel = minVersionLevel
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.maxVersionLevel = try Int16.decode(from: &buffer, flexible: true)
            message.minVersionLevel = try Int16.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            self.maxVersionLevel.encode(into: &buffer, flexible: true)
            self.minVersionLevel.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
