internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model

/// What is set of a stream after it was made. Setting what is set already succeeds.
extension KinesisService {
    private static let hours: ClosedRange<Int64> = 24...8760

    func increaseRetention(_ input: RetentionInput, _ caller: Caller) async throws(KinesisError) {
        try await self.setRetention(.increaseStreamRetentionPeriod, input, caller) { requested, existing in
            requested < existing ? ("shorter", "Decrease") : nil
        }
    }

    func decreaseRetention(_ input: RetentionInput, _ caller: Caller) async throws(KinesisError) {
        try await self.setRetention(.decreaseStreamRetentionPeriod, input, caller) { requested, existing in
            requested > existing ? ("longer", "Increase") : nil
        }
    }

    private func setRetention(
        _ operation: Operation,
        _ input: RetentionInput,
        _ caller: Caller,
        _ objection: (_ requested: Int64, _ existing: Int64) -> (String, String)?
    ) async throws(KinesisError) {
        let hosted = try self.stream(input.stream, caller)
        try self.limits.check(operation, on: hosted, by: caller, now: self.backend.now())
        let requested = Int64(input.hours ?? 0)
        guard requested >= Self.hours.lowerBound else {
            throw KinesisError(
                .invalidArgument,
                "Minimum allowed retention period is 24 hours. Requested retention period (\(requested) hours) is too short."
            )
        }
        guard requested <= Self.hours.upperBound else {
            throw KinesisError(
                .invalidArgument,
                "Maximum allowed retention period is 8760 hours. Requested retention period (\(requested) hours) is too long."
            )
        }
        let existing = self.view(hosted).retentionPeriodHours
        if let (word, other) = objection(requested, existing) {
            throw KinesisError(
                .invalidArgument,
                "Requested retention period (\(requested) hours) for stream \(hosted.name) can not be \(word) than existing "
                    + "retention period (\(existing) hours). Use \(other)RetentionPeriod API."
            )
        }
        // What Kafka has set more finely stays as it is.
        guard requested != existing else { return }
        try await self.setConfig("retention.ms", String(requested * 3_600_000), of: hosted, caller)
    }

    private func setConfig(
        _ name: String,
        _ value: String,
        of hosted: HostedTopic,
        _ caller: Caller
    ) async throws(KinesisError) {
        do {
            try await self.backend.alterConfigs(of: hosted.name) { $0.merging([name: value]) { $1 } }
        } catch {
            throw KinesisError(error, stream: hosted.name, account: caller.account)
        }
    }

    // MARK: Encryption

    /// The key is kept and reported. Millrace itself does not encrypt what it stores.
    func startEncryption(_ input: EncryptionInput, _ caller: Caller) async throws(KinesisError) {
        let hosted = try self.stream(input.stream, caller)
        guard input.type == "KMS" else {
            throw KinesisError(.invalidArgument, "EncryptionType must be KMS to start the encryption of a stream.")
        }
        let key = input.keyID
        _ = try await self.change(hosted, caller) { $0.attributes[StreamAttributes.encryptionKey] = key }
    }

    func stopEncryption(_ input: EncryptionInput, _ caller: Caller) async throws(KinesisError) {
        let hosted = try self.stream(input.stream, caller)
        _ = try await self.change(hosted, caller) { $0.attributes[StreamAttributes.encryptionKey] = nil }
    }

    // MARK: Monitoring

    func enableMonitoring(_ input: MonitoringInput, _ caller: Caller) async throws(KinesisError) -> MonitoringOutput {
        try await self.setMetrics(.enableEnhancedMonitoring, input, caller) { current, named in current.union(named) }
    }

    func disableMonitoring(_ input: MonitoringInput, _ caller: Caller) async throws(KinesisError) -> MonitoringOutput {
        try await self.setMetrics(.disableEnhancedMonitoring, input, caller) { current, named in
            current.subtracting(named)
        }
    }

    private func setMetrics(
        _ operation: Operation,
        _ input: MonitoringInput,
        _ caller: Caller,
        _ combine: @escaping @Sendable (Set<ShardMetric>, Set<ShardMetric>) -> Set<ShardMetric>
    ) async throws(KinesisError) -> MonitoringOutput {
        let hosted = try self.stream(input.stream, caller)
        try self.limits.check(operation, on: hosted, by: caller, now: self.backend.now())
        let names = input.metrics ?? []
        let named =
            names.contains(ShardMetric.all)
            ? Set(ShardMetric.allCases) : Set(names.compactMap(ShardMetric.init(rawValue:)))
        let before = StreamAttributes(hosted.topic).metrics
        let topic = try await self.change(hosted, caller) { topic in
            let current = Set(StreamAttributes(topic).metrics)
            let desired = combine(current, named)
            topic.attributes[StreamAttributes.metrics] = StreamAttributes.text(
                ShardMetric.allCases.filter { desired.contains($0) }
            )
        }
        return MonitoringOutput(
            streamName: hosted.name,
            streamARN: caller.streamARN(hosted.name),
            current: before,
            desired: StreamAttributes(topic).metrics
        )
    }

    // MARK: Mode, sizes, distribution

    func updateStreamMode(_ input: UpdateStreamInput, _ caller: Caller) async throws(KinesisError) {
        try input.require(.mode, needsARN: true)
        let hosted = try self.stream(input.stream, caller)
        let mode: StreamMode = input.mode == CapacityMode.provisioned.rawValue ? .provisioned : .onDemand
        if mode == .provisioned, hosted.topic.routing == .kafka {
            throw KinesisError(
                .invalidArgument,
                "RecordDistributionStrategy AUTO is supported for streams in ON_DEMAND mode only."
            )
        }
        let throughput = input.warmThroughputMiBps
        if throughput != nil, mode == .provisioned { throw Self.warmThroughputNeedsOnDemand }
        _ = try await self.change(hosted, caller) { topic in
            topic.streamMode = mode
            if mode == .provisioned { topic.attributes[StreamAttributes.warmThroughput] = nil }
            if let throughput { topic.attributes[StreamAttributes.warmThroughput] = String(throughput) }
        }
    }

    private static let warmThroughputNeedsOnDemand = KinesisError(
        .validation,
        "WarmThroughputMiBps is supported for streams in ON_DEMAND mode only."
    )

    func updateMaxRecordSize(_ input: UpdateStreamInput, _ caller: Caller) async throws(KinesisError) {
        try input.require(.maxRecordSize, needsARN: false)
        let hosted = try self.stream(input.stream, caller)
        let kibibytes = Int64(input.maxRecordSizeInKiB ?? 0)
        guard kibibytes != self.view(hosted).maxRecordSizeInKiB else { return }
        let bytes = kibibytes * 1024 + Int64(Self.batchOverheadBytes)
        try await self.setConfig("max.message.bytes", String(bytes), of: hosted, caller)
    }

    func updateWarmThroughput(
        _ input: UpdateStreamInput,
        _ caller: Caller
    ) async throws(KinesisError) -> WarmThroughputOutput {
        try input.require(.warmThroughput, needsARN: false)
        let hosted = try self.stream(input.stream, caller)
        guard self.view(hosted).mode == .onDemand else { throw Self.warmThroughputNeedsOnDemand }
        let throughput = Int64(input.warmThroughputMiBps ?? 0)
        _ = try await self.change(hosted, caller) {
            $0.attributes[StreamAttributes.warmThroughput] = String(throughput)
        }
        return WarmThroughputOutput(
            streamName: hosted.name,
            streamARN: caller.streamARN(hosted.name),
            mebibytesPerSecond: throughput
        )
    }

    func updateDistribution(_ input: UpdateStreamInput, _ caller: Caller) async throws(KinesisError) {
        try input.require(.distribution, needsARN: true)
        let hosted = try self.stream(input.stream, caller)
        let isAuto = input.distribution == RecordDistributionStrategy.auto.rawValue
        guard self.view(hosted).mode == .onDemand else {
            throw KinesisError(
                .invalidArgument,
                "RecordDistributionStrategy can be changed for streams in ON_DEMAND mode only."
            )
        }
        let routing: ShardRouting = isAuto ? .kafka : .md5
        guard routing != hosted.topic.routing else { return }
        try await self.setConfig("shard.routing", routing.configValue, of: hosted, caller)
    }

    // MARK: The account

    /// Accounts are not told apart, and have no limits but what a topic may have.
    func describeLimits() -> DescribeLimitsOutput {
        let topics = self.backend.sortedTopics.map(\.topic).filter(\.isVisibleToKinesis)
        let onDemand = topics.filter {
            StreamView(topic: $0, settings: self.backend.settings(for: $0)).mode == .onDemand
        }
        return DescribeLimitsOutput(
            shardLimit: 1_000_000,
            openShardCount: topics.reduce(0) { $0 + $1.openShards.count },
            onDemandStreamCount: onDemand.count,
            onDemandStreamCountLimit: 1_000_000
        )
    }
}
