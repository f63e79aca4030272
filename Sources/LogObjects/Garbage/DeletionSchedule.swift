package import Metadata
package import Model

/// Carries out deletion intents: each when it is due, twice where a write may still arrive, a few at a time.
///
/// Intents come from a load and a watch of `gc/`. The key of one goes when all its passes are done: until then a
/// broker that takes over deletes again, which does no harm.
///
/// Sans-IO; the time is that of the intents.
package struct DeletionSchedule: Sendable {
    package enum Action: Sendable, Equatable {
        /// Delete these objects; `deleted` or `failed` follows.
        case delete(GarbageName, names: [String])
        /// Send the transaction; `updated` or `failed` follows.
        case update(GarbageName, MetadataTransaction)
        /// `timerFired` is wanted then; only the last one that was named counts.
        case setTimer(Timestamp)
    }

    private enum State: Sendable, Equatable {
        case waiting
        case deleting
        case updating
        /// Carried out as far as is known; its key will change or go.
        case updated
    }

    private struct Entry: Sendable {
        var revision: MetadataRevision
        var intent: DeletionIntent
        var state = State.waiting
    }

    /// Intents that are worked on at a time.
    package static let runningMax = 8

    private var entries: [GarbageName: Entry] = [:]

    package init() {}

    /// Intents that are known, for metrics.
    package var count: Int { self.entries.count }

    /// An intent is there, or changed.
    package mutating func observed(
        _ name: GarbageName,
        _ intent: DeletionIntent,
        revision: MetadataRevision,
        now: Timestamp
    ) -> [Action] {
        if let known = self.entries[name], known.revision >= revision { return [] }
        self.entries[name] = Entry(revision: revision, intent: intent)
        return self.advance(now)
    }

    /// The key of an intent is gone.
    package mutating func removed(_ name: GarbageName, now: Timestamp) -> [Action] {
        self.entries[name] = nil
        return self.advance(now)
    }

    package mutating func timerFired(now: Timestamp) -> [Action] { self.advance(now) }

    /// The objects are deleted.
    package mutating func deleted(_ name: GarbageName, now: Timestamp) -> [Action] {
        guard let entry = self.entries[name], entry.state == .deleting else { return self.advance(now) }
        self.entries[name]?.state = .updating
        var operation = MetadataOperation.delete(.key(name.key))
        if entry.intent.passes > 1 {
            let next = DeletionIntent(
                due: max(now, entry.intent.due) + DeletionIntent.repetitionMilliseconds,
                passes: entry.intent.passes - 1,
                attempts: entry.intent.attempts
            )
            operation = name.put(next)
        }
        let transaction = MetadataTransaction(
            compares: [.isUnchanged(name.key, since: entry.revision)],
            success: [operation]
        )
        return [.update(name, transaction)]
    }

    /// The transaction was carried out, or the intent is another one by now: the watch tells which.
    package mutating func updated(_ name: GarbageName, now: Timestamp) -> [Action] {
        if self.entries[name]?.state == .updating { self.entries[name]?.state = .updated }
        return self.advance(now)
    }

    /// A deletion or a transaction failed, or its outcome is not known: the pass is made again.
    package mutating func failed(_ name: GarbageName, now: Timestamp, delayMilliseconds: Int64) -> [Action] {
        guard let entry = self.entries[name] else { return self.advance(now) }
        switch entry.state {
        case .deleting, .updating:
            self.entries[name]?.state = .waiting
            self.entries[name]?.intent.due = now + delayMilliseconds
        case .waiting, .updated: break
        }
        return self.advance(now)
    }

    private mutating func advance(_ now: Timestamp) -> [Action] {
        var actions: [Action] = []
        var running = self.entries.values.count { $0.state == .deleting || $0.state == .updating }
        let waiting = self.entries.filter { $0.value.state == .waiting }
            .sorted { ($0.value.intent.due, $0.key.key) < ($1.value.intent.due, $1.key.key) }
        for (name, entry) in waiting {
            guard running < Self.runningMax else { break }
            guard entry.intent.due <= now else {
                actions.append(.setTimer(entry.intent.due))
                break
            }
            self.entries[name]?.state = .deleting
            running += 1
            actions.append(.delete(name, names: name.names(entry.intent)))
        }
        return actions
    }
}
