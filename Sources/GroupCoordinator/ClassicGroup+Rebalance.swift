internal import Model

extension ClassicGroup {
    /// Starts a rebalance, or continues the one that runs.
    mutating func prepareRebalanceOrCompleteJoin(
        _ reason: RebalanceReason,
        _ memberID: MemberID,
        step: inout GroupStep
    ) {
        switch self.state {
        case .empty, .completing, .stable: self.prepareRebalance(reason, memberID, step: &step)
        case .preparing:
            // Known members join again because of the rebalance.
            if reason == .memberJoined { step.note(.began(self.id, reason, memberID)) }
            self.maybeCompleteJoin(step: &step)
        }
    }

    /// Asks all members to join again: those that heartbeat hear of it.
    ///
    /// - Parameter memberID: whose doing it is.
    mutating func prepareRebalance(_ reason: RebalanceReason, _ memberID: MemberID?, step: inout GroupStep) {
        if !self.isPreparing { step.note(.began(self.id, reason, memberID)) }
        switch self.state {
        case .preparing:
            return
        case .empty:
            let delay = Int64(max(step.settings.initialRebalanceDelayMilliseconds, 0))
            let remaining = max(Int64(self.rebalanceTimeoutMilliseconds) - delay, 0)
            self.state = .preparing(
                .initial(delayMilliseconds: delay, remainingMilliseconds: remaining, newMemberAdded: false)
            )
            self.stateTimestamp = step.now
            step.startTimer(.join(self.id), .milliseconds(delay))
            return
        case .completing:
            self.propagateError(.rebalanceInProgress, step: &step)
        case .stable:
            break
        }
        step.cancelTimer(.sync(self.id))
        self.state = .preparing(.rejoin)
        self.stateTimestamp = step.now
        if self.hasAllMembersJoined {
            self.completeJoin(step: &step)
        } else {
            step.startTimer(.join(self.id), self.rebalanceTimeoutMilliseconds.milliseconds)
        }
    }

    /// Ends the join phase when all awaited members have joined. The initial phase only ends by its delay.
    mutating func maybeCompleteJoin(step: inout GroupStep) {
        guard case .preparing(.rejoin) = self.state, self.hasAllMembersJoined else { return }
        self.completeJoin(step: &step)
    }

    /// The `.join` timer: the initial delay, or the rebalance timeout.
    mutating func joinTimerFired(step: inout GroupStep) {
        guard case .preparing(let preparing) = self.state else { return }
        if case .initial(let delay, let remaining, true) = preparing, remaining != 0 {
            // Members keep coming: wait on, up to the rebalance timeout in all.
            let newDelay = min(Int64(max(step.settings.initialRebalanceDelayMilliseconds, 0)), remaining)
            self.state = .preparing(
                .initial(
                    delayMilliseconds: newDelay,
                    remainingMilliseconds: max(remaining - delay, 0),
                    newMemberAdded: false
                )
            )
            return step.startTimer(.join(self.id), .milliseconds(newDelay))
        }
        self.completeJoin(step: &step)
    }

    /// Ends the join phase: who is not back is out (static members stay), and the next generation begins.
    mutating func completeJoin(step: inout GroupStep) {
        guard case .preparing = self.state else { return }
        step.cancelTimer(.join(self.id))
        for member in self.orderedMembers where member.joinToken == nil && member.groupInstanceID == nil {
            step.note(.began(self.id, .memberNotBack, member.id))
            self.remove(member.id, error: .unknownMemberID, step: &step)
        }
        guard self.electLeader() || self.members.isEmpty else {
            // Only static members, none of them back: wait until their sessions end or one joins.
            self.state = .preparing(.rejoin)
            return step.startTimer(.join(self.id), self.rebalanceTimeoutMilliseconds.milliseconds)
        }
        self.generation = self.generation == .max ? 0 : self.generation + 1
        self.stateTimestamp = step.now
        guard !self.members.isEmpty else {
            self.protocolName = nil
            self.subscribedTopics = self.computeSubscribedTopics()
            self.state = .empty
            step.note(.ended(self.id, generation: self.generation, members: 0))
            return step.append([.groupMetadata(self.id, self.metadataValue(assignments: [:]))])
        }
        self.protocolName = self.selectProtocol()
        self.subscribedTopics = self.computeSubscribedTopics()
        self.state = .completing(pendingSync: Set(self.members.keys), assignmentWrite: nil)
        self.answerJoins(step: &step)
        step.startTimer(.sync(self.id), self.rebalanceTimeoutMilliseconds.milliseconds)
    }

    /// Keeps the leader if it is back; else the first member that is back leads. False when no member is.
    private mutating func electLeader() -> Bool {
        guard let leader = self.leader else { return false }
        if self.members[leader]?.joinToken != nil { return true }
        let successor = self.members.values.filter { $0.joinToken != nil }.min { $0.rank < $1.rank }
        guard let successor else { return false }
        self.leader = successor.id
        return true
    }

    private mutating func answerJoins(step: inout GroupStep) {
        for member in self.orderedMembers {
            if let token = self.takeJoinToken(member.id) {
                step.respondJoin(
                    token,
                    JoinResponse(
                        memberID: member.id,
                        generationID: GenerationID(self.generation),
                        protocolType: self.protocolType,
                        protocolName: self.protocolName,
                        leader: self.leader ?? MemberID(""),
                        members: self.isLeader(member.id) ? self.joinedMembers : []
                    )
                )
            }
            self.markJoined(member.id)
            step.startTimer(.session(self.id, member.id), member.sessionTimeoutMilliseconds.milliseconds)
        }
    }

    // MARK: Sync

    mutating func sync(_ request: SyncRequest, token: UInt64, step: inout GroupStep) {
        if let error = self.validateSync(request) {
            return step.respondSync(token, SyncResponse(error: error))
        }
        switch self.state {
        case .empty:
            step.respondSync(token, SyncResponse(error: .unknownMemberID))
        case .preparing:
            step.respondSync(token, SyncResponse(error: .rebalanceInProgress))
        case .completing:
            if let superseded = self.parkSync(request.memberID, token: token) {
                step.respondSync(superseded, SyncResponse(error: .rebalanceInProgress))
            }
            self.noteSync(request.memberID, step: &step)
            if self.isLeader(request.memberID) { self.writeAssignment(request, step: &step) }
        case .stable:
            self.noteSync(request.memberID, step: &step)
            step.respondSync(
                token,
                SyncResponse(
                    protocolType: self.protocolType,
                    protocolName: self.protocolName,
                    assignment: self.members[request.memberID]?.assignment ?? []
                )
            )
        }
    }

    private func validateSync(_ request: SyncRequest) -> GroupError? {
        guard !self.isEmpty else { return .unknownMemberID }
        if let error = self.validate(request.memberID, request.groupInstanceID) { return error }
        guard request.generationID.rawValue == self.generation else { return .illegalGeneration }
        if let type = request.protocolType, type != self.protocolType { return .inconsistentGroupProtocol }
        if let name = request.protocolName, name != self.protocolName { return .inconsistentGroupProtocol }
        return nil
    }

    private mutating func noteSync(_ memberID: MemberID, step: inout GroupStep) {
        if self.removePendingSync(memberID) { step.cancelTimer(.sync(self.id)) }
    }

    private mutating func writeAssignment(_ request: SyncRequest, step: inout GroupStep) {
        // A leader that repeats itself must not put a second assignment behind the first: members would get
        // one and a restart would find the other.
        guard case .completing(let pendingSync, nil) = self.state else { return }
        var assignments: [MemberID: [UInt8]] = [:]
        for (memberID, assignment) in request.assignments
        where self.members[memberID] != nil && assignments[memberID] == nil {
            assignments[memberID] = assignment
        }
        let number = step.takeNumber()
        self.state = .completing(pendingSync: pendingSync, assignmentWrite: number)
        step.append(
            [.groupMetadata(self.id, self.metadataValue(assignments: assignments))],
            purpose: .assignment(self.id, number: number, assignments)
        )
    }

    /// The leader's assignment is durable: the members get it.
    mutating func assignmentPersisted(
        _ assignments: [MemberID: [UInt8]],
        number: UInt64,
        step: inout GroupStep
    ) {
        guard case .completing(let pendingSync, number) = self.state else { return }
        self.setAssignments(assignments)
        self.state = .stable(pendingSync: pendingSync)
        self.stateTimestamp = step.now
        step.note(.ended(self.id, generation: self.generation, members: self.members.count))
        for member in self.orderedMembers {
            guard let token = self.takeSyncToken(member.id) else { continue }
            step.respondSync(
                token,
                SyncResponse(
                    protocolType: self.protocolType,
                    protocolName: self.protocolName,
                    assignment: member.assignment
                )
            )
            // A session that ended while the sync was parked was ignored and left no timer.
            step.startTimer(.session(self.id, member.id), member.sessionTimeoutMilliseconds.milliseconds)
        }
    }

    /// The leader's assignment could not be written: the members hear why and join again.
    mutating func assignmentFailed(number: UInt64, error: GroupError, step: inout GroupStep) {
        guard case .completing(let pendingSync, number) = self.state else { return }
        self.propagateError(error, step: &step)
        self.state = .completing(pendingSync: pendingSync, assignmentWrite: nil)
        self.prepareRebalance(.assignmentNotStored, nil, step: &step)
    }

    private mutating func propagateError(_ error: GroupError, step: inout GroupStep) {
        self.setAssignments([:])
        for member in self.orderedMembers {
            guard let token = self.takeSyncToken(member.id) else { continue }
            step.respondSync(token, SyncResponse(error: error))
            step.startTimer(.session(self.id, member.id), member.sessionTimeoutMilliseconds.milliseconds)
        }
    }

    /// The `.sync` timer: members that joined and never asked for their assignment are out.
    mutating func syncTimerFired(step: inout GroupStep) {
        guard let pendingSync = self.pendingSync, !pendingSync.isEmpty else { return }
        let silent = self.orderedMembers.filter { pendingSync.contains($0.id) }
        for member in silent { self.remove(member.id, error: .unknownMemberID, step: &step) }
        self.prepareRebalance(.memberNotBack, silent.first?.id, step: &step)
    }
}
