import Coordination
import GroupCoordinator
import Model

/// Drives a shard as its owner would: virtual time, timers, a log, and writes that become durable on demand.
struct GroupHarness {
    var shard: GroupMachine
    var now: Timestamp = 1_700_000_000_000
    private(set) var timers: [GroupTimer: Timestamp] = [:]
    private(set) var joins: [UInt64: JoinResponse] = [:]
    /// Of all answers to joins.
    private(set) var newestGeneration: Int32 = 0
    private(set) var memberIDs: [MemberID] = [""]
    private(set) var syncs: [UInt64: SyncResponse] = [:]
    private(set) var log: [(record: GroupRecord, producer: ProducerID?)] = []
    /// Replayed, not yet durable.
    private(set) var inFlight: [GroupWrite] = []
    /// Of the newest write.
    private var epoch: UInt64 = 0
    var holdsWrites = false
    private var lastToken: UInt64 = 0

    /// The topics that groups of the consumer protocol see.
    let topics: FakeTopics

    init(settings: GroupSettings = GroupSettings(), topics: FakeTopics = FakeTopics()) {
        self.topics = topics
        self.shard = GroupMachine(settings: settings, surroundings: topics)
        self.run(self.shard.loadCompleted(now: self.now))
    }

    mutating func run(_ actions: [GroupAction]) {
        for action in actions {
            switch action {
            case .reply(let token, .join(let response)):
                precondition(self.joins[token] == nil, "a join is answered once")
                self.joins[token] = response
                self.newestGeneration = max(self.newestGeneration, response.generationID.rawValue)
                if !response.memberID.rawValue.isEmpty { self.memberIDs.append(response.memberID) }
            case .reply(let token, .sync(let response)):
                precondition(self.syncs[token] == nil, "a sync is answered once")
                self.syncs[token] = response
            case .startTimer(.offsetExpiry, _), .cancelTimer(.offsetExpiry):
                // Tests look for expired offsets when they want to.
                break
            case .startTimer(let timer, let delay):
                self.timers[timer] = self.now + delay.wholeMilliseconds
            case .cancelTimer(let timer):
                self.timers[timer] = nil
            case .append(let write):
                self.append(write)
            }
        }
    }

    mutating func append(_ write: GroupWrite?) {
        guard let write else { return }
        self.epoch += 1
        self.shard.journal(.begin(epoch: self.epoch))
        for record in write.records { self.shard.replay(record, producer: write.producer?.id) }
        self.inFlight.append(write)
        if !self.holdsWrites { self.completeWrites() }
    }

    mutating func completeWrites() {
        while !self.inFlight.isEmpty {
            let write = self.inFlight.removeFirst()
            for record in write.records { self.log.append((record, write.producer?.id)) }
            self.shard.journal(.forget(through: self.epoch - UInt64(self.inFlight.count)))
            if let purpose = write.purpose { self.run(self.shard.writeCompleted(purpose, now: self.now)) }
        }
    }

    mutating func failWrites(_ error: CoordinatorError) {
        let writes = self.inFlight
        self.inFlight = []
        guard !writes.isEmpty else { return }
        self.shard.journal(.rollBack(from: self.epoch - UInt64(writes.count - 1)))
        for purpose in writes.reversed().compactMap(\.purpose) {
            self.run(self.shard.writeFailed(purpose, error: error, now: self.now))
        }
    }

    /// Lets time pass and fires what comes due, in order.
    mutating func advance(milliseconds: Int64) {
        let end = self.now + milliseconds
        while let next = self.timers.lazy.filter({ $0.value <= end }).min(by: Self.isEarlier) {
            self.now = max(self.now, next.value)
            self.timers[next.key] = nil
            self.run(self.shard.timerFired(next.key, now: self.now))
        }
        self.now = end
    }

    private static func isEarlier(
        _ left: (key: GroupTimer, value: Timestamp),
        _ right: (key: GroupTimer, value: Timestamp)
    ) -> Bool {
        left.value == right.value ? "\(left.key)" < "\(right.key)" : left.value < right.value
    }

    /// A new shard from what is durable, as after a crash.
    mutating func restart(settings: GroupSettings? = nil) {
        self.timers = [:]
        self.inFlight = []
        self.epoch = 0
        self.shard = GroupMachine(settings: settings ?? self.shard.settings, surroundings: self.topics)
        for (record, producer) in self.log { self.shard.replay(record, producer: producer) }
        self.run(self.shard.loadCompleted(now: self.now))
    }

    // MARK: Requests

    mutating func token() -> UInt64 {
        self.lastToken += 1
        return self.lastToken
    }

    @discardableResult
    mutating func join(_ request: JoinRequest, uuid: String? = nil) -> UInt64 {
        let token = self.token()
        self.run(self.shard.joinRequested(request, token: token, uuid: uuid ?? "u\(token)", now: self.now))
        return token
    }

    @discardableResult
    mutating func sync(_ request: SyncRequest) -> UInt64 {
        let token = self.token()
        self.run(self.shard.syncRequested(request, token: token, now: self.now))
        return token
    }

    mutating func heartbeat(_ member: String, generation: Int32, instance: String? = nil) -> GroupError? {
        let request = MemberHeartbeat(
            groupID: "g",
            generationID: GenerationID(generation),
            memberID: MemberID(member),
            groupInstanceID: instance.map { GroupInstanceID($0) }
        )
        let outcome = self.shard.heartbeatReceived(request)
        self.restartSession(member, outcome.sessionTimeout)
        if let timeout = outcome.joinTimeout { self.run([.startTimer(.classicJoin("g", MemberID(member)), timeout)]) }
        return outcome.error
    }

    mutating func leave(_ members: LeaveRequest.Member...) -> LeaveResponse {
        let (response, actions) = self.shard.leaveRequested(
            LeaveRequest(groupID: "g", members: members),
            now: self.now
        )
        self.run(actions)
        return response
    }

    mutating func commit(_ request: CommitRequest) -> OffsetChangeResponse {
        let outcome = self.shard.offsetCommitRequested(request, now: self.now)
        self.restartSession(request.memberID.rawValue, outcome.sessionTimeout)
        self.append(outcome.write)
        return outcome.response
    }

    /// Commits one offset and returns that partition's error.
    @discardableResult
    mutating func commit(
        _ topic: String,
        _ offset: Offset,
        member: String = "",
        generation: Int32 = -1,
        group: GroupID = "g"
    ) -> GroupError? {
        self.commit(
            CommitRequest(
                groupID: group,
                memberID: MemberID(member),
                generationID: GenerationID(generation),
                topics: [.init(name: topic, partitions: [.init(index: 0, offset: offset)])]
            )
        ).topics[0].partitions[0].error
    }

    func offset(_ topic: String, group: GroupID = "g") -> Offset {
        let request = OffsetQuery(groupID: group, topics: [.init(name: topic, partitions: [0])])
        return self.shard.offsetsRequested(request).topics[0].partitions[0].offset
    }

    var state: GroupState { self.shard.description(of: "g").state }

    private mutating func restartSession(_ member: String, _ timeout: Duration?) {
        guard let timeout else { return }
        self.run([.startTimer(.session("g", MemberID(member)), timeout)])
    }

    // MARK: States

    /// A group `g` of members `a-1` (leader), `b-1`… at generation 1, in the given state. In `empty`, all have left.
    static func make(
        in state: GroupState,
        members: [String] = ["a", "b"],
        settings: GroupSettings = GroupSettings()
    ) -> GroupHarness {
        var harness = GroupHarness(settings: settings)
        guard state != .dead else { return harness }
        for name in members { harness.join(.make(client: name, knowsIDs: false), uuid: "1") }
        // Starts out in the initial phase.
        harness.advance(milliseconds: Int64(settings.initialRebalanceDelayMilliseconds) * Int64(members.count + 1))
        guard state != .completingRebalance else { return harness }
        harness.syncAll(members.map { "\($0)-1" }, generation: 1)
        for name in members { _ = harness.heartbeat("\(name)-1", generation: 1) }
        switch state {
        case .preparingRebalance:
            harness.join(.make(member: "a-1", client: "a"))
        case .empty:
            _ = harness.leave(contentsOf: members.map { "\($0)-1" })
        case .stable, .completingRebalance, .dead, .assigning, .reconciling:
            break
        }
        return harness
    }

    private mutating func leave(contentsOf members: [String]) -> LeaveResponse {
        let request = LeaveRequest(groupID: "g", members: members.map { .init(memberID: MemberID($0)) })
        let (response, actions) = self.shard.leaveRequested(request, now: self.now)
        self.run(actions)
        return response
    }

    /// The first member leads; each gets its own name as its assignment.
    @discardableResult
    mutating func syncAll(_ members: [String], generation: Int32) -> [SyncResponse?] {
        let tokens = members.enumerated().map { index, member in
            self.sync(
                SyncRequest(
                    groupID: "g",
                    generationID: GenerationID(generation),
                    memberID: MemberID(member),
                    assignments: index > 0 ? [] : members.map { (MemberID($0), Array($0.utf8)) }
                )
            )
        }
        return tokens.map { self.syncs[$0] }
    }
}

extension JoinRequest {
    static func make(
        group: GroupID = "g",
        member: String = "",
        client: String = "c",
        instance: String? = nil,
        topics: [String] = ["t"],
        protocols: [String] = ["range"],
        type: String = "consumer",
        session: Int32 = 10_000,
        rebalance: Int32 = 60_000,
        knowsIDs: Bool = true,
        skips: Bool = true
    ) -> JoinRequest {
        JoinRequest(
            groupID: group,
            memberID: MemberID(member),
            groupInstanceID: instance.map { GroupInstanceID($0) },
            clientID: client,
            clientHost: "/127.0.0.1",
            sessionTimeoutMilliseconds: session,
            rebalanceTimeoutMilliseconds: rebalance,
            protocolType: type,
            protocols: protocols.map { GroupProtocol(name: $0, metadata: subscription(topics)) },
            requiresKnownMemberID: knowsIDs,
            supportsSkippingAssignment: skips
        )
    }
}

/// `ConsumerProtocolSubscription` version 0 without user data.
func subscription(_ topics: [String]) -> [UInt8] {
    var bytes: [UInt8] = [0, 0]
    func append(_ value: Int, bytes count: Int) {
        for shift in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * shift))) }
    }
    append(topics.count, bytes: 4)
    for topic in topics {
        append(topic.utf8.count, bytes: 2)
        bytes += topic.utf8
    }
    append(-1, bytes: 4)
    return bytes
}

extension GroupID: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}

extension MemberID: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
