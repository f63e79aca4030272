// Generated from Schemas/kafka/027-WriteTxnMarkers.kschema; do not edit.

package import Model
package import NIOCore

/// WriteTxnMarkers request, versions 1-2: writes the ends of transactions into partitions.
package struct WriteTxnMarkersRequest: KafkaRequest {
    package typealias Response = WriteTxnMarkersResponse

    package static var apiKey: APIKey { .writeTxnMarkers }
    package static var versions: ClosedRange<Int16> { 1...2 }
    package static var firstFlexibleVersion: Int16? { 1 }
    package static var minimumWireSize: Int { 2 }

    package var markers: [Marker]

    package init(
        markers: [Marker] = []
    ) {
        self.markers = markers
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.markers = try Marker.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.markers.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension WriteTxnMarkersRequest {
    package struct Marker: WireStruct {
        package static var minimumWireSize: Int { 17 }

        package var producerID: ProducerID
        package var producerEpoch: ProducerEpoch
        package var transactionResult: Bool
        package var topics: [Topic]
        package var coordinatorEpoch: Int32
        /// Versions 2+.
        package var transactionVersion: Int8

        package init(
            producerID: ProducerID = ProducerID(rawValue: 0),
            producerEpoch: ProducerEpoch = ProducerEpoch(rawValue: 0),
            transactionResult: Bool = false,
            topics: [Topic] = [],
            coordinatorEpoch: Int32 = 0,
            transactionVersion: Int8 = 0
        ) {
            self.producerID = producerID
            self.producerEpoch = producerEpoch
            self.transactionResult = transactionResult
            self.topics = topics
            self.coordinatorEpoch = coordinatorEpoch
            self.transactionVersion = transactionVersion
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.producerID = try ProducerID.decode(from: &buffer, flexible: true)
            message.producerEpoch = try ProducerEpoch.decode(from: &buffer, flexible: true)
            message.transactionResult = try Bool.decode(from: &buffer, flexible: true)
            message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: true)
            message.coordinatorEpoch = try Int32.decode(from: &buffer, flexible: true)
            if version >= 2 {
                message.transactionVersion = try Int8.decode(from: &buffer, flexible: true)
            }
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.producerID.encode(into: &buffer, flexible: true)
            self.producerEpoch.encode(into: &buffer, flexible: true)
            self.transactionResult.encode(into: &buffer, flexible: true)
            self.topics.encode(into: &buffer, version: version, flexible: true)
            self.coordinatorEpoch.encode(into: &buffer, flexible: true)
            if version >= 2 {
                self.transactionVersion.encode(into: &buffer, flexible: true)
            }
            buffer.writeNoTaggedFields()
        }
    }
}

extension WriteTxnMarkersRequest {
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

/// WriteTxnMarkers response, versions 1-2: writes the ends of transactions into partitions.
package struct WriteTxnMarkersResponse: KafkaResponse {
    package static var apiKey: APIKey { .writeTxnMarkers }
    package static var versions: ClosedRange<Int16> { 1...2 }
    package static var firstFlexibleVersion: Int16? { 1 }
    package static var minimumWireSize: Int { 2 }

    package var markers: [MarkerResult]

    package init(
        markers: [MarkerResult] = []
    ) {
        self.markers = markers
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.markers = try MarkerResult.decodeArray(from: &buffer, version: version, flexible: true)
        try buffer.skipTaggedFields()
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.markers.encode(into: &buffer, version: version, flexible: true)
        buffer.writeNoTaggedFields()
    }
}

extension WriteTxnMarkersResponse {
    package struct MarkerResult: WireStruct {
        package static var minimumWireSize: Int { 10 }

        package var producerID: ProducerID
        package var topics: [TopicResult]

        package init(
            producerID: ProducerID = ProducerID(rawValue: 0),
            topics: [TopicResult] = []
        ) {
            self.producerID = producerID
            self.topics = topics
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            var message = Self()
            message.producerID = try ProducerID.decode(from: &buffer, flexible: true)
            message.topics = try TopicResult.decodeArray(from: &buffer, version: version, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.producerID.encode(into: &buffer, flexible: true)
            self.topics.encode(into: &buffer, version: version, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}

extension WriteTxnMarkersResponse {
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
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: true)
            message.partitions = try PartitionResult.decodeArray(from: &buffer, version: version, flexible: true)
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

extension WriteTxnMarkersResponse {
    package struct PartitionResult: WireStruct {
        package static var minimumWireSize: Int { 7 }

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
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: true)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: true)
            try buffer.skipTaggedFields()
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.partitionIndex.encode(into: &buffer, flexible: true)
            self.errorCode.encode(into: &buffer, flexible: true)
            buffer.writeNoTaggedFields()
        }
    }
}
