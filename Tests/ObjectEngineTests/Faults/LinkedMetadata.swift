import LogObjects
import Metadata
import MetadataTestSupport
import NIOCore
import Synchronization

/// etcd as a broker reaches it over its link.
final class LinkedMetadata: MetadataStore {
    private let link: BrokerLink

    init(_ link: BrokerLink) { self.link = link }

    private static let lost = MetadataError(.unavailable, "the connection was lost")

    private func reach() async throws(MetadataError) {
        await self.link.waitWhilePaused()
        if self.link.isDead { throw Self.lost }
    }

    func get(_ key: MetadataKey) async throws(MetadataError) -> MetadataGetResult {
        try await self.reach()
        return try await self.link.metadata.get(key)
    }

    func range(_ range: MetadataKeyRange, limit: Int) async throws(MetadataError) -> MetadataRangeResult {
        try await self.reach()
        return try await self.link.metadata.range(range, limit: limit)
    }

    func commit(_ transaction: MetadataTransaction) async throws(MetadataError) -> MetadataOutcome {
        try await self.reach()
        let kind = TransactionKind(transaction)
        let phase = self.link.state.withLock { $0.phase }
        guard self.link.reaches(FaultPoint.before(kind, phase)) else { throw Self.lost }
        await self.link.mayPause(at: FaultPoint.before(kind, phase))
        if self.link.isDead { throw Self.lost }
        if let forged = self.forged(transaction, kind) { return forged }
        let sent = self.mistaken(transaction, kind)
        if kind == .commit, !self.link.reaches(.txnSent) { throw Self.lost }
        let fate = kind == .forget ? .carriedOut : self.link.fate()
        if fate == .requestLost { throw self.undecided() }
        let outcome = try await self.link.metadata.commit(sent)
        self.link.state.withLock { state in
            if kind == .commit, state.random.chance(20) { state.lateTransactions.append(sent) }
        }
        if kind == .commit, !self.link.reaches(.txnApplied) { throw Self.lost }
        // Answered, and the broker ends before it does anything else.
        if kind == .commit, !self.link.reaches(.acked) { return outcome }
        if fate == .answerLost { throw self.undecided() }
        return outcome
    }

    /// A full etcd says so of transactions that it carried out, too.
    private func undecided() -> MetadataError {
        let isFull = self.link.state.withLock { $0.random.chance(30) }
        return isFull ? MetadataError(.diskFull, "etcdserver: mvcc: database space exceeded") : Self.lost
    }

    /// An answer to what was not carried out.
    private func forged(_ transaction: MetadataTransaction, _ kind: TransactionKind) -> MetadataOutcome? {
        let mistake = self.link.state.withLock { $0.mistake }
        let revision = self.link.metadata.state.withLock { $0.etcd.revision }
        switch (mistake, kind) {
        case (.trimBeforeHeads, .heads):
            return MetadataOutcome(succeeded: true, revision: revision, responses: [])
        case (.acknowledgeBeforeCommit, .commit):
            let before = self.link.state.withLock { state in
                defer { state.heldCommit = transaction }
                return state.heldCommit
            }
            if let before { self.link.metadata.state.withLock { _ = $0.etcd.commit(before) } }
            return MetadataOutcome(succeeded: true, revision: revision, responses: [])
        default: return nil
        }
    }

    private func mistaken(_ transaction: MetadataTransaction, _ kind: TransactionKind) -> MetadataTransaction {
        var transaction = transaction
        switch (self.link.state.withLock { $0.mistake }, kind) {
        case (.commitWithoutFence, .commit):
            transaction.compares.removeAll { $0.key.hasPrefix(EngineKeys.ownerships) }
        case (.swapWithoutCompare, .heads): transaction.compares = []
        case (.collectByAge, .commit): self.link.collectByAge()
        default: break
        }
        return transaction
    }

    func watch(_ range: MetadataKeyRange, from: MetadataRevision) -> MetadataWatch {
        self.link.metadata.watch(range, from: from)
    }

    func requestProgress() async throws(MetadataError) {}

    func openSession(timeToLive: Duration) async throws(MetadataError) -> MetadataSession {
        try await self.link.metadata.openSession(timeToLive: timeToLive)
    }

    func keepAlive(_ session: MetadataSessionID) async throws(MetadataError) {}
    func closeSession(_ session: MetadataSessionID) async throws(MetadataError) {}
}

extension BrokerLink {
    /// Deletes what no commit record names, however young: what a collector does that goes by age.
    func collectByAge() {
        let named = self.metadata.entries(below: MetadataKey("c/")).compactMap { entry -> String? in
            guard let (writer, sequence) = EngineKeys.commit(of: entry.key),
                let record = try? CommitRecord(decoding: ByteBuffer(bytes: entry.value))
            else { return nil }
            return FlushObjectName(writer: writer, sequence: sequence, attempt: record.attempt).description
        }
        let kept = Set(named)
        self.objects.state.withLock { store in
            for name in store.objects.keys where FlushObjectName(name) != nil && !kept.contains(name) {
                store.objects[name] = nil
            }
        }
    }
}
