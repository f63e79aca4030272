// Generated from Schemas/kafka/057-UpdateFeatures.kschema; do not edit.

package import NIOCore

/// UpdateFeatures request, versions 0-2: levels of features that the cluster uses.
package struct UpdateFeaturesRequest: KafkaRequest {
    package typealias Response = UpdateFeaturesResponse

    package static var apiKey: APIKey { .updateFeatures }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 6 }

    package var timeoutMs: Int32
    package var featureUpdates: [Feature]
    /// Versions 1+.
    package var validateOnly: Bool

    package init(
        timeoutMs: Int32 = 60000,
        featureUpdates: [Feature] = [],
        validateOnly: Bool = false
    ) {
        self.timeoutMs = timeoutMs
        self.featureUpdates = featureUpdates
        self.validateOnly = validateOnly
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.timeoutMs = try Int32.decode(from: &buffer, flexible: true)
        message.featureUpdates = try Feature.decodeArray(from: &buffer, version: version, flexible: true)
        if version >= 1 {
            message.validateOnly = try Bool.decode(from: &buffer, flexible: true)
        }
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.timeoutMs.encode(into: &buffer, flexible: true)
        self.featureUpdates.encode(into: &buffer, version: version, flexible: true)
        if version >= 1 {
            self.validateOnly.encode(into: &buffer, flexible: true)
        } else if self.validateOnly {
            unencodableField("UpdateFeaturesRequest.validateOnly", version: version)
        }
        buffer.writeNoTaggedFields()
    }
}

extension UpdateFeaturesRequest {
    package struct Feature: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var feature: String
        package var maxVersionLevel: Int16
        /// Versions 0.
        package var allowDowngrade: Bool
        /// Versions 1+.
        package var upgradeType: Int8

        package init(
            feature: String = "",
            maxVersionLevel: Int16 = 0,
            allowDowngrade: Bool = false,
            upgradeType: Int8 = 1
        ) {
            self.feature = feature
            self.maxVersionLevel = maxVersionLevel
            self.allowDowngrade = allowDowngrade
            self.upgradeType = upgradeType
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.feature = try String.decode(from: &buffer, flexible: true)
            message.maxVersionLevel = try Int16.decode(from: &buffer, flexible: true)
            if version <= 0 {
                message.allowDowngrade = try Bool.decode(from: &buffer, flexible: true)
            }
            if version >= 1 {
                message.upgradeType = try Int8.decode(from: &buffer, flexible: true)
            }
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.feature.encode(into: &buffer, flexible: true)
            self.maxVersionLevel.encode(into: &buffer, flexible: true)
            if version <= 0 {
                self.allowDowngrade.encode(into: &buffer, flexible: true)
            } else if self.allowDowngrade {
                unencodableField("UpdateFeaturesRequest.Feature.allowDowngrade", version: version)
            }
            if version >= 1 {
                self.upgradeType.encode(into: &buffer, flexible: true)
            } else if self.upgradeType != 1 {
                unencodableField("UpdateFeaturesRequest.Feature.upgradeType", version: version)
            }
            buffer.writeNoTaggedFields()
        }
    }
}

/// UpdateFeatures response, versions 0-2: levels of features that the cluster uses.
package struct UpdateFeaturesResponse: KafkaResponse {
    package static var apiKey: APIKey { .updateFeatures }
    package static var versions: ClosedRange<Int16> { 0...2 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 8 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var errorMessage: String?
    /// Versions 0-1.
    package var results: [Result]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        errorMessage: String? = "",
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
        if version <= 1 {
            message.results = try Result.decodeArray(from: &buffer, version: version, flexible: true)
        }
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.errorCode.encode(into: &buffer, flexible: true)
        String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
        if version <= 1 {
            self.results.encode(into: &buffer, version: version, flexible: true)
        }
        buffer.writeNoTaggedFields()
    }
}

extension UpdateFeaturesResponse {
    package struct Result: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var feature: String
        package var errorCode: ErrorCode
        package var errorMessage: String?

        package init(
            feature: String = "",
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = ""
        ) {
            self.feature = feature
            self.errorCode = errorCode
            self.errorMessage = errorMessage
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.feature = try String.decode(from: &buffer, flexible: true)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.feature.encode(into: &buffer, flexible: true)
            self.errorCode.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
