internal import Model

extension ClassicGroup {
    /// JoinGroup, `request.protocols` without repeated names. `newMemberID` is for a member that has none.
    mutating func join(_ request: JoinRequest, token: UInt64, newMemberID: MemberID, step: inout GroupStep) {
        guard self.accepts(request.memberID, settings: step.settings) else {
            self.remove(request.memberID, error: .groupMaxSizeReached, step: &step)
            return step.respondJoin(
                token,
                JoinResponse(error: .groupMaxSizeReached, memberID: MemberID(""))
            )
        }
        guard self.supports(request.protocolType, request.protocols) else {
            return step.respondJoin(
                token,
                JoinResponse(error: .inconsistentGroupProtocol, memberID: request.memberID)
            )
        }
        if request.memberID.rawValue.isEmpty {
            self.joinNew(request, token: token, newMemberID: newMemberID, step: &step)
        } else {
            self.joinExisting(request, token: token, step: &step)
        }
    }

    /// KIP-389. While members are gathered those that wait count, so that the last to rejoin are turned away.
    private func accepts(_ memberID: MemberID, settings: GroupSettings) -> Bool {
        switch self.state {
        case .empty:
            true
        case .preparing:
            self.members[memberID]?.joinToken != nil || self.awaitingJoinCount < settings.groupSizeMax
        case .completing, .stable:
            self.members[memberID] != nil || self.members.count < settings.groupSizeMax
        }
    }

    private mutating func joinNew(
        _ request: JoinRequest,
        token: UInt64,
        newMemberID: MemberID,
        step: inout GroupStep
    ) {
        if let instance = request.groupInstanceID {
            if let current = self.staticMembers[instance] {
                self.replaceStatic(current, request, token: token, newMemberID: newMemberID, step: &step)
            } else {
                self.addMember(request, as: newMemberID, token: token, step: &step)
            }
        } else if request.requiresKnownMemberID {
            guard self.pendingJoin.count < step.settings.pendingMembersMax else {
                return step.respondJoin(
                    token,
                    JoinResponse(error: .groupMaxSizeReached, memberID: MemberID(""))
                )
            }
            self.addPendingJoin(newMemberID)
            step.startTimer(.session(self.id, newMemberID), request.sessionTimeoutMilliseconds.milliseconds)
            step.respondJoin(token, JoinResponse(error: .memberIDRequired, memberID: newMemberID))
        } else {
            self.addMember(request, as: newMemberID, token: token, step: &step)
        }
    }

    private mutating func joinExisting(_ request: JoinRequest, token: UInt64, step: inout GroupStep) {
        let memberID = request.memberID
        if self.pendingJoin.contains(memberID) {
            // An ID is only handed out to a dynamic member.
            guard request.groupInstanceID == nil else {
                return step.respondJoin(token, JoinResponse(error: .unknownMemberID, memberID: memberID))
            }
            return self.addMember(request, as: memberID, token: token, step: &step)
        }
        if let error = self.validate(memberID, request.groupInstanceID) {
            return step.respondJoin(token, JoinResponse(error: error, memberID: memberID))
        }
        guard let member = self.members[memberID] else { return }
        let isUnchanged = member.protocols == request.protocols
        switch self.state {
        case .empty:
            step.respondJoin(token, JoinResponse(error: .unknownMemberID, memberID: memberID))
        case .preparing:
            self.updateMember(request, token: token, step: &step)
        case .completing where isUnchanged:
            // The member may have missed the answer: it gets the current generation again.
            step.respondJoin(token, self.joinResponse(for: memberID))
        case .stable where isUnchanged && !self.isLeader(memberID):
            step.respondJoin(token, self.joinResponse(for: memberID))
        case .completing, .stable:
            // New metadata, or a stable group's leader, which may have seen its topics change.
            self.updateMember(request, token: token, step: &step)
        }
    }

    /// The answer of the current generation.
    private func joinResponse(for memberID: MemberID) -> JoinResponse {
        let listsMembers: Bool =
            if case .completing = self.state { self.isLeader(memberID) } else { false }
        return JoinResponse(
            memberID: memberID,
            generationID: GenerationID(self.generation),
            protocolType: self.protocolType,
            protocolName: self.protocolName,
            leader: self.leader ?? MemberID(""),
            members: listsMembers ? self.joinedMembers : []
        )
    }

    private mutating func addMember(
        _ request: JoinRequest,
        as memberID: MemberID,
        token: UInt64,
        step: inout GroupStep
    ) {
        if case .preparing(.initial(let delay, let remaining, _)) = self.state {
            self.state = .preparing(
                .initial(delayMilliseconds: delay, remainingMilliseconds: remaining, newMemberAdded: true)
            )
        }
        let member = GroupMember(
            joining: request,
            as: memberID,
            protocols: request.protocols,
            rank: self.takeRank(),
            token: token
        )
        self.add(member, protocolType: request.protocolType)
        // A new member cannot heartbeat while its join is parked, and a client that gave up leaves no trace:
        // this bounds how long such members pile up in a long rebalance.
        step.startTimer(
            .session(self.id, memberID),
            .milliseconds(step.settings.newMemberJoinTimeoutMilliseconds)
        )
        self.prepareRebalanceOrCompleteJoin(.memberJoined, memberID, step: &step)
    }

    private mutating func updateMember(_ request: JoinRequest, token: UInt64, step: inout GroupStep) {
        let isUnchanged = self.members[request.memberID]?.protocols == request.protocols
        self.apply(request, to: request.memberID, token: token, step: &step)
        let reason: RebalanceReason = isUnchanged ? .leaderRejoined : .subscriptionChanged
        self.prepareRebalanceOrCompleteJoin(reason, request.memberID, step: &step)
    }

    /// Takes over what a member says when it joins again.
    private mutating func apply(
        _ request: JoinRequest,
        to memberID: MemberID,
        token: UInt64,
        step: inout GroupStep
    ) {
        if let superseded = self.members[memberID]?.joinToken {
            step.respondJoin(superseded, JoinResponse(error: .rebalanceInProgress, memberID: memberID))
        }
        self.update(memberID) { member in
            member.protocols = request.protocols
            member.rebalanceTimeoutMilliseconds = request.effectiveRebalanceTimeoutMilliseconds
            member.sessionTimeoutMilliseconds = request.sessionTimeoutMilliseconds
            member.joinToken = token
        }
    }

    // MARK: Static members

    /// A static member is back without its ID (KIP-345): its predecessor is fenced and it takes its place.
    private mutating func replaceStatic(
        _ oldMemberID: MemberID,
        _ request: JoinRequest,
        token: UInt64,
        newMemberID: MemberID,
        step: inout GroupStep
    ) {
        guard let old = self.members[oldMemberID] else { return }
        let previousLeader = self.leader
        if let parked = self.takeJoinToken(oldMemberID) {
            step.respondJoin(parked, JoinResponse(error: .fencedInstanceID, memberID: oldMemberID))
        }
        if let parked = self.takeSyncToken(oldMemberID) {
            step.respondSync(parked, SyncResponse(error: .fencedInstanceID))
        }
        self.replace(oldMemberID, with: GroupMember(replacing: old, as: newMemberID))
        self.apply(request, to: newMemberID, token: token, step: &step)
        step.cancelTimer(.session(self.id, oldMemberID))
        step.startTimer(.session(self.id, newMemberID), request.sessionTimeoutMilliseconds.milliseconds)

        switch self.state {
        case .stable where self.selectProtocol() == self.protocolName:
            // The assignment stays valid; only the new ID has to survive a restart.
            self.subscribedTopics = self.computeSubscribedTopics()
            let assignments = self.members.mapValues(\.assignment)
            var previous = GroupMember(replacing: old, as: oldMemberID)
            previous.isNew = old.isNew
            let replacement = GroupPurpose.StaticReplacement(
                groupID: self.id,
                generation: self.generation,
                memberID: newMemberID,
                token: token,
                supportsSkippingAssignment: request.supportsSkippingAssignment,
                previousLeader: previousLeader,
                previous: previous
            )
            step.append(
                [.groupMetadata(self.id, self.metadataValue(assignments: assignments))],
                purpose: .staticMember(replacement)
            )
        case .stable, .completing:
            // In the completing state the leader may assign to the old ID, so the round has to start over.
            self.prepareRebalance(.staticMemberReplaced, newMemberID, step: &step)
        case .preparing:
            self.maybeCompleteJoin(step: &step)
        case .empty:
            break
        }
    }

    /// The record of a static member's new ID is durable.
    mutating func staticMemberPersisted(_ replacement: GroupPurpose.StaticReplacement, step: inout GroupStep) {
        // When a rebalance began meanwhile, the parked join belongs to it.
        guard case .stable = self.state, self.generation == replacement.generation,
            self.members[replacement.memberID]?.joinToken == replacement.token,
            let token = self.takeJoinToken(replacement.memberID)
        else { return }
        let skips = replacement.supportsSkippingAssignment
        let isLeader = self.isLeader(replacement.memberID)
        step.respondJoin(
            token,
            JoinResponse(
                memberID: replacement.memberID,
                generationID: GenerationID(self.generation),
                protocolType: self.protocolType,
                protocolName: self.protocolName,
                // A leader that cannot skip is shown its old ID, so that it does not take itself for the leader.
                leader: (skips ? self.leader : replacement.previousLeader) ?? MemberID(""),
                skipAssignment: skips && isLeader,
                members: skips && isLeader ? self.joinedMembers : []
            )
        )
    }

    /// The record could not be written: the old ID is back.
    mutating func staticMemberFailed(
        _ replacement: GroupPurpose.StaticReplacement,
        error: GroupError,
        step: inout GroupStep
    ) {
        // A join that is not parked any more was answered by a rebalance: its client uses the new ID already.
        guard self.members[replacement.memberID]?.joinToken == replacement.token else { return }
        _ = self.takeJoinToken(replacement.memberID)
        let leader = self.leader == replacement.memberID ? replacement.previousLeader : self.leader
        self.replace(replacement.memberID, with: replacement.previous)
        self.subscribedTopics = self.computeSubscribedTopics()
        step.cancelTimer(.session(self.id, replacement.memberID))
        step.startTimer(
            .session(self.id, replacement.previous.id),
            replacement.previous.sessionTimeoutMilliseconds.milliseconds
        )
        step.respondJoin(
            replacement.token,
            JoinResponse(
                error: error,
                memberID: MemberID(""),
                generationID: GenerationID(self.generation),
                protocolType: self.protocolType,
                protocolName: self.protocolName,
                leader: leader ?? MemberID("")
            )
        )
    }
}
