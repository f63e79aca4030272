package import Logging
internal import Model
internal import Synchronization
internal import Threads

/// The shared group-commit journal: one durable write for everything appended since the last one, independent of its
/// partition.
///
/// `append` queues an entry. A thread of the journal's own takes all that is queued, copies it into one aligned
/// buffer, writes it with `O_DIRECT|O_DSYNC` over blocks that exist already, and answers the round through
/// `onRound`. While a write is in flight the next entries gather, so the rounds grow with the load and nobody waits
/// for a timer.
///
/// The files form a ring (`JournalRing`). The engine copies entries into segments, forces these at a checkpoint and
/// then calls `recycle`. When every file holds data that no checkpoint vouches for, rounds wait: the queue fills and
/// `append` answers `.overloaded`. Needed space is never overwritten.
///
/// What goes wrong, and what it means:
/// - *full disk while the ring grows*: the round, everything queued and everything that its owners append until
///   they call `resume` is refused. The journal stays usable.
/// - *no descriptor or no kernel memory for the moment*: the same.
/// - *any other error of a write or a sync*: final. The round, everything queued and every later append is refused.
/// - *our bugs*, such as recycling what was not written, trap.
///
/// Lock order: a partition's lock → the queue's. The queue's and the ring's are never held together, and neither is
/// held during I/O or a callback. `onRound` runs on the journal's thread with no lock held, so it may take
/// partition locks.
///
/// Owns a thread: the opener must `close` it.
package final class Journal: Sendable {
    struct Queue {
        var entries: [JournalEntry] = []
        /// Payload bytes of `entries` and of what the writer holds.
        var bytes = 0
        var isSleeping = false
        var isClosed = false
        var failure: JournalError?
        /// Owners that met a full disk. Held strongly, so that an identity is not reused meanwhile.
        var suspended: [ObjectIdentifier: any AnyObject & Sendable] = [:]
    }

    package let settings: JournalSettings
    /// The most payload bytes of one entry: it must fit into an empty file.
    package let entryBytesMax: Int
    let queue = Mutex(Queue())
    let environment: EngineEnvironment
    let wake: any ThreadSemaphore
    let ring: JournalRing
    /// How long the writes took until they were durable.
    let writes = DurationHistogram()
    let writtenBytes = Atomic<UInt64>(0)
    private let thread = Mutex<(any RunningThread)?>(nil)

    private init(settings: JournalSettings, environment: EngineEnvironment, ring: JournalRing) {
        self.settings = settings
        self.environment = environment
        self.wake = environment.threads.makeSemaphore()
        self.ring = ring
        let overhead = 2 * JournalFormat.blockBytes + JournalFormat.entryHeaderBytes
        self.entryBytesMax = min(Int(settings.fileBytes) - overhead, JournalFormat.bodyBytesMax - overhead)
    }

    /// Opens the journal of a directory, creating the directory but no file: the first round does that. The caller
    /// holds the lock of the data directory.
    ///
    /// Run the replay, and make what it yields durable elsewhere, before the first `recycle`; appends may come before.
    ///
    /// - Parameter beforeFirstFile: called before a file is created, at least until it has succeeded once: makes the
    ///   names above the journal durable.
    /// - Parameter onRound: called on the journal's thread for each round, in order; no other round is written
    ///   meanwhile, so it hands long work on.
    /// - Parameter onCheckpointWanted: called on the journal's thread when more than half of the files, or
    ///   `replayBytesWanted`, are live, once per file begun, and again when a round has to wait for a file.
    /// - Throws: `JournalError.storage`, `.diskFull` or `.incompatible`.
    package static func open(
        directory: Directory,
        settings: JournalSettings,
        environment: EngineEnvironment = .system,
        logger: Logger,
        beforeFirstFile: @escaping @Sendable () throws(FileError) -> Void = {},
        onRound: @escaping @Sendable (JournalRound) -> Void,
        onCheckpointWanted: @escaping @Sendable () -> Void
    ) throws(JournalError) -> (journal: Journal, replay: JournalReplay) {
        var settings = settings
        settings.fileBytes = (max(settings.fileBytes, 64 << 10) + 4095) & ~4095
        settings.fileCountMax = max(settings.fileCountMax, 2)
        settings.roundBytesMax = min(max(settings.roundBytesMax, 4096), Int(settings.fileBytes) / 4)
        // Its name becomes durable with the first file.
        try JournalError.wrap { () throws(FileError) in try directory.make() }
        let inventory = try JournalInventory(
            directory: directory,
            settings: settings,
            newID: max(1, environment.random())
        )
        for path in inventory.cut {
            logger.error(
                "a journal file is shorter than it was made: acknowledged records may be lost",
                metadata: ["path": "\(path)", "madeWith": "\(settings.fileBytes)"]
            )
        }
        let ring = JournalRing(
            directory: directory,
            settings: settings,
            journalID: inventory.journalID,
            free: inventory.free,
            live: inventory.live,
            floor: inventory.floor,
            end: inventory.nextRound,
            space: environment.threads.makeSemaphore(),
            beforeFirstFile: beforeFirstFile
        )
        let replay = JournalReplay(
            directory: directory,
            journalID: inventory.journalID,
            sources: inventory.sources,
            floor: inventory.floor,
            isCut: !inventory.cut.isEmpty
        )
        let journal = Journal(settings: settings, environment: environment, ring: ring)
        let nextSequence = inventory.nextSequence
        // Not read from the ring on the new thread, which may come after the first `recycle`.
        let floorOnDisk = inventory.floor
        let thread = environment.threads.start(name: "journal") {
            var writer = JournalWriter(
                journal: journal,
                nextSequence: nextSequence,
                floorOnDisk: floorOnDisk,
                logger: logger,
                onRound: onRound,
                onCheckpointWanted: onCheckpointWanted
            )
            writer.run()
        }
        journal.thread.withLock { $0 = thread }
        return (journal, replay)
    }

    /// Queues an entry. Cheap and without I/O; call it with the partition's lock held, so that the order of a
    /// partition's entries is the order of their offsets.
    ///
    /// - Returns: anything but `.queued` means that the journal has not taken it and will not answer it.
    package func append(_ entry: JournalEntry) -> JournalAppendOutcome {
        let bytes = entry.byteCount
        guard bytes <= self.entryBytesMax else { return .tooLarge }
        let (outcome, mustWake) = self.queue.withLock { queue -> (JournalAppendOutcome, Bool) in
            if queue.failure != nil { return (.failed, false) }
            if queue.isClosed { return (.closed, false) }
            if !queue.suspended.isEmpty, queue.suspended[ObjectIdentifier(entry.owner)] != nil {
                return (.diskFull, false)
            }
            // One entry is always let in, or one above the limit never would be.
            if queue.bytes > 0 && queue.bytes + bytes > self.settings.queueBytesMax {
                return (.overloaded, false)
            }
            queue.entries.append(entry)
            queue.bytes += bytes
            defer { queue.isSleeping = false }
            return (.queued, queue.isSleeping)
        }
        if mustWake { self.wake.signal() }
        return outcome
    }

    /// Takes entries of `owner` again after `onRound` answered some with `.diskFull`.
    ///
    /// Call it, under the partition's lock, once the partition has taken back the offsets of what was refused: until
    /// then a later entry would be written with a hole before it.
    package func resume(_ owner: any AnyObject & Sendable) {
        self.queue.withLock { _ = $0.suspended.removeValue(forKey: ObjectIdentifier(owner)) }
    }

    /// Whether `owner` met a full disk and has not been resumed yet.
    package func isSuspended(_ owner: any AnyObject & Sendable) -> Bool {
        self.queue.withLock { $0.suspended[ObjectIdentifier(owner)] != nil }
    }

    /// Declares everything before `position` durable elsewhere. Whole files before it go back into the ring.
    ///
    /// The new floor reaches the disk with the next round or with `close`; after a crash before that, a replay yields
    /// the entries again.
    ///
    /// - Parameter position: at most `end`; one below an earlier call's is ignored.
    package func recycle(before position: JournalPosition) {
        self.ring.recycle(before: position)
    }

    /// What the files hold of the rounds from the floor to `position`, to be read while the journal writes. Nothing
    /// may be recycled until it has been read.
    package func contents(before position: JournalPosition) -> JournalReplay {
        let (live, floor) = self.ring.contents
        return JournalReplay(
            directory: self.ring.directory,
            journalID: self.ring.journalID,
            sources: live.map {
                JournalReplay.Source(
                    name: $0.name,
                    sequence: $0.sequence,
                    firstRound: $0.firstRound,
                    sizeBytes: $0.sizeBytes
                )
            },
            floor: floor,
            end: position.round
        )
    }

    /// The position of the next round. All rounds before it are durable; those may still be on their way through
    /// `onRound`, so a checkpoint goes by `JournalRound.end` or, right after opening, by this.
    package var end: JournalPosition { JournalPosition(round: self.ring.end) }

    /// Bytes that a replay would read now.
    package var usedBytes: Int64 { self.ring.usedBytes }

    /// Payload bytes queued or being written.
    package var queuedBytes: Int { self.queue.withLock { $0.bytes } }

    /// Why the journal refuses everything, if it does.
    package var failure: JournalError? { self.queue.withLock { $0.failure } }

    /// Refuses new entries, writes and answers the queued ones and waits for the thread's end. Entries that find no
    /// free file are answered with `.closed`. Blocking; not from a callback. Does nothing the second time.
    package func close() {
        let thread = self.thread.withLock { thread -> (any RunningThread)? in
            defer { thread = nil }
            return thread
        }
        guard let thread else { return }
        let mustWake = self.queue.withLock { queue -> Bool in
            queue.isClosed = true
            defer { queue.isSleeping = false }
            return queue.isSleeping
        }
        if mustWake { self.wake.signal() }
        self.ring.wakeWriter()
        thread.join()
    }
}
