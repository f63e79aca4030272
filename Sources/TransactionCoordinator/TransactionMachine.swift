package import Coordination
package import Model

/// Coordinates the transactions of one partition of `__transaction_state` (KIP-98, KIP-360, KIP-890).
///
/// Sans-IO; see `CoordinatorMachine`. A transaction ends in two records: the decision (`prepareCommit`,
/// `prepareAbort`), after which no crash changes the outcome, and the completion, once each partition has its marker.
/// Both may be repeated: markers that are there already are found so by the partition.
///
/// The answer to EndTxn is given when the decision is durable and the markers were tried. So a producer's next
/// transaction does not meet the end of the one before, and its own readers see what it committed.
///
/// Bad input: what a client may not do is answered with a `TransactionError`; markers that are reported for an earlier
/// transaction are dropped.
package struct TransactionMachine: CoordinatorMachine {
    package typealias Record = TransactionRecord
    package typealias Timer = TransactionTimer
    package typealias Reply = ProducerAnswer
    package typealias Purpose = TransactionPurpose
    package typealias Effect = MarkerRequest
    package typealias Action = CoordinatorAction<TransactionMachine>
    package typealias Write = CoordinatorWrite<TransactionMachine>

    /// Transactional IDs that one event looks at for expiry.
    private static let expiryPortion = 512

    let settings: TransactionSettings
    /// Recorded state.
    var transactions = JournaledDictionary<String, TransactionMetadata>()
    /// The EndTxn that waits for each decision: live.
    var ending: [String: UInt64] = [:]
    /// Partitions whose markers could not be written yet: live. All of the transaction's when it is not here.
    var missingMarkers: [String: [TransactionPartition]] = [:]
    private var expiryRest: ArraySlice<String> = []

    package init(settings: TransactionSettings) { self.settings = settings }

    /// Everything that the partition's records say: for tests.
    package var recorded: [String: TransactionMetadata] { self.transactions.elements }

    // MARK: Records

    package mutating func replay(_ record: TransactionRecord, producer: ProducerID?) {
        self.transactions[record.transactionalID] = record.value
    }

    package mutating func journal(_ event: JournalEvent) { self.transactions.journal(event) }

    static func write(_ id: String, _ value: TransactionMetadata?, purpose: Purpose? = nil) -> Write {
        Write(records: [TransactionRecord(transactionalID: id, value: value)], purpose: purpose)
    }

    // MARK: Life

    package mutating func loadCompleted(now: Timestamp) -> [Action] {
        var actions: [Action] = [.startTimer(.expiry, .milliseconds(self.settings.expiryIntervalMilliseconds))]
        for id in self.transactions.keys.sorted() {
            guard let metadata = self.transactions[id] else { continue }
            switch metadata.status {
            case .ongoing: actions.append(self.timeoutTimer(id, metadata, now: now))
            case .prepareCommit, .prepareAbort: actions.append(.effect(self.markers(id, metadata)))
            case .empty, .completeCommit, .completeAbort, .dead, .prepareEpochFence: break
            }
        }
        return actions
    }

    package mutating func timerFired(_ timer: TransactionTimer, now: Timestamp) -> [Action] {
        switch timer {
        case .timeout(let id): return self.timeoutPassed(id, now: now)
        case .markers(let id):
            guard let metadata = self.transactions[id], metadata.status.isPrepared else { return [] }
            return [.effect(self.markers(id, metadata))]
        case .expiry: return self.expireNext(now: now)
        }
    }

    package mutating func writeCompleted(_ purpose: TransactionPurpose, now: Timestamp) -> [Action] {
        switch purpose {
        case .prepared(let id):
            guard let metadata = self.transactions[id], metadata.status.isPrepared else { return [] }
            return [.effect(self.markers(id, metadata))]
        case .completed: return []
        }
    }

    package mutating func writeFailed(
        _ purpose: TransactionPurpose,
        error: CoordinatorError,
        now: Timestamp
    ) -> [Action] {
        switch purpose {
        case .prepared(let id):
            var actions = self.answerEnd(id, .refused(TransactionError(error)))
            if let metadata = self.transactions[id], metadata.status == .ongoing {
                actions.append(self.timeoutTimer(id, metadata, now: now))
            }
            return actions
        case .completed(let id):
            return [.startTimer(.markers(transactionalID: id), self.settings.markerRetryDelay)]
        }
    }

    package mutating func dismissed(_ error: CoordinatorError, now: Timestamp) -> [Action] {
        defer { self.ending = [:] }
        return self.ending.sorted { $0.value < $1.value }.map { .reply($0.value, .refused(TransactionError(error))) }
    }

    // MARK: Time

    /// Fires again while the transaction lasts. Nothing is cancelled: a timer that finds its transaction ended is over.
    private func timeoutTimer(_ id: String, _ metadata: TransactionMetadata, now: Timestamp) -> Action {
        let (age, overflow) = now.subtractingReportingOverflow(metadata.start)
        let rest = overflow ? 0 : Int64(metadata.timeoutMilliseconds) - max(0, age)
        return .startTimer(.timeout(transactionalID: id), max(.milliseconds(rest), self.settings.markerRetryDelay))
    }

    private mutating func timeoutPassed(_ id: String, now: Timestamp) -> [Action] {
        guard let metadata = self.transactions[id], metadata.status == .ongoing else { return [] }
        let (age, overflow) = now.subtractingReportingOverflow(metadata.start)
        guard overflow || age >= Int64(metadata.timeoutMilliseconds) else {
            return [self.timeoutTimer(id, metadata, now: now)]
        }
        return [.append(self.fencingAbort(id, metadata, now: now))]
    }

    /// Looks through the next portion of transactional IDs; all of them once in an interval.
    private mutating func expireNext(now: Timestamp) -> [Action] {
        if self.expiryRest.isEmpty { self.expiryRest = self.transactions.keys.sorted()[...] }
        let portion = self.expiryRest.prefix(Self.expiryPortion)
        self.expiryRest = self.expiryRest.dropFirst(Self.expiryPortion)
        let expired = portion.filter { id in
            guard let metadata = self.transactions[id] else { return false }
            switch metadata.status {
            case .empty, .completeCommit, .completeAbort:
                let (age, overflow) = now.subtractingReportingOverflow(metadata.lastUpdate)
                return overflow ? now > metadata.lastUpdate : age >= self.settings.idExpirationMilliseconds
            case .ongoing, .prepareCommit, .prepareAbort, .dead, .prepareEpochFence: return false
            }
        }
        var actions: [Action] = []
        if !expired.isEmpty {
            actions.append(
                .append(Write(records: expired.map { TransactionRecord(transactionalID: $0, value: nil) }))
            )
        }
        let delay: Duration = self.expiryRest.isEmpty ? .milliseconds(self.settings.expiryIntervalMilliseconds) : .zero
        actions.append(.startTimer(.expiry, delay))
        return actions
    }

    // MARK: Markers

    /// The markers that the transaction still needs. An answer comes also when there are none to write.
    func markers(_ id: String, _ metadata: TransactionMetadata) -> MarkerRequest {
        MarkerRequest(
            transactionalID: id,
            producer: TransactionalProducer(id: metadata.producerID, epoch: metadata.producerEpoch),
            commits: metadata.status == .prepareCommit,
            partitions: self.missingMarkers[id] ?? metadata.partitions.sorted(),
            transactionVersion: metadata.clientVersion
        )
    }

    /// The shell has tried to write markers.
    ///
    /// - Parameter failed: partitions whose markers must be tried again. Partitions that are gone need none.
    package mutating func markersWritten(
        _ request: MarkerRequest,
        failed: [TransactionPartition],
        now: Timestamp
    ) -> [Action] {
        let id = request.transactionalID
        guard let metadata = self.transactions[id], metadata.status.isPrepared,
            metadata.producerID == request.producer.id, metadata.producerEpoch == request.producer.epoch
        else { return [] }
        let completed = self.completed(metadata, now: now)
        // The decision is durable, so the answer needs no marker; it only prefers to come after them.
        let answer = self.answerEnd(
            id,
            .producer(TransactionalProducer(id: completed.producerID, epoch: completed.producerEpoch))
        )
        guard failed.isEmpty else {
            self.missingMarkers[id] = failed
            return answer + [.startTimer(.markers(transactionalID: id), self.settings.markerRetryDelay)]
        }
        self.missingMarkers[id] = nil
        return [.append(Self.write(id, completed, purpose: .completed(transactionalID: id)))] + answer
    }

    private func completed(_ metadata: TransactionMetadata, now: Timestamp) -> TransactionMetadata {
        var completed = metadata
        completed.previousProducerID = metadata.producerID
        completed.status = metadata.status == .prepareCommit ? .completeCommit : .completeAbort
        completed.partitions = []
        completed.lastUpdate = now
        completed.nextProducerID = .none
        if metadata.nextProducerID != .none {
            completed.producerID = metadata.nextProducerID
            completed.producerEpoch = ProducerEpoch(0)
        }
        return completed
    }

    mutating func answerEnd(_ id: String, _ answer: ProducerAnswer) -> [Action] {
        self.ending.removeValue(forKey: id).map { [.reply($0, answer)] } ?? []
    }
}
