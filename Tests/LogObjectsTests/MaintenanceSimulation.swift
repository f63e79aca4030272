import LogCore
import Metadata
import MetadataTestSupport
import Model
import NIOCore
import RecordBatch
import TestSupport

@testable import LogObjects

/// Several brokers that lead partitions at the same time, and all that happens to what they have written: checkpoints,
/// merges, deleted records, moves, take-overs, garbage collection. One seed decides what happens next, what is lost,
/// what comes late or twice.
///
/// The plans, machines, transactions and formats are the real ones; `EngineSimulation` has the pipeline of flushes,
/// of which there is one at a time here. Records are numbers of eight bytes, each its own value.
struct MaintenanceSimulation {
    /// What an implementation could do wrong; each must be found.
    enum Mistake: Sendable {
        case none
        /// Names without a commit record are deleted while their writer may still commit.
        case collectsByAge
        /// A successor's garbage collection looks at the records before the fence.
        case collectsBeforeFence
        /// Commit records are removed before the heads have what they say.
        case trimsBeforeHeads
        /// A merge does not compare the heads that it changes, nor the counts.
        case swapsWithoutCompare
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    struct Owner {
        var incarnation: Incarnation
        var ownershipRevision: MetadataRevision
        /// Where the partitions end that it leads.
        var ends: [TopicPartition: Offset]
        var epochs: [TopicPartition: LeaderEpoch] = [:]
        var assembler: FlushAssembler
        var flush: SealedFlush?
        var pending: [(partition: TopicPartition, offset: Offset, value: UInt64)] = []
        var objectCount: Int64 = 0
        var job: Job?
        /// It leads nothing any more, as others know.
        var isFenced = false
        /// It knows it.
        var isOver = false
    }

    /// A checkpoint, a merge or a deletion that an owner is at.
    struct Job {
        enum Phase {
            case write([PlannedObject])
            case update
            case finish
            case trim
        }

        var phase: Phase
        var updates: [HeadUpdate] = []
        var isMerge = false
        /// Registered, not closed yet.
        var names: Set<CompactedObjectName> = []
        var written: [CompactedObjectName: (sizeBytes: Int, partitionCount: Int)] = [:]
        /// Commit records that were planned for.
        var records: [CommittedFlush] = []
        var prepared: MaintenanceTransaction?
    }

    enum PlannedObject {
        case checkpoint(CompactedObjectName, CheckpointPlan.Object)
        case merge(CompactedObjectName, MergePlan.Object)

        var name: CompactedObjectName {
            switch self {
            case .checkpoint(let name, _), .merge(let name, _): name
            }
        }
    }

    enum Event {
        case upload(owner: Int)
        case lateWrite(String, [UInt8])
        case commit(owner: Int, CommitTransaction)
        case late(MetadataTransaction)
        case delete(GarbageName, [String])
    }

    var random: SeededGenerator
    let mistake: Mistake
    let hasMerges: Bool
    var etcd = SimulatedEtcd()
    var objects: [String: [UInt8]] = [:]
    var owners: [Owner] = []
    var leaders: [TopicPartition: Int] = [:]
    var predecessors: [TopicPartition: Set<Int>] = [:]
    var events: [Event] = []
    var cleanups: [(machine: IncarnationCleanup, action: IncarnationCleanup.Action)] = []
    var schedule = DeletionSchedule()
    var clock: Timestamp = 1_000_000
    var nextValue: UInt64 = 1
    /// What was committed, in the order of the commits: the truth that everything is compared with.
    var history: [TopicPartition: [UInt64]] = [:]
    var epoch: Int32 = 0
    var acknowledged: [(partition: TopicPartition, offset: Offset, value: UInt64)] = []
    var logStarts: [TopicPartition: Offset] = [:]
    var counts = Counts()

    /// What happened, so that a test sees that the checks had something to look at.
    struct Counts {
        var fences = 0
        var moves = 0
        var checkpoints = 0
        var merges = 0
        var deletions = 0
        var indexes = 0
        var retries = 0
        var forgotten = 0
        var logStartMoves = 0

        static func += (left: inout Counts, right: Counts) {
            left.fences += right.fences
            left.moves += right.moves
            left.checkpoints += right.checkpoints
            left.merges += right.merges
            left.deletions += right.deletions
            left.indexes += right.indexes
            left.retries += right.retries
            left.forgotten += right.forgotten
            left.logStartMoves += right.logStartMoves
        }
    }

    static let partitions = (0..<3).map { TopicPartition(topicID: topicA, partition: Int32($0)) }

    init(seed: UInt64, mistake: Mistake = .none) throws {
        self.random = SeededGenerator(seed: seed)
        self.mistake = mistake
        // Without them extents become so many that heads need an index.
        self.hasMerges = seed % 2 != 0
        for _ in 0..<2 { self.addOwner() }
        for (index, partition) in Self.partitions.enumerated() { try self.lead(partition, index % 2, from: 0) }
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self.random) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &self.random) }

    private mutating func addOwner() {
        let incarnation = Incarnation(
            broker: BrokerID(Int32(self.owners.count % 3)),
            number: Int64(self.owners.count + 1)
        )
        let key = EngineKeys.ownership(incarnation)
        let outcome = self.etcd.commit(
            MetadataTransaction(
                compares: [.isMissing(key)],
                success: [.put(key: key, value: OwnershipState.active.value)]
            )
        )
        self.owners.append(
            Owner(
                incarnation: incarnation,
                ownershipRevision: outcome.revision,
                ends: [:],
                assembler: FlushAssembler(writer: incarnation, settings: FlushSettings(bytesMax: 1 << 20, runsMax: 8))
            )
        )
    }

    private mutating func lead(_ partition: TopicPartition, _ owner: Int, from end: Offset) throws {
        guard end == Offset(self.history[partition]?.count ?? 0) else {
            throw Failure(description: "\(partition.partition) is continued at \(end)")
        }
        self.epoch += 1
        self.owners[owner].epochs[partition] = LeaderEpoch(self.epoch)
        if let before = self.leaders[partition] { self.predecessors[partition, default: []].insert(before) }
        self.predecessors[partition]?.remove(owner)
        self.leaders[partition] = owner
        self.owners[owner].ends[partition] = end
    }

    // MARK: Steps

    mutating func run(steps: Int) throws {
        for index in 0..<steps {
            try self.step()
            if index % 4 == 0 { try self.check() }
        }
        // What is under way comes to its end, also what waits for an hour.
        for _ in 0..<4 {
            var rest = 2_000
            while !self.events.isEmpty, rest > 0 {
                try self.happen()
                rest -= 1
            }
            self.clock += 2 * DeletionIntent.repetitionMilliseconds
            for _ in 0..<60 {
                try self.collectGarbage()
                try self.advanceCleanup()
            }
        }
        try self.check()
        try self.checkAudit()
    }

    private mutating func step() throws {
        self.clock += Int64.random(in: 0..<120_000, using: &self.random)
        switch Int.random(in: 0..<100, using: &self.random) {
        case 0..<22: self.append()
        case 22..<34: self.seal()
        case 34 where self.chance(50): try self.takeOver()
        case 35..<38: try self.move()
        case 38..<46: self.beginJob()
        case 46..<70:
            try self.advanceJob()
            if !self.hasMerges { try self.advanceJob() }
        case 70..<72: try self.collectGarbage()
        case 72..<75: try self.advanceCleanup()
        case 75 where self.mistake == .collectsByAge: self.collectByAge()
        case 75: try self.deleteRecords()
        default: try self.happen()
        }
    }

    /// A producer writes to a broker that leads, or believes that it does.
    private mutating func append() {
        let partition = Self.partitions[Int.random(in: 0..<Self.partitions.count, using: &self.random)]
        let candidates = self.owners.indices.filter {
            self.owners[$0].ends[partition] != nil && !self.owners[$0].isOver
        }
        let leader = self.leaders[partition]
        guard let owner = self.chance(85) ? leader : self.pick(candidates), !self.owners[owner].isOver,
            let offset = self.owners[owner].ends[partition]
        else { return }
        let value = self.nextValue
        self.nextValue += 1
        self.owners[owner].ends[partition] = offset + 1
        self.owners[owner].pending.append((partition, offset, value))
        let bytes = ByteBuffer(integer: value)
        _ = self.owners[owner].assembler.appended(
            partition,
            leaderEpoch: self.owners[owner].epochs[partition] ?? LeaderEpoch(0),
            batches: [bytes],
            summaries: [summary(bytes, base: offset, count: 1, producer: Int64(partition.partition), sequence: 0)],
            isUrgent: false,
            isIdle: false,
            now: .zero
        )
    }

    private mutating func seal() {
        guard let owner = self.pick(Array(self.owners.indices)), self.owners[owner].flush == nil,
            !self.owners[owner].isOver, let flush = self.owners[owner].assembler.seal()
        else { return }
        self.owners[owner].flush = flush
        self.events.append(.upload(owner: owner))
    }

    // MARK: Changes of leaders

    /// Another broker takes over from one that may still believe that it leads.
    private mutating func takeOver() throws {
        let active = self.owners.indices.filter { !self.owners[$0].isFenced }
        guard let old = self.pick(active) else { return }
        let incarnation = self.owners[old].incarnation
        var early: [MetadataEntry]?
        if self.mistake == .collectsBeforeFence {
            early = self.etcd.entries(in: .prefix(EngineKeys.commits(incarnation)))
            for _ in 0..<12 { try self.happen() }
        }
        guard TakeOver.isFenced(self.etcd.commit(TakeOver.fence(incarnation))) else {
            throw Failure(description: "a fence that is answered does not hold")
        }
        self.owners[old].isFenced = true
        self.counts.fences += 1
        self.addOwner()
        for partition in Self.partitions where self.leaders[partition] == old {
            try self.lead(partition, self.owners.count - 1, from: try self.end(of: partition, fencedOwner: old))
        }
        var cleanup = IncarnationCleanup(incarnation)
        var action = cleanup.begin()
        if let early {
            _ = cleanup.ownershipRead(OwnershipState.fenced.value)
            action = cleanup.recordsRead(
                floor: self.etcd.entries[EngineKeys.floor(incarnation)]?.value,
                try TakeOver.records(of: incarnation, early),
                objects: self.objectKeys(of: incarnation),
                now: self.clock
            )
        }
        self.cleanups.append((cleanup, action))
    }

    /// Where a partition ends, by its head and by the records of all who led it.
    private func end(of partition: TopicPartition, fencedOwner: Int) throws -> Offset {
        let head = try self.storedHead(partition).head
        let runs = try self.predecessors[partition, default: []].union([fencedOwner])
            .flatMap { try self.records(of: self.owners[$0].incarnation) }
            .flatMap(\.record.runs)
            .filter { $0.partition == partition }
        return runs.reduce(max(head.indexedEnd, head.logStart)) { max($0, $1.endOffset) }
    }

    /// A broker that has nothing of a partition under way gives it to another one.
    private mutating func move() throws {
        let partition = Self.partitions[Int.random(in: 0..<Self.partitions.count, using: &self.random)]
        guard let old = self.leaders[partition], !self.owners[old].isFenced, self.owners[old].flush == nil,
            !self.owners[old].pending.contains(where: { $0.partition == partition }),
            let new = self.pick(self.owners.indices.filter { $0 != old && !self.owners[$0].isFenced }),
            let end = self.owners[old].ends.removeValue(forKey: partition)
        else { return }
        try self.lead(partition, new, from: end)
        self.counts.moves += 1
    }

    // MARK: What is under way

    mutating func happen() throws {
        guard !self.events.isEmpty else { return }
        // What comes late comes much later.
        let prompt = self.events.indices.filter { index in
            switch self.events[index] {
            case .upload, .commit, .delete: true
            case .lateWrite, .late: false
            }
        }
        let any = Int.random(in: 0..<self.events.count, using: &self.random)
        switch self.events.remove(at: self.chance(80) ? self.pick(prompt) ?? any : any) {
        case .upload(let owner): self.upload(owner)
        case .lateWrite(let name, let bytes): self.objects[name] = bytes
        case .commit(let owner, let transaction): self.commit(owner, transaction)
        case .late(let transaction): _ = self.etcd.commit(transaction)
        case .delete(let name, let names):
            for name in names where self.objects.removeValue(forKey: name) != nil { self.counts.deletions += 1 }
            self.carryOut(self.schedule.deleted(name, now: self.clock))
        }
    }

    /// Writes an object; a network may deliver a copy at any later time.
    mutating func write(_ name: String, _ bytes: [UInt8]) {
        self.objects[name] = bytes
        if self.chance(15) { self.events.append(.lateWrite(name, bytes)) }
    }

    private mutating func upload(_ owner: Int) {
        guard let flush = self.owners[owner].flush else { return }
        let attempt = Int.random(in: 0..<FlushObjectName.attemptsMax, using: &self.random)
        let writer = self.owners[owner].incarnation
        let name = FlushObjectName(writer: writer, sequence: flush.sequence, attempt: attempt)
        let bytes = flush.parts.flatMap { Array($0.readableBytesView) }
        if self.chance(20) {
            // The answer is lost, or the write is: another attempt follows.
            self.events.append(.lateWrite("\(name)", bytes))
            self.events.append(.upload(owner: owner))
            return
        }
        self.write("\(name)", bytes)
        let record = CommitRecord(attempt: attempt, objectSize: flush.size, runs: flush.runs)
        let transaction = CommitTransaction(
            writer: writer,
            ownershipRevision: self.owners[owner].ownershipRevision,
            firstSequence: flush.sequence,
            records: [record]
        )
        self.events.append(.commit(owner: owner, transaction))
    }

    private mutating func commit(_ owner: Int, _ transaction: CommitTransaction) {
        let kind = Int.random(in: 0..<10, using: &self.random)
        if kind == 0 {
            self.events.append(.commit(owner: owner, transaction))
            return
        }
        let outcome = self.etcd.commit(transaction.transaction)
        if outcome.succeeded { self.took(owner) }
        if kind == 1 {
            // Carried out, and the answer is lost.
            self.events.append(.commit(owner: owner, transaction))
            return
        }
        if kind == 2 { self.events.append(.late(transaction.transaction)) }
        switch transaction.decision(outcome) {
        case .committed:
            let sealed = Set(self.owners[owner].flush?.runs.map(\.partition) ?? [])
            let flushed = self.owners[owner].flush?.runs ?? []
            let isIn = { (partition: TopicPartition, offset: Offset) in
                sealed.contains(partition)
                    && flushed.contains { $0.partition == partition && ($0.baseOffset..<$0.endOffset).contains(offset) }
            }
            for append in self.owners[owner].pending where isIn(append.partition, append.offset) {
                self.acknowledged.append(append)
            }
            self.owners[owner].pending.removeAll { isIn($0.partition, $0.offset) }
            self.owners[owner].flush = nil
        case .fenced: self.owners[owner].isOver = true
        case .undecided: break
        }
    }

    /// A flush is part of the log from now on.
    private mutating func took(_ owner: Int) {
        guard let flush = self.owners[owner].flush else { return }
        for run in flush.runs {
            for append in self.owners[owner].pending
            where append.partition == run.partition && (run.baseOffset..<run.endOffset).contains(append.offset) {
                self.history[run.partition, default: []].append(append.value)
            }
        }
    }
}
