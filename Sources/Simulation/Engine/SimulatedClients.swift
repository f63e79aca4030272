internal import LogCore
internal import LogFiles
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization
internal import Threads

/// The clients of a simulated engine, and what they remember.
final class SimulatedClients: Sendable {
    struct State {
        var histories: [PartitionHistory] = []
        /// The logs of `histories`, while a process runs.
        var logs: [FilePartitionLog?] = []
        var batches: [SentBatch] = []
        /// The batch of each record.
        var batchOfValue: [Int] = []
        var nextTopic: UInt64 = 1
        var acknowledged = 0
        var refused = 0
        var reads = 0
        var compared = 0
        var deletions = 0
        /// Offsets that were refused as damaged, and partitions that were offline, each at each start.
        var damagedOffsets = 0
        var offline = 0
        /// Something on the disk was damaged since the run began.
        var isDamaged = false
        /// The journal was damaged before this start.
        var mayLoseTail = false
        /// Of partitions that are gone.
        var violation: String?
    }

    let state = Mutex(State())
    let random: SeededRandom
    let scheduler: SimulatedScheduler

    init(random: SeededRandom, scheduler: SimulatedScheduler) {
        self.random = random
        self.scheduler = scheduler
    }

    /// The first broken promise.
    var violation: String? {
        self.state.withLock { state in state.violation ?? state.histories.lazy.compactMap(\.violation).first }
    }

    func counted(_ report: inout SimulationReport) {
        self.state.withLock { state in
            report.batches = state.batches.count
            report.acknowledged = state.acknowledged
            report.refused = state.refused
            report.reads = state.reads
            report.compared = state.compared
            report.deletions = state.deletions
            report.damagedOffsets = state.damagedOffsets
            report.offline = state.offline
        }
    }

    // MARK: Topics

    func makeTopics() {
        let count = self.random.within(1...3)
        self.state.withLock { state in
            for number in 0..<count { self.add("topic\(number)", &state) }
        }
    }

    private func add(_ name: String, _ state: inout State) {
        var settings = LogSettings()
        settings.segmentBytes = Int64(self.random.within(2...16) << 10)
        settings.indexIntervalBytes = Int64(self.random.within(100...4096))
        settings.fileDeleteDelayMilliseconds = Int64(self.random.below(200))
        if self.random.oneIn(4) { settings.flushMessages = Int64(self.random.within(2...50)) }
        if self.random.oneIn(3) { settings.retentionBytes = Int64(self.random.within(4...32) << 10) }
        let topicID = TopicID(high: 0xABCD, low: state.nextTopic)
        state.nextTopic += 1
        for number in 0..<self.random.within(1...3) {
            state.histories.append(
                PartitionHistory(
                    partition: TopicPartition(topicID: topicID, partition: Int32(number)),
                    topicName: name,
                    settings: settings,
                    producerID: Int64(state.histories.count + 1)
                )
            )
            state.logs.append(nil)
        }
    }

    /// What a start acquires: the logs of all partitions.
    var acquisitions: [LogAcquisition] {
        self.state.withLock { state in
            state.histories.map { history in
                LogAcquisition(
                    partition: history.partition,
                    topicName: history.topicName,
                    settings: history.settings,
                    epoch: LeaderEpoch(0)
                )
            }
        }
    }

    /// The logs that a start acquired, in the order of `acquisitions`.
    func started(with logs: [Result<any PartitionLog, LogError>]) throws(LogError) {
        for (index, log) in logs.enumerated() {
            switch log {
            case .success(let log):
                self.state.withLock { state in
                    state.logs[index] = log as? FilePartitionLog
                    // The metadata knows it; the log forgets.
                    if state.histories[index].isSealed { log.setSealed(true) }
                }
            case .failure(let error):
                // Damage may take a partition offline, with the reason.
                guard self.isDamaged, !error.message.isEmpty else { throw error }
                self.scheduler.note("offline: \(error.message)")
                self.state.withLock { $0.logs[index] = nil }
                self.wentOffline()
            }
        }
    }

    func lostPower() {
        self.state.withLock { state in
            for index in state.histories.indices { state.histories[index].lostPower() }
        }
    }

    /// Deletes a topic and makes another one of the same name.
    func replaceTopic(_ engine: FileLogEngine, hasEnded: () -> Bool) {
        let name = self.state.withLock { state in
            state.histories[self.random.below(state.histories.count)].topicName
        }
        let (gone, from) = self.state.withLock { state -> ([PartitionHistory], Int) in
            let gone = state.histories.filter { $0.topicName == name }
            if let violation = gone.lazy.compactMap(\.violation).first { state.violation = violation }
            // The metadata forgets the topic first.
            let kept = state.histories.indices.filter { state.histories[$0].topicName != name }
            state.logs = kept.map { state.logs[$0] }
            state.histories = kept.map { state.histories[$0] }
            self.add(name, &state)
            state.deletions += 1
            return (gone, kept.count)
        }
        self.scheduler.note("replace", Int64(gone.count))
        engine.deleteLogs(gone.map { LogDeletion(partition: $0.partition, topicName: $0.topicName) }) {}
        let added = self.state.withLock { $0.histories[from...] }
        for (index, history) in zip(added.indices, added) {
            guard !hasEnded() else { return }
            do throws(LogError) {
                let log = try engine.openLog(
                    history.partition,
                    topicName: history.topicName,
                    settings: history.settings
                )
                if log.offsets.logEnd != 0, !hasEnded() {
                    self.state.withLock { $0.histories[index].fail("a new topic has offset \(log.offsets.logEnd)") }
                }
                self.state.withLock { $0.logs[index] = log }
            } catch {
                self.scheduler.note("not opened")
            }
        }
    }

    func applyRetention(_ engine: FileLogEngine) {
        self.state.withLock { state in
            for index in state.histories.indices where state.histories[index].settings.retentionBytes >= 0 {
                state.histories[index].startMax = max(
                    state.histories[index].startMax,
                    state.histories[index].endMax
                )
            }
        }
        engine.applyRetention(now: self.scheduler.wallMilliseconds)
    }

    /// A partition that is open, at random.
    func pick() -> (index: Int, partition: TopicPartition, log: FilePartitionLog)? {
        self.state.withLock { state in
            let index = self.random.below(state.histories.count)
            guard let log = state.logs[index] else { return nil }
            return (index, state.histories[index].partition, log)
        }
    }

    /// Changes what is known of a partition, unless it is gone.
    func update(_ partition: TopicPartition, _ change: (inout PartitionHistory, inout State) -> Void) {
        self.state.withLock { state in
            guard let index = state.histories.firstIndex(where: { $0.partition == partition }) else { return }
            var history = state.histories[index]
            change(&history, &state)
            state.histories[index] = history
        }
    }
}
