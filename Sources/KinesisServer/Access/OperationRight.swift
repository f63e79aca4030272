internal import AccessControl
internal import KinesisProtocol

/// What an operation needs: the table that `docs/compatibility/kinesis.md` publishes.
enum OperationRight: Equatable {
    /// To do this to the topic that the request names.
    case stream(ACLOperation)
    /// To make the topic that the request names: granted on the topic or on the cluster, as in Kafka.
    case create
    /// To do this to the cluster.
    case cluster(ACLOperation)
    /// Everybody may; the answer has only what the caller may describe.
    case filtered
}

extension Operation {
    /// Whether it changes what an auditor asks about.
    var isAdministrative: Bool {
        switch self.right {
        case .create, .cluster(.alter), .cluster(.alterConfigs): true
        case .stream(let needed):
            [.alter, .alterConfigs, .delete].contains(needed) || Self.registrations.contains(self)
        case .cluster, .filtered: false
        }
    }

    private static let registrations: Set<Operation> = [.registerStreamConsumer, .deregisterStreamConsumer]

    /// A new operation does not compile without its right.
    var right: OperationRight {
        switch self {
        case .putRecord, .putRecords: .stream(.write)
        // Consumers with fan-out register themselves, as members join groups.
        case .getRecords, .getShardIterator, .subscribeToShard, .registerStreamConsumer, .deregisterStreamConsumer:
            .stream(.read)
        case .describeStream, .describeStreamSummary, .describeStreamConsumer, .listShards, .listStreamConsumers,
            .listTagsForStream, .listTagsForResource:
            .stream(.describe)
        case .splitShard, .mergeShards, .updateShardCount, .updateStreamMode, .updateStreamWarmThroughput:
            .stream(.alter)
        case .addTagsToStream, .removeTagsFromStream, .tagResource, .untagResource, .increaseStreamRetentionPeriod,
            .decreaseStreamRetentionPeriod, .startStreamEncryption, .stopStreamEncryption,
            .enableEnhancedMonitoring, .disableEnhancedMonitoring, .updateMaxRecordSize,
            .updateStreamRecordDistributionStrategy:
            .stream(.alterConfigs)
        case .getResourcePolicy: .stream(.describeConfigs)
        case .createStream: .create
        case .deleteStream: .stream(.delete)
        case .listStreams: .filtered
        case .describeLimits, .describeAccountSettings: .cluster(.describe)
        // Who may give rights away may do so on either face.
        case .putResourcePolicy, .deleteResourcePolicy: .cluster(.alter)
        case .updateAccountSettings: .cluster(.alterConfigs)
        }
    }
}

extension LeaseTableOperation {
    /// What is needed of the group that the table stands for: a table is the state of a consumer application.
    var right: ACLOperation? {
        switch self {
        case .createTable, .updateTable, .getItem, .batchGetItem, .putItem, .updateItem, .deleteItem, .query, .scan,
            .transactWriteItems, .batchWriteItem, .tagResource, .untagResource, .updateContinuousBackups:
            .read
        case .describeTable, .describeTimeToLive, .describeContinuousBackups, .listTagsOfResource: .describe
        case .deleteTable: .delete
        // The answer has only what the caller may describe.
        case .listTables: nil
        }
    }
}
