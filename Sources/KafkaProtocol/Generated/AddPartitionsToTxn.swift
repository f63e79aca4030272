// Generated from Schemas/kafka/024-AddPartitionsToTxn.kschema; do not edit.

package import Model
package import NIOCore

/// AddPartitionsToTxn request, versions 0-5: adds partitions to transactions, or asks whether they are in them.
package struct AddPartitionsToTxnRequest: KafkaRequest {
    package typealias Response = AddPartitionsToTxnResponse

    package static var apiKey: APIKey { .addPartitionsToTxn }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 2 }

    /// Versions 4+.
    package var transactions: [Transaction]
    /// Versions 0-3.
    package var transactionalID: String
    /// Versions 0-3.
    package var producerID: ProducerID
    /// Versions 0-3.
    package var producerEpoch: ProducerEpoch
    /// Versions 0-3.
    package var topics: [Topic]

    package init(
        transactions: [Transaction] = [],
        transactionalID: String = "",
        producerID: ProducerID = ProducerID(rawValue: -1),
        producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: 0),
        topics: [Topic] = []
    ) {
        self.transactions = transactions
        self.transactionalID = transactionalID
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 3
        var message = Self()
        if version >= 4 {
            message.transactions = try Transaction.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
        if version <= 3 {
            message.transactionalID = try String.decode(from: &buffer, flexible: flexible)
            message.producerID = try ProducerID.decode(from: &buffer, flexible: flexible)
            message.producerEpoch = try ProducerEpoch.decode(from: &buffer, flexible: flexible)
            message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 3
        if version >= 4 {
            self.transactions.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.transactions.isEmpty {
            unencodableField("AddPartitionsToTxnRequest.transactions", version: version)
        }
        if version <= 3 {
            self.transactionalID.encode(into: &buffer, flexible: flexible)
        } else if self.transactionalID != "" {
            unencodableField("AddPartitionsToTxnRequest.transactionalID", version: version)
        }
        if version <= 3 {
            self.producerID.encode(into: &buffer, flexible: flexible)
        } else if self.producerID != ProducerID(rawValue: -1) {
            unencodableField("AddPartitionsToTxnRequest.producerID", version: version)
        }
        if version <= 3 {
            self.producerEpoch.encode(into: &buffer, flexible: flexible)
        } else if self.producerEpoch != ProducerEpoch(rawValue: 0) {
            unencodableField("AddPartitionsToTxnRequest.producerEpoch", version: version)
        }
        if version <= 3 {
            self.topics.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.topics.isEmpty {
            unencodableField("AddPartitionsToTxnRequest.topics", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension AddPartitionsToTxnRequest {
    package struct Transaction: WireStruct {
        package static var minimumWireSize: Int { 14 }

        package var transactionalID: String
        package var producerID: ProducerID
        package var producerEpoch: ProducerEpoch
        package var verifyOnly: Bool
        package var topics: [Topic]

        package init(
            transactionalID: String = "",
            producerID: ProducerID = ProducerID(rawValue: 0),
            producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: 0),
            verifyOnly: Bool = false,
            topics: [Topic] = []
        ) {
            self.transactionalID = transactionalID
            self.producerID = producerID
            self.producerEpoch = producerEpoch
            self.verifyOnly = verifyOnly
            self.topics = topics
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.transactionalID = try String.decode(from: &buffer, flexible: true)
            message.producerID = try ProducerID.decode(from: &buffer, flexible: true)
            message.producerEpoch = try ProducerEpoch.decode(from: &buffer, flexible: true)
            message.verifyOnly = try Bool.decode(from: &buffer, flexible: true)
            message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.transactionalID.encode(into: &buffer, flexible: true)
            self.producerID.encode(into: &buffer, flexible: true)
            self.producerEpoch.encode(into: &buffer, flexible: true)
            self.verifyOnly.encode(into: &buffer, flexible: true)
            self.topics.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension AddPartitionsToTxnRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var partitions: [Int32]

        package init(
            name: String = "",
            partitions: [Int32] = []
        ) {
            self.name = name
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 3
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Int32.decodeArray(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 3
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// AddPartitionsToTxn response, versions 0-5: adds partitions to transactions, or asks whether they are in them.
package struct AddPartitionsToTxnResponse: KafkaResponse {
    package static var apiKey: APIKey { .addPartitionsToTxn }
    package static var versions: ClosedRange<Int16> { 0...5 }
    package static var firstFlexibleVersion: Int16? { 3 }
    package static var minimumWireSize: Int { 6 }

    package var throttleTimeMs: Int32
    /// Versions 4+.
    package var errorCode: ErrorCode
    /// Versions 4+.
    package var resultsByTransaction: [TransactionResult]
    /// Versions 0-3.
    package var topics: [TopicResult]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        resultsByTransaction: [TransactionResult] = [],
        topics: [TopicResult] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.resultsByTransaction = resultsByTransaction
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 3
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        if version >= 4 {
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.resultsByTransaction = try TransactionResult.decodeArray(from: &buffer, version: version, flexible: flexible)
        }
        if version <= 3 {
            message.topics = try TopicResult.decodeArray(from: &buffer, version: version, flexible: flexible)
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
        if version >= 4 {
            self.errorCode.encode(into: &buffer, flexible: flexible)
        }
        if version >= 4 {
            self.resultsByTransaction.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.resultsByTransaction.isEmpty {
            unencodableField("AddPartitionsToTxnResponse.resultsByTransaction", version: version)
        }
        if version <= 3 {
            self.topics.encode(into: &buffer, version: version, flexible: flexible)
        } else if !self.topics.isEmpty {
            unencodableField("AddPartitionsToTxnResponse.topics", version: version)
        }
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension AddPartitionsToTxnResponse {
    package struct TransactionResult: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var transactionalID: String
        package var topics: [TopicResult]

        package init(
            transactionalID: String = "",
            topics: [TopicResult] = []
        ) {
            self.transactionalID = transactionalID
            self.topics = topics
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.transactionalID = try String.decode(from: &buffer, flexible: true)
            message.topics = try TopicResult.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.transactionalID.encode(into: &buffer, flexible: true)
            self.topics.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension AddPartitionsToTxnResponse {
    package struct PartitionResult: WireStruct {
        package static var minimumWireSize: Int { 6 }

        package var partitionIndex: Int32
        package var errorCode: ErrorCode

        package init(
            partitionIndex: Int32 = 0,
            errorCode: ErrorCode = ErrorCode(rawValue: 0)
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 3
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 3
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.errorCode.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension AddPartitionsToTxnResponse {
    package struct TopicResult: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var partitions: [PartitionResult]

        package init(
            name: String = "",
            partitions: [PartitionResult] = []
        ) {
            self.name = name
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 3
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try PartitionResult.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 3
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
