// Generated from Schemas/kafka/026-EndTxn.kschema; do not edit.

package import Model
package import NIOCore

/// EndTxn request, versions 0-5: commits or aborts a transaction.
package struct EndTxnRequest: KafkaRequest {
    package typealias Response = EndTxnResponse

    package static var apiKey: APIKey { .endTxn }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 13 }

    package var transactionalID: String
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    package var committed: Bool

    package init(
        transactionalID: String = "",
        producerID: ProducerID = ProducerID(rawValue: 0),
        producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: 0),
        committed: Bool = false
    ) {
        self.transactionalID = transactionalID
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.committed = committed
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 3
        var message = Self()
        message.transactionalID = try String.decode(from: &buffer, flexible: flexible)
        message.producerID = try ProducerID.decode(from: &buffer, flexible: flexible)
        message.producerEpoch = try ProducerEpoch.decode(from: &buffer, flexible: flexible)
        message.committed = try Bool.decode(from: &buffer, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 3
        self.transactionalID.encode(into: &buffer, flexible: flexible)
        self.producerID.encode(into: &buffer, flexible: flexible)
        self.producerEpoch.encode(into: &buffer, flexible: flexible)
        self.committed.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

/// EndTxn response, versions 0-5: commits or aborts a transaction.
package struct EndTxnResponse: KafkaResponse {
    package static var apiKey: APIKey { .endTxn }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 6 }

    package var throttleTimeMs: Int32
    package var errorCode: ErrorCode
    /// Versions 5+.
    package var producerID: ProducerID
    /// Versions 5+.
    package var producerEpoch: ProducerEpoch

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        producerID: ProducerID = ProducerID(rawValue: -1),
        producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: -1)
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.producerID = producerID
        self.producerEpoch = producerEpoch
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 3
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        if version >= 5 {
            message.producerID = try ProducerID.decode(from: &buffer, flexible: flexible)
            message.producerEpoch = try ProducerEpoch.decode(from: &buffer, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 3
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.errorCode.encode(into: &buffer, flexible: flexible)
        if version >= 5 {
            self.producerID.encode(into: &buffer, flexible: flexible)
            self.producerEpoch.encode(into: &buffer, flexible: flexible)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}
