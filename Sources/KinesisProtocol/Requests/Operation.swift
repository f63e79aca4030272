/// The operations of `Kinesis_20131202` that are served.
package enum Operation: String, Sendable, CaseIterable {
    case addTagsToStream = "AddTagsToStream"
    case createStream = "CreateStream"
    case decreaseStreamRetentionPeriod = "DecreaseStreamRetentionPeriod"
    case deleteResourcePolicy = "DeleteResourcePolicy"
    case deleteStream = "DeleteStream"
    case deregisterStreamConsumer = "DeregisterStreamConsumer"
    case describeAccountSettings = "DescribeAccountSettings"
    case describeLimits = "DescribeLimits"
    case describeStream = "DescribeStream"
    case describeStreamConsumer = "DescribeStreamConsumer"
    case describeStreamSummary = "DescribeStreamSummary"
    case disableEnhancedMonitoring = "DisableEnhancedMonitoring"
    case enableEnhancedMonitoring = "EnableEnhancedMonitoring"
    case getRecords = "GetRecords"
    case getResourcePolicy = "GetResourcePolicy"
    case getShardIterator = "GetShardIterator"
    case increaseStreamRetentionPeriod = "IncreaseStreamRetentionPeriod"
    case listShards = "ListShards"
    case listStreamConsumers = "ListStreamConsumers"
    case listStreams = "ListStreams"
    case listTagsForResource = "ListTagsForResource"
    case listTagsForStream = "ListTagsForStream"
    case mergeShards = "MergeShards"
    case putRecord = "PutRecord"
    case putRecords = "PutRecords"
    case putResourcePolicy = "PutResourcePolicy"
    case registerStreamConsumer = "RegisterStreamConsumer"
    case removeTagsFromStream = "RemoveTagsFromStream"
    case splitShard = "SplitShard"
    case startStreamEncryption = "StartStreamEncryption"
    case stopStreamEncryption = "StopStreamEncryption"
    case subscribeToShard = "SubscribeToShard"
    case tagResource = "TagResource"
    case untagResource = "UntagResource"
    case updateAccountSettings = "UpdateAccountSettings"
    case updateMaxRecordSize = "UpdateMaxRecordSize"
    case updateShardCount = "UpdateShardCount"
    case updateStreamMode = "UpdateStreamMode"
    case updateStreamRecordDistributionStrategy = "UpdateStreamRecordDistributionStrategy"
    case updateStreamWarmThroughput = "UpdateStreamWarmThroughput"

    package static let targetPrefix = "Kinesis_20131202."

    /// - Parameter target: the header `X-Amz-Target`.
    package init?(target: String) {
        guard let operation = Self.byTarget[target] else { return nil }
        self = operation
    }

    private static let byTarget = Dictionary(
        uniqueKeysWithValues: Self.allCases.map { (Self.targetPrefix + $0.rawValue, $0) }
    )
}

/// The encodings of requests and answers.
package enum ContentType: String, Sendable {
    case json = "application/x-amz-json-1.1"
    /// What the AWS SDKs for Java speak unless they are told otherwise, and with them KCL, Flink and Spark.
    case cbor = "application/x-amz-cbor-1.1"

    /// - Parameter header: `Content-Type`, whose parameters are ignored.
    package init?(header: String) {
        // As every SDK sends it.
        if header == Self.json.rawValue {
            self = .json
            return
        }
        let end = header.utf8.firstIndex(of: UInt8(ascii: ";")) ?? header.endIndex
        var type = header[..<end]
        while let last = type.last, last == " " { type.removeLast() }
        self.init(rawValue: type.lowercased())
    }
}
