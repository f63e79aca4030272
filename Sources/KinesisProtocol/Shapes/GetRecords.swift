package import Model

package enum ShardIteratorType: String, Sendable {
    case atSequenceNumber = "AT_SEQUENCE_NUMBER"
    case afterSequenceNumber = "AFTER_SEQUENCE_NUMBER"
    case trimHorizon = "TRIM_HORIZON"
    case latest = "LATEST"
    case atTimestamp = "AT_TIMESTAMP"

    /// In the order in which AWS names them in its message.
    static let listed = ["AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"]
}

package struct GetShardIteratorInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var shardID: String?
    package var shardIteratorType: String?
    package var startingSequenceNumber: String?
    package var timestamp: Timestamp?
    package var dryRun: Bool?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "ShardId": self.shardID = try reader.readString()
        case "ShardIteratorType": self.shardIteratorType = try reader.readString()
        case "StartingSequenceNumber": self.startingSequenceNumber = try reader.readString()
        case "Timestamp": self.timestamp = try reader.readTimestamp()
        case "DryRun": self.dryRun = try reader.readBoolean()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.shardID, at: "shardId")
        violations.requireName(self.shardID, at: "shardId")
        violations.requirePresent(self.shardIteratorType, at: "shardIteratorType")
        violations.requireMember(self.shardIteratorType, of: ShardIteratorType.listed, at: "shardIteratorType")
        violations.requirePattern(self.startingSequenceNumber, .sequenceNumber, at: "startingSequenceNumber")
        self.stream.validate(&violations)
    }
}

package struct GetShardIteratorOutput: OperationOutput, Sendable {
    package var shardIterator: String

    package init(shardIterator: String) {
        self.shardIterator = shardIterator
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("ShardIterator", self.shardIterator)
        writer.endStructure()
    }
}

package struct GetRecordsInput: OperationInput, Equatable {
    package static let limitMax: Int32 = 10_000

    package var shardIterator: String?
    package var limit: Int32?
    package var streamARN: String?
    package var dryRun: Bool?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "ShardIterator": self.shardIterator = try reader.readString()
        case "Limit": self.limit = try reader.readInteger()
        case "StreamARN": self.streamARN = try reader.readString()
        case "DryRun": self.dryRun = try reader.readBoolean()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requireValue(self.limit, in: 1...Self.limitMax, at: "limit")
        violations.requirePresent(self.shardIterator, at: "shardIterator")
        violations.requireLength(self.shardIterator, in: 1...512, at: "shardIterator")
        violations.requireStreamARN(self.streamARN)
    }
}

package struct ChildShard: Sendable, Equatable {
    package var ordinal: UInt32
    package var parents: [UInt32]
    package var hashKeyRange: HashKeyRange

    package init(ordinal: UInt32, parents: [UInt32], hashKeyRange: HashKeyRange) {
        self.ordinal = ordinal
        self.parents = parents
        self.hashKeyRange = hashKeyRange
    }

    func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("ShardId", shard: self.ordinal)
        writer.member("ParentShards")
        writer.beginList()
        for parent in self.parents { writer.shardID(parent) }
        writer.endList()
        writer.member("HashKeyRange", range: self.hashKeyRange)
        writer.endStructure()
    }
}

/// The output of GetRecords, written piece by piece: records go from the log into the answer without a list between.
///
/// `begin`, any number of the writer's `record`, `end`.
package enum GetRecordsOutput {
    package static func begin(_ writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("Records")
        writer.beginList()
    }

    /// A record, member by member; writers have a way of their own that comes to the same.
    ///
    /// - Parameter partitionKey: UTF-8; absent for a record with a null key.
    /// - Parameter arrival: absent when the record has no timestamp.
    package static func record(
        _ writer: inout some ShapeWriter,
        sequenceNumber: SequenceNumber,
        arrival: Timestamp?,
        data: UnsafeRawBufferPointer,
        partitionKey: UnsafeRawBufferPointer?
    ) {
        writer.beginStructure()
        writer.member("SequenceNumber", sequenceNumber)
        if let arrival { writer.member("ApproximateArrivalTimestamp", timestamp: arrival) }
        writer.member("Data")
        writer.blob(data)
        if let partitionKey {
            writer.member("PartitionKey")
            writer.string(utf8: partitionKey)
        }
        writer.endStructure()
    }

    /// - Parameter nextShardIterator: absent at the end of a closed shard, and only there `childShards` is not empty.
    package static func end(
        _ writer: inout some ShapeWriter,
        nextShardIterator: String?,
        millisBehindLatest: Int64,
        childShards: [ChildShard]
    ) {
        writer.endList()
        if let nextShardIterator { writer.member("NextShardIterator", nextShardIterator) }
        writer.member("MillisBehindLatest", millisBehindLatest)
        if !childShards.isEmpty {
            writer.member("ChildShards")
            writer.beginList()
            for child in childShards { child.write(to: &writer) }
            writer.endList()
        }
        writer.endStructure()
    }
}

extension KinesisError {
    /// As an exception in a stream of events, whose type is in a header.
    package func writeMessage(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        if let message { writer.member("message", message) }
        writer.endStructure()
    }
}

extension KinesisError: OperationOutput {
    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("__type", self.code.rawValue)
        if let message { writer.member(self.messageMember, message) }
        writer.endStructure()
    }
}
