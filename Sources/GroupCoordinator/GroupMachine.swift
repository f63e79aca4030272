package import Coordination
package import Model

/// The groups and offsets of one `__consumer_offsets` partition: Kafka's classic group coordinator as a value.
///
/// Sans-IO, run by `CoordinatorRuntime`; timers are durations, IDs and UUIDs are parameters. As in Kafka's coordinator,
/// what a rebalance does between two generations (who joined, who waits) is live state; a restart goes back to the last
/// generation recorded, whose members carry on. So restarting the broker is not a rebalance.
///
/// Bad input: a peer's error is a `GroupError` in the response; timers and outcomes that come too late are
/// dropped; events before `loadCompleted` and a repeated member ID are our own bugs.
package struct GroupMachine: CoordinatorMachine {
    package typealias Record = GroupRecord
    package typealias Timer = GroupTimer
    package typealias Reply = GroupReply
    package typealias Purpose = GroupPurpose

    package let settings: GroupSettings
    /// What records say of each group; the value is `nil` for one that only has offsets.
    var recorded = JournaledDictionary<GroupID, GroupMetadata?>()
    var offsets = OffsetStore()
    /// The groups of the consumer protocol: recorded state.
    var consumers = ConsumerGroupStore()
    /// The groups that had members, or joins, since the load. The others are what `recorded` says.
    var groups = ClassicGroups()
    /// Groups that this round of expiry has not looked through yet.
    var expiryRest: ArraySlice<GroupID> = []
    /// Removed topics whose offsets are not durably gone yet.
    var removedTopics: [String: RemovedTopic] = [:]
    /// Groups of the consumer protocol whose topics may have changed since their epoch was decided.
    var staleGroups: Set<GroupID> = []
    /// Regular expressions that are being matched, the next one first.
    var regexWork: [RegexWork] = []
    /// Classic members of consumer groups that were asked to join again.
    var awaitedJoins: Set<GroupTimer> = []
    /// Why groups rebalanced lately.
    var history = RebalanceHistory()
    /// Requests to commit offsets.
    var commits: UInt64 = 0
    let surroundings: any GroupSurroundings
    private var lastNumber: UInt64 = 0
    /// What the surroundings know of the bytes that the members of all groups hold.
    private var countedBytes = 0
    /// What they know of the bytes that committed offsets take.
    private var countedOffsetBytes = 0
    private var isLoaded = false
    private var isDismissed = false

    package init(settings: GroupSettings, surroundings: any GroupSurroundings = EmptySurroundings()) {
        precondition(!settings.consumerAssignors.isEmpty, "a group needs an assignor")
        self.settings = settings
        self.surroundings = surroundings
    }

    /// Runs one event on the machine.
    mutating func step(now: Timestamp, _ body: (inout Self, inout GroupStep) -> Void) -> [GroupAction] {
        precondition(self.isLoaded, "events come after loadCompleted")
        var step = GroupStep(now: now, settings: self.settings, lastNumber: self.lastNumber)
        body(&self, &step)
        self.lastNumber = step.lastNumber
        for note in step.notes { self.history.take(note, now: now) }
        let held = self.isDismissed ? 0 : self.groups.heldBytes + self.consumers.heldBytes
        let change = held - self.countedBytes
        if change != 0 {
            self.countedBytes += change
            self.surroundings.memberBytesChanged(by: change)
        }
        return step.actions
    }

    /// The offsets may take more or less memory than before. What a load replays counts once it is complete: a load
    /// that ends otherwise leaves nothing.
    mutating func offsetsChanged() {
        guard self.isLoaded else { return }
        let change = (self.isDismissed ? 0 : self.offsets.heldBytes) - self.countedOffsetBytes
        if change == 0 { return }
        self.countedOffsetBytes += change
        self.surroundings.offsetBytesChanged(by: change)
    }

    /// A classic group as events see it, or `nil` when there is none.
    func group(_ groupID: GroupID) -> ClassicGroup? {
        if let group = self.groups[groupID] { return group }
        guard let value = self.recorded[groupID] else { return nil }
        var group = ClassicGroup(id: groupID, now: nil)
        if let value { group.restore(value) }
        return group
    }

    /// Whether another group finds room.
    var acceptsNewGroup: Bool {
        max(self.groups.count, self.recorded.count) + self.consumers.epochs.count < self.settings.groupsMax
    }

    // MARK: Membership

    /// JoinGroup.
    ///
    /// - Parameters:
    ///   - token: names this request in a later `.respondJoin`; never used before.
    ///   - uuid: makes the member ID, when one is needed: client or instance ID, `-`, this text.
    package mutating func joinRequested(
        _ request: JoinRequest,
        token: UInt64,
        uuid: String,
        now: Timestamp
    ) -> [GroupAction] {
        self.step(now: now) { shard, step in
            if let error = shard.validate(request) {
                return step.respondJoin(token, JoinResponse(error: error, memberID: request.memberID))
            }
            guard shard.hasRoom(for: request) else {
                return step.respondJoin(
                    token,
                    JoinResponse(error: .groupMaxSizeReached, memberID: request.memberID)
                )
            }
            var request = request
            request.protocols = Self.withoutRepeatedNames(request.protocols)
            let prefix = request.groupInstanceID?.rawValue ?? request.clientID
            let newMemberID = MemberID("\(prefix)-\(uuid)")
            if shard.consumers.contains(request.groupID) {
                return shard.joinConsumerGroup(request, token: token, newMemberID: newMemberID, step: &step)
            }
            if shard.groups[request.groupID] == nil {
                guard let group = shard.group(request.groupID) else {
                    return shard.joinNewGroup(request, token: token, newMemberID: newMemberID, step: &step)
                }
                shard.groups[request.groupID] = group
            }
            shard.groups[request.groupID]?.join(request, token: token, newMemberID: newMemberID, step: &step)
        }
    }

    mutating func joinNewGroup(
        _ request: JoinRequest,
        token: UInt64,
        newMemberID: MemberID,
        step: inout GroupStep
    ) {
        func refuse(_ error: GroupError) {
            step.respondJoin(token, JoinResponse(error: error, memberID: request.memberID))
        }
        guard request.memberID.rawValue.isEmpty else { return refuse(.unknownMemberID) }
        guard self.acceptsNewGroup else { return refuse(.coordinatorNotAvailable) }
        var group = ClassicGroup(id: request.groupID, now: step.now)
        guard group.supports(request.protocolType, request.protocols) else {
            return refuse(.inconsistentGroupProtocol)
        }
        // As Kafka, which makes the group known to its log at once.
        let value = group.metadataValue(assignments: [:])
        group.join(request, token: token, newMemberID: newMemberID, step: &step)
        self.groups[request.groupID] = group
        step.append([.groupMetadata(request.groupID, value)], purpose: .newGroup(request.groupID))
    }

    /// Whether there is memory for what a member brings beyond what it has here already.
    private func hasRoom(for request: JoinRequest) -> Bool {
        let known = self.groups[request.groupID]?.members[request.memberID]?.protocols.heldBytes ?? 0
        let added = request.protocols.heldBytes - known
        return added <= 0 || added <= self.surroundings.memberBytesLeft
    }

    /// As `hasRoom(for:)`, of a leader's assignments.
    private func hasRoom(for request: SyncRequest) -> Bool {
        let added = request.assignments.reduce(0) { $0 + $1.assignment.count }
        guard added > 0, let group = self.groups[request.groupID] else { return true }
        let known = group.members.values.reduce(0) { $0 + $1.assignment.count }
        return added <= known || added - known <= self.surroundings.memberBytesLeft
    }

    private func validate(_ request: JoinRequest) -> GroupError? {
        guard !request.groupID.rawValue.isEmpty, request.groupID.rawValue.fitsRecord else { return .invalidGroupID }
        let timeouts = self.settings.sessionTimeoutMillisecondsMin...self.settings.sessionTimeoutMillisecondsMax
        guard timeouts.contains(request.sessionTimeoutMilliseconds) else { return .invalidSessionTimeout }
        // 37 bytes are left for the hyphen and the UUID of the member ID.
        guard (request.groupInstanceID?.rawValue ?? request.clientID).utf8.count <= recordStringBytesMax - 37,
            request.clientID.fitsRecord, request.clientHost.fitsRecord, request.protocolType.fitsRecord,
            request.protocols.count <= self.settings.memberProtocolsMax,
            request.protocols.allSatisfy({ $0.name.fitsRecord }),
            request.protocols.reduce(0, { $0 + $1.metadata.count }) <= self.settings.memberMetadataBytesMax
        else { return .invalidRequest }
        return nil
    }

    private static func withoutRepeatedNames(_ protocols: [GroupProtocol]) -> [GroupProtocol] {
        var names: Set<String> = []
        let unique = protocols.filter { names.insert($0.name).inserted }
        return unique.count == protocols.count ? protocols : unique
    }

    /// SyncGroup. The token is answered by `.respondSync`.
    package mutating func syncRequested(_ request: SyncRequest, token: UInt64, now: Timestamp) -> [GroupAction] {
        self.step(now: now) { shard, step in
            guard !request.groupID.rawValue.isEmpty else {
                return step.respondSync(token, SyncResponse(error: .invalidGroupID))
            }
            if shard.consumers.contains(request.groupID) {
                return shard.syncConsumerGroup(request, token: token, step: &step)
            }
            guard shard.groups[request.groupID] != nil else {
                return step.respondSync(token, SyncResponse(error: .unknownMemberID))
            }
            // Kafka's answer to an assignment that is too large to be stored.
            guard shard.hasRoom(for: request) else {
                return step.respondSync(token, SyncResponse(error: .unknownServerError))
            }
            shard.groups[request.groupID]?.sync(request, token: token, step: &step)
        }
    }

    /// Heartbeat. Changes nothing but the timers `.session(group, member)` and `.classicJoin(group, member)`.
    package mutating func heartbeatReceived(_ request: MemberHeartbeat) -> HeartbeatOutcome {
        guard !request.groupID.rawValue.isEmpty else { return HeartbeatOutcome(error: .invalidGroupID) }
        if self.consumers.contains(request.groupID) { return self.classicHeartbeat(request) }
        return self.groups[request.groupID]?.heartbeat(request) ?? HeartbeatOutcome(error: .unknownMemberID)
    }

    /// LeaveGroup. The response is held until the writes among the actions, if any, are durable.
    package mutating func leaveRequested(
        _ request: LeaveRequest,
        now: Timestamp
    ) -> (response: LeaveResponse, actions: [GroupAction]) {
        guard !request.groupID.rawValue.isEmpty else { return (LeaveResponse(error: .invalidGroupID), []) }
        if self.consumers.contains(request.groupID) {
            var response = LeaveResponse()
            let actions = self.step(now: now) { machine, step in
                response = machine.classicLeave(request, step: &step)
            }
            return (response, actions)
        }
        guard self.groups[request.groupID] != nil else {
            let members = request.members.map {
                LeaveResponse.Member(
                    memberID: $0.memberID,
                    groupInstanceID: $0.groupInstanceID,
                    error: .unknownMemberID
                )
            }
            return (LeaveResponse(members: members), [])
        }
        var response = LeaveResponse()
        let actions = self.step(now: now) { shard, step in
            response = shard.groups[request.groupID]?.leave(request, step: &step) ?? response
        }
        return (response, actions)
    }

    /// A timer that was started and neither moved nor cancelled since is over.
    package mutating func timerFired(_ timer: GroupTimer, now: Timestamp) -> [GroupAction] {
        self.step(now: now) { shard, step in
            switch timer {
            case .session(let groupID, let memberID) where shard.consumers.contains(groupID):
                shard.consumerTimerFired(groupID, memberID, step: &step)
            case .session(let groupID, let memberID):
                shard.groups[groupID]?.sessionTimerFired(memberID, step: &step)
            case .join(let groupID):
                shard.groups[groupID]?.joinTimerFired(step: &step)
            case .sync(let groupID):
                shard.groups[groupID]?.syncTimerFired(step: &step)
            case .revocation(let groupID, let memberID), .classicSync(let groupID, let memberID):
                shard.consumerTimerFired(groupID, memberID, step: &step)
            case .classicJoin(let groupID, let memberID):
                shard.awaitedJoins.remove(timer)
                shard.consumerTimerFired(groupID, memberID, step: &step)
            case .regexes:
                shard.matchNextTopics(step: &step)
            case .offsetExpiry:
                shard.expireNextOffsets(step: &step)
            case .removedTopics:
                shard.forgetRemovedTopics(step: &step)
            }
        }
    }

    /// Removed topics take their offsets along. Groups of the consumer protocol that subscribe to a topic look at their
    /// topics with the next heartbeat; classic groups learn of new partitions from their members.
    package mutating func topicsChanged(_ changes: TopicChanges, now: Timestamp) -> [GroupAction] {
        self.step(now: now) { machine, step in
            if !changes.removed.isEmpty {
                machine.topicsRemoved(Set(changes.removed.map(\.name)), step: &step)
            }
            machine.followTopics(changes, step: &step)
        }
    }

    // MARK: Writes

    package mutating func writeCompleted(_ purpose: GroupPurpose, now: Timestamp) -> [GroupAction] {
        self.step(now: now) { shard, step in
            switch purpose.kind {
            case .newGroup, .deletion, .consumerGroup, .downgrade, .regex:
                break
            case .removedTopics:
                shard.removedTopicsForgotten()
            case .classicJoin(let join):
                shard.classicJoinPersisted(join, step: &step)
            case .assignment(let groupID, let number, let assignments):
                shard.groups[groupID]?.assignmentPersisted(assignments, number: number, step: &step)
            case .staticMember(let replacement):
                shard.groups[replacement.groupID]?.staticMemberPersisted(replacement, step: &step)
            }
        }
    }

    package mutating func writeFailed(
        _ purpose: GroupPurpose,
        error: CoordinatorError,
        now: Timestamp
    ) -> [GroupAction] {
        let error = GroupError(error)
        return self.step(now: now) { shard, step in
            switch purpose.kind {
            case .newGroup(let groupID):
                shard.groups[groupID]?.dismiss(error, step: &step)
                shard.groups[groupID] = nil
            case .assignment(let groupID, let number, _):
                shard.groups[groupID]?.assignmentFailed(number: number, error: error, step: &step)
            case .staticMember(let replacement):
                shard.groups[replacement.groupID]?.staticMemberFailed(replacement, error: error, step: &step)
            case .deletion(let groups):
                // A member may have joined since.
                for group in groups where shard.groups[group.id] == nil { shard.groups[group.id] = group }
            case .removedTopics:
                shard.forgettingRemovedTopicsFailed(step: &step)
            case .consumerGroup(let groupID, let replaced):
                shard.consumerGroupWriteFailed(groupID, replaced: replaced, step: &step)
            case .downgrade(let groupID):
                if var group = shard.groups.removeValue(forKey: groupID) { group.dismiss(error, step: &step) }
                shard.startTimers(of: groupID, step: &step)
            case .regex(let groupID, let pattern):
                let names = shard.surroundings.topicNames
                shard.resolve(pattern, of: groupID, among: names, after: .seconds(1), step: &step)
            case .classicJoin(let join):
                step.respondJoin(join.token, JoinResponse(error: error, memberID: join.response.memberID))
                shard.startTimers(of: join.groupID, step: &step)
            }
        }
    }

    // MARK: Life

    package mutating func dismissed(_ error: CoordinatorError, now: Timestamp) -> [GroupAction] {
        guard self.isLoaded else { return [] }
        return self.step(now: now) { shard, step in
            for groupID in shard.groups.keys.sorted() {
                shard.groups[groupID]?.dismiss(GroupError(error), step: &step)
            }
            shard.groups = ClassicGroups()
            // What records say is dropped with the machine.
            shard.isDismissed = true
            shard.offsetsChanged()
            for (groupID, members) in shard.consumers.members.rows {
                for memberID in members.keys { shard.cancelTimers(of: memberID, in: groupID, step: &step) }
            }
            step.cancelTimer(.regexes)
            step.cancelTimer(.offsetExpiry)
        }
    }

    /// Members' sessions start over; groups over `group.max.size` rebalance.
    package mutating func loadCompleted(now: Timestamp) -> [GroupAction] {
        self.isLoaded = true
        self.offsetsChanged()
        return self.step(now: now) { shard, step in
            for groupID in shard.recorded.keys.sorted() {
                guard case .some(.some) = shard.recorded[groupID], let group = shard.group(groupID) else { continue }
                shard.groups[groupID] = group
                for member in group.orderedMembers {
                    step.startTimer(
                        .session(groupID, member.id),
                        member.sessionTimeoutMilliseconds.milliseconds
                    )
                }
                if group.members.count > shard.settings.groupSizeMax {
                    shard.groups[groupID]?.prepareRebalance(.groupTooLarge, nil, step: &step)
                }
            }
            for groupID in shard.consumers.epochs.keys.sorted() {
                shard.startTimers(of: groupID, step: &step)
                // Topics may have changed while nobody followed them.
                shard.staleGroups.insert(groupID)
            }
            step.startTimer(.offsetExpiry, shard.settings.offsetsRetentionCheckInterval)
        }
    }
}
