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
        case .notLeader: self = .notLeaderOrFollower
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
        case .policyViolation: self = .policyViolation
        // What a controller that cannot be reached answers; clients retry it.
        case .metadataUnavailable: self = .requestTimedOut
        case .conflict: self = .requestTimedOut
        case .timedOut: self = .requestTimedOut
        case .shuttingDown: self = .notLeaderOrFollower
        }
    }

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
        case .overloaded: self = .notEnoughReplicas
        case .partitionGone: self = .unknownTopicOrPartition
        case .closed: self = .notLeaderOrFollower
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
