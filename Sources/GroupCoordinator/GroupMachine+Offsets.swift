package import Coordination
package import Model

extension GroupMachine {
    // MARK: Commit

    /// OffsetCommit.
    package mutating func offsetCommitRequested(
        _ request: CommitRequest,
        now: Timestamp
    ) -> CommitOutcome {
        if let error = self.validateCommit(request, isTransactional: false) {
            return CommitOutcome(response: request.refused(error))
        }
        var outcome = self.commit(request, producer: nil, now: now)
        if let group = self.groups[request.groupID] {
            switch group.state {
            case .stable, .preparing:
                outcome.sessionTimeout =
                    group.members[request.memberID]?.sessionTimeoutMilliseconds.milliseconds
            case .empty, .completing:
                break
            }
        }
        return outcome
    }

    /// TxnOffsetCommit: the offsets count once the transaction's marker is replayed.
    package mutating func transactionalOffsetCommitRequested(
        _ request: CommitRequest,
        producer: TransactionalProducer,
        now: Timestamp
    ) -> CommitOutcome {
        if let error = self.validateCommit(request, isTransactional: true) {
            return CommitOutcome(response: request.refused(error))
        }
        var request = request
        request.retentionMilliseconds = -1
        return self.commit(request, producer: producer, now: now)
    }

    private func validateCommit(_ request: CommitRequest, isTransactional: Bool) -> GroupError? {
        guard request.groupID.rawValue.fitsRecord else { return .invalidGroupID }
        if let edit = ConsumerGroupEdit(request.groupID, in: self.consumers) {
            return Self.validateCommit(request, isTransactional: isTransactional, edit)
        }
        let generation = request.generationID.rawValue
        guard let group = self.group(request.groupID) else {
            guard generation < 0 else {
                return request.reportsGroupNotFound && !isTransactional ? .groupIDNotFound : .illegalGeneration
            }
            return self.acceptsNewGroup ? nil : .coordinatorNotAvailable
        }
        if generation < 0, group.isEmpty { return nil }
        if generation >= 0 || !request.memberID.rawValue.isEmpty || request.groupInstanceID != nil {
            if let error = group.validate(request.memberID, request.groupInstanceID) { return error }
            guard generation == group.generation else { return .illegalGeneration }
        } else if !isTransactional, !group.isEmpty {
            // A consumer without a generation must not write over those of a live group.
            return .unknownMemberID
        }
        if !isTransactional, case .completing = group.state { return .rebalanceInProgress }
        return nil
    }

    /// A commit to a group of the consumer protocol: from one of its members in its epoch, or while there are none.
    private static func validateCommit(
        _ request: CommitRequest,
        isTransactional: Bool,
        _ edit: ConsumerGroupEdit
    ) -> GroupError? {
        let epoch = request.generationID.rawValue
        if epoch < 0, edit.memberCount == 0 { return nil }
        guard let member = edit[request.memberID] else { return .unknownMemberID }
        // Below version 9 there is no error for a stale epoch.
        if !isTransactional, member.subscription.classic == nil, !request.reportsGroupNotFound {
            return .unsupportedVersion
        }
        return Self.validate(epoch, of: member)
    }

    private static func validate(_ epoch: Int32, of member: ConsumerMember) -> GroupError? {
        guard epoch != member.assignment.memberEpoch else { return nil }
        return member.subscription.classic == nil ? .staleMemberEpoch : .illegalGeneration
    }

    private mutating func commit(
        _ request: CommitRequest,
        producer: TransactionalProducer?,
        now: Timestamp
    ) -> CommitOutcome {
        self.commits &+= 1
        let expireTimestamp: Timestamp? =
            request.retentionMilliseconds == -1 ? nil : now.saturatingAdding(request.retentionMilliseconds)
        var records: [GroupRecord] = []
        var response = OffsetChangeResponse(topics: [])
        response.topics.reserveCapacity(request.topics.count)
        var bytesLeft = self.surroundings.offsetBytesLeft
        for topic in request.topics {
            var partitions: [OffsetChangeResponse.Partition] = []
            partitions.reserveCapacity(topic.partitions.count)
            for partition in topic.partitions {
                let metadata = partition.metadata ?? ""
                guard self.accepts(metadata: metadata) else {
                    partitions.append(.init(index: partition.index, error: .offsetMetadataTooLarge))
                    continue
                }
                let key = OffsetKey(groupID: request.groupID, topic: topic.name, partition: partition.index)
                let added = self.offsets.addedBytes(key, metadata: metadata, by: producer?.id)
                // What replaces as much is always taken, so that groups keep reading.
                guard added <= 0 || added <= bytesLeft else {
                    partitions.append(.init(index: partition.index, error: .invalidCommitOffsetSize))
                    continue
                }
                bytesLeft -= max(0, added)
                let value = CommittedOffset(
                    offset: partition.offset,
                    leaderEpoch: partition.leaderEpoch,
                    metadata: metadata,
                    commitTimestamp: now,
                    expireTimestamp: expireTimestamp,
                    // Value version 1, which carries an expiry, has no room for it.
                    topicID: expireTimestamp == nil ? topic.topicID : .zero
                )
                records.append(.offsetCommit(key, value))
                partitions.append(.init(index: partition.index, error: nil))
            }
            response.topics.append(.init(name: topic.name, topicID: topic.topicID, partitions: partitions))
        }
        return CommitOutcome(response: response, write: Self.write(records, producer: producer))
    }

    private func accepts(metadata: String) -> Bool {
        let lengthMax = self.settings.offsetMetadataLengthMax
        guard metadata.utf8.count > lengthMax else { return true }
        return metadata.utf16.count <= lengthMax && metadata.fitsRecord
    }

    private static func write(
        _ records: [GroupRecord],
        producer: TransactionalProducer? = nil,
        purpose: GroupPurpose.Kind? = nil
    ) -> GroupWrite? {
        guard !records.isEmpty else { return nil }
        return GroupWrite(records: records, producer: producer, purpose: purpose.map { GroupPurpose($0) })
    }

    // MARK: Fetch

    /// OffsetFetch of one group. What it reads may not be durable yet: hold the answer until it is.
    package func offsetsRequested(_ request: OffsetQuery) -> OffsetAnswer {
        let isKnown =
            self.groups[request.groupID] != nil || self.recorded[request.groupID] != nil
            || self.consumers.contains(request.groupID)
        if let error = self.validate(request) { return OffsetAnswer(groupID: request.groupID, error: error) }
        guard let topics = request.topics else {
            guard isKnown else { return OffsetAnswer(groupID: request.groupID) }
            return self.allOffsets(of: request)
        }
        let answered = topics.map { topic in
            OffsetAnswer.Topic(
                name: topic.name,
                topicID: topic.topicID,
                partitions: topic.partitions.map { index in
                    let key = OffsetKey(groupID: request.groupID, topic: topic.name, partition: index)
                    return self.fetched(key, topicID: topic.topicID, request, isKnown: isKnown)
                }
            )
        }
        return OffsetAnswer(groupID: request.groupID, topics: answered)
    }

    /// A member of the consumer protocol says who it is, and hears when it is behind.
    private func validate(_ request: OffsetQuery) -> GroupError? {
        guard self.consumers.contains(request.groupID) else { return nil }
        let memberID = request.memberID ?? MemberID("")
        if memberID.rawValue.isEmpty, request.memberEpoch < 0 { return nil }
        guard let member = self.consumers.member(memberID, of: request.groupID) else { return .unknownMemberID }
        return Self.validate(request.memberEpoch, of: member)
    }

    private func fetched(
        _ key: OffsetKey,
        topicID: TopicID,
        _ request: OffsetQuery,
        isKnown: Bool
    ) -> OffsetAnswer.Partition {
        if request.requireStable, self.offsets.hasOpenTransaction(on: key) {
            return .init(index: key.partition, error: .unstableOffsetCommit)
        }
        guard isKnown, let value = self.offsets[key]?.value,
            value.topicID == .zero || topicID == .zero || value.topicID == topicID
        else { return .init(index: key.partition) }
        return .init(
            index: key.partition,
            offset: value.offset,
            leaderEpoch: value.leaderEpoch,
            metadata: value.metadata
        )
    }

    private func allOffsets(of request: OffsetQuery) -> OffsetAnswer {
        var response = OffsetAnswer(groupID: request.groupID)
        for (slot, _) in self.offsets.sorted(of: request.groupID) {
            let fetched = self.fetched(OffsetKey(request.groupID, slot), topicID: .zero, request, isKnown: true)
            if response.topics.last?.name != slot.topic {
                response.topics.append(.init(name: slot.topic, topicID: .zero, partitions: []))
            }
            response.topics[response.topics.count - 1].partitions.append(fetched)
        }
        return response
    }

    // MARK: Delete

    /// OffsetDelete. The response is held until the write is durable.
    package mutating func offsetDeleteRequested(
        _ request: OffsetDeletion,
        now: Timestamp
    ) -> (response: OffsetChangeResponse, write: GroupWrite?) {
        func refuse(_ error: GroupError) -> (OffsetChangeResponse, GroupWrite?) {
            (OffsetChangeResponse(error: error, topics: []), nil)
        }
        guard !request.groupID.rawValue.isEmpty else { return refuse(.invalidGroupID) }
        let consumers = ConsumerGroupEdit(request.groupID, in: self.consumers)
        let subscribed = consumers.map { Set($0.subscribedTopicNames) }
        let group = self.group(request.groupID)
        if consumers == nil {
            guard let group else { return refuse(.groupIDNotFound) }
            guard group.isEmpty || group.usesConsumerProtocol else { return refuse(.nonEmptyGroup) }
        }
        var records: [GroupRecord] = []
        var deleted: Set<OffsetKey> = []
        let topics = request.topics.map { topic in
            let isSubscribed =
                subscribed?.contains(topic.name) ?? group?.isSubscribed(to: topic.name) ?? false
            let error: GroupError? = isSubscribed ? .groupSubscribedToTopic : nil
            if error == nil {
                for partition in topic.partitions {
                    let key = OffsetKey(groupID: request.groupID, topic: topic.name, partition: partition)
                    guard self.offsets[key] != nil || self.offsets.hasOpenTransaction(on: key),
                        deleted.insert(key).inserted
                    else { continue }
                    records.append(.offsetCommit(key, nil))
                }
            }
            return OffsetChangeResponse.Topic(
                name: topic.name,
                topicID: .zero,
                partitions: topic.partitions.map { .init(index: $0, error: error) }
            )
        }
        return (OffsetChangeResponse(topics: topics), Self.write(records))
    }

    // MARK: Expiry

    /// Groups that one event looks at for expired offsets.
    private static let expiryPortion = 512
    /// Between portions whose tombstones filled a write.
    private static let expiryPause = Duration.milliseconds(20)

    /// Looks through the next portion of groups; all of them once per `offsets.retention.check.interval.ms`.
    mutating func expireNextOffsets(step: inout GroupStep) {
        if self.expiryRest.isEmpty { self.expiryRest = self.groupIDs[...] }
        var budget = TombstoneBudget(bytes: Self.tombstoneBytesMax)
        let (write, lookedAt) = self.offsetsExpired(
            of: self.expiryRest.prefix(Self.expiryPortion),
            now: step.now,
            &budget
        )
        self.expiryRest = self.expiryRest.dropFirst(lookedAt)
        if let write { step.append(write) }
        let next: Duration
        if budget.isExhausted {
            // Not at once: a log that refuses would be asked without a pause.
            next = Self.expiryPause
        } else {
            next = self.expiryRest.isEmpty ? self.settings.offsetsRetentionCheckInterval : .zero
        }
        step.startTimer(.offsetExpiry, next)
    }

    /// All groups that are known, in order.
    package var groupIDs: [GroupID] {
        var groupIDs = Set(self.recorded.keys)
        groupIDs.formUnion(self.consumers.epochs.keys)
        groupIDs.formUnion(self.groups.keys)
        return groupIDs.sorted()
    }

    /// Applies `offsets.retention.minutes` (KIP-211) to some groups: tombstones for expired offsets, and for
    /// empty groups that have none left. `nil` when nothing has expired.
    package mutating func offsetsExpired(of groupIDs: some Sequence<GroupID>, now: Timestamp) -> GroupWrite? {
        var budget = TombstoneBudget(bytes: .max)
        return self.offsetsExpired(of: groupIDs, now: now, &budget).write
    }

    /// - Returns: also how many of the groups were looked at whole.
    private mutating func offsetsExpired(
        of groupIDs: some Sequence<GroupID>,
        now: Timestamp,
        _ budget: inout TombstoneBudget
    ) -> (write: GroupWrite?, lookedAt: Int) {
        var records: [GroupRecord] = []
        var removed: [ClassicGroup] = []
        var lookedAt = 0
        for groupID in groupIDs {
            defer { if !budget.isExhausted { lookedAt += 1 } }
            if budget.isExhausted { break }
            if var edit = ConsumerGroupEdit(groupID, in: self.consumers) {
                let subscribed = Set(edit.subscribedTopicNames)
                let isBare = self.expire(
                    groupID,
                    now: now,
                    records: &records,
                    &budget,
                    isKept: subscribed.contains
                ) { $0.commitTimestamp }
                guard isBare, edit.memberCount == 0 else { continue }
                edit.removeGroup()
                records += edit.records
                continue
            }
            guard let group = self.group(groupID) else { continue }
            let isBare = self.expire(group, now: now, records: &records, &budget)
            // A client that holds an ID of this group is about to join it.
            if isBare, group.isEmpty, group.pendingJoin.isEmpty {
                records.append(.groupMetadata(groupID, nil))
                if let live = self.groups.removeValue(forKey: groupID) { removed.append(live) }
            }
        }
        return (Self.write(records, purpose: removed.isEmpty ? nil : .deletion(removed)), lookedAt)
    }

    /// Returns whether no offset is left.
    private func expire(
        _ group: ClassicGroup,
        now: Timestamp,
        records: inout [GroupRecord],
        _ budget: inout TombstoneBudget
    ) -> Bool {
        guard self.offsets.committed[group.id] != nil else { return !self.offsets.hasOpenTransactions(in: group.id) }
        // An empty group's offsets live on for the retention time after its last member left. Of a stable group of
        // consumers those expire that no member subscribes to. A simple group has only its commits to go by.
        let start: (CommittedOffset) -> Timestamp
        if group.protocolType == nil {
            start = { $0.commitTimestamp }
        } else if group.isEmpty {
            start = { group.stateTimestamp ?? $0.commitTimestamp }
        } else if case .stable = group.state, group.usesConsumerProtocol, group.subscribedTopics != nil {
            start = { $0.commitTimestamp }
        } else {
            return false
        }
        return self.expire(
            group.id,
            now: now,
            records: &records,
            &budget,
            isKept: { group.isSubscribed(to: $0) },
            start
        )
    }

    /// Adds tombstones for what has expired, of topics that are not kept. Returns whether no offset is left.
    ///
    /// - Parameter start: from when the retention time counts.
    private func expire(
        _ groupID: GroupID,
        now: Timestamp,
        records: inout [GroupRecord],
        _ budget: inout TombstoneBudget,
        isKept: (String) -> Bool,
        _ start: (CommittedOffset) -> Timestamp
    ) -> Bool {
        let retention = self.settings.offsetsRetentionMilliseconds
        var isBare = true
        for (slot, stored) in self.offsets.sorted(of: groupID) {
            let key = OffsetKey(groupID, slot)
            let expiry = stored.value.expireTimestamp ?? start(stored.value).saturatingAdding(retention)
            if !isKept(slot.topic), now >= expiry, !self.offsets.hasOpenTransaction(on: key), budget.spend(on: key) {
                records.append(.offsetCommit(key, nil))
            } else {
                isBare = false
            }
        }
        return isBare && !self.offsets.hasOpenTransactions(in: groupID)
    }

    // MARK: Groups

    /// DescribeGroups: one group.
    package func description(of groupID: GroupID) -> GroupDescription {
        guard let group = self.group(groupID) else {
            var missing = GroupDescription(error: .groupIDNotFound, groupID: groupID, state: .dead)
            if self.consumers.contains(groupID) { missing.message = "Group \(groupID) is not a classic group." }
            return missing
        }
        let isStable = if case .stable = group.state { true } else { false }
        return GroupDescription(
            groupID: groupID,
            state: group.groupState,
            protocolType: group.protocolType ?? "",
            protocolData: isStable ? group.protocolName ?? "" : "",
            members: group.orderedMembers.map {
                GroupDescription.Member(
                    memberID: $0.id,
                    groupInstanceID: $0.groupInstanceID,
                    clientID: $0.clientID,
                    clientHost: $0.clientHost,
                    metadata: isStable ? $0.metadata(for: group.protocolName) : [],
                    assignment: $0.assignment
                )
            }
        )
    }

    /// ListGroups. Empty filters mean all; names are compared without regard to case, unknown ones match nothing.
    package func listing(states: [String], types: [String]) -> [GroupListing] {
        let states = Set(states.map { $0.lowercased() })
        let types = Set(types.map { $0.lowercased() })
        return self.groupIDs.lazy.compactMap { self.listing(of: $0) }
            .filter { types.isEmpty || types.contains($0.type.rawValue) }
            .filter { states.isEmpty || states.contains($0.state.rawValue.lowercased()) }
    }

    /// The same of one group; `nil` when it does not exist.
    package func listing(of groupID: GroupID) -> GroupListing? {
        if self.consumers.contains(groupID) {
            let state = self.state(ofConsumerGroup: groupID)
            return GroupListing(
                groupID: groupID,
                protocolType: "consumer",
                state: state,
                type: .consumer,
                memberCount: self.consumers.members[groupID]?.count ?? 0
            )
        }
        return self.group(groupID).map {
            GroupListing(
                groupID: groupID,
                protocolType: $0.protocolType ?? "",
                state: $0.groupState,
                memberCount: $0.members.count
            )
        }
    }

    /// DeleteGroups. The response is held until the write is durable.
    package mutating func groupDeletionRequested(
        _ groupIDs: [GroupID],
        now: Timestamp
    ) -> (response: [GroupDeletion], write: GroupWrite?) {
        var records: [GroupRecord] = []
        var response: [GroupDeletion] = []
        var deleted: Set<GroupID> = []
        var removed: [ClassicGroup] = []
        for groupID in groupIDs {
            if var edit = ConsumerGroupEdit(groupID, in: self.consumers) {
                let isEmpty = edit.memberCount == 0
                response.append(GroupDeletion(groupID: groupID, error: isEmpty ? nil : .nonEmptyGroup))
                guard isEmpty, deleted.insert(groupID).inserted else { continue }
                for key in self.offsets.keys(of: groupID) { records.append(.offsetCommit(key, nil)) }
                edit.removeGroup()
                records += edit.records
                continue
            }
            guard let group = self.group(groupID) else {
                response.append(GroupDeletion(groupID: groupID, error: .groupIDNotFound))
                continue
            }
            guard group.isEmpty else {
                response.append(GroupDeletion(groupID: groupID, error: .nonEmptyGroup))
                continue
            }
            response.append(GroupDeletion(groupID: groupID, error: nil))
            guard deleted.insert(groupID).inserted else { continue }
            if let live = self.groups.removeValue(forKey: groupID) { removed.append(live) }
            for key in self.offsets.keys(of: groupID) { records.append(.offsetCommit(key, nil)) }
            records.append(.groupMetadata(groupID, nil))
        }
        return (response, Self.write(records, purpose: removed.isEmpty ? nil : .deletion(removed)))
    }

    /// Groups by state and committed offsets, for metrics.
    package var statistics: (groups: [GroupState: Int], offsets: Int) {
        let groups = self.groupIDs.lazy.compactMap { self.listing(of: $0) }
            .reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
        return (groups, self.offsets.count)
    }
}

extension CommitRequest {
    /// The answer when the whole request fails.
    package func refused(_ error: GroupError) -> OffsetChangeResponse {
        let topics = self.topics.map { topic in
            OffsetChangeResponse.Topic(
                name: topic.name,
                topicID: topic.topicID,
                partitions: topic.partitions.map { .init(index: $0.index, error: error) }
            )
        }
        return OffsetChangeResponse(error: error, topics: topics)
    }
}

extension Int64 {
    /// Times come from clients and old records: an absurd one must not trap.
    func saturatingAdding(_ other: Int64) -> Int64 {
        let (sum, overflow) = self.addingReportingOverflow(other)
        guard overflow else { return sum }
        return other < 0 ? .min : .max
    }
}
