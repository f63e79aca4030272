import LogCore
import Metadata
import MetadataTestSupport
import Model
import NIOCore
import TestSupport

@testable import LogObjects

/// Brokers, an etcd and an object store under one seed: the real assembler, pipeline, transactions and take-over, in
/// every order of their events, with what fails in between.
///
/// One broker after the other owns all partitions. Uploads and transactions take as long as it pleases the seed; their
/// answers get lost, they are carried out late, twice, and after their sender was fenced. A broker may be fenced at any
/// moment without knowing it, and continues as if it led: `Mistake`s show that the checks see what must not happen.
struct EngineSimulation {
    /// What an implementation could do wrong; each must be found.
    enum Mistake {
        case none
        /// A commit does not compare the ownership key.
        case commitsWithoutFence
        /// The successor reads the records before it fences.
        case readsBeforeFence
        /// Objects without a record are deleted while their writer may still commit.
        case collectsByAge
        /// A lost answer is taken for a success.
        case guessesOutcomes
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private struct Owner {
        var incarnation: Incarnation
        var ownershipRevision: MetadataRevision
        var assembler: FlushAssembler
        var pipeline = CommitPipeline()
        var ends: [TopicPartition: Offset]
        var flushes: [Int64: SealedFlush] = [:]
        /// Values that wait for each flush, with their places.
        var waiting: [Int64: [Append]] = [:]
        var open: [Append] = []
        /// It was told that it is fenced.
        var isOver = false
    }

    private struct Append {
        var value: UInt64
        var partition: TopicPartition
        var offset: Offset
    }

    /// Something that is under way and happens when the seed says so.
    private enum Event {
        case upload(owner: Int, sequence: Int64, attempt: Int)
        /// A copy of a write that a network delivers late.
        case lateUpload(FlushObjectName, [UInt8])
        case commit(owner: Int, CommitTransaction)
        case lateCommit(CommitTransaction)
        case collect([FlushObjectName])
    }

    private var random: SeededGenerator
    private let mistake: Mistake
    private var etcd = SimulatedEtcd()
    private var objects: [String: [UInt8]] = [:]
    private var owners: [Owner] = []
    private var events: [Event] = []
    private var now = Duration.zero
    private var nextValue: UInt64 = 1
    private(set) var acknowledged: [(value: UInt64, partition: TopicPartition, offset: Offset)] = []
    /// The commit records that successors read, by incarnation.
    private(set) var fencedCount = 0

    private static let partitions = (0..<3).map { TopicPartition(topicID: topicA, partition: Int32($0)) }

    init(seed: UInt64, mistake: Mistake = .none) throws {
        self.random = SeededGenerator(seed: seed)
        self.mistake = mistake
        try self.begin(ends: Dictionary(uniqueKeysWithValues: Self.partitions.map { ($0, 0) }))
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self.random) < percent }

    // MARK: Owners

    private mutating func begin(ends: [TopicPartition: Offset]) throws {
        let incarnation = Incarnation(
            broker: BrokerID(Int32(self.owners.count % 3)),
            number: Int64(self.owners.count + 1)
        )
        let outcome = self.etcd.commit(
            MetadataTransaction(
                compares: [.isMissing(EngineKeys.ownership(incarnation))],
                success: [.put(key: EngineKeys.ownership(incarnation), value: OwnershipState.active.value)]
            )
        )
        let settings = FlushSettings(bytesMax: 64, runsMax: 8)
        self.owners.append(
            Owner(
                incarnation: incarnation,
                ownershipRevision: outcome.revision,
                assembler: FlushAssembler(writer: incarnation, settings: settings),
                ends: ends
            )
        )
    }

    /// Another broker takes everything over; the old one does not know yet.
    private mutating func takeOver() throws {
        let old = self.owners[self.owners.count - 1]
        var entries: [MetadataEntry] = []
        if self.mistake == .readsBeforeFence {
            entries = self.etcd.entries(in: .prefix(EngineKeys.commits(old.incarnation)))
            // Time passes between the two.
            for _ in 0..<8 { try self.happen() }
        }
        let outcome = self.etcd.commit(TakeOver.fence(old.incarnation))
        guard TakeOver.isFenced(outcome) else { throw Failure(description: "a fence that is answered does not hold") }
        self.fencedCount += 1
        if self.mistake != .readsBeforeFence {
            entries = self.etcd.entries(in: .prefix(EngineKeys.commits(old.incarnation)))
        }
        let records = try TakeOver.records(of: old.incarnation, entries)
        var ends = self.startOffsets[old.incarnation] ?? [:]
        for (partition, end) in try TakeOver.endOffsets(records.map(\.record)) { ends[partition] = end }
        try self.begin(ends: ends)
        self.startOffsets[self.owners[self.owners.count - 1].incarnation] = ends
        let orphans = TakeOver.orphans(
            of: old.incarnation,
            records,
            nextSequence: records.last.map { $0.sequence + 1 } ?? 0,
            inFlightMax: CommitPipeline.Limits().flushesMax
        )
        self.events.append(.collect(orphans))
    }

    /// Where each incarnation began.
    private var startOffsets: [Incarnation: [TopicPartition: Offset]] = [:]

    // MARK: Steps

    mutating func run(steps: Int) throws {
        self.startOffsets[self.owners[0].incarnation] = self.owners[0].ends
        for _ in 0..<steps { try self.step() }
        // What is under way comes to its end.
        for owner in self.owners.indices where !self.owners[owner].isOver { try self.seal(owner) }
        var steps = 0
        while !self.events.isEmpty, steps < 100_000 {
            try self.happen()
            steps += 1
        }
        try self.check()
    }

    private mutating func step() throws {
        self.now += .milliseconds(1)
        switch Int.random(in: 0..<100, using: &self.random) {
        case 0..<35: try self.append()
        case 35..<40:
            let owner = Int.random(in: 0..<self.owners.count, using: &self.random)
            if !self.owners[owner].isOver { try self.seal(owner) }
        case 40..<41: try self.takeOver()
        case 41..<45: try self.hedge()
        case 45..<46 where self.mistake == .collectsByAge: self.collectByAge()
        default: try self.happen()
        }
    }

    /// A producer writes to a broker that leads, or believes that it does.
    private mutating func append() throws {
        let owner = self.chance(80) ? self.owners.count - 1 : Int.random(in: 0..<self.owners.count, using: &self.random)
        guard !self.owners[owner].isOver, !self.owners[owner].pipeline.isCongested else { return }
        let partition = Self.partitions[Int.random(in: 0..<Self.partitions.count, using: &self.random)]
        let offset = self.owners[owner].ends[partition] ?? 0
        let value = self.nextValue
        self.nextValue += 1
        self.owners[owner].ends[partition] = offset + 1
        self.owners[owner].open.append(Append(value: value, partition: partition, offset: offset))
        let bytes = ByteBuffer(integer: value)
        let action = self.owners[owner].assembler.appended(
            partition,
            leaderEpoch: LeaderEpoch(Int32(owner)),
            batches: [bytes],
            summaries: [summary(bytes, base: offset, count: 1)],
            isUrgent: false,
            isIdle: self.owners[owner].pipeline.isIdle,
            now: self.now
        )
        if action == .seal { try self.seal(owner) }
    }

    private mutating func seal(_ owner: Int) throws {
        guard let flush = self.owners[owner].assembler.seal() else { return }
        self.owners[owner].flushes[flush.sequence] = flush
        self.owners[owner].waiting[flush.sequence] = self.owners[owner].open
        self.owners[owner].open = []
        try self.carryOut(self.owners[owner].pipeline.sealed(flush.sequence), owner)
    }

    private mutating func hedge() throws {
        let owner = Int.random(in: 0..<self.owners.count, using: &self.random)
        guard let sequence = self.owners[owner].flushes.keys.sorted().first else { return }
        try self.carryOut(self.owners[owner].pipeline.hedgeDue(sequence), owner)
    }

    private mutating func carryOut(_ actions: [CommitPipeline.Action], _ owner: Int) throws {
        for action in actions {
            switch action {
            case .upload(let sequence, let attempt):
                self.events.append(.upload(owner: owner, sequence: sequence, attempt: attempt))
            case .commit(let group):
                let records = try group.map { flush -> CommitRecord in
                    guard let sealed = self.owners[owner].flushes[flush.sequence] else {
                        throw Failure(description: "a flush is committed that is not there")
                    }
                    return CommitRecord(attempt: flush.attempt, objectSize: sealed.size, runs: sealed.runs)
                }
                self.events.append(.commit(owner: owner, self.transaction(owner, group[0].sequence, records)))
            case .apply(let sequence, _):
                for append in self.owners[owner].waiting.removeValue(forKey: sequence) ?? [] {
                    self.acknowledged.append((append.value, append.partition, append.offset))
                }
                self.owners[owner].flushes[sequence] = nil
            case .discard(let sequence, let attempts):
                let writer = self.owners[owner].incarnation
                self.events.append(
                    .collect(attempts.map { FlushObjectName(writer: writer, sequence: sequence, attempt: $0) })
                )
            case .refuse: self.owners[owner].isOver = true
            }
        }
    }

    private func transaction(_ owner: Int, _ first: Int64, _ records: [CommitRecord]) -> CommitTransaction {
        var revision = self.owners[owner].ownershipRevision
        if self.mistake == .commitsWithoutFence {
            revision = self.etcd.entries[EngineKeys.ownership(self.owners[owner].incarnation)]?.modRevision ?? 0
        }
        return CommitTransaction(
            writer: self.owners[owner].incarnation,
            ownershipRevision: revision,
            firstSequence: first,
            records: records
        )
    }

    // MARK: What is under way

    private mutating func happen() throws {
        guard !self.events.isEmpty else { return }
        let event = self.events.remove(at: Int.random(in: 0..<self.events.count, using: &self.random))
        switch event {
        case .upload(let owner, let sequence, let attempt): try self.upload(owner, sequence, attempt)
        case .lateUpload(let name, let bytes): self.objects["\(name)"] = bytes
        case .commit(let owner, let transaction): try self.commit(owner, transaction)
        case .lateCommit(let transaction): _ = self.etcd.commit(transaction.transaction)
        case .collect(let names): for name in names { self.objects["\(name)"] = nil }
        }
    }

    private mutating func upload(_ owner: Int, _ sequence: Int64, _ attempt: Int) throws {
        guard let flush = self.owners[owner].flushes[sequence] else { return }
        let name = FlushObjectName(writer: self.owners[owner].incarnation, sequence: sequence, attempt: attempt)
        let bytes = flush.parts.flatMap { Array($0.readableBytesView) }
        switch Int.random(in: 0..<10, using: &self.random) {
        case 0:
            // Not stored.
            try self.carryOut(self.owners[owner].pipeline.uploadFailed(sequence, attempt: attempt), owner)
        case 1:
            // Stored, now or much later, and answered as failed.
            if self.chance(50) { self.objects["\(name)"] = bytes } else { self.events.append(.lateUpload(name, bytes)) }
            try self.carryOut(self.owners[owner].pipeline.uploadFailed(sequence, attempt: attempt), owner)
        default:
            self.objects["\(name)"] = bytes
            if self.chance(10) { self.events.append(.lateUpload(name, bytes)) }
            try self.carryOut(self.owners[owner].pipeline.uploaded(sequence, attempt: attempt), owner)
        }
    }

    private mutating func commit(_ owner: Int, _ transaction: CommitTransaction) throws {
        let decision: CommitDecision
        switch Int.random(in: 0..<10, using: &self.random) {
        case 0: decision = .undecided
        case 1:
            self.events.append(.lateCommit(transaction))
            decision = .undecided
        case 2:
            _ = self.etcd.commit(transaction.transaction)
            decision = .undecided
        default:
            decision = transaction.decision(self.etcd.commit(transaction.transaction))
            if self.chance(10) { self.events.append(.lateCommit(transaction)) }
        }
        let taken = self.mistake == .guessesOutcomes && decision == .undecided ? .committed : decision
        // A repetition is the same transaction, which the pipeline's group makes again.
        try self.carryOut(self.owners[owner].pipeline.commitEnded(taken), owner)
    }

    private mutating func collectByAge() {
        let named = Set(self.records().map { "\($0.name)" })
        let orphans = self.objects.keys.filter { !named.contains($0) }.sorted()
        self.events.append(.collect(orphans.compactMap(FlushObjectName.init)))
    }

    // MARK: Checks

    private func records() -> [(name: FlushObjectName, record: CommitRecord)] {
        self.owners.flatMap { owner in
            self.etcd.entries(in: .prefix(EngineKeys.commits(owner.incarnation))).compactMap { entry in
                guard let record = try? CommitRecord(decoding: ByteBuffer(bytes: entry.value)),
                    let sequence = EngineKeys.sequence(of: entry.key, owner.incarnation)
                else { return nil }
                let name = FlushObjectName(writer: owner.incarnation, sequence: sequence, attempt: record.attempt)
                return (name, record)
            }
        }
    }

    /// The whole log of every partition, read from the objects that the records name: every offset once, in order;
    /// every value at most once; everything acknowledged where it was acknowledged.
    private func check() throws {
        var logs: [TopicPartition: [UInt64]] = [:]
        for (name, record) in self.records() {
            guard let bytes = self.objects["\(name)"] else {
                throw Failure(description: "\(name) is committed and deleted")
            }
            let object = ByteBuffer(bytes: bytes)
            let read = try FlushObject.inspect(object)
            guard read.writer == name.writer, read.sequence == name.sequence, object.readableBytes == record.objectSize
            else { throw Failure(description: "\(name) is another object") }
            for run in record.runs {
                guard Int64(logs[run.partition]?.count ?? 0) == run.baseOffset else {
                    throw Failure(
                        description: "\(name): \(run.partition.partition) continues at \(run.baseOffset), not at "
                            + "\(logs[run.partition]?.count ?? 0)"
                    )
                }
                var values = try StoredRun.verified(run, in: object)
                while let value: UInt64 = values.readInteger() { logs[run.partition, default: []].append(value) }
            }
        }
        let all = logs.values.flatMap { $0 }
        guard Set(all).count == all.count else { throw Failure(description: "a value is there twice") }
        for (value, partition, offset) in self.acknowledged {
            guard let log = logs[partition], offset < log.count, log[Int(offset)] == value else {
                throw Failure(
                    description: "\(value) was acknowledged at \(offset) of \(partition.partition) and is not there"
                )
            }
        }
    }
}
