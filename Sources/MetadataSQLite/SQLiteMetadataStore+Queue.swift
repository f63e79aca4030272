internal import GRDB
internal import Metadata
internal import Synchronization

extension SQLiteMetadataStore {
    /// Runs work on the database's queue, after ending overdue sessions. Not cancelled with the task: a commit's
    /// outcome is always the real one. The work gets the current revision.
    func perform<Value: Sendable>(
        _ work: @escaping @Sendable (Database, MetadataRevision) throws -> Value
    ) async throws(MetadataError) -> Value {
        let result: Result<Value, MetadataError> = await withCheckedContinuation { continuation in
            self.database.asyncWriteWithoutTransaction { db in
                continuation.resume(returning: self.attempt(db, work))
            }
        }
        return try result.get()
    }

    private func attempt<Value: Sendable>(
        _ db: Database,
        _ work: (Database, MetadataRevision) throws -> Value
    ) -> Result<Value, MetadataError> {
        if let failure = self.state.withLock({ $0.failure }) { return .failure(failure) }
        do {
            try self.endOverdueSessions(db)
            return .success(try work(db, self.state.withLock { $0.revision }))
        } catch {
            let mapped = Self.mapped(error, path: self.database.path)
            if mapped.code == .unavailable || mapped.code == .corrupt, error is DatabaseError {
                self.fail(mapped)
            }
            return .failure(mapped)
        }
    }

    /// Stops serving; the first reason stays.
    func fail(_ error: MetadataError) {
        self.state.withLock { state in
            if state.failure == nil { state.failure = error }
        }
        self.watches.fail(error)
    }

    static func mapped(_ error: any Error, path: String) -> MetadataError {
        if let error = error as? MetadataError { return error }
        guard let error = error as? DatabaseError else {
            return MetadataError(.unavailable, "\(path): \(error)")
        }
        let reason = "\(path): \(error.message ?? "error") (SQLite \(error.extendedResultCode.rawValue))"
        switch error.resultCode {
        case .SQLITE_FULL: return MetadataError(.diskFull, reason)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return MetadataError(.corrupt, reason)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return MetadataError(.locked, "\(path) is open in another process.")
        default: return MetadataError(.unavailable, reason)
        }
    }
}
