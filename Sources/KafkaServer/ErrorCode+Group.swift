internal import GroupCoordinator
internal import KafkaProtocol

/// The one table from the group coordinator's errors to Kafka's: by name.
extension ErrorCode {
    init(_ error: GroupError?) {
        guard let error else {
            self = .none
            return
        }
        switch error {
        case .unknownServerError: self = .unknownServerError
        case .offsetMetadataTooLarge: self = .offsetMetadataTooLarge
        case .invalidCommitOffsetSize: self = .invalidCommitOffsetSize
        case .coordinatorLoadInProgress: self = .coordinatorLoadInProgress
        case .coordinatorNotAvailable: self = .coordinatorNotAvailable
        case .notCoordinator: self = .notCoordinator
        case .illegalGeneration: self = .illegalGeneration
        case .inconsistentGroupProtocol: self = .inconsistentGroupProtocol
        case .invalidGroupID: self = .invalidGroupID
        case .unknownMemberID: self = .unknownMemberID
        case .invalidSessionTimeout: self = .invalidSessionTimeout
        case .rebalanceInProgress: self = .rebalanceInProgress
        case .invalidRequest: self = .invalidRequest
        case .nonEmptyGroup: self = .nonEmptyGroup
        case .groupIDNotFound: self = .groupIDNotFound
        case .memberIDRequired: self = .memberIDRequired
        case .groupMaxSizeReached: self = .groupMaxSizeReached
        case .fencedInstanceID: self = .fencedInstanceID
        case .groupSubscribedToTopic: self = .groupSubscribedToTopic
        case .unstableOffsetCommit: self = .unstableOffsetCommit
        case .fencedMemberEpoch: self = .fencedMemberEpoch
        case .staleMemberEpoch: self = .staleMemberEpoch
        case .unreleasedInstanceID: self = .unreleasedInstanceID
        case .unsupportedAssignor: self = .unsupportedAssignor
        case .invalidRegularExpression: self = .invalidRegularExpression
        case .unsupportedVersion: self = .unsupportedVersion
        case .invalidProducerEpoch: self = .invalidProducerEpoch
        case .invalidTransactionState: self = .invalidTxnState
        }
    }
}
