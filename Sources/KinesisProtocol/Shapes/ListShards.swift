package import Model

package enum ShardFilterType: String, Sendable, CaseIterable {
    case afterShardID = "AFTER_SHARD_ID"
    case atTrimHorizon = "AT_TRIM_HORIZON"
    case fromTrimHorizon = "FROM_TRIM_HORIZON"
    case atLatest = "AT_LATEST"
    case atTimestamp = "AT_TIMESTAMP"
    case fromTimestamp = "FROM_TIMESTAMP"
}

package struct ShardFilter: Sendable, Equatable {
    package var type: ShardFilterType
    /// For `AFTER_SHARD_ID`.
    package var shardID: String?
    /// For `AT_TIMESTAMP` and `FROM_TIMESTAMP`.
    package var timestamp: Timestamp?

    package init(type: ShardFilterType, shardID: String?, timestamp: Timestamp?) {
        self.type = type
        self.shardID = shardID
        self.timestamp = timestamp
    }
}

package struct ListShardsInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var nextToken: String?
    package var exclusiveStartShardID: String?
    package var maxResults: Int32?
    package var streamCreationTimestamp: Timestamp?
    package var hasShardFilter = false
    package var filterType: String?
    package var filterShardID: String?
    package var filterTimestamp: Timestamp?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "NextToken": self.nextToken = try reader.readString()
        case "ExclusiveStartShardId": self.exclusiveStartShardID = try reader.readString()
        case "MaxResults": self.maxResults = try reader.readInteger()
        case "StreamCreationTimestamp": self.streamCreationTimestamp = try reader.readTimestamp()
        case "ShardFilter": try self.readFilter(from: &reader)
        default: try reader.skip()
        }
    }

    private mutating func readFilter(from reader: inout some ShapeReader) throws(KinesisError) {
        var input = self
        input.hasShardFilter = try reader.readStructure { (reader, member) throws(KinesisError) in
            switch member {
            case "Type": input.filterType = try reader.readString()
            case "ShardId": input.filterShardID = try reader.readString()
            case "Timestamp": input.filterTimestamp = try reader.readTimestamp()
            default: try reader.skip()
            }
        }
        self = input
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requireValue(self.maxResults, in: 1...10_000, at: "maxResults")
        violations.requireName(self.exclusiveStartShardID, at: "exclusiveStartShardId")
        if self.hasShardFilter {
            violations.requirePresent(self.filterType, at: "shardFilter.type")
            violations.requireMember(
                self.filterType,
                of: ShardFilterType.allCases.map(\.rawValue),
                at: "shardFilter.type"
            )
            violations.requireName(self.filterShardID, at: "shardFilter.shardId")
        }
        self.stream.validate(&violations)
        violations.requireLength(self.nextToken, in: 1...1_048_576, at: "nextToken")
    }

    /// The filter, once the members that exclude one another have been looked at.
    ///
    /// - Throws: `InvalidArgumentException` in AWS's words.
    package func checkedFilter() throws(KinesisError) -> ShardFilter? {
        func refuse(_ name: String) -> KinesisError {
            KinesisError(.invalidArgument, "NextToken and \(name) cannot be provided together.")
        }
        if self.nextToken != nil {
            if self.stream.name != nil { throw refuse("StreamName") }
            if self.stream.arn != nil { throw refuse("StreamARN") }
            if self.streamCreationTimestamp != nil { throw refuse("StreamCreationTimestamp") }
            if self.exclusiveStartShardID != nil { throw refuse("ExclusiveStartShardId") }
            if self.hasShardFilter { throw refuse("ShardFilter") }
            return nil
        }
        if self.stream.isEmpty {
            throw KinesisError(.invalidArgument, "Either NextToken or StreamName should be provided.")
        }
        guard self.hasShardFilter, let type = self.filterType.flatMap(ShardFilterType.init(rawValue:)) else {
            return nil
        }
        if self.exclusiveStartShardID != nil {
            throw KinesisError(
                .invalidArgument,
                "ExclusiveStartShardId and ShardFilter cannot be provided together."
            )
        }
        switch type {
        case .afterShardID where self.filterShardID == nil:
            throw KinesisError(
                .invalidArgument,
                "ShardFilter of type \(type.rawValue) requires the ShardId parameter."
            )
        case .atTimestamp where self.filterTimestamp == nil, .fromTimestamp where self.filterTimestamp == nil:
            throw KinesisError(
                .invalidArgument,
                "ShardFilter of type \(type.rawValue) requires the Timestamp parameter."
            )
        default:
            return ShardFilter(type: type, shardID: self.filterShardID, timestamp: self.filterTimestamp)
        }
    }
}

package struct ListShardsOutput: OperationOutput, Sendable {
    package var shards: [ShardDescription]
    package var nextToken: String?

    package init(shards: [ShardDescription], nextToken: String?) {
        self.shards = shards
        self.nextToken = nextToken
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("Shards")
        writer.beginList()
        for shard in self.shards { shard.write(to: &writer) }
        writer.endList()
        if let nextToken { writer.member("NextToken", nextToken) }
        writer.endStructure()
    }
}
