internal import Synchronization

/// The incremental fetch sessions of all connections (KIP-227): bounded, least recently used out first.
final class FetchSessionCache: Sendable {
    /// A session used more recently than this is not evicted for a new one, as in Kafka
    /// (`min.incremental.fetch.session.eviction.ms`).
    static let evictionMilliseconds: Int64 = 120_000

    enum Refusal: Error, Equatable {
        /// FETCH_SESSION_ID_NOT_FOUND
        case unknownSession
        /// INVALID_FETCH_SESSION_EPOCH
        case wrongEpoch
        /// FETCH_SESSION_TOPIC_ID_ERROR: the session was made with the other way to name topics.
        case topicIDsInconsistent
    }

    private struct State {
        var sessions: [Int32: FetchSession] = [:]
        var evictions: UInt64 = 0
    }

    /// `max.incremental.fetch.session.cache.slots`
    private let slots: Int
    private let state = Mutex(State())

    init(slots: Int) { self.slots = slots }

    /// Opens a session for a full fetch; `nil` when every slot is taken by a session in use.
    /// - Parameter makeID: gives candidate numbers; the first free positive one is taken.
    func open(
        usesTopicIDs: Bool,
        partitions: [(key: FetchPartitionKey, partition: FetchSessionPartition)],
        now: Int64,
        makeID: () -> Int32
    ) -> Int32? {
        // A session of nothing would only cost its slot.
        guard self.slots > 0, !partitions.isEmpty else { return nil }
        return self.state.withLock { state in
            if state.sessions.count >= self.slots {
                guard let oldest = state.sessions.values.min(by: { $0.lastUsed < $1.lastUsed }),
                    now - oldest.lastUsed > Self.evictionMilliseconds
                else { return nil }
                state.sessions[oldest.id] = nil
                state.evictions += 1
            }
            var id = makeID()
            while id <= 0 || state.sessions[id] != nil { id = makeID() }
            var session = FetchSession(id: id, usesTopicIDs: usesTopicIDs, now: now)
            for (key, partition) in partitions { session.update(key, to: partition) }
            state.sessions[id] = session
            return id
        }
    }

    /// Applies an incremental request and returns every partition that it now asks for.
    func resume(
        _ id: Int32,
        epoch: Int32,
        usesTopicIDs: Bool,
        changed: [(key: FetchPartitionKey, partition: FetchSessionPartition)],
        forgotten: Set<FetchPartitionKey>,
        now: Int64
    ) throws(Refusal) -> [(key: FetchPartitionKey, partition: FetchSessionPartition)] {
        let outcome: Result<[(key: FetchPartitionKey, partition: FetchSessionPartition)], Refusal> =
            self.state.withLock { state in
                if let refusal = Self.refusal(state.sessions[id], epoch: epoch, usesTopicIDs: usesTopicIDs) {
                    return .failure(refusal)
                }
                // Taken out and put back, so that its tables are changed in place and not copied.
                guard var session = state.sessions.removeValue(forKey: id) else { return .failure(.unknownSession) }
                for (key, partition) in changed { session.update(key, to: partition) }
                session.forget(forgotten)
                session.lastUsed = now
                session.advanceEpoch()
                // Kafka drops a session that has become empty.
                if session.count == 0 { return .success([]) }
                state.sessions[id] = session
                return .success(session.all)
            }
        return try outcome.get()
    }

    /// Takes the next request of a session that changes nothing, without looking at its partitions.
    func advance(_ id: Int32, epoch: Int32, usesTopicIDs: Bool, now: Int64) throws(Refusal) {
        let refusal = self.state.withLock { state -> Refusal? in
            if let refusal = Self.refusal(state.sessions[id], epoch: epoch, usesTopicIDs: usesTopicIDs) {
                return refusal
            }
            state.sessions[id]?.lastUsed = now
            state.sessions[id]?.advanceEpoch()
            return nil
        }
        if let refusal { throw refusal }
    }

    private static func refusal(_ session: FetchSession?, epoch: Int32, usesTopicIDs: Bool) -> Refusal? {
        guard let session else { return .unknownSession }
        if session.expectedEpoch != epoch { return .wrongEpoch }
        return session.usesTopicIDs == usesTopicIDs ? nil : .topicIDsInconsistent
    }

    func close(_ id: Int32) {
        self.state.withLock { $0.sessions[id] = nil }
    }

    /// As `FetchSession.select`; everything is selected when the session is gone by now.
    func select(_ id: Int32, answers: [FetchSession.Answer]) -> [Bool] {
        self.state.withLock { state in
            state.sessions[id]?.select(answers) ?? [Bool](repeating: true, count: answers.count)
        }
    }

    var count: Int { self.state.withLock { $0.sessions.count } }
}
