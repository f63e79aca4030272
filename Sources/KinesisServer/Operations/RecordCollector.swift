internal import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Text

/// Picks the records of an answer from record batches of the log, as they are read.
///
/// Skips control batches, aborted transactions (read_committed) and what cannot be decoded, and stops at a number of
/// records, of bytes, or at the end of the shard. Records are checked and measured; what is kept are references to
/// their batches, nothing per record.
struct RecordCollector<Writer: ShapeWriter> {
    /// The most data and keys in one answer. A larger record goes alone.
    static var bytesMax: Int { 10 << 20 }
    /// The most memory that an answer under way holds. Batches are more than the data and keys in them where there are
    /// headers or aborted transactions, and compressed ones become JSON: an answer may have to end before it is full.
    static var heldBytesMax: Int { 15 << 20 }
    /// Records of compressed batches are encoded at once, into buffers of this size, and so are those of an answer that
    /// does not exceed that: it stays in the CPU's cache anyway, and its batches are read once.
    private static var textBytes: Int { 512 << 10 }

    private var writer: Writer
    private var pieces: [RecordsPiece] = []
    /// Of the pieces in the answer.
    private var encodedBytes = 0
    private var heldBytes = 0
    /// Where reading continues.
    private(set) var nextOffset: Offset
    private(set) var recordCount = 0
    private(set) var bytes = 0
    /// Of the last record that was written.
    private(set) var lastTimestamp: Timestamp = -1
    /// The answer is full.
    private(set) var isFull = false

    private let shard: Shard
    /// The first offset that is not the shard's, as far as is known; the metadata may not have it yet.
    private var end: Offset?
    private let recordCountMax: Int
    /// What this answer may hold; at least one batch goes beyond it.
    private let heldBytesMax: Int
    /// The log is not made of batches here, so there is no telling where to continue. What came before is answered.
    private(set) var failure: RecordBatchError?
    /// What was passed over because its payload does not decode as records.
    ///
    /// Compressed payloads are stored as they came, unread, so that any Kafka producer can put such a batch there. It
    /// must not end every reader of the shard: sequence numbers have a gap instead.
    private(set) var skipped: Skipped?

    struct Skipped {
        var batchCount: Int
        /// Of the first batch.
        var baseOffset: Offset
        var error: RecordBatchError
    }

    init(shard: Shard, from offset: Offset, recordCountMax: Int, heldBytesMax: Int = Self.heldBytesMax) {
        self.writer = Writer(into: ByteBufferAllocator().buffer(capacity: 1024))
        self.shard = shard
        self.end = shard.endOffset
        self.nextOffset = offset
        self.recordCountMax = recordCountMax
        self.heldBytesMax = heldBytesMax
        GetRecordsOutput.begin(&self.writer)
    }

    /// The shard has no more records, ever.
    var isAtEnd: Bool { self.shard.endOffset.map { self.nextOffset >= $0 } ?? false }
    var isDone: Bool { self.isFull || self.hasReachedEnd || self.failure != nil }
    /// Nothing more can be read at the moment, even if the log has more.
    private var hasReachedEnd: Bool { self.end.map { self.nextOffset >= $0 } ?? false }
    /// Where reading ends, when the log has `end`.
    func readableEnd(_ logEnd: Offset) -> Offset { min(logEnd, self.end ?? .max) }
    var bytesLeft: Int { min(Self.bytesMax - self.bytes, max(0, self.heldBytesMax - self.heldBytes)) }
    var recordsLeft: Int { self.recordCountMax - self.recordCount }

    /// The read that brings the next batches: those of committed records, one at least.
    ///
    /// - Parameter bytesMax: what the caller wants to read at a time.
    func nextRead(bytesMax: Int) -> ReadRequest {
        ReadRequest(
            offset: self.nextOffset,
            bytesMax: max(4096, min(self.bytesLeft, bytesMax)),
            atLeastOneBatch: true,
            isolation: .readCommitted
        )
    }

    /// The answer, once.
    ///
    /// - Parameter end: writes what follows the records, from the end of their list on.
    mutating func finish(_ end: (inout Writer) -> Void) -> RecordsAnswer<Writer> {
        self.writer.continueList(hasElements: self.recordCount > 0)
        end(&self.writer)
        self.endText()
        defer { self.pieces = [] }
        return RecordsAnswer(
            pieces: self.pieces,
            byteCount: self.encodedBytes,
            heldBytes: self.heldBytes,
            shard: self.shard
        )
    }

    /// Takes what one read returned.
    ///
    /// - Parameter end: where the shard ends according to its partition, which knows before the metadata does.
    mutating func add(_ fetched: FetchedRecords, endingAt end: Offset? = nil) {
        if let end { self.end = min(end, self.end ?? .max) }
        let pieceCount = self.pieces.count
        self.take(fetched)
        let holdsBatches = self.pieces[pieceCount...].contains { if case .run = $0 { true } else { false } }
        if holdsBatches { self.heldBytes += fetched.bytes }
        if self.heldBytes >= self.heldBytesMax { self.isFull = true }
    }

    private mutating func take(_ fetched: FetchedRecords) {
        var aborted = AbortedProducers(fetched.abortedTransactions)
        do throws(RecordBatchError) {
            try fetched.forEachBatch { (header, payload) throws(RecordBatchError) in
                guard !self.isDone else { return false }
                do throws(RecordBatchError) {
                    try self.add(header, payload, &aborted)
                } catch {
                    self.skip(header, error)
                }
                if !self.isFull { self.nextOffset = max(self.nextOffset, header.lastOffset + 1) }
                if let end = self.end { self.nextOffset = min(self.nextOffset, end) }
                return true
            }
        } catch {
            self.failure = error
        }
    }

    private mutating func add(
        _ header: RecordBatchHeader,
        _ payload: ByteBuffer,
        _ aborted: inout AbortedProducers
    ) throws(RecordBatchError) {
        if header.attributes.isControl {
            if try ControlRecord.read(header, payload)?.kind == .abort { aborted.ended(header.producerID) }
        } else if header.lastOffset >= self.nextOffset,
            !(header.attributes.isTransactional && aborted.contains(header))
        {
            let isEncoded = self.isEncodedAtOnce(header)
            let firstOffset = self.nextOffset
            let countBefore = self.recordCount
            if isEncoded {
                self.writer.continueList(hasElements: countBefore > 0)
            } else {
                self.endText()
            }
            // Also when it throws: records before the error stay in the answer.
            defer {
                if !isEncoded, self.recordCount > countBefore {
                    let run = RecordRun(
                        header: header,
                        payload: payload,
                        firstOffset: firstOffset,
                        recordCount: self.recordCount - countBefore,
                        isFirst: countBefore == 0
                    )
                    self.pieces.append(.run(run))
                }
            }
            try RecordReader.forEachRecord(
                of: header,
                payload: payload,
                from: firstOffset
            ) { (header, record) throws(RecordBatchError) in
                try self.add(record, header, isEncoded: isEncoded)
            }
        }
    }

    private mutating func isEncodedAtOnce(_ header: RecordBatchHeader) -> Bool {
        guard header.attributes.compression == CompressionCodec.none else { return true }
        let fixed = Writer.recordByteCountMax(dataCount: 0, partitionKeyCount: 0)
        // What a batch says of itself may be wrong, except for its length; the buffer grows when it is.
        let recordCount = max(1, min(Int(header.recordCount), header.payloadLength))
        let offsetsLeft = Int(clamping: header.lastOffset - self.nextOffset + 1)
        let wanted = min(recordCount, self.recordsLeft, offsetsLeft)
        let estimate = (header.payloadLength / recordCount * 4 / 3 + fixed) * wanted
        guard self.pieces.isEmpty, self.writer.buffer.readableBytes + estimate <= Self.textBytes else { return false }
        self.writer.buffer.reserveCapacity(minimumWritableBytes: estimate)
        return true
    }

    private mutating func endText() {
        guard self.writer.buffer.readableBytes > 0 else { return }
        self.encodedBytes += self.writer.buffer.readableBytes
        self.heldBytes += self.writer.buffer.capacity
        self.pieces.append(.text(self.writer.buffer))
        self.writer.buffer = ByteBuffer()
    }

    /// Records of the batch that came before the error stay in the answer.
    private mutating func skip(_ header: RecordBatchHeader, _ error: RecordBatchError) {
        guard self.skipped == nil else {
            self.skipped?.batchCount += 1
            return
        }
        self.skipped = Skipped(batchCount: 1, baseOffset: header.baseOffset, error: error)
    }

    /// - Returns: whether to continue in this batch.
    private mutating func add(
        _ record: RecordSlices,
        _ header: RecordBatchHeader,
        isEncoded: Bool
    ) throws(RecordBatchError) -> Bool {
        let offset = header.offset(of: record.offsetDelta)
        // Nobody has checked the deltas of a compressed batch; a wild one would carry the reader off the log.
        guard offset >= self.nextOffset, offset <= header.lastOffset else {
            throw RecordBatchError(.badRecord, "offset \(offset) is not the batch's or not in order")
        }
        if let end = self.end, offset >= end { return false }
        let size = (record.value?.count ?? 0) + (record.key?.count ?? 0)
        guard self.recordCount < self.recordCountMax, self.recordCount == 0 || self.bytes + size <= Self.bytesMax else {
            self.isFull = true
            return false
        }
        let facts = RecordFacts(record, header, shard: self.shard)
        PartitionKeyText.with(record.key) { key in
            if isEncoded {
                self.write(record, facts, key)
            } else {
                self.encodedBytes += Writer.recordByteCount(
                    arrival: facts.arrival,
                    dataCount: record.value?.count ?? 0,
                    partitionKey: key,
                    isFirst: self.recordCount == 0
                )
            }
        }
        self.recordCount += 1
        self.bytes += size
        self.lastTimestamp = facts.timestamp
        self.nextOffset = offset + 1
        if self.recordCount >= self.recordCountMax || self.bytes >= Self.bytesMax
            || self.heldBytes >= self.heldBytesMax
        {
            self.isFull = true
        }
        return !self.isFull
    }

    private mutating func write(_ record: RecordSlices, _ facts: RecordFacts, _ key: UnsafeRawBufferPointer) {
        let data = record.value ?? UnsafeRawBufferPointer(start: nil, count: 0)
        let room = Writer.recordByteCountMax(dataCount: data.count, partitionKeyCount: key.count)
        // Until it is of that size a buffer grows.
        if room > self.writer.buffer.writableBytes, self.writer.buffer.capacity >= Self.textBytes { self.endText() }
        self.writer.record(
            sequenceNumber: facts.sequenceNumber,
            arrival: facts.arrival,
            data: data,
            partitionKey: key
        )
    }
}

/// How a record's key is shown as a partition key (`mapping.md`).
enum PartitionKeyText {
    /// What clients of Kinesis see in place of a key that is null or empty. Not absent: their models require a
    /// partition key of at least one character, and some crash or stop at a record without one.
    private static var null: StaticString { "null:" }
    private static var empty: StaticString { "empty:" }

    /// Lends the text of a key: its own bytes where they are UTF-8 of 1 to 256 code points, else `base64:` and the
    /// key, or `sha256:` and the digest in hex where that or the key is longer.
    @inline(__always)
    static func with(_ key: UnsafeRawBufferPointer?, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard let key, key.count > 0 else {
            let text = key == nil ? Self.null : Self.empty
            body(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
            return
        }
        // Up to 256 bytes of ASCII: nearly every key.
        if key.count <= PutEntry.partitionKeyLengthMax, UTF8Check.isASCII(key) {
            body(key)
            return
        }
        Self.unusual(key, body)
    }

    private static func unusual(_ key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        let scalarCount = UTF8Check.scalarCount(key)
        if let scalarCount, scalarCount <= PutEntry.partitionKeyLengthMax {
            body(key)
            return
        }
        var text: String
        if scalarCount == nil, Base64.encodedCount(of: key.count) <= PutEntry.partitionKeyLengthMax - 7 {
            text = "base64:"
            text += String(unsafeUninitializedCapacity: Base64.encodedCount(of: key.count)) { target in
                Base64.encode(key, into: UnsafeMutableRawBufferPointer(target))
            }
        } else {
            text = "sha256:" + SHA256Digest.hex(key)
        }
        text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}
