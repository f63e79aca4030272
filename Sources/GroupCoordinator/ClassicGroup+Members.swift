internal import Model

extension ClassicGroup {
    func heartbeat(_ request: MemberHeartbeat) -> HeartbeatOutcome {
        if let error = self.validate(request.memberID, request.groupInstanceID) {
            return HeartbeatOutcome(error: error)
        }
        guard request.generationID.rawValue == self.generation else {
            return HeartbeatOutcome(error: .illegalGeneration)
        }
        let timeout = self.members[request.memberID]?.sessionTimeoutMilliseconds.milliseconds
        switch self.state {
        case .empty:
            return HeartbeatOutcome(error: .unknownMemberID)
        case .preparing:
            return HeartbeatOutcome(error: .rebalanceInProgress, sessionTimeout: timeout)
        case .completing, .stable:
            return HeartbeatOutcome(error: nil, sessionTimeout: timeout)
        }
    }

    mutating func leave(_ request: LeaveRequest, step: inout GroupStep) -> LeaveResponse {
        var response = LeaveResponse()
        for member in request.members {
            response.members.append(
                LeaveResponse.Member(
                    memberID: member.memberID,
                    groupInstanceID: member.groupInstanceID,
                    error: self.leave(member, step: &step)
                )
            )
        }
        guard response.members.contains(where: { $0.error == nil }) else { return response }
        switch self.state {
        case .stable, .completing:
            let left = response.members.first { $0.error == nil }
            self.prepareRebalance(.memberLeft, left?.memberID, step: &step)
        case .preparing: self.maybeCompleteJoin(step: &step)
        case .empty: break
        }
        return response
    }

    private mutating func leave(_ member: LeaveRequest.Member, step: inout GroupStep) -> GroupError? {
        if member.memberID.rawValue.isEmpty {
            // An administrator removes a static member by its name.
            guard let instance = member.groupInstanceID, let current = self.staticMembers[instance] else {
                return .unknownMemberID
            }
            self.remove(current, error: .unknownMemberID, step: &step)
            return nil
        }
        if !self.pendingJoin.contains(member.memberID),
            let error = self.validate(member.memberID, member.groupInstanceID)
        {
            return error
        }
        self.remove(member.memberID, error: .unknownMemberID, step: &step)
        return nil
    }

    /// A `.session` timer: the member, or the ID that was handed out, is out.
    mutating func sessionTimerFired(_ memberID: MemberID, step: inout GroupStep) {
        if self.pendingJoin.contains(memberID) {
            self.remove(memberID, error: .unknownMemberID, step: &step)
        } else if let member = self.members[memberID] {
            // Its request is parked: it waits for us. The timer starts again when it is answered.
            guard !member.hasSatisfiedHeartbeat else { return }
            self.remove(memberID, error: .unknownMemberID, step: &step)
            switch self.state {
            case .stable, .completing: return self.prepareRebalance(.memberExpired, memberID, step: &step)
            case .preparing: step.note(.began(self.id, .memberExpired, memberID))
            case .empty: break
            }
        }
        if case .preparing = self.state, self.hasAllMembersJoined { self.completeJoin(step: &step) }
    }

    /// Rebuilds the live group from its record, as after a restart. Stable groups stay stable: members keep their
    /// generation.
    mutating func restore(_ value: GroupMetadata) {
        self.protocolType = value.protocolType.isEmpty ? nil : value.protocolType
        self.protocolName = value.protocolName
        self.generation = max(value.generationID.rawValue, 0)
        self.stateTimestamp = value.currentStateTimestamp == -1 ? nil : value.currentStateTimestamp
        for member in value.members where self.members[member.memberID] == nil {
            let restored = GroupMember(
                restoring: member,
                protocolName: value.protocolName ?? "",
                rank: self.takeRank()
            )
            self.add(restored, protocolType: value.protocolType)
        }
        // A leader that is not a member (a damaged record) would never be able to assign.
        if let leader = value.leader, self.members[leader] != nil { self.leader = leader }
        self.state = self.members.isEmpty ? .empty : .stable(pendingSync: [])
        self.subscribedTopics = self.computeSubscribedTopics()
    }

    /// The group is back after what was to replace it was refused: its members join again, their requests are answered.
    mutating func revive(step: inout GroupStep) {
        for member in self.orderedMembers {
            _ = self.takeJoinToken(member.id)
            _ = self.takeSyncToken(member.id)
            step.startTimer(.session(self.id, member.id), member.sessionTimeoutMilliseconds.milliseconds)
        }
        for memberID in self.pendingJoin { self.removePendingJoin(memberID) }
        guard !self.members.isEmpty else {
            self.state = .empty
            return
        }
        self.state = .stable(pendingSync: [])
        self.prepareRebalance(.protocolChanged, nil, step: &step)
    }

    /// Answers everything that is parked: the shard goes away.
    mutating func dismiss(_ error: GroupError, step: inout GroupStep) {
        for member in self.orderedMembers {
            if let token = self.takeJoinToken(member.id) {
                step.respondJoin(token, JoinResponse(error: error, memberID: member.id))
            }
            if let token = self.takeSyncToken(member.id) {
                step.respondSync(token, SyncResponse(error: error))
            }
            step.cancelTimer(.session(self.id, member.id))
        }
        for memberID in self.pendingJoin.sorted() { step.cancelTimer(.session(self.id, memberID)) }
        step.cancelTimer(.join(self.id))
        step.cancelTimer(.sync(self.id))
    }
}
