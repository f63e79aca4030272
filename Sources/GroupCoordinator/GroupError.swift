package import Coordination

/// Why the coordinator refuses a request. Each case is the Kafka error of the same name; servers translate 1:1.
package enum GroupError: Error, Sendable, Hashable, CaseIterable {
    /// `UNKNOWN_SERVER_ERROR`
    case unknownServerError
    /// `OFFSET_METADATA_TOO_LARGE`, per partition.
    case offsetMetadataTooLarge
    /// `INVALID_COMMIT_OFFSET_SIZE`, per partition: committed offsets take as much memory as they may.
    case invalidCommitOffsetSize
    /// `COORDINATOR_LOAD_IN_PROGRESS`: the group's partition is being read after a start; retriable.
    case coordinatorLoadInProgress
    /// `COORDINATOR_NOT_AVAILABLE`: retriable.
    case coordinatorNotAvailable
    /// `NOT_COORDINATOR`: retriable after FindCoordinator.
    case notCoordinator
    /// `ILLEGAL_GENERATION`
    case illegalGeneration
    /// `INCONSISTENT_GROUP_PROTOCOL`
    case inconsistentGroupProtocol
    /// `INVALID_GROUP_ID`
    case invalidGroupID
    /// `UNKNOWN_MEMBER_ID`
    case unknownMemberID
    /// `INVALID_SESSION_TIMEOUT`
    case invalidSessionTimeout
    /// `REBALANCE_IN_PROGRESS`
    case rebalanceInProgress
    /// `INVALID_REQUEST`: a name is longer than Kafka's record formats can hold, or a list is unreasonable.
    case invalidRequest
    /// `NON_EMPTY_GROUP`
    case nonEmptyGroup
    /// `GROUP_ID_NOT_FOUND`
    case groupIDNotFound
    /// `MEMBER_ID_REQUIRED` (KIP-394)
    case memberIDRequired
    /// `GROUP_MAX_SIZE_REACHED` (KIP-389)
    case groupMaxSizeReached
    /// `FENCED_INSTANCE_ID` (KIP-345)
    case fencedInstanceID
    /// `GROUP_SUBSCRIBED_TO_TOPIC` (KIP-496), per partition.
    case groupSubscribedToTopic
    /// `UNSTABLE_OFFSET_COMMIT` (KIP-447), per partition.
    case unstableOffsetCommit
    /// `FENCED_MEMBER_EPOCH` (KIP-848): the member must give everything up and join again.
    case fencedMemberEpoch
    /// `STALE_MEMBER_EPOCH` (KIP-848): the member must try again with its newest epoch.
    case staleMemberEpoch
    /// `UNRELEASED_INSTANCE_ID` (KIP-848): another member has this instance ID.
    case unreleasedInstanceID
    /// `UNSUPPORTED_ASSIGNOR` (KIP-848)
    case unsupportedAssignor
    /// `INVALID_REGULAR_EXPRESSION`
    case invalidRegularExpression
    /// `UNSUPPORTED_VERSION`: the member's protocol needs a later version of the request.
    case unsupportedVersion
    /// `INVALID_PRODUCER_EPOCH`: the transaction's producer was fenced.
    case invalidProducerEpoch
    /// `INVALID_TXN_STATE`: the transaction was ended before its offsets came.
    case invalidTransactionState
}

extension GroupError {
    package init(_ error: CoordinatorError) {
        switch error {
        case .coordinatorLoadInProgress: self = .coordinatorLoadInProgress
        case .coordinatorNotAvailable: self = .coordinatorNotAvailable
        case .notCoordinator: self = .notCoordinator
        case .unknownServerError: self = .unknownServerError
        case .invalidProducerEpoch: self = .invalidProducerEpoch
        }
    }
}
