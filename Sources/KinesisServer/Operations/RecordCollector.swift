internal import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch

/// Turns record batches of the log into the records of an answer, as it reads them.
///
/// Skips control batches and aborted transactions (read_committed), and stops at a number of records, of bytes, or at
/// the end of the shard. Nothing is kept per record.
struct RecordCollector<Writer: ShapeWriter> {
    /// The most data and keys in one answer. A larger record goes alone.
    static var bytesMax: Int { 10 << 20 }

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
    /// Batches of unknown codecs or damage: what came before is still answered.
    private(set) var failure: RecordBatchError?

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

    /// Takes what one read returned.
    mutating func add(_ fetched: FetchedRecords) {
        var aborted = AbortedTransactions(fetched.abortedTransactions)
        do throws(RecordBatchError) {
            try fetched.forEachBatch { (header, payload) throws(RecordBatchError) in
                guard !self.isDone else { return false }
                try self.add(header, payload, &aborted)
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
                self.add(record, header)
            }
        }
        if !self.isFull { self.nextOffset = max(self.nextOffset, header.lastOffset + 1) }
        if let endOffset = self.shard.endOffset { self.nextOffset = min(self.nextOffset, endOffset) }
    }

    /// - Returns: whether to go on in this batch.
    private mutating func add(_ record: RecordSlices, _ header: RecordBatchHeader) -> Bool {
        let offset = header.offset(of: record.offsetDelta)
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
            GetRecordsOutput.record(
                &self.writer,
                sequenceNumber: number,
                arrival: timestamp >= 0 ? timestamp : nil,
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
        if key.count <= PutEntry.partitionKeyLengthMax, key.allSatisfy({ $0 < 0x80 }) {
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
