internal import GroupCoordinator
internal import KafkaProtocol
internal import LogCore
internal import Logging
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Text

/// Runs the groups of one partition of `__consumer_offsets` on one event loop.
///
/// The machine decides; this class appends what it decided, keeps its timers and completes its tokens. Everything
/// that is decided in one round of the loop goes out in one batch. If an append is refused, nothing was assigned and
/// the machine takes the round back. If assigned records turn out never to be durable, the shard answers everything
/// with `NOT_COORDINATOR` and loads the partition again before it goes on.
// SAFETY: every stored property that changes is used on `eventLoop` alone; entry points check that.
final class GroupShard: @unchecked Sendable {
    /// What the shard can do now.
    private enum Phase {
        /// Nobody has asked for the partition yet.
        case idle
        case loading
        case active(OffsetsPartition)
        /// Loading or writing failed; the next request after this moment tries again.
        case failed(until: NIODeadline)
        case closed
    }

    /// One round's writes and the responses that wait for them.
    private struct Round {
        var writes: [AppliedWrite] = []
        var held: [(GroupError?) -> Void] = []
    }

    let partition: Int32
    let eventLoop: any EventLoop
    let topic: any OffsetsTopic
    let engine: any LogEngine
    let environment: BrokerEnvironment
    private var machine: CoordinatorShard
    private var phase = Phase.idle
    private var timers: GroupTimers
    private var expiry: RepeatedTask?
    private var joins: [UInt64: (JoinResponse) -> Void] = [:]
    private var syncs: [UInt64: (SyncResponse) -> Void] = [:]
    private var lastToken: UInt64 = 0
    private var batches: GroupBatches
    private var round = Round()
    private var isFlushScheduled = false
    /// Appended, not yet durable, oldest first.
    private var inFlight: [Round] = []
    /// Counts loads, so that news of an earlier life is dropped.
    private(set) var life: UInt64 = 0

    /// A load that failed is not tried again sooner.
    static let retryDelay = TimeAmount.seconds(1)
    /// Groups that one turn of the loop looks at for expired offsets.
    private static let expiryPortion = 512

    init(
        partition: Int32,
        eventLoop: any EventLoop,
        topic: any OffsetsTopic,
        engine: any LogEngine,
        settings: GroupSettings,
        environment: BrokerEnvironment
    ) {
        self.partition = partition
        self.eventLoop = eventLoop
        self.topic = topic
        self.engine = engine
        self.environment = environment
        self.machine = CoordinatorShard(settings: settings)
        self.batches = GroupBatches(bytesMax: 1 << 20)
        self.timers = GroupTimers(eventLoop: eventLoop) { _ in }
        self.timers = GroupTimers(eventLoop: eventLoop) { [weak self] timer in self?.timerFired(timer) }
    }

    // MARK: Requests

    func join(_ request: JoinRequest, completion: @escaping (JoinResponse) -> Void) {
        if let error = self.unavailability() {
            return completion(JoinResponse(error: error, memberID: request.memberID))
        }
        let token = self.makeToken()
        self.joins[token] = completion
        let uuid = request.memberID.rawValue.isEmpty ? self.makeUUID() : ""
        self.run(self.machine.joinRequested(request, token: token, uuid: uuid, now: self.environment.now()))
    }

    func sync(_ request: SyncRequest, completion: @escaping (SyncResponse) -> Void) {
        if let error = self.unavailability() { return completion(SyncResponse(error: error)) }
        let token = self.makeToken()
        self.syncs[token] = completion
        self.run(self.machine.syncRequested(request, token: token, now: self.environment.now()))
    }

    func heartbeat(_ request: MemberHeartbeat) -> GroupError? {
        if let error = self.unavailability() {
            // Kafka answers a heartbeat during a load as if all were well, so that nobody leaves for it.
            return error == .coordinatorLoadInProgress ? nil : error
        }
        let outcome = self.machine.heartbeatReceived(request)
        if let timeout = outcome.sessionTimeout {
            self.timers.start(.session(request.groupID, request.memberID), after: timeout)
        }
        return outcome.error
    }

    func leave(_ request: LeaveRequest, completion: @escaping (LeaveResponse) -> Void) {
        if let error = self.unavailability() { return completion(LeaveResponse(error: error)) }
        let (response, actions) = self.machine.leaveRequested(request, now: self.environment.now())
        let writes = self.run(actions)
        guard writes else { return completion(response) }
        self.hold { error in completion(error.map { LeaveResponse(error: $0) } ?? response) }
    }

    func commit(_ request: CommitRequest, completion: @escaping (OffsetChangeResponse) -> Void) {
        if let error = self.unavailability() { return completion(request.refused(error)) }
        let outcome = self.machine.offsetCommitRequested(request, now: self.environment.now())
        if let timeout = outcome.sessionTimeout {
            self.timers.start(.session(request.groupID, request.memberID), after: timeout)
        }
        guard let write = outcome.write else { return completion(outcome.response) }
        if let error = self.append(write) { return completion(request.refused(error)) }
        self.hold { error in completion(error.map { request.refused($0) } ?? outcome.response) }
    }

    /// Reads what the newest commits say, and answers once that is durable.
    func offsets(_ queries: [OffsetQuery], completion: @escaping ([OffsetAnswer]) -> Void) {
        func refuse(_ error: GroupError) -> [OffsetAnswer] {
            // Older consumers do not retry COORDINATOR_NOT_AVAILABLE here, so Kafka says NOT_COORDINATOR.
            let error = error == .coordinatorNotAvailable ? .notCoordinator : error
            return queries.map { OffsetAnswer(groupID: $0.groupID, error: error) }
        }
        if let error = self.unavailability() { return completion(refuse(error)) }
        let answers = queries.map { self.machine.offsetsRequested($0) }
        self.hold { error in completion(error.map(refuse) ?? answers) }
    }

    func deleteOffsets(_ request: OffsetDeletion, completion: @escaping (OffsetChangeResponse) -> Void) {
        func refuse(_ error: GroupError) -> OffsetChangeResponse { OffsetChangeResponse(error: error, topics: []) }
        if let error = self.unavailability() { return completion(refuse(error)) }
        let (response, write) = self.machine.offsetDeleteRequested(request, now: self.environment.now())
        guard let write else { return completion(response) }
        if let error = self.append(write) { return completion(refuse(error)) }
        self.hold { error in completion(error.map(refuse) ?? response) }
    }

    func describe(_ groupIDs: [GroupID]) -> [GroupDescription] {
        if let error = self.unavailability() {
            return groupIDs.map { GroupDescription(error: error, groupID: $0, state: .dead) }
        }
        return groupIDs.map { self.machine.description(of: $0) }
    }

    func list(states: [String], types: [String]) -> Result<[GroupListing], GroupError> {
        if case .idle = self.phase, !self.topic.exists { return .success([]) }
        if let error = self.unavailability() { return .failure(error) }
        return .success(self.machine.listing(states: states, types: types))
    }

    func delete(_ groupIDs: [GroupID], completion: @escaping ([GroupDeletion]) -> Void) {
        func refuse(_ error: GroupError) -> [GroupDeletion] {
            groupIDs.map { GroupDeletion(groupID: $0, error: error) }
        }
        if let error = self.unavailability() { return completion(refuse(error)) }
        let (response, write) = self.machine.groupDeletionRequested(groupIDs, now: self.environment.now())
        guard let write else { return completion(response) }
        if let error = self.append(write) { return completion(refuse(error)) }
        self.hold { error in completion(error.map(refuse) ?? response) }
    }

    func topicsDeleted(_ topics: Set<String>) {
        self.eventLoop.preconditionInEventLoop()
        guard case .active = self.phase else { return }
        if let write = self.machine.topicsDeleted(topics, now: self.environment.now()) { _ = self.append(write) }
    }

    // MARK: Phases

    /// Starts loading unless that has happened, and makes the offsets topic when there is none: FindCoordinator
    /// does so, and no other request.
    func prepare() {
        self.eventLoop.preconditionInEventLoop()
        if case .idle = self.phase { self.load() } else { _ = self.unavailability() }
    }

    /// Answers everything that waits; the shard serves nobody afterwards.
    func close() {
        self.eventLoop.preconditionInEventLoop()
        self.flush()
        self.abandon(.notCoordinator)
        self.phase = .closed
    }

    /// Why a request cannot be served now; starts a load where one is due.
    ///
    /// Without an offsets topic no broker is anybody's coordinator, as in Kafka: the client asks FindCoordinator next.
    private func unavailability() -> GroupError? {
        self.eventLoop.preconditionInEventLoop()
        switch self.phase {
        case .active:
            return nil
        case .loading:
            return .coordinatorLoadInProgress
        case .closed:
            return .notCoordinator
        case .failed(let until) where self.eventLoop.now < until:
            return .coordinatorNotAvailable
        case .idle where !self.topic.exists:
            return .notCoordinator
        case .idle, .failed:
            self.load()
            return .coordinatorLoadInProgress
        }
    }

    private func load() {
        self.phase = .loading
        self.life += 1
        GroupLoad(shard: self, life: self.life, settings: self.machine.settings).start()
    }

    func loaded(_ machine: consuming CoordinatorShard, from partition: OffsetsPartition) {
        self.machine = machine
        self.phase = .active(partition)
        self.batches = GroupBatches(bytesMax: partition.messageBytesMax)
        self.run(self.machine.loadCompleted(now: self.environment.now()))
        let interval = TimeAmount.milliseconds(self.machine.settings.offsetsRetentionCheckIntervalMilliseconds)
        self.expiry = self.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] _ in
            self?.expireOffsets()
        }
    }

    func loadFailed(_ error: LogError) {
        self.environment.logger.error(
            "could not load a partition of groups",
            metadata: ["partition": "\(self.partition)", "error": "\(error.message)"]
        )
        self.phase = .failed(until: self.eventLoop.now + Self.retryDelay)
    }

    /// Assigned records will never be durable: what the machine believes is not what a restart would find.
    private func fail(_ error: LogError) {
        self.environment.logger.error(
            "group records could not be made durable; loading the partition again",
            metadata: ["partition": "\(self.partition)", "error": "\(error.message)"]
        )
        self.abandon(error.groupError)
        self.phase = .failed(until: self.eventLoop.now + Self.retryDelay)
    }

    private func abandon(_ error: GroupError) {
        self.life += 1
        self.expiry?.cancel()
        self.expiry = nil
        let rounds = self.inFlight + [self.round]
        self.inFlight = []
        self.round = Round()
        self.batches.removeAll()
        for round in rounds {
            for release in round.held { release(error) }
        }
        if case .active = self.phase {
            self.run(self.machine.dismissed(error, now: self.environment.now()))
        }
        self.timers.cancelAll()
        for token in self.joins.keys.sorted() {
            self.joins.removeValue(forKey: token)?(JoinResponse(error: error, memberID: MemberID("")))
        }
        for token in self.syncs.keys.sorted() { self.syncs.removeValue(forKey: token)?(SyncResponse(error: error)) }
    }

    // MARK: Actions

    /// Carries out actions. Returns whether there was a write among them that was taken.
    @discardableResult
    private func run(_ actions: [GroupAction]) -> Bool {
        var hasWrite = false
        for action in actions {
            switch action {
            case .respondJoin(let token, let response):
                self.joins.removeValue(forKey: token)?(response)
            case .respondSync(let token, let response):
                self.syncs.removeValue(forKey: token)?(response)
            case .startTimer(let timer, let delay):
                self.timers.start(timer, after: delay)
            case .cancelTimer(let timer):
                self.timers.cancel(timer)
            case .append(let write):
                if self.append(write) == nil { hasWrite = true }
            }
        }
        return hasWrite
    }

    private func timerFired(_ timer: GroupTimer) {
        guard case .active = self.phase, self.timers.expire(timer) else { return }
        self.run(self.machine.timerFired(timer, now: self.environment.now()))
    }

    private func expireOffsets() {
        guard case .active = self.phase else { return }
        self.expireOffsets(of: self.machine.groupIDs[...], life: self.life)
    }

    private func expireOffsets(of groupIDs: ArraySlice<GroupID>, life: UInt64) {
        guard case .active = self.phase, life == self.life, !groupIDs.isEmpty else { return }
        let portion = groupIDs.prefix(Self.expiryPortion)
        if let write = self.machine.offsetsExpired(of: portion, now: self.environment.now()) {
            _ = self.append(write)
        }
        let rest = groupIDs.dropFirst(Self.expiryPortion)
        if !rest.isEmpty { self.eventLoop.execute { self.expireOffsets(of: rest, life: life) } }
    }

    // MARK: Writing

    /// Replays a write and puts it into the round. Returns an error, the write taken back, when it can never fit.
    private func append(_ write: GroupWrite) -> GroupError? {
        let applied = self.machine.replay(write)
        guard self.batches.append(write, now: self.environment.now()) else {
            self.environment.logger.error(
                "a group's record is larger than max.message.bytes of the offsets topic",
                metadata: ["partition": "\(self.partition)"]
            )
            self.run(self.machine.writesFailed([applied], error: .unknownServerError, now: self.environment.now()))
            return .unknownServerError
        }
        self.round.writes.append(applied)
        if !self.isFlushScheduled {
            self.isFlushScheduled = true
            self.eventLoop.execute { self.flush() }
        }
        return nil
    }

    /// Calls back when all that is decided up to now is durable, at once if it is.
    private func hold(_ release: @escaping (GroupError?) -> Void) {
        if !self.round.writes.isEmpty {
            self.round.held.append(release)
        } else if !self.inFlight.isEmpty {
            self.inFlight[self.inFlight.count - 1].held.append(release)
        } else {
            release(nil)
        }
    }

    private func flush() {
        self.isFlushScheduled = false
        guard case .active(let partition) = self.phase, !self.round.writes.isEmpty else { return }
        let round = self.round
        self.round = Round()
        // Before the append: a log may report at once.
        self.inFlight.append(round)
        let batches = self.batches.finish()
        for (index, batch) in batches.enumerated() {
            let isLast = index == batches.count - 1
            do throws(LogError) {
                _ = try partition.log.append(
                    batch,
                    options: AppendOptions(
                        origin: .coordinator,
                        leaderEpoch: partition.leaderEpoch,
                        now: self.environment.now(),
                        acknowledge: .durable
                    ),
                    // Durability is in order: the last batch speaks for all.
                    waiter: isLast ? RoundWaiter(shard: self, life: self.life) : nil
                )
            } catch {
                guard index == 0 else { return self.fail(error) }
                self.inFlight.removeLast()
                return self.refused(round, error)
            }
        }
    }

    /// Nothing of the round was assigned.
    private func refused(_ round: Round, _ error: LogError) {
        let groupError = error.groupError
        self.run(self.machine.writesFailed(round.writes, error: groupError, now: self.environment.now()))
        for release in round.held { release(groupError) }
    }

    fileprivate func roundCompleted(_ error: LogError?, life: UInt64) {
        self.eventLoop.preconditionInEventLoop()
        guard life == self.life else { return }
        if let error { return self.fail(error) }
        guard !self.inFlight.isEmpty else { return }
        let round = self.inFlight.removeFirst()
        for applied in round.writes {
            self.run(self.machine.writeCompleted(applied.write, now: self.environment.now()))
        }
        for release in round.held { release(nil) }
    }

    private func makeToken() -> UInt64 {
        self.lastToken += 1
        return self.lastToken
    }

    /// A version 4 UUID in the usual notation.
    private func makeUUID() -> String {
        let (high, low) = self.environment.random()
        return UUIDText.format(high: high & ~0xF000 | 0x4000, low: low & ~(0b11 << 62) | (0b10 << 62))
    }
}

/// Tells a shard that a round is durable.
private final class RoundWaiter: DurabilityWaiter {
    private let shard: GroupShard
    private let life: UInt64
    var eventLoop: any EventLoop { self.shard.eventLoop }

    init(shard: GroupShard, life: UInt64) {
        self.shard = shard
        self.life = life
    }

    func appendCompleted(_ error: LogError?) { self.shard.roundCompleted(error, life: self.life) }
}
