internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Reads one answer from a segment's log, and sees that nothing is missing or changed in it: batches follow each other
/// from the segment's base offset on, and what is served has its checksum, unless the target says otherwise. One pass
/// over the bytes.
struct SegmentReader {
    /// Where a read looks, as the partition's head says.
    struct Target {
        var segment: SegmentLayout.Segment
        /// Where the batch begins that the offset is the first of, when an earlier read ended there.
        var hint: Int64?
        /// Batches that end here or later are not served.
        var limit: Offset
        /// The base offset of the next segment, or the end of what is stored.
        var end: Offset
        var gapsBefore: Offset
        /// The log's, when the read was planned.
        var compactionCount: Int
        /// Whether another segment, or the tail in memory, follows.
        var isFollowed: Bool
        /// Whether the checksums of batches that are served are looked at.
        var verifies = true
    }

    enum Slice {
        /// Whole batches, the first one's base offset, the offset after them, and the position after them.
        case records(ByteBuffer, firstOffset: Offset, end: Offset, position: Int64)
        /// Compaction removed the rest of the segment.
        case pastEnd
        /// The range has the offset that was asked for.
        case damaged(DamagedRange)
    }

    private enum Cut {
        case records(firstOffset: Offset, end: Offset, endPosition: Int)
        /// Nothing yet: these bytes lie before the offset; the batch after them has this size, if it is wanted.
        case skipped(bytes: Int, next: Int)
        /// The batch behind these bytes cannot be served.
        case flawed(bytes: Int, reason: String)
    }

    private let target: Target
    private let request: ReadRequest
    /// Damage that lies before the offset.
    private(set) var passed: [DamagedRange] = []
    private var walk: SegmentWalk
    private var position: Int64 = 0
    /// Where the last batch begins that was passed without a look at its checksum.
    private var lastBatch: Int64?
    /// The log's size as far as it has bytes.
    private var size: Int64

    init(_ target: Target, _ request: ReadRequest) throws(FileError) {
        self.target = target
        self.request = request
        let info = target.segment.info
        self.size = info.sizeBytes
        self.walk = SegmentWalk(from: info.baseOffset, end: target.end, gapsBefore: target.gapsBefore)
        if let hint = target.hint {
            self.position = hint
            self.walk = self.walk.resumed(at: request.offset)
        } else if let entry = try target.segment.files.offsetEntry(before: request.offset, info: info),
            Int64(entry.position) < self.size
        {
            self.position = Int64(entry.position)
            self.walk = SegmentWalk(
                atIndexEntryFor: info.baseOffset + Offset(entry.relativeOffset),
                end: target.end,
                gapsBefore: target.gapsBefore
            )
        }
    }

    /// Reads until there is an answer. Blocking.
    mutating func run() throws(FileError) -> Slice {
        // Room for the batches before the offset, which the index leaves to be skipped.
        let slack = self.target.hint == nil ? 8 << 10 : 0
        var wanted = max(self.request.bytesMax, RecordBatchHeader.encodedLength) + slack
        while true {
            let count = Int(max(0, min(Int64(wanted), self.size - self.position)))
            if count == 0 {
                if let slice = try self.ended() { return slice }
                continue
            }
            var (buffer, isReadable) = try self.read(count)
            if isReadable, buffer.readableBytes < count {
                // Somebody cut the file: what is left of it counts.
                self.size = self.position + Int64(buffer.readableBytes)
                if buffer.readableBytes == 0 { continue }
            }
            let isRest = isReadable && self.position + Int64(count) >= self.size
            switch self.cut(&buffer, isRest: isRest) {
            case .records(let firstOffset, let end, let endPosition):
                return .records(
                    buffer,
                    firstOffset: firstOffset,
                    end: end,
                    position: self.position + Int64(endPosition)
                )
            case .skipped(let bytes, let next):
                if !isReadable, bytes == 0 {
                    if let slice = try self.met("the disk cannot read it") { return slice }
                    continue
                }
                self.position += Int64(bytes)
                // At least the next batch, and then what was asked for.
                wanted = max(next, self.request.bytesMax, RecordBatchHeader.encodedLength)
            case .flawed(let bytes, let reason):
                self.position += Int64(bytes)
                if let slice = try self.met(reason) { return slice }
            }
        }
    }

    /// Reads `count` bytes; where the disk cannot read them all, those before the first that it cannot.
    private func read(_ count: Int) throws(FileError) -> (ByteBuffer, isReadable: Bool) {
        let files = self.target.segment.files
        do throws(FileError) {
            let aheadTo = self.target.hint == nil ? nil : self.size
            return (try files.readLog(count: count, at: self.position, aheadTo: aheadTo), true)
        } catch {
            guard error.isUnreadable else { throw error }
            var buffer = ByteBuffer()
            _ = try files.file(.log).readPrefix(into: &buffer, count: count, at: self.position)
            return (buffer, false)
        }
    }

    /// The segment has no more bytes.
    private mutating func ended() throws(FileError) -> Slice? {
        if self.walk.isUnproved {
            self.restart()
            return nil
        }
        guard let missing = self.walk.missing(atEnd: self.size, of: self.target.segment.info) else { return .pastEnd }
        let range = DamagedRange(
            offsets: missing,
            path: self.target.segment.files.path(.log),
            bytes: self.size..<self.size,
            reason: "the file ends before offset \(missing.upperBound)"
        )
        return .damaged(range)
    }

    /// An index is a hint: what it leads to may be its own fault.
    private mutating func restart() {
        self.position = 0
        self.lastBatch = nil
        self.walk = self.walk.resumed(at: self.target.segment.info.baseOffset)
    }

    /// - Returns: `nil` when reading can continue behind the damage.
    private mutating func met(_ reason: String) throws(FileError) -> Slice? {
        if self.walk.isUnproved || self.walk.expected == nil {
            self.restart()
            return nil
        }
        var survey = DamageSurvey(
            file: try self.target.segment.files.file(.log),
            limit: self.size,
            walk: self.walk,
            end: self.target.end
        )
        let (range, resumption) = try survey.run(at: self.position, lastBatch: self.lastBatch, reason: reason)
        guard let resumption, range.offsets.upperBound <= self.request.offset else { return .damaged(range) }
        if !range.offsets.isEmpty { self.passed.append(range) }
        self.position = resumption.position
        self.lastBatch = nil
        self.walk = self.walk.resumed(at: resumption.baseOffset)
        return nil
    }

    /// Cuts what was read to whole batches from the requested offset on and below the limit.
    ///
    /// - Parameter isRest: the segment has no bytes behind these.
    private mutating func cut(_ buffer: inout ByteBuffer, isRest: Bool) -> Cut {
        let start = buffer.readerIndex
        var index = start
        var first: (index: Int, offset: Offset)?
        var end = self.request.offset
        let headerBytes = RecordBatchHeader.encodedLength
        while isRest ? index < buffer.writerIndex : buffer.writerIndex - index >= headerBytes {
            var walk = self.walk
            let header: RecordBatchHeader
            do {
                header = try RecordBatchHeader(reading: buffer, at: index)
                try walk.follow(header)
            } catch {
                if first != nil { break }
                return .flawed(bytes: index - start, reason: Self.reason(error))
            }
            let size = header.sizeInBytes
            let isWhole = size <= buffer.writerIndex - index
            if !isWhole, self.position + Int64(index - start + size) > self.size {
                if first != nil { break }
                return .flawed(bytes: index - start, reason: "a batch goes beyond the end of the segment")
            }
            if header.lastOffset < self.request.offset {
                self.walk = walk
                self.lastBatch = self.position + Int64(index - start)
                guard isWhole else { return .skipped(bytes: index - start + size, next: 0) }
                index += size
                continue
            }
            if header.lastOffset >= self.target.limit {
                if first == nil { first = (index, header.baseOffset) }
                break
            }
            let taken = first.map { index - $0.index } ?? 0
            if first == nil {
                guard size <= self.request.bytesMax || self.request.atLeastOneBatch else {
                    first = (index, header.baseOffset)
                    break
                }
                guard isWhole else { return .skipped(bytes: index - start, next: size) }
            } else if !isWhole || taken + size > self.request.bytesMax {
                break
            }
            guard !self.target.verifies || Self.checksum(buffer, index, size) == header.crc else {
                if first != nil { break }
                return .flawed(bytes: index - start, reason: "the checksum of the batch is wrong")
            }
            if first == nil { first = (index, header.baseOffset) }
            self.walk = walk
            index += size
            end = header.lastOffset + 1
        }
        guard let first else {
            // Too little of the next batch was read to see its header.
            return .skipped(bytes: index - start, next: 0)
        }
        buffer.moveReaderIndex(to: first.index)
        buffer.moveWriterIndex(to: index)
        return .records(firstOffset: first.offset, end: end, endPosition: index - start)
    }

    private static func checksum(_ buffer: ByteBuffer, _ index: Int, _ size: Int) -> UInt32 {
        let start = index - buffer.readerIndex
        return buffer.withUnsafeReadableBytes { bytes in
            CRC32C.checksum(
                UnsafeRawBufferPointer(
                    rebasing: bytes[(start + RecordBatchHeader.checksummedPosition)..<(start + size)]
                )
            )
        }
    }

    private static func reason(_ error: any Error) -> String {
        (error as? SegmentWalk.Flaw)?.reason ?? (error as? RecordBatchError)?.message ?? "\(error)"
    }
}
