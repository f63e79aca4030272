package import Coordination
package import LogCore
internal import Logging
package import Model
package import NIOCore
internal import RecordBatch

/// Runs one coordinator machine on one partition of its topic, on one event loop.
///
/// Two verbs. A **write** has the machine decide; the records go into the round of this turn of the loop and are
/// replayed at once; the answer is released when they are durable. A **read** asks the machine; the answer is released
/// when everything that it may have seen is durable. So an answer never shows what a power cut can take back, and
/// answers of one partition leave in the order of their requests.
///
/// Everything that is decided in one turn of the loop is appended together. When the log refuses it, nothing was
/// assigned: the machine's journaled collections roll back to before the round (decision 0017), and the answers are
/// refused. When records that were assigned turn out never to be durable, or leadership is lost, everything that waits
/// is refused, the machine is dropped, and the partition is loaded again before anything is served.
// SAFETY: every stored property that changes is used on `eventLoop` alone; entry points check that.
package final class CoordinatorRuntime<Machine: CoordinatorMachine, Codec: CoordinatorRecordCodec>: @unchecked Sendable
where Codec.Record == Machine.Record {
    /// Carries out what a machine decides about the world, under the partition's leader epoch, and reports by a write
    /// of the runtime, in a later turn of its loop. Called there.
    package typealias Effects = @Sendable (Machine.Effect, LeaderEpoch, CoordinatorRuntime) -> Void

    /// When the answer to a write goes out.
    package enum Release: Sendable {
        /// When the records that it made, and all that it may have seen, are durable.
        case onceDurable
        /// Now. For an answer with no record behind it: a heartbeat. Its body must not append.
        case atOnce
    }

    /// What one turn of the loop wrote, and the answers that wait for it.
    private struct Round {
        var epoch: UInt64 = 0
        var bytes = 0
        var purposes: [Machine.Purpose] = []
        var held: [(CoordinatorError?) -> Void] = []
        /// What the log will know of the producers whose batches are in the round.
        var producers: [ProducerID: ProducerStateSnapshot] = [:]

        /// Whether anything was written; only then does an answer wait for it.
        var isEmpty: Bool { self.bytes == 0 }
    }

    package let partition: Int32
    package let eventLoop: any EventLoop
    let topic: any CoordinatorTopic
    let engine: any LogEngine
    let limits: CoordinatorLimits
    let makeMachine: @Sendable () -> Machine
    private let effects: Effects
    private let environment: CoordinatorEnvironment

    private var lifecycle: CoordinatorLifecycle
    private var machine: Machine
    private var opened: CoordinatorPartition?
    private var timers: CoordinatorTimers<Machine.Timer>
    private var parked: [UInt64: (Result<Machine.Reply, CoordinatorError>) -> Void] = [:]
    private var lastToken: UInt64 = 0
    /// Topic changes that came during a load, for the machine that is being loaded.
    private var lateChanges = TopicChanges()
    private var loadWaiters = LoadWaiters()

    private var batches: CoordinatorBatches<Codec>
    private var epoch: UInt64 = 0
    private var round = Round()
    private var isFlushScheduled = false
    /// Appended, not yet durable, oldest first.
    private var inFlight: [Round] = []
    /// Of the present round and those in flight.
    private var undurableBytes = 0

    /// - Parameters:
    ///   - effects: see `Effects`; it does not wait.
    ///   - makeMachine: an empty machine, to replay the log into.
    package init(
        partition: Int32,
        eventLoop: any EventLoop,
        topic: any CoordinatorTopic,
        engine: any LogEngine,
        environment: CoordinatorEnvironment,
        limits: CoordinatorLimits = CoordinatorLimits(),
        effects: @escaping Effects = { _, _, _ in },
        makeMachine: @escaping @Sendable () -> Machine
    ) {
        self.partition = partition
        self.eventLoop = eventLoop
        self.topic = topic
        self.engine = engine
        self.environment = environment
        self.limits = limits
        self.effects = effects
        self.makeMachine = makeMachine
        self.machine = makeMachine()
        self.lifecycle = CoordinatorLifecycle(retryDelay: limits.retryDelay)
        self.batches = CoordinatorBatches(bytesMax: 0)
        self.timers = CoordinatorTimers(eventLoop: eventLoop) { _ in }
        self.timers = CoordinatorTimers(eventLoop: eventLoop) { [weak self] timer in self?.timerFired(timer) }
    }

    // MARK: Verbs

    /// Has the machine decide, and completes once with what `body` returned, or with why that cannot be so.
    package func write<Answer>(
        release: Release = .onceDurable,
        _ body: (inout Machine, inout CoordinatorContext<Machine>) -> Answer,
        completion: @escaping (Result<Answer, CoordinatorError>) -> Void
    ) {
        if let error = self.admit() { return completion(.failure(error)) }
        var context = CoordinatorContext<Machine>(self.environment)
        let answer = body(&self.machine, &context)
        if let error = self.perform(context.actions) { return completion(.failure(error)) }
        if case .atOnce = release { return completion(.success(answer)) }
        self.hold(answer, completion)
    }

    /// Asks the machine, and completes once.
    package func read<Answer>(
        _ body: (Machine) -> Answer,
        completion: @escaping (Result<Answer, CoordinatorError>) -> Void
    ) {
        if let error = self.admit() { return completion(.failure(error)) }
        self.hold(body(self.machine), completion)
    }

    /// A write whose answer the machine gives itself, when it is time, as a `.reply` to the token.
    package func park(
        _ body: (inout Machine, inout CoordinatorContext<Machine>, _ token: UInt64) -> Void,
        completion: @escaping (Result<Machine.Reply, CoordinatorError>) -> Void
    ) {
        if let error = self.admit() { return completion(.failure(error)) }
        self.lastToken += 1
        let token = self.lastToken
        self.parked[token] = completion
        var context = CoordinatorContext<Machine>(self.environment)
        body(&self.machine, &context, token)
        self.perform(context.actions)
    }

    // MARK: Life

    /// Whether no request has come for the partition yet.
    package var isIdle: Bool { self.lifecycle.phase == .idle }

    /// Whether the partition was served here and is not any more: what it holds is asked of another broker.
    package var isReleased: Bool { self.lifecycle.phase == .released }

    /// Calls `ready` on the loop, once, when no load is under way: at once, or when the one that is, or that this call
    /// starts, has ended well or badly. After `patience` at the latest, and at once when too many wait already.
    package func whenLoaded(within patience: TimeAmount, _ ready: @escaping () -> Void) {
        _ = self.admit()
        guard self.lifecycle.phase == .loading, patience > .zero, !self.loadWaiters.isFull else { return ready() }
        let timedOut: (UInt64) -> Void = { [weak self] id in self?.loadWaiters.remove(id)?() }
        self.loadWaiters.add(on: self.eventLoop, until: patience, timedOut: timedOut, ready: ready)
    }

    private func resumeLoadWaiters() {
        for ready in self.loadWaiters.removeAll() { ready() }
    }

    /// Starts loading unless that has happened, and creates the topic when it is missing. Only FindCoordinator calls
    /// this.
    package func prepare() {
        self.eventLoop.preconditionInEventLoop()
        if let life = self.lifecycle.prepareRequested(now: self.eventLoop.now) { self.load(life) }
    }

    /// The cluster's topics changed. A partition that is not loaded needs not know.
    package func topicsChanged(_ changes: TopicChanges) {
        self.eventLoop.preconditionInEventLoop()
        switch self.lifecycle.phase {
        case .active: self.perform(self.machine.topicsChanged(changes, now: self.environment.now()))
        case .loading: self.lateChanges.merge(changes)
        case .idle, .failed, .released, .closed: break
        }
    }

    /// Another broker leads the partition, or this one under a newer epoch. Answers everything that waits with
    /// `notCoordinator`; `prepare` loads again.
    package func leadershipLost() {
        self.eventLoop.preconditionInEventLoop()
        if self.lifecycle.leadershipLost() == .abandon { self.abandon(.notCoordinator) }
    }

    /// Answers everything that waits with `notCoordinator`; nothing is served afterwards.
    package func close() {
        self.eventLoop.preconditionInEventLoop()
        // What is decided is written, though no client waits for an answer.
        self.flush()
        if self.lifecycle.closeRequested() == .abandon { self.abandon(.notCoordinator) }
    }

    /// Why a request cannot be served now; starts a load where one is due.
    private func admit() -> CoordinatorError? {
        self.eventLoop.preconditionInEventLoop()
        switch self.lifecycle.requested(now: self.eventLoop.now, topicExists: self.topic.exists) {
        case .serve:
            return nil
        case .refuse(let error):
            return error
        case .load(let life):
            self.load(life)
            return .coordinatorLoadInProgress
        }
    }

    private func load(_ life: UInt64) {
        self.lateChanges = TopicChanges()
        CoordinatorLoad(runtime: self, life: life, machine: self.makeMachine()).start()
    }

    func isCurrent(_ life: UInt64) -> Bool { self.lifecycle.isCurrent(life) }

    func loaded(_ machine: consuming Machine, from partition: CoordinatorPartition, damagedCount: Int, life: UInt64) {
        guard self.lifecycle.loadSucceeded(life: life) == .activate else { return }
        if damagedCount > 0 {
            self.environment.logger.warning(
                "skipped damaged records of a coordinator",
                metadata: self.logMetadata(["count": "\(damagedCount)"])
            )
        }
        self.machine = machine
        self.opened = partition
        self.batches = CoordinatorBatches(bytesMax: partition.messageBytesMax)
        self.epoch = 0
        self.perform(self.machine.loadCompleted(now: self.environment.now()))
        let changes = self.lateChanges
        self.lateChanges = TopicChanges()
        if !changes.isEmpty { self.topicsChanged(changes) }
        self.resumeLoadWaiters()
    }

    func loadFailed(_ error: LogError, life: UInt64) {
        guard self.lifecycle.loadFailed(error.code, life: life, now: self.eventLoop.now) == .report else { return }
        self.environment.logger.error(
            "could not load a coordinator's partition",
            metadata: self.logMetadata(["error": "\(error.message)"])
        )
        self.scheduleRetry()
        self.resumeLoadWaiters()
    }

    /// Loads again some time after a failure if no request does it before.
    private func scheduleRetry() {
        guard let delay = self.lifecycle.retryAfterFailure else { return }
        let life = self.lifecycle.life
        self.eventLoop.scheduleTask(in: delay) { [weak self] in
            guard let self, self.isCurrent(life), self.topic.exists else { return }
            self.prepare()
        }
    }

    private func recordsLost(_ error: LogError, life: UInt64) {
        guard self.lifecycle.recordsLost(error.code, life: life, now: self.eventLoop.now) == .abandon else { return }
        self.environment.logger.error(
            "a coordinator's records could not be made durable; loading the partition again",
            metadata: self.logMetadata(["error": "\(error.message)"])
        )
        self.abandon(error.coordinatorError)
        self.scheduleRetry()
    }

    private func abandon(_ error: CoordinatorError) {
        let rounds = self.inFlight + [self.round]
        self.inFlight = []
        self.round = Round()
        self.undurableBytes = 0
        self.batches = CoordinatorBatches(bytesMax: 0)
        self.timers.cancelAll()
        let replies = self.opened == nil ? [] : self.machine.dismissed(error, now: self.environment.now())
        self.opened = nil
        self.machine = self.makeMachine()
        for round in rounds {
            for release in round.held { release(error) }
        }
        self.reply(replies)
        let parked = self.parked
        self.parked = [:]
        for token in parked.keys.sorted() { parked[token]?(.failure(error)) }
        self.resumeLoadWaiters()
    }

    private func logMetadata(_ more: Logger.Metadata) -> Logger.Metadata {
        var metadata = more
        metadata["topic"] = "\(self.topic.name)"
        metadata["partition"] = "\(self.partition)"
        return metadata
    }

    // MARK: Actions

    /// Carries out actions. Returns why a write among them was not taken, if one was not.
    @discardableResult
    private func perform(_ actions: [CoordinatorAction<Machine>]) -> CoordinatorError? {
        var failure: CoordinatorError?
        var hasReplies = false
        for action in actions {
            switch action {
            case .reply: hasReplies = true
            case .startTimer(let timer, let delay): self.timers.start(timer, after: delay)
            case .cancelTimer(let timer): self.timers.cancel(timer)
            case .append(let write): if let error = self.append(write) { failure = failure ?? error }
            case .effect(let effect): if let opened { self.effects(effect, opened.leaderEpoch, self) }
            }
        }
        // Last: a client that gets its answer may send its next request at once.
        if hasReplies { self.reply(actions) }
        return failure
    }

    private func reply(_ actions: [CoordinatorAction<Machine>]) {
        for case .reply(let token, let reply) in actions { self.parked.removeValue(forKey: token)?(.success(reply)) }
    }

    private func timerFired(_ timer: Machine.Timer) {
        guard self.lifecycle.isActive, self.timers.expire(timer) else { return }
        self.perform(self.machine.timerFired(timer, now: self.environment.now()))
    }

    // MARK: Writing

    /// Puts a write into the round and replays it. Returns why not, nothing being changed, when it cannot be.
    private func append(_ write: CoordinatorWrite<Machine>) -> CoordinatorError? {
        guard !write.records.isEmpty else { return nil }
        guard self.undurableBytes < self.limits.undurableBytesMax else {
            return self.refuse(write, .coordinatorNotAvailable)
        }
        if let producer = write.producer, let opened {
            // A batch that the log would refuse must not take the round with it.
            let state = self.producerState(of: producer.id, in: opened)
            if let state, state.producerEpoch > producer.epoch { return self.refuse(write, .invalidProducerEpoch) }
        }
        if self.round.isEmpty, let opened { self.batches.bytesMax = opened.messageBytesMax }
        guard
            let bytes = self.batches.append(write.records, producer: write.producer, now: self.environment.now())
        else {
            self.environment.logger.error(
                "a coordinator's record is larger than max.message.bytes of its topic",
                metadata: self.logMetadata([:])
            )
            return self.refuse(write, .unknownServerError)
        }
        self.enterRound(bytes)
        if let producer = write.producer {
            self.round.producers[producer.id] = ProducerStateSnapshot(
                producerID: producer.id,
                producerEpoch: producer.epoch,
                lastSequence: -1,
                lastTimestamp: -1,
                coordinatorEpoch: -1,
                currentTransactionFirstOffset: 0
            )
        }
        for record in write.records { self.machine.replay(record, producer: write.producer?.id) }
        if let purpose = write.purpose { self.round.purposes.append(purpose) }
        return nil
    }

    /// What the log knows of a producer once the present round is appended.
    private func producerState(of id: ProducerID, in opened: CoordinatorPartition) -> ProducerStateSnapshot? {
        self.round.producers[id] ?? opened.log.producerState(of: id)
    }

    /// Counts bytes of the round, and begins it with the first.
    private func enterRound(_ bytes: Int) {
        if self.round.isEmpty {
            self.epoch += 1
            self.round.epoch = self.epoch
            self.machine.journal(.begin(epoch: self.epoch))
        }
        self.round.bytes += bytes
        self.undurableBytes += bytes
        if !self.isFlushScheduled {
            self.isFlushScheduled = true
            self.eventLoop.execute { self.flush() }
        }
    }

    /// Writes the marker that ends a transaction whose records are in this partition, replays it, and completes when it
    /// is durable. A marker that is there already is not written twice.
    ///
    /// - Parameter beforeMarker: called on the loop when the marker is about to take its place: what the transaction
    ///   may write after that is refused.
    package func endTransaction(
        _ marker: TransactionEnd,
        beforeMarker: () -> Void = {},
        completion: @escaping (Result<TransactionEnd.Outcome, CoordinatorError>) -> Void
    ) {
        if let error = self.admit() { return completion(.failure(error)) }
        guard let opened else { return completion(.failure(.coordinatorNotAvailable)) }
        // A marker that the log would refuse must not take the round with it.
        let state = self.producerState(of: marker.producerID, in: opened)
        beforeMarker()
        switch marker.outcome(after: state) {
        case .written: break
        case let other: return self.hold(other, completion)
        }
        guard self.undurableBytes < self.limits.undurableBytesMax else {
            return completion(.failure(.coordinatorNotAvailable))
        }
        self.enterRound(self.batches.append(marker, now: self.environment.now()))
        self.round.producers[marker.producerID] = marker.stateAfter
        self.machine.replayEndOfTransaction(marker.producerID, committed: marker.commits)
        self.hold(.written, completion)
    }

    private func refuse(_ write: CoordinatorWrite<Machine>, _ error: CoordinatorError) -> CoordinatorError {
        if let purpose = write.purpose {
            self.perform(self.machine.writeFailed(purpose, error: error, now: self.environment.now()))
        }
        return error
    }

    /// Completes when all that is decided up to now is durable, at once if it is.
    private func hold<Answer>(_ answer: Answer, _ completion: @escaping (Result<Answer, CoordinatorError>) -> Void) {
        if !self.round.isEmpty {
            self.round.held.append { error in completion(error.map { .failure($0) } ?? .success(answer)) }
        } else if !self.inFlight.isEmpty {
            self.inFlight[self.inFlight.count - 1].held.append { error in
                completion(error.map { .failure($0) } ?? .success(answer))
            }
        } else {
            completion(.success(answer))
        }
    }

    private func flush() {
        self.isFlushScheduled = false
        guard self.lifecycle.isActive, let partition = self.opened, !self.round.isEmpty else { return }
        let round = self.round
        self.round = Round()
        // Before the append: a log may report at once.
        self.inFlight.append(round)
        let batches = self.batches.finish()
        let life = self.lifecycle.life
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
                    waiter: isLast
                        ? RoundWaiter(eventLoop: self.eventLoop) { self.roundCompleted($0, life: life) } : nil
                )
            } catch {
                guard index == 0 else { return self.recordsLost(error, life: life) }
                self.inFlight.removeLast()
                return self.rollBackUndurable(round, error)
            }
        }
    }

    /// Nothing of the round was assigned, and nothing was decided after it.
    private func rollBackUndurable(_ round: Round, _ error: LogError) {
        switch error.code {
        case .fencedLeaderEpoch, .partitionGone: return self.recordsLost(error, round)
        default: break
        }
        let refusal = error.coordinatorError
        self.undurableBytes -= round.bytes
        self.machine.journal(.rollBack(from: round.epoch))
        for purpose in round.purposes.reversed() {
            self.perform(self.machine.writeFailed(purpose, error: refusal, now: self.environment.now()))
        }
        for release in round.held { release(refusal) }
    }

    /// This broker leads no longer: what others read and decide elsewhere is not in this machine.
    private func recordsLost(_ error: LogError, _ round: Round) {
        self.inFlight.append(round)
        self.recordsLost(error, life: self.lifecycle.life)
    }

    /// Rounds complete in the order of their appends: all successes of a log come from one thread of its engine, which
    /// takes them in that order, and reach this loop through its queue. Failures may come from another thread and
    /// overtake: they end the life, so that a success behind them is dropped and the next load finds its records.
    private func roundCompleted(_ error: LogError?, life: UInt64) {
        self.eventLoop.preconditionInEventLoop()
        if let error { return self.recordsLost(error, life: life) }
        guard self.lifecycle.isCurrent(life), !self.inFlight.isEmpty else { return }
        let round = self.inFlight.removeFirst()
        self.undurableBytes -= round.bytes
        self.machine.journal(.forget(through: round.epoch))
        for purpose in round.purposes {
            self.perform(self.machine.writeCompleted(purpose, now: self.environment.now()))
        }
        for release in round.held { release(nil) }
    }
}

/// Tells a runtime that a round is durable.
private final class RoundWaiter: DurabilityWaiter {
    let eventLoop: any EventLoop
    private let completed: @Sendable (LogError?) -> Void

    init(eventLoop: any EventLoop, completed: @escaping @Sendable (LogError?) -> Void) {
        self.eventLoop = eventLoop
        self.completed = completed
    }

    func appendCompleted(_ error: LogError?) { self.completed(error) }
}
