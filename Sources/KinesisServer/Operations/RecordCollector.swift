internal import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch

/// Turns record batches of the log into the records of an answer, as it reads them.
///
/// Skips control batches, aborted transactions (read_committed) and what cannot be decoded, and stops at a number of
/// records, of bytes, or at the end of the shard. Nothing is kept per record.
struct RecordCollector<Writer: ShapeWriter> {
    /// The most data and keys in one answer. A larger record goes alone.
    static var bytesMax: Int { 10 << 20 }

    /// Up to the end of the year 9999: SDKs fail on what lies beyond, as it does where a Kafka topic takes any time.
    private static var arrivals: ClosedRange<Timestamp> { 0...253_402_300_799_999 }

    private(set) var writer: Writer
    /// Where reading goes on.
    private(set) var nextOffset: Offset
    private(set) var recordCount = 0
    private(set) var bytes = 0
    /// Of the last record that was written.
    private(set) var lastTimestamp: Timestamp = -1
    /// The answer is full.
    private(set) var isFull = false

    private let shard: Shard
    private let recordCountMax: Int
    /// The log is not made of batches here, so that there is no telling where to go on. What came before is answered.
    private(set) var failure: RecordBatchError?
    /// What was passed over because its payload is no records.
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

    init(_ writer: Writer, shard: Shard, from offset: Offset, recordCountMax: Int) {
        self.writer = writer
        self.shard = shard
        self.nextOffset = offset
        self.recordCountMax = recordCountMax
        GetRecordsOutput.begin(&self.writer)
    }

    /// The shard has no more records, ever.
    var isAtEnd: Bool { self.shard.endOffset.map { self.nextOffset >= $0 } ?? false }
    var isDone: Bool { self.isFull || self.isAtEnd || self.failure != nil }
    var bytesLeft: Int { Self.bytesMax - self.bytes }
    var recordsLeft: Int { self.recordCountMax - self.recordCount }

    mutating func finish(
        nextShardIterator: String?,
        millisBehindLatest: Int64,
        childShards: [ChildShard]
    ) -> Writer {
        GetRecordsOutput.end(
            &self.writer,
            nextShardIterator: nextShardIterator,
            millisBehindLatest: millisBehindLatest,
            childShards: childShards
        )
        return self.writer
    }

    /// Makes room for the rest of the answer at once, by the size of the records so far: a buffer of ten megabytes that
    /// doubles on its way there is copied as often.
    ///
    /// - Parameter end: the offset at which the log ends for readers.
    mutating func reserve(upTo end: Offset) {
        guard self.recordCount > 0, !self.isDone else { return }
        let offsetsLeft = min(end, self.shard.endOffset ?? .max) - self.nextOffset
        let recordBytes = max(1, self.bytes / self.recordCount)
        let recordsLeft = min(self.recordsLeft, Int(clamping: offsetsLeft), self.bytesLeft / recordBytes)
        guard recordsLeft > 0 else { return }
        self.writer.reserve(recordCount: recordsLeft, bytes: recordsLeft * recordBytes)
    }

    /// Takes what one read returned.
    mutating func add(_ fetched: FetchedRecords) {
        if self.recordCount == 0 {
            self.writer.reserve(recordCount: 1, bytes: min(fetched.bytes, self.bytesLeft, self.recordsLeft * 1024))
        }
        var aborted = AbortedTransactions(fetched.abortedTransactions)
        do throws(RecordBatchError) {
            try fetched.forEachBatch { (header, payload) throws(RecordBatchError) in
                guard !self.isDone else { return false }
                do throws(RecordBatchError) {
                    try self.add(header, payload, &aborted)
                } catch {
                    self.skip(header, error)
                }
                if !self.isFull { self.nextOffset = max(self.nextOffset, header.lastOffset + 1) }
                if let endOffset = self.shard.endOffset { self.nextOffset = min(self.nextOffset, endOffset) }
                return true
            }
        } catch {
            self.failure = error
        }
    }

    private mutating func add(
        _ header: RecordBatchHeader,
        _ payload: ByteBuffer,
        _ aborted: inout AbortedTransactions
    ) throws(RecordBatchError) {
        if header.attributes.isControl {
            if try ControlRecord.read(header, payload)?.kind == .abort { aborted.ended(header.producerID) }
        } else if header.lastOffset >= self.nextOffset,
            !(header.attributes.isTransactional && aborted.contains(header))
        {
            try RecordReader.forEachRecord(
                of: header,
                payload: payload,
                from: self.nextOffset
            ) { (header, record) throws(RecordBatchError) in
                try self.add(record, header)
            }
        }
    }

    /// Records of the batch that came before the error stay in the answer.
    private mutating func skip(_ header: RecordBatchHeader, _ error: RecordBatchError) {
        guard self.skipped == nil else {
            self.skipped?.batchCount += 1
            return
        }
        self.skipped = Skipped(batchCount: 1, baseOffset: header.baseOffset, error: error)
    }

    /// - Returns: whether to go on in this batch.
    private mutating func add(
        _ record: RecordSlices,
        _ header: RecordBatchHeader
    ) throws(RecordBatchError) -> Bool {
        let offset = header.offset(of: record.offsetDelta)
        // Nobody has checked the deltas of a compressed batch; a wild one would carry the reader off the log.
        guard offset >= self.nextOffset, offset <= header.lastOffset else {
            throw RecordBatchError(.badRecord, "offset \(offset) is not the batch's or not in order")
        }
        if let endOffset = self.shard.endOffset, offset >= endOffset { return false }
        let size = (record.value?.count ?? 0) + (record.key?.count ?? 0)
        guard self.recordCount < self.recordCountMax, self.recordCount == 0 || self.bytes + size <= Self.bytesMax else {
            self.isFull = true
            return false
        }
        let timestamp = header.timestamp(of: record.timestampDelta)
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        let number = StreamView.sequenceNumber(self.shard, offset: offset)
        PartitionKeyText.with(record.key) { key in
            self.writer.record(
                sequenceNumber: number,
                arrival: Self.arrivals.contains(timestamp) ? timestamp : nil,
                data: record.value ?? empty,
                partitionKey: key
            )
        }
        self.recordCount += 1
        self.bytes += size
        self.lastTimestamp = timestamp
        self.nextOffset = offset + 1
        if self.recordCount >= self.recordCountMax || self.bytes >= Self.bytesMax { self.isFull = true }
        return !self.isFull
    }
}

/// The aborted transactions of one read, as Kafka's consumer follows them: one begins for its producer at its first
/// offset and lasts until that producer's abort marker.
private struct AbortedTransactions {
    private var waiting: ArraySlice<AbortedTransaction>
    private var active: Set<ProducerID> = []

    init(_ transactions: [AbortedTransaction]) {
        self.waiting = transactions.sorted { $0.firstOffset < $1.firstOffset }[...]
    }

    mutating func contains(_ header: RecordBatchHeader) -> Bool {
        while let first = self.waiting.first, first.firstOffset <= header.lastOffset {
            self.active.insert(first.producerID)
            self.waiting.removeFirst()
        }
        return self.active.contains(header.producerID)
    }

    mutating func ended(_ producerID: ProducerID) {
        self.active.remove(producerID)
    }
}

/// How a record's key is shown as a partition key (`mapping.md`).
enum PartitionKeyText {
    /// Lends the text of a key: its own bytes where they are UTF-8 of up to 256 code points, else `base64:` and the
    /// key, or `sha256:` and the digest in hex where that or the key is longer.
    @inline(__always)
    static func with(_ key: UnsafeRawBufferPointer?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        guard let key else {
            body(nil)
            return
        }
        // Up to 256 bytes of ASCII: nearly every key.
        if key.count <= PutEntry.partitionKeyLengthMax, UTF8Check.isASCII(key) {
            body(key)
            return
        }
        Self.unusual(key, body)
    }

    private static func unusual(_ key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) -> Void) {
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
