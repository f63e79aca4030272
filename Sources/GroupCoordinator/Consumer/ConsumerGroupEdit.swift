internal import Coordination
internal import Model

/// One event on a group of the consumer protocol: the group as its records say, and what the event changes.
///
/// Records are replayed when the event is over; until then this is what later steps of it see.
struct ConsumerGroupEdit {
    let groupID: GroupID
    private(set) var epoch: ConsumerGroupEpoch
    private(set) var target: TargetEpoch
    private(set) var records: [GroupRecord] = []

    private let base: [MemberID: ConsumerMember]
    private let baseIndex: ConsumerGroupIndex
    private var regexes: [String: ResolvedRegularExpression]
    /// Members that the event changes; `nil` for those that it removes.
    private var changed: [MemberID: ConsumerMember?] = [:]

    /// A group that is known.
    init?(_ groupID: GroupID, in store: ConsumerGroupStore) {
        guard let epoch = store.epochs[groupID] else { return nil }
        self.groupID = groupID
        self.epoch = epoch
        self.target = store.targetEpochs[groupID] ?? TargetEpoch(epoch: 0, timestamp: 0)
        self.base = store.members[groupID] ?? [:]
        self.baseIndex = store.indices[groupID] ?? ConsumerGroupIndex()
        self.regexes = store.regexes[groupID] ?? [:]
    }

    /// A new group. `records` make way for it.
    init(new groupID: GroupID, records: [GroupRecord]) {
        self.init(groupID, generation: 0, members: [:], records: records)
    }

    /// A group whose members come from another protocol, all of them at the generation that they had.
    init(_ groupID: GroupID, generation: Int32, members: [MemberID: ConsumerMember], records: [GroupRecord]) {
        self.groupID = groupID
        self.epoch = ConsumerGroupEpoch(epoch: generation, metadataHash: 0)
        self.target = TargetEpoch(epoch: generation, timestamp: 0)
        self.base = members
        self.baseIndex = ConsumerGroupIndex(members)
        self.regexes = [:]
        self.records = records
        for (memberID, member) in members.sorted(by: { $0.key < $1.key }) {
            self.records.append(.memberSubscription(groupID, memberID, member.subscription))
        }
        if !members.isEmpty { self.records.append(.consumerGroup(groupID, self.epoch)) }
        for (memberID, member) in members.sorted(by: { $0.key < $1.key }) {
            self.records.append(.memberTarget(groupID, memberID, member.target))
            self.records.append(.memberAssignment(groupID, memberID, member.assignment))
        }
        if !members.isEmpty { self.records.append(.targetEpoch(groupID, self.target)) }
    }

    // MARK: Reading

    subscript(memberID: MemberID) -> ConsumerMember? {
        if let change = self.changed[memberID] { return change }
        return self.base[memberID]
    }

    /// In order.
    var members: [(id: MemberID, member: ConsumerMember)] {
        var members = self.base
        for (memberID, member) in self.changed { members[memberID] = member }
        return members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    var memberCount: Int {
        self.changed.reduce(self.base.count) { count, change in
            count + (change.value == nil ? 0 : 1) - (self.base[change.key] == nil ? 0 : 1)
        }
    }

    /// The index with what the event changed.
    var index: ConsumerGroupIndex {
        var index = self.baseIndex
        for (memberID, member) in self.changed.sorted(by: { $0.key < $1.key }) {
            index.replaceSubscription(self.base[memberID]?.subscription, with: member?.subscription, memberID)
        }
        return index
    }

    func staticMember(_ instance: GroupInstanceID) -> (id: MemberID, member: ConsumerMember)? {
        for (memberID, change) in self.changed {
            if let member = change, member.subscription.groupInstanceID == instance { return (memberID, member) }
        }
        guard let memberID = self.baseIndex.staticMembers[instance], let member = self[memberID] else { return nil }
        return (memberID, member)
    }

    /// Whether a member other than this one has a partition, given up or not.
    func isHeld(_ partition: TopicPartition, byOtherThan memberID: MemberID) -> Bool {
        for (id, change) in self.changed where id != memberID {
            guard let assignment = change?.assignment else { continue }
            if assignment.assigned.contains(partition) || assignment.pendingRevocation.contains(partition) {
                return true
            }
        }
        guard let owner = self.baseIndex.owners[partition] else { return false }
        return owner != memberID && self.changed[owner] == nil
    }

    /// The topics that a member subscribes to, by name.
    func topicNames(of subscription: MemberSubscription) -> [String] {
        guard let regex = subscription.topicRegex, let resolved = self.regexes[regex] else {
            return subscription.topicNames
        }
        return subscription.topicNames + resolved.topicNames
    }

    /// The topics that anybody subscribes to, by name, in order.
    var subscribedTopicNames: [String] {
        let index = self.index
        var names = Set(index.topicNames.keys)
        for regex in index.regexes.keys { names.formUnion(self.regexes[regex]?.topicNames ?? []) }
        return names.sorted()
    }

    func isResolved(_ regex: String) -> Bool { self.regexes[regex] != nil }

    // MARK: Changing

    mutating func subscribe(_ memberID: MemberID, _ subscription: MemberSubscription) {
        var member = self[memberID] ?? ConsumerMember(subscription: subscription)
        let isNew = self[memberID] == nil
        guard isNew || member.subscription != subscription else { return }
        member.subscription = subscription
        self.changed[memberID] = .some(member)
        self.records.append(.memberSubscription(self.groupID, memberID, subscription))
    }

    mutating func assign(_ memberID: MemberID, _ assignment: MemberAssignment) {
        guard var member = self[memberID], member.assignment != assignment else { return }
        member.assignment = assignment
        self.changed[memberID] = .some(member)
        self.records.append(.memberAssignment(self.groupID, memberID, assignment))
    }

    mutating func aim(_ memberID: MemberID, at target: PartitionSet) {
        guard var member = self[memberID], member.target != target else { return }
        member.target = target
        self.changed[memberID] = .some(member)
        self.records.append(.memberTarget(self.groupID, memberID, target))
    }

    mutating func remove(_ memberID: MemberID) {
        guard self[memberID] != nil else { return }
        self.changed[memberID] = .some(nil)
        self.records.append(.memberAssignment(self.groupID, memberID, nil))
        self.records.append(.memberTarget(self.groupID, memberID, nil))
        self.records.append(.memberSubscription(self.groupID, memberID, nil))
    }

    /// A static member is back under a new ID: it takes its predecessor's place and targets, outside any epoch.
    mutating func replace(_ memberID: MemberID, with successorID: MemberID) {
        guard var member = self[memberID] else { return }
        // Its place in the records as well when the ID is the same.
        self.remove(memberID)
        member.assignment.memberEpoch = 0
        member.assignment.previousMemberEpoch = 0
        self.changed[successorID] = .some(member)
        self.records.append(.memberSubscription(self.groupID, successorID, member.subscription))
        self.records.append(.memberTarget(self.groupID, successorID, member.target))
        self.records.append(.memberAssignment(self.groupID, successorID, member.assignment))
    }

    mutating func bumpEpoch(metadataHash: Int64) {
        self.epoch = ConsumerGroupEpoch(
            // Wraps as little as a generation does; 0 would look like a join.
            epoch: self.epoch.epoch == .max ? 1 : self.epoch.epoch + 1,
            metadataHash: metadataHash
        )
        self.records.append(.consumerGroup(self.groupID, self.epoch))
    }

    mutating func completeTarget(now: Timestamp) {
        self.target = TargetEpoch(epoch: self.epoch.epoch, timestamp: now)
        self.records.append(.targetEpoch(self.groupID, self.target))
    }

    /// An expression was matched with the topics.
    mutating func resolve(_ regex: String, _ value: ResolvedRegularExpression) {
        self.regexes[regex] = value
        self.records.append(.regularExpression(self.groupID, regex, value))
    }

    /// Forgets expressions that nobody subscribes with any more.
    mutating func dropUnusedRegexes() {
        guard !self.regexes.isEmpty else { return }
        let used = self.index.regexes
        for regex in self.regexes.keys.sorted() where used[regex] == nil {
            self.records.append(.regularExpression(self.groupID, regex, nil))
        }
    }

    /// Removes the whole group; its offsets stay.
    mutating func removeGroup() {
        for (memberID, _) in self.members { self.remove(memberID) }
        for regex in self.regexes.keys.sorted() {
            self.records.append(.regularExpression(self.groupID, regex, nil))
        }
        self.records.append(.targetEpoch(self.groupID, nil))
        self.records.append(.consumerGroup(self.groupID, nil))
    }
}
