package import Model

/// A registered consumer as the API describes it.
package struct ConsumerDescription: Sendable, Equatable {
    package var name: String
    package var arn: String
    package var created: Timestamp

    package init(name: String, arn: String, created: Timestamp) {
        self.name = name
        self.arn = arn
        self.created = created
    }

    /// Always `ACTIVE` here: a consumer is there when its call returns.
    ///
    /// - Parameter streamARN: where it is described by itself.
    func write(to writer: inout some ShapeWriter, streamARN: String? = nil) {
        writer.beginStructure()
        writer.member("ConsumerName", self.name)
        writer.member("ConsumerARN", self.arn)
        writer.member("ConsumerStatus", "ACTIVE")
        writer.member("ConsumerCreationTimestamp", timestamp: self.created)
        if let streamARN { writer.member("StreamARN", streamARN) }
        writer.endStructure()
    }
}

package struct RegisterStreamConsumerInput: OperationInput, Equatable {
    package var streamARN: String?
    package var consumerName: String?
    package var tags: [String: String]?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "StreamARN": self.streamARN = try reader.readString()
        case "ConsumerName": self.consumerName = try reader.readString()
        case "Tags": self.tags = try reader.readTags()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.streamARN, at: "streamARN")
        violations.requireStreamARN(self.streamARN)
        violations.requirePresent(self.consumerName, at: "consumerName")
        violations.requireName(self.consumerName, at: "consumerName")
        if let tags { violations.requireTags(tags) }
    }
}

package struct RegisterStreamConsumerOutput: OperationOutput, Sendable {
    package var consumer: ConsumerDescription

    package init(consumer: ConsumerDescription) { self.consumer = consumer }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("Consumer")
        self.consumer.write(to: &writer)
        writer.endStructure()
    }
}

/// How DescribeStreamConsumer and DeregisterStreamConsumer name a consumer: by its ARN, or by its name and the
/// stream's ARN.
package struct ConsumerReference: OperationInput, Equatable {
    package var streamARN: String?
    package var consumerName: String?
    package var consumerARN: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "StreamARN": self.streamARN = try reader.readString()
        case "ConsumerName": self.consumerName = try reader.readString()
        case "ConsumerARN": self.consumerARN = try reader.readString()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requireStreamARN(self.streamARN)
        violations.requireName(self.consumerName, at: "consumerName")
        violations.requireConsumerARN(self.consumerARN)
    }
}

package struct DescribeStreamConsumerOutput: OperationOutput, Sendable {
    package var consumer: ConsumerDescription
    package var streamARN: String

    package init(consumer: ConsumerDescription, streamARN: String) {
        self.consumer = consumer
        self.streamARN = streamARN
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("ConsumerDescription")
        self.consumer.write(to: &writer, streamARN: self.streamARN)
        writer.endStructure()
    }
}

package struct ListStreamConsumersInput: OperationInput, Equatable {
    package var streamARN: String?
    package var nextToken: String?
    package var maxResults: Int32?
    package var streamCreationTimestamp: Timestamp?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "StreamARN": self.streamARN = try reader.readString()
        case "NextToken": self.nextToken = try reader.readString()
        case "MaxResults": self.maxResults = try reader.readInteger()
        case "StreamCreationTimestamp": self.streamCreationTimestamp = try reader.readTimestamp()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.streamARN, at: "streamARN")
        violations.requireStreamARN(self.streamARN)
        violations.requireLength(self.nextToken, in: 1...1_048_576, at: "nextToken")
        violations.requireValue(self.maxResults, in: 1...10_000, at: "maxResults")
    }
}

package struct ListStreamConsumersOutput: OperationOutput, Sendable {
    package var consumers: [ConsumerDescription]
    package var nextToken: String?

    package init(consumers: [ConsumerDescription], nextToken: String?) {
        self.consumers = consumers
        self.nextToken = nextToken
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("Consumers")
        writer.beginList()
        for consumer in self.consumers { consumer.write(to: &writer) }
        writer.endList()
        if let nextToken { writer.member("NextToken", nextToken) }
        writer.endStructure()
    }
}

package struct SubscribeToShardInput: OperationInput, Equatable {
    package var consumerARN: String?
    package var shardID: String?
    package var hasStartingPosition = false
    package var positionType: String?
    package var sequenceNumber: String?
    package var timestamp: Timestamp?
    package var dryRun: Bool?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "ConsumerARN": self.consumerARN = try reader.readString()
        case "ShardId": self.shardID = try reader.readString()
        case "StartingPosition": try self.readPosition(from: &reader)
        case "DryRun": self.dryRun = try reader.readBoolean()
        default: try reader.skip()
        }
    }

    private mutating func readPosition(from reader: inout some ShapeReader) throws(KinesisError) {
        var input = self
        input.hasStartingPosition = try reader.readStructure { (reader, member) throws(KinesisError) in
            switch member {
            case "Type": input.positionType = try reader.readString()
            case "SequenceNumber": input.sequenceNumber = try reader.readString()
            case "Timestamp": input.timestamp = try reader.readTimestamp()
            default: try reader.skip()
            }
        }
        self = input
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.consumerARN, at: "consumerARN")
        violations.requireConsumerARN(self.consumerARN)
        violations.requirePresent(self.shardID, at: "shardId")
        violations.requireName(self.shardID, at: "shardId")
        if self.hasStartingPosition {
            violations.requirePresent(self.positionType, at: "startingPosition.type")
            violations.requireMember(self.positionType, of: ShardIteratorType.listed, at: "startingPosition.type")
            violations.requirePattern(self.sequenceNumber, .sequenceNumber, at: "startingPosition.sequenceNumber")
        } else {
            violations.requirePresent(String?.none, at: "startingPosition")
        }
    }

    /// The position as GetShardIterator has it.
    ///
    /// - Parameter streamName: of the consumer's stream.
    package func asIterator(on streamName: String) -> GetShardIteratorInput {
        var input = GetShardIteratorInput()
        input.stream = StreamReference(name: streamName)
        input.shardID = self.shardID
        input.shardIteratorType = self.positionType
        input.startingSequenceNumber = self.sequenceNumber
        input.timestamp = self.timestamp
        return input
    }
}

/// An event of SubscribeToShard, written as the output of GetRecords is: `GetRecordsOutput.begin`, records, `end`.
package enum SubscribeToShardEvent {
    /// - Parameter continuation: absent at the end of a closed shard, and only there `childShards` is not empty.
    package static func end(
        _ writer: inout some ShapeWriter,
        continuation: String?,
        millisBehindLatest: Int64,
        childShards: [ChildShard]
    ) {
        writer.endList()
        if let continuation { writer.member("ContinuationSequenceNumber", continuation) }
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

extension ConstraintViolations {
    mutating func requireConsumerARN(_ value: String?) {
        self.requirePattern(value, .consumerARN, at: "consumerARN")
        self.requireLength(value, in: 1...2048, at: "consumerARN")
    }
}

extension StringPattern {
    static let consumerARN = StringPattern(
        text: #"^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+"#
    ) { ConsumerARN(text: $0) != nil }
}
