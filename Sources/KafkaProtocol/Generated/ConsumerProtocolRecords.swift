// Generated from Schemas/records/ConsumerProtocol.kschema; do not edit.

package import Model
package import NIOCore

/// ConsumerProtocolSubscription, versions 0-3: what a consumer tells the group leader when it joins.
package struct ConsumerProtocolSubscription: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static var minimumWireSize: Int { 8 }

    package var topics: [String]
    package var userData: ByteBuffer?
    /// Versions 1+.
    package var ownedPartitions: [TopicPartitions]
    /// Versions 2+.
    package var generationID: GenerationID
    /// Versions 3+.
    package var rackID: String?

    package init(
        topics: [String] = [],
        userData: ByteBuffer? = nil,
        ownedPartitions: [TopicPartitions] = [],
        generationID: GenerationID = GenerationID(rawValue: -1),
        rackID: String? = nil
    ) {
        self.topics = topics
        self.userData = userData
        self.ownedPartitions = ownedPartitions
        self.generationID = generationID
        self.rackID = rackID
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.topics = try String.decodeArray(from: &buffer, flexible: false)
        message.userData = try ByteBuffer.decodeNullable(from: &buffer, flexible: false)
        if version >= 1 {
            message.ownedPartitions = try TopicPartitions.decodeArray(from: &buffer, version: version, flexible: false)
        }
        if version >= 2 {
            message.generationID = try GenerationID.decode(from: &buffer, flexible: false)
        }
        if version >= 3 {
            message.rackID = try String.decodeNullable(from: &buffer, flexible: false)
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.topics.encode(into: &buffer, flexible: false)
        ByteBuffer.encodeNullable(self.userData, into: &buffer, flexible: false)
        if version >= 1 {
            self.ownedPartitions.encode(into: &buffer, version: version, flexible: false)
        }
        if version >= 2 {
            self.generationID.encode(into: &buffer, flexible: false)
        }
        if version >= 3 {
            String.encodeNullable(self.rackID, into: &buffer, flexible: false)
        }
    }
}

extension ConsumerProtocolSubscription {
    package struct TopicPartitions: WireStruct {
        package static var minimumWireSize: Int { 6 }

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
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: false)
            message.partitions = try Int32.decodeArray(from: &buffer, flexible: false)
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: false)
            self.partitions.encode(into: &buffer, flexible: false)
        }
    }
}

/// ConsumerProtocolAssignment, versions 0-3: what the group leader assigns to a consumer.
package struct ConsumerProtocolAssignment: VersionedRecord {
    package static var versions: ClosedRange<Int16> { 0...3 }
    package static var minimumWireSize: Int { 8 }

    package var assignedPartitions: [TopicPartitions]
    package var userData: ByteBuffer?

    package init(
        assignedPartitions: [TopicPartitions] = [],
        userData: ByteBuffer? = nil
    ) {
        self.assignedPartitions = assignedPartitions
        self.userData = userData
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        var message = Self()
        message.assignedPartitions = try TopicPartitions.decodeArray(from: &buffer, version: version, flexible: false)
        message.userData = try ByteBuffer.decodeNullable(from: &buffer, flexible: false)
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        self.assignedPartitions.encode(into: &buffer, version: version, flexible: false)
        ByteBuffer.encodeNullable(self.userData, into: &buffer, flexible: false)
    }
}

extension ConsumerProtocolAssignment {
    package struct TopicPartitions: WireStruct {
        package static var minimumWireSize: Int { 6 }

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
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: false)
            message.partitions = try Int32.decodeArray(from: &buffer, flexible: false)
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            self.name.encode(into: &buffer, flexible: false)
            self.partitions.encode(into: &buffer, flexible: false)
        }
    }
}
