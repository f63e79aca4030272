internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Writes a segment that is to take the place of others, under names that a start removes.
struct CleanedSegmentWriter {
    /// A whole segment, forced to the disk, its files open.
    struct Finished {
        var info: SegmentInfo
        var files: [FileNames.Kind: File]

        var kinds: [FileNames.Kind] { FileNames.Kind.allCases.filter { self.files[$0] != nil } }
    }

    let folder: Directory
    let baseOffset: Offset
    private let settings: LogSettings
    private var planner = SegmentPlanner()
    private var files: [FileNames.Kind: File] = [:]
    /// Batches that are placed and not written yet.
    var output = ByteBuffer()
    private var unwritten: [FileNames.Kind: ByteBuffer] = [:]
    private var written: [FileNames.Kind: Int64] = [:]
    private var transactionCount = 0

    private static let pieceBytes = 256 << 10
    /// What every segment has, also where it is empty: a start takes a closed segment without them for lost.
    private static let kindsMin: [FileNames.Kind] = [.log, .offsetIndex, .timeIndex]

    init(folder: Directory, baseOffset: Offset, settings: LogSettings) throws(FileError) {
        self.folder = folder
        self.baseOffset = baseOffset
        self.settings = settings
        self.planner.began(at: baseOffset, createdAt: 0)
        for kind in Self.kindsMin { try self.open(kind) }
    }

    var sizeBytes: Int64 { self.planner.active?.sizeBytes ?? 0 }

    /// Bytes of batches that were written or wait to be.
    private mutating func open(_ kind: FileNames.Kind) throws(FileError) {
        let name = FileNames.file(kind, base: self.baseOffset) + FileNames.cleanedSuffix
        self.files[kind] = try self.folder.open(name, options: [.write, .create, .truncate])
    }

    /// Counts a batch that was put at the end of `output`.
    ///
    /// - Returns: `false` when the segment would become larger than positions in it can say.
    mutating func place(_ header: RecordBatchHeader) -> Bool {
        guard self.sizeBytes + Int64(header.sizeInBytes) <= SegmentFrontier.sizeBytesMax else { return false }
        let summary = BatchSummary(header, batch: nil)
        let placement = self.planner.place(summary, abortsTransaction: false, settings: self.settings)
        placement.offsetEntry?.encode(into: &self.unwritten[.offsetIndex, default: ByteBuffer()])
        placement.timeEntry?.encode(into: &self.unwritten[.timeIndex, default: ByteBuffer()])
        return true
    }

    mutating func add(_ aborted: [AbortedTransactions.Entry]) throws(FileError) {
        if aborted.isEmpty { return }
        if self.files[.transactionIndex] == nil { try self.open(.transactionIndex) }
        for entry in aborted { entry.encode(into: &self.unwritten[.transactionIndex, default: ByteBuffer()]) }
        self.transactionCount += aborted.count
    }

    /// Writes what is worth a write.
    ///
    /// - Returns: the bytes that were written.
    mutating func flush() throws(FileError) -> Int { try self.write(from: Self.pieceBytes) }

    private mutating func write(from countMin: Int) throws(FileError) -> Int {
        swap(&self.output, &self.unwritten[.log, default: ByteBuffer()])
        defer { swap(&self.output, &self.unwritten[.log, default: ByteBuffer()]) }
        var count = 0
        for kind in FileNames.Kind.allCases {
            guard let file = self.files[kind], let bytes = self.unwritten[kind]?.readableBytes, bytes >= countMin,
                bytes > 0
            else { continue }
            let position = self.written[kind, default: 0]
            if let buffer = self.unwritten[kind] { count += try file.write([buffer], at: position) }
            self.written[kind] = position + Int64(bytes)
            self.unwritten[kind]?.clear()
        }
        return count
    }

    /// Writes the rest and forces all of it. The names are the caller's to force.
    mutating func finish(modifiedAt: Timestamp) throws(FileError) -> (Finished, bytes: Int) {
        if let closing = self.planner.closing() {
            closing.entry.encode(into: &self.unwritten[.timeIndex, default: ByteBuffer()])
            self.planner.resume(closing.active)
        }
        let bytes = try self.write(from: 1)
        for kind in FileNames.Kind.allCases { try self.files[kind]?.synchronizeData() }
        guard let frontier = self.planner.active else { preconditionFailure("a writer has a segment") }
        var info = SegmentInfo(frontier, modifiedAt: modifiedAt)
        info.transactionIndexCount = self.transactionCount
        return (Finished(info: info, files: self.files), bytes)
    }

    /// Removes the files of a segment that is not to be.
    static func discard(_ baseOffset: Offset, in folder: Directory) {
        for suffix in [FileNames.cleanedSuffix, FileNames.swapSuffix] {
            // The log first: without it the others mean nothing.
            for kind in FileNames.Kind.allCases {
                _ = try? folder.remove(FileNames.file(kind, base: baseOffset) + suffix)
            }
        }
    }
}
