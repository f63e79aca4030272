/// What happens to a partition's batches after they got their offsets: who moves them on, and what stands in their way.
///
/// Batches move in order, so where one is follows from its offset (`PartitionState` has the table), and this machine
/// says what is under way for all of them:
///
/// ```
///              journaled                                 skips the journal
///                  │ journalTook                                 │ appendedUnjournaled
///                  ▼                                             ▼
///          queued in the journal                    scheduled: the writer or a loop will write
///        │                      │                                │
///        │ journalAnswered      │ journalRefused                 │
///        ▼                      ▼                                │
///   gathered until       refusing appends until                  │
///   it is worth a write  all is answered ── rolledBack ─► free   │
///        │                                                       │
///        └──────────────► being written ◄────────────────────────┘
///                          │    │     ▲
///                     wrote│    │writeStalled (disk full): appends are refused,
///                          │    └─────┘ and the keeper tries again until wrote
///                          ▼
///                      dirty ── forced by a checkpoint ─► evictable ── memory is wanted ─► evicted
///
/// From every state:  failed ── salvaged      storage failed: nothing is written any more; the next checkpoint
///                                            puts what the journal has into a side file, and memory lets go
///                    removed                 the partition was deleted
/// ```
///
/// Gathering and scheduling are independent: journaled batches may gather while a loop is about to write others, so
/// that a checkpoint, which writes what is gathered, never waits for an event loop.
///
/// Every event may come in every state: journal, disk and deletion do not wait for each other. None traps.
package struct BatchLifecycle: ~Copyable {
    package enum State: Sendable, Equatable {
        case serving(Intake, Writing)
        /// Storage failed. Final until the process restarts.
        case failed
        /// What the journal has of a failed partition is in its side file.
        case salvaged
        case removed
    }

    /// Whether the journal takes batches.
    package enum Intake: Sendable, Equatable {
        case open
        /// The journal had no room for some batches. None may follow until all are answered and rolled back, or one
        /// would become durable behind a hole.
        case refusing
    }

    package enum Writing: Sendable, Equatable {
        case idle
        /// Durable batches wait until there is enough for a write or a checkpoint has them written.
        case gathered
        /// A write of batches that skip the journal is on its way, to the writer or to an event loop.
        case scheduled
        case scheduledAndGathered
        /// The last write met a full disk. What becomes durable meanwhile is gathered once more.
        case stalled
        case stalledAndGathered
    }

    package private(set) var state: State
    /// Entries that the journal has not answered yet.
    package private(set) var unanswered = 0

    /// - Parameter hasFailed: the start found the partition unusable.
    package init(hasFailed: Bool) {
        self.state = hasFailed ? .failed : .serving(.open, .idle)
    }

    /// Whether files may be written.
    package var isServing: Bool {
        if case .serving = self.state { return true }
        return false
    }

    /// Storage failed, whether or not the data is in a side file.
    package var hasFailed: Bool { self.state == .failed || self.state == .salvaged }

    package var isRemoved: Bool { self.state == .removed }

    /// A write met a full disk and has not succeeded since.
    package var isStalled: Bool {
        switch self.state {
        case .serving(_, .stalled), .serving(_, .stalledAndGathered): true
        default: false
        }
    }

    /// Whether appends are refused for want of room. What a partition out of service answers is not decided here.
    package var refusesAppends: Bool {
        if case .serving(.refusing, _) = self.state { return true }
        return self.isStalled
    }
}

// MARK: - Appends and the journal

extension BatchLifecycle {
    /// The journal has an entry in its queue.
    package mutating func journalTook() { self.unanswered += 1 }

    /// The journal did not take an entry, because one before it met a full disk: that one's answer is on its way.
    package mutating func journalIsFull() {
        if case .serving(_, let writing) = self.state { self.state = .serving(.refusing, writing) }
    }

    /// Batches that skip the journal got their offsets.
    ///
    /// - Returns: whether a write must be scheduled; otherwise one is on its way and takes them along.
    package mutating func appendedUnjournaled() -> Bool {
        guard case .serving(let intake, let writing) = self.state else { return false }
        switch writing {
        case .idle:
            self.state = .serving(intake, .scheduled)
            return true
        case .gathered:
            self.state = .serving(intake, .scheduledAndGathered)
            return true
        case .scheduled, .scheduledAndGathered, .stalled, .stalledAndGathered:
            return false
        }
    }

    package enum AnswerAction: Sendable, Equatable {
        /// They are durable: let readers see them, and gather the partition for the writer.
        case publishAndGather
        /// They are durable; the partition is gathered already.
        case publish
        /// The partition is out of service.
        case ignore
    }

    /// The journal made `count` entries durable.
    package mutating func journalAnswered(count: Int) -> AnswerAction {
        self.unanswered = max(0, self.unanswered - count)
        guard case .serving(let intake, let writing) = self.state else { return .ignore }
        switch writing {
        case .idle: self.state = .serving(intake, .gathered)
        // Also when a write is on its way: it may be an event loop's, for which no checkpoint waits.
        case .scheduled: self.state = .serving(intake, .scheduledAndGathered)
        case .stalled: self.state = .serving(intake, .stalledAndGathered)
        case .gathered, .scheduledAndGathered, .stalledAndGathered: return .publish
        }
        return .publishAndGather
    }

    /// The journal had no room for `count` entries.
    ///
    /// - Returns: whether all entries are answered, so that a rollback must follow.
    package mutating func journalRefused(count: Int) -> Bool {
        self.unanswered = max(0, self.unanswered - count)
        if case .serving(_, let writing) = self.state { self.state = .serving(.refusing, writing) }
        return self.unanswered == 0
    }

    /// The rollback is about to be done; appends are taken again after it.
    ///
    /// - Returns: whether there is anything to roll back: a failed partition's batches still fill memory, those of a
    ///   salvaged or removed one are gone.
    package mutating func rolledBack() -> Bool {
        switch self.state {
        case .serving(_, let writing):
            self.state = .serving(.open, writing)
            return true
        case .failed: return true
        case .salvaged, .removed: return false
        }
    }
}

// MARK: - Writes

extension BatchLifecycle {
    /// A write is finished.
    package mutating func wrote() {
        switch self.state {
        case .serving(let intake, .stalled): self.state = .serving(intake, .idle)
        case .serving(let intake, .stalledAndGathered): self.state = .serving(intake, .gathered)
        default: break
        }
    }

    /// Who writes has found nothing left to write.
    package mutating func wroteAll() {
        if case .serving(let intake, _) = self.state { self.state = .serving(intake, .idle) }
    }

    /// A write met a full disk.
    ///
    /// - Returns: whether it is the first since one succeeded, and worth a line in the log.
    package mutating func writeStalled() -> Bool {
        guard case .serving(let intake, _) = self.state else { return false }
        let wasStalled = self.isStalled
        self.state = .serving(intake, .stalled)
        return !wasStalled
    }
}

// MARK: - The end

extension BatchLifecycle {
    /// Storage failed.
    ///
    /// - Returns: whether this is news.
    @discardableResult
    package mutating func failed() -> Bool {
        guard self.isServing else { return false }
        self.state = .failed
        return true
    }

    package enum SalvageAction: Sendable, Equatable {
        case nothing
        /// The journal has not answered everything yet.
        case wait
        case salvage
    }

    /// What a checkpoint has to do before the journal may forget this partition's batches.
    package var salvageAction: SalvageAction {
        guard self.state == .failed else { return .nothing }
        return self.unanswered > 0 ? .wait : .salvage
    }

    /// The side file has what the journal had.
    package mutating func salvaged() {
        if self.state == .failed { self.state = .salvaged }
    }

    /// The partition was deleted.
    package mutating func removed() { self.state = .removed }
}
