// Generated from Schemas/kafka/025-AddOffsetsToTxn.kschema; do not edit.

package import Model
package import NIOCore

/// AddOffsetsToTxn request, versions 0-4: adds a group's offsets to a transaction.
package struct AddOffsetsToTxnRequest: KafkaRequest {
    package typealias Response = AddOffsetsToTxnResponse

    package static var apiKey: APIKey { .addOffsetsToTxn }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 13 }

    package var transactionalID: String
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    package var groupID: GroupID

    package init(
        transactionalID: String = "",
        producerID: ProducerID = ProducerID(rawValue: 0),
        producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: 0),
        groupID: GroupID = GroupID(rawValue: "")
    ) {
        self.transactionalID = transactionalID
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.groupID = groupID
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
        message.groupID = try GroupID.decode(from: &buffer, flexible: flexible)
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
        self.groupID.encode(into: &buffer, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

/// AddOffsetsToTxn response, versions 0-4: adds a group's offsets to a transaction.
package struct AddOffsetsToTxnResponse: KafkaResponse {
    package static var apiKey: APIKey { .addOffsetsToTxn }
    package static var versions: ClosedRange<Int16> { 0...4 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 6 }

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
        let flexible = version >= 3
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
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
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}
