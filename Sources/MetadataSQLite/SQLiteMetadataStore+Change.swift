internal import GRDB
internal import Metadata
internal import Synchronization

extension SQLiteMetadataStore {
    /// Changes the database in one transaction, then the mirror, then shows the change to watches. On the database's
    /// queue.
    ///
    /// The mirror has room for the change before the database commits, so a full disk changes nothing. A mirror that
    /// cannot be written after that ends the store's service, as a database that cannot be written does.
    ///
    /// - Parameters:
    ///   - ended: a session that the change ends.
    ///   - frees: whether it deletes something, so that it may use the room that is kept for a full disk.
    func change(
        _ db: Database,
        before revision: MetadataRevision,
        ended: MetadataSessionID? = nil,
        frees: Bool,
        _ body: (inout TransactionRun) throws -> Void
    ) throws -> TransactionRun {
        do {
            return try self.changeOnce(db, before: revision, ended: ended, body)
        } catch {
            guard frees, Self.mapped(error, path: self.database.path).code == .diskFull, self.reserve.release() else {
                throw error
            }
            return try self.changeOnce(db, before: revision, ended: ended, body)
        }
    }

    private func changeOnce(
        _ db: Database,
        before revision: MetadataRevision,
        ended: MetadataSessionID?,
        _ body: (inout TransactionRun) throws -> Void
    ) throws -> TransactionRun {
        var run = TransactionRun(db: db, before: revision, digest: self.state.withLock { $0.digest })
        var payload: [UInt8] = []
        try db.inTransaction(.immediate) {
            try body(&run)
            if let ended { try db.execute(sql: "DELETE FROM session WHERE id = ?", arguments: [ended.rawValue]) }
            try run.storeRevision()
            if !run.events.isEmpty || ended != nil {
                payload = MirrorRecord.change(run.revision, run.events, ended: ended).encoded()
                try self.mirror.withLock { try $0.reserve(payloadBytes: payload.count) }
            }
            return .commit
        }
        if !payload.isEmpty { try self.appendToMirror(payload) }
        let digest = run.digest
        self.state.withLock { state in
            state.digest = digest
            if let ended { state.sessions[ended] = nil }
        }
        self.publish(run.events, revision: run.revision)
        try self.rewriteOutgrownMirror(db)
        self.reserve.refill()
        return run
    }

    /// The database has committed: what cannot be appended now ends the service.
    func appendToMirror(_ payload: [UInt8]) throws {
        do {
            try self.mirror.withLock { try $0.append(payload) }
        } catch {
            throw self.stop(error)
        }
    }

    private func rewriteOutgrownMirror(_ db: Database) throws {
        guard self.mirror.withLock({ $0.isOutgrown }) else { return }
        let (revision, sessions) = self.state.withLock { state in
            (state.revision, state.sessions.mapValues { Self.milliseconds($0.timeToLive) })
        }
        let contents = MetadataContents(
            revision: revision,
            entries: try Self.entries(db, .all, limit: 0, revision: revision).entries,
            sessions: sessions,
            lastSessionID: try Self.lastSessionID(db)
        )
        do {
            try self.mirror.withLock { mirror in
                mirror = try MetadataMirror(path: OpenedDatabase.mirrorPath(self.database.path), contents: contents)
            }
        } catch {
            // On a full disk the longer one stays in use.
            if Self.mapped(error, path: self.database.path).code != .diskFull { throw self.stop(error) }
        }
    }

    private func stop(_ error: any Error) -> MetadataError {
        let mapped = Self.mapped(error, path: self.database.path)
        let failure = MetadataError(.unavailable, mapped.message)
        self.fail(failure)
        return failure
    }
}

extension MetadataOperation {
    var isDeletion: Bool {
        if case .delete = self { true } else { false }
    }
}
