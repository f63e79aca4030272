internal import Logging
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization
internal import Threads

/// The journal's thread: takes what is queued, writes rounds, answers them.
struct JournalWriter: ~Copyable {
    /// The file that is being written.
    private struct Current {
        var slot: JournalRing.Slot
        var file: File
        /// Opened with `O_DIRECT|O_DSYNC`; otherwise each write is followed by fdatasync.
        var isDirect: Bool
        /// Where the next round goes.
        var position: Int64
        var askedForPreparation = false
    }

    private let journal: Journal
    private let ring: JournalRing
    private let settings: JournalSettings
    private let logger: Logger
    private let onRound: @Sendable (JournalRound) -> Void
    private let onCheckpointWanted: @Sendable () -> Void
    private let buffer: AlignedBuffer
    private var nextSequence: UInt64
    private var current: Current?
    private var writtenFloor: UInt64
    private var usesDirect: Bool
    private var preparer: IOThread<Void>?

    init(
        journal: Journal,
        nextSequence: UInt64,
        floorOnDisk: UInt64,
        logger: Logger,
        onRound: @escaping @Sendable (JournalRound) -> Void,
        onCheckpointWanted: @escaping @Sendable () -> Void
    ) {
        self.journal = journal
        self.ring = journal.ring
        self.settings = journal.settings
        self.logger = logger
        self.onRound = onRound
        self.onCheckpointWanted = onCheckpointWanted
        self.buffer = AlignedBuffer(byteCount: journal.settings.roundBytesMax)
        self.nextSequence = nextSequence
        self.writtenFloor = floorOnDisk
        self.usesDirect = journal.settings.usesDirect
    }

    mutating func run() {
        while let entries = self.take() {
            var rest = entries[...]
            while !rest.isEmpty {
                let count = self.fitting(rest)
                let round = rest.prefix(count)
                rest = rest.dropFirst(count)
                let number = self.ring.end
                do throws(JournalError) {
                    try self.write(round, number: number)
                } catch {
                    self.fail(round, rest, error)
                    break
                }
                self.release(round)
                self.onRound(JournalRound(entries: round, position: JournalPosition(round: number), error: nil))
            }
        }
        self.recordFloor()
        self.preparer?.shutdown()
        if let file = self.current?.file { _ = try? file.close() }
    }

    /// Everything that is queued; waits for the first entry. `nil` when the journal is closed and drained.
    private func take() -> [JournalEntry]? {
        while true {
            var entries: [JournalEntry] = []
            let isClosed = self.journal.queue.withLock { queue -> Bool in
                swap(&entries, &queue.entries)
                queue.isSleeping = entries.isEmpty && !queue.isClosed
                return queue.isClosed
            }
            if !entries.isEmpty { return entries }
            if isClosed { return nil }
            self.journal.wake.wait()
            if self.settings.gatherMicroseconds > 0 {
                let microseconds = min(self.settings.gatherMicroseconds, 100_000)
                self.journal.environment.threads.sleep(nanoseconds: microseconds * 1_000)
            }
        }
    }

    /// How many of the first entries go into one round: at least one.
    private func fitting(_ entries: ArraySlice<JournalEntry>) -> Int {
        var bytes = JournalFormat.headerBytes
        var count = 0
        for entry in entries {
            bytes += JournalFormat.entryBytes(payload: entry.byteCount)
            if count > 0 && bytes > self.settings.roundBytesMax { break }
            count += 1
        }
        return count
    }

    private func release(_ entries: ArraySlice<JournalEntry>) {
        let bytes = entries.reduce(0) { $0 + $1.byteCount }
        self.journal.queue.withLock { $0.bytes -= bytes }
    }
}

extension JournalWriter {
    /// Refuses a round and all that waits behind it, before anything else can be appended in its place.
    private func fail(_ round: ArraySlice<JournalEntry>, _ rest: ArraySlice<JournalEntry>, _ error: JournalError) {
        var later: [JournalEntry] = []
        let refused = round.count + rest.count
        let bytes = round.reduce(0) { $0 + $1.byteCount } + rest.reduce(0) { $0 + $1.byteCount }
        self.journal.queue.withLock { queue in
            swap(&later, &queue.entries)
            queue.bytes -= bytes + later.reduce(0) { $0 + $1.byteCount }
            switch error {
            case .diskFull, .transient:
                for entries in [round, rest, later[...]] {
                    for entry in entries { queue.suspended[ObjectIdentifier(entry.owner)] = entry.owner }
                }
            case .storage, .incompatible: queue.failure = error
            case .closed: break
            }
        }
        self.logger.error(
            "journal refuses a round",
            metadata: ["error": "\(error)", "entries": "\(refused + later.count)"]
        )
        let position = JournalPosition(round: self.ring.end)
        for entries in [round, rest, later[...]] where !entries.isEmpty {
            self.onRound(JournalRound(entries: entries, position: position, error: error))
        }
    }

    private mutating func write(_ entries: ArraySlice<JournalEntry>, number: UInt64) throws(JournalError) {
        let body = entries.reduce(0) { $0 + JournalFormat.entryBytes(payload: $1.byteCount) }
        let bytes = JournalFormat.padded(JournalFormat.headerBytes + body)
        try self.makeRoom(bytes, number: number)
        // An entry larger than a round gets memory of its own, which goes back to the system afterwards.
        let target = bytes <= self.buffer.bytes.count ? self.buffer : AlignedBuffer(byteCount: bytes)
        let memory = UnsafeMutableRawBufferPointer(rebasing: target.bytes[..<bytes])
        var end = JournalFormat.headerBytes
        var crc: UInt32 = 0
        for entry in entries {
            let payload = entry.byteCount
            let next = end + JournalFormat.entryBytes(payload: payload)
            let place = UnsafeMutableRawBufferPointer(rebasing: memory[end..<next])
            JournalFormat.encode(entry, payload: payload, into: place)
            // Entry by entry, while the copy is still in the cache.
            crc = JournalFormat.checksum(ofEntry: UnsafeRawBufferPointer(place), payload: payload, after: crc)
            end = next
        }
        precondition(end == JournalFormat.headerBytes + body, "the round has the size that was planned")
        if end < bytes {
            UnsafeMutableRawBufferPointer(rebasing: memory[end...])
                .initializeMemory(as: UInt8.self, repeating: 0)
        }
        guard let current = self.current else { preconditionFailure("makeRoom leaves a current file") }
        var floor = self.ring.floor
        // An empty round is not needed itself: when all before it is recycled, so is the file.
        if entries.isEmpty && floor == number { floor += 1 }
        let header = JournalFormat.RoundHeader(
            journalID: self.ring.journalID,
            sequence: current.slot.sequence,
            number: number,
            bodyBytes: body,
            bodyCRC: crc,
            entryCount: entries.count,
            floor: floor
        )
        JournalFormat.encode(header, into: memory)
        let time = self.journal.environment.time
        let began = time.monotonicNanoseconds
        try JournalError.wrap { () throws(FileError) in
            try Self.writeDurably(UnsafeRawBufferPointer(memory), to: current, at: current.position)
        }
        self.journal.writes.record(nanoseconds: time.monotonicNanoseconds - began)
        self.journal.writtenBytes.wrappingAdd(UInt64(bytes), ordering: .relaxed)
        self.writtenFloor = floor
        let position = current.position + Int64(bytes)
        self.current?.position = position
        self.ring.advance(end: number + 1, floor: floor, bytesInCurrent: position)
        self.prepareNext()
    }

    private static func writeDurably(
        _ bytes: UnsafeRawBufferPointer,
        to current: Current,
        at position: Int64
    ) throws(FileError) {
        try current.file.write(bytes, at: position)
        if !current.isDirect { try current.file.synchronizeData() }
    }

    /// Leaves a floor that moved since the last round in an empty round, so that a clean restart replays nothing.
    private mutating func recordFloor() {
        guard self.journal.failure == nil, self.ring.floor > self.writtenFloor else { return }
        do throws(JournalError) {
            try self.write([], number: self.ring.end)
        } catch {
            self.logger.warning("journal could not record its floor", metadata: ["error": "\(error)"])
        }
    }
}

extension JournalWriter {
    /// Makes `current` a file with room for a round, waiting for `recycle` when the ring is used up.
    private mutating func makeRoom(_ bytes: Int, number: UInt64) throws(JournalError) {
        if let current = self.current {
            let fits = current.position + Int64(bytes) <= current.slot.sizeBytes
            // Blocks that were never written cost a metadata update per write, so such a file is left early.
            let isPoor = !current.slot.isWritten && current.askedForPreparation && self.ring.hasWrittenFree
            if fits && !isPoor { return }
        }
        while true {
            switch self.ring.next() {
            case .slot(let slot):
                try self.begin(slot, number: number)
                return
            case .create(let name):
                let slot: JournalRing.Slot
                do throws(FileError) {
                    slot = try self.ring.create(name: name)
                } catch {
                    self.ring.abandon(name: name, returning: nil)
                    throw JournalError(error)
                }
                try self.begin(slot, number: number)
                return
            case .wait(let mustCheckpoint):
                if self.journal.queue.withLock({ $0.isClosed }) && mustCheckpoint { throw .closed }
                if mustCheckpoint { self.onCheckpointWanted() }
                self.ring.space.wait()
            }
        }
    }

    private mutating func begin(_ free: JournalRing.Slot, number: UInt64) throws(JournalError) {
        var slot = free
        slot.sequence = self.nextSequence
        slot.firstRound = number
        // Used up even if this fails: an unknown part of the header may be on disk.
        self.nextSequence += 1
        do throws(FileError) {
            self.current = try self.open(slot)
        } catch {
            // The old file must not be continued: a replay takes what it has from this round on for torn.
            self.current = nil
            self.ring.abandon(name: slot.name, returning: free)
            throw JournalError(error)
        }
        self.ring.begin(slot)
        if self.ring.isFilling { self.onCheckpointWanted() }
    }

    /// Opens a slot and makes the header of its new use durable.
    private mutating func open(_ slot: JournalRing.Slot) throws(FileError) -> Current {
        try self.ring.adoptFiles()
        JournalFormat.encode(
            JournalFormat.FileHeader(
                journalID: self.ring.journalID,
                sequence: slot.sequence,
                firstRound: slot.firstRound,
                floor: self.ring.floor,
                isWritten: slot.isWritten
            ),
            into: self.buffer.bytes
        )
        let block = UnsafeRawBufferPointer(rebasing: self.buffer.bytes[..<JournalFormat.blockBytes])
        let start = Int64(JournalFormat.blockBytes)
        if self.usesDirect {
            do throws(FileError) {
                let file = try self.ring.directory.open(slot.name, options: [.write, .direct, .dataSync])
                let current = Current(slot: slot, file: file, isDirect: true, position: start)
                try Self.writeDurably(block, to: current, at: 0)
                return current
            } catch {
                guard error.isInvalid else { throw error }
                self.usesDirect = false
                self.logger.notice("journal writes without O_DIRECT", metadata: ["path": "\(error.path)"])
            }
        }
        let file = try self.ring.directory.open(slot.name, options: [.write])
        let current = Current(slot: slot, file: file, isDirect: false, position: start)
        try Self.writeDurably(block, to: current, at: 0)
        return current
    }

    /// Has a file filled with zeros in time for the next change of files.
    private mutating func prepareNext() {
        guard let current = self.current, !current.askedForPreparation else { return }
        let threshold = current.slot.isWritten ? current.slot.sizeBytes / 2 : self.settings.prepareAfterBytes
        guard current.position >= threshold else { return }
        self.current?.askedForPreparation = true
        if self.ring.hasWrittenFree { return }
        if self.preparer == nil {
            let ring = self.ring
            let logger = self.logger
            self.preparer = IOThread(
                name: "journal-prepare",
                capacity: 2,
                on: self.journal.environment.threads
            ) { _ in
                do throws(FileError) {
                    try ring.prepare()
                } catch {
                    // Not needed yet. When it is, the writer meets the same error and answers for it.
                    logger.warning("journal could not prepare a file", metadata: ["error": "\(error)"])
                }
            }
        }
        // A refusal means that one is being prepared already.
        _ = self.preparer?.submit(())
    }
}
