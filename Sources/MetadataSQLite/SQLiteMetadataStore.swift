internal import FoundationEssentials
internal import GRDB
package import Metadata
internal import Synchronization

/// The embedded metadata store: one SQLite file in write-ahead mode, forced to disk with every commit, and a second
/// copy beside it (`MetadataMirror`).
///
/// Every row carries a checksum that each read verifies, and the store one of all of them; both copies are compared
/// when the store is opened (`OpeningPlan`), so damage is mended from the other copy or refused, and never served.
///
/// One connection on GRDB's serial queue does everything, so transactions are serial. What is not in the file: the
/// history for watches and the deadlines of sessions, which begin again when the file is opened. Keys and values are
/// stored once.
///
/// Opening blocks for a few milliseconds and belongs to the start of the process. A failed write to disk (other than
/// a full one) stops the store until the next start: every later call answers `.unavailable`, because what reached the
/// disk is unknown until the file is read again.
package final class SQLiteMetadataStore: MetadataStore {
    /// How far a watch can go back.
    package struct HistoryLimits: Sendable {
        package var eventCountMax: Int
        package var byteCountMax: Int

        package init(eventCountMax: Int = 10_000, byteCountMax: Int = 4 << 20) {
            self.eventCountMax = eventCountMax
            self.byteCountMax = byteCountMax
        }
    }

    typealias WatchResult = Result<MetadataWatchBatch?, MetadataError>

    struct Waiter {
        var range: MetadataKeyRange
        var from: MetadataRevision
        var continuation: CheckedContinuation<WatchResult, Never>
    }

    struct SessionState {
        var timeToLive: Duration
        var deadline: Duration
    }

    struct State {
        var revision: MetadataRevision
        var digest: StoreDigest
        var history: EventHistory
        var sessions: [MetadataSessionID: SessionState]
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiterID: UInt64 = 0
        /// Watches have been asked to tell that they have come so far.
        var progressRevision: MetadataRevision = 0
        /// Why no call is served any more.
        var failure: MetadataError?
    }

    let database: DatabaseQueue
    let state: Mutex<State>
    /// Used on the database's queue alone.
    let mirror: Mutex<MetadataMirror>
    let reserve: DiskReserve
    let now: @Sendable () -> Duration
    /// What was mended when the store was opened, in one line for the log; `nil` when both copies were whole.
    package let openingNotice: String?

    /// Opens the file, or makes it. Its directory must exist.
    ///
    /// - Parameter now: a monotonic time, for the deadlines of sessions.
    /// - Throws: `.newerFormat`, `.corrupt`, `.locked`, `.diskFull`, `.unavailable`; the message is one line.
    package init(
        path: String,
        history: HistoryLimits = HistoryLimits(),
        now: @escaping @Sendable () -> Duration = SQLiteMetadataStore.monotonicNow
    ) throws(MetadataError) {
        do {
            let opened = try OpenedDatabase.open(path)
            let began = now()
            self.database = opened.database
            self.openingNotice = opened.notice
            self.now = now
            self.state = Mutex(
                State(
                    revision: opened.contents.revision,
                    digest: opened.digest,
                    history: EventHistory(openedAt: opened.contents.revision, limits: history),
                    sessions: opened.contents.sessions.mapValues { milliseconds in
                        let timeToLive = Duration.milliseconds(milliseconds)
                        return SessionState(timeToLive: timeToLive, deadline: began + timeToLive)
                    }
                )
            )
            self.mirror = Mutex(opened.mirror)
            self.reserve = DiskReserve(path: path + ".reserve")
        } catch {
            throw Self.mapped(error, path: path)
        }
    }

    /// Time since the process first asked.
    package static let monotonicNow: @Sendable () -> Duration = {
        SQLiteMetadataStore.clockOrigin.duration(to: .now)
    }

    private static let clockOrigin = ContinuousClock.now

    /// Ends every watch and later call with `.closed` and closes the file.
    package func close() async throws(MetadataError) {
        let waiters = self.fail(MetadataError(.closed, "The metadata store is closed."))
        for waiter in waiters {
            waiter.continuation.resume(returning: .failure(MetadataError(.closed, "The metadata store is closed.")))
        }
        let result: Result<Void, any Error> = await withCheckedContinuation { continuation in
            self.database.asyncWriteWithoutTransaction { _ in continuation.resume(returning: .success(())) }
        }
        do {
            try result.get()
            try self.database.close()
        } catch {
            throw Self.mapped(error, path: self.database.path)
        }
    }

    // MARK: Reading

    package func get(_ key: MetadataKey) async throws(MetadataError) -> MetadataGetResult {
        try await self.perform { db, revision in
            MetadataGetResult(entry: try Self.entry(db, key), revision: revision)
        }
    }

    package func range(
        _ range: MetadataKeyRange,
        limit: Int
    ) async throws(MetadataError) -> MetadataRangeResult {
        try await self.perform { db, revision in
            try Self.entries(db, range, limit: limit, revision: revision)
        }
    }

    // MARK: Writing

    package func commit(_ transaction: MetadataTransaction) async throws(MetadataError) -> MetadataOutcome {
        try transaction.validate()
        return try await self.perform { db, revision in
            let succeeded = try transaction.compares.allSatisfy { compare in
                compare.holds(for: try Self.entry(db, compare.key))
            }
            let operations = succeeded ? transaction.success : transaction.failure
            guard operations.contains(where: \.isWrite) else {
                var run = TransactionRun(db: db, before: revision, digest: self.state.withLock { $0.digest })
                for operation in operations { try run.perform(operation) }
                return MetadataOutcome(succeeded: succeeded, revision: revision, responses: run.responses)
            }
            try self.checkSessions(of: operations)
            let run = try self.change(db, before: revision, frees: operations.contains(where: \.isDeletion)) { run in
                for operation in operations { try run.perform(operation) }
            }
            return MetadataOutcome(succeeded: succeeded, revision: run.revision, responses: run.responses)
        }
    }

    // MARK: Watching

    package func watch(_ range: MetadataKeyRange, from: MetadataRevision) -> MetadataWatch {
        MetadataWatch(from: from) { [self] (from) async throws(MetadataError) -> MetadataWatchBatch? in
            try await self.nextBatch(range, from: from)
        }
    }

    private func nextBatch(
        _ range: MetadataKeyRange,
        from: MetadataRevision
    ) async throws(MetadataError) -> MetadataWatchBatch? {
        let id = self.state.withLock { state in
            state.nextWaiterID += 1
            return state.nextWaiterID
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<WatchResult, Never>) in
                let immediate: WatchResult? = self.state.withLock { state in
                    if let failure = state.failure { return .failure(failure) }
                    // The handler below may have run already, and then it found no waiter.
                    if Task.isCancelled { return .success(nil) }
                    return state.result(range, from: from)
                        ?? {
                            state.waiters[id] = Waiter(range: range, from: from, continuation: continuation)
                            return nil
                        }()
                }
                if let immediate { continuation.resume(returning: immediate) }
            }
        } onCancel: {
            let waiter = self.state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.continuation.resume(returning: .success(nil))
        }
        return try result.get()
    }

    package func requestProgress() async throws(MetadataError) {
        // On the queue: after the changes that were committed before.
        try await self.perform { _, revision in
            let woken = self.state.withLock { state -> [Waiter] in
                state.progressRevision = revision
                let woken = state.waiters.filter { $0.value.from <= revision }
                for id in woken.keys { state.waiters[id] = nil }
                return Array(woken.values)
            }
            for waiter in woken {
                waiter.continuation.resume(returning: .success(MetadataWatchBatch(events: [], revision: revision)))
            }
        }
    }

    /// Makes a committed revision visible to watches. On the database's queue, so in revision order.
    func publish(_ events: [MetadataEvent], revision: MetadataRevision) {
        guard !events.isEmpty else { return }
        let woken = self.state.withLock { state -> [(Waiter, MetadataWatchBatch)] in
            state.revision = revision
            state.history.append(events, revision: revision)
            var woken: [(Waiter, MetadataWatchBatch)] = []
            for (id, waiter) in state.waiters where revision >= waiter.from {
                let matching = events.filter { waiter.range.contains($0.key) }
                guard !matching.isEmpty else { continue }
                state.waiters[id] = nil
                woken.append((waiter, MetadataWatchBatch(events: matching, revision: revision)))
            }
            return woken
        }
        for (waiter, batch) in woken {
            waiter.continuation.resume(returning: .success(batch))
        }
    }
}

extension SQLiteMetadataStore.State {
    /// Events in one answer of a watch that catches up.
    private static let batchEventCountMax = 1_000

    /// What a watch gets at once; `nil` when it must wait.
    fileprivate func result(
        _ range: MetadataKeyRange,
        from: MetadataRevision
    ) -> SQLiteMetadataStore.WatchResult? {
        guard from > self.history.compactedThrough else {
            return .failure(
                MetadataError(
                    .compacted,
                    "Changes up to revision \(self.history.compactedThrough) are no longer kept; \(from) was asked for."
                )
            )
        }
        let batch = self.history.batch(
            range,
            from: from,
            current: self.revision,
            eventCountMax: Self.batchEventCountMax
        )
        if let batch { return .success(batch) }
        guard from <= self.progressRevision else { return nil }
        return .success(MetadataWatchBatch(events: [], revision: self.revision))
    }
}
