internal import Broker
internal import KinesisProtocol
internal import LogCore

/// The one table from the broker's errors to those of the Kinesis API.
///
/// What a client should simply try again is `InternalFailure` (500), or
/// `ProvisionedThroughputExceededException` where a queue is full: every SDK and the KPL retry both.
extension KinesisError {
    init(_ error: BrokerError, stream: String, account: String) {
        switch error.code {
        case .log(let code):
            self.init(LogError(code, error.message), stream: stream, account: account)
        case .unknownTopicOrPartition, .unknownTopicID:
            self = .streamNotFound(stream, account: account)
        case .topicAlreadyExists:
            self.init(.resourceInUse, "Stream \(stream) under account \(account) already exists.")
        case .conflict:
            self.init(.resourceInUse, "Stream \(stream) under account \(account) not ACTIVE, instead in state UPDATING")
        case .invalidTopicName, .invalidPartitionCount, .invalidReplicationFactor, .invalidReplicaAssignment,
            .invalidConfig, .invalidRequest, .policyViolation:
            self.init(.invalidArgument, error.message)
        case .limitExceeded, .quotaExceeded:
            self.init(.limitExceeded, error.message)
        case .topicDeletionDisabled, .topicNotAuthorized:
            self.init(.accessDenied, error.message)
        case .batch, .partitionSealed, .shardClosed, .metadataUnavailable, .notLeader, .partitionNotReady,
            .timedOut:
            self = .internalFailure
        case .shuttingDown:
            self.init(.serviceUnavailable, "The server is shutting down.")
        }
    }

    init(_ error: LogError, stream: String, account: String) {
        switch error.code {
        case .partitionGone:
            self = .streamNotFound(stream, account: account)
        case .overloaded, .readersBusy:
            self.init(
                .provisionedThroughputExceeded,
                "Rate exceeded for stream \(stream) under account \(account)."
            )
        case .batchTooLarge:
            self.init(.invalidArgument, error.message)
        case .diskFull:
            self.init(.internalFailure, "The disk of the server is full: nothing was stored. Try again later.")
        case .closed:
            self.init(.serviceUnavailable, "The server is shutting down.")
        case .offsetOutOfRange, .corruptBatch, .outOfOrderSequence, .duplicateSequence, .staleProducerEpoch,
            .unknownProducerID, .invalidTransactionState, .staleCoordinatorEpoch, .fencedLeaderEpoch, .storage,
            .sealed:
            self = .internalFailure
        }
    }

    static let internalFailure = KinesisError(.internalFailure, "Internal service failure.")

    static func streamNotFound(_ stream: String, account: String) -> KinesisError {
        KinesisError(.resourceNotFound, "Stream \(stream) under account \(account) not found.")
    }

    /// The shard's partition is offline, or another server leads it. SDKs retry a 503.
    static func shardUnavailable(_ shard: String, stream: String) -> KinesisError {
        KinesisError(.serviceUnavailable, "Shard \(shard) in stream \(stream) is not available on this server now.")
    }

    /// Records of the shard are damaged on the disk; others of it can be read by an iterator behind them.
    static func damagedShard(_ shard: String, stream: String, _ damage: String) -> KinesisError {
        KinesisError(.internalFailure, "Shard \(shard) in stream \(stream) cannot be read here: \(damage).")
    }

    /// A name that no shard of the stream has, or that no shard can have.
    static func shardNotNamed(_ shard: String, stream: String, account: String) -> KinesisError {
        KinesisError(
            .resourceNotFound,
            "Could not find shard \(shard) in stream \(stream) under account \(account)."
        )
    }

    static func shardNotFound(_ shard: String, stream: String, account: String) -> KinesisError {
        KinesisError(
            .resourceNotFound,
            "Shard \(shard) in stream \(stream) under account \(account) does not exist"
        )
    }
}
