internal import Model

/// One group of the classic protocol: who is in it, and where its rebalance stands.
///
/// Bad input is sorted as everywhere: a peer's error is a `GroupError`; a timer or a write outcome that comes too
/// late is dropped; a token passed in twice would be our own bug.
struct ClassicGroup: Sendable, Equatable {
    /// Where the rebalance stands. Each case carries only what is valid then.
    enum State: Sendable, Equatable {
        /// No members. Offsets may be there, and member IDs that were handed out.
        case empty
        /// Waiting for members to join.
        case preparing(Preparing)
        /// Waiting for the leader's assignment. `assignmentWrite` is the write that carries it.
        case completing(pendingSync: Set<MemberID>, assignmentWrite: UInt64?)
        /// Assigned. Some members may not have asked for their assignment yet.
        case stable(pendingSync: Set<MemberID>)
    }

    /// Why members are awaited.
    enum Preparing: Sendable, Equatable {
        /// The group was empty: joins are gathered for `delay`, and longer while new members keep coming.
        case initial(delayMilliseconds: Int64, remainingMilliseconds: Int64, newMemberAdded: Bool)
        /// The members were asked to join again.
        case rejoin
    }

    let id: GroupID
    var state: State = .empty
    /// When the group entered its state, if known.
    var stateTimestamp: Timestamp?
    var protocolType: String?
    var protocolName: String?
    var generation: Int32 = 0
    var leader: MemberID?
    private(set) var members: [MemberID: GroupMember] = [:]
    private(set) var staticMembers: [GroupInstanceID: MemberID] = [:]
    /// IDs that were handed out by `MEMBER_ID_REQUIRED`.
    private(set) var pendingJoin: Set<MemberID> = []
    /// What members and handed out IDs take in memory, about.
    private(set) var heldBytes = 0
    private(set) var awaitingJoinCount = 0
    /// How many members support a protocol.
    private(set) var protocolSupport: [String: Int] = [:]
    /// `nil` when unknown: no consumers, or a subscription that cannot be read.
    var subscribedTopics: Set<String>?
    private var nextRank: UInt64 = 0

    init(id: GroupID, now: Timestamp?) {
        self.id = id
        self.stateTimestamp = now
    }

    // MARK: Reading

    var groupState: GroupState {
        switch self.state {
        case .empty: .empty
        case .preparing: .preparingRebalance
        case .completing: .completingRebalance
        case .stable: .stable
        }
    }

    var isEmpty: Bool { self.state == .empty }
    var isPreparing: Bool { if case .preparing = self.state { true } else { false } }

    var usesConsumerProtocol: Bool { self.protocolType == "consumer" }

    /// In order of arrival.
    var orderedMembers: [GroupMember] { self.members.values.sorted { $0.rank < $1.rank } }

    var hasAllMembersJoined: Bool {
        self.members.count == self.awaitingJoinCount && self.pendingJoin.isEmpty
    }

    /// The longest rebalance timeout of any member.
    var rebalanceTimeoutMilliseconds: Int32 {
        self.members.values.reduce(0) { max($0, $1.rebalanceTimeoutMilliseconds) }
    }

    func isLeader(_ memberID: MemberID) -> Bool { self.leader == memberID }

    func isSubscribed(to topic: String) -> Bool {
        self.subscribedTopics?.contains(topic) ?? self.usesConsumerProtocol
    }

    /// Checks a member that claims to be in the group.
    func validate(_ memberID: MemberID, _ groupInstanceID: GroupInstanceID?) -> GroupError? {
        if let groupInstanceID {
            guard let current = self.staticMembers[groupInstanceID] else { return .unknownMemberID }
            guard current == memberID else { return .fencedInstanceID }
        }
        return self.members[memberID] == nil ? .unknownMemberID : nil
    }

    /// Whether a member with these protocols could be in one generation with the others.
    func supports(_ protocolType: String, _ protocols: [GroupProtocol]) -> Bool {
        guard !self.isEmpty else { return !protocolType.isEmpty && !protocols.isEmpty }
        return self.protocolType == protocolType
            && protocols.contains { self.protocolSupport[$0.name] == self.members.count }
    }

    /// The protocol with most votes among those that all members support; the first voted for wins a tie.
    func selectProtocol() -> String? {
        var votes: [(name: String, count: Int)] = []
        for member in self.orderedMembers {
            let vote = member.vote { self.protocolSupport[$0] == self.members.count }
            guard let vote else { continue }
            if let index = votes.firstIndex(where: { $0.name == vote }) {
                votes[index].count += 1
            } else {
                votes.append((vote, 1))
            }
        }
        guard var winner = votes.first else { return nil }
        for candidate in votes where candidate.count > winner.count { winner = candidate }
        return winner.name
    }

    /// The topics that the members' subscriptions name; `nil` when that cannot be known.
    func computeSubscribedTopics() -> Set<String>? {
        guard self.usesConsumerProtocol else { return nil }
        guard !self.members.isEmpty else { return [] }
        guard let protocolName = self.protocolName else { return nil }
        var topics: Set<String> = []
        for member in self.members.values {
            guard let names = ConsumerSubscription.topics(in: member.metadata(for: protocolName)) else {
                return nil
            }
            topics.formUnion(names)
        }
        return topics
    }

    /// All members, for the leader.
    var joinedMembers: [JoinResponse.Member] {
        self.orderedMembers.map {
            JoinResponse.Member(
                memberID: $0.id,
                groupInstanceID: $0.groupInstanceID,
                metadata: $0.metadata(for: self.protocolName)
            )
        }
    }

    /// The record of this generation with the given assignments.
    func metadataValue(assignments: [MemberID: [UInt8]]) -> GroupMetadata {
        GroupMetadata(
            protocolType: self.protocolType ?? "",
            generationID: GenerationID(self.generation),
            protocolName: self.protocolName,
            leader: self.leader,
            currentStateTimestamp: self.stateTimestamp ?? -1,
            members: self.orderedMembers.map {
                GroupMetadata.Member(
                    memberID: $0.id,
                    groupInstanceID: $0.groupInstanceID,
                    clientID: $0.clientID,
                    clientHost: $0.clientHost,
                    rebalanceTimeoutMilliseconds: $0.rebalanceTimeoutMilliseconds,
                    sessionTimeoutMilliseconds: $0.sessionTimeoutMilliseconds,
                    subscription: $0.metadata(for: self.protocolName),
                    assignment: assignments[$0.id] ?? []
                )
            }
        )
    }

    // MARK: Members

    /// Hands a member ID out.
    mutating func addPendingJoin(_ memberID: MemberID) {
        if self.pendingJoin.insert(memberID).inserted { self.heldBytes += Self.bytes(of: memberID) }
    }

    mutating func removePendingJoin(_ memberID: MemberID) {
        if self.pendingJoin.remove(memberID) != nil { self.heldBytes -= Self.bytes(of: memberID) }
    }

    private static func bytes(of memberID: MemberID) -> Int { 128 + memberID.rawValue.utf8.count }

    mutating func takeRank() -> UInt64 {
        defer { self.nextRank += 1 }
        return self.nextRank
    }

    /// Puts a member in. Its ID must be new.
    mutating func add(_ member: GroupMember, protocolType: String) {
        precondition(self.members[member.id] == nil, "member IDs are unique")
        if self.members.isEmpty { self.protocolType = protocolType }
        if self.leader == nil { self.leader = member.id }
        self.insert(member)
        self.removePendingJoin(member.id)
    }

    /// Takes a member, or an ID that was handed out, away. Answers what it had parked and stops its timer.
    mutating func remove(_ memberID: MemberID, error: GroupError, step: inout GroupStep) {
        guard self.members[memberID] != nil || self.pendingJoin.contains(memberID) else { return }
        if let member = self.extract(memberID) {
            if let token = member.joinToken {
                step.respondJoin(token, JoinResponse(error: error, memberID: MemberID("")))
            }
            if let token = member.syncToken { step.respondSync(token, SyncResponse(error: error)) }
        }
        if self.leader == memberID {
            self.leader = self.members.values.min { $0.rank < $1.rank }?.id
        }
        self.removePendingJoin(memberID)
        self.removePendingSync(memberID)
        step.cancelTimer(.session(self.id, memberID))
    }

    /// Puts `successor` in the place of a static member.
    mutating func replace(_ memberID: MemberID, with successor: GroupMember) {
        guard self.extract(memberID) != nil else { return }
        self.insert(successor)
        if self.leader == memberID { self.leader = successor.id }
        switch self.state {
        case .stable(var pendingSync):
            if pendingSync.remove(memberID) != nil { pendingSync.insert(successor.id) }
            self.state = .stable(pendingSync: pendingSync)
        case .empty, .preparing, .completing:
            break
        }
    }

    /// Changes a member in place and keeps the counts right.
    mutating func update(_ memberID: MemberID, _ change: (inout GroupMember) -> Void) {
        guard var member = self.extract(memberID) else { return }
        change(&member)
        self.insert(member)
    }

    mutating func setAssignments(_ assignments: [MemberID: [UInt8]]) {
        for (id, member) in self.members {
            let assignment = assignments[id] ?? []
            self.heldBytes += assignment.count - member.assignment.count
            self.members[id]?.assignment = assignment
        }
    }

    /// Takes the parked sync out, if there is one.
    mutating func takeSyncToken(_ memberID: MemberID) -> UInt64? {
        self.members[memberID]?.syncToken.take()
    }

    /// Parks a sync; returns the one that it supersedes.
    mutating func parkSync(_ memberID: MemberID, token: UInt64) -> UInt64? {
        guard let superseded = self.members[memberID]?.syncToken else {
            self.members[memberID]?.syncToken = token
            return nil
        }
        self.members[memberID]?.syncToken = token
        return superseded
    }

    /// Takes the parked join out, if there is one.
    mutating func takeJoinToken(_ memberID: MemberID) -> UInt64? {
        guard let token = self.members[memberID]?.joinToken.take() else { return nil }
        self.awaitingJoinCount -= 1
        return token
    }

    mutating func markJoined(_ memberID: MemberID) { self.members[memberID]?.isNew = false }

    /// Members that still have to send SyncGroup, or `nil` when that is not awaited.
    var pendingSync: Set<MemberID>? {
        switch self.state {
        case .completing(let pendingSync, _), .stable(let pendingSync): pendingSync
        case .empty, .preparing: nil
        }
    }

    /// Notes that a member sent SyncGroup. Returns whether that was the last one.
    @discardableResult
    mutating func removePendingSync(_ memberID: MemberID) -> Bool {
        switch self.state {
        case .completing(var pendingSync, let assignmentWrite):
            pendingSync.remove(memberID)
            self.state = .completing(pendingSync: pendingSync, assignmentWrite: assignmentWrite)
            return pendingSync.isEmpty
        case .stable(var pendingSync):
            pendingSync.remove(memberID)
            self.state = .stable(pendingSync: pendingSync)
            return pendingSync.isEmpty
        case .empty, .preparing:
            return false
        }
    }

    private mutating func insert(_ member: GroupMember) {
        self.members[member.id] = member
        self.heldBytes += member.heldBytes
        if let instance = member.groupInstanceID { self.staticMembers[instance] = member.id }
        for `protocol` in member.protocols { self.protocolSupport[`protocol`.name, default: 0] += 1 }
        if member.joinToken != nil { self.awaitingJoinCount += 1 }
    }

    private mutating func extract(_ memberID: MemberID) -> GroupMember? {
        guard let member = self.members.removeValue(forKey: memberID) else { return nil }
        self.heldBytes -= member.heldBytes
        if let instance = member.groupInstanceID, self.staticMembers[instance] == memberID {
            self.staticMembers.removeValue(forKey: instance)
        }
        for name in member.protocols.lazy.map(\.name) {
            let count = (self.protocolSupport[name] ?? 0) - 1
            self.protocolSupport[name] = count > 0 ? count : nil
        }
        if member.joinToken != nil { self.awaitingJoinCount -= 1 }
        return member
    }
}
