package import Model

/// Why the members of a group have to share its partitions again. The names are part of the API and of metrics.
package enum RebalanceReason: String, Sendable, CaseIterable {
    case memberJoined = "member-joined"
    case memberLeft = "member-left"
    /// It sent no heartbeat within its session timeout.
    case memberExpired = "member-expired"
    /// It did not join again, or ask for its assignment, within the rebalance timeout.
    case memberNotBack = "member-not-back"
    /// It joined again with other topics or assignors.
    case subscriptionChanged = "subscription-changed"
    /// The leader of a classic group joined again without a change: its topics may have other partitions.
    case leaderRejoined = "leader-rejoined"
    /// Of a group of the consumer protocol.
    case topicsChanged = "topics-changed"
    case staticMemberReplaced = "static-member-replaced"
    /// The leader's assignment could not be written.
    case assignmentNotStored = "assignment-not-stored"
    case groupTooLarge = "group-too-large"
    /// The group went from one protocol to the other.
    case protocolChanged = "protocol-changed"
}

/// One rebalance of a group: why, when, and what came of it.
package struct Rebalance: Sendable, Equatable {
    package struct Cause: Sendable, Equatable {
        package var reason: RebalanceReason
        /// Whose doing it was, `memberIDBytesMax` bytes of it; empty when it was nobody's.
        package var memberID: String
    }

    /// Causes that are kept of one; the others are counted.
    package static let causesMax = 8
    static let memberIDBytesMax = 100

    package var beganAt: Timestamp
    /// In order; what came while it was under way is behind the first one.
    package var causes: [Cause]
    package var causesLeftOut = 0
    /// When every member of a classic group had its partitions to ask for; `nil` while it is under way, and of the
    /// consumer protocol, where members change over one by one.
    package var endedAt: Timestamp?
    /// The generation, or epoch, that began with it.
    package var generation: Int32?
    package var members: Int?

    mutating func add(_ reason: RebalanceReason, _ memberID: MemberID?) {
        guard self.causes.count < Self.causesMax else {
            self.causesLeftOut += 1
            return
        }
        self.causes.append(Self.cause(reason, memberID))
    }

    static func cause(_ reason: RebalanceReason, _ memberID: MemberID?) -> Cause {
        let text = memberID?.rawValue ?? ""
        let kept = text.utf8.count <= Self.memberIDBytesMax ? text : String(text.prefix(Self.memberIDBytesMax / 4))
        return Cause(reason: reason, memberID: kept)
    }
}

/// What an event did to a group, for its history.
enum GroupNote {
    /// A classic group has a reason to rebalance, the first one or one more.
    case began(GroupID, RebalanceReason, MemberID?)
    /// A classic group has a new generation, and its members their partitions.
    case ended(GroupID, generation: Int32, members: Int)
    /// A group of the consumer protocol has a new epoch.
    case epoch(GroupID, Int32, RebalanceReason, MemberID?, members: Int)
}

/// The last rebalances of groups, in memory: empty after a start. Bounded by groups, and by rebalances of each.
package struct RebalanceHistory: Sendable {
    /// Of one machine, which is one partition of the offsets topic.
    package static let groupsMax = 200
    package static let rebalancesMax = 16

    private var groups: [GroupID: [Rebalance]] = [:]
    /// By reason, since the machine was loaded.
    package private(set) var counts: [RebalanceReason: UInt64] = [:]

    /// The oldest one first.
    package func rebalances(of groupID: GroupID) -> [Rebalance] { self.groups[groupID] ?? [] }

    mutating func take(_ note: GroupNote, now: Timestamp) {
        switch note {
        case .began(let groupID, let reason, let memberID):
            if let last = self.groups[groupID]?.last, last.endedAt == nil, last.generation == nil {
                self.change(groupID) { $0.add(reason, memberID) }
            } else {
                self.counts[reason, default: 0] += 1
                self.append(Rebalance(beganAt: now, causes: [Rebalance.cause(reason, memberID)]), to: groupID)
            }
        case .ended(let groupID, let generation, let members):
            self.change(groupID) { rebalance in
                guard rebalance.generation == nil else { return }
                rebalance.endedAt = now
                rebalance.generation = generation
                rebalance.members = members
            }
        case .epoch(let groupID, let epoch, let reason, let memberID, let members):
            self.counts[reason, default: 0] += 1
            var rebalance = Rebalance(beganAt: now, causes: [Rebalance.cause(reason, memberID)])
            rebalance.generation = epoch
            rebalance.members = members
            self.append(rebalance, to: groupID)
        }
    }

    private mutating func change(_ groupID: GroupID, _ body: (inout Rebalance) -> Void) {
        guard let last = self.groups[groupID]?.indices.last else { return }
        body(&self.groups[groupID, default: []][last])
    }

    private mutating func append(_ rebalance: Rebalance, to groupID: GroupID) {
        if self.groups[groupID] == nil, self.groups.count >= Self.groupsMax { self.dropOldest() }
        self.groups[groupID, default: []].append(rebalance)
        if self.groups[groupID, default: []].count > Self.rebalancesMax {
            self.groups[groupID, default: []].removeFirst()
        }
    }

    /// The group that has been quiet for longest.
    private mutating func dropOldest() {
        let oldest = self.groups.min { ($0.value.last?.beganAt ?? 0) < ($1.value.last?.beganAt ?? 0) }
        if let oldest { self.groups[oldest.key] = nil }
    }
}

extension GroupMachine {
    /// The group's last rebalances, the oldest one first.
    package func rebalances(of groupID: GroupID) -> [Rebalance] { self.history.rebalances(of: groupID) }

    /// What this machine has done since it was loaded.
    package var counts: GroupCounts { GroupCounts(rebalances: self.history.counts, commits: self.commits) }
}

/// What machines have done, for metrics.
package struct GroupCounts: Sendable, Equatable {
    package var rebalances: [RebalanceReason: UInt64]
    /// Requests to commit offsets.
    package var commits: UInt64

    package init(rebalances: [RebalanceReason: UInt64] = [:], commits: UInt64 = 0) {
        self.rebalances = rebalances
        self.commits = commits
    }

    package static func += (left: inout Self, right: Self) {
        left.rebalances.merge(right.rebalances) { $0 + $1 }
        left.commits += right.commits
    }
}
