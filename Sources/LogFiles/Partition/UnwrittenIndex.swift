internal import LogCore
internal import Model
internal import NIOCore
internal import Synchronization
internal import Threads

/// Index entries of the segment that is being filled, until they are worth a write or a checkpoint or the segment's end
/// wants them in the files. A crash loses them, and a start rebuilds them from the batches that it reads anyway.
struct UnwrittenIndex {
    private(set) var offsets = ByteBuffer()
    private(set) var times = ByteBuffer()

    var offsetCount: Int { self.offsets.readableBytes / OffsetIndexEntry.sizeBytes }
    var timeCount: Int { self.times.readableBytes / TimeIndexEntry.sizeBytes }
    var hasRoom: Bool { self.offsetCount < Self.countMax }
    var isEmpty: Bool { self.offsets.readableBytes == 0 && self.times.readableBytes == 0 }

    /// So many make a write. A reader that looks for an offset reads at most so many intervals of the log more.
    private static let countMax = 32

    func hasRoom(for write: FilePartitionLog.PendingWrite) -> Bool {
        self.offsets.readableBytes + write.offsetIndex.readableBytes < Self.countMax * OffsetIndexEntry.sizeBytes
    }

    mutating func add(_ write: FilePartitionLog.PendingWrite) {
        self.offsets.writeImmutableBuffer(write.offsetIndex)
        self.times.writeImmutableBuffer(write.timeIndex)
    }
}

extension FilePartitionLog {
    /// Writes the gathered entries of the active segment. Nothing may be stalled.
    func writeIndex(_ files: inout Files) throws(FileError) {
        guard !files.unwrittenIndex.isEmpty, let active = files.active, let frontier = files.planner.active else {
            return
        }
        let index = files.unwrittenIndex
        let offsetPosition = (frontier.offsetIndexCount - index.offsetCount) * OffsetIndexEntry.sizeBytes
        let timePosition = (frontier.timeIndexCount - index.timeCount) * TimeIndexEntry.sizeBytes
        try self.write(index, of: active, Int64(offsetPosition), Int64(timePosition), &files)
        self.publishIndex(frontier)
    }

    /// Writes the gathered entries and those of a write whose log bytes are in the file.
    func writeIndex(upTo write: PendingWrite, _ files: inout Files) throws(FileError) {
        var index = files.unwrittenIndex
        let offsetPosition = write.offsetIndexPosition - Int64(index.offsets.readableBytes)
        let timePosition = write.timeIndexPosition - Int64(index.times.readableBytes)
        index.add(write)
        try self.write(index, of: write.segment, offsetPosition, timePosition, &files)
    }

    private func write(
        _ index: UnwrittenIndex,
        of segment: SegmentFiles,
        _ offsetPosition: Int64,
        _ timePosition: Int64,
        _ files: inout Files
    ) throws(FileError) {
        // The first entries make the files.
        if offsetPosition == 0 || timePosition == 0 { files.unforced.folderChanged = true }
        if index.offsets.readableBytes > 0 {
            try segment.file(.offsetIndex).write([index.offsets], at: offsetPosition)
        }
        if index.times.readableBytes > 0 { try segment.file(.timeIndex).write([index.times], at: timePosition) }
        files.unwrittenIndex = UnwrittenIndex()
    }

    /// Tells readers how far the index files go.
    func publishIndex(_ frontier: SegmentFrontier) {
        let info = SegmentInfo(frontier, modifiedAt: self.engine.time.wallMilliseconds)
        self.head.withLock { $0.layout.update(info) }
    }
}
