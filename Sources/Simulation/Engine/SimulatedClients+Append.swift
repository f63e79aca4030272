internal import LogCore
internal import LogFiles
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization

extension SimulatedClients {
    /// Sends a batch to some partition. On an event loop.
    func append(on loop: SimulatedEventLoop) {
        guard let (_, partition, log) = self.pick() else { return }
        let usesProducer = !self.random.oneIn(3)
        let isTransactional = usesProducer && self.random.oneIn(3)
        var repeated: Int?
        var sent: SentBatch?
        var number = 0
        self.update(partition) { history, state in
            var batch = SentBatch(values: 0..<0, baseSequence: -1, valueBytes: 0, isTransactional: isTransactional)
            if usesProducer, history[of: batch].isInFlight { return }
            if usesProducer, let last = history[of: batch].lastBatch, self.random.oneIn(5) {
                repeated = last
                sent = state.batches[last]
                return
            }
            let count = self.random.within(1...5)
            let first = state.batchOfValue.count
            number = state.batches.count
            batch.values = first..<(first + count)
            batch.baseSequence = usesProducer ? history[of: batch].nextSequence : -1
            batch.valueBytes = self.random.oneIn(8) ? self.random.within(1_000...6_000) : self.random.within(8...200)
            state.batches.append(batch)
            state.batchOfValue += Array(repeating: number, count: count)
            if usesProducer { history[of: batch].isInFlight = true }
            sent = batch
        }
        guard let sent else { return }
        let producerID = usesProducer ? self.producerID(of: partition, isTransactional) : -1
        if let repeated {
            self.repeatBatch(repeated, sent, producerID, partition, log, loop)
        } else {
            self.send(sent, number: number, producerID, partition, log, loop)
        }
    }

    private func producerID(of partition: TopicPartition, _ isTransactional: Bool) -> Int64 {
        self.state.withLock { state in
            guard let history = state.histories.first(where: { $0.partition == partition }) else { return -1 }
            return isTransactional ? history.transactionalID : history.producerID
        }
    }

    func isSealed(_ partition: TopicPartition) -> Bool {
        self.state.withLock { $0.histories.first { $0.partition == partition }?.isSealed ?? false }
    }

    private func send(
        _ batch: SentBatch,
        number: Int,
        _ producerID: Int64,
        _ partition: TopicPartition,
        _ log: FilePartitionLog,
        _ loop: SimulatedEventLoop
    ) {
        let usesProducer = batch.baseSequence >= 0
        let waiter = SimulatedWaiter(loop) { error in
            self.answered(batch, number: number, partition, error)
        }
        let wasSealed = self.isSealed(partition)
        do {
            let result = try log.append(
                try self.encode(batch, producerID),
                options: self.options(),
                waiter: waiter
            )
            self.scheduler.note("assigned \(log.partition) batch \(number)", result.baseOffset)
            self.update(partition) { history, state in
                if result.isDuplicate { history.fail("a new batch was taken for a repetition") }
                if wasSealed, history.isSealed { history.fail("a sealed partition took a client's batch") }
                state.batches[number].baseOffset = result.baseOffset
                history.assigned(batch.values, at: result.baseOffset)
                if batch.isTransactional { history.isTransactionOpen = true }
            }
        } catch {
            let code = (error as? LogError)?.code
            self.scheduler.note("refused \(code.map { "\($0)" } ?? "")")
            self.update(partition) { history, state in
                state.refused += 1
                if usesProducer { history[of: batch].isInFlight = false }
                if code == .outOfOrderSequence || code == .duplicateSequence || code == .unknownProducerID
                    || code == .invalidTransactionState
                {
                    history.fail("the producer's next batch was refused: \(error)")
                }
            }
        }
    }

    private func answered(_ batch: SentBatch, number: Int, _ partition: TopicPartition, _ error: LogError?) {
        self.scheduler.note("answered \(error.map { "\($0.code)" } ?? "")", Int64(number))
        self.update(partition) { history, state in
            guard let base = state.batches[number].baseOffset else { return }
            let usesProducer = batch.baseSequence >= 0
            if let error {
                state.refused += 1
                // A refusal for want of room leaves the producer where it was. Others leave it open.
                if error.code == .diskFull, history.settings.isJournaled {
                    history.takenBack(batch.values, at: base)
                    // Whether the transaction had records before is for the log to say: this process does not end it.
                    if usesProducer, !batch.isTransactional { history.idempotent.isInFlight = false }
                }
                return
            }
            state.acknowledged += 1
            for (index, value) in batch.values.enumerated() { history.commit(value, at: base + Offset(index)) }
            if usesProducer {
                history[of: batch].isInFlight = false
                history[of: batch].nextSequence = batch.baseSequence + Int32(batch.values.count)
                history[of: batch].lastBatch = number
            }
        }
    }

    /// Sends the producer's last batch once more: it must be known.
    private func repeatBatch(
        _ number: Int,
        _ batch: SentBatch,
        _ producerID: Int64,
        _ partition: TopicPartition,
        _ log: FilePartitionLog,
        _ loop: SimulatedEventLoop
    ) {
        do {
            let result = try log.append(
                try self.encode(batch, producerID),
                options: self.options(),
                waiter: SimulatedWaiter(loop) { _ in }
            )
            self.update(partition) { history, _ in
                let first = batch.baseOffset ?? -1
                if !result.isDuplicate {
                    history.fail("batch \(number) was stored twice, at \(first) and \(result.baseOffset)")
                } else if result.baseOffset != first {
                    history.fail("batch \(number) at \(first) was found at \(result.baseOffset)")
                }
            }
        } catch {
            let code = (error as? LogError)?.code
            if code == .outOfOrderSequence || code == .duplicateSequence || code == .unknownProducerID {
                self.update(partition) { history, _ in
                    history.fail("the producer's last batch is not known any more: \(error)")
                }
            }
        }
    }

    func options(_ origin: AppendOptions.Origin = .client) -> AppendOptions {
        AppendOptions(
            origin: origin,
            leaderEpoch: LeaderEpoch(0),
            now: self.scheduler.wallMilliseconds,
            acknowledge: .durable
        )
    }

    private func encode(_ batch: SentBatch, _ producerID: Int64) throws(RecordBatchError) -> ValidatedBatches {
        var builder = RecordBatchBuilder(
            options: .init(
                producerID: ProducerID(producerID),
                producerEpoch: ProducerEpoch(producerID < 0 ? -1 : 0),
                baseSequence: batch.baseSequence,
                isTransactional: batch.isTransactional
            )
        )
        for value in batch.values {
            builder.append(
                key: nil,
                value: Self.bytes(of: value, count: batch.valueBytes),
                timestamp: self.scheduler.wallMilliseconds
            )
        }
        return try builder.finishValidated()
    }

    /// The bytes of a record: its number, and a filling that follows from it.
    static func bytes(of value: Int, count: Int) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(value)
        bytes.writeRepeatingByte(UInt8(truncatingIfNeeded: value &* 31), count: count - 8)
        return bytes
    }
}

/// Answers one append.
final class SimulatedWaiter: DurabilityWaiter {
    let eventLoop: any EventLoop
    private let action: @Sendable (LogError?) -> Void

    init(_ loop: SimulatedEventLoop, _ action: @escaping @Sendable (LogError?) -> Void) {
        self.eventLoop = loop
        self.action = action
    }

    func appendCompleted(_ error: LogError?) { self.action(error) }
}
