import Foundation
import LogCore
import LogObjects
import Logging
import Metadata
import Model
import NIOCore
import RecordBatch
import Synchronization
import Threads

@testable import ObjectEngine

/// Hours ahead of the engines, so that everything that was filed for deletion is deleted at once.
private final class LateTime: TimeSource {
    var wallMilliseconds: Int64 { SystemTime.shared.wallMilliseconds + 3 * 3_600_000 }
    var monotonicNanoseconds: Int64 { SystemTime.shared.monotonicNanoseconds }
}

/// A job of a broker's that runs beside the scenario.
private final class EndedJob: Sendable {
    private let isSet = Atomic<Bool>(false)

    var hasEnded: Bool { self.isSet.load(ordering: .sequentiallyConsistent) }

    func end() { self.isSet.store(true, ordering: .sequentiallyConsistent) }
}

/// Brokers that own two partitions one after the other, one of them compacted, under a seed: they write, read, make
/// checkpoints, merge, compact and collect garbage, lose answers, are cut off at a point, paused while another takes
/// over, and hand over. One idempotent producer for each partition repeats what was not answered, as clients do.
final class FaultScenario {
    private struct Owner: Sendable {
        var link: BrokerLink
        var engine: ObjectLogEngine
        var logs: [ObjectPartitionLog]
        var incarnation: Incarnation
        var collector: GarbageCollector
    }

    private static let keyCount = 5

    private let seed: UInt64
    private let mistake: Mistake?
    private var random: FaultRandom
    private let memory = MemoryMetadata()
    private let objects = MemoryObjectStore()
    let history = FaultHistory()
    private var epoch: Int32 = 0
    private var owner: Owner?
    /// Fenced, and not ended: they do not know it yet.
    private var zombies: [Owner] = []
    private var sent: [[Int]] = [[], []]
    private var sequences: [Int32] = [0, 0]
    private var nextValue = 0
    private var links: [BrokerLink] = []
    /// What the owner is to do soon.
    private var wanted: FaultPhase?

    init(seed: UInt64, mistake: Mistake? = nil) {
        self.seed = seed
        self.mistake = mistake
        self.random = FaultRandom(seed)
    }

    /// Points at which brokers ended.
    var points: Set<FaultPoint> { Set(self.links.compactMap { link in link.state.withLock { $0.diedAt } }) }

    private static func key(_ value: Int) -> Int { value % Self.keyCount }

    /// - Returns: what the history says against it.
    func run(steps: Int = 14) async -> [String] {
        self.memory.put(MetadataKeys.topicID(ClusterFixture.topic), [1])
        do {
            try await self.takeOver()
            for _ in 0..<steps { try await self.step() }
            try await self.finish()
        } catch {
            self.history.report("stopped: \(error)")
        }
        for owner in self.zombies + [self.owner].compactMap({ $0 }) {
            owner.link.cut()
            owner.engine.abandon()
        }
        return self.history.problems
    }

    // MARK: Steps

    private func step() async throws {
        if let phase = self.wanted {
            self.wanted = nil
            try await self.prepare(phase)
            if self.owner?.link.isDead ?? false { return try await self.failOver() }
        }
        let choice = self.random.below(100)
        switch choice {
        case ..<45: try await self.produce(self.random.below(2))
        case ..<55: try await self.read(self.random.below(2))
        case ..<67: try await self.maintain(.checkpoint)
        case ..<72: try await self.maintain(.merge)
        case ..<80: try await self.maintain(.compaction)
        case ..<86: try await self.maintain(.garbage)
        case ..<91: try await self.handOver()
        case ..<94: try await self.pauseAndTakeOver()
        case ..<98: try await self.pauseInMaintenance()
        default: self.owner?.link.cut()
        }
        if self.random.chance(25) { for link in self.links { link.deliverLate() } }
        if self.owner?.link.isDead ?? false { try await self.failOver() }
    }

    /// Has something to merge, to compact or to collect, and does so.
    private func prepare(_ phase: FaultPhase) async throws {
        for _ in 0..<2 {
            for partition in 0..<2 { try await self.produce(partition) }
            try await self.maintain(.checkpoint)
        }
        try await self.maintain(phase)
    }

    private func produce(_ partition: Int) async throws {
        let values = (0..<1 + self.random.below(3)).map { self.nextValue + $0 }
        self.nextValue += values.count
        let sequence = self.sequences[partition]
        self.sequences[partition] += Int32(values.count)
        self.sent[partition] += values
        for _ in 0..<50 {
            if self.owner?.link.isDead ?? true { try await self.failOver() }
            guard let owner = self.owner else { continue }
            if try await self.append(values, sequence, partition, to: owner) { return }
            owner.link.cut()
        }
        throw FixtureError.failed("what was sent is never acknowledged")
    }

    private func append(_ values: [Int], _ sequence: Int32, _ partition: Int, to owner: Owner) async throws -> Bool {
        let waiter = TestWaiter()
        let result: AppendResult
        do {
            result = try owner.logs[partition].append(
                self.batch(values, sequence),
                options: owner.logs[partition].options(epoch: LeaderEpoch(self.epoch)),
                waiter: waiter
            )
        } catch let error as LogError {
            if owner.link.isDead || error.code == .closed { return false }
            throw error
        }
        guard await waiter.wait() == nil else { return false }
        self.acknowledged(values, result, partition)
        return true
    }

    private func acknowledged(_ values: [Int], _ result: AppendResult, _ partition: Int) {
        for (index, value) in values.enumerated() {
            self.history.acknowledged(partition, result.baseOffset + Offset(index), value)
        }
    }

    private func batch(_ values: [Int], _ sequence: Int32) throws -> ValidatedBatches {
        var builder = RecordBatchBuilder(
            options: .init(
                producerID: ProducerID(9),
                producerEpoch: ProducerEpoch(0),
                baseSequence: sequence,
                isTransactional: false
            )
        )
        for value in values {
            var bytes = ByteBuffer()
            bytes.writeInteger(value)
            builder.append(key: ByteBuffer(string: "\(Self.key(value))"), value: bytes, timestamp: 1_000)
        }
        return try builder.finishValidated()
    }

    private func read(_ partition: Int) async throws {
        guard let log = self.owner?.logs[partition] else { return }
        self.history.saw(partition, highWatermark: log.offsets.highWatermark)
        _ = try await self.readAll(partition, from: Offset(self.random.below(Int(log.offsets.highWatermark) + 1)))
    }

    private func readAll(_ partition: Int, from start: Offset) async throws -> [(offset: Offset, value: Int)] {
        guard let owner = self.owner else { return [] }
        let log = owner.logs[partition]
        var found: [(offset: Offset, value: Int)] = []
        var offset = start
        while offset < log.offsets.highWatermark {
            let records: FetchedRecords
            do {
                records = try await log.fetch(offset)
            } catch let error as LogError {
                if owner.link.isDead { return found }
                self.history.report("lost: offset \(offset) of \(partition) cannot be read: \(error.message)")
                return found
            }
            if records.bytes == 0 { break }
            var whole = ByteBuffer()
            for part in records.parts { whole.writeImmutableBuffer(part) }
            var cursor = BatchCursor(whole, verifiesChecksums: true)
            while let batch = try cursor.next() {
                var reader = try batch.records()
                while let record = try reader.next() {
                    let at = batch.header.offset(of: record.offsetDelta)
                    guard at >= start, let value = record.value?.getInteger(at: 0, as: Int.self) else { continue }
                    self.history.read(partition, at, value)
                    found.append((at, value))
                }
                offset = batch.header.lastOffset + 1
            }
        }
        return found
    }

    private func maintain(_ phase: FaultPhase) async throws {
        guard let owner = self.owner else { return }
        owner.link.enter(phase)
        defer { owner.link.enter(.serving) }
        await Self.maintain(phase, owner)
    }

    private static func maintain(_ phase: FaultPhase, _ owner: Owner) async {
        switch phase {
        case .serving: break
        case .checkpoint: await owner.engine.checkpoints.run()
        case .merge:
            var settings = MergePlan.Settings()
            settings.smallCountMin = 2
            await owner.engine.merge(settings)
        case .compaction: _ = await owner.engine.compactDirtiestLog()
        case .garbage: await owner.collector.collect(isController: true)
        }
    }

    private static func start(_ phase: FaultPhase, _ owner: Owner, _ job: EndedJob) -> Task<Void, Never> {
        Task {
            await Self.maintain(phase, owner)
            job.end()
        }
    }

    // MARK: Owners

    /// The owner is paused with a batch under way, another takes over, and the first one continues.
    private func pauseAndTakeOver() async throws {
        guard let owner = self.owner else { return }
        let partition = self.random.below(2)
        let values = [self.nextValue]
        self.nextValue += 1
        let sequence = self.sequences[partition]
        self.sequences[partition] += 1
        self.sent[partition] += values
        owner.link.pause()
        let waiter = TestWaiter()
        let result = try? owner.logs[partition].append(
            self.batch(values, sequence),
            options: owner.logs[partition].options(epoch: LeaderEpoch(self.epoch)),
            waiter: waiter
        )
        if self.mistake == .readBeforeFence {
            try await self.takeOver { if result != nil { owner.link.resume(); _ = await waiter.wait() } }
        } else {
            try await self.takeOver()
        }
        owner.link.resume()
        // It continues as if it owned them, with its maintenance too.
        await Self.maintain(.checkpoint, owner)
        if let result, await waiter.wait() == nil { self.acknowledged(values, result, partition) }
        self.zombies.append(owner)
        for _ in 0..<50 {
            if self.owner?.link.isDead ?? true { try await self.failOver() }
            guard let next = self.owner else { continue }
            if try await self.append(values, sequence, partition, to: next) { return }
            next.link.cut()
        }
    }

    /// The owner is paused with an object written and the head not, another takes over, and the first one continues.
    private func pauseInMaintenance() async throws {
        guard let owner = self.owner else { return }
        let isCompaction = self.random.chance(50)
        let job = EndedJob()
        owner.link.enter(isCompaction ? .compaction : .checkpoint)
        owner.link.pause(at: isCompaction ? .compactHeads : .checkpointHeads)
        let task = Self.start(isCompaction ? .compaction : .checkpoint, owner, job)
        try await owner.logs[0].eventually { owner.link.isPaused || job.hasEnded }
        if !owner.link.isDead {
            try await self.takeOver()
            self.zombies.append(owner)
            try await self.produce(isCompaction ? 1 : 0)
            try await self.maintain(.checkpoint)
            owner.link.resume()
        }
        await task.value
        owner.link.enter(.serving)
    }

    private func handOver() async throws {
        guard let owner = self.owner else { return }
        await owner.engine.release((0..<2).map { ClusterFixture.partition($0) })
        if !owner.link.reaches(.handoffMid) || owner.link.isDead { return try await self.failOver() }
        try await self.takeOver(isFencing: false)
        self.zombies.append(owner)
    }

    private func failOver() async throws {
        guard let owner = self.owner else { return }
        owner.link.cut()
        self.owner = nil
        owner.engine.abandon()
        try await self.takeOver(from: owner.incarnation)
    }

    /// Another broker takes the partitions, as a controller has it: fence, assign, acquire.
    ///
    /// - Parameter meanwhile: what happens between reading and fencing, for those who fence too late.
    private func takeOver(
        from fenced: Incarnation? = nil,
        isFencing: Bool = true,
        _ meanwhile: (() async -> Void)? = nil
    ) async throws {
        let old = fenced ?? self.owner?.incarnation
        self.epoch += 1
        let incarnation = Incarnation(broker: BrokerID(self.epoch % 3), number: Int64(self.epoch))
        if let old, isFencing, meanwhile == nil {
            guard TakeOver.isFenced(try await self.memory.commit(TakeOver.fence(old))) else {
                throw FixtureError.failed("the fence does not hold")
            }
        }
        for number in 0..<2 {
            let key = PartitionAssignment.key(ClusterFixture.partition(Int32(number)))
            let before = try await self.memory.get(key).entry.map { try PartitionAssignment(decoding: $0.value) }
            let after =
                before?.given(to: incarnation, epoch: LeaderEpoch(self.epoch))
                ?? PartitionAssignment(epoch: LeaderEpoch(self.epoch), owner: incarnation)
            self.memory.put(key, after.encoded)
        }
        let opened = try await self.open(incarnation)
        if let meanwhile {
            await meanwhile()
            if let old { _ = try await self.memory.commit(TakeOver.fence(old)) }
        }
        self.owner = opened
        if self.random.chance(70) {
            let points = FaultPoint.allCases
            let point = points[self.random.below(points.count)]
            self.wanted = point.phase
            opened.link.arm(point, after: point.phase == nil ? self.random.below(3) : 0)
        }
    }

    private func open(_ incarnation: Incarnation) async throws -> Owner {
        let link = BrokerLink(self.memory, self.objects, seed: self.random.next())
        self.links.append(link)
        link.state.withLock { $0.mistake = self.mistake }
        let (metadata, store) = (LinkedMetadata(link), LinkedObjectStore(link))
        let revision = try await ObjectLogEngine.begin(incarnation, in: self.memory)
        var settings = ClusterFixture.quick
        settings.flush.interval = .milliseconds(2)
        settings.retryDelay = .milliseconds(1)...(.milliseconds(2))
        // What is read comes from the store as often as not.
        if self.random.chance(50) { settings.writeCacheBytesMax = 0 }
        settings.blockCacheBytesMax = 0
        settings.compactedBytesMin = 200
        let logger = Logger(label: "faults") { _ in SwiftLogNoOpLogHandler() }
        let recovering = ObjectLogEngine.start(
            incarnation: incarnation,
            ownershipRevision: revision,
            metadata: metadata,
            objects: store,
            settings: settings,
            logger: logger,
            onFenced: { _ in }
        )
        let epoch = LeaderEpoch(self.epoch)
        let recovered = try await recovering.finish(
            acquiring: (0..<2).map { number in
                var logSettings = ClusterFixture.logSettings
                if number == 1 {
                    logSettings.cleanupCompact = true
                    logSettings.cleanupDelete = false
                    logSettings.minCleanableDirtyRatio = 0
                }
                return LogAcquisition(
                    partition: ClusterFixture.partition(Int32(number)),
                    topicName: "t",
                    settings: logSettings,
                    epoch: epoch
                )
            }
        )
        let engine = recovered.engine
        let logs: [ObjectPartitionLog]
        do {
            logs = try recovered.logs.compactMap { try $0.get() as? ObjectPartitionLog }
        } catch let error as LogError {
            engine.abandon()
            throw FixtureError.failed("lost: a partition cannot be acquired: \(error.message)")
        }
        if self.mistake == nil { link.losesCalls(percent: 8) }
        link.whenDead { Thread.detachNewThread { engine.abandon() } }
        for (number, log) in logs.enumerated() { self.history.saw(number, highWatermark: log.offsets.highWatermark) }
        let collector = GarbageCollector(
            incarnation: incarnation,
            metadata: metadata,
            objects: store,
            time: LateTime(),
            logger: logger
        )
        return Owner(link: link, engine: engine, logs: logs, incarnation: incarnation, collector: collector)
    }

    // MARK: The end

    private func finish() async throws {
        for zombie in self.zombies where !zombie.link.isDead { await Self.maintain(.checkpoint, zombie) }
        for link in self.links { link.deliverLate() }
        try await self.failOver()
        self.owner?.link.calm()
        for phase in [FaultPhase.checkpoint, .garbage, .compaction, .garbage, .garbage] {
            try await self.maintain(phase)
        }
        for partition in 0..<2 {
            let log = try await self.readAll(partition, from: 0)
            var key: ((Int) -> Int)?
            if partition == 1 { key = { Self.key($0) } }
            self.history.check(partition, log: log, sent: self.sent[partition], key: key)
        }
    }
}
