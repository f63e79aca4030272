/// A small transactional key-value store with revisions, shaped like etcd v3.
///
/// Two implementations: `SQLiteMetadataStore` in this process, and etcd for a cluster. What they share: strict
/// serializability of `commit`, `get` and `range`; a watch that misses nothing between its revision and now; limits
/// (`MetadataLimits`). A committed transaction survives power loss when `commit` returns.
package protocol MetadataStore: Sendable {
    func get(_ key: MetadataKey) async throws(MetadataError) -> MetadataGetResult

    /// Entries in key order at the current revision; at most `limit` of them when it is above 0.
    ///
    /// Pages read one after the other are each at their own revision: load the range, then watch it from the *first*
    /// page's revision + 1, and the changes in between arrive again (puts are whole values, so this is harmless).
    func range(_ range: MetadataKeyRange, limit: Int) async throws(MetadataError) -> MetadataRangeResult

    /// Runs a transaction. Not cancelled with the task: the outcome is always the real one.
    ///
    /// Throws `.invalidTransaction` (nothing done), `.sessionNotFound` (a put names a session that is gone; nothing
    /// done), `.diskFull` (nothing done), `.unavailable` (indeterminate).
    func commit(_ transaction: MetadataTransaction) async throws(MetadataError) -> MetadataOutcome

    /// The changes of `range` from revision `from` (inclusive) on.
    func watch(_ range: MetadataKeyRange, from: MetadataRevision) -> MetadataWatch

    /// Has every watch of this store deliver a batch soon, an empty one if need be, whose revision is at least the
    /// present one. A watch is silent while other keys than its own change; who waits for a revision that a watch
    /// must have reached asks for this first (etcd: `WatchProgressRequest`).
    func requestProgress() async throws(MetadataError)

    /// Grants a session. Keys put with it vanish, in one revision, when it is closed or not kept alive in time.
    func openSession(timeToLive: Duration) async throws(MetadataError) -> MetadataSession

    /// Extends a session by its whole time to live. Throws `.sessionNotFound` when it is too late.
    func keepAlive(_ session: MetadataSessionID) async throws(MetadataError)

    /// Ends a session and deletes its keys. A session that is gone already is ignored.
    func closeSession(_ session: MetadataSessionID) async throws(MetadataError)
}

extension MetadataStore {
    package func range(_ range: MetadataKeyRange) async throws(MetadataError) -> MetadataRangeResult {
        try await self.range(range, limit: MetadataLimits.rangeEntriesUnlimited)
    }

    package func watch(prefix: MetadataKey, from: MetadataRevision) -> MetadataWatch {
        self.watch(.prefix(prefix), from: from)
    }

    /// Delivers the changes below `prefix` one batch after the other, until the task is cancelled or the watch ends.
    ///
    /// - Parameters:
    ///   - revision: what the caller has already; later changes are delivered.
    ///   - changed: takes a batch over.
    ///   - reload: called when changes that the caller has not got are gone from the store (`.compacted`): takes over
    ///     the present state and returns its revision.
    package func follow(
        prefix: MetadataKey,
        after revision: MetadataRevision,
        _ changed: (MetadataWatchBatch) async throws(MetadataError) -> Void,
        reload: () async throws(MetadataError) -> MetadataRevision
    ) async throws(MetadataError) {
        var revision = revision
        while true {
            do throws(MetadataError) {
                var batches = self.watch(prefix: prefix, from: revision + 1).makeAsyncIterator()
                while let batch = try await batches.next() {
                    try await changed(batch)
                    revision = batch.revision
                }
                return
            } catch {
                guard error.code == .compacted else { throw error }
                revision = try await reload()
            }
        }
    }
}
