// Generated from Schemas/kafka/034-AlterReplicaLogDirs.kschema; do not edit.

package import NIOCore

/// AlterReplicaLogDirs request, versions 1-2: moves replicas between the log directories of a broker.
package struct AlterReplicaLogDirsRequest: KafkaRequest {
    package typealias Response = AlterReplicaLogDirsResponse

    package static var apiKey: APIKey { .alterReplicaLogDirs }
    package static var versions: ClosedRange<Int16> { 1...2 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 2 }

    package var dirs: [Dir]

    package init(
        dirs: [Dir] = []
    ) {
        self.dirs = dirs
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.dirs = try Dir.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.dirs.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension AlterReplicaLogDirsRequest {
    package struct Dir: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var path: String
        package var topics: [Topic]

        package init(
            path: String = "",
            topics: [Topic] = []
        ) {
            self.path = path
            self.topics = topics
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.path = try String.decode(from: &buffer, flexible: flexible)
            message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.path.encode(into: &buffer, flexible: flexible)
            self.topics.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension AlterReplicaLogDirsRequest {
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
            let flexible = version >= 2
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Int32.decodeArray(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// AlterReplicaLogDirs response, versions 1-2: moves replicas between the log directories of a broker.
package struct AlterReplicaLogDirsResponse: KafkaResponse {
    package static var apiKey: APIKey { .alterReplicaLogDirs }
    package static var versions: ClosedRange<Int16> { 1...2 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 6 }

    package var throttleTimeMs: Int32
    package var results: [Topic]

    package init(
        throttleTimeMs: Int32 = 0,
        results: [Topic] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.results = results
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        message.results = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        self.results.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension AlterReplicaLogDirsResponse {
    package struct Topic: WireStruct {
        package static var minimumWireSize: Int { 3 }

        package var topicName: String
        package var partitions: [Partition]

        package init(
            topicName: String = "",
            partitions: [Partition] = []
        ) {
            self.topicName = topicName
            self.partitions = partitions
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.topicName = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.topicName.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension AlterReplicaLogDirsResponse {
    package struct Partition: WireStruct {
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
            let flexible = version >= 2
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.errorCode.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
