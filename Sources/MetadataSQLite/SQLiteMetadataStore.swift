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
    struct SessionState {
        var timeToLive: Duration
        var deadline: Duration
    }

    struct State {
        var revision: MetadataRevision
        var digest: StoreDigest
        var sessions: [MetadataSessionID: SessionState]
        /// Why no call is served any more.
        var failure: MetadataError?
    }

    let database: DatabaseQueue
    let state: Mutex<State>
    let watches: MetadataWatchHub
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
        history: MetadataWatchHub.HistoryLimits = MetadataWatchHub.HistoryLimits(),
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
                    sessions: opened.contents.sessions.mapValues { milliseconds in
                        let timeToLive = Duration.milliseconds(milliseconds)
                        return SessionState(timeToLive: timeToLive, deadline: began + timeToLive)
                    }
                )
            )
            self.watches = MetadataWatchHub(openedAt: opened.contents.revision, limits: history)
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
        self.fail(MetadataError(.closed, "The metadata store is closed."))
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
        self.watches.watch(range, from: from)
    }

    package func requestProgress() async throws(MetadataError) {
        // On the queue: after the changes that were committed before.
        try await self.perform { _, revision in self.watches.publishProgress(to: revision) }
    }

    /// Makes a committed revision visible to watches. On the database's queue, so in revision order.
    func publish(_ events: [MetadataEvent], revision: MetadataRevision) {
        guard !events.isEmpty else { return }
        self.state.withLock { $0.revision = revision }
        self.watches.publish(events, revision: revision)
    }
}
