internal import Coordination
internal import Model

// A group changes its protocol while it has members (KIP-848): the first member that speaks the consumer protocol
// takes a classic group of consumers along, and the last one to leave turns it back.
extension GroupMachine {
    /// The members of a classic group as members of a consumer group, at the group's generation.
    func upgraded(_ classic: ClassicGroup) throws(GroupRefusal) -> ConsumerGroupEdit {
        func refuse(_ why: String) -> GroupRefusal {
            GroupRefusal(.groupIDNotFound, "Group \(classic.id) is not a consumer group: \(why).")
        }
        guard self.settings.consumerMigrationPolicy.allowsUpgrade else {
            throw refuse("the online upgrade is disabled")
        }
        guard classic.usesConsumerProtocol else { throw refuse("its members are not consumers") }
        guard classic.members.count <= self.settings.consumerGroupSizeMax else {
            throw refuse("it has more members than group.consumer.max.size allows")
        }
        var members: [MemberID: ConsumerMember] = [:]
        var taken: Set<TopicPartition> = []
        for member in classic.orderedMembers {
            let name = classic.protocolName ?? member.protocols.first?.name
            guard let subscription = ConsumerSubscription(member.metadata(for: name)),
                let assigned = ConsumerAssignment.partitions(in: member.assignment)
            else { throw refuse("what member \(member.id) says of itself cannot be read") }
            // A leader may have given a partition to two.
            let partitions = self.partitions(named: assigned).filter { taken.insert($0).inserted }
            members[member.id] = ConsumerMember(
                subscription: MemberSubscription(
                    groupInstanceID: member.groupInstanceID,
                    rackID: subscription.rackID,
                    clientID: member.clientID,
                    clientHost: member.clientHost,
                    topicNames: Set(subscription.topicNames).sorted(),
                    rebalanceTimeoutMilliseconds: member.rebalanceTimeoutMilliseconds,
                    classic: .init(
                        sessionTimeoutMilliseconds: member.sessionTimeoutMilliseconds,
                        protocols: Self.preferring(name, in: member.protocols)
                    )
                ),
                assignment: MemberAssignment(
                    memberEpoch: classic.generation,
                    previousMemberEpoch: classic.generation,
                    assigned: partitions
                ),
                target: partitions
            )
        }
        return ConsumerGroupEdit(
            classic.id,
            generation: classic.generation,
            members: members,
            records: self.classicTombstone(classic.id)
        )
    }

    /// The protocol of the generation first: it is the one that answers name.
    private static func preferring(_ name: String?, in protocols: [GroupProtocol]) -> [GroupProtocol] {
        protocols.filter { $0.name == name } + protocols.filter { $0.name != name }
    }

    private func partitions(named topics: [(topic: String, partitions: [Int32])]) -> PartitionSet {
        PartitionSet(
            topics.compactMap { name, partitions in
                self.surroundings.topic(named: name).map { (id: $0.id, partitions: partitions) }
            }
        )
    }

    /// Turns a group whose members all speak the classic protocol into a classic one, and has them join again. Returns
    /// whether it did.
    mutating func downgrade(_ edit: ConsumerGroupEdit, step: inout GroupStep) -> Bool {
        let members = edit.members
        guard self.settings.consumerMigrationPolicy.allowsDowngrade, !members.isEmpty,
            members.count <= self.settings.groupSizeMax,
            members.allSatisfy({ $0.member.subscription.classic != nil })
        else { return false }
        let supported = edit.index.classicProtocols.filter { $0.value == members.count }.keys
        let first = members[0].member.subscription.classic?.protocols ?? []
        let name = first.first { supported.contains($0.name) }?.name
        let value = GroupMetadata(
            protocolType: "consumer",
            generationID: GenerationID(edit.epoch.epoch),
            protocolName: name,
            leader: members[0].id,
            currentStateTimestamp: step.now,
            members: members.map { memberID, member in
                self.classicMember(memberID, member, protocolName: name)
            }
        )
        var group = ClassicGroup(id: edit.groupID, now: step.now)
        group.restore(value)
        for (memberID, member) in members {
            guard let classic = member.subscription.classic else { continue }
            group.update(memberID) { $0.protocols = classic.protocols }
            self.cancelTimers(of: memberID, in: edit.groupID, step: &step)
            step.startTimer(.session(edit.groupID, memberID), classic.sessionTimeoutMilliseconds.milliseconds)
        }
        group.prepareRebalance(.protocolChanged, nil, step: &step)
        self.groups[edit.groupID] = group
        var edit = edit
        edit.removeGroup()
        step.append(
            edit.records + [.groupMetadata(edit.groupID, value)],
            purpose: .downgrade(edit.groupID)
        )
        return true
    }

    private func classicMember(
        _ memberID: MemberID,
        _ member: ConsumerMember,
        protocolName: String?
    ) -> GroupMetadata.Member {
        let classic = member.subscription.classic
        return GroupMetadata.Member(
            memberID: memberID,
            groupInstanceID: member.subscription.groupInstanceID,
            clientID: member.subscription.clientID,
            clientHost: member.subscription.clientHost,
            rebalanceTimeoutMilliseconds: member.subscription.rebalanceTimeoutMilliseconds,
            sessionTimeoutMilliseconds: classic?.sessionTimeoutMilliseconds ?? 0,
            subscription: classic?.protocols.first { $0.name == protocolName }?.metadata ?? [],
            assignment: self.classicAssignment(of: member)
        )
    }

    /// What a classic member of a consumer group has, as a leader would tell it.
    private func classicAssignment(of member: ConsumerMember) -> [UInt8] {
        let topics = member.assignment.assigned.topics.compactMap { topic in
            self.surroundings.topic(id: topic.id).map { (topic: $0.name, partitions: topic.partitions) }
        }
        let metadata = member.subscription.classic?.protocols.first?.metadata
        let version = metadata.flatMap { ConsumerSubscription($0)?.version }
        return ConsumerAssignment.encode(topics, version: min(version ?? 0, 3))
    }

    // MARK: Classic members of a consumer group

    /// JoinGroup to a consumer group.
    mutating func joinConsumerGroup(
        _ request: JoinRequest,
        token: UInt64,
        newMemberID: MemberID,
        step: inout GroupStep
    ) {
        guard var edit = ConsumerGroupEdit(request.groupID, in: self.consumers) else { return }
        if edit.memberCount == 0 {
            // Nobody is there to mind: the group is a classic one again.
            edit.removeGroup()
            step.append(edit.records, purpose: .consumerGroup(request.groupID, replaced: nil))
            return self.joinNewGroup(request, token: token, newMemberID: newMemberID, step: &step)
        }
        do throws(GroupRefusal) {
            try self.join(request, token: token, newMemberID: newMemberID, edit: &edit, step: &step)
        } catch {
            let memberID = error.error == .memberIDRequired ? newMemberID : request.memberID
            step.respondJoin(token, JoinResponse(error: error.error, memberID: memberID))
        }
    }

    private mutating func join(
        _ request: JoinRequest,
        token: UInt64,
        newMemberID: MemberID,
        edit: inout ConsumerGroupEdit,
        step: inout GroupStep
    ) throws(GroupRefusal) {
        let isUnknown = request.memberID.rawValue.isEmpty
        let memberID = isUnknown ? newMemberID : request.memberID
        let index = edit.index
        guard edit[memberID] != nil || edit.memberCount < self.settings.consumerGroupSizeMax else {
            throw GroupRefusal(.groupMaxSizeReached, "")
        }
        guard request.protocolType == "consumer",
            request.protocols.contains(where: {
                index.classicProtocols[$0.name, default: 0] == index.classicMemberCount
            }),
            let preferred = request.protocols.first,
            let subscription = ConsumerSubscription(preferred.metadata)
        else { throw GroupRefusal(.inconsistentGroupProtocol, "") }
        if let instance = request.groupInstanceID {
            try self.admitClassic(instance, memberID, isUnknown: isUnknown, to: &edit)
        } else if isUnknown, request.requiresKnownMemberID {
            throw GroupRefusal(.memberIDRequired, "")
        }
        let before = edit[memberID]?.subscription ?? MemberSubscription()
        var updated = before
        updated.groupInstanceID = request.groupInstanceID ?? before.groupInstanceID
        updated.rackID = subscription.rackID ?? before.rackID
        updated.rebalanceTimeoutMilliseconds = request.effectiveRebalanceTimeoutMilliseconds
        updated.clientID = request.clientID
        updated.clientHost = request.clientHost
        updated.topicNames = Set(subscription.topicNames).sorted()
        updated.topicRegex = nil
        updated.serverAssignor = nil
        updated.classic = .init(
            sessionTimeoutMilliseconds: request.sessionTimeoutMilliseconds,
            protocols: request.protocols
        )
        let isNew = edit[memberID] == nil
        edit.subscribe(memberID, updated)
        if self.downgrade(edit, step: &step) {
            // The last member of the consumer protocol came back as a classic one.
            self.groups[request.groupID]?.joinAgain(request, as: memberID, token: token, step: &step)
            return
        }
        let reason: RebalanceReason? =
            isNew ? .memberJoined : before.topicNames != updated.topicNames ? .subscriptionChanged : nil
        self.refreshEpoch(&edit, bumpedBy: reason, of: memberID, step: &step)
        self.updateTarget(&edit, step: step)
        try self.reconcile(memberID, owned: self.partitions(named: subscription.owned), in: &edit, step: &step)
        let response = JoinResponse(
            memberID: memberID,
            generationID: GenerationID(edit[memberID]?.assignment.memberEpoch ?? 0),
            protocolType: "consumer",
            protocolName: preferred.name
        )
        let join = GroupPurpose.ClassicJoin(
            groupID: request.groupID,
            token: token,
            response: response,
            sessionTimeoutMilliseconds: request.sessionTimeoutMilliseconds,
            rebalanceTimeoutMilliseconds: request.effectiveRebalanceTimeoutMilliseconds
        )
        guard !edit.records.isEmpty else { return self.classicJoinPersisted(join, step: &step) }
        step.append(edit.records, purpose: .classicJoin(join))
    }

    private func admitClassic(
        _ instance: GroupInstanceID,
        _ memberID: MemberID,
        isUnknown: Bool,
        to edit: inout ConsumerGroupEdit
    ) throws(GroupRefusal) {
        guard let known = edit.staticMember(instance) else {
            guard isUnknown else { throw GroupRefusal(.unknownMemberID, "") }
            return
        }
        guard known.id != memberID else { return }
        guard isUnknown else { throw GroupRefusal(.fencedInstanceID, "") }
        edit.replace(known.id, with: memberID)
    }

    /// The records of a join are durable: the member hears its epoch, and has to ask for its partitions.
    mutating func classicJoinPersisted(_ join: GroupPurpose.ClassicJoin, step: inout GroupStep) {
        let memberID = join.response.memberID
        self.stopAwaitingJoin(join.groupID, memberID, step: &step)
        step.respondJoin(join.token, join.response)
        guard self.consumers.member(memberID, of: join.groupID) != nil else { return }
        step.startTimer(.session(join.groupID, memberID), join.sessionTimeoutMilliseconds.milliseconds)
        step.startTimer(.classicSync(join.groupID, memberID), join.rebalanceTimeoutMilliseconds.milliseconds)
    }

    private mutating func stopAwaitingJoin(_ groupID: GroupID, _ memberID: MemberID, step: inout GroupStep) {
        let timer = GroupTimer.classicJoin(groupID, memberID)
        self.awaitedJoins.remove(timer)
        step.cancelTimer(timer)
    }

    /// Finds the classic member that a request names.
    private func classicMember(
        _ memberID: MemberID,
        _ instance: GroupInstanceID?,
        in edit: ConsumerGroupEdit
    ) -> Result<ConsumerMember, GroupError> {
        if let instance {
            guard let known = edit.staticMember(instance) else { return .failure(.unknownMemberID) }
            guard known.id == memberID else { return .failure(.fencedInstanceID) }
        }
        guard let member = edit[memberID], member.subscription.classic != nil else { return .failure(.unknownMemberID) }
        return .success(member)
    }

    /// SyncGroup to a consumer group.
    mutating func syncConsumerGroup(_ request: SyncRequest, token: UInt64, step: inout GroupStep) {
        func refuse(_ error: GroupError) { step.respondSync(token, SyncResponse(error: error)) }
        guard let edit = ConsumerGroupEdit(request.groupID, in: self.consumers) else { return refuse(.unknownMemberID) }
        let member: ConsumerMember
        switch self.classicMember(request.memberID, request.groupInstanceID, in: edit) {
        case .failure(let error): return refuse(error)
        case .success(let found): member = found
        }
        guard member.assignment.memberEpoch == request.generationID.rawValue else { return refuse(.illegalGeneration) }
        guard request.protocolType ?? "consumer" == "consumer",
            request.protocolName == nil || request.protocolName == member.classicProtocolName
        else { return refuse(.inconsistentGroupProtocol) }
        let timeout = member.subscription.rebalanceTimeoutMilliseconds.milliseconds
        if edit.epoch.epoch > member.assignment.memberEpoch, member.assignment.state != .unrevokedPartitions {
            let timer = GroupTimer.classicJoin(request.groupID, request.memberID)
            if self.awaitedJoins.insert(timer).inserted { step.startTimer(timer, timeout) }
            return refuse(.rebalanceInProgress)
        }
        step.cancelTimer(.classicSync(request.groupID, request.memberID))
        let session = member.subscription.classic?.sessionTimeoutMilliseconds ?? 0
        step.startTimer(.session(request.groupID, request.memberID), session.milliseconds)
        step.respondSync(
            token,
            SyncResponse(
                protocolType: request.protocolType,
                protocolName: request.protocolName,
                assignment: self.classicAssignment(of: member)
            )
        )
    }

    /// Heartbeat to a consumer group.
    mutating func classicHeartbeat(_ request: MemberHeartbeat) -> HeartbeatOutcome {
        guard let edit = ConsumerGroupEdit(request.groupID, in: self.consumers) else {
            return HeartbeatOutcome(error: .unknownMemberID)
        }
        let member: ConsumerMember
        switch self.classicMember(request.memberID, request.groupInstanceID, in: edit) {
        case .failure(let error): return HeartbeatOutcome(error: error)
        case .success(let found): member = found
        }
        guard member.assignment.memberEpoch == request.generationID.rawValue else {
            return HeartbeatOutcome(error: .illegalGeneration)
        }
        var outcome = HeartbeatOutcome(
            error: nil,
            sessionTimeout: member.subscription.classic?.sessionTimeoutMilliseconds.milliseconds
        )
        let isBehind = member.assignment.memberEpoch < edit.epoch.epoch || self.staleGroups.contains(request.groupID)
        let mustRevoke = member.assignment.state == .unrevokedPartitions
        // What it waits for is free now.
        let maySettle =
            member.assignment.state == .unreleasedPartitions
            && !member.target.subtracting(member.assignment.assigned).partitions.contains {
                edit.isHeld($0, byOtherThan: request.memberID)
            }
        guard isBehind || mustRevoke || maySettle else { return outcome }
        outcome.error = .rebalanceInProgress
        let timer = GroupTimer.classicJoin(request.groupID, request.memberID)
        if self.awaitedJoins.insert(timer).inserted {
            outcome.joinTimeout = member.subscription.rebalanceTimeoutMilliseconds.milliseconds
        }
        return outcome
    }

    /// LeaveGroup to a consumer group.
    mutating func classicLeave(_ request: LeaveRequest, step: inout GroupStep) -> LeaveResponse {
        guard let edit = ConsumerGroupEdit(request.groupID, in: self.consumers) else { return LeaveResponse() }
        var leaving: [MemberID] = []
        var response = LeaveResponse()
        for member in request.members {
            var memberID = member.memberID
            if memberID.rawValue.isEmpty, let instance = member.groupInstanceID {
                // An administrator removes a static member by its name.
                memberID = edit.staticMember(instance)?.id ?? memberID
            }
            let error: GroupError? =
                switch self.classicMember(memberID, member.groupInstanceID, in: edit) {
                case .failure(let error): error
                case .success: leaving.contains(memberID) ? .unknownMemberID : nil
                }
            if error == nil { leaving.append(memberID) }
            response.members.append(
                .init(memberID: member.memberID, groupInstanceID: member.groupInstanceID, error: error)
            )
        }
        guard !leaving.isEmpty else { return response }
        var opened = OpenedConsumerGroup(edit: edit, replaced: nil)
        self.fence(leaving, .memberLeft, in: &opened, step: &step)
        return response
    }
}

extension ClassicGroup {
    /// A member that the group was converted with joins under the ID it has there.
    mutating func joinAgain(_ request: JoinRequest, as memberID: MemberID, token: UInt64, step: inout GroupStep) {
        var request = request
        request.memberID = memberID
        self.join(request, token: token, newMemberID: memberID, step: &step)
    }
}
