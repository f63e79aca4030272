internal import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch

/// Records of the log that an answer is made of, checked and counted but not yet encoded.
struct RecordRun {
    var header: RecordBatchHeader
    /// Begins with a record of the batch.
    var payload: ByteBuffer
    /// Records before it are not part of the answer.
    var firstOffset: Offset
    var recordCount: Int
    /// Its first record is that of the answer.
    var isFirst: Bool
}

/// A piece of the list of records in an answer.
enum RecordsPiece {
    case run(RecordRun)
    /// Encoded already: the two ends of the answer, and what is better encoded at once.
    case text(ByteBuffer)

    var bytes: Int {
        switch self {
        case .run(let run): run.payload.readableBytes
        case .text(let text): text.readableBytes
        }
    }
}

/// The answer to a GetRecords: refers to batches where they lie, and encodes their records when they are sent.
///
/// The whole of it, 14 MB of JSON for 10 MiB of data, would be written into fresh memory and read back from there to be
/// sent; a chunk stays in the CPU's cache in between.
struct RecordsAnswer<Writer: ShapeWriter> {
    /// A record that is longer makes a longer chunk.
    static var chunkBytes: Int { 256 << 10 }
    /// Text up to this size is rather copied behind what is there than sent by itself.
    private static var copiedTextBytesMax: Int { 16 << 10 }

    let byteCount: Int
    private(set) var bytesLeft: Int
    private(set) var heldBytes: Int

    private let shard: Shard
    private var writer: Writer
    /// The last one is next.
    private var pieces: [RecordsPiece]

    /// - Parameters:
    ///   - byteCount: of the pieces when they are encoded.
    ///   - heldBytes: the memory that the pieces keep alive.
    init(
        pieces: [RecordsPiece],
        byteCount: Int,
        heldBytes: Int,
        shard: Shard
    ) {
        self.byteCount = byteCount
        self.bytesLeft = byteCount
        self.heldBytes = heldBytes
        self.shard = shard
        self.writer = Writer(into: ByteBuffer())
        self.pieces = pieces.reversed()
    }

    /// See `ChunkedBody`.
    mutating func next(after start: ByteBuffer) throws(ChunkedBodyError) -> ByteBuffer {
        precondition(self.bytesLeft > 0, "the answer is over")
        let before = start.readableBytes
        let chunk = try self.fill(start)
        self.bytesLeft -= chunk.readableBytes - before
        guard self.bytesLeft >= 0, chunk.readableBytes > 0 else { throw Self.miscounted }
        guard self.pieces.isEmpty == (self.bytesLeft == 0) else { throw Self.miscounted }
        if self.pieces.isEmpty { self.heldBytes = 0 }
        return chunk
    }

    private static var miscounted: ChunkedBodyError {
        ChunkedBodyError(description: "an answer of GetRecords is not as long as it was announced to be")
    }

    private mutating func fill(_ start: ByteBuffer) throws(ChunkedBodyError) -> ByteBuffer {
        let startBytes = start.readableBytes
        self.writer.buffer = start
        defer { self.writer.buffer = ByteBuffer() }
        if case .text(let text)? = self.pieces.last, self.pieces.count == 1 {
            // A short answer, or the end of a long one.
            guard text.readableBytes <= Self.copiedTextBytesMax else {
                if startBytes > 0 { return start }
                self.pieces.removeLast()
                self.release(text.readableBytes)
                return text
            }
            self.writer.buffer.reserveCapacity(minimumWritableBytes: text.readableBytes)
        } else {
            self.writer.buffer.reserveCapacity(minimumWritableBytes: Self.chunkBytes - startBytes)
        }
        while let piece = self.pieces.popLast() {
            let bytes = piece.bytes
            switch piece {
            case .run(var run):
                self.writer.continueList(hasElements: !run.isFirst)
                try self.write(&run)
                self.release(bytes - run.payload.readableBytes)
                guard run.recordCount == 0 else {
                    self.pieces.append(.run(run))
                    return self.writer.buffer
                }
            case .text(let text):
                guard bytes <= min(Self.copiedTextBytesMax, self.writer.buffer.writableBytes) else {
                    if self.writer.buffer.readableBytes > 0 {
                        self.pieces.append(.text(text))
                        return self.writer.buffer
                    }
                    self.release(bytes)
                    return text
                }
                self.writer.buffer.writeImmutableBuffer(text)
                self.release(bytes)
            }
        }
        return self.writer.buffer
    }

    private mutating func release(_ bytes: Int) {
        self.heldBytes = max(0, self.heldBytes - bytes)
    }

    /// Writes records until the run or the room ends, and moves the run behind them.
    private mutating func write(_ run: inout RecordRun) throws(ChunkedBodyError) {
        var left = run.recordCount
        let whole = run.payload
        let end: Int? = whole.withUnsafeReadableBytes { bytes in
            var end: UnsafeRawPointer?
            let outcome = Result { () throws(RecordBatchError) in
                try RecordReader.forEachRecord(
                    of: run.header,
                    payload: whole,
                    from: run.firstOffset
                ) { (header, record) throws(RecordBatchError) in
                    guard self.write(record, header) else { return false }
                    left -= 1
                    end = record.headerBytes.baseAddress.map { $0 + record.headerBytes.count }
                    return left > 0
                }
            }
            guard case .success = outcome, let start = bytes.baseAddress else { return nil }
            return end.map { $0 - start } ?? 0
        }
        guard let end else { throw Self.miscounted }
        run.payload.moveReaderIndex(forwardBy: end)
        // An empty chunk takes any record, so there is no way around one that cannot be read any more.
        guard left < run.recordCount || self.writer.buffer.readableBytes > 0 else { throw Self.miscounted }
        if left < run.recordCount { run.isFirst = false }
        run.recordCount = left
    }

    /// - Returns: whether there was room.
    private mutating func write(_ record: RecordSlices, _ header: RecordBatchHeader) -> Bool {
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        let facts = RecordFacts(record, header, shard: self.shard)
        let data = record.value ?? empty
        var hasRoom = true
        PartitionKeyText.with(record.key) { key in
            let room = Writer.recordByteCountMax(dataCount: data.count, partitionKeyCount: key.count)
            hasRoom = room <= self.writer.buffer.writableBytes || self.writer.buffer.readableBytes == 0
            guard hasRoom else { return }
            self.writer.record(
                sequenceNumber: facts.sequenceNumber,
                arrival: facts.arrival,
                data: data,
                partitionKey: key
            )
        }
        return hasRoom
    }
}

/// The same as the body of a response, in JSON. A class of its own for each encoding: reached through the protocol, a
/// generic one would look up the metadata of its types for every record.
final class JSONRecordsBody: ChunkedBody {
    private var answer: RecordsAnswer<JSONWriter>

    init(_ answer: RecordsAnswer<JSONWriter>) { self.answer = answer }

    var byteCount: Int { self.answer.byteCount }
    var bytesLeft: Int { self.answer.bytesLeft }
    var heldBytes: Int { self.answer.heldBytes }

    func next(after start: ByteBuffer) throws(ChunkedBodyError) -> ByteBuffer { try self.answer.next(after: start) }
}

/// The same in CBOR.
final class CBORRecordsBody: ChunkedBody {
    private var answer: RecordsAnswer<CBORWriter>

    init(_ answer: RecordsAnswer<CBORWriter>) { self.answer = answer }

    var byteCount: Int { self.answer.byteCount }
    var bytesLeft: Int { self.answer.bytesLeft }
    var heldBytes: Int { self.answer.heldBytes }

    func next(after start: ByteBuffer) throws(ChunkedBodyError) -> ByteBuffer { try self.answer.next(after: start) }
}

/// What an answer says about a record beside its data and key.
struct RecordFacts {
    /// Up to the end of the year 9999: SDKs fail on what lies beyond, as it does where a Kafka topic takes any time.
    private static var arrivals: ClosedRange<Timestamp> { 0...253_402_300_799_999 }

    let sequenceNumber: SequenceNumber
    let timestamp: Timestamp
    var arrival: Timestamp? { Self.arrivals.contains(self.timestamp) ? self.timestamp : nil }

    @inline(__always)
    init(_ record: RecordSlices, _ header: RecordBatchHeader, shard: Shard) {
        self.sequenceNumber = StreamView.sequenceNumber(shard, offset: header.offset(of: record.offsetDelta))
        self.timestamp = header.timestamp(of: record.timestampDelta)
    }
}
