internal import LogCore
internal import Model
internal import NIOCore
internal import Synchronization

/// The files of one segment, each opened when first needed and closed by `OpenFiles` when many others were needed
/// since.
///
/// The log of a segment with unforced data is pinned: it stays open, because an error of writing back is certain to be
/// told only to descriptors that were open when it happened. A reader in the middle of a read has the `File`, which
/// closes with the last reference.
final class SegmentFiles: Sendable {
    private struct Slot {
        var file: File?
        /// Used since `OpenFiles` last looked.
        var wasUsed = false
        /// `OpenFiles` counts it.
        var isCounted = false
    }

    private struct Open {
        var log = Slot()
        var offsetIndex = Slot()
        var timeIndex = Slot()
        var transactionIndex = Slot()
        var isPinned = false
        /// The names are gone or belong to somebody else; nothing is opened any more.
        var isRetired = false
        /// The files have not got their names yet: nothing is closed, and nothing opened.
        var isHeld = false

        subscript(kind: FileNames.Kind) -> Slot {
            get {
                switch kind {
                case .log: self.log
                case .offsetIndex: self.offsetIndex
                case .timeIndex: self.timeIndex
                default: self.transactionIndex
                }
            }
            set {
                switch kind {
                case .log: self.log = newValue
                case .offsetIndex: self.offsetIndex = newValue
                case .timeIndex: self.timeIndex = newValue
                default: self.transactionIndex = newValue
                }
            }
        }
    }

    let folder: Directory
    let baseOffset: Offset
    private let openFiles: OpenFiles
    private let open = Mutex(Open())
    /// Where the farthest direct read of the log began, see `readLog`. Where it ended, the next one need not begin:
    /// it comes back for the batch that was cut off.
    private let lastDirectRead = Atomic<Int64>(-1)

    /// Up to here `CachedLogs` has counted the log; -1 for one of an earlier run, of which it is not known what the
    /// page cache has.
    private let countedTo: Atomic<Int64>

    init(folder: Directory, baseOffset: Offset, openFiles: OpenFiles, isNew: Bool) {
        self.folder = folder
        self.baseOffset = baseOffset
        self.openFiles = openFiles
        self.countedTo = Atomic(isNew ? 0 : -1)
    }

    /// A segment that compaction wrote, whose files have other names until `releaseHeld`.
    init(folder: Directory, baseOffset: Offset, openFiles: OpenFiles, held: [FileNames.Kind: File]) {
        self.folder = folder
        self.baseOffset = baseOffset
        self.openFiles = openFiles
        self.countedTo = Atomic(0)
        self.open.withLock { open in
            open.isHeld = true
            for (kind, file) in held { open[kind].file = file }
        }
    }

    /// The files have their names.
    func releaseHeld() {
        let kinds = self.open.withLock { open -> [FileNames.Kind] in
            open.isHeld = false
            let kinds = Self.openKinds.filter { open[$0].file != nil }
            for kind in kinds { open[kind].isCounted = true }
            return kinds
        }
        for kind in kinds { self.openFiles.opened(self, kind) }
    }

    func path(_ kind: FileNames.Kind) -> String {
        self.folder.path(of: FileNames.file(kind, base: self.baseOffset))
    }

    /// What the system says about a file; `nil` when there is none.
    func status(_ kind: FileNames.Kind) throws(FileError) -> FileStatus? {
        try self.folder.status(of: FileNames.file(kind, base: self.baseOffset))
    }

    /// The file of this kind, created when it does not exist.
    ///
    /// - Throws: `ENOENT` when the segment is retired and the file is not open.
    func file(_ kind: FileNames.Kind) throws(FileError) -> File {
        let (known, isRetired) = self.open.withLock { open -> (File?, Bool) in
            open[kind].wasUsed = true
            return (open[kind].file, open.isRetired || open.isHeld)
        }
        if let known { return known }
        if isRetired { throw self.retiredError(kind) }
        let name = FileNames.file(kind, base: self.baseOffset)
        // Two threads may open the same file at once; the second descriptor closes with its last user.
        let file = try self.folder.open(name, options: [.write, .create])
        let outcome = self.open.withLock { open -> (mustCount: Bool, isRetired: Bool) in
            if open.isRetired { return (false, true) }
            open[kind].file = file
            if open[kind].isCounted || (kind == .log && open.isPinned) { return (false, false) }
            open[kind].isCounted = true
            return (true, false)
        }
        if outcome.isRetired {
            // The name may be this call's own making.
            if try file.size() == 0 { try self.folder.remove(name) }
            throw self.retiredError(kind)
        }
        if outcome.mustCount { self.openFiles.opened(self, kind) }
        return file
    }

    private func retiredError(_ kind: FileNames.Kind) -> FileError {
        FileError(operation: "open", path: self.path(kind), errno: 2)
    }

    /// Lets go of the descriptors until they are needed again.
    func closeIdle() {
        self.open.withLock { open in
            if open.isHeld { return }
            for kind in Self.openKinds where kind != .log || !open.isPinned { open[kind].file = nil }
        }
    }

    /// Whether nobody has read the log directly from here or from farther on.
    func isAheadOfDirectReads(_ position: Int64) -> Bool { position > self.lastDirectRead.load(ordering: .relaxed) }

    func noteDirectRead(at position: Int64) { self.lastDirectRead.max(position, ordering: .relaxed) }

    /// The part of the log up to `end` that was not taken before, if it has at least `countMin` bytes. One caller at a
    /// time.
    func takeUncounted(to end: Int64, countMin: Int64) -> Range<Int64>? {
        let start = self.countedTo.load(ordering: .relaxed)
        guard start >= 0 else {
            self.countedTo.store(max(0, end), ordering: .relaxed)
            return nil
        }
        guard end - start >= countMin else { return nil }
        self.countedTo.store(end, ordering: .relaxed)
        return start..<end
    }

    /// Keeps the log open until `unpin`. Call it before the first write after an `unpin`.
    func pin() { self.open.withLock { $0.isPinned = true } }

    /// The log's data is forced.
    func unpin() {
        let mustCount = self.open.withLock { open -> Bool in
            open.isPinned = false
            guard open.log.file != nil, !open.log.isCounted else { return false }
            open.log.isCounted = true
            return true
        }
        if mustCount { self.openFiles.opened(self, .log) }
    }

    /// Closes a file that `OpenFiles` counts, unless it was used since the last call.
    ///
    /// - Returns: whether it stays open and counted.
    func release(_ kind: FileNames.Kind) -> Bool {
        self.open.withLock { open in
            if open[kind].file != nil, open[kind].wasUsed, !(kind == .log && open.isPinned) {
                open[kind].wasUsed = false
                return true
            }
            open[kind].isCounted = false
            // A pinned one is counted again by `unpin`.
            if kind != .log || !open.isPinned { open[kind].file = nil }
            return false
        }
    }

    private static let openKinds: [FileNames.Kind] = [.log, .offsetIndex, .timeIndex, .transactionIndex]

    /// Forces the files. Of a segment that is active, recovery can rebuild the offset and time indexes, and of the
    /// transaction index what lies behind the saved producers.
    func synchronize(isClosed: Bool, hasTransactions: Bool) throws(FileError) {
        try self.file(.log).synchronizeData()
        guard isClosed else {
            if hasTransactions { try self.file(.transactionIndex).synchronizeData() }
            return
        }
        try self.file(.offsetIndex).synchronizeData()
        try self.file(.timeIndex).synchronizeData()
        if try self.status(.transactionIndex) != nil {
            try self.file(.transactionIndex).synchronizeData()
        }
    }

    /// Whether the files are gone, so that a reader has to look where its offset is now.
    var isRetired: Bool { self.open.withLock { $0.isRetired } }

    /// Closes the files for good: their names are about to go.
    func retire() {
        self.open.withLock { open in
            open.isRetired = true
            for kind in Self.openKinds { open[kind].file = nil }
        }
    }

    func remove() throws(FileError) {
        self.retire()
        for kind in FileNames.Kind.allCases {
            try self.folder.remove(FileNames.file(kind, base: self.baseOffset))
        }
    }
}

extension SegmentFiles {
    /// The offset index entry at `index`. One that is not there counts as late: an index is a hint.
    func offsetEntry(_ index: Int) throws(FileError) -> OffsetIndexEntry {
        var buffer = ByteBuffer()
        let size = OffsetIndexEntry.sizeBytes
        _ = try self.file(.offsetIndex).read(into: &buffer, count: size, at: Int64(index * size))
        return OffsetIndexEntry(from: &buffer) ?? OffsetIndexEntry(relativeOffset: .max, position: .max)
    }

    func timeEntry(_ index: Int) throws(FileError) -> TimeIndexEntry {
        var buffer = ByteBuffer()
        let size = TimeIndexEntry.sizeBytes
        _ = try self.file(.timeIndex).read(into: &buffer, count: size, at: Int64(index * size))
        return TimeIndexEntry(from: &buffer) ?? TimeIndexEntry(timestamp: .max, relativeOffset: .max)
    }

    func offsetEntries() throws(FileError) -> [OffsetIndexEntry] {
        var buffer = try self.contents(.offsetIndex)
        var entries: [OffsetIndexEntry] = []
        entries.reserveCapacity(buffer.readableBytes / OffsetIndexEntry.sizeBytes)
        while let entry = OffsetIndexEntry(from: &buffer) { entries.append(entry) }
        return entries
    }

    func timeEntries() throws(FileError) -> [TimeIndexEntry] {
        var buffer = try self.contents(.timeIndex)
        var entries: [TimeIndexEntry] = []
        entries.reserveCapacity(buffer.readableBytes / TimeIndexEntry.sizeBytes)
        while let entry = TimeIndexEntry(from: &buffer) { entries.append(entry) }
        return entries
    }

    func transactionIndex() throws(FileError) -> TransactionIndex {
        TransactionIndex(reading: try self.contents(.transactionIndex))
    }

    /// The index entry at which a search for `offset` begins: a hint, see `SegmentWalk`. `nil` is the beginning.
    func offsetEntry(before offset: Offset, info: SegmentInfo) throws(FileError) -> OffsetIndexEntry? {
        guard offset > self.baseOffset, info.offsetIndexCount > 0 else { return nil }
        let target = UInt32(clamping: offset - self.baseOffset)
        do throws(FileError) {
            return try IndexSearch.last(
                count: info.offsetIndexCount,
                entry: { (index) throws(FileError) in try self.offsetEntry(index) },
                where: { $0.relativeOffset <= target }
            )?.entry
        } catch {
            guard error.isUnreadable else { throw error }
            return nil
        }
    }

    private func contents(_ kind: FileNames.Kind) throws(FileError) -> ByteBuffer {
        // Reading makes no file: an index comes with its first entry.
        if try self.status(kind) == nil { return ByteBuffer() }
        let file = try self.file(kind)
        let size = try Int(file.size())
        var buffer = ByteBuffer()
        _ = try file.read(into: &buffer, count: size, at: 0)
        return buffer
    }
}
