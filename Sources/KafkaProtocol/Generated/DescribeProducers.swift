// Generated from Schemas/kafka/061-DescribeProducers.kschema; do not edit.

package import Model
package import NIOCore

/// DescribeProducers request, version 0: producers with state in a partition.
package struct DescribeProducersRequest: KafkaRequest {
    package typealias Response = DescribeProducersResponse

    package static var apiKey: APIKey { .describeProducers }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 2 }

    package var topics: [Topic]

    package init(
        topics: [Topic] = []
    ) {
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.topics.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension DescribeProducersRequest {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var partitionIndexes: [Int32]

        package init(
            name: String = "",
            partitionIndexes: [Int32] = []
        ) {
            self.name = name
            self.partitionIndexes = partitionIndexes
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.partitionIndexes = try Int32.decodeArray(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            self.partitionIndexes.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

/// DescribeProducers response, version 0: producers with state in a partition.
package struct DescribeProducersResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeProducers }
    package static var versions: ClosedRange<Int16> { 0...0 }
    package static var firstFlexibleVersion: Int16? { 0 }
    package static var minimumWireSize: Int { 6 }

    package var throttleTimeMs: Int32
    package var topics: [Topic]

    package init(
        throttleTimeMs: Int32 = 0,
        topics: [Topic] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: true)
        message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.throttleTimeMs.encode(into: &buffer, flexible: true)
        self.topics.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension DescribeProducersResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var name: String
        package var partitions: [Partition]

        package init(
            name: String = "",
            partitions: [Partition] = []
        ) {
            self.name = name
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: true)
            self.partitions.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeProducersResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 9 }

        package var partitionIndex: Int32
        package var errorCode: ErrorCode
        package var errorMessage: String?
        package var activeProducers: [ActiveProducer]

        package init(
            partitionIndex: Int32 = 0,
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            errorMessage: String? = nil,
            activeProducers: [ActiveProducer] = []
        ) {
            self.partitionIndex = partitionIndex
            self.errorCode = errorCode
            self.errorMessage = errorMessage
            self.activeProducers = activeProducers
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: true)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            message.errorMessage = try String.decodeNullable(from: &buffer, flexible: true)
            message.activeProducers = try ActiveProducer.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.partitionIndex.encode(into: &buffer, flexible: true)
            self.errorCode.encode(into: &buffer, flexible: true)
            String.encodeNullable(self.errorMessage, into: &buffer, flexible: true)
            self.activeProducers.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeProducersResponse {
    package struct ActiveProducer: WireStruct {
        package static var minimumWireSize: Int { 37 }

        package var producerID: ProducerID
        package var producerEpoch: Int32
        package var lastSequence: Int32
        package var lastTimestamp: Int64
        package var coordinatorEpoch: Int32
        package var currentTxnStartOffset: Int64

        package init(
            producerID: ProducerID = ProducerID(rawValue: 0),
            producerEpoch: Int32 = 0,
            lastSequence: Int32 = -1,
            lastTimestamp: Int64 = -1,
            coordinatorEpoch: Int32 = 0,
            currentTxnStartOffset: Int64 = -1
        ) {
            self.producerID = producerID
            self.producerEpoch = producerEpoch
            self.lastSequence = lastSequence
            self.lastTimestamp = lastTimestamp
            self.coordinatorEpoch = coordinatorEpoch
            self.currentTxnStartOffset = currentTxnStartOffset
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.producerID = try ProducerID.decode(from: &buffer, flexible: true)
            message.producerEpoch = try Int32.decode(from: &buffer, flexible: true)
            message.lastSequence = try Int32.decode(from: &buffer, flexible: true)
            message.lastTimestamp = try Int64.decode(from: &buffer, flexible: true)
            message.coordinatorEpoch = try Int32.decode(from: &buffer, flexible: true)
            message.currentTxnStartOffset = try Int64.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.producerID.encode(into: &buffer, flexible: true)
            self.producerEpoch.encode(into: &buffer, flexible: true)
            self.lastSequence.encode(into: &buffer, flexible: true)
            self.lastTimestamp.encode(into: &buffer, flexible: true)
            self.coordinatorEpoch.encode(into: &buffer, flexible: true)
            self.currentTxnStartOffset.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
