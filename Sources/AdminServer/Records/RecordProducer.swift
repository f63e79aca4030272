internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch

/// Appends records that came over HTTP, and waits until they are durable.
///
/// Where a record has no partition its key finds one as for the topic's own clients: by murmur2 over the open
/// partitions, or by MD5 over the shards' ranges. Records without a key share one partition.
struct RecordProducer {
    /// How often records are routed again whose shard was closed under them.
    private static let attemptsMax = 8

    private let broker: Broker
    private let eventLoop: any EventLoop

    init(_ broker: Broker, _ eventLoop: any EventLoop) {
        self.broker = broker
        self.eventLoop = eventLoop
    }

    /// - Returns: one for each, in order.
    /// - Throws: when one of them cannot be stored; others may be.
    func append(_ records: [ProducedInput], to hosted: HostedTopic) async throws -> [ProducedRecord] {
        try self.check(records, hosted)
        var stored = [ProducedRecord?](repeating: nil, count: records.count)
        var topic = hosted
        var open = Array(records.indices)
        for _ in 0..<Self.attemptsMax where !open.isEmpty {
            var closed: (indices: [Int], partition: HostedPartition)?
            for (shard, indices) in try self.routed(records, open, topic.topic) {
                let partition = try topic.partition(shard.partition)
                do throws(BrokerError) {
                    let places = try await self.append(records, indices, to: shard, partition)
                    for (index, place) in zip(indices, places) { stored[index] = place }
                } catch {
                    guard error.code == .shardClosed else { throw error }
                    closed = ((closed?.indices ?? []) + indices, partition)
                }
            }
            guard let closed else { break }
            open = closed.indices.sorted()
            await withCheckedContinuation { continuation in
                closed.partition.whenShardSettles(on: self.eventLoop) { continuation.resume() }
            }
            guard let now = self.broker.topics.topic(named: hosted.name), now.id == hosted.id else {
                throw APIProblem.noTopic(hosted.name)
            }
            topic = now
        }
        let places = stored.compactMap { $0 }
        guard places.count == records.count else {
            throw APIProblem(503, "unavailable", "The shards of \(hosted.name) are changing.", hint: "Try again.")
        }
        return places
    }

    private func check(_ records: [ProducedInput], _ hosted: HostedTopic) throws(APIProblem) {
        guard !hosted.topic.isInternal else {
            throw APIProblem(409, "refused", "\(hosted.name) is the broker's own topic.")
        }
        let settings = self.broker.configs.settings(for: hosted.topic)
        let bytesMax = settings.int64("max.message.bytes")
        let needsKeys = settings.list("cleanup.policy").contains("compact")
        for (index, record) in records.enumerated() {
            if let partition = record.partition, !hosted.has(partition) {
                throw APIProblem(404, "partition-not-found", "\(hosted.name) has no partition \(partition).")
            }
            guard !needsKeys || record.key != nil else {
                throw APIProblem(400, "bad-record", "Record \(index) has no key, which a compacted topic asks for.")
            }
            let bytes = (record.key?.readableBytes ?? 0) + (record.value?.readableBytes ?? 0)
            guard Int64(bytes) <= bytesMax else {
                throw APIProblem(
                    400,
                    "record-too-large",
                    "Record \(index) has \(bytes) bytes; \(hosted.name) takes \(bytesMax).",
                    hint: "max.message.bytes of the topic says so."
                )
            }
        }
    }

    // MARK: Routing

    /// The records of each shard, in their order.
    private func routed(
        _ records: [ProducedInput],
        _ indices: [Int],
        _ topic: Topic
    ) throws(APIProblem) -> [(shard: Shard, indices: [Int])] {
        let open = topic.openShards.sorted { $0.partition < $1.partition }
        let keyless = open[Int(self.broker.environment.random().0 % UInt64(open.count))]
        var groups: [Int32: (shard: Shard, indices: [Int])] = [:]
        for index in indices {
            let record = records[index]
            let shard: Shard
            if let partition = record.partition {
                guard let found = topic.openShard(partition: partition) else {
                    throw APIProblem(409, "refused", "Partition \(partition) was merged into another one.")
                }
                shard = found
            } else if let key = record.key {
                shard = Self.shard(for: key, topic, open)
            } else {
                shard = keyless
            }
            groups[shard.ordinal, default: (shard, [])].indices.append(index)
        }
        return groups.values.sorted { $0.shard.ordinal < $1.shard.ordinal }
    }

    private static func shard(for key: ByteBuffer, _ topic: Topic, _ open: [Shard]) -> Shard {
        key.withUnsafeReadableBytes { key in
            switch topic.routing {
            case .kafka: open[Murmur2.partition(for: key, of: open.count)]
            case .md5: topic.openShard(hash: HashKey(partitionKey: key).value) ?? open[0]
            }
        }
    }

    // MARK: Appending

    private func append(
        _ records: [ProducedInput],
        _ indices: [Int],
        to shard: Shard,
        _ partition: HostedPartition
    ) async throws(BrokerError) -> [ProducedRecord] {
        let now = self.broker.environment.now()
        var builder = RecordBatchBuilder()
        var places: [ProducedRecord] = []
        var pending = 0
        for index in indices {
            let record = records[index]
            let timestamp = record.timestamp ?? now
            let size = builder.sizeInBytes(
                adding: record.key,
                value: record.value,
                headers: record.headers,
                timestamp: timestamp
            )
            if !builder.isEmpty, size > partition.messageBytesMax {
                let base = try await self.append(builder.finishUncompressed(), to: shard, partition, now)
                places += (0..<pending).map { Self.place(partition, base + Int64($0)) }
                pending = 0
            }
            builder.append(key: record.key, value: record.value, headers: record.headers, timestamp: timestamp)
            pending += 1
        }
        let base = try await self.append(builder.finishUncompressed(), to: shard, partition, now)
        return places + (0..<pending).map { Self.place(partition, base + Int64($0)) }
    }

    private static func place(_ partition: HostedPartition, _ offset: Offset) -> ProducedRecord {
        ProducedRecord(partition: partition.partition.partition, offset: offset)
    }

    /// - Returns: the first record's offset.
    private func append(
        _ batch: ValidatedBatches,
        to shard: Shard,
        _ partition: HostedPartition,
        _ now: Timestamp
    ) async throws(BrokerError) -> Offset {
        let result: Result<Offset, BrokerError> = await withCheckedContinuation { continuation in
            let waiter = ProducedWaiter(eventLoop: self.eventLoop, continuation)
            do throws(BrokerError) {
                waiter.appended(
                    try partition.appendBuilt(batch, shard: shard.ordinal, now: now, waiter: waiter).baseOffset
                )
            } catch {
                // The waiter is not called for an append that threw.
                waiter.refused()
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }
}

/// Resumes a producer when its batch is durable. The call may come before `append` has returned.
private final class ProducedWaiter: DurabilityWaiter {
    let eventLoop: any EventLoop
    private let offset: EventLoopPromise<Offset>
    private let continuation: CheckedContinuation<Result<Offset, BrokerError>, Never>

    init(eventLoop: any EventLoop, _ continuation: CheckedContinuation<Result<Offset, BrokerError>, Never>) {
        self.eventLoop = eventLoop
        self.offset = eventLoop.makePromise()
        self.continuation = continuation
    }

    func appended(_ offset: Offset) { self.offset.succeed(offset) }

    /// Nothing was appended, and nobody waits.
    func refused() { self.offset.fail(ChannelError.operationUnsupported) }

    func appendCompleted(_ error: LogError?) {
        let continuation = self.continuation
        if let error { return continuation.resume(returning: .failure(BrokerError(error))) }
        self.offset.futureResult.whenSuccess { continuation.resume(returning: .success($0)) }
    }
}
