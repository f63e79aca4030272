package import Model

/// A coordinator of one partition of an internal topic, as a value: groups, transactions or share groups.
///
/// Sans-IO. `CoordinatorRuntime` runs it: appends its records, keeps its timers and holds its answers. State is of two
/// kinds:
///
/// - **Recorded** state is what the records say. It changes in `replay` alone, and lives in journaled collections
///   (`JournaledDictionary`, `JournaledTable`). The runtime takes changes back whose records were refused; the machine
///   writes no undo.
/// - **Live** state is what a restart forgets: who waits, which timers run. It changes in the event that decides. A
///   machine that must react when the records behind a live change are durable, or refused, gives its write a
///   `Purpose` and is called back with it.
///
/// The life of a change: an event decides and returns actions, `.append(write)` among them; the runtime encodes and
/// replays the records at once, so that later events see them; `writeCompleted` comes when they are durable,
/// `writeFailed` when they were refused, the recorded state rolled back before. When records that were assigned can
/// never be durable the value is useless: `dismissed`, and a new one is loaded. A load is the same replay, then
/// `loadCompleted`.
package protocol CoordinatorMachine: Sendable {
    /// What is stored.
    associatedtype Record: Sendable
    /// Names a timer. Starting one that runs moves its deadline.
    associatedtype Timer: Hashable, Sendable
    /// An answer that the machine gives later than the request that asked for it.
    associatedtype Reply: Sendable
    /// What a write's fate means to the machine.
    associatedtype Purpose: Sendable
    /// Work outside of the coordinator's partition that it decides about: a transaction's markers. Who does it reports
    /// back with a write of its own. `Never` for machines that have none.
    associatedtype Effect: Sendable = Never

    /// Replays a record that was just decided or is read from the log.
    ///
    /// - Parameter producer: of the batch, when it is transactional.
    mutating func replay(_ record: Record, producer: ProducerID?)

    /// Replays a transaction's marker.
    mutating func replayEndOfTransaction(_ producer: ProducerID, committed: Bool)

    /// Passes `event` to every journaled collection, always to all.
    mutating func journal(_ event: JournalEvent)

    /// All records of the partition are replayed; events may come.
    mutating func loadCompleted(now: Timestamp) -> [CoordinatorAction<Self>]

    /// A timer that was started and neither moved nor cancelled since is over.
    mutating func timerFired(_ timer: Timer, now: Timestamp) -> [CoordinatorAction<Self>]

    /// The records of a write are durable.
    mutating func writeCompleted(_ purpose: Purpose, now: Timestamp) -> [CoordinatorAction<Self>]

    /// The records of a write were refused before any was assigned an offset. What they changed is rolled back already.
    mutating func writeFailed(
        _ purpose: Purpose,
        error: CoordinatorError,
        now: Timestamp
    ) -> [CoordinatorAction<Self>]

    /// Topics of the cluster were added, grown or removed. Apply removals first.
    mutating func topicsChanged(_ changes: TopicChanges, now: Timestamp) -> [CoordinatorAction<Self>]

    /// The partition is served no longer: everything that waits is answered, all timers are cancelled. The value is
    /// dropped afterwards.
    mutating func dismissed(_ error: CoordinatorError, now: Timestamp) -> [CoordinatorAction<Self>]
}

extension CoordinatorMachine {
    /// For machines whose records no transaction writes.
    package mutating func replayEndOfTransaction(_ producer: ProducerID, committed: Bool) {}

    /// For machines that follow no topics.
    package mutating func topicsChanged(_ changes: TopicChanges, now: Timestamp) -> [CoordinatorAction<Self>] { [] }
}

/// What the runtime has to do after an event, in order.
package enum CoordinatorAction<Machine: CoordinatorMachine>: Sendable {
    /// Complete the request that was parked under this token.
    case reply(UInt64, Machine.Reply)
    case startTimer(Machine.Timer, Duration)
    case cancelTimer(Machine.Timer)
    case append(CoordinatorWrite<Machine>)
    case effect(Machine.Effect)
}

extension CoordinatorAction: Equatable
where Machine.Record: Equatable, Machine.Reply: Equatable, Machine.Purpose: Equatable, Machine.Effect: Equatable {}

/// Records that belong together, and what their fate means to the machine.
package struct CoordinatorWrite<Machine: CoordinatorMachine>: Sendable {
    package var records: [Machine.Record]
    /// Set for records that a transaction writes: their batch carries this producer.
    package var producer: TransactionalProducer?
    /// `nil` when only the answer to a request depends on the records.
    package var purpose: Machine.Purpose?

    package init(
        records: [Machine.Record],
        producer: TransactionalProducer? = nil,
        purpose: Machine.Purpose? = nil
    ) {
        self.records = records
        self.producer = producer
        self.purpose = purpose
    }
}

extension CoordinatorWrite: Equatable where Machine.Record: Equatable, Machine.Purpose: Equatable {}

/// The producer of a transaction's records.
package struct TransactionalProducer: Sendable, Hashable {
    package var id: ProducerID
    package var epoch: ProducerEpoch

    package init(id: ProducerID, epoch: ProducerEpoch) {
        self.id = id
        self.epoch = epoch
    }
}

/// Why a coordinator cannot serve a request. Each case is the Kafka error of the same name.
package enum CoordinatorError: Error, Sendable, Hashable, CaseIterable {
    /// `COORDINATOR_LOAD_IN_PROGRESS`: the partition is being read; retriable.
    case coordinatorLoadInProgress
    /// `COORDINATOR_NOT_AVAILABLE`: loading or writing failed for now; retriable.
    case coordinatorNotAvailable
    /// `NOT_COORDINATOR`: retriable after FindCoordinator.
    case notCoordinator
    /// `UNKNOWN_SERVER_ERROR`: the records can never be written, as those that are too large.
    case unknownServerError
    /// `INVALID_PRODUCER_EPOCH`: the records' transaction is of a producer that was fenced.
    case invalidProducerEpoch
}
