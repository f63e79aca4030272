package import Metadata
package import Model

/// What is left of an incarnation that is fenced: objects that it wrote and never committed, compacted objects that it
/// began, its commit records once nobody needs them, and its keys.
///
///     checking ── active ──► checking, later
///        │ fenced
///        ▼
///     reading ──► filing ──► referenced ── unreferenced ──► forgetting ──► done
///
/// An object that no record names is garbage only once its writer is fenced, and only by what its records are after
/// that: before, the writer may commit it at any time, however old it is. So the order of these states is what makes
/// deleting safe; no clock and no listing has a part in it. Names are enumerated. Nothing is deleted here: intents are
/// filed, with two passes for writes that may still be on their way (`DeletionSchedule`).
///
/// Sans-IO. After a failure the cleanup begins from the start again; each step can be taken twice.
package struct IncarnationCleanup: Sendable {
    /// What the shell does next.
    package enum Action: Sendable, Equatable {
        /// Read `own/`, and nothing else before the answer is here.
        case readOwnership
        /// Read, now: `floor/`, all of `c/` and all of `o/` of the incarnation.
        case readRecords
        /// Send the transaction; `committed` with its outcome.
        case commit(MetadataTransaction)
        /// `ownershipRead` is wanted when its key changes; nothing to do before.
        case waitForFence
        /// `unreferenced` is wanted when no partition names the incarnation as owner or predecessor.
        case waitForReferences
        case done
    }

    private enum State: Sendable, Equatable {
        case checking
        case reading
        /// Transactions that are left, the first of them under way.
        case filing([MetadataTransaction])
        case referenced
        case rereading
        case forgetting(MetadataTransaction)
        case done
    }

    package let incarnation: Incarnation
    /// Flushes that may have been under way behind the last committed one (`CommitPipeline.Limits.flushesMax`).
    private let flushesMax: Int
    private var state = State.checking
    private var isUnreferenced = false

    package init(_ incarnation: Incarnation, flushesMax: Int = CommitPipeline.Limits().flushesMax) {
        self.incarnation = incarnation
        self.flushesMax = flushesMax
    }

    package var isDone: Bool { self.state == .done }

    package mutating func begin() -> Action {
        self.state = .checking
        return .readOwnership
    }

    /// - Parameter value: of the key `own/`; `nil` when it is gone.
    package mutating func ownershipRead(_ value: [UInt8]?) -> Action {
        guard self.state == .checking else { return self.pending }
        guard let value else {
            // Who removed it had done all of this before, in one transaction with the last of it.
            self.state = .done
            return .done
        }
        guard value == OwnershipState.fenced.value else { return .waitForFence }
        self.state = .reading
        return .readRecords
    }

    /// What was read after the fence.
    ///
    /// - Parameters:
    ///   - floor: the value of `floor/`.
    ///   - records: `TakeOver.records`.
    ///   - objects: of `o/`, as they are.
    ///   - now: for readers' grace only.
    package mutating func recordsRead(
        floor: [UInt8]?,
        _ records: [(sequence: Int64, record: CommitRecord)],
        objects: [CompactedObjectName: StoredObject],
        now: Timestamp
    ) -> Action {
        switch self.state {
        case .reading:
            var transactions = [self.orphans(floor: floor, records, now: now)]
            let open = objects.filter { $0.value.value.isOpen }.keys.sorted()
            for start in stride(from: 0, to: open.count, by: 40) {
                transactions.append(self.close(open[start..<min(start + 40, open.count)], objects, now: now))
            }
            self.state = .filing(transactions)
            return .commit(transactions[0])
        case .rereading:
            let transaction = self.forget(records, now: now)
            self.state = .forgetting(transaction)
            return .commit(transaction)
        case .checking, .filing, .referenced, .forgetting, .done: return self.pending
        }
    }

    package mutating func committed(_ outcome: MetadataOutcome) -> Action {
        switch self.state {
        case .filing(var transactions):
            // An o/ that changed meanwhile was closed by another one who cleans up; look again.
            guard outcome.succeeded else { return self.begin() }
            transactions.removeFirst()
            if let next = transactions.first {
                self.state = .filing(transactions)
                return .commit(next)
            }
            self.state = .referenced
            return self.isUnreferenced ? self.reread() : .waitForReferences
        case .forgetting:
            guard outcome.succeeded else { return self.begin() }
            self.state = .done
            return .done
        case .checking, .reading, .referenced, .rereading, .done: return self.pending
        }
    }

    /// No partition names the incarnation any more; since it is fenced, none will.
    package mutating func unreferenced() -> Action? {
        self.isUnreferenced = true
        return self.state == .referenced ? self.reread() : nil
    }

    private mutating func reread() -> Action {
        self.state = .rereading
        return .readRecords
    }

    /// A read or a transaction failed, or its outcome is not known: it is tried again.
    package mutating func failed() -> Action { self.pending }

    private var pending: Action {
        switch self.state {
        case .checking: .readOwnership
        case .reading, .rereading: .readRecords
        case .filing(let transactions): .commit(transactions[0])
        case .referenced: .waitForReferences
        case .forgetting(let transaction): .commit(transaction)
        case .done: .done
        }
    }

    // MARK: Transactions

    private var isFenced: MetadataCompare {
        MetadataCompare(EngineKeys.ownership(self.incarnation), .equal, .value(OwnershipState.fenced.value))
    }

    /// Files every name that the incarnation may have written and no record has.
    private func orphans(
        floor: [UInt8]?,
        _ records: [(sequence: Int64, record: CommitRecord)],
        now: Timestamp
    ) -> MetadataTransaction {
        let floor = Self.sequence(floor)
        let first = max(0, floor - Int64(self.flushesMax))
        let next = max(floor, records.last.map { $0.sequence + 1 } ?? 0)
        let committed = Dictionary(uniqueKeysWithValues: records.map { ($0.sequence, $0.record.attempt) })
        let attempts = (first..<next + Int64(self.flushesMax)).map { sequence in
            committed[sequence].map { DeletionIntent.allAttempts & ~(1 << UInt8($0)) } ?? DeletionIntent.allAttempts
        }
        var intent = DeletionIntent.unfinished(now: now, attempts: attempts)
        // Those before the floor were records not long ago.
        if first < floor { intent.due = now + DeletionIntent.graceMilliseconds }
        return MetadataTransaction(
            compares: [self.isFenced],
            success: [GarbageName.uncommitted(self.incarnation, first: first).put(intent)]
        )
    }

    /// Closes objects that the incarnation had not finished: nothing refers to them any more than now.
    private func close(
        _ names: ArraySlice<CompactedObjectName>,
        _ objects: [CompactedObjectName: StoredObject],
        now: Timestamp
    ) -> MetadataTransaction {
        var transaction = MetadataTransaction(compares: [self.isFenced], success: [])
        for name in names {
            guard let stored = objects[name] else { continue }
            let key = EngineKeys.object(name)
            transaction.compares.append(.isUnchanged(key, since: stored.revision))
            if stored.value.partitionCount > 0 {
                var value = stored.value
                value.isOpen = false
                transaction.success.append(.put(key: key, value: value.encoded()))
            } else {
                transaction.success.append(.delete(.key(key)))
                transaction.success.append(GarbageName.compacted(name).put(.unfinished(now: now)))
            }
        }
        return transaction
    }

    /// Removes what etcd has of the incarnation; the objects of its records are garbage with them.
    private func forget(
        _ records: [(sequence: Int64, record: CommitRecord)],
        now: Timestamp
    ) -> MetadataTransaction {
        var success: [MetadataOperation] = [
            .delete(.prefix(EngineKeys.commits(self.incarnation))),
            .delete(.key(EngineKeys.floor(self.incarnation))),
            .delete(.key(EngineKeys.ownership(self.incarnation))),
        ]
        if let first = records.first?.sequence {
            let intent = DeletionIntent.afterGrace(now: now, attempts: records.map { 1 << UInt8($0.record.attempt) })
            success.append(GarbageName.flushes(self.incarnation, first: first).put(intent))
        }
        return MetadataTransaction(compares: [self.isFenced], success: success)
    }

    private static func sequence(_ floor: [UInt8]?) -> Int64 {
        guard let floor, floor.count == 8 else { return 0 }
        return Int64(exactly: EngineKeys.number(floor[...])) ?? 0
    }
}
