internal import KinesisProtocol

/// How often an operation may be called where `kinesis.limits=aws` holds.
struct OperationRate: Equatable {
    enum Scope: Equatable {
        case account
        case stream
    }

    var perSecond: Int64
    var scope: Scope

    static func account(_ perSecond: Int64) -> OperationRate { OperationRate(perSecond: perSecond, scope: .account) }
    static func stream(_ perSecond: Int64) -> OperationRate { OperationRate(perSecond: perSecond, scope: .stream) }
}

extension Operation {
    /// As the service's quotas state it; `nil` for the operations on records, whose limits are those of shards.
    var rate: OperationRate? {
        switch self {
        case .describeLimits: .account(1)
        case .describeStream: .account(10)
        case .describeStreamSummary: .account(20)
        case .createStream, .deleteStream, .listStreams, .mergeShards, .splitShard, .updateShardCount,
            .registerStreamConsumer, .addTagsToStream, .removeTagsFromStream, .listTagsForStream, .tagResource,
            .untagResource, .listTagsForResource, .putResourcePolicy, .getResourcePolicy, .deleteResourcePolicy,
            .startStreamEncryption, .stopStreamEncryption, .updateStreamMode, .updateMaxRecordSize,
            .updateStreamRecordDistributionStrategy, .updateStreamWarmThroughput, .describeAccountSettings,
            .updateAccountSettings:
            .account(5)
        case .listShards: .stream(1000)
        case .describeStreamConsumer: .stream(20)
        case .listStreamConsumers, .deregisterStreamConsumer, .increaseStreamRetentionPeriod,
            .decreaseStreamRetentionPeriod, .enableEnhancedMonitoring, .disableEnhancedMonitoring:
            .stream(5)
        case .putRecord, .putRecords, .getRecords, .getShardIterator, .subscribeToShard: nil
        }
    }
}
