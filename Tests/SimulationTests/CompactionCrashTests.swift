import LogCore
import Logging
import Model
import NIOCore
import RecordBatch
import Synchronization
import Testing
import Threads

@testable import LogFiles
@testable import Simulation

/// The process is killed, or the power is cut, at every call on the disk that a run of the cleaner makes.
@Suite(.timeLimit(.minutes(20)))
struct CompactionCrashTests {
    @Test(arguments: [.nothing, .some, .everything] as [SimulatedDisk.Loss])
    func `a crash at any step of a run loses no newest record and brings no offset twice`(
        loss: SimulatedDisk.Loss
    ) throws {
        var call = 0
        while true {
            call += 1
            let site = try CompactionSite(seed: UInt64(call))
            try site.fill()
            let hasEnded = try site.clean(endingAt: call)
            try site.restart(losing: loss)
            try site.check("after a crash at call \(call)")
            // What the crash left is cleaned like any other.
            _ = try site.clean(endingAt: nil)
            try site.check("cleaned after a crash at call \(call)")
            try site.restart(losing: .nothing)
            try site.check("started again after a crash at call \(call)")
            site.close()
            if !hasEnded { break }
        }
        #expect(call > 60, "a run has more steps than that")
    }

    @Test func `a failed call of a run costs no record`() throws {
        for seed in 1...40 {
            let site = try CompactionSite(seed: UInt64(seed))
            try site.fill()
            site.disk.set { $0.failsOneIn = 12 }
            _ = try site.clean(endingAt: nil)
            site.disk.set { $0.failsOneIn = 0 }
            try site.restart(losing: .some)
            try site.check("after faults, seed \(seed)")
            site.close()
        }
    }
}

/// One compacted partition of an engine under the simulator.
private final class CompactionSite {
    let scheduler: SimulatedScheduler
    let disk: SimulatedDisk
    private let settings: LogSettings
    private var engine: FileLogEngine?
    private var log: FilePartitionLog?
    private var loop: SimulatedEventLoop?
    private var written: [(key: String, value: String)] = []
    private var closedEnd: Offset = 0

    init(seed: UInt64) throws {
        self.scheduler = SimulatedScheduler(seed: seed)
        self.disk = SimulatedDisk(seed: seed &+ 1, on: self.scheduler)
        var settings = LogSettings()
        settings.cleanupCompact = true
        settings.cleanupDelete = false
        settings.minCleanableDirtyRatio = 0
        settings.segmentBytes = 700
        settings.indexIntervalBytes = 200
        self.settings = settings
        try self.start()
    }

    private func start() throws {
        var settings = EngineSettings()
        settings.journal.fileBytes = 64 << 10
        settings.journal.prepareAfterBytes = .max
        settings.reserveBytes = 0
        settings.readerCount = 1
        settings.cleaner.threadCount = 0
        settings.checkpointMilliseconds = 3_600_000
        let recovering = try FileLogEngine.start(
            path: "/data",
            properties: EngineSimulation.properties,
            settings: settings,
            environment: EngineEnvironment(
                disk: self.disk,
                time: self.scheduler,
                threads: self.scheduler,
                random: { 7 }
            ),
            logger: Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let recovered = try recovering.finish(
            opening: [
                LogAcquisition(
                    partition: TopicPartition(topicID: TopicID(high: 1, low: 1), partition: 0),
                    topicName: "orders",
                    settings: self.settings,
                    epoch: LeaderEpoch(0)
                )
            ]
        )
        self.log = try recovered.logs[0].get() as? FilePartitionLog
        self.engine = recovered.engine
        self.loop = SimulatedEventLoop(name: "loop", on: self.scheduler)
    }

    /// Thirty records of five keys, two compacted runs' worth of them, all forced.
    func fill() throws {
        for round in 0..<2 {
            for number in 0..<15 { try self.append("k\((number * 3 + round) % 5)", "v\(round)-\(number)") }
            guard let engine, let log else { return }
            while log.head.withLock({ $0.state.storedEnd < $0.state.highWatermark }) { engine.drainWriter() }
            #expect(engine.checkpoint() == nil)
            // The second run is the one that meets the crash: it has segments of both kinds to read.
            if round == 0 { while engine.cleanDirtiestLog() {} }
            self.closedEnd = log.head.withLock { $0.layout.segments.last?.info.baseOffset ?? 0 }
        }
    }

    private func append(_ key: String, _ value: String) throws {
        guard let log, let loop else { return }
        var builder = RecordBatchBuilder()
        builder.append(
            key: ByteBuffer(string: key),
            value: ByteBuffer(string: value + String(repeating: ".", count: 40)),
            timestamp: 1_000
        )
        let batch = try builder.finishValidated()
        let done = self.scheduler.makeSemaphore()
        let failure = Mutex<LogError?>(nil)
        let waiter = CompactionWaiter(loop) { error in
            failure.withLock { $0 = error }
            done.signal()
        }
        _ = try log.append(
            batch,
            options: AppendOptions(origin: .client, leaderEpoch: LeaderEpoch(0), now: 1_000, acknowledge: .durable),
            waiter: waiter
        )
        done.wait()
        if let error = failure.withLock({ $0 }) { throw error }
        self.written.append((key, value))
    }

    /// - Returns: whether the process ended at that call.
    func clean(endingAt call: Int?) throws -> Bool {
        guard let engine else { return false }
        let before = self.disk.callCount
        self.disk.set { $0.endsAtCall = call.map { before + $0 } }
        while !self.disk.hasEnded, engine.cleanDirtiestLog() {}
        defer { self.disk.set { $0.endsAtCall = nil } }
        return self.disk.hasEnded
    }

    func restart(losing loss: SimulatedDisk.Loss) throws {
        self.disk.end()
        self.engine?.abandon()
        self.loop?.stop()
        self.disk.restart(losing: loss)
        // Half of a compaction is not damage: the start completes it. Snapshots of producers are not forced, and a
        // crash between a checkpoint and its copy leaves two that differ.
        let besides: [Finding.Kind] = [.snapshot, .checkpoint]
        #expect(self.inspect().filter { $0.severity == .damage && !besides.contains($0.kind) } == [])
        try self.start()
    }

    private func inspect() -> [Finding] {
        let partitions = [OffsetCheckpoint.Key(topic: "orders", partition: 0): TopicID(high: 1, low: 1)]
        let known = DirectoryInspection.KnownTopics(partitions: partitions, deleting: [])
        var inspection = DirectoryInspection(Directory("/data", on: self.disk), known: known)
        return inspection.run().allFindings
    }

    /// Every record that is found is the one that was written there, and the newest of each key is.
    func check(_ moment: String) throws {
        guard let log else { return }
        #expect(log.offsets.logEnd == Offset(self.written.count), "\(moment)")
        var found: [Offset] = []
        var offset = log.offsets.logStart
        while offset < log.offsets.highWatermark {
            let records = try self.fetch(offset)
            guard records.bytes > 0 else {
                Issue.record("nothing is read at \(offset) \(moment)")
                return
            }
            var whole = ByteBuffer()
            for part in records.parts { whole.writeImmutableBuffer(part) }
            let batches = try RecordBatchValidation.validate(whole, limits: .unlimited, context: .replay)
            try RecordReader.forEachRecord(in: whole, from: offset) { header, record in
                let at = header.offset(of: record.offsetDelta)
                found.append(at)
                let sent = self.written[Int(at)]
                #expect(record.key.map { String(decoding: $0, as: UTF8.self) } == sent.key, "\(moment)")
                let value = record.value.map { String(decoding: $0, as: UTF8.self) } ?? ""
                #expect(value.hasPrefix(sent.value + "."), "\(moment)")
                return true
            }
            offset = batches.headers[batches.headers.count - 1].nextOffset
        }
        #expect(found == Array(Set(found)).sorted(), "\(moment)")
        for (index, record) in self.written.enumerated() {
            let isNewest = !self.written[(index + 1)...].contains { $0.key == record.key }
            if isNewest || Offset(index) >= self.closedEnd {
                #expect(found.contains(Offset(index)), "offset \(index) is lost \(moment)")
            }
        }
        #expect(log.damagedRanges.isEmpty, "\(moment)")
    }

    private func fetch(_ offset: Offset) throws -> FetchedRecords {
        guard let log, let engine else { throw LogError(.closed, "not open") }
        let request = ReadRequest(offset: offset, bytesMax: 500, atLeastOneBatch: true, isolation: .readUncommitted)
        switch try log.read(request) {
        case .records(let records): return records
        case .deferred(let read):
            let done = self.scheduler.makeSemaphore()
            let answer = Mutex<Result<FetchedRecords, LogError>?>(nil)
            engine.perform([read]) { results in
                answer.withLock { $0 = results[0] }
                done.signal()
            }
            done.wait()
            guard let result = answer.withLock({ $0 }) else { throw LogError(.storage, "no answer") }
            return try result.get()
        }
    }

    func close() {
        try? self.engine?.close()
        self.loop?.stop()
    }
}

private final class CompactionWaiter: DurabilityWaiter {
    let eventLoop: any EventLoop
    private let action: @Sendable (LogError?) -> Void

    init(_ loop: SimulatedEventLoop, _ action: @escaping @Sendable (LogError?) -> Void) {
        self.eventLoop = loop
        self.action = action
    }

    func appendCompleted(_ error: LogError?) { self.action(error) }
}
