internal import LogCore
internal import NIOCore
internal import RecordBatch

/// Reads of a segment's log, past the page cache where it holds nothing of what is read.
///
/// A reader who catches up reads each byte once. Through the page cache he would pay for filling it and push out what
/// others are about to read. A part that is read a second time goes through the cache, for those who come after. The
/// kernel is then asked for all of it at once, and for as much behind it: by itself it reads a cold file in windows of
/// 128 KiB, and waits for each.
extension SegmentFiles {
    /// Shorter reads gain more from the kernel's readahead.
    static let directBytesMin = 128 << 10

    /// Reads `count` bytes; fewer only where the file ends. They are the buffer's readable ones.
    ///
    /// - Parameter aheadTo: where the log ends, when the reader comes from just before and so will want what follows.
    func readLog(count: Int, at position: Int64, aheadTo end: Int64?) throws(FileError) -> ByteBuffer {
        let file = try self.file(.log)
        guard count >= Self.directBytesMin else { return try self.read(file, count, position) }
        let next = position + Int64(count)
        let ahead = end.map { Int(max(0, min($0 - next, Int64(count)))) } ?? 0
        // One question for a reader of what is in the cache, as most are.
        if file.isCached(position..<(next + Int64(ahead))) { return try self.read(file, count, position) }
        if file.isCold(at: position, count: count) {
            if self.isAheadOfDirectReads(position), let buffer = self.readDirectly(count: count, at: position) {
                return buffer
            }
            file.readAhead(position..<(position + Int64(count)))
        }
        let buffer = try self.read(file, count, position)
        if ahead > 0, file.isCold(at: next, count: ahead) { file.readAhead(next..<(next + Int64(ahead))) }
        return buffer
    }

    private func read(_ file: File, _ count: Int, _ position: Int64) throws(FileError) -> ByteBuffer {
        var buffer = ByteBuffer.exact(capacity: count)
        _ = try file.read(into: &buffer, count: count, at: position)
        return buffer
    }

    /// `nil` when that is not possible here, or failed: reading through the cache works then, or says why not.
    private func readDirectly(count: Int, at position: Int64) -> ByteBuffer? {
        let block = Int64(AlignedBuffer.alignment)
        let start = position & -block
        let blocks = Int((position + Int64(count) + block - 1) & -block - start)
        let skipped = Int(position - start)
        var buffer = ByteBuffer.exact(capacity: blocks, alignment: AlignedBuffer.alignment)
        do throws(FileError) {
            // One more descriptor for the time of the read: few segments are read cold at the same time.
            let file = try self.folder.open(FileNames.file(.log, base: self.baseOffset), options: .direct)
            // The name goes to another file only after this becomes true, so until then it is the file that was meant.
            if self.isRetired { return nil }
            guard try file.read(into: &buffer, count: blocks, at: start) >= skipped + count else { return nil }
        } catch {
            // No direct I/O in this file system, or not with blocks of this size.
            if error.isInvalid { self.noteDirectRead(at: .max) }
            return nil
        }
        self.noteDirectRead(at: position)
        buffer.moveWriterIndex(to: skipped + count)
        buffer.moveReaderIndex(to: skipped)
        return buffer
    }
}

extension File {
    /// Whether the page cache has all of these bytes. `false` when the kernel does not tell.
    fileprivate func isCached(_ range: Range<Int64>) -> Bool {
        self.cachedBytes(range).map { $0.all >= Int64(range.count) } ?? false
    }

    /// Whether the page cache has next to nothing of these bytes, and nothing that is not on the disk yet: reading
    /// directly would have to wait for that. `false` when the kernel does not tell.
    fileprivate func isCold(at position: Int64, count: Int) -> Bool {
        guard let cached = self.cachedBytes(position..<(position + Int64(count))) else { return false }
        return cached.unwritten == 0 && cached.all * 8 <= Int64(count)
    }
}
