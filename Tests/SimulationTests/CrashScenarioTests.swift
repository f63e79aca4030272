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

/// What the simulator found, step by step: the process is killed at a certain call, and later the power is cut.
@Suite(.timeLimit(.minutes(20)))
struct CrashScenarioTests {
    @Test func `what a killed process left in the page cache is forced before the journal lets go of it`() throws {
        let site = try Site(endsAt: "fsync /data/orders-0")
        try site.append(3)
        // A checkpoint has forced the segment and is about to force the names of its folder.
        site.settle()
        try site.crash(losing: .nothing)
        try site.start()
        #expect(try site.count() == 3)
        site.settle()
        // The next round tells the journal's files what has been given back.
        try site.append(1)
        try site.crash(losing: .everything)
        try site.start()
        #expect(try site.count() == 4)
        site.close()
    }

    @Test func `a journal file that a killed process left gets its name forced before it is used`() throws {
        let site = try Site(endsAt: "fsync /data/journal")
        #expect(throws: (any Error).self) { try site.append(1) }
        try site.crash(losing: .nothing)
        try site.start()
        try site.append(2)
        try site.crash(losing: .everything)
        try site.start()
        #expect(try site.count() == 2)
        site.close()
    }

    @Test func `a folder that does not say whose it is does not become another topic's`() throws {
        let site = try Site()
        try site.append(2)
        site.writeSegments()
        try site.crash(losing: .nothing)
        // A power cut took what was in the file that names the topic.
        try Directory("/data/orders-0", on: site.disk).write(FileNames.partitionMetadata, [])
        site.topicID = TopicID(high: 2, low: 2)
        try site.start()
        #expect(try site.count() == 0)
        try site.append(1)
        site.close()
    }

    @Test func `records that only the journal has are there again when their folder does not say whose it is`() throws {
        let site = try Site()
        try site.append(2)
        site.writeSegments()
        try site.crash(losing: .nothing)
        try Directory("/data/orders-0", on: site.disk).write(FileNames.partitionMetadata, [])
        try site.start()
        #expect(try site.count() == 2)
        site.close()
    }

    @Test func `a segment is not taken when the one before it lost its end`() throws {
        var settings = LogSettings()
        settings.segmentBytes = 200
        let site = try Site(settings: settings)
        try site.append(2)
        site.writeSegments()
        try site.crash(losing: .nothing)
        let folder = Directory("/data/orders-0", on: site.disk)
        #expect(try folder.entries().filter { $0.name.hasSuffix(".log") }.count == 2)
        try folder.open(FileNames.file(.log, base: 0), options: .write).truncate(to: 0)
        try site.start()
        #expect(try site.count() == 2)
        #expect(try site.isInMemory(at: 0), "the journal brought it back")
        site.close()
    }
}

/// One partition of an engine under the simulator.
private final class Site {
    let scheduler = SimulatedScheduler(seed: 1)
    let disk: SimulatedDisk
    var topicID = TopicID(high: 1, low: 1)
    private let settings: LogSettings
    private var engine: FileLogEngine?
    private var log: FilePartitionLog?
    private var loop: SimulatedEventLoop?

    init(settings: LogSettings = LogSettings(), endsAt: String? = nil) throws {
        self.settings = settings
        self.disk = SimulatedDisk(seed: 2, on: self.scheduler)
        self.disk.set { $0.endsAt = endsAt }
        try self.start()
    }

    func start() throws {
        var settings = EngineSettings()
        settings.journal.fileBytes = 64 << 10
        settings.journal.prepareAfterBytes = .max
        settings.reserveBytes = 0
        settings.readerCount = 1
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
                    partition: TopicPartition(topicID: self.topicID, partition: 0),
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

    /// Appends batches of one record, each acknowledged before the next.
    func append(_ count: Int) throws {
        guard let log, let loop else { return }
        for number in 0..<count {
            var builder = RecordBatchBuilder()
            builder.append(key: nil, value: SimulatedClients.bytes(of: number, count: 100), timestamp: 1)
            let waiter = Waiter(loop, self.scheduler.makeSemaphore())
            let options = AppendOptions(origin: .client, leaderEpoch: LeaderEpoch(0), now: 1, acknowledge: .durable)
            _ = try log.append(try builder.finishValidated(), options: options, waiter: waiter)
            waiter.done.wait()
            if let error = waiter.error.withLock({ $0 }) { throw error }
        }
    }

    /// Has the writer write, without a checkpoint.
    func writeSegments() { self.engine?.drainWriter() }

    /// Lets checkpoints happen. In many steps, as any one of them may end early.
    func settle() {
        for _ in 0..<30 { self.scheduler.sleep(nanoseconds: 200_000_000) }
    }

    /// Ends the process.
    func crash(losing loss: SimulatedDisk.Loss) throws {
        self.disk.end()
        self.engine?.abandon()
        self.loop?.stop()
        self.disk.restart(losing: loss)
    }

    /// How many records there are.
    func count() throws -> Int { Int(try #require(self.log).offsets.highWatermark) }

    /// Whether a read at an offset needs no file.
    func isInMemory(at offset: Offset) throws -> Bool {
        let request = ReadRequest(offset: offset, bytesMax: 1, atLeastOneBatch: true, isolation: .readUncommitted)
        guard case .records(let records) = try #require(self.log).read(request) else { return false }
        return records.bytes > 0
    }

    func close() {
        try? self.engine?.close()
        self.loop?.stop()
    }
}

private final class Waiter: DurabilityWaiter {
    let eventLoop: any EventLoop
    let done: any ThreadSemaphore
    let error = Mutex<LogError?>(nil)

    init(_ loop: SimulatedEventLoop, _ done: any ThreadSemaphore) {
        self.eventLoop = loop
        self.done = done
    }

    func appendCompleted(_ error: LogError?) {
        self.error.withLock { $0 = error }
        self.done.signal()
    }
}
