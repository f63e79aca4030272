package import LogCore
package import Model
package import NIOCore
internal import RecordBatch
internal import Synchronization

/// A partition that this broker leads: its log, and the rules that hold for clients which write to it.
package final class HostedPartition: Sendable {
    package let topicName: String
    package let log: any PartitionLog
    package let isInternal: Bool
    private let rules: Mutex<Rules>
    /// Taken before anything of the log; see `docs/lock-order.md`.
    let puts: Mutex<Puts>
    /// Producers whose transactions a coordinator has begun here, with their epochs.
    private let transactions = Mutex<[ProducerID: ProducerEpoch]>([:])

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
        shard: ShardGate.State
    ) {
        self.topicName = topicName
        self.log = log
        self.isInternal = isInternal
        self.rules = Mutex(rules)
        self.puts = Mutex(Puts(gate: ShardGate(shard)))
    }

    package var partition: TopicPartition { self.log.partition }
    package var leaderEpoch: LeaderEpoch { self.rules.withLock { $0.leaderEpoch } }
    package var isSealed: Bool { self.rules.withLock { $0.isSealed } }
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

    /// Validates what a producer sent and appends it.
    ///
    /// - Parameter records: the record batches of one partition of a Produce request (one batch; Kafka refuses more).
    /// - Parameter produceVersion: of the request, since zstd needs version 7.
    /// - Parameter waiter: as in `PartitionLog.append`.
    package func appendFromClient(
        _ records: ByteBuffer,
        produceVersion: Int16,
        acknowledge: AppendOptions.Acknowledge,
        now: Timestamp,
        waiter: (any DurabilityWaiter)?
    ) throws(BrokerError) -> AppendResult {
        let rules = try self.writableRules()
        let batches: ValidatedBatches
        do {
            batches = try RecordBatchValidation.validate(
                records,
                limits: RecordBatchLimits(
                    batchBytesMax: rules.messageBytesMax,
                    timestamps: rules.timestamps(at: now),
                    requiresKeys: rules.needsKeys
                ),
                context: .produce(version: produceVersion),
                depth: .header
            )
        } catch {
            throw BrokerError(error)
        }
        try self.checkTransactions(of: batches)
        return try self.append(
            batches,
            origin: .client,
            rules: rules,
            acknowledge: acknowledge,
            now: now,
            waiter: waiter
        )
    }

    /// Lets a producer write transactional batches: a coordinator keeps its transaction and will end it (KIP-890).
    package func transactionBegan(producer: ProducerID, epoch: ProducerEpoch) {
        self.transactions.withLock { $0[producer] = epoch }
    }

    /// The coordinator has ended the producer's transaction here.
    package func transactionEnded(producer: ProducerID) {
        self.transactions.withLock { $0[producer] = nil }
    }

    /// Without a coordinator nobody would ever end the transaction, and no committed read gets past its first record.
    private func checkTransactions(of batches: ValidatedBatches) throws(BrokerError) {
        for header in batches.headers where header.attributes.isTransactional {
            guard self.transactions.withLock({ $0[header.producerID] == header.producerEpoch }) else {
                throw BrokerError(
                    .log(.invalidTransactionState),
                    "No transaction of producer \(header.producerID) is registered with the partition."
                )
            }
        }
    }

    func writableRules() throws(BrokerError) -> Rules {
        let rules = self.rules.withLock { $0 }
        if rules.isSealed {
            throw BrokerError(
                .partitionSealed,
                "Partition \(self.partition.partition) of \(self.topicName) was merged into another and is sealed: "
                    + "it can be read but not written."
            )
        }
        return rules
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
            return try self.log.append(
                batches,
                options: AppendOptions(
                    origin: origin,
                    leaderEpoch: rules.leaderEpoch,
                    now: now,
                    acknowledge: acknowledge
                ),
                waiter: waiter
            )
        } catch {
            throw BrokerError(error)
        }
    }
}
