internal import Synchronization

/// The watches of one store: the last changes, and who waits for more.
///
/// The store publishes what it committed (or learned from the server behind it), in revision order; watches pull.
/// Thread-safe; who waits is resumed outside the lock.
package final class MetadataWatchHub: Sendable {
    /// How far a watch can go back.
    package struct HistoryLimits: Sendable {
        package var eventCountMax: Int
        package var byteCountMax: Int

        package init(eventCountMax: Int = 10_000, byteCountMax: Int = 4 << 20) {
            self.eventCountMax = eventCountMax
            self.byteCountMax = byteCountMax
        }
    }

    private typealias WatchResult = Result<MetadataWatchBatch?, MetadataError>

    private struct Waiter {
        var range: MetadataKeyRange
        var from: MetadataRevision
        var continuation: CheckedContinuation<WatchResult, Never>
    }

    private struct State {
        var revision: MetadataRevision
        var history: MetadataHistory
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiterID: UInt64 = 0
        /// Watches have been asked to tell that they have come so far.
        var progressRevision: MetadataRevision = 0
        /// Why no watch is served any more.
        var failure: MetadataError?
    }

    /// Events in one answer of a watch that catches up.
    private static let batchEventCountMax = 1_000

    private let limits: HistoryLimits
    private let state: Mutex<State>

    /// - Parameter revision: the last one before the first that will be published.
    package init(openedAt revision: MetadataRevision, limits: HistoryLimits = HistoryLimits()) {
        self.limits = limits
        self.state = Mutex(
            State(revision: revision, history: MetadataHistory(openedAt: revision, limits: limits))
        )
    }

    /// The last revision that was published.
    package var revision: MetadataRevision { self.state.withLock { $0.revision } }

    /// Watches that wait now.
    package var waiterCount: Int { self.state.withLock { $0.waiters.count } }

    /// The changes of a range from a revision on (`MetadataStore.watch`).
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
                    if let result = Self.result(range, from: from, in: state) { return result }
                    state.waiters[id] = Waiter(range: range, from: from, continuation: continuation)
                    return nil
                }
                if let immediate { continuation.resume(returning: immediate) }
            }
        } onCancel: {
            let waiter = self.state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.continuation.resume(returning: .success(nil))
        }
        return try result.get()
    }

    /// What a watch gets at once; `nil` when it must wait.
    private static func result(
        _ range: MetadataKeyRange,
        from: MetadataRevision,
        in state: State
    ) -> WatchResult? {
        guard from > state.history.compactedThrough else {
            return .failure(Self.compacted(through: state.history.compactedThrough, from: from))
        }
        let batch = state.history.batch(
            range,
            from: from,
            current: state.revision,
            eventCountMax: Self.batchEventCountMax
        )
        if let batch { return .success(batch) }
        guard from <= state.progressRevision else { return nil }
        return .success(MetadataWatchBatch(events: [], revision: state.revision))
    }

    private static func compacted(through revision: MetadataRevision, from: MetadataRevision) -> MetadataError {
        MetadataError(.compacted, "Changes up to revision \(revision) are no longer kept; \(from) was asked for.")
    }

    // MARK: The store's side

    /// Makes a committed revision visible to watches. Revisions come in order; those that changed nothing need not.
    package func publish(_ events: [MetadataEvent], revision: MetadataRevision) {
        guard !events.isEmpty else { return }
        let woken = self.state.withLock { state -> [(Waiter, MetadataWatchBatch)] in
            precondition(revision > state.revision, "revisions are published in order")
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
        for (waiter, batch) in woken { waiter.continuation.resume(returning: .success(batch)) }
    }

    /// Everything up to this revision has been published: every watch that is not past it delivers a batch, an empty
    /// one if need be (`MetadataStore.requestProgress`).
    package func publishProgress(to revision: MetadataRevision) {
        let (woken, reached) = self.state.withLock { state -> ([Waiter], MetadataRevision) in
            state.revision = max(state.revision, revision)
            state.progressRevision = max(state.progressRevision, revision)
            let woken = state.waiters.filter { $0.value.from <= revision }
            for id in woken.keys { state.waiters[id] = nil }
            return (Array(woken.values), state.revision)
        }
        for waiter in woken {
            waiter.continuation.resume(returning: .success(MetadataWatchBatch(events: [], revision: reached)))
        }
    }

    /// Changes up to this revision were missed: watches that are not past it must load again.
    package func restart(at revision: MetadataRevision) {
        let woken = self.state.withLock { state -> [Waiter] in
            state.revision = max(state.revision, revision)
            state.history = MetadataHistory(openedAt: revision, limits: self.limits)
            let woken = state.waiters.filter { $0.value.from <= revision }
            for id in woken.keys { state.waiters[id] = nil }
            return Array(woken.values)
        }
        for waiter in woken {
            waiter.continuation.resume(returning: .failure(Self.compacted(through: revision, from: waiter.from)))
        }
    }

    /// Ends every watch, and those to come, with an error; the first one stays.
    package func fail(_ error: MetadataError) {
        let (woken, failure) = self.state.withLock { state -> ([Waiter], MetadataError) in
            if state.failure == nil { state.failure = error }
            defer { state.waiters = [:] }
            return (Array(state.waiters.values), state.failure ?? error)
        }
        for waiter in woken { waiter.continuation.resume(returning: .failure(failure)) }
    }
}
