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
        private(set) var sessions: [Int32: FetchSession] = [:]
        /// Of all sessions.
        private(set) var partitionCount = 0
        var evictions: UInt64 = 0

        mutating func insert(_ session: FetchSession) {
            self.sessions[session.id] = session
            self.partitionCount += session.count
        }

        mutating func remove(_ id: Int32) -> FetchSession? {
            let session = self.sessions.removeValue(forKey: id)
            self.partitionCount -= session?.count ?? 0
            return session
        }

        /// Changes a session without changing which partitions it has.
        mutating func change<Result>(_ id: Int32, _ body: (inout FetchSession) -> Result) -> Result? {
            guard let index = self.sessions.index(forKey: id) else { return nil }
            return body(&self.sessions.values[index])
        }
    }

    /// `max.incremental.fetch.session.cache.slots`
    private let slots: Int
    /// Partitions of all sessions; a client whose session finds no room names its partitions in each request.
    private let partitionsMax: Int
    private let state = Mutex(State())

    init(slots: Int, partitionsMax: Int = .max) {
        self.slots = slots
        self.partitionsMax = partitionsMax
    }

    /// Opens a session for a full fetch; `nil` when every slot is taken by a session in use, or there is no room for
    /// its partitions.
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
                _ = state.remove(oldest.id)
                state.evictions += 1
            }
            guard partitions.count <= self.partitionsMax - state.partitionCount else { return nil }
            var id = makeID()
            while id <= 0 || state.sessions[id] != nil { id = makeID() }
            var session = FetchSession(id: id, usesTopicIDs: usesTopicIDs, now: now)
            for (key, partition) in partitions { session.update(key, to: partition) }
            state.insert(session)
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
                guard var session = state.remove(id) else { return .failure(.unknownSession) }
                for (key, partition) in changed { session.update(key, to: partition) }
                session.forget(forgotten)
                session.lastUsed = now
                session.advanceEpoch()
                // Kafka drops a session that has become empty.
                if session.count == 0 { return .success([]) }
                // The client opens another one, which is refused where there is no room.
                guard session.count <= self.partitionsMax - state.partitionCount else {
                    return .failure(.unknownSession)
                }
                state.insert(session)
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
            state.change(id) { session in
                session.lastUsed = now
                session.advanceEpoch()
            }
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
        self.state.withLock { _ = $0.remove(id) }
    }

    /// As `FetchSession.select`; everything is selected when the session is gone by now.
    func select(_ id: Int32, answers: [FetchSession.Answer]) -> [Bool] {
        self.state.withLock { state in
            state.change(id) { $0.select(answers) } ?? [Bool](repeating: true, count: answers.count)
        }
    }

    var count: Int { self.state.withLock { $0.sessions.count } }
}
