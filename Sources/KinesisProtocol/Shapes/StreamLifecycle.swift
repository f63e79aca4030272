package enum CapacityMode: String, Sendable, CaseIterable {
    case provisioned = "PROVISIONED"
    case onDemand = "ON_DEMAND"
}

package enum RecordDistributionStrategy: String, Sendable, CaseIterable {
    case auto = "AUTO"
    case userPartitionKey = "USER_PARTITION_KEY"
}

package struct CreateStreamInput: OperationInput, Equatable {
    package var streamName: String?
    package var shardCount: Int32?
    package var streamMode: String?
    package var hasStreamModeDetails = false
    package var tags: [String: String]?
    /// A tag key that the request names twice.
    package var duplicateTagKey: String?
    package var warmThroughputMiBps: Int32?
    package var maxRecordSizeInKiB: Int32?
    package var recordDistributionStrategy: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "StreamName": self.streamName = try reader.readString()
        case "ShardCount": self.shardCount = try reader.readInteger()
        case "StreamModeDetails":
            var mode: String?
            self.hasStreamModeDetails = try reader.readStructure { (reader, member) throws(KinesisError) in
                switch member {
                case "StreamMode": mode = try reader.readString()
                default: try reader.skip()
                }
            }
            self.streamMode = mode
        case "Tags": self.tags = try reader.readTags(duplicate: &self.duplicateTagKey)
        case "WarmThroughputMiBps": self.warmThroughputMiBps = try reader.readInteger()
        case "MaxRecordSizeInKiB": self.maxRecordSizeInKiB = try reader.readInteger()
        case "RecordDistributionStrategy": self.recordDistributionStrategy = try reader.readString()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requireValue(self.shardCount, in: 1...100_000, at: "shardCount")
        violations.requirePresent(self.streamName, at: "streamName")
        violations.requireName(self.streamName, at: "streamName")
        if self.hasStreamModeDetails {
            violations.requirePresent(self.streamMode, at: "streamModeDetails.streamMode")
            violations.requireMember(
                self.streamMode,
                of: CapacityMode.allCases.map(\.rawValue),
                at: "streamModeDetails.streamMode"
            )
        }
        violations.requireTags(self.tags)
        violations.requireValue(self.warmThroughputMiBps, in: 0...Int32.max, at: "warmThroughputMiBps")
        violations.requireValue(self.maxRecordSizeInKiB, in: 1024...10_240, at: "maxRecordSizeInKiB")
        violations.requireMember(
            self.recordDistributionStrategy,
            of: RecordDistributionStrategy.allCases.map(\.rawValue),
            at: "recordDistributionStrategy"
        )
    }
}

extension CreateStreamInput {
    /// - Throws: `InvalidArgumentException`, see `TagRules`.
    package func checkTags(account: String) throws(KinesisError) {
        guard let tags else { return }
        try TagRules.check(
            tags,
            duplicate: self.duplicateTagKey,
            count: tags.count,
            stream: self.streamName ?? "",
            account: account
        )
    }
}

extension ConstraintViolations {
    /// A map of 1…200 tags, keys of 1…128 characters, values of up to 256.
    mutating func requireTags(_ tags: [String: String]?) {
        guard let tags else { return }
        func text() -> String {
            "{" + tags.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ") + "}"
        }
        if tags.isEmpty { self.add("{}", at: "tags", "Member must have length greater than or equal to 1") }
        if tags.count > 200 { self.add(text(), at: "tags", "Member must have length less than or equal to 200") }
        if tags.keys.contains(where: { !(1...128).contains($0.unicodeScalars.count) }) {
            self.add(
                text(),
                at: "tags",
                "Map keys must satisfy constraint: [Member must have length less than or equal to 128, "
                    + "Member must have length greater than or equal to 1]"
            )
        }
        if tags.values.contains(where: { $0.unicodeScalars.count > 256 }) {
            self.add(
                text(),
                at: "tags",
                "Map value must satisfy constraint: [Member must have length less than or equal to 256, "
                    + "Member must have length greater than or equal to 0]"
            )
        }
    }
}

package struct DeleteStreamInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var enforceConsumerDeletion: Bool?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "EnforceConsumerDeletion": self.enforceConsumerDeletion = try reader.readBoolean()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        self.stream.validate(&violations)
    }
}

package struct DescribeStreamInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var limit: Int32?
    package var exclusiveStartShardID: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "Limit": self.limit = try reader.readInteger()
        case "ExclusiveStartShardId": self.exclusiveStartShardID = try reader.readString()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requireValue(self.limit, in: 1...10_000, at: "limit")
        violations.requireName(self.exclusiveStartShardID, at: "exclusiveStartShardId")
        self.stream.validate(&violations)
    }
}

package struct DescribeStreamSummaryInput: OperationInput, Equatable {
    package var stream = StreamReference()

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try !self.stream.read(member, from: &reader) { try reader.skip() }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        self.stream.validate(&violations)
    }
}

package struct ListStreamsInput: OperationInput, Equatable {
    package var limit: Int32?
    package var exclusiveStartStreamName: String?
    package var nextToken: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        switch member {
        case "Limit": self.limit = try reader.readInteger()
        case "ExclusiveStartStreamName": self.exclusiveStartStreamName = try reader.readString()
        case "NextToken": self.nextToken = try reader.readString()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requireValue(self.limit, in: 1...10_000, at: "limit")
        violations.requireName(self.exclusiveStartStreamName, at: "exclusiveStartStreamName")
        violations.requireLength(self.nextToken, in: 1...1_048_576, at: "nextToken")
    }
}
