package import Model

/// One record of a `__consumer_offsets` partition: what survives a restart. A `nil` value is a tombstone.
///
/// Kafka's formats: `OffsetCommitKey`/`OffsetCommitValue` (key version 0 and 1), `GroupMetadataKey`/
/// `GroupMetadataValue` (2), and of groups of the consumer protocol `ConsumerGroup…Key`/`ConsumerGroup…Value`.
package enum GroupRecord: Sendable, Equatable {
    case groupMetadata(GroupID, GroupMetadata?)
    case offsetCommit(OffsetKey, CommittedOffset?)
    /// Key version 3: there is a group of the consumer protocol, and its epoch.
    case consumerGroup(GroupID, ConsumerGroupEpoch?)
    /// Key version 5: a member and its subscription.
    case memberSubscription(GroupID, MemberID, MemberSubscription?)
    /// Key version 6
    case targetEpoch(GroupID, TargetEpoch?)
    /// Key version 7: what a member is meant to have.
    case memberTarget(GroupID, MemberID, PartitionSet?)
    /// Key version 8: what a member has.
    case memberAssignment(GroupID, MemberID, MemberAssignment?)
    /// Key version 16: what a regular expression of a group matches.
    case regularExpression(GroupID, String, ResolvedRegularExpression?)
}

/// The state of a classic group after its last completed rebalance.
package struct GroupMetadata: Sendable, Equatable {
    /// One member of the generation.
    package struct Member: Sendable, Equatable {
        package var memberID: MemberID
        package var groupInstanceID: GroupInstanceID?
        package var clientID: String
        package var clientHost: String
        /// `-1` in records older than version 1: the session timeout counts.
        package var rebalanceTimeoutMilliseconds: Int32
        package var sessionTimeoutMilliseconds: Int32
        package var subscription: [UInt8]
        package var assignment: [UInt8]

        package init(
            memberID: MemberID,
            groupInstanceID: GroupInstanceID?,
            clientID: String,
            clientHost: String,
            rebalanceTimeoutMilliseconds: Int32,
            sessionTimeoutMilliseconds: Int32,
            subscription: [UInt8],
            assignment: [UInt8]
        ) {
            self.memberID = memberID
            self.groupInstanceID = groupInstanceID
            self.clientID = clientID
            self.clientHost = clientHost
            self.rebalanceTimeoutMilliseconds = rebalanceTimeoutMilliseconds
            self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
            self.subscription = subscription
            self.assignment = assignment
        }
    }

    /// Empty when no member ever joined.
    package var protocolType: String
    package var generationID: GenerationID
    package var protocolName: String?
    package var leader: MemberID?
    /// When the group entered its state; `-1` when unknown.
    package var currentStateTimestamp: Timestamp
    package var members: [Member]

    package init(
        protocolType: String,
        generationID: GenerationID,
        protocolName: String?,
        leader: MemberID?,
        currentStateTimestamp: Timestamp,
        members: [Member]
    ) {
        self.protocolType = protocolType
        self.generationID = generationID
        self.protocolName = protocolName
        self.leader = leader
        self.currentStateTimestamp = currentStateTimestamp
        self.members = members
    }
}

/// What an offset is committed for. Kafka's records name the topic, they do not carry its ID here.
package struct OffsetKey: Sendable, Hashable {
    package var groupID: GroupID
    package var topic: String
    package var partition: Int32

    package init(groupID: GroupID, topic: String, partition: Int32) {
        self.groupID = groupID
        self.topic = topic
        self.partition = partition
    }
}

/// A committed offset with everything that Kafka's record holds.
package struct CommittedOffset: Sendable, Equatable {
    package var offset: Offset
    /// Of the last consumed record; `-1` when the client did not say.
    package var leaderEpoch: Int32
    package var metadata: String
    package var commitTimestamp: Timestamp
    /// From a request with its own retention (OffsetCommit v2–4); written as value version 1.
    package var expireTimestamp: Timestamp?
    /// Zero when the commit named the topic by name.
    package var topicID: TopicID

    package init(
        offset: Offset,
        leaderEpoch: Int32,
        metadata: String,
        commitTimestamp: Timestamp,
        expireTimestamp: Timestamp?,
        topicID: TopicID
    ) {
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
        self.commitTimestamp = commitTimestamp
        self.expireTimestamp = expireTimestamp
        self.topicID = topicID
    }
}
