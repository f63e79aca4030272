// Generated from Schemas/kafka/065-DescribeTransactions.kschema; do not edit.

package import Model
package import NIOCore

/// DescribeTransactions request, version 0: where transactions stand.
package struct DescribeTransactionsRequest: KafkaRequest {
    package typealias Response = DescribeTransactionsResponse

    package static var apiKey: APIKey { .describeTransactions }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 2 }

    package var transactionalIDs: [String]

    package init(
        transactionalIDs: [String] = []
    ) {
        self.transactionalIDs = transactionalIDs
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.transactionalIDs = try String.decodeArray(from: &buffer, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.transactionalIDs.encode(into: &buffer, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

/// DescribeTransactions response, version 0: where transactions stand.
package struct DescribeTransactionsResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeTransactions }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 6 }

    package var throttleTimeMs: Int32
    package var transactionStates: [TransactionState]

    package init(
        throttleTimeMs: Int32 = 0,
        transactionStates: [TransactionState] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.transactionStates = transactionStates
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.transactionStates = try TransactionState.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.transactionStates.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension DescribeTransactionsResponse {
    package struct TransactionState: WireStruct {
        package static var minimumWireSize: Int { 28 }

        package var errorCode: ErrorCode
        package var transactionalID: String
        package var transactionState: String
        package var transactionTimeoutMs: Int32
        package var transactionStartTimeMs: Int64
        package var producerID: ProducerID
        package var producerEpoch: ProducerEpoch
        package var topics: [Topic]

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            transactionalID: String = "",
            transactionState: String = "",
            transactionTimeoutMs: Int32 = 0,
            transactionStartTimeMs: Int64 = 0,
            producerID: ProducerID = ProducerID(rawValue: 0),
            producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: 0),
            topics: [Topic] = []
        ) {
            self.errorCode = errorCode
            self.transactionalID = transactionalID
            self.transactionState = transactionState
            self.transactionTimeoutMs = transactionTimeoutMs
            self.transactionStartTimeMs = transactionStartTimeMs
            self.producerID = producerID
            self.producerEpoch = producerEpoch
            self.topics = topics
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            message.transactionalID = try String.decode(from: &buffer, flexible: true)
            message.transactionState = try String.decode(from: &buffer, flexible: true)
            message.transactionTimeoutMs = try Int32.decode(from: &buffer, flexible: true)
            message.transactionStartTimeMs = try Int64.decode(from: &buffer, flexible: true)
            message.producerID = try ProducerID.decode(from: &buffer, flexible: true)
            message.producerEpoch = try ProducerEpoch.decode(from: &buffer, flexible: true)
            message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.errorCode.encode(into: &buffer, flexible: true)
            self.transactionalID.encode(into: &buffer, flexible: true)
            self.transactionState.encode(into: &buffer, flexible: true)
            self.transactionTimeoutMs.encode(into: &buffer, flexible: true)
            self.transactionStartTimeMs.encode(into: &buffer, flexible: true)
            self.producerID.encode(into: &buffer, flexible: true)
            self.producerEpoch.encode(into: &buffer, flexible: true)
            self.topics.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeTransactionsResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var topic: String
        package var partitions: [Int32]

        package init(
            topic: String = "",
            partitions: [Int32] = []
        ) {
            self.topic = topic
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.topic = try String.decode(from: &buffer, flexible: true)
            message.partitions = try Int32.decodeArray(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.topic.encode(into: &buffer, flexible: true)
            self.partitions.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
