internal import KafkaProtocol
package import Model
internal import NIOCore
internal import RecordBatch

/// Writes records: batches them per partition, keeps several batches on the way, tries again what can be tried again.
///
/// Records of a partition are written in the order of the `send` calls; retries do not change it.
package actor Producer {
    /// What the sending task does beside the calls of the owner.
    enum Job: Sendable {
        case receive(PendingResponse<ProduceResponse>, [SealedBatch], BrokerID)
        case posted(EventLoopFuture<Void>, [SealedBatch], BrokerID)
        case connect(BrokerID)
        case refresh(String)
        case identify(NamedPartition)
        case pump(after: Duration)
        case linger
    }

    let cluster: KafkaCluster
    let settings: ProducerSettings
    /// The wall clock, in milliseconds since the Unix epoch.
    private let clock: @Sendable () -> Timestamp
    private let onDelivery: (@Sendable (Delivery) -> Void)?
    private let identity: ProducerIdentity?
    private let jobs: AsyncStream<Job>.Continuation
    private var sending: Task<Void, Never>?

    var layouts: [String: TopicLayout] = [:]
    var queues: [NamedPartition: PartitionQueue] = [:]
    /// Queues that may have something to send, each once, in the order in which they got it.
    var waiting: [NamedPartition] = []
    var connections: [BrokerID: BrokerConnection] = [:]
    var connecting: Set<BrokerID> = []
    var refreshing: Set<String> = []
    var requestsInFlight: [BrokerID: Int] = [:]
    private var stickyPartitions: [String: Int32] = [:]
    private var isLingering = false
    private var isPumpScheduled = false
    private var isClosed = false
    private var bufferedBytes = 0
    private var pendingRecords = 0
    private var roomWaiters: [CheckedContinuation<Void, Never>] = []
    private var flushWaiters: [CheckedContinuation<Void, Never>] = []

    package private(set) var counts = DeliveryCounts()
    /// Why the first record that could not be written was not.
    package private(set) var firstFailure: ClientError?

    private init(
        cluster: KafkaCluster,
        settings: ProducerSettings,
        identity: ProducerIdentity?,
        clock: @escaping @Sendable () -> Timestamp,
        onDelivery: (@Sendable (Delivery) -> Void)?,
        jobs: AsyncStream<Job>.Continuation
    ) {
        self.cluster = cluster
        self.settings = settings
        self.identity = identity
        self.clock = clock
        self.onDelivery = onDelivery
        self.jobs = jobs
    }

    /// Connects, and gets a producer ID when the settings ask for idempotence.
    ///
    /// - Parameters:
    ///   - clock: milliseconds since the Unix epoch, for records without a timestamp.
    ///   - onDelivery: called for every batch, in no particular thread; must be quick.
    package static func start(
        cluster: KafkaCluster,
        settings: ProducerSettings = ProducerSettings(),
        clock: @escaping @Sendable () -> Timestamp,
        onDelivery: (@Sendable (Delivery) -> Void)? = nil
    ) async throws -> Producer {
        var settings = settings
        if settings.acks != .all { settings.isIdempotent = false }
        if settings.isIdempotent { settings.batchesInFlightMax = min(settings.batchesInFlightMax, 5) }
        let identity = settings.isIdempotent ? try await Self.newIdentity(cluster) : nil
        let (stream, jobs) = AsyncStream.makeStream(of: Job.self)
        let producer = Producer(
            cluster: cluster,
            settings: settings,
            identity: identity,
            clock: clock,
            onDelivery: onDelivery,
            jobs: jobs
        )
        await producer.begin(stream)
        return producer
    }

    private func begin(_ stream: AsyncStream<Job>) {
        self.sending = Task { [self] in
            await withDiscardingTaskGroup { group in
                for await job in stream {
                    group.addTask { await self.carryOut(job) }
                }
                group.cancelAll()
            }
        }
    }

    static func newIdentity(_ cluster: KafkaCluster) async throws -> ProducerIdentity {
        try await cluster.retrying {
            let response = try await cluster.anyConnection().send(
                InitProducerIdRequest(transactionalID: nil, transactionTimeoutMs: Int32.max)
            )
            guard response.errorCode == .none else { throw ClientError.server(response.errorCode, "producer ID") }
            return ProducerIdentity(producerID: response.producerID, epoch: response.producerEpoch)
        }
    }

    // MARK: - The owner's side

    /// Takes a record; waits while the buffer is full. The record's fate shows in `counts`, `firstFailure` and
    /// `onDelivery`.
    ///
    /// - Throws: `ClientError` when the topic or partition does not exist or the producer is closed.
    package func send(_ record: ProducerRecord, to topic: String) async throws {
        while self.bufferedBytes >= self.settings.bufferBytesMax, !self.isClosed {
            await withCheckedContinuation { self.roomWaiters.append($0) }
        }
        guard !self.isClosed else { throw ClientError(.closed, "the producer is closed") }
        if self.layouts[topic] == nil {
            self.layouts[topic] = try await self.cluster.layout(of: topic, createMissing: true)
        }
        let partition = NamedPartition(topic: topic, partition: try self.choosePartition(record, topic))
        self.append(record, to: partition)
    }

    /// Takes records as `send` does, with one call for many.
    package func send(contentsOf records: [ProducerRecord], to topic: String) async throws {
        for record in records { try await self.send(record, to: topic) }
    }

    /// Sends everything taken so far and waits until its fate is known.
    package func flush() async {
        self.sealAll()
        while self.pendingRecords > 0, !self.isClosed {
            await withCheckedContinuation { self.flushWaiters.append($0) }
        }
    }

    /// Flushes and stops. The cluster stays open.
    package func close() async {
        await self.flush()
        await self.stop()
    }

    /// Stops at once; what is not acknowledged has failed.
    package func stop() async {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.jobs.finish()
        await self.sending?.value
        let error = ClientError(.closed, "the producer was stopped before the acknowledgement")
        for key in Array(self.queues.keys) {
            self.queues[key]?.seal()
            self.failEverything(in: key, begunBefore: nil, error)
        }
        self.wakeWaiters()
    }

    private func choosePartition(_ record: ProducerRecord, _ topic: String) throws(ClientError) -> Int32 {
        let count = self.layouts[topic]?.partitions.count ?? 0
        if let partition = record.partition {
            guard partition >= 0, Int(partition) < count else {
                throw ClientError(
                    .invalidArgument,
                    "topic \(topic) has no partition \(partition); its partitions are 0 to \(count - 1)"
                )
            }
            return partition
        }
        if let key = record.key {
            return Int32(key.withUnsafeReadableBytes { Murmur2.partition(for: $0, of: count) })
        }
        if let sticky = self.stickyPartitions[topic], Int(sticky) < count { return sticky }
        let chosen = Int32.random(in: 0..<Int32(max(count, 1)))
        self.stickyPartitions[topic] = chosen
        return chosen
    }

    private func append(_ record: ProducerRecord, to partition: NamedPartition) {
        if self.queues[partition] == nil {
            self.queues[partition] = PartitionQueue(partition: partition, identity: self.identity)
        }
        let timestamp = record.timestamp ?? self.clock()
        let change = self.queues[partition]?.append(
            record,
            timestamp: timestamp,
            settings: self.settings,
            now: { ContinuousClock.now }
        )
        guard let change else { return }
        self.counts.taken += 1
        self.pendingRecords += 1
        self.bufferedBytes += change.bytes
        if change.isReady {
            // Records without a key fill one partition's batch after another's (KIP-480).
            self.advanceSticky(partition.topic)
            self.enlist(partition)
            self.pump()
        } else if !self.isLingering {
            self.isLingering = true
            self.jobs.yield(.linger)
        }
    }

    private func advanceSticky(_ topic: String) {
        guard let count = self.layouts[topic]?.partitions.count, let sticky = self.stickyPartitions[topic] else {
            return
        }
        self.stickyPartitions[topic] = (sticky + 1) % Int32(count)
    }

    private func sealAll() {
        for key in Array(self.queues.keys) where self.queues[key]?.seal() == true {
            self.advanceSticky(key.topic)
            self.enlist(key)
        }
        self.pump()
    }

    func enlist(_ partition: NamedPartition) {
        if !self.waiting.contains(partition) { self.waiting.append(partition) }
    }

    // MARK: - Jobs

    func start(_ job: Job) {
        if case .pump = job {
            guard !self.isPumpScheduled else { return }
            self.isPumpScheduled = true
        }
        self.jobs.yield(job)
    }

    private func carryOut(_ job: Job) async {
        switch job {
        case .receive(let pending, let batches, let broker):
            await self.receive(pending, batches, from: broker)
        case .posted(let future, let batches, let broker):
            await self.posted(future, batches, to: broker)
        case .connect(let broker):
            await self.connect(to: broker)
        case .refresh(let topic):
            await self.refresh(topic)
        case .identify(let partition):
            await self.identify(partition)
        case .pump(let pause):
            try? await Task.sleep(for: pause)
            self.isPumpScheduled = false
            self.pump()
        case .linger:
            try? await Task.sleep(for: self.settings.linger)
            self.isLingering = false
            self.sealAll()
        }
    }

    // MARK: - Accounting

    /// The fate of a batch is known.
    func settle(
        _ partition: NamedPartition,
        recordCount: Int,
        payloadBytes: Int,
        bytes: Int,
        begun: ContinuousClock.Instant,
        baseOffset: Offset = -1,
        error: ClientError? = nil
    ) {
        if let error {
            self.counts.failed += recordCount
            if self.firstFailure == nil { self.firstFailure = error }
        } else {
            self.counts.acknowledged += recordCount
            self.counts.acknowledgedBytes += payloadBytes
        }
        self.bufferedBytes -= bytes
        self.pendingRecords -= recordCount
        self.onDelivery?(
            Delivery(
                partition: partition,
                baseOffset: baseOffset,
                recordCount: recordCount,
                latency: ContinuousClock.now - begun,
                error: error
            )
        )
        self.wakeWaiters()
    }

    func settle(_ batch: SealedBatch, baseOffset: Offset = -1, error: ClientError? = nil) {
        self.settle(
            batch.partition,
            recordCount: batch.recordCount,
            payloadBytes: batch.payloadBytes,
            bytes: batch.bytes,
            begun: batch.begun,
            baseOffset: baseOffset,
            error: error
        )
    }

    /// Fails the batches that were to be sent again: all, or those that have waited too long.
    func failSent(in partition: NamedPartition, begunBefore limit: ContinuousClock.Instant?, _ error: ClientError) {
        let failed = self.queues[partition]?.takeFailed(begunBefore: limit) ?? []
        // They have sequences, which now have a gap.
        if !failed.isEmpty { self.queues[partition]?.breakSequence() }
        for batch in failed { self.settle(batch, error: error) }
    }

    /// Fails what a queue holds and is not on the way: all of it, or what has waited too long.
    func failEverything(
        in partition: NamedPartition,
        begunBefore limit: ContinuousClock.Instant?,
        _ error: ClientError
    ) {
        self.failSent(in: partition, begunBefore: limit, error)
        for batch in self.queues[partition]?.takeUnsent(begunBefore: limit) ?? [] {
            self.settle(
                partition,
                recordCount: Int(batch.builder.recordCount),
                payloadBytes: batch.payloadBytes,
                bytes: batch.bytes,
                begun: batch.begun,
                error: error
            )
        }
    }

    func countRetry() { self.counts.retries += 1 }

    private func wakeWaiters() {
        if self.isClosed || self.bufferedBytes < self.settings.bufferBytesMax {
            let waiters = self.roomWaiters
            self.roomWaiters = []
            for waiter in waiters { waiter.resume() }
        }
        if self.isClosed || self.pendingRecords == 0 {
            let waiters = self.flushWaiters
            self.flushWaiters = []
            for waiter in waiters { waiter.resume() }
        }
    }
}
