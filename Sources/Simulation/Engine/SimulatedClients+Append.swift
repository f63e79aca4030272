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
        var repeated: Int?
        var sent: SentBatch?
        var number = 0
        self.update(partition) { history, state in
            if usesProducer, history.isInFlight { return }
            if usesProducer, let last = history.lastBatch, self.random.oneIn(5) {
                repeated = last
                sent = state.batches[last]
                return
            }
            let count = self.random.within(1...5)
            let first = state.batchOfValue.count
            number = state.batches.count
            let batch = SentBatch(
                values: first..<(first + count),
                baseSequence: usesProducer ? history.nextSequence : -1,
                valueBytes: self.random.oneIn(8) ? self.random.within(1_000...6_000) : self.random.within(8...200)
            )
            state.batches.append(batch)
            state.batchOfValue += Array(repeating: number, count: count)
            if usesProducer { history.isInFlight = true }
            sent = batch
        }
        guard let sent else { return }
        let producerID = usesProducer ? self.producerID(of: partition) : -1
        if let repeated {
            self.repeatBatch(repeated, sent, producerID, partition, log, loop)
        } else {
            self.send(sent, number: number, producerID, partition, log, loop)
        }
    }

    private func producerID(of partition: TopicPartition) -> Int64 {
        self.state.withLock { $0.histories.first { $0.partition == partition }?.producerID ?? -1 }
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
        do {
            let result = try log.append(
                try self.encode(batch, producerID),
                options: self.options(),
                waiter: waiter
            )
            self.scheduler.note("assigned \(log.partition) batch \(number)", result.baseOffset)
            self.update(partition) { history, state in
                if result.isDuplicate { history.fail("a new batch was taken for a repetition") }
                state.batches[number].baseOffset = result.baseOffset
                history.assigned(batch.values, at: result.baseOffset)
            }
        } catch {
            let code = (error as? LogError)?.code
            self.scheduler.note("refused \(code.map { "\($0)" } ?? "")")
            self.update(partition) { history, state in
                state.refused += 1
                if usesProducer { history.isInFlight = false }
                if code == .outOfOrderSequence || code == .duplicateSequence || code == .unknownProducerID {
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
                    if usesProducer { history.isInFlight = false }
                }
                return
            }
            state.acknowledged += 1
            for (index, value) in batch.values.enumerated() { history.commit(value, at: base + Offset(index)) }
            if usesProducer {
                history.isInFlight = false
                history.nextSequence = batch.baseSequence + Int32(batch.values.count)
                history.lastBatch = number
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

    private func options() -> AppendOptions {
        AppendOptions(
            origin: .client,
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
                baseSequence: batch.baseSequence
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
private final class SimulatedWaiter: DurabilityWaiter {
    let eventLoop: any EventLoop
    private let action: @Sendable (LogError?) -> Void

    init(_ loop: SimulatedEventLoop, _ action: @escaping @Sendable (LogError?) -> Void) {
        self.eventLoop = loop
        self.action = action
    }

    func appendCompleted(_ error: LogError?) { self.action(error) }
}
