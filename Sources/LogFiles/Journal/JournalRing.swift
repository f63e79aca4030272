internal import Synchronization
internal import Threads

/// The files of the journal and which of them are free.
///
/// A slot is *live* from the moment it is begun until `recycle` passes its last byte, *free* otherwise, and out of both
/// lists while it is created or filled with zeros. Files are overwritten only when free.
final class JournalRing: Sendable {
    struct Slot: Sendable, Equatable {
        var name: String
        /// The use that it holds; 0 when free.
        var sequence: UInt64
        /// The first round of that use.
        var firstRound: UInt64 = 0
        /// When free: the end of the rounds that it still holds. They may be overwritten with anything but the
        /// header of a new use only once a floor on disk has passed them, or a replay would miss them.
        var staleEnd: UInt64 = 0
        var sizeBytes: Int64
        /// Whether every block has been written once, so that a direct write changes no metadata.
        var isWritten: Bool
    }

    enum Next {
        case slot(Slot)
        /// None free: the caller creates this one, then calls `begin` or `abandon`.
        case create(name: String)
        /// Wait on `space`, then ask again. `mustCheckpoint`: only `recycle` can free one.
        case wait(mustCheckpoint: Bool)
    }

    private struct State {
        var free: [Slot] = []
        /// In order of their sequence; the last one is being written.
        var live: [Slot] = []
        /// Names of slots that are being created or filled.
        var busy: Set<String> = []
        /// Rounds before this one are not needed any more.
        var floor: UInt64
        /// The floor that the newest round on disk names.
        var floorOnDisk: UInt64
        /// The number of the next round.
        var end: UInt64
        /// Files of another size than the settings ask for. They stay until the next start removes them.
        var retired: Set<String> = []
        /// Whether the last live file is being written; after opening, none is.
        var isWriting = false
        /// The end of the last round in the file that is being written.
        var bytesInCurrent: Int64 = 0
        var isWriterWaiting = false

        /// The round after the last one in the oldest live file; `nil` for the file that is being written.
        var endOfFirst: UInt64? {
            if self.live.count > 1 { return self.live[1].firstRound }
            return self.isWriting ? nil : self.end
        }

        var count: Int { self.free.count + self.live.count + self.busy.count }
    }

    let directory: Directory
    let settings: JournalSettings
    let journalID: UInt64
    /// Signalled when a waiting writer should ask again.
    let space: any ThreadSemaphore
    private let state: Mutex<State>
    private let beforeFirstFile: @Sendable () throws(FileError) -> Void
    /// The names of all files were forced since this process opened the journal.
    private let hasForcedNames = Atomic<Bool>(false)

    init(
        directory: Directory,
        settings: JournalSettings,
        journalID: UInt64,
        free: [Slot],
        live: [Slot],
        floor: UInt64,
        end: UInt64,
        space: any ThreadSemaphore,
        beforeFirstFile: @escaping @Sendable () throws(FileError) -> Void = {}
    ) {
        self.space = space
        self.directory = directory
        self.beforeFirstFile = beforeFirstFile
        self.settings = settings
        self.journalID = journalID
        self.state = Mutex(State(free: free, live: live, floor: floor, floorOnDisk: floor, end: end))
    }

    var floor: UInt64 { self.state.withLock { $0.floor } }
    var end: UInt64 { self.state.withLock { $0.end } }

    /// A round is durable that names `floor`.
    func advance(end: UInt64, floor: UInt64, bytesInCurrent: Int64) {
        self.state.withLock { state in
            precondition(end == state.end + 1, "rounds are numbered without gaps")
            state.end = end
            state.floorOnDisk = floor
            state.bytesInCurrent = bytesInCurrent
        }
    }

    /// Bytes that a replay would read, counted in whole files, except for the one that is being written.
    var usedBytes: Int64 {
        self.state.withLock { state in
            guard state.floor < state.end else { return 0 }
            let full = state.isWriting ? state.live.dropLast() : state.live[...]
            return full.reduce(state.bytesInCurrent) { $0 + $1.sizeBytes }
        }
    }

    /// The files that a replay would read now, oldest first, and the floor.
    var contents: (live: [Slot], floor: UInt64) { self.state.withLock { ($0.live, $0.floor) } }

    /// Whether so many files are live that a checkpoint should free some: more than half of the ring, or enough to make
    /// a restart after a crash slow.
    var isFilling: Bool {
        self.state.withLock { state in
            state.live.count * 2 > self.settings.fileCountMax
                || Int64(state.live.count) * self.settings.fileBytes > self.settings.replayBytesWanted
        }
    }

    /// Whether a free file waits whose blocks have all been written.
    var hasWrittenFree: Bool { self.state.withLock { $0.free.contains { $0.isWritten } } }

    /// A file for the next use.
    func next() -> Next {
        self.state.withLock { state in
            if let index = state.free.firstIndex(where: { $0.isWritten }) ?? state.free.indices.first {
                let slot = state.free.remove(at: index)
                state.busy.insert(slot.name)
                return .slot(slot)
            }
            if !state.busy.isEmpty {
                state.isWriterWaiting = true
                return .wait(mustCheckpoint: false)
            }
            if state.count < self.settings.fileCountMax {
                let name = Self.freeName(state)
                state.busy.insert(name)
                return .create(name: name)
            }
            state.isWriterWaiting = true
            return .wait(mustCheckpoint: true)
        }
    }

    /// The slot that `next` gave out is in use now.
    func begin(_ slot: Slot) {
        self.state.withLock { state in
            precondition(state.busy.remove(slot.name) != nil, "only a taken slot is begun")
            precondition(slot.sequence > state.live.last?.sequence ?? 0, "sequences grow")
            precondition(slot.firstRound == state.end, "a file begins with the next round")
            state.live.append(slot)
            state.isWriting = true
            state.bytesInCurrent = Int64(JournalFormat.blockBytes)
        }
    }

    /// The slot that `next` or `takeForPreparation` gave out could not be used.
    ///
    /// - Parameter slot: put back among the free ones, or `nil` when the file does not exist.
    func abandon(name: String, returning slot: Slot?) {
        let mustWake = self.state.withLock { state -> Bool in
            precondition(state.busy.remove(name) != nil, "only a taken slot is abandoned")
            if let slot { state.free.append(slot) }
            defer { state.isWriterWaiting = false }
            return state.isWriterWaiting
        }
        if mustWake { self.space.signal() }
    }

    /// A slot to fill with zeros, or `nil` when a filled one is free already or no more are allowed.
    func takeForPreparation() -> (name: String, existing: Slot?)? {
        self.state.withLock { state in
            guard state.busy.isEmpty, !state.free.contains(where: { $0.isWritten }) else { return nil }
            if let index = state.free.firstIndex(where: { $0.staleEnd <= state.floorOnDisk }) {
                let slot = state.free.remove(at: index)
                state.busy.insert(slot.name)
                return (slot.name, slot)
            }
            guard state.count < self.settings.fileCountMax else { return nil }
            let name = Self.freeName(state)
            state.busy.insert(name)
            return (name, nil)
        }
    }

    /// Moves the floor up and frees the files below it, all but the one that is being written.
    func recycle(before position: JournalPosition) {
        let mustWake = self.state.withLock { state -> Bool in
            precondition(position.round <= state.end, "only what was written can be recycled")
            guard position.round > state.floor else { return false }
            state.floor = position.round
            while let first = state.live.first, let end = state.endOfFirst, end <= position.round {
                state.live.removeFirst()
                var slot = first
                slot.sequence = 0
                slot.staleEnd = end
                if slot.sizeBytes == self.settings.fileBytes {
                    state.free.append(slot)
                } else {
                    state.retired.insert(slot.name)
                }
            }
            defer { state.isWriterWaiting = false }
            return state.isWriterWaiting
        }
        if mustWake { self.space.signal() }
    }

    /// Wakes a writer that waits for space although there is none: the journal is closing.
    func wakeWriter() {
        let mustWake = self.state.withLock { state -> Bool in
            defer { state.isWriterWaiting = false }
            return state.isWriterWaiting
        }
        if mustWake { self.space.signal() }
    }

    private static func freeName(_ state: State) -> String {
        let taken = Set((state.free + state.live).map(\.name)).union(state.busy).union(state.retired)
        var number = 0
        while taken.contains(Self.name(number)) { number += 1 }
        return Self.name(number)
    }

    static func name(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 3 - digits.utf8.count)) + digits + ".journal"
    }

    static func isName(_ name: String) -> Bool {
        name.hasSuffix(".journal") && Int(name.dropLast(".journal".utf8.count)) != nil
    }
}

extension JournalRing {
    /// Makes files that an earlier process left fit for use. It may have been killed after it created one and before it
    /// forced the name; what is written to such a file goes with its name when the power is cut.
    func adoptFiles() throws(FileError) {
        if self.hasForcedNames.load(ordering: .acquiring) { return }
        try self.beforeFirstFile()
        try self.forceNames()
    }

    private func forceNames() throws(FileError) {
        try self.directory.synchronize()
        try self.directory.synchronizeName()
        self.hasForcedNames.store(true, ordering: .releasing)
    }

    /// Creates a file with reserved, never written blocks: fast, and enough to begin with.
    ///
    /// - Throws: `FileError`; nothing is left behind.
    func create(name: String) throws(FileError) -> Slot {
        do throws(FileError) {
            try self.beforeFirstFile()
            let file = try self.directory.open(name, options: [.write, .create, .truncate])
            try file.preallocate(from: 0, count: self.settings.fileBytes)
            try file.synchronizeData()
            try self.forceNames()
        } catch {
            _ = try? self.directory.remove(name)
            throw error
        }
        return Slot(name: name, sequence: 0, sizeBytes: self.settings.fileBytes, isWritten: false)
    }

    /// Fills a slot with zeros and marks it as prepared. Takes as long as writing the whole file; runs on the
    /// preparer's thread.
    func prepare() throws(FileError) {
        guard let (name, existing) = self.takeForPreparation() else { return }
        do throws(FileError) {
            var slot: Slot
            if let existing { slot = existing } else { slot = try self.create(name: name) }
            let file: File
            do throws(FileError) {
                file = try self.directory.open(
                    name,
                    options: self.settings.usesDirect ? [.write, .direct] : [.write]
                )
            } catch {
                guard error.isInvalid else { throw error }
                file = try self.directory.open(name, options: [.write])
            }
            // Small writes, so that a round that comes meanwhile waits for little.
            let zeros = AlignedBuffer(byteCount: 256 << 10)
            zeros.bytes.initializeMemory(as: UInt8.self, repeating: 0)
            var position: Int64 = 0
            while position < slot.sizeBytes {
                let count = Int(min(Int64(zeros.bytes.count), slot.sizeBytes - position))
                try file.write(UnsafeRawBufferPointer(rebasing: zeros.bytes[..<count]), at: position)
                position += Int64(count)
            }
            try file.synchronizeData()
            let header = JournalFormat.FileHeader(
                journalID: self.journalID,
                sequence: 0,
                firstRound: 0,
                floor: 0,
                isWritten: true
            )
            JournalFormat.encode(header, into: zeros.bytes)
            try file.write(
                UnsafeRawBufferPointer(rebasing: zeros.bytes[..<JournalFormat.blockBytes]),
                at: 0
            )
            try file.synchronizeData()
            slot.isWritten = true
            slot.staleEnd = 0
            self.abandon(name: name, returning: slot)
        } catch {
            // A half-filled existing file is still a good one; a new one that failed is gone or goes now.
            if existing == nil { _ = try? self.directory.remove(name) }
            self.abandon(name: name, returning: existing)
            throw error
        }
    }
}
