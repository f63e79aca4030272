internal import Broker
internal import KafkaProtocol
internal import LogCore
internal import RecordBatch

/// The one table from the broker's errors to Kafka's.
extension ErrorCode {
    init(_ error: BrokerError) {
        switch error.code {
        case .log(let code): self.init(code)
        case .batch(let code): self.init(code)
        case .unknownTopicOrPartition: self = .unknownTopicOrPartition
        case .unknownTopicID: self = .unknownTopicID
        // Of a partition that is not ready: what Kafka answers of one that its broker has not taken yet.
        case .notLeader, .partitionNotReady: self = .notLeaderOrFollower
        case .shardClosed, .conflict: self = .requestTimedOut
        case .partitionSealed: self = .policyViolation
        case .topicAlreadyExists: self = .topicAlreadyExists
        case .invalidTopicName: self = .invalidTopic
        case .invalidPartitionCount: self = .invalidPartitions
        case .limitExceeded: self = .invalidPartitions
        case .invalidReplicationFactor: self = .invalidReplicationFactor
        case .invalidReplicaAssignment: self = .invalidReplicaAssignment
        case .invalidConfig: self = .invalidConfig
        case .invalidRequest: self = .invalidRequest
        case .topicDeletionDisabled: self = .topicDeletionDisabled
        case .topicNotAuthorized: self = .topicAuthorizationFailed
        case .policyViolation: self = .policyViolation
        case .quotaExceeded: self = .throttlingQuotaExceeded
        // What a controller that cannot be reached answers; clients retry it.
        case .metadataUnavailable: self = .requestTimedOut
        case .timedOut: self = .requestTimedOut
        case .shuttingDown: self = .notLeaderOrFollower
        }
    }

    /// Of an append.
    init(_ code: LogError.Code) {
        switch code {
        case .offsetOutOfRange: self = .offsetOutOfRange
        case .corruptBatch: self = .corruptMessage
        case .batchTooLarge: self = .messageTooLarge
        case .outOfOrderSequence: self = .outOfOrderSequenceNumber
        case .duplicateSequence: self = .duplicateSequenceNumber
        case .staleProducerEpoch: self = .invalidProducerEpoch
        case .unknownProducerID: self = .unknownProducerID
        case .invalidTransactionState: self = .invalidTxnState
        case .staleCoordinatorEpoch: self = .transactionCoordinatorFenced
        case .fencedLeaderEpoch: self = .fencedLeaderEpoch
        // Retriable, and the client looks for the partition again.
        case .diskFull, .storage: self = .kafkaStorageError
        // Retriable: the batch was not taken.
        case .overloaded, .readersBusy: self = .notEnoughReplicas
        case .sealed: self = .policyViolation
        case .partitionGone: self = .unknownTopicOrPartition
        case .closed: self = .notLeaderOrFollower
        }
    }

    /// Of a read, see `init(reading:usesTopicIDs:)`.
    init(reading error: BrokerError, usesTopicIDs: Bool = false) {
        if case .log(let code) = error.code {
            self.init(reading: code, usesTopicIDs: usesTopicIDs)
        } else {
            self.init(error)
        }
    }

    /// Of a read: Fetch, ListOffsets, and DeleteRecords, which moves what readers see.
    ///
    /// A consumer knows fewer codes than a producer. Java's ends with an exception at one that Fetch is not known to
    /// answer, and librdkafka hands it to the application. NOT_LEADER_OR_FOLLOWER has every client look for the
    /// partition again and repeat the request, and so has KAFKA_STORAGE_ERROR.
    ///
    /// - Parameter usesTopicIDs: the request names topics by ID, so that a topic which is gone is an unknown ID.
    init(reading code: LogError.Code, usesTopicIDs: Bool = false) {
        switch code {
        case .offsetOutOfRange: self = .offsetOutOfRange
        case .corruptBatch: self = .corruptMessage
        case .fencedLeaderEpoch: self = .fencedLeaderEpoch
        case .diskFull, .storage: self = .kafkaStorageError
        case .overloaded, .readersBusy, .closed: self = .notLeaderOrFollower
        case .partitionGone: self = usesTopicIDs ? .unknownTopicID : .unknownTopicOrPartition
        // No read ends with these.
        case .batchTooLarge, .outOfOrderSequence, .duplicateSequence, .staleProducerEpoch, .unknownProducerID,
            .invalidTransactionState, .staleCoordinatorEpoch, .sealed:
            self = .unknownServerError
        }
    }

    /// As Kafka's produce path answers each fault (see the cases' comments).
    init(_ code: RecordBatchError.Code) {
        switch code {
        case .truncated, .noBatch, .trailingBytes, .unsupportedMagic, .badRecord, .badCount, .badBaseOffset,
            .badProducer, .controlFromClient, .missingKey:
            self = .invalidRecord
        case .badMagic, .badLength, .badCRC, .decompressionFailed: self = .corruptMessage
        case .tooLarge, .decompressedTooLarge: self = .messageTooLarge
        case .unsupportedCompression: self = .unsupportedCompressionType
        case .invalidTimestamp: self = .invalidTimestamp
        }
    }
}
