package import Model
internal import NIOCore

/// Always `ACTIVE` here but while a stream is being deleted: changes are complete before their call returns.
package enum StreamStatus: String, Sendable {
    case creating = "CREATING"
    case deleting = "DELETING"
    case active = "ACTIVE"
    case updating = "UPDATING"
}

package struct ShardDescription: Sendable, Equatable {
    package var ordinal: UInt32
    package var parent: UInt32?
    package var adjacentParent: UInt32?
    package var hashKeyRange: HashKeyRange
    package var startingSequenceNumber: SequenceNumber
    /// Present when the shard is closed.
    package var endingSequenceNumber: SequenceNumber?

    package init(
        ordinal: UInt32,
        parent: UInt32?,
        adjacentParent: UInt32?,
        hashKeyRange: HashKeyRange,
        startingSequenceNumber: SequenceNumber,
        endingSequenceNumber: SequenceNumber?
    ) {
        self.ordinal = ordinal
        self.parent = parent
        self.adjacentParent = adjacentParent
        self.hashKeyRange = hashKeyRange
        self.startingSequenceNumber = startingSequenceNumber
        self.endingSequenceNumber = endingSequenceNumber
    }

    func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("ShardId", shard: self.ordinal)
        if let parent { writer.member("ParentShardId", shard: parent) }
        if let adjacentParent { writer.member("AdjacentParentShardId", shard: adjacentParent) }
        writer.member("HashKeyRange", range: self.hashKeyRange)
        writer.member("SequenceNumberRange")
        writer.beginStructure()
        writer.member("StartingSequenceNumber", self.startingSequenceNumber)
        if let endingSequenceNumber { writer.member("EndingSequenceNumber", endingSequenceNumber) }
        writer.endStructure()
        writer.endStructure()
    }
}

extension ShapeWriter {
    mutating func member(_ name: StaticString, shard ordinal: UInt32) {
        self.member(name)
        self.shardID(ordinal)
    }

    mutating func shardID(_ ordinal: UInt32) {
        self.plainString { buffer in
            buffer.writeStaticString("shardId-")
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 12) { target in
                ShardID(ordinal).writeDigits(into: target)
                return 12
            }
        }
    }

    mutating func member(_ name: StaticString, _ number: SequenceNumber) {
        self.member(name)
        self.plainString { number.write(into: &$0) }
    }

    mutating func member(_ name: StaticString, range: HashKeyRange) {
        self.member(name)
        self.beginStructure()
        self.member("StartingHashKey", range.start.description)
        self.member("EndingHashKey", range.end.description)
        self.endStructure()
    }

    mutating func memberStreamMode(_ mode: CapacityMode) {
        self.member("StreamModeDetails")
        self.beginStructure()
        self.member("StreamMode", mode.rawValue)
        self.endStructure()
    }

    /// Reported as it was set; shards are measured by the admin port.
    mutating func memberEnhancedMonitoring(_ metrics: [ShardMetric]) {
        self.member("EnhancedMonitoring")
        self.beginList()
        self.beginStructure()
        self.member("ShardLevelMetrics", metrics: metrics)
        self.endStructure()
        self.endList()
    }

    /// - Parameter key: `nil` without encryption.
    mutating func memberEncryption(_ key: String?) {
        self.member("EncryptionType", key == nil ? "NONE" : "KMS")
        if let key { self.member("KeyId", key) }
    }
}

package struct DescribeStreamOutput: OperationOutput, Sendable {
    package var streamName: String
    package var streamARN: String
    package var status: StreamStatus
    package var mode: CapacityMode
    package var shards: [ShardDescription]
    package var hasMoreShards: Bool
    package var retentionPeriodHours: Int64
    package var created: Timestamp
    package var metrics: [ShardMetric] = []
    /// The KMS key that the stream was given; `nil` without one.
    package var encryptionKey: String?

    package init(
        streamName: String,
        streamARN: String,
        status: StreamStatus,
        mode: CapacityMode,
        shards: [ShardDescription],
        hasMoreShards: Bool,
        retentionPeriodHours: Int64,
        created: Timestamp
    ) {
        self.streamName = streamName
        self.streamARN = streamARN
        self.status = status
        self.mode = mode
        self.shards = shards
        self.hasMoreShards = hasMoreShards
        self.retentionPeriodHours = retentionPeriodHours
        self.created = created
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("StreamDescription")
        writer.beginStructure()
        writer.member("StreamName", self.streamName)
        writer.member("StreamARN", self.streamARN)
        writer.member("StreamStatus", self.status.rawValue)
        writer.memberStreamMode(self.mode)
        writer.member("Shards")
        writer.beginList()
        for shard in self.shards { shard.write(to: &writer) }
        writer.endList()
        writer.member("HasMoreShards", self.hasMoreShards)
        writer.member("RetentionPeriodHours", self.retentionPeriodHours)
        writer.member("StreamCreationTimestamp", timestamp: self.created)
        writer.memberEnhancedMonitoring(self.metrics)
        writer.memberEncryption(self.encryptionKey)
        writer.endStructure()
        writer.endStructure()
    }
}

package struct DescribeStreamSummaryOutput: OperationOutput, Sendable {
    package var streamName: String
    package var streamARN: String
    package var status: StreamStatus
    package var mode: CapacityMode
    package var retentionPeriodHours: Int64
    package var created: Timestamp
    package var openShardCount: Int
    package var consumerCount: Int
    package var maxRecordSizeInKiB: Int64
    /// Present for streams on demand only; `AUTO` where hash ranges are not promises.
    package var distribution: RecordDistributionStrategy?
    package var metrics: [ShardMetric] = []
    /// The KMS key that the stream was given; `nil` without one.
    package var encryptionKey: String?
    /// In MiB per second, as it was asked for; absent without that.
    package var warmThroughput: Int64?

    package init(
        streamName: String,
        streamARN: String,
        status: StreamStatus,
        mode: CapacityMode,
        retentionPeriodHours: Int64,
        created: Timestamp,
        openShardCount: Int,
        consumerCount: Int,
        maxRecordSizeInKiB: Int64,
        distribution: RecordDistributionStrategy?
    ) {
        self.streamName = streamName
        self.streamARN = streamARN
        self.status = status
        self.mode = mode
        self.retentionPeriodHours = retentionPeriodHours
        self.created = created
        self.openShardCount = openShardCount
        self.consumerCount = consumerCount
        self.maxRecordSizeInKiB = maxRecordSizeInKiB
        self.distribution = distribution
    }

    /// Never writes a `StreamId`: the SDKs would then call AWS's hosts instead of this server.
    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("StreamDescriptionSummary")
        writer.beginStructure()
        writer.member("StreamName", self.streamName)
        writer.member("StreamARN", self.streamARN)
        writer.member("StreamStatus", self.status.rawValue)
        writer.memberStreamMode(self.mode)
        writer.member("RetentionPeriodHours", self.retentionPeriodHours)
        writer.member("StreamCreationTimestamp", timestamp: self.created)
        writer.memberEnhancedMonitoring(self.metrics)
        writer.memberEncryption(self.encryptionKey)
        writer.member("OpenShardCount", Int64(self.openShardCount))
        writer.member("ConsumerCount", Int64(self.consumerCount))
        if let warmThroughput { writer.memberWarmThroughput(warmThroughput) }
        writer.member("MaxRecordSizeInKiB", self.maxRecordSizeInKiB)
        if let distribution { writer.member("RecordDistributionStrategy", distribution.rawValue) }
        writer.endStructure()
        writer.endStructure()
    }
}

package struct ListStreamsOutput: OperationOutput, Sendable {
    package struct Summary: Sendable, Equatable {
        package var streamName: String
        package var streamARN: String
        package var status: StreamStatus
        package var mode: CapacityMode
        package var created: Timestamp

        package init(
            streamName: String,
            streamARN: String,
            status: StreamStatus,
            mode: CapacityMode,
            created: Timestamp
        ) {
            self.streamName = streamName
            self.streamARN = streamARN
            self.status = status
            self.mode = mode
            self.created = created
        }
    }

    package var summaries: [Summary]
    /// Present when there are more streams.
    package var nextToken: String?

    package init(summaries: [Summary], nextToken: String?) {
        self.summaries = summaries
        self.nextToken = nextToken
    }

    package func write(to writer: inout some ShapeWriter) {
        writer.beginStructure()
        writer.member("StreamNames")
        writer.beginList()
        for summary in self.summaries { writer.string(summary.streamName) }
        writer.endList()
        writer.member("HasMoreStreams", self.nextToken != nil)
        if let nextToken { writer.member("NextToken", nextToken) }
        writer.member("StreamSummaries")
        writer.beginList()
        for summary in self.summaries {
            writer.beginStructure()
            writer.member("StreamName", summary.streamName)
            writer.member("StreamARN", summary.streamARN)
            writer.member("StreamStatus", summary.status.rawValue)
            writer.memberStreamMode(summary.mode)
            writer.member("StreamCreationTimestamp", timestamp: summary.created)
            writer.endStructure()
        }
        writer.endList()
        writer.endStructure()
    }
}
