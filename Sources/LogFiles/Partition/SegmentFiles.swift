internal import LogCore
internal import Model
internal import NIOCore
internal import Synchronization

/// The files of one segment, each opened when first needed.
///
/// A reader that holds the object keeps reading after retention has removed the names; descriptors close with the
/// last reference.
final class SegmentFiles: Sendable {
    private struct Open {
        var log: File?
        var offsetIndex: File?
        var timeIndex: File?
        var transactionIndex: File?
    }

    let folder: Directory
    let baseOffset: Offset
    private let open = Mutex(Open())

    init(folder: Directory, baseOffset: Offset) {
        self.folder = folder
        self.baseOffset = baseOffset
    }

    func path(_ kind: FileNames.Kind) -> String {
        self.folder.path(of: FileNames.file(kind, base: self.baseOffset))
    }

    /// The file of this kind, created when it does not exist.
    func file(_ kind: FileNames.Kind) throws(FileError) -> File {
        let known = self.open.withLock { open in
            switch kind {
            case .log: open.log
            case .offsetIndex: open.offsetIndex
            case .timeIndex: open.timeIndex
            default: open.transactionIndex
            }
        }
        if let known { return known }
        // Two threads may open the same file at once; the second descriptor closes with its last user.
        let name = FileNames.file(kind, base: self.baseOffset)
        let file = try self.folder.open(name, options: [.write, .create])
        self.open.withLock { open in
            switch kind {
            case .log: open.log = file
            case .offsetIndex: open.offsetIndex = file
            case .timeIndex: open.timeIndex = file
            default: open.transactionIndex = file
            }
        }
        return file
    }

    /// Lets go of the descriptors until they are needed again.
    func closeIdle() { self.open.withLock { $0 = Open() } }

    /// Forces the files: the log only while the segment is active, because recovery can rebuild the rest.
    func synchronize(isClosed: Bool) throws(FileError) {
        try self.file(.log).synchronizeData()
        guard isClosed else { return }
        try self.file(.offsetIndex).synchronizeData()
        try self.file(.timeIndex).synchronizeData()
        let transactions = self.open.withLock { $0.transactionIndex }
        try transactions?.synchronizeData()
    }

    func remove() throws(FileError) {
        for kind in FileNames.Kind.allCases {
            try self.folder.remove(FileNames.file(kind, base: self.baseOffset))
        }
    }
}

extension SegmentFiles {
    /// The offset index entry at `index`.
    func offsetEntry(_ index: Int) throws(FileError) -> OffsetIndexEntry {
        var buffer = ByteBuffer()
        let size = OffsetIndexEntry.sizeBytes
        _ = try self.file(.offsetIndex).read(into: &buffer, count: size, at: Int64(index * size))
        guard let entry = OffsetIndexEntry(from: &buffer) else { throw self.short(.offsetIndex) }
        return entry
    }

    func timeEntry(_ index: Int) throws(FileError) -> TimeIndexEntry {
        var buffer = ByteBuffer()
        let size = TimeIndexEntry.sizeBytes
        _ = try self.file(.timeIndex).read(into: &buffer, count: size, at: Int64(index * size))
        guard let entry = TimeIndexEntry(from: &buffer) else { throw self.short(.timeIndex) }
        return entry
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

    func transactionEntries() throws(FileError) -> [AbortedTransactions.Entry] {
        var buffer = try self.contents(.transactionIndex)
        var entries: [AbortedTransactions.Entry] = []
        while let entry = AbortedTransactions.Entry(from: &buffer) { entries.append(entry) }
        return entries
    }

    /// Where a search for `offset` begins.
    func position(before offset: Offset, info: SegmentInfo) throws(FileError) -> Int64 {
        guard offset > self.baseOffset, info.offsetIndexCount > 0 else { return 0 }
        let target = UInt32(clamping: offset - self.baseOffset)
        let found = try IndexSearch.last(
            count: info.offsetIndexCount,
            entry: { (index) throws(FileError) in try self.offsetEntry(index) },
            where: { $0.relativeOffset <= target }
        )
        return found.map { Int64($0.entry.position) } ?? 0
    }

    private func contents(_ kind: FileNames.Kind) throws(FileError) -> ByteBuffer {
        let file = try self.file(kind)
        let size = try Int(file.size())
        var buffer = ByteBuffer()
        _ = try file.read(into: &buffer, count: size, at: 0)
        return buffer
    }

    private func short(_ kind: FileNames.Kind) -> FileError {
        FileError(operation: "read past the end of", path: self.path(kind), errno: 5)
    }
}
