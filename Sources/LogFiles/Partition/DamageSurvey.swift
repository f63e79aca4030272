internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Finds where a segment's log is sound again behind damage.
///
/// A batch counts as sound there when its checksum holds, its offsets fit between the damage and the segment's end, and
/// the batch after it, or the segment's end, begins where it ends: a record whose value looks like a batch has no such
/// neighbour. First tried is where the damaged header says that its batch ends; then every byte.
struct DamageSurvey {
    struct Resumption: Equatable {
        var position: Int64
        var baseOffset: Offset
    }

    let file: File
    /// The file's size as far as it counts.
    let limit: Int64
    /// The walk as it was before the damage.
    let walk: SegmentWalk
    /// The offset after the segment, as far as it is known; with `nil` the last batch is proved by the one before only.
    let end: Offset?
    /// Checksums are computed of so many bytes more at most: bytes that imitate headers make it no endless work.
    private var budget: Int64

    init(file: File, limit: Int64, walk: SegmentWalk, end: Offset?) {
        self.file = file
        self.limit = limit
        self.walk = walk
        self.end = end
        self.budget = limit * 4 + (16 << 20)
    }

    /// What is damaged from `position` on, with where the segment is sound again; `nil` is nowhere.
    ///
    /// - Parameter lastBatch: where the batch before begins, when its checksum was not looked at: its length may be
    ///   what is wrong, and then the next one begins elsewhere.
    mutating func run(
        at position: Int64,
        lastBatch: Int64?,
        reason: String
    ) throws(FileError) -> (range: DamagedRange, resumption: Resumption?) {
        let resumption: Resumption?
        do throws(FileError) {
            resumption = try self.resume(from: position, searchingFrom: (lastBatch ?? position) + 1)
        } catch {
            // More than a few blocks: what follows them is not looked for.
            guard error.isUnreadable else { throw error }
            resumption = nil
        }
        let expected = self.walk.expected ?? 0
        let upper = resumption?.baseOffset ?? max(expected, self.end ?? expected)
        let end = resumption?.position ?? self.limit
        let range = DamagedRange(
            offsets: expected..<upper,
            path: self.file.path,
            bytes: min(position, end)..<end,
            reason: reason
        )
        return (range, resumption)
    }

    private mutating func resume(
        from position: Int64,
        searchingFrom start: Int64
    ) throws(FileError) -> Resumption? {
        if let header = try self.header(at: position) {
            // Offsets may be missing before it.
            if try self.isSound(header, at: position) {
                return Resumption(position: position, baseOffset: header.baseOffset)
            }
            let next = position + Int64(header.sizeInBytes)
            if next < self.limit, let header = try self.header(at: next), try self.isSound(header, at: next) {
                return Resumption(position: next, baseOffset: header.baseOffset)
            }
        }
        return try self.search(from: start)
    }

    private mutating func search(from start: Int64) throws(FileError) -> Resumption? {
        let headerBytes = RecordBatchHeader.encodedLength
        var position = start
        while position + Int64(headerBytes) <= self.limit, self.budget > 0 {
            var piece = ByteBuffer()
            let count = Int(min(Int64(Self.pieceBytes), self.limit - position))
            let read = try self.file.readWithZeros(into: &piece, count: count, at: position)
            guard read >= headerBytes else { return nil }
            let candidates = piece.withUnsafeReadableBytes { bytes -> [(Int, RecordBatchHeader)] in
                var found: [(Int, RecordBatchHeader)] = []
                for index in 0...(bytes.count - headerBytes)
                where bytes[index + 16] == UInt8(RecordBatchHeader.magicSupported) {
                    let candidate = UnsafeRawBufferPointer(rebasing: bytes[index..<(index + headerBytes)])
                    guard let header = try? RecordBatchHeader(reading: candidate),
                        self.fits(header, at: position + Int64(index))
                    else { continue }
                    found.append((index, header))
                }
                return found
            }
            for (index, header) in candidates where try self.isSound(header, at: position + Int64(index)) {
                return Resumption(position: position + Int64(index), baseOffset: header.baseOffset)
            }
            position += Int64(piece.readableBytes - headerBytes + 1)
        }
        return nil
    }

    private static let pieceBytes = 1 << 20

    /// Whether a batch with this header may lie there, as far as the header tells.
    private func fits(_ header: RecordBatchHeader, at position: Int64) -> Bool {
        guard header.baseOffset >= self.walk.expected ?? 0, Int64(header.sizeInBytes) <= self.limit - position else {
            return false
        }
        var walk = self.walk.resumed(at: header.baseOffset)
        return (try? walk.follow(header)) != nil
    }

    private mutating func isSound(_ header: RecordBatchHeader, at position: Int64) throws(FileError) -> Bool {
        guard self.fits(header, at: position), self.budget > 0 else { return false }
        let next = position + Int64(header.sizeInBytes)
        if next < self.limit {
            guard let following = try self.header(at: next) else { return false }
            let isNext =
                following.baseOffset == header.nextOffset
                || (following.baseOffset > header.nextOffset && following.baseOffset <= self.walk.gapsBefore)
            guard isNext else { return false }
        } else if let end = self.end, header.nextOffset != end, end > self.walk.gapsBefore {
            return false
        } else if self.end == nil, header.baseOffset != self.walk.expected {
            // Its base offset is in no checksum, and nothing behind it proves it.
            return false
        }
        self.budget -= Int64(header.sizeInBytes)
        return try self.file.checksum(of: header, at: position) == header.crc
    }

    private func header(at position: Int64) throws(FileError) -> RecordBatchHeader? {
        guard position + Int64(RecordBatchHeader.encodedLength) <= self.limit else { return nil }
        var buffer = ByteBuffer()
        _ = try self.file.readWithZeros(into: &buffer, count: RecordBatchHeader.encodedLength, at: position)
        return try? RecordBatchHeader(reading: buffer, at: buffer.readerIndex)
    }
}

extension File {
    /// The checksum of the batch with this header, read in pieces.
    func checksum(of header: RecordBatchHeader, at position: Int64) throws(FileError) -> UInt32 {
        var checksum: UInt32 = 0
        var start = position + Int64(RecordBatchHeader.checksummedPosition)
        let end = position + Int64(header.sizeInBytes)
        while start < end {
            var piece = ByteBuffer()
            let wanted = Int(min(1 << 20, end - start))
            let count = try self.readWithZeros(into: &piece, count: wanted, at: start)
            if count == 0 { break }
            checksum = piece.withUnsafeReadableBytes { CRC32C.checksum($0, initial: checksum) }
            start += Int64(count)
        }
        return checksum
    }
}
