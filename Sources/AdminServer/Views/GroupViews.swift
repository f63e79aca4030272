package import Broker
internal import GroupCoordinator
internal import Model

/// A group, or a KCL application, in a list.
package struct GroupRow: Sendable, Equatable {
    /// Which protocol the members speak.
    package enum Kind: String, Sendable {
        case classic
        case consumer
        /// An application of the Kinesis Client Library, by its lease table; the ID begins with `kcl:`.
        case kcl
    }

    package var groupID: String
    package var kind: Kind
    /// As Kafka prints it, for example `Stable`.
    package var state: String
    package var members: Int
    /// Topics that it has committed offsets of.
    package var topics: Int
    package var partitions: Int
    /// Of all partitions.
    package var lagRecords: Int64
    /// Of the partition that has most of them.
    package var lagRecordsMax: Int64
    /// Of the partition where it is furthest behind; `nil` when that is not known.
    package var lagSeconds: Double?
    /// `nil` of a group that was not measured yet.
    package var status: LagStatus?
}

/// One group.
package struct GroupView: Sendable {
    package var row: GroupRow
    /// The assignor of a consumer group, the protocol of a classic one; empty when none is chosen.
    package var assignor: String
    /// The epoch of a consumer group.
    package var epoch: Int32?
    package var members: [MemberRow]
    /// By topic and partition.
    package var offsets: [GroupOffsetRow]
    /// Why it rebalanced lately, the last time first; empty of KCL applications.
    package var rebalances: [RebalanceRow] = []
}

/// One rebalance of a group.
package struct RebalanceRow: Sendable, Equatable {
    /// Milliseconds since the epoch, as the next one.
    package var beganAt: Int64
    /// `nil` while it is under way, and of the consumer protocol, whose members change over one by one.
    package var endedAt: Int64?
    /// The generation or epoch that began with it.
    package var generation: Int32?
    package var members: Int?
    package var causes: [Cause]
    package var causesLeftOut: Int

    package struct Cause: Sendable, Equatable {
        /// A name of the API, for example `member-expired`.
        package var reason: String
        /// Whose doing it was; `nil` when it was nobody's.
        package var memberID: String?
    }
}

/// A member of a group, or a worker of an application.
package struct MemberRow: Sendable, Equatable {
    package var memberID: String
    package var instanceID: String?
    package var clientID: String
    package var clientHost: String
    package var subscribedTopics: [String]
    package var assigned: [AssignedTopic]

    package struct AssignedTopic: Sendable, Equatable {
        package var topic: String
        package var partitions: [Int32]
    }
}

/// Where a group stands in a partition.
package struct GroupOffsetRow: Sendable, Equatable {
    package var topic: String
    package var partition: Int32
    /// The next offset that the group will read.
    package var committed: Int64
    /// What the group said with it.
    package var metadata: String
    /// `nil` when the partition is not served here, as the next ones.
    package var logStart: Int64?
    package var end: Int64?
    /// Offsets from there to the last stable one, at this moment.
    package var lagRecords: Int64?
    /// As of the last measurement.
    package var lagSeconds: Double?
    package var status: LagStatus?
}

extension GroupRow {
    init(_ listing: GroupListing, _ lag: GroupLag?) {
        self.init(
            groupID: listing.groupID.rawValue,
            kind: listing.type == .consumer ? .consumer : .classic,
            state: listing.state.rawValue,
            members: listing.memberCount,
            lag
        )
    }

    init(groupID: String, kind: Kind, state: String, members: Int, _ lag: GroupLag?) {
        self.init(
            groupID: groupID,
            kind: kind,
            state: state,
            members: members,
            topics: 0,
            partitions: 0,
            lagRecords: 0,
            lagRecordsMax: 0
        )
        guard let lag else { return }
        self.status = lag.status
        self.partitions = lag.partitions.count
        var topic: String?
        for partition in lag.partitions {
            if topic != partition.topic { self.topics += 1 }
            topic = partition.topic
            self.lagRecords += partition.records
            self.lagRecordsMax = max(self.lagRecordsMax, partition.records)
            if let seconds = partition.seconds { self.lagSeconds = max(self.lagSeconds ?? 0, seconds) }
        }
    }
}

extension RebalanceRow {
    init(_ rebalance: Rebalance) {
        self.init(
            beganAt: rebalance.beganAt,
            endedAt: rebalance.endedAt,
            generation: rebalance.generation,
            members: rebalance.members,
            causes: rebalance.causes.map {
                Cause(reason: $0.reason.rawValue, memberID: $0.memberID.isEmpty ? nil : $0.memberID)
            },
            causesLeftOut: rebalance.causesLeftOut
        )
    }
}

extension MemberRow {
    init(_ member: GroupDescription.Member) {
        let assigned = ConsumerAssignment.partitions(in: member.assignment) ?? []
        self.init(
            memberID: member.memberID.rawValue,
            instanceID: member.groupInstanceID?.rawValue,
            clientID: member.clientID,
            clientHost: member.clientHost,
            subscribedTopics: ConsumerSubscription.topics(in: member.metadata) ?? [],
            assigned: assigned.map { AssignedTopic(topic: $0.topic, partitions: $0.partitions) }
        )
    }

    init(_ member: ConsumerGroupDescription.Member, _ topics: TopicTable) {
        self.init(
            memberID: member.memberID.rawValue,
            instanceID: member.subscription.groupInstanceID?.rawValue,
            clientID: member.subscription.clientID,
            clientHost: member.subscription.clientHost,
            subscribedTopics: member.subscription.topicRegex.map { ["~" + $0] } ?? member.subscription.topicNames,
            assigned: member.assignment.assigned.topics.map { topic in
                AssignedTopic(
                    topic: topics.topic(id: topic.id)?.name ?? topic.id.description,
                    partitions: topic.partitions
                )
            }
        )
    }
}
