internal import KafkaProtocol
internal import LogCore
internal import RecordBatch

/// The table from Kafka's errors back to the broker's, for what another broker answered.
extension BrokerError {
    /// - Parameter message: of the answer, where there is one.
    init(answered code: ErrorCode, _ message: String?) {
        self.init(Self.code(answered: code), message.flatMap { $0.isEmpty ? nil : $0 } ?? code.message)
    }

    private static func code(answered code: ErrorCode) -> Code {
        switch code {
        case .offsetOutOfRange: .log(.offsetOutOfRange)
        case .corruptMessage: .log(.corruptBatch)
        case .messageTooLarge, .recordListTooLarge: .log(.batchTooLarge)
        case .outOfOrderSequenceNumber: .log(.outOfOrderSequence)
        case .duplicateSequenceNumber: .log(.duplicateSequence)
        case .invalidProducerEpoch: .log(.staleProducerEpoch)
        case .unknownProducerID: .log(.unknownProducerID)
        case .invalidTxnState: .log(.invalidTransactionState)
        case .transactionCoordinatorFenced: .log(.staleCoordinatorEpoch)
        case .fencedLeaderEpoch, .unknownLeaderEpoch: .log(.fencedLeaderEpoch)
        case .kafkaStorageError: .log(.storage)
        case .notEnoughReplicas: .log(.overloaded)
        case .invalidRecord: .batch(.badRecord)
        case .unsupportedCompressionType: .batch(.unsupportedCompression)
        case .invalidTimestamp: .batch(.invalidTimestamp)
        case .unknownTopicOrPartition: .unknownTopicOrPartition
        case .unknownTopicID, .inconsistentTopicID: .unknownTopicID
        case .notLeaderOrFollower, .leaderNotAvailable, .offsetNotAvailable: .partitionNotReady
        case .policyViolation: .partitionSealed
        case .throttlingQuotaExceeded: .quotaExceeded
        case .requestTimedOut, .notEnoughReplicasAfterAppend: .timedOut
        case .topicAuthorizationFailed, .clusterAuthorizationFailed: .topicNotAuthorized
        case .invalidTopic: .invalidTopicName
        case .invalidRequest: .invalidRequest
        default: .log(.storage)
        }
    }
}
