package import LogCore
package import Model
package import NIOCore
package import RecordBatch
internal import Synchronization

/// A partition that this broker leads: its log, and the rules that hold for clients which write to it.
package final class HostedPartition: Sendable {
    package let topicName: String
    package let log: any PartitionLog
    package let isInternal: Bool
    private let rules: Mutex<Rules>
    /// Taken before anything of the log; see `docs/lock-order.md`.
    let puts: Mutex<Puts>
    /// Taken before anything of the log, while a transactional batch or a marker is appended.
    let transactions = Mutex(Transactions())
    /// Whether a Kafka producer has written to it, as far as this value has seen.
    private let hasClientRecords: Atomic<Bool>
    /// Called once, with the first batch of a Kafka producer; `nil` where it makes no difference.
    private let onFirstClientBatch: (@Sendable () -> Void)?
    /// What clients have appended and read.
    package let traffic = PartitionTraffic()
    /// Batches that are on their way through the validator.
    private let validating = Atomic<Int>(0)

    /// What decides whether a client's batch is accepted; changes with the topic's metadata.
    package struct Rules: Sendable, Equatable {
        package var leaderEpoch: LeaderEpoch
        /// Merged away (`mapping.md`): readable, closed for produce.
        package var isSealed: Bool
        /// `max.message.bytes`
        package var messageBytesMax: Int
        /// `cleanup.policy` is `compact` alone or with others: records need keys.
        package var needsKeys: Bool
        /// `message.timestamp.before.max.ms` and `message.timestamp.after.max.ms`; `Int64.max` means no limit.
        package var timestampBeforeMillisecondsMax: Int64
        package var timestampAfterMillisecondsMax: Int64
        /// Timestamps are given by the broker.
        package var isLogAppendTime: Bool
        /// `record.validation` is `full`: compressed records are read before they are stored.
        package var readsCompressedRecords = true
        /// `compression.type` is a codec.
        package var recompression: BatchRecompression?

        /// The record timestamps that a client may send now; `nil` when any will do.
        func timestamps(at now: Timestamp) -> ClosedRange<Timestamp>? {
            guard !self.isLogAppendTime else { return nil }
            guard self.timestampBeforeMillisecondsMax != .max || self.timestampAfterMillisecondsMax != .max else {
                return nil
            }
            let (oldest, isBeforeAll) = now.subtractingReportingOverflow(self.timestampBeforeMillisecondsMax)
            let (newest, isAfterAll) = now.addingReportingOverflow(self.timestampAfterMillisecondsMax)
            return (isBeforeAll ? .min : oldest)...(isAfterAll ? .max : newest)
        }
    }

    package init(
        topicName: String,
        log: any PartitionLog,
        isInternal: Bool,
        rules: Rules,
        shard: ShardGate.State,
        onFirstClientBatch: (@Sendable () -> Void)? = nil
    ) {
        self.topicName = topicName
        self.log = log
        self.isInternal = isInternal
        self.rules = Mutex(rules)
        var isSealed = false
        if case .sealed = shard { isSealed = true }
        self.puts = Mutex(Puts(gate: ShardGate(shard), isLogSealed: isSealed))
        self.hasClientRecords = Atomic(false)
        self.onFirstClientBatch = onFirstClientBatch
        if isSealed { log.setSealed(true) }
    }

    package var partition: TopicPartition { self.log.partition }
    package var leaderEpoch: LeaderEpoch { self.rules.withLock { $0.leaderEpoch } }
    package var isSealed: Bool { self.rules.withLock { $0.isSealed } }
    /// Compaction leaves gaps between its offsets.
    var isCompacted: Bool { self.rules.withLock { $0.needsKeys } }
    package var messageBytesMax: Int { self.rules.withLock { $0.messageBytesMax } }

    /// Moves the log start offset up. `-1` means the high watermark.
    ///
    /// - Returns: the log start offset after it.
    package func deleteRecords(before offset: Offset) throws(BrokerError) -> Offset {
        do {
            return try self.log.deleteRecords(before: offset)
        } catch {
            throw BrokerError(error)
        }
    }

    func update(_ rules: Rules) {
        self.rules.withLock { $0 = rules }
    }

    /// What a producer sent.
    package struct ClientBatch: Sendable {
        /// The record batches of one partition of a Produce request (one batch; Kafka refuses more).
        var records: ByteBuffer
        /// Of the request, since zstd needs version 7.
        var produceVersion: Int16
        var acknowledge: AppendOptions.Acknowledge
        var now: Timestamp

        package init(
            _ records: ByteBuffer,
            produceVersion: Int16,
            acknowledge: AppendOptions.Acknowledge,
            now: Timestamp
        ) {
            self.records = records
            self.produceVersion = produceVersion
            self.acknowledge = acknowledge
            self.now = now
        }

        /// Compressed payloads up to this length are tried at once: most expand to a few times as much.
        private static let shortBytesMax = 4 << 10
        /// What is decompressed on an event loop at the most, some tens of microseconds' work.
        static let decompressedAtOnceBytesMax = 64 << 10

        /// Whether the batch is to be stored under another codec than its own.
        func isConcerned(by recompression: BatchRecompression) -> Bool {
            guard let header = try? RecordBatchHeader(reading: self.records, at: self.records.readerIndex) else {
                return false
            }
            return recompression.concerns(header)
        }

        /// Whether the payload is compressed and too long to be read at once.
        var isLongAndCompressed: Bool {
            guard self.records.readableBytes > RecordBatchHeader.encodedLength + Self.shortBytesMax,
                let header = try? RecordBatchHeader(reading: self.records, at: self.records.readerIndex)
            else { return false }
            return header.attributes.compression != CompressionCodec.none
        }
    }

    /// Validates what a producer sent and appends it, unless that may take long.
    ///
    /// - Parameter waiter: as in `PartitionLog.append`.
    /// - Returns: `nil`: nothing is done; call `appendFromClient(_:waiter:through:completion:)`, since the batch takes
    ///   long to read or batches that came before it are being read.
    package func appendFromClient(
        _ batch: ClientBatch,
        waiter: (any DurabilityWaiter)?
    ) throws(BrokerError) -> AppendResult? {
        guard self.validating.load(ordering: .sequentiallyConsistent) == 0 else { return nil }
        let rules = try self.writableRules()
        if rules.readsCompressedRecords, batch.isLongAndCompressed { return nil }
        if let recompression = rules.recompression, batch.isConcerned(by: recompression) { return nil }
        let batches: ValidatedBatches
        do {
            batches = try self.validate(batch, rules, decompressedBytesMax: ClientBatch.decompressedAtOnceBytesMax)
        } catch  where error.code == .decompressedTooLarge {
            return nil
        } catch {
            throw BrokerError(error)
        }
        return try self.append(batches, batch, rules, waiter)
    }

    /// The same on a thread of the validator, after the batches of this partition that are there already.
    ///
    /// - Parameter completion: called with the outcome, on any thread; it may come after `waiter` was called.
    package func appendFromClient(
        _ batch: ClientBatch,
        waiter: (any DurabilityWaiter)?,
        through validator: RecordValidator,
        completion: @escaping @Sendable (Result<AppendResult, BrokerError>) -> Void
    ) {
        self.validating.add(1, ordering: .sequentiallyConsistent)
        let isTaken = validator.submit(key: self.partition.hashValue, bytes: batch.records.readableBytes) {
            let outcome: Result<AppendResult, BrokerError>
            do throws(BrokerError) {
                outcome = .success(try self.validateAndAppend(batch, waiter))
            } catch {
                outcome = .failure(error)
            }
            // Only now may a batch that comes later be appended at once.
            self.validating.subtract(1, ordering: .sequentiallyConsistent)
            completion(outcome)
        }
        guard isTaken else {
            self.validating.subtract(1, ordering: .sequentiallyConsistent)
            return completion(.failure(BrokerError(.shuttingDown, "The broker is shutting down.")))
        }
    }

    private func validateAndAppend(
        _ batch: ClientBatch,
        _ waiter: (any DurabilityWaiter)?
    ) throws(BrokerError) -> AppendResult {
        let rules = try self.writableRules()
        let batches: ValidatedBatches
        do {
            let validated = try self.validate(batch, rules)
            batches = try rules.recompression?.apply(to: validated) ?? validated
        } catch {
            throw BrokerError(error)
        }
        return try self.append(batches, batch, rules, waiter)
    }

    private func validate(
        _ batch: ClientBatch,
        _ rules: Rules,
        decompressedBytesMax: Int = RecordBatchLimits().decompressedBytesMax
    ) throws(RecordBatchError) -> ValidatedBatches {
        try RecordBatchValidation.validate(
            batch.records,
            limits: RecordBatchLimits(
                batchBytesMax: rules.messageBytesMax,
                decompressedBytesMax: decompressedBytesMax,
                timestamps: rules.timestamps(at: batch.now),
                requiresKeys: rules.needsKeys
            ),
            context: .produce(version: batch.produceVersion),
            depth: rules.readsCompressedRecords || rules.recompression != nil ? .records : .header
        )
    }

    private func append(
        _ batches: ValidatedBatches,
        _ batch: ClientBatch,
        _ rules: Rules,
        _ waiter: (any DurabilityWaiter)?
    ) throws(BrokerError) -> AppendResult {
        let result: AppendResult
        if batches.headers.contains(where: { $0.attributes.isTransactional }) {
            result = try self.withOpenTransactions(of: batches) { () throws(BrokerError) in
                try self.appendOfClient(batches, batch, rules, waiter)
            }
        } else {
            result = try self.appendOfClient(batches, batch, rules, waiter)
        }
        if let onFirstClientBatch, !self.hasClientRecords.load(ordering: .relaxed),
            !self.hasClientRecords.exchange(true, ordering: .relaxed)
        {
            onFirstClientBatch()
        }
        return result
    }

    private func appendOfClient(
        _ batches: ValidatedBatches,
        _ batch: ClientBatch,
        _ rules: Rules,
        _ waiter: (any DurabilityWaiter)?
    ) throws(BrokerError) -> AppendResult {
        try self.append(
            batches,
            origin: .client,
            rules: rules,
            acknowledge: batch.acknowledge,
            now: batch.now,
            waiter: waiter
        )
    }

    /// A Kafka producer has written to the partition since it was opened.
    var wasWrittenByClients: Bool { self.hasClientRecords.load(ordering: .relaxed) }

    func writableRules() throws(BrokerError) -> Rules {
        let rules = self.rules.withLock { $0 }
        if rules.isSealed { throw self.sealed }
        return rules
    }

    /// What a producer is answered: for good once the metadata says so, and until then to try again, since the merge
    /// may not take place.
    private var sealed: BrokerError {
        guard self.isSealed else {
            return BrokerError(
                .log(.overloaded),
                "Partition \(self.partition.partition) of \(self.topicName) is being merged into another; try again."
            )
        }
        return BrokerError(
            .partitionSealed,
            "Partition \(self.partition.partition) of \(self.topicName) was merged into another and is sealed: "
                + "it can be read but not written."
        )
    }

    func append(
        _ batches: ValidatedBatches,
        origin: AppendOptions.Origin,
        rules: Rules,
        acknowledge: AppendOptions.Acknowledge,
        now: Timestamp,
        waiter: (any DurabilityWaiter)?
    ) throws(BrokerError) -> AppendResult {
        do {
            let result = try self.log.append(
                batches,
                options: AppendOptions(
                    origin: origin,
                    leaderEpoch: rules.leaderEpoch,
                    now: now,
                    acknowledge: acknowledge
                ),
                waiter: waiter
            )
            if origin != .coordinator, !result.isDuplicate {
                self.traffic.appended(
                    by: origin == .put ? .kinesis : .kafka,
                    bytes: batches.buffer.readableBytes,
                    records: Int(result.lastOffset - result.baseOffset + 1)
                )
            }
            return result
        } catch  where error.code == .sealed {
            throw self.sealed
        } catch {
            throw BrokerError(error)
        }
    }
}
