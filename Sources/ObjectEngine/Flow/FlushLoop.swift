internal import LogCore
internal import LogObjects
internal import Logging
internal import Metadata
internal import Model
internal import NIOCore
internal import ObjectStore
internal import Synchronization
internal import Threads

/// What the flush thread has of its own: the pipeline, the flushes under way, timers, and the lane of transactions.
///
/// The lane: commits and the owner's other transactions compare the ownership key by its revision, and some move it. So
/// they are sent one at a time, and one whose answer was lost is sent again until it is known what became of it.
final class FlushLoop {
    private enum Timer {
        case hedge(sequence: Int64)
        case retryUpload(sequence: Int64, attempt: Int)
        case retryLane
    }

    private enum LaneWork {
        case commit([CommitPipeline.UploadedFlush], CommitTransaction)
        case maintenance(MaintenanceRequest, MetadataTransaction)
    }

    private let driver: FlushDriver
    private var pipeline: CommitPipeline
    private var flushes: [Int64: (flush: SealedFlush, failures: Int)] = [:]
    private var timers: [(due: Duration, timer: Timer)] = []
    private var latencies = LatencyWindow()
    private var ownershipRevision: MetadataRevision
    /// What is sent now.
    private var lane: LaneWork?
    private var laneFailures = 0
    /// When what is sent now was sent first.
    private var laneBegan = Duration.zero
    private var waitingCommit: [CommitPipeline.UploadedFlush]?
    private var waitingMaintenance: [MaintenanceRequest] = []
    private var drains: [(end: Int64, completion: @Sendable (Bool) -> Void)] = []
    /// Behind the last flush that was taken, and behind the last that was committed.
    private var takenEnd: Int64 = 0
    private var committedEnd: Int64 = 0
    /// Commit records that no checkpoint removed.
    private var recordCount = 0
    private var hasEnded = false
    /// Failures of one upload or transaction after which appends do not wait for room any more.
    private static let failuresMax = 16
    private var isStalled = false

    init(_ driver: FlushDriver, ownershipRevision: MetadataRevision) {
        self.driver = driver
        self.pipeline = CommitPipeline(limits: driver.settings.pipeline)
        self.ownershipRevision = ownershipRevision
    }

    /// Works off what is there, or waits for something.
    ///
    /// - Returns: `false` once the thread is to end.
    func turn() -> Bool {
        if self.hasEnded || self.driver.isAbandoned.load(ordering: .relaxed) {
            self.finish()
            return false
        }
        let now = self.driver.now
        let nextTimer = self.timers.map(\.due).min()
        let work = self.driver.intake.withLock { intake -> (taken: [TakenFlush], events: [FlushDriver.Event])? in
            intake.isSleeping = false
            if let deadline = intake.deadline, deadline <= now, !intake.isCongested {
                _ = intake.follow(intake.assembler.timerFired(now: now))
            }
            if intake.taken.isEmpty, intake.events.isEmpty, nextTimer.map({ $0 > now }) ?? true {
                intake.isSleeping = true
                let deadline = intake.isCongested ? nil : intake.deadline
                intake.wakeAt = [nextTimer, deadline].compactMap { $0 }.min() ?? now + .seconds(3_600)
                return nil
            }
            defer {
                intake.taken = []
                intake.events = []
            }
            return (intake.taken, intake.events)
        }
        guard let work else {
            let wakeAt = self.driver.intake.withLock { $0.wakeAt }
            _ = self.driver.wake.wait(nanosecondsMax: max(0, (wakeAt - now).nanoseconds))
            return true
        }
        for flush in work.taken { self.seal(flush) }
        for event in work.events { self.handle(event) }
        self.fireTimers(now)
        self.publishIdleness()
        return true
    }

    private func seal(_ taken: TakenFlush) {
        let flush = taken.sealed()
        self.takenEnd = flush.sequence + 1
        self.flushes[flush.sequence] = (flush, 0)
        let record = CommitRecord(attempt: 0, objectSize: flush.size, runs: flush.runs)
        self.carryOut(self.pipeline.sealed(flush.sequence, recordBytes: record.encoded().readableBytes))
    }

    private func handle(_ event: FlushDriver.Event) {
        switch event {
        case .uploaded(let sequence, let attempt, let latency):
            self.latencies.record(latency)
            self.driver.counts.uploads.record(nanoseconds: latency.nanoseconds)
            self.carryOut(self.pipeline.uploaded(sequence, attempt: attempt))
        case .uploadFailed(let sequence, let attempt, let error):
            self.driver.counts.uploadFailures.wrappingAdd(1, ordering: .relaxed)
            guard let failures = self.flushes[sequence]?.failures else { return }
            self.flushes[sequence]?.failures += 1
            if failures >= Self.failuresMax { self.noteStall(true) }
            if failures % Self.failuresMax == 0 {
                self.driver.logger.warning(
                    "an upload failed and is repeated",
                    metadata: ["sequence": "\(sequence)", "error": "\(error)"]
                )
            }
            self.timers.append(
                (self.driver.now + self.pause(failures), .retryUpload(sequence: sequence, attempt: attempt))
            )
        case .commitAnswered(let decision, let error): self.commitAnswered(decision, error)
        case .maintenanceAnswered(let result): self.maintenanceAnswered(result)
        case .maintenance(let request):
            if self.pipeline.isFenced { return request.completion(.fenced) }
            self.waitingMaintenance.append(request)
            self.continueLane()
        case .drain(let completion): self.drain(completion)
        case .recordsLeft(let count):
            self.recordCount = count
            self.continueLane()
        case .fenced(let reason): self.fence(reason)
        case .end:
            self.refuseAll(LogError(.closed, "the log is closed"))
            self.hasEnded = true
        }
    }

    private func carryOut(_ actions: [CommitPipeline.Action]) {
        for action in actions {
            switch action {
            case .upload(let sequence, let attempt): self.upload(sequence, attempt)
            case .commit(let group):
                self.waitingCommit = group
                self.continueLane()
            case .apply(let sequence, let attempt): self.apply(sequence, attempt)
            case .discard(let sequence, let attempts): self.discard(sequence, attempts)
            case .refuse(let sequences): for sequence in sequences { self.flushes[sequence] = nil }
            }
        }
    }

    // MARK: Uploads

    private func upload(_ sequence: Int64, _ attempt: Int) {
        guard let flush = self.flushes[sequence]?.flush else { return }
        let driver = self.driver
        let name = FlushObjectName(writer: driver.writer, sequence: sequence, attempt: attempt).description
        let began = driver.now
        let usesConditions = driver.settings.usesConditions
        Task {
            do throws(ObjectStoreError) {
                try await driver.objects.put(name, flush.parts, ifAbsent: usesConditions)
            } catch {
                // A name of ours that exists has these bytes: an attempt whose answer was lost wrote it.
                guard error.code == .preconditionFailed else {
                    return driver.post(.uploadFailed(sequence: sequence, attempt: attempt, error))
                }
            }
            driver.post(.uploaded(sequence: sequence, attempt: attempt, latency: driver.now - began))
        }
        self.timers.append(
            (began + self.latencies.hedgeDelay(within: driver.settings.hedgeDelay), .hedge(sequence: sequence))
        )
    }

    private func discard(_ sequence: Int64, _ attempts: [Int]) {
        let driver = self.driver
        let names = attempts.map {
            FlushObjectName(writer: driver.writer, sequence: sequence, attempt: $0).description
        }
        Task {
            do throws(ObjectStoreError) {
                try await driver.objects.delete(names)
            } catch {
                // Garbage collection finds them by enumeration.
                driver.logger.debug("hedged objects stay for now", metadata: ["error": "\(error)"])
            }
        }
    }

    private func fireTimers(_ now: Duration) {
        let due = self.timers.filter { $0.due <= now }
        if due.isEmpty { return }
        self.timers.removeAll { $0.due <= now }
        for (_, timer) in due {
            switch timer {
            case .hedge(let sequence): self.carryOut(self.pipeline.hedgeDue(sequence))
            case .retryUpload(let sequence, let attempt):
                self.carryOut(self.pipeline.uploadFailed(sequence, attempt: attempt))
            case .retryLane: self.send()
            }
        }
    }

    private func pause(_ failures: Int) -> Duration {
        let bounds = self.driver.settings.retryDelay
        return min(bounds.lowerBound * (1 << min(failures, 16)), bounds.upperBound)
    }

    // MARK: The lane

    private func continueLane() {
        guard self.lane == nil, !self.pipeline.isFenced else { return }
        // What makes room for commits goes first.
        if !self.waitingMaintenance.isEmpty {
            let request = self.waitingMaintenance.removeFirst()
            self.lane = .maintenance(request, self.transaction(of: request))
        } else if let group = self.waitingCommit, self.recordCount < self.driver.settings.commitRecordsMax {
            self.waitingCommit = nil
            self.lane = .commit(group, self.transaction(of: group))
        } else {
            return
        }
        self.laneFailures = 0
        self.laneBegan = self.driver.now
        self.send()
    }

    private func transaction(of group: [CommitPipeline.UploadedFlush]) -> CommitTransaction {
        CommitTransaction(
            writer: self.driver.writer,
            ownershipRevision: self.ownershipRevision,
            firstSequence: group[0].sequence,
            records: group.map { uploaded in
                guard let flush = self.flushes[uploaded.sequence]?.flush else {
                    preconditionFailure("a flush is kept until it is decided")
                }
                return CommitRecord(attempt: uploaded.attempt, objectSize: flush.size, runs: flush.runs)
            }
        )
    }

    private func transaction(of request: MaintenanceRequest) -> MetadataTransaction {
        let ownership = EngineKeys.ownership(self.driver.writer)
        var transaction = MetadataTransaction(
            compares: [.isUnchanged(ownership, since: self.ownershipRevision)] + request.compares,
            success: [.put(key: ownership, value: OwnershipState.active.value)] + request.operations,
            failure: [.range(.key(ownership))]
        )
        transaction.isRepeatable = true
        return transaction
    }

    private func send() {
        guard let lane = self.lane else { return }
        let driver = self.driver
        switch lane {
        case .commit(_, let commit):
            Task {
                do throws(MetadataError) {
                    driver.post(
                        .commitAnswered(
                            commit.decision(try await driver.metadata.commit(commit.transaction)),
                            ownership: nil
                        )
                    )
                } catch {
                    driver.post(.commitAnswered(.undecided, ownership: error))
                }
            }
        case .maintenance(_, let transaction):
            Task {
                do throws(MetadataError) {
                    driver.post(.maintenanceAnswered(.success(try await driver.metadata.commit(transaction))))
                } catch {
                    driver.post(.maintenanceAnswered(.failure(error)))
                }
            }
        }
    }

    private func commitAnswered(_ decision: CommitDecision, _ error: MetadataError?) {
        guard case .commit(let group, _) = self.lane else { return }
        switch decision {
        case .undecided: self.repeatLater(error)
        case .committed:
            self.lane = nil
            self.driver.counts.commits.record(nanoseconds: (self.driver.now - self.laneBegan).nanoseconds)
            self.noteStall(false)
            self.recordCount += group.count
            self.carryOut(self.pipeline.commitEnded(.committed))
            self.continueLane()
        case .fenced: self.fence("its ownership key was changed")
        }
    }

    private func maintenanceAnswered(_ result: Result<MetadataOutcome, MetadataError>) {
        guard case .maintenance(let request, _) = self.lane else { return }
        switch result {
        case .failure(let error) where error.code == .invalidTransaction:
            // Our mistake: it is never carried out.
            self.driver.logger.error("a transaction is invalid", metadata: ["error": "\(error)"])
            self.lane = nil
            request.completion(.conflict)
        case .failure(let error): return self.repeatLater(error)
        case .success(let outcome) where outcome.succeeded:
            self.ownershipRevision = outcome.revision
            self.lane = nil
            request.completion(.done(outcome.revision))
        case .success(let outcome):
            guard case .range(let range)? = outcome.responses.first, let ownership = range.entries.first,
                ownership.value == OwnershipState.active.value
            else {
                return self.fence("its ownership key was changed")
            }
            // Only this lane moves the key while it is active: then an earlier attempt did, whose answer was lost.
            let wasDone = ownership.modRevision != self.ownershipRevision
            self.ownershipRevision = ownership.modRevision
            self.lane = nil
            request.completion(wasDone ? .done(ownership.modRevision) : .conflict)
        }
        self.continueLane()
    }

    private func repeatLater(_ error: MetadataError?) {
        if error?.code == .closed { return self.fence("the metadata store was closed") }
        if self.laneFailures >= Self.failuresMax { self.noteStall(true) }
        if self.laneFailures % Self.failuresMax == 0 {
            self.driver.logger.warning(
                "a transaction was not answered and is repeated",
                metadata: ["error": "\(error?.message ?? "")"]
            )
        }
        self.timers.append((self.driver.now + self.pause(self.laneFailures), .retryLane))
        self.laneFailures += 1
    }

    // MARK: Ends

    private func apply(_ sequence: Int64, _ attempt: Int) {
        self.committedEnd = sequence + 1
        guard let flush = self.flushes.removeValue(forKey: sequence)?.flush else { return }
        self.driver.counts.flushes.wrappingAdd(1, ordering: .relaxed)
        self.driver.counts.flushedBytes.wrappingAdd(UInt64(flush.size), ordering: .relaxed)
        let record = CommitRecord(attempt: attempt, objectSize: flush.size, runs: flush.runs)
        let outcomes = self.driver.outcomes.withLock { $0 }
        outcomes?.committed(CommittedFlush(writer: self.driver.writer, sequence: sequence, record: record))
        let done = self.drains.filter { $0.end <= self.committedEnd }
        self.drains.removeAll { $0.end <= self.committedEnd }
        for drain in done { drain.completion(true) }
    }

    private func noteStall(_ isStalled: Bool) {
        guard self.isStalled != isStalled else { return }
        self.isStalled = isStalled
        let outcomes = self.driver.outcomes.withLock { $0 }
        outcomes?.stalled(isStalled)
    }

    private func drain(_ completion: @escaping @Sendable (Bool) -> Void) {
        if self.pipeline.isFenced || self.hasEnded { return completion(false) }
        let taken = self.driver.intake.withLock { intake -> [TakenFlush] in
            intake.takeOpenFlush()
            defer { intake.taken = [] }
            return intake.taken
        }
        for flush in taken { self.seal(flush) }
        if self.committedEnd >= self.takenEnd { return completion(true) }
        self.drains.append((self.takenEnd, completion))
    }

    private func fence(_ reason: String) {
        if self.pipeline.isFenced { return }
        self.driver.logger.error("the incarnation is fenced", metadata: ["reason": "\(reason)"])
        self.carryOut(self.pipeline.fenced())
        self.refuseAll(LogError(.closed, "another broker has taken over: \(reason)"))
        let outcomes = self.driver.outcomes.withLock { $0 }
        outcomes?.fenced(reason)
    }

    private func refuseAll(_ error: LogError) {
        _ = self.pipeline.fenced()
        self.driver.intake.withLock { intake in
            intake.refusal = error
            intake.deadline = nil
            _ = intake.assembler.take()
            intake.taken = []
        }
        self.flushes = [:]
        self.timers = []
        self.waitingCommit = nil
        var requests = self.waitingMaintenance
        self.waitingMaintenance = []
        if case .maintenance(let request, _) = self.lane { requests.append(request) }
        self.lane = nil
        for request in requests { request.completion(.fenced) }
        let drains = self.drains
        self.drains = []
        for drain in drains { drain.completion(false) }
    }

    private func finish() {
        self.refuseAll(LogError(.closed, "the log is closed"))
        let events = self.driver.intake.withLock { intake in
            intake.hasEnded = true
            defer { intake.events = [] }
            return intake.events
        }
        for event in events { event.refuse() }
    }

    private func publishIdleness() {
        let isIdle = self.pipeline.isIdle
        let isCongested = self.pipeline.isCongested
        let now = self.driver.now
        self.driver.intake.withLock { intake in
            let became = isIdle && !intake.isIdle
            intake.isIdle = isIdle && intake.taken.isEmpty
            intake.isCongested = isCongested
            if became { _ = intake.follow(intake.assembler.becameIdle(now: now)) }
        }
    }
}

extension Duration {
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
