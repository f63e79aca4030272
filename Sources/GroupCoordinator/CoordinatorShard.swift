package import Model

/// The groups and offsets of one `__consumer_offsets` partition: Kafka's classic group coordinator as a value.
///
/// Sans-IO. Events and the wall clock come in, actions go out; timers are durations that the owner counts on its
/// monotonic clock; IDs and UUIDs are parameters. The life of a change:
///
/// 1. an event decides: `.append(write)` among the actions, and perhaps a response;
/// 2. the owner calls `replay(write)` at once, so that later events see it, and appends the records;
/// 3. once they are durable it calls `writeCompleted`, runs the actions, and releases the response;
/// 4. when the append is refused (nothing was assigned) it calls `writesFailed`, which takes the change back;
/// 5. when assigned records can never be durable the value is useless: `dismissed`, and load a new one.
///
/// A load is the same replay, record by record, then `loadCompleted`. As in Kafka's coordinator, what a rebalance
/// does between two generations (who joined, who waits) lives in memory only; a restart goes back to the last
/// generation written, whose members carry on. So restarting the broker is not a rebalance.
///
/// Bad input: a peer's error is a `GroupError` in the response; timers and outcomes that come too late are
/// dropped; events before `loadCompleted` and a repeated member ID are our own bugs.
package struct CoordinatorShard: Sendable {
    package let settings: GroupSettings
    var groups: [GroupID: ClassicGroup] = [:]
    var offsets = OffsetStore()
    private var nextWriteID: UInt64 = 1
    private var isLoaded = false

    package init(settings: GroupSettings) {
        self.settings = settings
    }

    /// Runs one event on the machine and keeps the write IDs unique.
    mutating func step(now: Timestamp, _ body: (inout Self, inout GroupStep) -> Void) -> [GroupAction] {
        precondition(self.isLoaded, "events come after loadCompleted")
        var step = GroupStep(now: now, settings: self.settings, nextWriteID: self.nextWriteID)
        body(&self, &step)
        self.nextWriteID = step.upcomingWriteID
        return step.actions
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
            var request = request
            request.protocols = Self.withoutRepeatedNames(request.protocols)
            let prefix = request.groupInstanceID?.rawValue ?? request.clientID
            let newMemberID = MemberID("\(prefix)-\(uuid)")
            if shard.groups[request.groupID] == nil {
                return shard.joinNewGroup(request, token: token, newMemberID: newMemberID, step: &step)
            }
            shard.groups[request.groupID]?.join(request, token: token, newMemberID: newMemberID, step: &step)
        }
    }

    private mutating func joinNewGroup(
        _ request: JoinRequest,
        token: UInt64,
        newMemberID: MemberID,
        step: inout GroupStep
    ) {
        func refuse(_ error: GroupError) {
            step.respondJoin(token, JoinResponse(error: error, memberID: request.memberID))
        }
        guard request.memberID.rawValue.isEmpty else { return refuse(.unknownMemberID) }
        guard self.groups.count < self.settings.groupsMax else { return refuse(.coordinatorNotAvailable) }
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
            guard shard.groups[request.groupID] != nil else {
                return step.respondSync(token, SyncResponse(error: .unknownMemberID))
            }
            shard.groups[request.groupID]?.sync(request, token: token, step: &step)
        }
    }

    /// Heartbeat. Changes nothing but the timer `.session(group, member)`.
    package func heartbeatReceived(_ request: MemberHeartbeat) -> HeartbeatOutcome {
        guard !request.groupID.rawValue.isEmpty else { return HeartbeatOutcome(error: .invalidGroupID) }
        return self.groups[request.groupID]?.heartbeat(request) ?? HeartbeatOutcome(error: .unknownMemberID)
    }

    /// LeaveGroup. The response is held until the writes among the actions, if any, are durable.
    package mutating func leaveRequested(
        _ request: LeaveRequest,
        now: Timestamp
    ) -> (response: LeaveResponse, actions: [GroupAction]) {
        guard !request.groupID.rawValue.isEmpty else { return (LeaveResponse(error: .invalidGroupID), []) }
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
            case .session(let groupID, let memberID):
                shard.groups[groupID]?.sessionTimerFired(memberID, step: &step)
            case .join(let groupID):
                shard.groups[groupID]?.joinTimerFired(step: &step)
            case .sync(let groupID):
                shard.groups[groupID]?.syncTimerFired(step: &step)
            }
        }
    }

    // MARK: Writes

    /// The records of a write are durable.
    package mutating func writeCompleted(_ write: GroupWrite, now: Timestamp) -> [GroupAction] {
        self.step(now: now) { shard, step in
            switch write.purpose {
            case .plain, .newGroup:
                break
            case .assignment(let groupID, let assignments):
                shard.groups[groupID]?.assignmentPersisted(assignments, write: write.id, step: &step)
            case .staticMember(let replacement):
                shard.groups[replacement.groupID]?.staticMemberPersisted(replacement, step: &step)
            }
        }
    }

    /// The newest writes were refused before any record was assigned an offset: they are taken back.
    ///
    /// - Parameter writes: all that were replayed since the last successful append, oldest first.
    package mutating func writesFailed(
        _ writes: [AppliedWrite],
        error: GroupError,
        now: Timestamp
    ) -> [GroupAction] {
        self.step(now: now) { shard, step in
            for write in writes.reversed() {
                defer { for undo in write.undo.reversed() { shard.revert(undo) } }
                switch write.write.purpose {
                case .plain:
                    break
                case .newGroup(let groupID):
                    shard.groups[groupID]?.dismiss(error, step: &step)
                    shard.groups[groupID] = nil
                case .assignment(let groupID, _):
                    shard.groups[groupID]?.assignmentFailed(write: write.write.id, error: error, step: &step)
                case .staticMember(let replacement):
                    shard.groups[replacement.groupID]?.staticMemberFailed(replacement, error: error, step: &step)
                }
            }
        }
    }

    // MARK: End

    /// The shard moves away or has lost its log: everything parked is answered, all timers are cancelled.
    package mutating func dismissed(_ error: GroupError, now: Timestamp) -> [GroupAction] {
        guard self.isLoaded else { return [] }
        return self.step(now: now) { shard, step in
            for groupID in shard.groups.keys.sorted() { shard.groups[groupID]?.dismiss(error, step: &step) }
            shard.groups = [:]
            shard.offsets = OffsetStore()
        }
    }

    /// All records of the partition are replayed. Members' sessions begin anew; groups over `group.max.size`
    /// rebalance.
    package mutating func loadCompleted(now: Timestamp) -> [GroupAction] {
        self.isLoaded = true
        return self.step(now: now) { shard, step in
            for groupID in shard.groups.keys.sorted() {
                shard.groups[groupID]?.restore()
                guard let group = shard.groups[groupID] else { continue }
                for member in group.orderedMembers {
                    step.startTimer(
                        .session(groupID, member.id),
                        member.sessionTimeoutMilliseconds.milliseconds
                    )
                }
                if group.members.count > shard.settings.groupSizeMax {
                    shard.groups[groupID]?.prepareRebalance(step: &step)
                }
            }
        }
    }
}
