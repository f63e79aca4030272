internal import Broker
internal import KafkaProtocol
internal import LogCore
internal import TransactionCoordinator

/// The one table from the transaction coordinator's errors to Kafka's: by name.
extension ErrorCode {
    init(_ error: TransactionError?) {
        switch error {
        case nil: self = .none
        case .unknownServerError: self = .unknownServerError
        case .coordinatorLoadInProgress: self = .coordinatorLoadInProgress
        case .coordinatorNotAvailable: self = .coordinatorNotAvailable
        case .notCoordinator: self = .notCoordinator
        case .invalidRequest: self = .invalidRequest
        case .invalidTransactionTimeout: self = .invalidTransactionTimeout
        case .invalidProducerIDMapping: self = .invalidProducerIDMapping
        case .producerFenced: self = .producerFenced
        case .concurrentTransactions: self = .concurrentTransactions
        case .invalidTransactionState: self = .invalidTxnState
        case .transactionalIDNotFound: self = .transactionalIDNotFound
        case .transactionAbortable: self = .transactionAbortable
        }
    }

    /// For clients that know PRODUCER_FENCED from a later version on.
    init(_ error: TransactionError?, knowsFenced: Bool) {
        self = error == .producerFenced && !knowsFenced ? .invalidProducerEpoch : ErrorCode(error)
    }

    /// Of a produce whose transaction the coordinator was asked about.
    init(producing error: TransactionError, version: Int16) {
        switch error {
        case .producerFenced: self = .invalidProducerEpoch
        case .invalidProducerIDMapping: self = .invalidProducerIDMapping
        // Clients that add partitions by producing wait and try again; to earlier ones the code says nothing.
        case .concurrentTransactions: self = version >= 12 ? .concurrentTransactions : .notEnoughReplicas
        case .coordinatorLoadInProgress, .coordinatorNotAvailable, .notCoordinator: self = .notEnoughReplicas
        case .transactionAbortable: self = version >= 11 ? .transactionAbortable : .invalidTxnState
        case .unknownServerError, .invalidRequest, .invalidTransactionTimeout, .invalidTransactionState,
            .transactionalIDNotFound:
            self = .invalidTxnState
        }
    }

    /// Of a TxnOffsetCommit whose transaction the coordinator was asked about.
    init(committingOffsets error: TransactionError, version: Int16) {
        switch error {
        case .producerFenced: self = .invalidProducerEpoch
        case .concurrentTransactions: self = version >= 5 ? .concurrentTransactions : .coordinatorNotAvailable
        case .transactionAbortable: self = version >= 4 ? .transactionAbortable : .invalidTxnState
        case .coordinatorLoadInProgress, .coordinatorNotAvailable, .notCoordinator: self = .coordinatorNotAvailable
        case .invalidProducerIDMapping: self = .invalidProducerIDMapping
        case .unknownServerError, .invalidRequest, .invalidTransactionTimeout, .invalidTransactionState,
            .transactionalIDNotFound:
            self = .invalidTxnState
        }
    }

    /// Of a marker in one partition.
    init(_ result: MarkerResult) {
        switch result {
        case .ended(.written), .ended(.alreadyEnded): self = .none
        case .ended(.fenced): self = .invalidProducerEpoch
        case .ended(.coordinatorFenced): self = .transactionCoordinatorFenced
        case .unknownPartition: self = .unknownTopicOrPartition
        case .failed(let code): self.init(BrokerError(code, ""))
        }
    }
}
