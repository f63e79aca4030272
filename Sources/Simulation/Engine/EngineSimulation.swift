internal import LogCore
internal import LogFiles
internal import Logging
internal import Model
internal import Synchronization
internal import Threads

/// The log engine and its journal under one seed: clients on two event loops append, read, delete; the power is cut and
/// the process is killed at any call; what is there after each start is compared with what was promised.
///
/// The promises: what was acknowledged is read again, at its offset, and nothing else is; nothing is left out in
/// silence; no offset is used twice; a producer's sequence continues after its last record; records that were deleted
/// and topics that were deleted do not come back.
package final class EngineSimulation {
    let seed: UInt64
    let random: SeededRandom
    let scheduler: SimulatedScheduler
    let disk: SimulatedDisk
    let clients: SimulatedClients
    var report: SimulationReport

    /// 2: the process is killed, the power is cut, calls are interrupted and cut short. 3: the disk is full as well.
    /// 4: writes and forcings fail as well, and opens for want of descriptors. 5: any call may fail, and the disk is
    /// slow. 6: something on the disk is damaged, once, between two processes. 7: any number of times.
    private let harshness: Int

    /// The engine does not start with what is on the disk, and says why.
    private var isRefused = false

    /// Changes faults of the disk for the whole run, for tests of the checker.
    private let sabotage: @Sendable (inout SimulatedDisk.Faults) -> Void

    /// - Parameter trace: receives a line for every event.
    package init(
        seed: UInt64,
        harshness: Int = 2,
        trace: (@Sendable (String) -> Void)? = nil,
        sabotage: @escaping @Sendable (inout SimulatedDisk.Faults) -> Void = { _ in }
    ) {
        self.seed = seed
        self.random = SeededRandom(seed: seed)
        self.scheduler = SimulatedScheduler(seed: self.random.next(), trace: trace)
        self.disk = SimulatedDisk(seed: self.random.next(), on: self.scheduler)
        self.clients = SimulatedClients(random: SeededRandom(seed: self.random.next()), scheduler: self.scheduler)
        self.report = SimulationReport(seed: seed)
        self.harshness = harshness
        self.sabotage = sabotage
    }

    /// Runs the seed to its end. Blocking.
    ///
    /// - Throws: `SimulationFailure` for the first broken promise.
    package func run() throws(SimulationFailure) -> SimulationReport {
        self.clients.makeTopics()
        let lifeCount = self.random.within(2...5)
        for life in 0..<lifeCount where !self.isRefused {
            // The last two find no faults, so that all must be there in the end.
            try self.live(isCalm: life >= lifeCount - 2, isLast: life == lifeCount - 1)
        }
        self.report.eventHash = self.scheduler.eventHash
        self.clients.counted(&self.report)
        return self.report
    }

    static let properties = DirectoryProperties(
        nodeID: BrokerID(1),
        clusterID: "abcdefghijklmnopqrstuv",
        directoryID: TopicID(high: 1, low: 2)
    )

    private func settings() -> EngineSettings {
        var settings = EngineSettings()
        settings.journal.fileBytes = 64 << 10
        settings.journal.fileCountMax = self.random.within(2...4)
        settings.journal.roundBytesMax = 16 << 10
        settings.journal.prepareAfterBytes = Int64(self.random.within(1...64) << 10)
        settings.journal.usesDirect = !self.random.oneIn(4)
        settings.checkpointMilliseconds = Int64(self.random.within(1...400))
        settings.writeGatherMilliseconds = Int64(self.random.within(0...50))
        settings.writeGatherBytes = self.random.within(1...32) << 10
        settings.tailBytesMax = Int64(self.random.within(0...64) << 10)
        settings.openFilesMax = self.random.within(1...8)
        settings.writeQueueMax = self.random.within(1...4)
        settings.reserveBytes = self.random.oneIn(2) ? 4096 : 0
        settings.readerCount = 1
        settings.pageCache = .unlimited
        settings.cleaner.threadCount = 0
        return settings
    }

    /// One process, from its start to its end.
    private func live(isCalm: Bool, isLast: Bool) throws(SimulationFailure) {
        self.report.starts += 1
        let profile = isCalm ? -1 : self.random.below(self.harshness)
        let callsMax = self.random.oneIn(3) ? 40 : 400
        let end = isCalm || self.random.oneIn(6) ? nil : self.random.within(1...callsMax)
        self.disk.set { faults in
            faults.endsAtCall = end
            if profile >= 1 { faults.interruptsOneIn = 20 }
            if profile == 3 {
                faults.failsOneIn = 300
                faults.refusesOneIn = 300
            }
            if profile == 4 { faults.failsAnyOneIn = 200 }
            if profile >= 4 { faults.isSlowOneIn = 4 }
            self.sabotage(&faults)
        }
        let loops = (0..<2).map { SimulatedEventLoop(name: "loop-\($0)", on: self.scheduler) }
        defer {
            for loop in loops { loop.stop() }
            self.report.diskCalls += self.disk.callCount
        }
        guard let engine = try self.start() else { return self.endProcess() }
        try self.clients.verify(engine, loops, self.failure) { self.disk.hasEnded || self.disk.errorCount > 0 }
        self.work(engine, loops, mayFill: profile >= 2)
        if !self.disk.hasEnded, isLast || self.random.oneIn(3) {
            self.disk.set { $0.isFull = false }
            self.close(engine)
        } else {
            self.disk.end()
            engine.abandon()
        }
        try self.check()
        if !isLast { self.endProcess() }
    }

    private func check() throws(SimulationFailure) {
        if let violation = self.clients.violation { throw self.failure(violation) }
    }

    private func failure(_ message: String) -> SimulationFailure {
        SimulationFailure(seed: self.seed, harshness: self.harshness, message: message)
    }

    private func endProcess() {
        self.report.kills += 1
        // What a failed forcing left in the page cache looks sound to the next process, so the machine goes down too.
        let losesPower = self.disk.errorCount > 0 || !self.random.oneIn(3)
        if losesPower {
            self.report.powerCuts += 1
            self.clients.lostPower()
        }
        self.disk.restart(losing: losesPower ? .some : .nothing)
        // Once in a run: what a single fault takes, something else must tell.
        if self.harshness == 6, self.report.damages == 0, self.random.oneIn(2) { self.damage() }
        if self.harshness >= 7, self.random.oneIn(2) { self.damage() }
    }

    private func damage() {
        let kind = SimulatedDisk.Damage.allCases[self.random.below(SimulatedDisk.Damage.allCases.count)]
        guard let path = self.disk.damage(kind) else { return }
        self.report.damages += 1
        self.clients.damaged(path)
    }

    /// Starts an engine with every partition that clients know.
    ///
    /// - Returns: `nil` when the process ended on the way, or a fault kept it from starting.
    private func start() throws(SimulationFailure) -> FileLogEngine? {
        let scheduler = self.scheduler
        let logger = Logger(label: "simulation", factory: { _ in SimulatedLog(scheduler: scheduler) })
        var started: FileLogEngine?
        do throws(LogError) {
            let random = self.random
            let recovering = try FileLogEngine.start(
                path: "/data",
                properties: Self.properties,
                settings: self.settings(),
                environment: EngineEnvironment(
                    disk: self.disk,
                    time: self.scheduler,
                    threads: self.scheduler,
                    random: { random.next() }
                ),
                logger: logger
            )
            let recovered = try recovering.finish(opening: self.clients.acquisitions)
            started = recovered.engine
            try self.clients.started(with: recovered.logs)
            if !self.disk.hasEnded { return recovered.engine }
        } catch {
            if !self.disk.hasEnded, self.disk.errorCount == 0 {
                guard self.clients.isDamaged, !error.message.isEmpty else {
                    throw self.failure("the engine does not start: \(error.message)")
                }
                self.scheduler.note("refused to start: \(error.message)")
                self.report.refusedStarts += 1
                self.isRefused = true
            }
        }
        self.disk.end()
        started?.abandon()
        return nil
    }

    private func close(_ engine: FileLogEngine) {
        do throws(LogError) {
            try engine.close()
            self.scheduler.note("closed")
        } catch {
            // Faults may keep it from being clean; the next start tells.
            self.scheduler.note("not closed")
        }
    }

    /// What happens to a running engine.
    private func work(_ engine: FileLogEngine, _ loops: [SimulatedEventLoop], mayFill: Bool) {
        for _ in 0..<self.random.within(5...60) {
            if self.disk.hasEnded { return }
            let loop = loops[self.random.below(loops.count)]
            let clients = self.clients
            switch self.random.below(18) {
            case 0...7: loop.execute { clients.append(on: loop) }
            case 8, 9: loop.execute { clients.read(engine) }
            case 10: clients.deleteRecords(engine)
            case 11 where self.random.oneIn(3): clients.replaceTopic(engine) { self.disk.hasEnded }
            case 12: clients.applyRetention(engine)
            case 16: loop.execute { clients.endTransaction(on: loop) }
            case 17 where self.random.oneIn(2): clients.toggleSeal()
            case 13 where mayFill:
                let isFull = self.random.oneIn(2)
                self.disk.set { $0.isFull = isFull }
            case 14: self.scheduler.sleep(nanoseconds: Int64(self.random.within(1...300)) * 1_000_000)
            default: self.scheduler.switchThreads()
            }
            if self.random.oneIn(2) { self.scheduler.switchThreads() }
        }
        self.scheduler.sleep(nanoseconds: Int64(self.random.within(0...600)) * 1_000_000)
    }
}
