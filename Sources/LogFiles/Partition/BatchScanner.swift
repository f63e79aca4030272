internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

/// Walks the batches of a log file from a position, reading it in large pieces.
struct BatchScanner {
    enum Step {
        /// The batch's bytes are `whole`, when the scanner was asked for them.
        case batch(RecordBatchHeader, position: Int64, whole: ByteBuffer)
        /// The file ends here, at a batch's end.
        case end
        /// What follows is not a whole, sound batch.
        case damaged(String)
    }

    private let file: File
    private let limit: Int64
    private let pieceBytes: Int
    private let wholeBytesMax: Int
    private var piece = ByteBuffer()
    /// Position in the file of `piece`'s reader index.
    private(set) var position: Int64
    /// Sees that nothing is missing between the batches; `nil` where the bytes are no segment.
    private(set) var walk: SegmentWalk?

    /// - Parameters:
    ///   - limit: the file's size as far as it counts.
    ///   - walk: what the batches must follow.
    ///   - pieceBytes: read at a time; a larger batch is read whole.
    ///   - wholeBytesMax: a larger batch is checked piece by piece and comes without its bytes.
    init(
        file: File,
        from position: Int64,
        limit: Int64,
        following walk: SegmentWalk? = nil,
        pieceBytes: Int = 256 << 10,
        wholeBytesMax: Int = .max
    ) {
        self.file = file
        self.position = position
        self.limit = limit
        self.walk = walk
        self.pieceBytes = pieceBytes
        self.wholeBytesMax = wholeBytesMax
    }

    /// Continues behind damage.
    mutating func resume(at position: Int64, following walk: SegmentWalk?) {
        self.piece = ByteBuffer()
        self.position = position
        self.walk = walk
    }

    /// The next batch.
    ///
    /// - Parameter checksFrom: batches that end at or after this offset have their CRC checked; control batches and
    ///   these come with all their bytes, others may come without.
    mutating func next(checksFrom: Offset) throws(FileError) -> Step {
        if self.position == self.limit { return .end }
        try self.fill(RecordBatchHeader.encodedLength)
        guard self.piece.readableBytes >= RecordBatchHeader.encodedLength else {
            return .damaged("\(self.piece.readableBytes) bytes are too few for a batch")
        }
        let header: RecordBatchHeader
        do throws(RecordBatchError) {
            header = try RecordBatchHeader(reading: self.piece, at: self.piece.readerIndex)
        } catch {
            return .damaged("\(error)")
        }
        let size = header.sizeInBytes
        guard Int64(size) <= self.limit - self.position else {
            return .damaged("a batch of \(size) bytes goes beyond the end of the file")
        }
        guard header.lastOffsetDelta >= 0, header.baseOffset >= 0,
            header.baseOffset <= Offset.max - Offset(header.lastOffsetDelta) - 1
        else { return .damaged("a batch has offsets that cannot be") }
        var walk = self.walk
        do throws(SegmentWalk.Flaw) {
            try walk?.follow(header)
        } catch {
            return .damaged(error.reason)
        }
        let position = self.position
        let isChecked = header.lastOffset >= checksFrom
        guard isChecked || header.attributes.isControl || size <= self.piece.readableBytes else {
            self.walk = walk
            self.skip(size)
            return .batch(header, position: position, whole: ByteBuffer())
        }
        if isChecked, size > self.wholeBytesMax {
            guard try self.file.checksum(of: header, at: position) == header.crc else {
                return .damaged("the checksum of the batch is wrong")
            }
            self.walk = walk
            self.skip(size)
            return .batch(header, position: position, whole: ByteBuffer())
        }
        try self.fill(size)
        guard let whole = self.piece.getSlice(at: self.piece.readerIndex, length: size) else {
            return .damaged("the file ends within a batch")
        }
        if isChecked {
            do throws(RecordBatchError) {
                try Self.check(whole)
            } catch {
                return .damaged("\(error)")
            }
        }
        self.walk = walk
        self.skip(size)
        return .batch(header, position: position, whole: whole)
    }

    /// Throws unless a whole batch has its checksum.
    static func check(_ batch: ByteBuffer) throws(RecordBatchError) {
        let result: Result<RecordBatchHeader, RecordBatchError> = batch.withUnsafeReadableBytes { bytes in
            Result { () throws(RecordBatchError) in
                try RecordBatchValidation.validateChecksum(of: bytes)
            }
        }
        _ = try result.get()
    }

    private mutating func skip(_ size: Int) {
        self.position += Int64(size)
        if size <= self.piece.readableBytes {
            self.piece.moveReaderIndex(forwardBy: size)
        } else {
            self.piece.clear()
        }
    }

    /// Makes `count` bytes readable if the file has them.
    private mutating func fill(_ count: Int) throws(FileError) {
        if self.piece.readableBytes >= count { return }
        let wanted = Int(min(Int64(max(count, self.pieceBytes)), self.limit - self.position))
        // A fresh buffer: slices of the old one may be in use.
        var fresh = ByteBufferAllocator().buffer(capacity: wanted)
        _ = try self.file.read(into: &fresh, count: wanted, at: self.position)
        self.piece = fresh
    }
}
