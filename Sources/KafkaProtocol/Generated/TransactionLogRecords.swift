// Generated from Schemas/records/TransactionLog.kschema; do not edit.

package import Model
package import NIOCore

/// TransactionLogKey, version 0: key of a transactional ID in __transaction_state.
package struct TransactionLogKey: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var minimumWireSize: Int { 2 }

    package var transactionalID: String

    package init(
        transactionalID: String = ""
    ) {
        self.transactionalID = transactionalID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.transactionalID = try String.decode(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.transactionalID.encode(into: &buffer, flexible: false)
    }
}

/// TransactionLogValue, versions 0-1: where the transaction of a transactional ID stands.
package struct TransactionLogValue: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...1 }
    package static var minimumWireSize: Int { 33 }

    package var producerID: ProducerID
    /// Versions 1+, tagged.
    package var previousProducerID: ProducerID
    /// Versions 1+, tagged.
    package var nextProducerID: ProducerID
    package var producerEpoch: ProducerEpoch
    package var timeoutMs: Int32
    package var status: Int8
    package var partitions: [Partitions]?
    package var lastUpdateTimestamp: Int64
    package var startTimestamp: Int64
    /// Versions 1+, tagged.
    package var clientTransactionVersion: Int16

    package init(
        producerID: ProducerID = ProducerID(rawValue: 0),
        previousProducerID: ProducerID = ProducerID(rawValue: -1),
        nextProducerID: ProducerID = ProducerID(rawValue: -1),
        producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: 0),
        timeoutMs: Int32 = 0,
        status: Int8 = 0,
        partitions: [Partitions]? = nil,
        lastUpdateTimestamp: Int64 = 0,
        startTimestamp: Int64 = 0,
        clientTransactionVersion: Int16 = 0
    ) {
        self.producerID = producerID
        self.previousProducerID = previousProducerID
        self.nextProducerID = nextProducerID
        self.producerEpoch = producerEpoch
        self.timeoutMs = timeoutMs
        self.status = status
        self.partitions = partitions
        self.lastUpdateTimestamp = lastUpdateTimestamp
        self.startTimestamp = startTimestamp
        self.clientTransactionVersion = clientTransactionVersion
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 1
        var message = Self()
        message.producerID = try ProducerID.decode(from: &buffer, flexible: flexible)
        message.producerEpoch = try ProducerEpoch.decode(from: &buffer, flexible: flexible)
        message.timeoutMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.status = try Int8.decode(from: &buffer, flexible: flexible)
        message.partitions = try Partitions.decodeNullableArray(from: &buffer, version: version, flexible: flexible)
        message.lastUpdateTimestamp = try Int64.decode(from: &buffer, flexible: flexible)
        message.startTimestamp = try Int64.decode(from: &buffer, flexible: flexible)
        if flexible {
            for _ in 0..<(try buffer.readTaggedFieldCount()) {
                var field = try buffer.readTaggedField()
                switch field.tag {
                case 0:
                    message.previousProducerID = try ProducerID.decode(from: &field.payload, flexible: flexible)
                    try field.requireEnd()
                case 1:
                    message.nextProducerID = try ProducerID.decode(from: &field.payload, flexible: flexible)
                    try field.requireEnd()
                case 2:
                    message.clientTransactionVersion = try Int16.decode(from: &field.payload, flexible: flexible)
                    try field.requireEnd()
                default: break
                }
            }
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 1
        self.producerID.encode(into: &buffer, flexible: flexible)
        self.producerEpoch.encode(into: &buffer, flexible: flexible)
        self.timeoutMs.encode(into: &buffer, flexible: flexible)
        self.status.encode(into: &buffer, flexible: flexible)
        Partitions.encodeNullableArray(self.partitions, into: &buffer, version: version, flexible: flexible)
        self.lastUpdateTimestamp.encode(into: &buffer, flexible: flexible)
        self.startTimestamp.encode(into: &buffer, flexible: flexible)
        if !(version >= 1), self.previousProducerID != ProducerID(rawValue: -1) {
            unencodableField("TransactionLogValue.previousProducerID", version: version)
        }
        if !(version >= 1), self.nextProducerID != ProducerID(rawValue: -1) {
            unencodableField("TransactionLogValue.nextProducerID", version: version)
        }
        if !(version >= 1), self.clientTransactionVersion != 0 {
            unencodableField("TransactionLogValue.clientTransactionVersion", version: version)
        }
        if flexible {
            var tags: UInt32 = 0
            if self.previousProducerID != ProducerID(rawValue: -1) { tags += 1 }
            if self.nextProducerID != ProducerID(rawValue: -1) { tags += 1 }
            if self.clientTransactionVersion != 0 { tags += 1 }
            buffer.writeUnsignedVarint(tags)
            if self.previousProducerID != ProducerID(rawValue: -1) {
                let start = buffer.beginTaggedField(0)
                self.previousProducerID.encode(into: &buffer, flexible: flexible)
                buffer.endTaggedField(start)
            }
            if self.nextProducerID != ProducerID(rawValue: -1) {
                let start = buffer.beginTaggedField(1)
                self.nextProducerID.encode(into: &buffer, flexible: flexible)
                buffer.endTaggedField(start)
            }
            if self.clientTransactionVersion != 0 {
                let start = buffer.beginTaggedField(2)
                self.clientTransactionVersion.encode(into: &buffer, flexible: flexible)
                buffer.endTaggedField(start)
            }
        }
    }
}

extension TransactionLogValue {
    package struct Partitions: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var topic: String
        package var partitionIDs: [Int32]

        package init(
            topic: String = "",
            partitionIDs: [Int32] = []
        ) {
            self.topic = topic
            self.partitionIDs = partitionIDs
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 1
            var message = Self()
            message.topic = try String.decode(from: &buffer, flexible: flexible)
            message.partitionIDs = try Int32.decodeArray(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 1
            self.topic.encode(into: &buffer, flexible: flexible)
            self.partitionIDs.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
