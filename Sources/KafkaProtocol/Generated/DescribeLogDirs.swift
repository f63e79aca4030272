// Generated from Schemas/kafka/035-DescribeLogDirs.kschema; do not edit.

package import NIOCore

/// DescribeLogDirs request, versions 1-5: the log directories of a broker and what is in them.
package struct DescribeLogDirsRequest: KafkaRequest {
    package typealias Response = DescribeLogDirsResponse

    package static var apiKey: APIKey { .describeLogDirs }
    package static var versions: ClosedRange<Int16> { 1...5 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 2 }

    package var topics: [Topic]?

    package init(
        topics: [Topic]? = []
    ) {
        self.topics = topics
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.topics = try Topic.decodeNullableArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        Topic.encodeNullableArray(self.topics, into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeLogDirsRequest {
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
            let flexible = version >= 2
            var message = Self()
            message.topic = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Int32.decodeArray(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.topic.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

/// DescribeLogDirs response, versions 1-5: the log directories of a broker and what is in them.
package struct DescribeLogDirsResponse: KafkaResponse {
    package static var apiKey: APIKey { .describeLogDirs }
    package static var versions: ClosedRange<Int16> { 1...5 }
    package static var firstFlexibleVersion: Int16? { 2 }
    package static var minimumWireSize: Int { 6 }

    package var throttleTimeMs: Int32
    /// Versions 3+.
    package var errorCode: ErrorCode
    package var results: [Result]

    package init(
        throttleTimeMs: Int32 = 0,
        errorCode: ErrorCode = ErrorCode(rawValue: 0),
        results: [Result] = []
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.results = results
    }

    package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
        guard Self.versions.contains(version) else {
            throw WireError(.unsupportedVersion, position: buffer.readerIndex, value: Int64(version))
        }
        let flexible = version >= 2
        var message = Self()
        message.throttleTimeMs = try Int32.decode(from: &buffer, flexible: flexible)
        if version >= 3 {
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
        }
        message.results = try Result.decodeArray(from: &buffer, version: version, flexible: flexible)
        if flexible {
            try buffer.skipTaggedFields()
        }
        return message
    }

    package func encode(into buffer: inout ByteBuffer, version: Int16) {
        precondition(Self.versions.contains(version), "unknown version")
        let flexible = version >= 2
        self.throttleTimeMs.encode(into: &buffer, flexible: flexible)
        if version >= 3 {
            self.errorCode.encode(into: &buffer, flexible: flexible)
        }
        self.results.encode(into: &buffer, version: version, flexible: flexible)
        if flexible {
            buffer.writeNoTaggedFields()
        }
    }
}

extension DescribeLogDirsResponse {
    package struct Result: WireStruct {
        package static var minimumWireSize: Int { 5 }

        package var errorCode: ErrorCode
        package var logDir: String
        package var topics: [Topic]
        /// Versions 4+.
        package var totalBytes: Int64
        /// Versions 4+.
        package var usableBytes: Int64
        /// Versions 5+.
        package var isCordoned: Bool

        package init(
            errorCode: ErrorCode = ErrorCode(rawValue: 0),
            logDir: String = "",
            topics: [Topic] = [],
            totalBytes: Int64 = -1,
            usableBytes: Int64 = -1,
            isCordoned: Bool = false
        ) {
            self.errorCode = errorCode
            self.logDir = logDir
            self.topics = topics
            self.totalBytes = totalBytes
            self.usableBytes = usableBytes
            self.isCordoned = isCordoned
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.errorCode = try ErrorCode.decode(from: &buffer, flexible: flexible)
            message.logDir = try String.decode(from: &buffer, flexible: flexible)
            message.topics = try Topic.decodeArray(from: &buffer, version: version, flexible: flexible)
            if version >= 4 {
                message.totalBytes = try Int64.decode(from: &buffer, flexible: flexible)
                message.usableBytes = try Int64.decode(from: &buffer, flexible: flexible)
            }
            if version >= 5 {
                message.isCordoned = try Bool.decode(from: &buffer, flexible: flexible)
            }
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.errorCode.encode(into: &buffer, flexible: flexible)
            self.logDir.encode(into: &buffer, flexible: flexible)
            self.topics.encode(into: &buffer, version: version, flexible: flexible)
            if version >= 4 {
                self.totalBytes.encode(into: &buffer, flexible: flexible)
                self.usableBytes.encode(into: &buffer, flexible: flexible)
            }
            if version >= 5 {
                self.isCordoned.encode(into: &buffer, flexible: flexible)
            }
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension DescribeLogDirsResponse {
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
            let flexible = version >= 2
            var message = Self()
            message.name = try String.decode(from: &buffer, flexible: flexible)
            message.partitions = try Partition.decodeArray(from: &buffer, version: version, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.name.encode(into: &buffer, flexible: flexible)
            self.partitions.encode(into: &buffer, version: version, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}

extension DescribeLogDirsResponse {
    package struct Partition: WireStruct {
        package static var minimumWireSize: Int { 21 }

        package var partitionIndex: Int32
        package var partitionSize: Int64
        package var offsetLag: Int64
        package var isFutureKey: Bool

        package init(
            partitionIndex: Int32 = 0,
            partitionSize: Int64 = 0,
            offsetLag: Int64 = 0,
            isFutureKey: Bool = false
        ) {
            self.partitionIndex = partitionIndex
            self.partitionSize = partitionSize
            self.offsetLag = offsetLag
            self.isFutureKey = isFutureKey
        }

        package static func decode(from buffer: inout ByteBuffer, version: Int16) throws(WireError) -> Self {
            let flexible = version >= 2
            var message = Self()
            message.partitionIndex = try Int32.decode(from: &buffer, flexible: flexible)
            message.partitionSize = try Int64.decode(from: &buffer, flexible: flexible)
            message.offsetLag = try Int64.decode(from: &buffer, flexible: flexible)
            message.isFutureKey = try Bool.decode(from: &buffer, flexible: flexible)
            if flexible {
                try buffer.skipTaggedFields()
            }
            return message
        }

        package func encode(into buffer: inout ByteBuffer, version: Int16) {
            let flexible = version >= 2
            self.partitionIndex.encode(into: &buffer, flexible: flexible)
            self.partitionSize.encode(into: &buffer, flexible: flexible)
            self.offsetLag.encode(into: &buffer, flexible: flexible)
            self.isFutureKey.encode(into: &buffer, flexible: flexible)
            if flexible {
                buffer.writeNoTaggedFields()
            }
        }
    }
}
