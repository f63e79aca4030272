internal import Coordination
package import Model

extension TransactionMachine {
    /// What the key of Kafka's record can hold.
    private static let idBytesMax = Int(Int16.max)

    private static func problem(with id: String) -> TransactionError? {
        id.isEmpty || id.utf8.count > Self.idBytesMax ? .invalidRequest : nil
    }

    // MARK: InitProducerId

    /// Gives the transactional ID a producer that fences all earlier ones. The answer is held until `write` is durable.
    ///
    /// - Parameter fresh: a producer ID that nobody has, once the machine has asked for one.
    package mutating func initProducerRequested(
        _ request: InitProducerRequest,
        fresh: ProducerID?,
        now: Timestamp
    ) -> (answer: ProducerAnswer, write: Write?) {
        if let error = Self.problem(with: request.transactionalID) { return (.refused(error), nil) }
        guard request.timeoutMilliseconds > 0, request.timeoutMilliseconds <= self.settings.timeoutMillisecondsMax
        else {
            return (.refused(.invalidTransactionTimeout), nil)
        }
        guard let metadata = self.transactions[request.transactionalID] else {
            guard let fresh else { return (.needsProducerID, nil) }
            return self.initialized(
                request,
                TransactionMetadata(
                    producerID: fresh,
                    producerEpoch: ProducerEpoch(0),
                    timeoutMilliseconds: request.timeoutMilliseconds,
                    lastUpdate: now
                )
            )
        }
        if let expected = request.expected, !Self.isKnown(expected, in: metadata) {
            return (.refused(.producerFenced), nil)
        }
        switch metadata.status {
        case .prepareCommit, .prepareAbort, .dead, .prepareEpochFence:
            return (.refused(.concurrentTransactions), nil)
        case .ongoing:
            // An earlier producer's epoch must not end what a later one has begun.
            if let expected = request.expected, expected.epoch != metadata.producerEpoch {
                return (.refused(.producerFenced), nil)
            }
            return (.refused(.concurrentTransactions), self.fencingAbort(request.transactionalID, metadata, now: now))
        case .empty, .completeCommit, .completeAbort:
            return self.renewed(request, metadata, fresh: fresh, now: now)
        }
    }

    private static func isKnown(_ expected: TransactionalProducer, in metadata: TransactionMetadata) -> Bool {
        expected.id == metadata.producerID
            || (expected.id == metadata.previousProducerID && TransactionMetadata.isExhausted(expected.epoch))
    }

    private func renewed(
        _ request: InitProducerRequest,
        _ metadata: TransactionMetadata,
        fresh: ProducerID?,
        now: Timestamp
    ) -> (answer: ProducerAnswer, write: Write?) {
        var renewed = metadata
        renewed.previousProducerID = metadata.producerID
        renewed.timeoutMilliseconds = request.timeoutMilliseconds
        renewed.status = .empty
        renewed.partitions = []
        renewed.start = -1
        renewed.lastUpdate = now
        if let expected = request.expected, expected.epoch != metadata.producerEpoch {
            // The retry of a call that succeeded. A producer that came between would have cleared the last epoch.
            guard expected.epoch == metadata.lastProducerEpoch, expected.epoch != .none else {
                return (.refused(.producerFenced), nil)
            }
            renewed.previousProducerID = metadata.previousProducerID
            return self.initialized(request, renewed)
        }
        renewed.lastProducerEpoch = request.expected == nil ? .none : metadata.producerEpoch
        if metadata.isExhausted {
            guard let fresh else { return (.needsProducerID, nil) }
            renewed.producerID = fresh
            renewed.producerEpoch = ProducerEpoch(0)
        } else {
            renewed.producerEpoch = metadata.nextEpoch
        }
        return self.initialized(request, renewed)
    }

    private func initialized(
        _ request: InitProducerRequest,
        _ metadata: TransactionMetadata
    ) -> (answer: ProducerAnswer, write: Write?) {
        (
            .producer(TransactionalProducer(id: metadata.producerID, epoch: metadata.producerEpoch)),
            Self.write(request.transactionalID, metadata)
        )
    }

    /// Aborts under an epoch that no client has: what its producer still sends is fenced.
    func fencingAbort(_ id: String, _ metadata: TransactionMetadata, now: Timestamp) -> Write {
        var aborted = metadata
        aborted.previousProducerID = metadata.producerID
        aborted.producerEpoch = metadata.nextEpoch
        aborted.lastProducerEpoch = .none
        aborted.status = .prepareAbort
        aborted.lastUpdate = now
        return Self.write(id, aborted, purpose: .prepared(transactionalID: id))
    }

    // MARK: Add

    /// AddPartitionsToTxn, AddOffsetsToTxn, and what Produce and TxnOffsetCommit add by themselves (KIP-890). The
    /// answer is held until the write is durable.
    ///
    /// - Parameter clientVersion: 2 for clients that bump epochs.
    /// - Returns: actions that carry the write, and start the timeout of a new transaction.
    package mutating func partitionsAdded(
        _ partitions: Set<TransactionPartition>,
        by identity: TransactionalIdentity,
        clientVersion: Int16,
        now: Timestamp
    ) -> (error: TransactionError?, actions: [Action]) {
        let id = identity.transactionalID
        if let error = Self.problem(with: id) { return (error, []) }
        guard let metadata = self.transactions[id], metadata.producerID == identity.producer.id else {
            return (.invalidProducerIDMapping, [])
        }
        guard metadata.producerEpoch == identity.producer.epoch else { return (.producerFenced, []) }
        var added = metadata
        switch metadata.status {
        case .prepareCommit, .prepareAbort, .dead, .prepareEpochFence: return (.concurrentTransactions, [])
        case .ongoing:
            guard !partitions.isSubset(of: metadata.partitions) else { return (nil, []) }
            added.partitions.formUnion(partitions)
        case .empty, .completeCommit, .completeAbort:
            added.partitions = partitions
            added.start = now
        }
        added.previousProducerID = metadata.producerID
        added.status = .ongoing
        added.lastUpdate = now
        added.clientVersion = clientVersion
        var actions: [Action] = [.append(Self.write(id, added))]
        if metadata.status != .ongoing {
            let timeout = Duration.milliseconds(Int64(metadata.timeoutMilliseconds))
            actions.append(.startTimer(.timeout(transactionalID: id), timeout))
        }
        return (nil, actions)
    }

    /// Whether partitions are in the producer's transaction (AddPartitionsToTxn with `verifyOnly`).
    ///
    /// - Returns: the error of all partitions, or those that are not in it, whose error is `transactionAbortable`.
    package func verification(
        of partitions: [TransactionPartition],
        by identity: TransactionalIdentity
    ) -> (error: TransactionError?, missing: Set<TransactionPartition>) {
        if let error = Self.problem(with: identity.transactionalID) { return (error, []) }
        guard let metadata = self.transactions[identity.transactionalID],
            metadata.producerID == identity.producer.id
        else { return (.invalidProducerIDMapping, []) }
        guard metadata.producerEpoch == identity.producer.epoch else { return (.producerFenced, []) }
        if metadata.status.isPrepared { return (.concurrentTransactions, []) }
        return (nil, Set(partitions).subtracting(metadata.partitions))
    }

    // MARK: End

    /// EndTxn. The answer is a reply to the token: at once when it is refused, else when the decision is durable.
    ///
    /// - Parameter fresh: a producer ID that nobody has, once the machine has asked for one.
    package mutating func endRequested(
        _ request: EndTransactionRequest,
        fresh: ProducerID?,
        token: UInt64,
        now: Timestamp
    ) -> [Action] {
        let id = request.identity.transactionalID
        switch self.end(request) {
        case .answer(let answer): return [.reply(token, answer)]
        case .prepare(let metadata):
            var prepared = metadata
            prepared.previousProducerID = metadata.producerID
            prepared.status = request.commits ? .prepareCommit : .prepareAbort
            prepared.lastUpdate = now
            prepared.clientVersion = request.clientVersion
            if metadata.status != .ongoing { prepared.start = now }
            if request.clientVersion >= 2 {
                if metadata.isExhausted {
                    guard let fresh else { return [.reply(token, .needsProducerID)] }
                    prepared.nextProducerID = fresh
                }
                prepared.lastProducerEpoch = metadata.producerEpoch
                prepared.producerEpoch = metadata.nextEpoch
            }
            self.ending[id] = token
            return [.append(Self.write(id, prepared, purpose: .prepared(transactionalID: id)))]
        }
    }

    private enum EndStep {
        case answer(ProducerAnswer)
        /// Decide, from this state.
        case prepare(TransactionMetadata)
    }

    private func end(_ request: EndTransactionRequest) -> EndStep {
        let producer = request.identity.producer
        func refuse(_ error: TransactionError) -> EndStep { .answer(.refused(error)) }
        if let error = Self.problem(with: request.identity.transactionalID) { return refuse(error) }
        guard let metadata = self.transactions[request.identity.transactionalID] else {
            return refuse(.invalidProducerIDMapping)
        }
        // The client has not heard the epoch, or the ID, that the end of its transaction gave it.
        let isBumped =
            metadata.bumpsEpochs && producer.id == metadata.producerID
            && Int(metadata.producerEpoch.rawValue) == Int(producer.epoch.rawValue) + 1
        let isRotated =
            metadata.bumpsEpochs && producer.id == metadata.previousProducerID && metadata.producerEpoch.rawValue == 0
            && producer.id != metadata.producerID && producer.epoch.rawValue == Int16.max - 1
        guard producer.id == metadata.producerID || isRotated else { return refuse(.invalidProducerIDMapping) }
        let isCurrent = producer.id == metadata.producerID && producer.epoch == metadata.producerEpoch
        let isRetry = isBumped || isRotated
        let startsEmpty = !request.commits && request.clientVersion >= 2
        switch metadata.status {
        case .ongoing:
            return isCurrent ? .prepare(metadata) : refuse(.producerFenced)
        case .empty:
            guard isCurrent else { return refuse(.producerFenced) }
            return startsEmpty ? .prepare(metadata) : refuse(.invalidTransactionState)
        case .prepareCommit, .prepareAbort:
            guard metadata.bumpsEpochs ? isBumped : isCurrent else { return refuse(.producerFenced) }
            let isSame = request.commits == (metadata.status == .prepareCommit)
            return refuse(isSame ? .concurrentTransactions : .invalidTransactionState)
        case .completeCommit, .completeAbort:
            guard isCurrent || isRetry else { return refuse(.producerFenced) }
            let isSame = request.commits == (metadata.status == .completeCommit)
            if isSame, isRetry || !metadata.bumpsEpochs {
                return .answer(
                    .producer(TransactionalProducer(id: metadata.producerID, epoch: metadata.producerEpoch))
                )
            }
            if metadata.bumpsEpochs, isCurrent, startsEmpty { return .prepare(metadata) }
            return refuse(.invalidTransactionState)
        case .dead, .prepareEpochFence:
            return refuse(.invalidTransactionState)
        }
    }

    // MARK: Describe

    /// DescribeTransactions: one transactional ID.
    package func description(of id: String) -> Result<TransactionMetadata, TransactionError> {
        if id.isEmpty { return .failure(.invalidRequest) }
        return self.transactions[id].map { .success($0) } ?? .failure(.transactionalIDNotFound)
    }

    /// ListTransactions, in the order of the transactional IDs.
    package func listing(_ filter: TransactionFilter, now: Timestamp) -> [(id: String, metadata: TransactionMetadata)] {
        if filter.matchesNoStatus { return [] }
        return self.transactions.elements.lazy.filter { _, metadata in
            if !filter.statuses.isEmpty, !filter.statuses.contains(metadata.status) { return false }
            if !filter.producerIDs.isEmpty, !filter.producerIDs.contains(metadata.producerID) { return false }
            guard filter.durationMilliseconds >= 0 else { return true }
            guard metadata.start >= 0 else { return false }
            let (age, overflow) = now.subtractingReportingOverflow(metadata.start)
            return !overflow && age > filter.durationMilliseconds
        }
        .map { (id: $0.key, metadata: $0.value) }
        .sorted { $0.id < $1.id }
    }
}
