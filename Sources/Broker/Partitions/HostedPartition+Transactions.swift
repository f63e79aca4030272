package import Coordination
package import LogCore
package import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization

// Transactional batches are appended only while the coordinator has the partition in the producer's transaction: it
// writes the marker that ends it (KIP-890). The first batch of a transaction has the coordinator asked; a marker that
// comes meanwhile makes that question void, so no batch slips in behind the marker.

extension HostedPartition {
    /// What the partition knows of its producers' transactions. A restart forgets it, and asks again.
    struct Transactions {
        struct Question {
            var id: UInt64
            var epoch: ProducerEpoch
            /// A marker came while the coordinator was asked.
            var isVoid = false
            /// Batches that came meanwhile, in order.
            var waiting: [@Sendable () -> Void] = []
        }

        /// Producers with an open transaction here, by epoch. Each gets a marker.
        var open: [ProducerID: ProducerEpoch] = [:]
        var questions: [ProducerID: Question] = [:]
        var lastID: UInt64 = 0
    }

    /// A question to the coordinator that is under way.
    package struct TransactionQuestion: Sendable {
        package let producer: TransactionalProducer
        fileprivate let id: UInt64
    }

    package enum TransactionAdmission: Sendable {
        /// Append; the append itself refuses what must not be.
        case open
        /// Ask the coordinator, and answer by `transactionKnown`.
        case ask(TransactionQuestion)
        /// Somebody asks already; `whenKnown` is called.
        case wait
    }

    /// Whether a producer's transactional batch can be appended now.
    ///
    /// - Parameter whenKnown: called once if the answer is `wait`, in the order of the calls, on any thread.
    package func admitTransaction(
        of producer: TransactionalProducer,
        whenKnown: @escaping @Sendable () -> Void
    ) -> TransactionAdmission {
        self.transactions.withLock { state in
            if state.questions[producer.id] != nil {
                state.questions[producer.id]?.waiting.append(whenKnown)
                return .wait
            }
            if state.open[producer.id] == producer.epoch { return .open }
            state.lastID += 1
            state.questions[producer.id] = Transactions.Question(id: state.lastID, epoch: producer.epoch)
            return .ask(TransactionQuestion(producer: producer, id: state.lastID))
        }
    }

    /// The coordinator has answered.
    ///
    /// - Parameter isOpen: whether the partition is in the producer's transaction.
    /// - Returns: those that waited, to be called after the batch that asked was appended.
    package func transactionKnown(_ question: TransactionQuestion, isOpen: Bool) -> [@Sendable () -> Void] {
        self.transactions.withLock { state in
            let id = question.producer.id
            guard let asked = state.questions[id], asked.id == question.id else { return [] }
            state.questions[id] = nil
            if isOpen, !asked.isVoid { state.open[id] = asked.epoch }
            return asked.waiting
        }
    }

    /// Whether the coordinator has the partition in the producer's transaction, as far as was asked.
    package func hasOpenTransaction(of producer: TransactionalProducer) -> Bool {
        self.transactions.withLock { $0.open[producer.id] == producer.epoch }
    }

    /// A marker takes its place.
    package func transactionEnded(producer: ProducerID) {
        self.transactions.withLock { $0.ended(producer) }
    }

    /// Appends the marker that ends a producer's transaction, unless it is there.
    ///
    /// - Parameter waiter: told when the marker is durable, if the outcome is `written` or `alreadyEnded`: one that is
    ///   there may be a moment old, and the coordinator must not forget the transaction while a crash can take it back.
    package func appendMarker(
        _ marker: TransactionEnd,
        now: Timestamp,
        waiter: any DurabilityWaiter
    ) throws(BrokerError) -> TransactionEnd.Outcome {
        let leaderEpoch = self.leaderEpoch
        return try self.transactions.withLock { (state) throws(BrokerError) in
            state.ended(marker.producerID)
            let outcome = marker.outcome(after: self.log.producerState(of: marker.producerID))
            switch outcome {
            case .written: break
            case .alreadyEnded:
                self.whenDurable(waiter)
                return outcome
            case .fenced, .coordinatorFenced: return outcome
            }
            var options = AppendOptions(
                origin: .coordinator,
                leaderEpoch: leaderEpoch,
                now: now,
                acknowledge: .durable
            )
            options.transactionVersion = marker.transactionVersion
            do throws(LogError) {
                _ = try self.log.append(marker.encodeBatch(timestamp: now), options: options, waiter: waiter)
            } catch {
                throw BrokerError(error)
            }
            return .written
        }
    }

    /// Tells the waiter when all that was appended up to now is durable.
    private func whenDurable(_ waiter: any DurabilityWaiter) {
        let end = self.log.offsets.logEnd
        let reader = ReadWaiter(eventLoop: waiter.eventLoop) { [log] in
            let isDurable = log.offsets.highWatermark >= end
            waiter.appendCompleted(isDurable ? nil : LogError(.storage, "the partition failed before \(end)"))
        }
        guard !self.log.addReadWaiter(reader, after: end - 1, isolation: .readUncommitted), reader.claim() else {
            return
        }
        waiter.eventLoop.execute { waiter.appendCompleted(LogError(.overloaded, "too many wait for the partition")) }
    }

    /// Appends transactional batches unless a transaction of theirs is not open. Without one nobody would ever end it,
    /// and no committed read gets past its first record.
    func withOpenTransactions(
        of batches: ValidatedBatches,
        _ append: () throws(BrokerError) -> AppendResult
    ) throws(BrokerError) -> AppendResult {
        try self.transactions.withLock { (state) throws(BrokerError) in
            for header in batches.headers where header.attributes.isTransactional {
                guard state.open[header.producerID] == header.producerEpoch else {
                    throw BrokerError(
                        .log(.invalidTransactionState),
                        "No transaction of producer \(header.producerID) is registered with the partition."
                    )
                }
            }
            return try append()
        }
    }
}

extension HostedPartition.Transactions {
    fileprivate mutating func ended(_ producer: ProducerID) {
        self.open[producer] = nil
        self.questions[producer]?.isVoid = true
    }
}
