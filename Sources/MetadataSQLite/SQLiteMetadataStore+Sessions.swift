internal import GRDB
package import Metadata
internal import Synchronization

extension SQLiteMetadataStore {
    package func openSession(timeToLive: Duration) async throws(MetadataError) -> MetadataSession {
        // Whole milliseconds are stored; a session that ends at once would be useless.
        let milliseconds = max(1, Self.milliseconds(timeToLive))
        let granted = Duration.milliseconds(milliseconds)
        return try await self.perform { db, _ in
            var id: Int64 = 0
            var payload: [UInt8] = []
            try db.inTransaction(.immediate) {
                try db.execute(sql: "INSERT INTO session (ttl_ms) VALUES (?)", arguments: [milliseconds])
                id = db.lastInsertedRowID
                payload = MirrorRecord.sessionOpened(MetadataSessionID(id), milliseconds: milliseconds).encoded()
                try self.mirror.withLock { try $0.reserve(payloadBytes: payload.count) }
                return .commit
            }
            try self.appendToMirror(payload)
            let session = MetadataSession(id: MetadataSessionID(id), timeToLive: granted)
            self.state.withLock {
                $0.sessions[session.id] = SessionState(timeToLive: granted, deadline: self.now() + granted)
            }
            return session
        }
    }

    package func keepAlive(_ session: MetadataSessionID) async throws(MetadataError) {
        // On the queue, after what is overdue was removed: a late call cannot bring a session back.
        try await self.perform { _, _ in
            try self.state.withLock { state in
                guard let known = state.sessions[session] else { throw Self.notFound(session) }
                state.sessions[session]?.deadline = self.now() + known.timeToLive
            }
        }
    }

    package func closeSession(_ session: MetadataSessionID) async throws(MetadataError) {
        try await self.perform { db, revision in
            guard self.state.withLock({ $0.sessions[session] != nil }) else { return }
            try self.end(session, db, before: revision)
        }
    }

    /// Ends the sessions whose time has come. Every other call does so first; this is for the times without calls.
    package func expireSessions() async throws(MetadataError) {
        try await self.perform { _, _ in }
    }

    /// Ends sessions when their time comes, until the task is cancelled or the store closed.
    package func runSessionExpiry() async throws(MetadataError) {
        while !Task.isCancelled {
            let next = self.state.withLock { $0.sessions.values.map(\.deadline).min() }
            let wait = next.map { $0 - self.now() } ?? .seconds(1)
            do {
                try await Task.sleep(for: min(max(wait, .milliseconds(10)), .seconds(1)))
            } catch {
                return
            }
            if next != nil { try await self.expireSessions() }
        }
    }

    /// On the database's queue, before anything else is done there.
    func endOverdueSessions(_ db: Database) throws {
        let now = self.now()
        let overdue = self.state.withLock { state in
            state.sessions.filter { $0.value.deadline <= now }.keys.sorted { $0.rawValue < $1.rawValue }
        }
        for session in overdue {
            try self.end(session, db, before: self.state.withLock { $0.revision })
        }
    }

    /// Deletes a session and its keys, in one revision.
    private func end(_ session: MetadataSessionID, _ db: Database, before revision: MetadataRevision) throws {
        _ = try self.change(db, before: revision, ended: session, frees: true) { try $0.deleteKeys(of: session) }
    }

    func checkSessions(of operations: [MetadataOperation]) throws {
        for case .put(_, _, let session?) in operations {
            guard self.state.withLock({ $0.sessions[session] != nil }) else { throw Self.notFound(session) }
        }
    }

    /// The largest ID that a session was ever granted; 0 before the first.
    static func lastSessionID(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'session'") ?? 0
    }

    private static func notFound(_ session: MetadataSessionID) -> MetadataError {
        MetadataError(.sessionNotFound, "Session \(session) does not exist or has expired.")
    }

    static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        // A year is longer than any session needs, and keeps the sums small.
        return min(max(seconds, 0), 31_536_000) * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
