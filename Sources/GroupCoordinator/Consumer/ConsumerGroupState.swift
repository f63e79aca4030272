package import Model

/// The epoch of a group of the consumer protocol (KIP-848).
package struct ConsumerGroupEpoch: Sendable, Equatable {
    /// Grows when members, subscriptions or topics change.
    package var epoch: Int32
    /// Of the topics that the group subscribes to, when the epoch was decided: another value means that they changed.
    package var metadataHash: Int64

    package init(epoch: Int32, metadataHash: Int64) {
        self.epoch = epoch
        self.metadataHash = metadataHash
    }
}

/// The epoch of the group's target assignment: that of the group when it was computed.
package struct TargetEpoch: Sendable, Equatable {
    package var epoch: Int32
    /// When it was computed; 0 when unknown.
    package var timestamp: Timestamp

    package init(epoch: Int32, timestamp: Timestamp) {
        self.epoch = epoch
        self.timestamp = timestamp
    }
}

/// Who a member is and what it subscribes to.
package struct MemberSubscription: Sendable, Equatable {
    /// What a member that speaks the classic protocol says besides.
    package struct Classic: Sendable, Equatable {
        package var sessionTimeoutMilliseconds: Int32
        /// In the member's order of preference. At least one.
        package var protocols: [GroupProtocol]

        package init(sessionTimeoutMilliseconds: Int32, protocols: [GroupProtocol]) {
            self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
            self.protocols = protocols
        }
    }

    package var groupInstanceID: GroupInstanceID?
    package var rackID: String?
    package var clientID: String
    package var clientHost: String
    /// Sorted, none twice.
    package var topicNames: [String]
    /// `nil` or not empty.
    package var topicRegex: String?
    package var rebalanceTimeoutMilliseconds: Int32
    package var serverAssignor: String?
    /// `nil` for a member that speaks the consumer protocol.
    package var classic: Classic?

    package init(
        groupInstanceID: GroupInstanceID? = nil,
        rackID: String? = nil,
        clientID: String = "",
        clientHost: String = "",
        topicNames: [String] = [],
        topicRegex: String? = nil,
        rebalanceTimeoutMilliseconds: Int32 = -1,
        serverAssignor: String? = nil,
        classic: Classic? = nil
    ) {
        self.groupInstanceID = groupInstanceID
        self.rackID = rackID
        self.clientID = clientID
        self.clientHost = clientHost
        self.topicNames = topicNames
        self.topicRegex = topicRegex
        self.rebalanceTimeoutMilliseconds = rebalanceTimeoutMilliseconds
        self.serverAssignor = serverAssignor
        self.classic = classic
    }
}

/// Where a member stands between what it has and what it is meant to have.
package enum MemberState: Int8, Sendable, CaseIterable {
    /// Has what the target of its epoch gives it.
    case stable = 0
    /// Must give partitions up before it moves to the next epoch.
    case unrevokedPartitions = 1
    /// Is at the newest epoch; partitions that are meant for it are still with other members.
    case unreleasedPartitions = 2
    /// Written by a later version: the member has to join again.
    case unknown = 127
}

/// What a member has.
package struct MemberAssignment: Sendable, Equatable {
    /// That of a static member that left for a while.
    package static let staticLeaveEpoch: Int32 = -2

    package var memberEpoch: Int32 = 0
    /// A member whose last answer was lost comes with this one.
    package var previousMemberEpoch: Int32 = 0
    package var state: MemberState = .stable
    package var assigned = PartitionSet()
    /// Not its own any more as soon as the member says that it has given them up.
    package var pendingRevocation = PartitionSet()

    package init(
        memberEpoch: Int32 = 0,
        previousMemberEpoch: Int32 = 0,
        state: MemberState = .stable,
        assigned: PartitionSet = PartitionSet(),
        pendingRevocation: PartitionSet = PartitionSet()
    ) {
        self.memberEpoch = memberEpoch
        self.previousMemberEpoch = previousMemberEpoch
        self.state = state
        self.assigned = assigned
        self.pendingRevocation = pendingRevocation
    }

    func isReconciled(to epoch: Int32) -> Bool { self.state == .stable && self.memberEpoch == epoch }

    /// The next state, with the epoch it leads to.
    func moved(
        to state: MemberState,
        epoch: Int32,
        assigned: PartitionSet,
        pendingRevocation: PartitionSet = PartitionSet()
    ) -> Self {
        Self(
            memberEpoch: epoch,
            previousMemberEpoch: self.memberEpoch,
            state: state,
            assigned: assigned,
            pendingRevocation: pendingRevocation
        )
    }
}

extension MemberSubscription {
    /// What its texts take in memory, about.
    var heldBytes: Int {
        let texts = [
            self.clientID, self.clientHost, self.groupInstanceID?.rawValue, self.rackID, self.topicRegex,
            self.serverAssignor,
        ]
        return texts.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
            + self.topicNames.reduce(0) { $0 + 32 + $1.utf8.count } + (self.classic?.protocols.heldBytes ?? 0)
    }
}

/// The topics that a regular expression matched.
package struct ResolvedRegularExpression: Sendable, Equatable {
    /// Sorted.
    package var topicNames: [String]
    /// Of the metadata that the topics were taken from; not used.
    package var version: Int64
    package var timestamp: Timestamp

    package init(topicNames: [String], version: Int64, timestamp: Timestamp) {
        self.topicNames = topicNames
        self.version = version
        self.timestamp = timestamp
    }
}

/// A member as its records say.
struct ConsumerMember: Sendable, Equatable {
    var subscription: MemberSubscription
    var assignment = MemberAssignment()
    var target = PartitionSet()

    /// Of members that speak the classic protocol the first protocol counts.
    var classicProtocolName: String? { self.subscription.classic?.protocols.first?.name }

    /// What the member takes in memory, about: its subscription, its partitions, and what goes with each member.
    var heldBytes: Int {
        let partitions = self.assignment.assigned.count + self.assignment.pendingRevocation.count + self.target.count
        return 512 + self.subscription.heldBytes + 8 * partitions
    }
}
