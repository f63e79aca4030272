internal import Broker
internal import GroupCoordinator
internal import LogCore
internal import Metadata
internal import NIOCore
internal import Text

/// Why a request to the API is refused: one shape for all of them.
struct APIProblem: Error {
    var status: Int
    /// For programs, in kebab case.
    var code: String
    /// What happened.
    var message: String
    /// What helps.
    var hint: String

    init(_ status: Int, _ code: String, _ message: String, hint: String = "") {
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
    }

    static func badRequest(_ message: String, hint: String = "") -> APIProblem {
        APIProblem(400, "bad-request", message, hint: hint)
    }

    static func noTopic(_ name: String) -> APIProblem {
        APIProblem(
            404,
            "topic-not-found",
            "There is no topic \(name.prefix(TopicName.lengthMax)).",
            hint: "GET /api/v1/topics lists them."
        )
    }

    static func noGroup(_ id: String) -> APIProblem {
        APIProblem(
            404,
            "group-not-found",
            "There is no group \(id.prefix(256)).",
            hint: "GET /api/v1/groups lists them."
        )
    }

    init(_ problem: PageProblem) { self = .badRequest(problem.message) }

    init(_ error: BrokerError) {
        let (status, code, hint): (Int, String, String) =
            switch error.code {
            case .unknownTopicOrPartition, .unknownTopicID: (404, "not-found", "")
            case .topicAlreadyExists: (409, "exists", "")
            case .invalidTopicName, .invalidPartitionCount, .invalidReplicationFactor, .invalidReplicaAssignment,
                .invalidRequest:
                (400, "bad-request", "")
            case .invalidConfig: (400, "bad-setting", "GET /api/v1/topics/{topic} lists the settings.")
            case .conflict: (409, "conflict", "Try again.")
            case .limitExceeded: (409, "limit-exceeded", "")
            case .policyViolation, .topicDeletionDisabled, .partitionSealed, .shardClosed: (409, "refused", "")
            case .topicNotAuthorized: (403, "not-allowed", "")
            case .quotaExceeded: (429, "too-often", "Wait a moment.")
            case .notLeader: (409, "elsewhere", "Ask the broker that leads it.")
            case .shuttingDown, .metadataUnavailable, .partitionNotReady, .timedOut: (503, "unavailable", "Try again.")
            case .log(.offsetOutOfRange):
                (400, "offset-out-of-range", "GET …/partitions has the offsets that there are.")
            case .log(.overloaded), .log(.readersBusy), .log(.closed): (503, "unavailable", "Try again.")
            case .log(.diskFull): (503, "disk-full", "Free some space or lower retention.")
            case .batch: (400, "bad-record", "")
            case .log: (503, "log-failed", "")
            }
        self.init(status, code, error.message, hint: hint)
    }

    init(_ error: GroupError, _ groupID: String) {
        switch error {
        case .groupIDNotFound: self = .noGroup(groupID)
        case .nonEmptyGroup, .unknownMemberID, .illegalGeneration, .rebalanceInProgress, .staleMemberEpoch,
            .fencedMemberEpoch:
            self.init(
                409,
                "group-active",
                "The group \(groupID) has members.",
                hint: "Stop its consumers first: they would commit over it."
            )
        case .groupSubscribedToTopic:
            self.init(409, "group-active", "The group \(groupID) reads the topic.", hint: "Stop its consumers first.")
        case .coordinatorLoadInProgress, .coordinatorNotAvailable, .notCoordinator:
            self.init(503, "unavailable", "The group is being loaded.", hint: "Try again.")
        case .invalidGroupID: self = .badRequest("\(groupID.prefix(256)) is not the ID of a group.")
        default: self.init(409, "refused", "The coordinator refuses it: \(error).")
        }
    }

    var answer: AdminAnswer { .error(self.status, self.code, self.message, hint: self.hint) }
}

extension AdminRequest {
    func parameter(_ name: String) -> String { self.parameters[name] ?? "" }

    /// - Throws: when it is not a number in this range.
    func integer<Number: FixedWidthInteger>(
        _ name: String,
        in range: ClosedRange<Number>
    ) throws(APIProblem) -> Number? {
        guard let text = self.query(name), !text.isEmpty else { return nil }
        guard let number = Number(text), range.contains(number) else {
            throw .badRequest("\(name) is a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }
}
