internal import Model
internal import NIOCore
internal import RecordBatch

/// A batch that still takes records or waits for its turn.
struct GrowingBatch {
    var builder: RecordBatchBuilder
    let begun: ContinuousClock.Instant
    var payloadBytes = 0
    /// What the batch counts for against the producer's buffer.
    var bytes: Int { self.builder.sizeInBytes }
}

/// A finished batch, on its way or about to be sent again.
struct SealedBatch: Sendable {
    let partition: NamedPartition
    /// Counts the batches of the partition.
    let ordinal: Int
    let records: ByteBuffer
    let recordCount: Int
    let payloadBytes: Int
    /// What the batch counted for before compression.
    let bytes: Int
    let begun: ContinuousClock.Instant
    var attempts = 0
}

/// Who writes: an idempotent producer's number in a partition.
struct ProducerIdentity: Sendable, Equatable {
    var producerID: ProducerID
    var epoch: ProducerEpoch
}

/// The batches of one partition, in order.
///
/// While a batch has to be sent again nothing new is sent: first everything on the way comes back, then what failed
/// goes out again in its order. So records stay in order through failures.
struct PartitionQueue {
    let partition: NamedPartition
    private(set) var growing: GrowingBatch?
    private var ready: [GrowingBatch] = []
    private var failed: [SealedBatch] = []
    private(set) var inFlight = 0
    private var nextOrdinal = 0
    /// The sequence of the next record.
    private var nextSequence: Int32 = 0
    /// `nil` while the queue waits for a new one.
    var identity: ProducerIdentity?
    /// The idempotent sequence is broken: a batch in it will never be written.
    private(set) var isBroken = false
    /// Nothing is sent before.
    var resumesAt: ContinuousClock.Instant?

    init(partition: NamedPartition, identity: ProducerIdentity?) {
        self.partition = partition
        self.identity = identity
    }

    var isIdle: Bool {
        self.growing == nil && self.ready.isEmpty && self.failed.isEmpty && self.inFlight == 0
    }

    /// Whether something could be sent now.
    func hasWork(inFlightMax: Int) -> Bool {
        guard !self.isBroken else { return false }
        if !self.failed.isEmpty { return self.inFlight == 0 }
        return !self.ready.isEmpty && self.inFlight < inFlightMax
    }

    /// Adds a record; the bytes by which the queue grew and whether a batch became ready.
    mutating func append(
        _ record: ProducerRecord,
        timestamp: Timestamp,
        settings: ProducerSettings,
        now: () -> ContinuousClock.Instant
    ) -> (bytes: Int, isReady: Bool) {
        var isReady = false
        let size = self.growing?.builder.sizeInBytes(
            adding: record.key,
            value: record.value,
            headers: record.headers,
            timestamp: timestamp
        )
        if let size, size > settings.batchBytes { isReady = self.seal() }
        let before = self.growing?.bytes ?? 0
        if self.growing == nil {
            self.growing = GrowingBatch(
                builder: RecordBatchBuilder(options: .init(compression: settings.compression), capacity: 4096),
                begun: now()
            )
        }
        // Changed in place, so that its buffer is not copied.
        self.growing?.builder.append(
            key: record.key,
            value: record.value,
            headers: record.headers,
            timestamp: timestamp
        )
        self.growing?.payloadBytes += record.payloadBytes
        let after = self.growing?.bytes ?? 0
        if after >= settings.batchBytes { isReady = self.seal() }
        return (after - before, isReady)
    }

    /// Ends the growing batch, so that it is sent next. False without one.
    @discardableResult
    mutating func seal() -> Bool {
        guard let growing else { return false }
        self.ready.append(growing)
        self.growing = nil
        return true
    }

    /// The bytes of the batch that `next` gives.
    var nextBytes: Int {
        self.failed.first?.records.readableBytes ?? self.ready.first?.bytes ?? 0
    }

    /// Takes the next batch to be sent; `hasWork` must be true.
    ///
    /// - Throws: `RecordBatchError` when the codec fails; the batch is gone and reported by `lost`.
    mutating func next(lost: (SealedBatch) -> Void) throws(RecordBatchError) -> SealedBatch {
        if !self.failed.isEmpty {
            self.inFlight += 1
            var batch = self.failed.removeFirst()
            batch.attempts += 1
            return batch
        }
        var batch = self.ready.removeFirst()
        let count = batch.builder.recordCount
        if let identity {
            batch.builder.options.producerID = identity.producerID
            batch.builder.options.producerEpoch = identity.epoch
            batch.builder.options.baseSequence = self.nextSequence
        }
        let bytes = batch.bytes
        let payloadBytes = batch.payloadBytes
        let begun = batch.begun
        let records: Result<ByteBuffer, RecordBatchError> = Result { () throws(RecordBatchError) in
            try batch.builder.finish()
        }
        defer { self.nextOrdinal += 1 }
        let sealed = SealedBatch(
            partition: self.partition,
            ordinal: self.nextOrdinal,
            records: (try? records.get()) ?? ByteBuffer(),
            recordCount: Int(count),
            payloadBytes: payloadBytes,
            bytes: bytes,
            begun: begun
        )
        if case .failure(let error) = records {
            lost(sealed)
            throw error
        }
        if self.identity != nil {
            self.nextSequence = RecordBatchHeader.sequence(self.nextSequence, advancedBy: count)
        }
        self.inFlight += 1
        return sealed
    }

    /// A batch came back and need not be sent again.
    mutating func finished() {
        self.inFlight -= 1
    }

    /// A batch came back and is to be sent again.
    mutating func sendAgain(_ batch: SealedBatch, at instant: ContinuousClock.Instant) {
        self.inFlight -= 1
        self.failed.append(batch)
        self.failed.sort { $0.ordinal < $1.ordinal }
        self.resumesAt = instant
    }

    /// A batch will never be written: with sequences, none after it can be either until there is a new identity.
    mutating func breakSequence() {
        if self.identity != nil { self.isBroken = true }
    }

    /// Whether a broken queue has got everything back and may take a new identity.
    var awaitsIdentity: Bool { self.isBroken && self.inFlight == 0 && self.failed.isEmpty }

    /// Begins a new sequence.
    mutating func begin(_ identity: ProducerIdentity) {
        self.identity = identity
        self.nextSequence = 0
        self.isBroken = false
    }

    /// Takes out the batches that were to be sent again: all, or those whose time is over.
    mutating func takeFailed(begunBefore limit: ContinuousClock.Instant?) -> [SealedBatch] {
        let taken = self.failed.filter { batch in limit.map { batch.begun < $0 } ?? true }
        self.failed.removeAll { batch in limit.map { batch.begun < $0 } ?? true }
        return taken
    }

    /// Takes out the batches that were never sent: all, or those whose time is over.
    mutating func takeUnsent(begunBefore limit: ContinuousClock.Instant?) -> [GrowingBatch] {
        let taken = self.ready.filter { batch in limit.map { batch.begun < $0 } ?? true }
        self.ready.removeAll { batch in limit.map { batch.begun < $0 } ?? true }
        return taken
    }
}
