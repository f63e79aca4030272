internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model

/// CreateStream, DeleteStream, DescribeStream, DescribeStreamSummary, ListStreams.
extension KinesisService {
    /// Without a count and mode AWS makes an on-demand stream of four shards.
    private static let onDemandShardCount = 4
    /// The default and the cap of a page of streams.
    private static let streamsMax = 100
    /// AWS's default; Kafka's is seven days.
    private static let retentionMillisecondsDefault = "86400000"
    /// By what Kafka's `max.message.bytes` exceeds the record size that it stands for.
    static let batchOverheadBytes = 12

    func createStream(_ input: CreateStreamInput, _ caller: Caller) async throws(KinesisError) {
        let name = input.streamName ?? ""
        let mode = input.streamMode.flatMap(CapacityMode.init(rawValue:))
        let shardCount: Int
        switch (mode, input.shardCount) {
        case (.onDemand?, .some):
            throw KinesisError(.validation, "ShardCount is not expected when StreamMode=ON_DEMAND")
        case (.provisioned?, nil):
            var violations = ConstraintViolations()
            violations.requirePresent(Int32?.none, at: "shardCount")
            try violations.check()
            return
        case (_, let count?): shardCount = Int(count)
        case (_, nil): shardCount = Self.onDemandShardCount
        }
        let isProvisioned = mode == .provisioned || (mode == nil && input.shardCount != nil)
        let isAuto = input.recordDistributionStrategy == RecordDistributionStrategy.auto.rawValue
        if isAuto, isProvisioned {
            throw KinesisError(
                .invalidArgument,
                "RecordDistributionStrategy AUTO is supported for streams in ON_DEMAND mode only."
            )
        }
        try Self.checkName(name)
        try input.checkTags(account: caller.account)
        if self.backend.topic(named: name) != nil {
            throw KinesisError(.resourceInUse, "Stream \(name) under account \(caller.account) already exists.")
        }
        var configs = ["retention.ms": Self.retentionMillisecondsDefault]
        if let size = input.maxRecordSizeInKiB {
            configs["max.message.bytes"] = String(Int(size) * 1024 + Self.batchOverheadBytes)
        }
        if isAuto {
            configs["shard.routing"] = ShardRouting.kafka.configValue
        }
        var attributes: [String: String] = [:]
        if let throughput = input.warmThroughputMiBps {
            attributes[StreamAttributes.warmThroughput] = String(throughput)
        }
        let creation = TopicCreation(
            name: name,
            id: self.backend.makeTopicID(),
            partitionCount: shardCount,
            configs: configs,
            origin: .kinesis,
            streamMode: isProvisioned ? .provisioned : .onDemand,
            tags: input.tags ?? [:],
            attributes: attributes
        )
        do {
            try await self.backend.create(creation)
        } catch  where error.code == .invalidTopicName {
            throw KinesisError(
                .invalidArgument,
                "Stream name \(name) cannot be used: \(error.message). Every stream is a Kafka topic, and Kafka takes "
                    + "names that differ in '.' and '_' only for one."
            )
        } catch {
            throw KinesisError(error, stream: name, account: caller.account)
        }
    }

    /// Every stream is a Kafka topic, whose names are fewer than AWS's pattern allows.
    ///
    /// - Throws: `InvalidArgumentException`.
    private static func checkName(_ name: String) throws(KinesisError) {
        guard !TopicName.isHiddenFromKinesis(name) else {
            throw KinesisError(.invalidArgument, "Stream names that begin with __ are reserved for internal topics.")
        }
        if let problem = TopicName.problem(with: name) {
            throw KinesisError(
                .invalidArgument,
                "Stream name \(name) cannot be used: every stream is a Kafka topic, and \(problem)."
            )
        }
    }

    func deleteStream(_ input: DeleteStreamInput, _ caller: Caller) async throws(KinesisError) {
        let hosted = try self.stream(input.stream, caller)
        if input.enforceConsumerDeletion != true, !StreamConsumer.all(of: hosted.topic).isEmpty {
            throw KinesisError(
                .resourceInUse,
                "Stream \(hosted.name) under account \(caller.account) has registered consumers: deregister them, or set "
                    + "EnforceConsumerDeletion."
            )
        }
        do {
            try await self.backend.deleteTopic(named: hosted.name, id: hosted.id)
        } catch {
            throw KinesisError(error, stream: hosted.name, account: caller.account)
        }
    }

    func describeStream(_ input: DescribeStreamInput, _ caller: Caller) throws(KinesisError) -> DescribeStreamOutput {
        let hosted = try self.stream(input.stream, caller)
        let view = self.view(hosted)
        let limit = min(Int(input.limit ?? 100), 100)
        var shards = view.listedShards(of: hosted, now: self.backend.now())
        if let start = input.exclusiveStartShardID { shards.removeAll { !StreamView.follows($0, start) } }
        var output = DescribeStreamOutput(
            streamName: hosted.name,
            streamARN: caller.streamARN(hosted.name),
            status: .active,
            mode: view.mode,
            shards: shards.prefix(limit).map(StreamView.describe),
            hasMoreShards: shards.count > limit,
            retentionPeriodHours: view.retentionPeriodHours,
            created: hosted.topic.createdAt
        )
        let attributes = StreamAttributes(hosted.topic)
        output.metrics = attributes.metrics
        output.encryptionKey = attributes.encryptionKey
        return output
    }

    func describeStreamSummary(
        _ input: DescribeStreamSummaryInput,
        _ caller: Caller
    ) throws(KinesisError) -> DescribeStreamSummaryOutput {
        let hosted = try self.stream(input.stream, caller)
        let view = self.view(hosted)
        var output = DescribeStreamSummaryOutput(
            streamName: hosted.name,
            streamARN: caller.streamARN(hosted.name),
            status: .active,
            mode: view.mode,
            retentionPeriodHours: view.retentionPeriodHours,
            created: hosted.topic.createdAt,
            openShardCount: hosted.topic.openShards.count,
            consumerCount: StreamConsumer.all(of: hosted.topic).count,
            maxRecordSizeInKiB: view.maxRecordSizeInKiB,
            distribution: view.mode == .onDemand ? view.distribution : nil
        )
        let attributes = StreamAttributes(hosted.topic)
        output.metrics = attributes.metrics
        output.encryptionKey = attributes.encryptionKey
        output.warmThroughput = attributes.warmThroughput
        return output
    }

    /// - Parameter sees: whether the caller may know of a stream.
    func listStreams(
        _ input: ListStreamsInput,
        _ caller: Caller,
        sees: (_ stream: String) -> Bool
    ) throws(KinesisError) -> ListStreamsOutput {
        let now = self.backend.now()
        var after = input.exclusiveStartStreamName
        if let token = input.nextToken {
            after = try StreamPageToken(
                token,
                sealer: self.sealer,
                now: now,
                validity: self.settings.pageTokenValidityMilliseconds
            ).after
        }
        // A larger limit is allowed and answered with no more, as AWS documents.
        let limit = min(Int(input.limit ?? Int32(Self.streamsMax)), Self.streamsMax)
        var page: [ListStreamsOutput.Summary] = []
        var hasMore = false
        for hosted in self.backend.sortedTopics where hosted.topic.isVisibleToKinesis {
            if let after, hosted.name <= after { continue }
            guard sees(hosted.name) else { continue }
            guard page.count < limit else {
                hasMore = true
                break
            }
            page.append(
                ListStreamsOutput.Summary(
                    streamName: hosted.name,
                    streamARN: caller.streamARN(hosted.name),
                    status: .active,
                    mode: self.view(hosted).mode,
                    created: hosted.topic.createdAt
                )
            )
        }
        let token = hasMore ? page.last.map { StreamPageToken(after: $0.streamName, minted: now) } : nil
        return ListStreamsOutput(summaries: page, nextToken: token?.sealed(by: self.sealer))
    }
}
