package struct SplitShardInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var shardToSplit: String?
    /// Decimal; where the upper child begins.
    package var newStartingHashKey: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "ShardToSplit": self.shardToSplit = try reader.readString()
        case "NewStartingHashKey": self.newStartingHashKey = try reader.readString()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.shardToSplit, at: "shardToSplit")
        violations.requireName(self.shardToSplit, at: "shardToSplit")
        violations.requirePresent(self.newStartingHashKey, at: "newStartingHashKey")
        violations.requirePattern(self.newStartingHashKey, .hashKey, at: "newStartingHashKey")
        self.stream.validate(&violations)
    }
}

package struct MergeShardsInput: OperationInput, Equatable {
    package var stream = StreamReference()
    /// The shard with the lower hash keys.
    package var shardToMerge: String?
    package var adjacentShardToMerge: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "ShardToMerge": self.shardToMerge = try reader.readString()
        case "AdjacentShardToMerge": self.adjacentShardToMerge = try reader.readString()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.shardToMerge, at: "shardToMerge")
        violations.requireName(self.shardToMerge, at: "shardToMerge")
        violations.requirePresent(self.adjacentShardToMerge, at: "adjacentShardToMerge")
        violations.requireName(self.adjacentShardToMerge, at: "adjacentShardToMerge")
        self.stream.validate(&violations)
    }
}

package struct UpdateShardCountInput: OperationInput, Equatable {
    package var stream = StreamReference()
    package var targetShardCount: Int32?
    /// `UNIFORM_SCALING` is the only one.
    package var scalingType: String?

    package init() {}

    package mutating func read(_ member: MemberName, from reader: inout some ShapeReader) throws(KinesisError) {
        if try self.stream.read(member, from: &reader) { return }
        switch member {
        case "TargetShardCount": self.targetShardCount = try reader.readInteger()
        case "ScalingType": self.scalingType = try reader.readString()
        default: try reader.skip()
        }
    }

    package func validate(_ violations: inout ConstraintViolations) {
        violations.requirePresent(self.targetShardCount, at: "targetShardCount")
        violations.requireValue(self.targetShardCount, in: 1...Int32.max, at: "targetShardCount")
        violations.requirePresent(self.scalingType, at: "scalingType")
        violations.requireMember(self.scalingType, of: ["UNIFORM_SCALING"], at: "scalingType")
        self.stream.validate(&violations)
    }
}

package struct UpdateShardCountOutput: OperationOutput, Sendable {
    package var streamName: String
    package var streamARN: String
    /// Open shards before the change.
    package var currentShardCount: Int
    package var targetShardCount: Int

    package init(streamName: String, streamARN: String, currentShardCount: Int, targetShardCount: Int) {
        self.streamName = streamName
        self.streamARN = streamARN
        self.currentShardCount = currentShardCount
        self.targetShardCount = targetShardCount
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("StreamName", self.streamName)
        writer.member("CurrentShardCount", Int64(self.currentShardCount))
        writer.member("TargetShardCount", Int64(self.targetShardCount))
        writer.member("StreamARN", self.streamARN)
        writer.endStructure()
    }
}
