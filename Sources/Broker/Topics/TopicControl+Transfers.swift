internal import LogCore
internal import Logging
internal import Metadata
package import Model
internal import NIOCore

/// Logs come and go beside the watch: the engine acquires, releases and deletes them on a thread of its own, and what
/// takes longer than a moment is served in a second publication.
extension TopicControl {
    /// How long a publication waits for the engine, so that topics of an engine on local files are published once, with
    /// their logs. Only the first piece of work of a slow engine is waited for as long.
    static let transferGrace = TimeAmount.milliseconds(100)

    /// A log that the engine has acquired and that is not served yet, or why it could not.
    struct Arrival {
        var epoch: LeaderEpoch
        var result: Result<any PartitionLog, LogError>

        var isOpen: Bool {
            if case .success = self.result { true } else { false }
        }
    }

    /// Begins what is demanded, and waits for it as long as a publication may.
    func transfer(_ demands: [String: LogTransfers.Demand]) async {
        guard let work = self.transfers.demanded(demands) else { return }
        let runner = self.runner
        let started = self.environment.monotonicMilliseconds()
        let notes = DeletionNotes(store: self.store, logger: self.logger)
        let isStarted = self.tasks.start { [tasks] in
            let results = await runner.perform(work) {
                // The engine's thread must not wait for the metadata.
                tasks.start { await notes.remove(work.deletedTopics) }
            }
            await self.transferred(work, results, started: started)
        }
        // The broker stops: nothing is served any more.
        guard isStarted, !self.isEngineSlow else { return }
        await withCheckedContinuation { continuation in
            let resumption = Resumption(continuation)
            self.awaited = (work.id, resumption)
            resumption.resume(after: Self.transferGrace, on: self.eventLoop)
        }
        self.awaited = nil
        if self.transfers.isUnderWay(work.id) { self.isEngineSlow = true }
    }

    private func transferred(
        _ work: LogTransfers.Work,
        _ results: [Result<any PartitionLog, LogError>],
        started: Int64
    ) async {
        for (acquisition, result) in zip(work.acquisitions, results) {
            // Of a topic that is gone: its deletion comes next, and takes what is open.
            if self.image[id: acquisition.partition.topicID] == nil { continue }
            self.arrivals[acquisition.partition] = Arrival(epoch: acquisition.epoch, result: result)
        }
        let hasMore = self.transfers.finished(work.id)
        let grace = Self.transferGrace.nanoseconds / 1_000_000
        if self.environment.monotonicMilliseconds() - started < grace { self.isEngineSlow = false }
        if let awaited = self.awaited, awaited.work == work.id {
            // The publication that waits takes what has arrived.
            awaited.resumption.resume()
            if !hasMore { return }
        }
        await self.place(.names(work.names))
    }

    /// The log of a partition that this broker leads, or why there is none; `nil` while it is acquired.
    func takeArrival(_ partition: TopicPartition, _ epoch: LeaderEpoch) -> Result<any PartitionLog, LogError>? {
        guard let arrival = self.arrivals[partition], arrival.epoch == epoch else { return nil }
        self.arrivals[partition] = nil
        return arrival.result
    }

    // MARK: Waiting

    /// Returns when the log of a partition is not being acquired, and it has a leader: at once, or when it is there,
    /// offline, elsewhere or gone, or the broker stops.
    ///
    /// - Parameter limit: returns after this time at the latest, on the event loop's clock.
    func settled(_ partition: Int32, of topicName: String, within limit: TimeAmount? = nil) async {
        let deadline = limit.map { self.eventLoop.now + $0 }
        while !self.isStopped {
            switch self.registry.topic(named: topicName)?.placement(partition) {
            case .acquiring, .unassigned: break
            case .here, .elsewhere, .offline, nil: return
            }
            var rest: TimeAmount?
            if let deadline {
                rest = deadline - self.eventLoop.now
                if deadline <= self.eventLoop.now { return }
            }
            await self.nextSettlement(within: rest)
        }
    }

    /// Returns when a log may have come or gone, or after `limit`.
    private func nextSettlement(within limit: TimeAmount?) async {
        self.lastSettlementWaiter += 1
        let id = self.lastSettlementWaiter
        await withCheckedContinuation { continuation in
            let resumption = Resumption(continuation)
            self.settlementWaiters[id] = resumption
            if let limit { resumption.resume(after: limit, on: self.eventLoop) }
        }
        self.settlementWaiters[id] = nil
    }

    /// Returns when this broker has the logs of none of these partitions: those that were open are released. Call it
    /// once `PartitionOwnership` says that others lead them.
    ///
    /// - Returns: `false` when the broker stops first.
    package func relinquished(_ partitions: [TopicPartition]) async -> Bool {
        while !self.isStopped {
            if !partitions.contains(where: { self.isHolding($0) }) { return true }
            await self.nextSettlement(within: nil)
        }
        return false
    }

    private func isHolding(_ partition: TopicPartition) -> Bool {
        if self.arrivals[partition] != nil || self.transfers.concerns(partition) { return true }
        switch self.registry.current.topic(id: partition.topicID)?.placement(partition.partition) {
        case .here, .acquiring: return true
        case .elsewhere, .offline, .unassigned, nil: return false
        }
    }

    /// Returns when no log of a topic is being acquired, as `settled` does for one.
    func logsSettled(of topicName: String, within limit: TimeAmount) async {
        let deadline = self.eventLoop.now + limit
        for number in 0..<Int32(self.registry.topic(named: topicName)?.partitionCount ?? 0) {
            await self.settled(number, of: topicName, within: deadline - self.eventLoop.now)
        }
    }

    /// Has all who wait for a log look again.
    func resumeSettlementWaiters() {
        let waiters = self.settlementWaiters.values
        self.settlementWaiters = [:]
        for waiter in waiters { waiter.resume() }
    }
}
