import Coordination
import Model
import TransactionCoordinator

/// Drives a machine as its runtime would: a log whose writes become durable on demand, and markers on demand.
struct TransactionHarness {
    var machine: TransactionMachine
    var now: Timestamp = 1_700_000_000_000
    private(set) var timers: [TransactionTimer: Timestamp] = [:]
    private(set) var replies: [UInt64: ProducerAnswer] = [:]
    private(set) var effects: [MarkerRequest] = []
    /// What is durable.
    private(set) var log: [TransactionRecord] = []
    private(set) var inFlight: [TransactionMachine.Write] = []
    var holdsWrites = false
    private var epoch: UInt64 = 0
    private var lastToken: UInt64 = 0
    var nextProducerID: Int64 = 1_000

    init(settings: TransactionSettings = TransactionSettings(), log: [TransactionRecord] = []) {
        self.machine = TransactionMachine(settings: settings)
        for record in log { self.machine.replay(record, producer: nil) }
        self.log = log
        self.run(self.machine.loadCompleted(now: self.now))
    }

    mutating func run(_ actions: [TransactionMachine.Action]) {
        for action in actions {
            switch action {
            case .reply(let token, let answer):
                precondition(self.replies[token] == nil, "an EndTxn is answered once")
                self.replies[token] = answer
            case .startTimer(let timer, let delay):
                let (seconds, attoseconds) = delay.components
                self.timers[timer] = self.now + seconds * 1_000 + attoseconds / 1_000_000_000_000_000
            case .cancelTimer(let timer): self.timers[timer] = nil
            case .append(let write): self.append(write)
            case .effect(let request): self.effects.append(request)
            }
        }
    }

    mutating func append(_ write: TransactionMachine.Write?) {
        guard let write else { return }
        self.epoch += 1
        self.machine.journal(.begin(epoch: self.epoch))
        for record in write.records { self.machine.replay(record, producer: nil) }
        self.inFlight.append(write)
        if !self.holdsWrites { self.completeWrites() }
    }

    mutating func completeWrites() {
        while !self.inFlight.isEmpty {
            let write = self.inFlight.removeFirst()
            self.log += write.records
            self.machine.journal(.forget(through: self.epoch - UInt64(self.inFlight.count)))
            if let purpose = write.purpose { self.run(self.machine.writeCompleted(purpose, now: self.now)) }
        }
    }

    mutating func failWrites(_ error: CoordinatorError = .coordinatorNotAvailable) {
        let writes = self.inFlight
        self.inFlight = []
        guard !writes.isEmpty else { return }
        self.machine.journal(.rollBack(from: self.epoch - UInt64(writes.count - 1)))
        for purpose in writes.reversed().compactMap(\.purpose) {
            self.run(self.machine.writeFailed(purpose, error: error, now: self.now))
        }
    }

    /// Lets time pass and fires what comes due, in order.
    mutating func advance(milliseconds: Int64) {
        let end = self.now + milliseconds
        while let (timer, deadline) = self.timers.min(by: { $0.value < $1.value }), deadline <= end {
            self.timers[timer] = nil
            self.now = max(self.now, deadline)
            self.run(self.machine.timerFired(timer, now: self.now))
        }
        self.now = end
    }

    /// Reports all markers that are asked for as written, except some.
    mutating func writeMarkers(failing: [TransactionPartition] = []) {
        let effects = self.effects
        self.effects = []
        for request in effects {
            let failed = request.partitions.filter { failing.contains($0) }
            self.run(self.machine.markersWritten(request, failed: failed, now: self.now))
        }
    }

    mutating func dropEffects() { self.effects = [] }

    // MARK: Requests

    mutating func initProducer(
        _ id: String = "t",
        timeout: Int32 = 60_000,
        expected: TransactionalProducer? = nil
    ) -> ProducerAnswer {
        let request = InitProducerRequest(transactionalID: id, timeoutMilliseconds: timeout, expected: expected)
        var outcome = self.machine.initProducerRequested(request, fresh: nil, now: self.now)
        if outcome.answer == .needsProducerID {
            self.nextProducerID += 1
            outcome = self.machine.initProducerRequested(
                request,
                fresh: ProducerID(self.nextProducerID),
                now: self.now
            )
        }
        self.append(outcome.write)
        return outcome.answer
    }

    mutating func add(
        _ partitions: Set<TransactionPartition>,
        _ producer: TransactionalProducer,
        _ id: String = "t",
        version: Int16 = 0
    ) -> TransactionError? {
        let outcome = self.machine.partitionsAdded(
            partitions,
            by: TransactionalIdentity(transactionalID: id, producerID: producer.id, epoch: producer.epoch),
            clientVersion: version,
            now: self.now
        )
        self.run(outcome.actions)
        return outcome.error
    }

    /// Returns the token that the answer will have.
    mutating func end(
        _ commits: Bool,
        _ producer: TransactionalProducer,
        _ id: String = "t",
        version: Int16 = 0
    ) -> UInt64 {
        self.lastToken += 1
        let token = self.lastToken
        let request = EndTransactionRequest(
            identity: TransactionalIdentity(transactionalID: id, producerID: producer.id, epoch: producer.epoch),
            commits: commits,
            clientVersion: version
        )
        var actions = self.machine.endRequested(request, fresh: nil, token: token, now: self.now)
        if actions == [.reply(token, .needsProducerID)] {
            self.nextProducerID += 1
            actions = self.machine.endRequested(
                request,
                fresh: ProducerID(self.nextProducerID),
                token: token,
                now: self.now
            )
        }
        self.run(actions)
        return token
    }

    func status(_ id: String = "t") -> TransactionStatus? { self.machine.recorded[id]?.status }
}
