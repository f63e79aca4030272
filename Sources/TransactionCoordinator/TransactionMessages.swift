package import Coordination
package import Model

/// Why the coordinator refuses a request. Each case is the Kafka error of the same name.
package enum TransactionError: Error, Sendable, Hashable, CaseIterable {
    /// `UNKNOWN_SERVER_ERROR`: the transaction's record would be too large.
    case unknownServerError
    /// `COORDINATOR_LOAD_IN_PROGRESS`: retriable.
    case coordinatorLoadInProgress
    /// `COORDINATOR_NOT_AVAILABLE`: retriable.
    case coordinatorNotAvailable
    /// `NOT_COORDINATOR`: retriable after FindCoordinator.
    case notCoordinator
    /// `INVALID_REQUEST`: the transactional ID is empty, or too long for Kafka's record.
    case invalidRequest
    /// `INVALID_TRANSACTION_TIMEOUT`: not positive, or above `transaction.max.timeout.ms`.
    case invalidTransactionTimeout
    /// `INVALID_PRODUCER_ID_MAPPING`: the producer ID does not belong to the transactional ID.
    case invalidProducerIDMapping
    /// `PRODUCER_FENCED`: a later epoch is current.
    case producerFenced
    /// `CONCURRENT_TRANSACTIONS`: the transaction before is being ended; retriable.
    case concurrentTransactions
    /// `INVALID_TXN_STATE`
    case invalidTransactionState
    /// `TRANSACTIONAL_ID_NOT_FOUND`
    case transactionalIDNotFound
    /// `TRANSACTION_ABORTABLE`: the partition is not in the transaction, which the client must abort.
    case transactionAbortable

    package init(_ error: CoordinatorError) {
        switch error {
        case .coordinatorLoadInProgress: self = .coordinatorLoadInProgress
        case .coordinatorNotAvailable: self = .coordinatorNotAvailable
        case .notCoordinator: self = .notCoordinator
        case .unknownServerError, .invalidProducerEpoch: self = .unknownServerError
        }
    }
}

/// Who asks: a transactional ID and the producer that acts for it.
package struct TransactionalIdentity: Sendable, Hashable {
    package var transactionalID: String
    package var producer: TransactionalProducer

    package init(transactionalID: String, producerID: ProducerID, epoch: ProducerEpoch) {
        self.transactionalID = transactionalID
        self.producer = TransactionalProducer(id: producerID, epoch: epoch)
    }
}

/// InitProducerId with a transactional ID.
package struct InitProducerRequest: Sendable, Hashable {
    package var transactionalID: String
    package var timeoutMilliseconds: Int32
    /// What the producer has, when it continues after an error (KIP-360).
    package var expected: TransactionalProducer?

    package init(transactionalID: String, timeoutMilliseconds: Int32, expected: TransactionalProducer? = nil) {
        self.transactionalID = transactionalID
        self.timeoutMilliseconds = timeoutMilliseconds
        self.expected = expected
    }
}

/// The answer to a request that may change who the producer is: InitProducerId, EndTxn.
package enum ProducerAnswer: Sendable, Hashable {
    case producer(TransactionalProducer)
    case refused(TransactionError)
    /// Allocate a producer ID and ask again with it; nothing has changed.
    case needsProducerID
}

/// EndTxn.
package struct EndTransactionRequest: Sendable, Hashable {
    package var identity: TransactionalIdentity
    package var commits: Bool
    /// 2 when the client takes the epoch that the answer has (KIP-890).
    package var clientVersion: Int16

    package init(identity: TransactionalIdentity, commits: Bool, clientVersion: Int16) {
        self.identity = identity
        self.commits = commits
        self.clientVersion = clientVersion
    }
}

/// Markers that the shell writes, and then reports by `markersWritten`.
package struct MarkerRequest: Sendable, Hashable {
    package var transactionalID: String
    package var producer: TransactionalProducer
    package var commits: Bool
    package var partitions: [TransactionPartition]
    /// As in `AppendOptions`: with 2 the producer's epoch is a new one.
    package var transactionVersion: Int16

    package init(
        transactionalID: String,
        producer: TransactionalProducer,
        commits: Bool,
        partitions: [TransactionPartition],
        transactionVersion: Int16
    ) {
        self.transactionalID = transactionalID
        self.producer = producer
        self.commits = commits
        self.partitions = partitions
        self.transactionVersion = transactionVersion
    }
}

/// What a write's fate means to the machine.
package enum TransactionPurpose: Sendable, Hashable {
    /// A decision: markers are written once it is durable.
    case prepared(transactionalID: String)
    /// The end: tried again when it was refused.
    case completed(transactionalID: String)
}

/// The coordinator's timers.
package enum TransactionTimer: Sendable, Hashable {
    /// A transaction may have taken longer than its producer allows.
    case timeout(transactionalID: String)
    /// Markers that could not be written are tried again.
    case markers(transactionalID: String)
    /// Transactional IDs that nobody uses are looked for.
    case expiry
}

/// The coordinator's properties.
package struct TransactionSettings: Sendable, Hashable {
    /// `transaction.max.timeout.ms`
    package var timeoutMillisecondsMax: Int32 = 900_000
    /// `transactional.id.expiration.ms`
    package var idExpirationMilliseconds: Int64 = 604_800_000
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`
    package var expiryIntervalMilliseconds: Int64 = 3_600_000
    /// Markers that could not be written are tried again after this.
    package var markerRetryDelay = Duration.milliseconds(500)

    package init() {}
}

/// ListTransactions: what to list. Empty sets mean all.
package struct TransactionFilter: Sendable, Hashable {
    package var statuses: Set<TransactionStatus> = []
    package var producerIDs: Set<ProducerID> = []
    /// Ongoing for longer than this; `-1` means any.
    package var durationMilliseconds: Int64 = -1
    /// Set when a state was asked for that does not exist: then nothing has it.
    package var matchesNoStatus = false

    package init() {}
}
