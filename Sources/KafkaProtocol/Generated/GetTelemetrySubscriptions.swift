// Generated from Schemas/kafka/071-GetTelemetrySubscriptions.kschema; do not edit.

package import Model
package import NIOCore

/// GetTelemetrySubscriptions request, version 0: which metrics a client is to push (KIP-714).
package struct GetTelemetrySubscriptionsRequest: KafkaRequest {
    package typealias Response = GetTelemetrySubscriptionsResponse

    package static var apiKey: APIKey { .getTelemetrySubscriptions }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 17 }

    package var clientInstanceID: TopicID

    package init(
        clientInstanceID: TopicID = .zero
    ) {
        self.clientInstanceID = clientInstanceID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.clientInstanceID = try TopicID.decode(from: &buffer, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.clientInstanceID.encode(into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

/// GetTelemetrySubscriptions response, version 0: which metrics a client is to push (KIP-714).
package struct GetTelemetrySubscriptionsResponse: KafkaResponse {
    package static var apiKey: APIKey { .getTelemetrySubscriptions }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 38 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    package var clientInstanceID: TopicID
    package var subscriptionID: Int32
    package var acceptedCompressionTypes: [Int8]
    package var pushIntervalMs: Int32
    package var telemetryMaxBytes: Int32
    package var deltaTemporality: Bool
    package var requestedMetrics: [String]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        clientInstanceID: TopicID = .zero,
        subscriptionID: Int32 = 0,
        acceptedCompressionTypes: [Int8] = [],
        pushIntervalMs: Int32 = 0,
        telemetryMaxBytes: Int32 = 0,
        deltaTemporality: Bool = false,
        requestedMetrics: [String] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.clientInstanceID = clientInstanceID
        self.subscriptionID = subscriptionID
        self.acceptedCompressionTypes = acceptedCompressionTypes
        self.pushIntervalMs = pushIntervalMs
        self.telemetryMaxBytes = telemetryMaxBytes
        self.deltaTemporality = deltaTemporality
        self.requestedMetrics = requestedMetrics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
        message.clientInstanceID = try TopicID.decode(from: &buffer, flexible: true)
        message.subscriptionID = try Int32.decode(from: &buffer, flexible: true)
        message.acceptedCompressionTypes = try Int8.decodeArray(from: &buffer, flexible: true)
        message.pushIntervalMs = try Int32.decode(from: &buffer, flexible: true)
        message.telemetryMaxBytes = try Int32.decode(from: &buffer, flexible: true)
        message.deltaTemporality = try Bool.decode(from: &buffer, flexible: true)
        message.requestedMetrics = try String.decodeArray(from: &buffer, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.errorCode.encode(into: &buffer, flexible: true)
        self.clientInstanceID.encode(into: &buffer, flexible: true)
        self.subscriptionID.encode(into: &buffer, flexible: true)
        self.acceptedCompressionTypes.encode(into: &buffer, flexible: true)
        self.pushIntervalMs.encode(into: &buffer, flexible: true)
        self.telemetryMaxBytes.encode(into: &buffer, flexible: true)
        self.deltaTemporality.encode(into: &buffer, flexible: true)
        self.requestedMetrics.encode(into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }
}
