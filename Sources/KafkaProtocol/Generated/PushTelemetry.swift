// Generated from Schemas/kafka/072-PushTelemetry.kschema; do not edit.

package import Model
package import NIOCore

/// PushTelemetry request, version 0: metrics of a client, as OpenTelemetry's MetricsData (KIP-714).
package struct PushTelemetryRequest: KafkaRequest {
    package typealias Response = PushTelemetryResponse

    package static var apiKey: APIKey { .pushTelemetry }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 24 }

    package var clientInstanceID: TopicID
    package var subscriptionID: Int32
    package var terminating: Bool
    package var compressionType: Int8
    package var metrics: ByteBuffer

    package init(
        clientInstanceID: TopicID = .zero,
        subscriptionID: Int32 = 0,
        terminating: Bool = false,
        compressionType: Int8 = 0,
        metrics: ByteBuffer = ByteBuffer()
    ) {
        self.clientInstanceID = clientInstanceID
        self.subscriptionID = subscriptionID
        self.terminating = terminating
        self.compressionType = compressionType
        self.metrics = metrics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.clientInstanceID = try TopicID.decode(from: &buffer, flexible: true)
        message.subscriptionID = try Int32.decode(from: &buffer, flexible: true)
        message.terminating = try Bool.decode(from: &buffer, flexible: true)
        message.compressionType = try Int8.decode(from: &buffer, flexible: true)
        message.metrics = try ByteBuffer.decode(from: &buffer, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.clientInstanceID.encode(into: &buffer, flexible: true)
        self.subscriptionID.encode(into: &buffer, flexible: true)
        self.terminating.encode(into: &buffer, flexible: true)
        self.compressionType.encode(into: &buffer, flexible: true)
        self.metrics.encode(into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

/// PushTelemetry response, version 0: metrics of a client, as OpenTelemetry's MetricsData (KIP-714).
package struct PushTelemetryResponse: KafkaResponse {
    package static var apiKey: APIKey { .pushTelemetry }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 7 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0)
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.errorCode.encode(into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }
}
