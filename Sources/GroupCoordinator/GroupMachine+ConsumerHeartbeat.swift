internal import Coordination
package import Model

extension GroupMachine {
    /// ConsumerGroupHeartbeat: a member joins, shows life, says what it has, or leaves (KIP-848). The response is held
    /// until the writes among the actions, if any, are durable.
    ///
    /// - Parameter uuid: the ID of a member that comes without one.
    package mutating func consumerHeartbeatReceived(
        _ request: ConsumerHeartbeat,
        uuid: @autoclosure () -> String,
        now: Timestamp
    ) -> (response: ConsumerHeartbeatResponse, actions: [GroupAction]) {
        if let response = self.answerSettledMember(request) {
            let session = self.consumerSessionTimeout(of: request.groupID)
            return (response, [.startTimer(.session(request.groupID, request.memberID), session)])
        }
        var request = request
        if request.memberID.rawValue.isEmpty, !request.requiresMemberID { request.memberID = MemberID(uuid()) }
        var response = ConsumerHeartbeatResponse()
        let actions = self.step(now: now) { machine, step in
            do throws(GroupRefusal) {
                try machine.validate(request)
                response =
                    request.leaves
                    ? try machine.leaveConsumerGroup(request, step: &step)
                    : try machine.heartbeatConsumerGroup(request, step: &step)
            } catch {
                response = ConsumerHeartbeatResponse(error: error.error, message: error.message)
            }
        }
        return (response, actions)
    }

    /// The common case: a member that has everything that it is meant to have shows life, and nothing changes.
    private func answerSettledMember(_ request: ConsumerHeartbeat) -> ConsumerHeartbeatResponse? {
        let groupID = request.groupID
        guard request.isBare, request.memberEpoch > 0,
            let member = self.consumers.member(request.memberID, of: groupID),
            member.assignment.memberEpoch == request.memberEpoch, member.assignment.state == .stable,
            self.consumers.targetEpochs[groupID]?.epoch == request.memberEpoch,
            self.consumers.epochs[groupID]?.epoch == request.memberEpoch,
            member.subscription.groupInstanceID == request.groupInstanceID,
            member.subscription.classic == nil,
            member.subscription.clientID == request.clientID, member.subscription.clientHost == request.clientHost,
            !self.staleGroups.contains(groupID)
        else { return nil }
        return ConsumerHeartbeatResponse(
            memberID: request.memberID,
            memberEpoch: request.memberEpoch,
            heartbeatIntervalMilliseconds: self.heartbeatInterval(of: groupID, isSettled: true)
        )
    }

    // MARK: Checks

    private func validate(_ request: ConsumerHeartbeat) throws(GroupRefusal) {
        func refuse(_ message: String) throws(GroupRefusal) { throw GroupRefusal(.invalidRequest, message) }
        if request.groupID.rawValue.isEmpty { try refuse("GroupId can't be empty.") }
        if request.memberID.rawValue.isEmpty { try refuse("MemberId can't be empty.") }
        if request.groupInstanceID?.rawValue.isEmpty == true { try refuse("InstanceId can't be empty.") }
        if request.rackID?.isEmpty == true { try refuse("RackId can't be empty.") }
        try self.validateSizes(request)
        switch request.memberEpoch {
        case 1..., ConsumerHeartbeat.leaveEpoch:
            break
        case 0:
            if request.rebalanceTimeoutMilliseconds == -1 {
                try refuse("RebalanceTimeoutMs must be provided in first request.")
            }
            guard let owned = request.owned, owned.isEmpty else {
                throw GroupRefusal(.invalidRequest, "TopicPartitions must be empty when (re-)joining.")
            }
            if request.topicNames?.isEmpty ?? true, request.topicRegex?.isEmpty ?? true {
                try refuse("Either SubscribedTopicNames or SubscribedTopicRegex must be non-empty when (re-)joining.")
            }
        case MemberAssignment.staticLeaveEpoch:
            if request.groupInstanceID == nil { try refuse("InstanceId can't be null.") }
        default:
            try refuse("MemberEpoch is invalid.")
        }
        let assignors = self.settings.consumerAssignors.map(\.rawValue)
        if let name = request.serverAssignor, !assignors.contains(name) {
            let names = assignors.joined(separator: ", ")
            throw GroupRefusal(
                .unsupportedAssignor,
                "ServerAssignor \(name) is not supported. Supported assignors: \(names)."
            )
        }
    }

    /// Keys of records hold short strings; the rest is bounded so that a group's records fit.
    private func validateSizes(_ request: ConsumerHeartbeat) throws(GroupRefusal) {
        let names = request.topicNames ?? []
        guard request.groupID.rawValue.fitsRecord else { throw GroupRefusal(.invalidGroupID, "GroupId is too long.") }
        guard request.memberID.rawValue.fitsRecord, request.clientID.fitsRecord,
            request.groupInstanceID?.rawValue.fitsRecord ?? true, request.rackID?.fitsRecord ?? true,
            names.reduce(0, { $0 + $1.utf8.count + 4 }) <= self.settings.memberMetadataBytesMax,
            request.owned?.count ?? 0 <= self.settings.ownedPartitionsMax
        else { throw GroupRefusal(.invalidRequest, "The request is too large.") }
    }

    private func validate(
        _ assignment: MemberAssignment,
        _ request: ConsumerHeartbeat
    ) throws(GroupRefusal) {
        let known = assignment.memberEpoch
        let received = request.memberEpoch
        if received > known {
            throw GroupRefusal(
                .fencedMemberEpoch,
                "The consumer group member has a greater member epoch (\(received)) than the one known by the group "
                    + "coordinator (\(known)). The member must abandon all its partitions and rejoin."
            )
        }
        // A member whose last answer was lost is still at the epoch before; what it has must be its own.
        if received < known,
            received != assignment.previousMemberEpoch
                || !(request.owned?.isSubset(of: assignment.assigned) ?? false)
        {
            throw GroupRefusal(
                .fencedMemberEpoch,
                "The consumer group member has a smaller member epoch (\(received)) than the one known by the group "
                    + "coordinator (\(known)). The member must abandon all its partitions and rejoin."
            )
        }
    }

    // MARK: Heartbeat

    private mutating func heartbeatConsumerGroup(
        _ request: ConsumerHeartbeat,
        step: inout GroupStep
    ) throws(GroupRefusal) -> ConsumerHeartbeatResponse {
        let isJoin = request.memberEpoch == 0
        if let regex = request.topicRegex, !regex.isEmpty { try self.validate(regex: regex, in: request) }
        var opened = try self.openConsumerGroup(request.groupID, creates: isJoin, step: step)
        let before = try self.admit(request, isJoin: isJoin, to: &opened.edit)
        let subscription = self.updated(before.subscription, by: request)
        let added = subscription.heldBytes - before.subscription.heldBytes
        guard added <= 0 || added <= self.surroundings.memberBytesLeft else {
            throw GroupRefusal(
                .groupMaxSizeReached,
                "The members of all groups hold as much memory as they may; this one adds \(added) bytes."
            )
        }
        opened.edit.subscribe(request.memberID, subscription)
        let hasChanged =
            before.subscription.topicNames != subscription.topicNames
            || before.subscription.topicRegex != subscription.topicRegex
        if hasChanged { opened.edit.dropUnusedRegexes() }
        let reason: RebalanceReason? = hasChanged ? (isJoin ? .memberJoined : .subscriptionChanged) : nil
        self.refreshEpoch(&opened.edit, bumpedBy: reason, of: request.memberID, step: &step)
        self.updateTarget(&opened.edit, step: step)
        try self.reconcile(request.memberID, owned: request.owned, in: &opened.edit, step: &step)
        if let regex = subscription.topicRegex, !opened.edit.isResolved(regex) {
            self.resolve(regex, of: request.groupID, among: self.surroundings.topicNames, step: &step)
        }
        let member = opened.edit[request.memberID]?.assignment ?? MemberAssignment()
        self.commit(opened, step: &step)
        step.startTimer(
            .session(request.groupID, request.memberID),
            self.consumerSessionTimeout(of: request.groupID)
        )
        let isSettled =
            member.isReconciled(to: opened.edit.epoch.epoch)
            && subscription.topicRegex.map { opened.edit.isResolved($0) } ?? true
        let isNews = request.isFull || before.assignment.assigned != member.assigned
        return ConsumerHeartbeatResponse(
            memberID: request.memberID,
            memberEpoch: member.memberEpoch,
            heartbeatIntervalMilliseconds: self.heartbeatInterval(of: request.groupID, isSettled: isSettled),
            assignment: isNews ? member.assigned : nil
        )
    }

    /// Finds the member, or makes it; returns it as it was before the request.
    private func admit(
        _ request: ConsumerHeartbeat,
        isJoin: Bool,
        to edit: inout ConsumerGroupEdit
    ) throws(GroupRefusal) -> ConsumerMember {
        let memberID = request.memberID
        let instance = request.groupInstanceID
        let isKnown = edit[memberID] != nil || instance.flatMap { edit.staticMember($0) } != nil
        guard isKnown || edit.memberCount < self.settings.consumerGroupSizeMax else {
            throw GroupRefusal(
                .groupMaxSizeReached,
                "The consumer group has reached its maximum capacity of \(self.settings.consumerGroupSizeMax) members."
            )
        }
        if let instance { try self.admitStatic(request, instance, isJoin: isJoin, to: &edit) }
        guard let member = edit[memberID] else {
            guard isJoin else { throw Self.unknownMember(memberID, edit.groupID) }
            return ConsumerMember(subscription: MemberSubscription())
        }
        if !isJoin, member.subscription.classic == nil { try self.validate(member.assignment, request) }
        guard isJoin, member.assignment.memberEpoch != 0 else { return member }
        // It joins again and has nothing: what it had is free, for itself as well.
        edit.assign(memberID, MemberAssignment())
        return edit[memberID] ?? member
    }

    private func admitStatic(
        _ request: ConsumerHeartbeat,
        _ instance: GroupInstanceID,
        isJoin: Bool,
        to edit: inout ConsumerGroupEdit
    ) throws(GroupRefusal) {
        guard let known = edit.staticMember(instance) else {
            if isJoin { return }
            throw GroupRefusal(.unknownMemberID, "Instance id \(instance) is unknown.")
        }
        guard known.id != request.memberID else { return }
        guard isJoin else {
            throw GroupRefusal(
                .fencedInstanceID,
                "Static member \(request.memberID) with instance id \(instance) was fenced by member \(known.id)."
            )
        }
        // A successor comes when its predecessor has left, or to speak another protocol.
        guard
            known.member.assignment.memberEpoch == MemberAssignment.staticLeaveEpoch
                || known.member.subscription.classic != nil
        else {
            throw GroupRefusal(
                .unreleasedInstanceID,
                "Static member \(request.memberID) with instance id \(instance) cannot join the group because the "
                    + "instance id is owned by \(known.id) member."
            )
        }
        edit.replace(known.id, with: request.memberID)
    }

    static func unknownMember(_ memberID: MemberID, _ groupID: GroupID) -> GroupRefusal {
        GroupRefusal(.unknownMemberID, "Member \(memberID) is not a member of group \(groupID).")
    }

    private func updated(_ subscription: MemberSubscription, by request: ConsumerHeartbeat) -> MemberSubscription {
        var subscription = subscription
        subscription.groupInstanceID = request.groupInstanceID ?? subscription.groupInstanceID
        subscription.rackID = request.rackID ?? subscription.rackID
        if request.rebalanceTimeoutMilliseconds != -1 {
            subscription.rebalanceTimeoutMilliseconds = request.rebalanceTimeoutMilliseconds
        }
        subscription.serverAssignor = request.serverAssignor ?? subscription.serverAssignor
        if let names = request.topicNames { subscription.topicNames = Set(names).sorted() }
        if let regex = request.topicRegex { subscription.topicRegex = regex.isEmpty ? nil : regex }
        subscription.clientID = request.clientID
        subscription.clientHost = request.clientHost
        subscription.classic = nil
        return subscription
    }

    // MARK: Timing

    func consumerSessionTimeout(of groupID: GroupID) -> Duration {
        (self.surroundings.overrides(of: groupID).sessionTimeoutMilliseconds
            ?? self.settings.consumerSessionTimeoutMilliseconds).milliseconds
    }

    /// When the member should come again. What is configured holds for all; by default small groups come sooner, so
    /// that they learn of a rebalance soon, and members that wait for partitions sooner still. The time grows with the
    /// members of the partition, so that heartbeats never take more than a small part of a core.
    private func heartbeatInterval(of groupID: GroupID, isSettled: Bool) -> Int32 {
        if let override = self.surroundings.overrides(of: groupID).heartbeatIntervalMilliseconds { return override }
        let longest = self.settings.consumerHeartbeatIntervalMilliseconds
        guard self.settings.adaptsHeartbeatInterval else { return longest }
        let members = self.consumers.members.count
        let interval = isSettled ? max(500, members * 20) : max(100, members * 5)
        return Int32(min(interval, Int(longest)))
    }
}
