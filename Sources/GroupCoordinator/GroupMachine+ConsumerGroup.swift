internal import Coordination
package import Model

extension GroupMachine {
    /// A group as one event works on it, and what to do when its records are refused.
    struct OpenedConsumerGroup {
        var edit: ConsumerGroupEdit
        /// The live classic group that it replaces.
        var replaced: ClassicGroup?
    }

    /// Finds a group of the consumer protocol. A join makes it, in the place of a classic group that is empty or can be
    /// converted.
    func openConsumerGroup(
        _ groupID: GroupID,
        creates: Bool,
        step: GroupStep
    ) throws(GroupRefusal) -> OpenedConsumerGroup {
        if let edit = ConsumerGroupEdit(groupID, in: self.consumers) {
            return OpenedConsumerGroup(edit: edit, replaced: nil)
        }
        guard let classic = self.group(groupID) else {
            guard creates else { throw GroupRefusal(.groupIDNotFound, "Group \(groupID) not found.") }
            guard self.acceptsNewGroup else {
                throw GroupRefusal(.coordinatorNotAvailable, "The coordinator has too many groups.")
            }
            return OpenedConsumerGroup(edit: ConsumerGroupEdit(new: groupID, records: []), replaced: nil)
        }
        guard creates else {
            throw GroupRefusal(.groupIDNotFound, "Group \(groupID) is not a consumer group.")
        }
        if classic.isEmpty {
            let edit = ConsumerGroupEdit(new: groupID, records: self.classicTombstone(groupID))
            return OpenedConsumerGroup(edit: edit, replaced: classic)
        }
        return OpenedConsumerGroup(edit: try self.upgraded(classic), replaced: classic)
    }

    /// Removes the record of a classic group, if it has one: a group that only has offsets does not.
    func classicTombstone(_ groupID: GroupID) -> [GroupRecord] {
        if case .some(.some) = self.recorded[groupID] { return [.groupMetadata(groupID, nil)] }
        return []
    }

    /// Hands the records of an event to the log, and the live classic group that they replace to its end.
    mutating func commit(_ opened: OpenedConsumerGroup, step: inout GroupStep) {
        let groupID = opened.edit.groupID
        if let replaced = opened.replaced, var live = self.groups.removeValue(forKey: groupID) {
            live.dismiss(.rebalanceInProgress, step: &step)
            for (memberID, member) in opened.edit.members {
                guard let classic = member.subscription.classic else { continue }
                step.startTimer(.session(groupID, memberID), classic.sessionTimeoutMilliseconds.milliseconds)
            }
            step.append(opened.edit.records, purpose: .consumerGroup(groupID, replaced: replaced))
        } else if !opened.edit.records.isEmpty {
            step.append(opened.edit.records, purpose: .consumerGroup(groupID, replaced: nil))
        }
    }

    /// The records of an event were refused: timers that it stopped start again, and a replaced group is back.
    mutating func consumerGroupWriteFailed(_ groupID: GroupID, replaced: ClassicGroup?, step: inout GroupStep) {
        if self.consumers.contains(groupID) { return self.startTimers(of: groupID, step: &step) }
        guard var group = replaced, self.groups[groupID] == nil else { return }
        group.revive(step: &step)
        self.groups[groupID] = group
    }

    /// Starts every member's timers, as after a load.
    mutating func startTimers(of groupID: GroupID, step: inout GroupStep) {
        let session = self.consumerSessionTimeout(of: groupID)
        for (memberID, member) in self.consumers.members[groupID] ?? [:] {
            let classic = member.subscription.classic?.sessionTimeoutMilliseconds.milliseconds
            step.startTimer(.session(groupID, memberID), classic ?? session)
            if member.assignment.state == .unrevokedPartitions, classic == nil {
                step.startTimer(
                    .revocation(groupID, memberID),
                    member.subscription.rebalanceTimeoutMilliseconds.milliseconds
                )
            }
        }
    }

    // MARK: Epochs

    /// Bumps the group's epoch when a subscription or the topics behind the subscriptions have changed.
    ///
    /// - Parameter reason: `nil` unless a subscription has changed.
    mutating func refreshEpoch(
        _ edit: inout ConsumerGroupEdit,
        bumpedBy reason: RebalanceReason?,
        of memberID: MemberID,
        step: inout GroupStep
    ) {
        let isBumped = reason != nil
        let isStale = self.staleGroups.contains(edit.groupID)
        guard isBumped || isStale else { return }
        let hash = self.metadataHash(of: edit.subscribedTopicNames)
        guard isBumped || hash != edit.epoch.metadataHash else {
            // The record with the new hash is there: nothing left to do.
            self.staleGroups.remove(edit.groupID)
            return
        }
        edit.bumpEpoch(metadataHash: hash)
        let member = isBumped ? memberID : nil
        Self.noteEpoch(of: edit, reason ?? .topicsChanged, member, step: &step)
    }

    private static func noteEpoch(
        of edit: ConsumerGroupEdit,
        _ reason: RebalanceReason,
        _ memberID: MemberID?,
        step: inout GroupStep
    ) {
        step.note(.epoch(edit.groupID, edit.epoch.epoch, reason, memberID, members: edit.memberCount))
    }

    /// Of the topics that exist: a change of any of them changes it.
    func metadataHash(of names: [String]) -> Int64 {
        var hash: UInt64 = 0
        for name in names {
            guard let topic = self.surroundings.topic(named: name) else { continue }
            // FNV-1a over the name and the numbers.
            var one: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in name.utf8 { one = (one ^ UInt64(byte)) &* 0x100_0000_01B3 }
            for word in [topic.id.high, topic.id.low, UInt64(topic.partitionCount)] {
                one = (one ^ word) &* 0x100_0000_01B3
            }
            hash = (hash &* 31) &+ one
        }
        return Int64(bitPattern: hash)
    }

    // MARK: Target assignment

    /// Computes a new target when the group is ahead of it. A large group's is computed once in a while at most, so
    /// that many joins in a row cost one assignment; its members come again soon.
    mutating func updateTarget(_ edit: inout ConsumerGroupEdit, step: GroupStep) {
        guard edit.epoch.epoch > edit.target.epoch else { return }
        let problem = self.problem(of: edit)
        let size = problem.members.count + problem.topics.reduce(0) { $0 + $1.partitionCount }
        // A millisecond of pause per hundred members and partitions: well above what it costs.
        let pause = Int64(min(1_000, size / 100))
        if edit.target.epoch > 0, step.now >= edit.target.timestamp, step.now - edit.target.timestamp < pause { return }
        let targets = self.assignor(of: edit).assign(problem)
        for (memberID, target) in targets.sorted(by: { $0.key < $1.key }) { edit.aim(memberID, at: target) }
        edit.completeTarget(now: step.now)
    }

    private func problem(of edit: ConsumerGroupEdit) -> AssignmentProblem {
        var topics: [AssignmentProblem.Topic] = []
        for name in edit.subscribedTopicNames {
            guard let topic = self.surroundings.topic(named: name) else { continue }
            topics.append(.init(id: topic.id, partitionCount: topic.partitionCount))
        }
        topics.sort { $0.id < $1.id }
        let indices = Dictionary(uniqueKeysWithValues: topics.enumerated().map { ($1.id, $0) })
        var known: [ConsumerGroupIndex.SubscriptionKey: [Int]] = [:]
        let members = edit.members.map { memberID, member in
            let subscription = member.subscription
            let key = ConsumerGroupIndex.SubscriptionKey(
                topicNames: subscription.topicNames,
                topicRegex: subscription.topicRegex
            )
            let subscribed =
                known[key]
                ?? Set(
                    edit.topicNames(of: subscription).compactMap { name in
                        self.surroundings.topic(named: name).flatMap { indices[$0.id] }
                    }
                ).sorted()
            known[key] = subscribed
            return AssignmentProblem.Member(
                id: memberID,
                groupInstanceID: subscription.groupInstanceID,
                topics: subscribed,
                previous: member.target
            )
        }
        return AssignmentProblem(topics: topics, members: members)
    }

    /// The one that most members ask for; the broker's first one when nobody asks.
    private func assignor(of edit: ConsumerGroupEdit) -> GroupAssignor {
        let votes = edit.index.assignors.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
        return votes.first.flatMap { GroupAssignor(rawValue: $0.key) } ?? self.settings.consumerAssignors[0]
    }

    // MARK: Reconciliation

    mutating func reconcile(
        _ memberID: MemberID,
        owned: PartitionSet?,
        in edit: inout ConsumerGroupEdit,
        step: inout GroupStep
    ) throws(GroupRefusal) {
        guard let member = edit[memberID], !member.assignment.isReconciled(to: edit.target.epoch) else { return }
        let subscribed = Set(
            edit.topicNames(of: member.subscription).compactMap { self.surroundings.topic(named: $0)?.id }
        )
        let reconciliation = MemberReconciliation(
            targetEpoch: edit.target.epoch,
            target: member.target,
            owned: owned,
            isSubscribed: subscribed.contains,
            isHeldByOther: { [edit] in edit.isHeld($0, byOtherThan: memberID) }
        )
        let next = try reconciliation.next(after: member.assignment)
        guard next != member.assignment else { return }
        edit.assign(memberID, next)
        guard member.subscription.classic == nil else { return }
        if next.state == .unrevokedPartitions {
            step.startTimer(
                .revocation(edit.groupID, memberID),
                member.subscription.rebalanceTimeoutMilliseconds.milliseconds
            )
        } else {
            step.cancelTimer(.revocation(edit.groupID, memberID))
        }
    }

    // MARK: Leaving

    mutating func leaveConsumerGroup(
        _ request: ConsumerHeartbeat,
        step: inout GroupStep
    ) throws(GroupRefusal) -> ConsumerHeartbeatResponse {
        var opened = try self.openConsumerGroup(request.groupID, creates: false, step: step)
        let memberID = request.memberID
        if let instance = request.groupInstanceID {
            guard let known = opened.edit.staticMember(instance) else {
                throw GroupRefusal(.unknownMemberID, "Instance id \(instance) is unknown.")
            }
            guard known.id == memberID else {
                throw GroupRefusal(
                    .fencedInstanceID,
                    "Static member \(memberID) with instance id \(instance) was fenced by member \(known.id)."
                )
            }
        }
        guard var assignment = opened.edit[memberID]?.assignment else {
            throw Self.unknownMember(memberID, request.groupID)
        }
        if request.memberEpoch == MemberAssignment.staticLeaveEpoch {
            // It keeps its partitions until it is back or its session ends.
            assignment.memberEpoch = MemberAssignment.staticLeaveEpoch
            assignment.pendingRevocation = PartitionSet()
            opened.edit.assign(memberID, assignment)
            step.cancelTimer(.revocation(request.groupID, memberID))
            self.commit(opened, step: &step)
        } else {
            self.fence([memberID], .memberLeft, in: &opened, step: &step)
        }
        return ConsumerHeartbeatResponse(memberID: memberID, memberEpoch: request.memberEpoch)
    }

    /// Removes members and starts a new epoch. Others learn of it with their next heartbeats.
    mutating func fence(
        _ memberIDs: [MemberID],
        _ reason: RebalanceReason,
        in opened: inout OpenedConsumerGroup,
        step: inout GroupStep
    ) {
        let groupID = opened.edit.groupID
        for memberID in memberIDs {
            opened.edit.remove(memberID)
            self.cancelTimers(of: memberID, in: groupID, step: &step)
        }
        opened.edit.dropUnusedRegexes()
        if self.downgrade(opened.edit, step: &step) { return }
        opened.edit.bumpEpoch(metadataHash: self.metadataHash(of: opened.edit.subscribedTopicNames))
        Self.noteEpoch(of: opened.edit, reason, memberIDs.first, step: &step)
        self.commit(opened, step: &step)
    }

    func cancelTimers(of memberID: MemberID, in groupID: GroupID, step: inout GroupStep) {
        step.cancelTimer(.session(groupID, memberID))
        step.cancelTimer(.revocation(groupID, memberID))
        step.cancelTimer(.classicJoin(groupID, memberID))
        step.cancelTimer(.classicSync(groupID, memberID))
    }

    /// A timer of a member is over: it is out.
    mutating func consumerTimerFired(_ groupID: GroupID, _ memberID: MemberID, step: inout GroupStep) {
        guard let edit = ConsumerGroupEdit(groupID, in: self.consumers), edit[memberID] != nil else { return }
        var opened = OpenedConsumerGroup(edit: edit, replaced: nil)
        self.fence([memberID], .memberExpired, in: &opened, step: &step)
    }

    // MARK: Reading

    func state(ofConsumerGroup groupID: GroupID) -> GroupState {
        guard let members = self.consumers.members[groupID], let epoch = self.consumers.epochs[groupID] else {
            return .empty
        }
        let target = self.consumers.targetEpochs[groupID]?.epoch ?? 0
        if epoch.epoch > target { return .assigning }
        return members.values.allSatisfy { $0.assignment.isReconciled(to: target) } ? .stable : .reconciling
    }

    /// ConsumerGroupDescribe: one group.
    package func consumerDescription(of groupID: GroupID) -> ConsumerGroupDescription {
        guard let edit = ConsumerGroupEdit(groupID, in: self.consumers) else {
            let isClassic = self.group(groupID) != nil
            return ConsumerGroupDescription(
                error: .groupIDNotFound,
                message: isClassic ? "Group \(groupID) is not a consumer group." : "Group \(groupID) not found.",
                groupID: groupID
            )
        }
        return ConsumerGroupDescription(
            groupID: groupID,
            state: self.state(ofConsumerGroup: groupID),
            epoch: edit.epoch.epoch,
            assignmentEpoch: edit.target.epoch,
            assignorName: self.assignor(of: edit).rawValue,
            members: edit.members.map { memberID, member in
                ConsumerGroupDescription.Member(
                    memberID: memberID,
                    subscription: member.subscription,
                    assignment: member.assignment,
                    target: member.target
                )
            }
        )
    }
}
