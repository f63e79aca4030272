internal import Coordination
internal import Model

/// The groups of the consumer protocol in a partition: recorded state, and what is derived from it.
struct ConsumerGroupStore: Sendable {
    private(set) var epochs = JournaledDictionary<GroupID, ConsumerGroupEpoch>()
    private(set) var targetEpochs = JournaledDictionary<GroupID, TargetEpoch>()
    private(set) var members = JournaledTable<GroupID, MemberID, ConsumerMember>()
    private(set) var regexes = JournaledTable<GroupID, String, ResolvedRegularExpression>()
    /// Follows `members`. Rebuilt when changes are taken back.
    private(set) var indices: [GroupID: ConsumerGroupIndex] = [:]
    /// The newest epoch of the journal that changed members of a group, of those that may be taken back.
    private var touched: [GroupID: UInt64] = [:]
    /// What the members of all groups take in memory, about.
    private(set) var heldBytes = 0
    private var epoch: UInt64 = 0

    func contains(_ groupID: GroupID) -> Bool { self.epochs[groupID] != nil }

    func member(_ memberID: MemberID, of groupID: GroupID) -> ConsumerMember? { self.members[groupID, memberID] }

    /// Groups whose members subscribe to one of these topics, by name.
    func groups(subscribedTo names: Set<String>) -> [GroupID] {
        self.indices.lazy.filter { $0.value.isSubscribed(toAnyOf: names) }.map(\.key)
    }

    // MARK: Replay

    mutating func journal(_ event: JournalEvent) {
        self.epochs.journal(event)
        self.targetEpochs.journal(event)
        self.members.journal(event)
        self.regexes.journal(event)
        switch event {
        case .begin(let epoch):
            self.epoch = epoch
        case .forget(let epoch):
            if !self.touched.isEmpty { self.touched = self.touched.filter { $0.value > epoch } }
        case .rollBack(let epoch):
            for groupID in self.touched.filter({ $0.value >= epoch }).keys {
                self.touched[groupID] = nil
                self.heldBytes -= self.indices[groupID]?.heldBytes ?? 0
                self.indices[groupID] = self.members[groupID].map { ConsumerGroupIndex($0) }
                self.heldBytes += self.indices[groupID]?.heldBytes ?? 0
            }
        }
    }

    mutating func replay(_ groupID: GroupID, _ value: ConsumerGroupEpoch?) { self.epochs[groupID] = value }

    mutating func replay(_ groupID: GroupID, _ value: TargetEpoch?) { self.targetEpochs[groupID] = value }

    mutating func replay(_ groupID: GroupID, _ memberID: MemberID, subscription: MemberSubscription?) {
        self.change(groupID, memberID) { member in
            guard let subscription else { return nil }
            guard var member else { return ConsumerMember(subscription: subscription) }
            member.subscription = subscription
            return member
        }
    }

    /// A tombstone leaves a member without partitions, outside any epoch.
    mutating func replay(_ groupID: GroupID, _ memberID: MemberID, assignment: MemberAssignment?) {
        self.change(groupID, memberID) { member in
            // A log whose oldest records are gone may begin with this one.
            guard var member = member ?? (assignment == nil ? nil : ConsumerMember(subscription: .init()))
            else { return nil }
            member.assignment = assignment ?? MemberAssignment()
            return member
        }
    }

    mutating func replay(_ groupID: GroupID, _ memberID: MemberID, target: PartitionSet?) {
        self.change(groupID, memberID) { member in
            guard var member = member ?? (target == nil ? nil : ConsumerMember(subscription: .init()))
            else { return nil }
            member.target = target ?? PartitionSet()
            return member
        }
    }

    mutating func replay(_ groupID: GroupID, regex: String, _ value: ResolvedRegularExpression?) {
        self.regexes[groupID, regex] = value
    }

    private mutating func change(
        _ groupID: GroupID,
        _ memberID: MemberID,
        _ body: (ConsumerMember?) -> ConsumerMember?
    ) {
        let before = self.members[groupID, memberID]
        let after = body(before)
        guard before != after else { return }
        self.members[groupID, memberID] = after
        self.heldBytes += (after?.heldBytes ?? 0) - (before?.heldBytes ?? 0)
        if self.epoch > 0 { self.touched[groupID] = self.epoch }
        self.indices[groupID, default: ConsumerGroupIndex()].replace(before, with: after, memberID)
        if self.indices[groupID]?.memberCount == 0 { self.indices[groupID] = nil }
    }
}

/// What the members of a group add up to.
struct ConsumerGroupIndex: Sendable, Equatable {
    private(set) var memberCount = 0
    /// What the members take in memory, about.
    private(set) var heldBytes = 0
    private(set) var classicMemberCount = 0
    /// How many members speak the classic protocol and support an assignor of theirs.
    private(set) var classicProtocols: [String: Int] = [:]
    /// Who has a partition, given up or not.
    private(set) var owners: [TopicPartition: MemberID] = [:]
    private(set) var staticMembers: [GroupInstanceID: MemberID] = [:]
    /// How many members subscribe to a topic by its name.
    private(set) var topicNames: [String: Int] = [:]
    /// How many members subscribe by a regular expression.
    private(set) var regexes: [String: Int] = [:]
    /// How many members ask for an assignor.
    private(set) var assignors: [String: Int] = [:]
    /// How many different subscriptions: one is what makes a group uniform.
    private(set) var subscriptions: [SubscriptionKey: Int] = [:]

    /// What a member subscribes to.
    struct SubscriptionKey: Sendable, Hashable {
        var topicNames: [String]
        var topicRegex: String?
    }

    init() {}

    init(_ members: [MemberID: ConsumerMember]) {
        for (memberID, member) in members { self.replace(nil, with: member, memberID) }
    }

    func isSubscribed(toAnyOf names: Set<String>) -> Bool {
        names.count < self.topicNames.count
            ? names.contains { self.topicNames[$0] != nil } : self.topicNames.keys.contains { names.contains($0) }
    }

    mutating func replace(_ before: ConsumerMember?, with after: ConsumerMember?, _ memberID: MemberID) {
        self.heldBytes += (after?.heldBytes ?? 0) - (before?.heldBytes ?? 0)
        self.memberCount += (after == nil ? 0 : 1) - (before == nil ? 0 : 1)
        if before?.assignment.assigned != after?.assignment.assigned
            || before?.assignment.pendingRevocation != after?.assignment.pendingRevocation
        {
            if let before { self.release(before.assignment, memberID) }
            if let after {
                for partition in after.assignment.assigned.partitions { self.owners[partition] = memberID }
                for partition in after.assignment.pendingRevocation.partitions { self.owners[partition] = memberID }
            }
        }
        self.count(before?.subscription, after?.subscription, memberID)
    }

    /// As `replace`, without what members have: cheap for one event's look ahead.
    mutating func replaceSubscription(
        _ before: MemberSubscription?,
        with after: MemberSubscription?,
        _ memberID: MemberID
    ) {
        self.memberCount += (after == nil ? 0 : 1) - (before == nil ? 0 : 1)
        self.count(before, after, memberID)
    }

    private mutating func count(_ before: MemberSubscription?, _ after: MemberSubscription?, _ memberID: MemberID) {
        guard before != after else { return }
        if let before { self.count(before, memberID, by: -1) }
        if let after { self.count(after, memberID, by: 1) }
    }

    private mutating func release(_ assignment: MemberAssignment, _ memberID: MemberID) {
        // What another member has by now stays with it.
        for partition in assignment.assigned.partitions where self.owners[partition] == memberID {
            self.owners[partition] = nil
        }
        for partition in assignment.pendingRevocation.partitions where self.owners[partition] == memberID {
            self.owners[partition] = nil
        }
    }

    private mutating func count(_ subscription: MemberSubscription, _ memberID: MemberID, by delta: Int) {
        for name in subscription.topicNames { Self.add(delta, to: &self.topicNames[name]) }
        if let regex = subscription.topicRegex { Self.add(delta, to: &self.regexes[regex]) }
        if let assignor = subscription.serverAssignor { Self.add(delta, to: &self.assignors[assignor]) }
        let key = SubscriptionKey(topicNames: subscription.topicNames, topicRegex: subscription.topicRegex)
        Self.add(delta, to: &self.subscriptions[key])
        if let instance = subscription.groupInstanceID {
            if delta > 0 {
                self.staticMembers[instance] = memberID
            } else if self.staticMembers[instance] == memberID {
                self.staticMembers[instance] = nil
            }
        }
        guard let classic = subscription.classic else { return }
        self.classicMemberCount += delta
        for name in Set(classic.protocols.map(\.name)) { Self.add(delta, to: &self.classicProtocols[name]) }
    }

    private static func add(_ delta: Int, to count: inout Int?) {
        let sum = (count ?? 0) + delta
        count = sum == 0 ? nil : sum
    }
}
