internal import KafkaProtocol
package import NIOCore
internal import RecordBatch

/// What a fetch response says of one partition.
package struct FetchedPartition: Sendable, Equatable {
    package var partition: Int32
    package var errorCode: Int16
    package var highWatermark: Int64
    /// Records in the whole batches that were returned, control batches left out.
    package var recordCount = 0
    /// Bytes of those batches as stored.
    package var batchBytes = 0
    /// The offset to fetch next; `nil` when no whole batch was returned.
    package var nextOffset: Int64?
    /// The whole batches; empty unless the scanner keeps them.
    package var batches = ByteBuffer()
}

/// What a fetch response says as a whole.
package struct FetchEnd: Sendable, Equatable {
    package var correlationID: Int32
    package var errorCode: Int16
    package var sessionID: Int32
}

/// Reads Fetch responses of version 11 as their bytes arrive, without putting them together.
///
/// | part | bytes |
/// | --- | --- |
/// | frame length, correlation ID, throttle time, error, session ID, topics | 4, 4, 4, 2, 4, 4 |
/// | topic: name, partitions | 2 + n, 4 |
/// | partition: index, error, high watermark, last stable and log start offset, aborted ones | 4, 2, 8, 8, 8, 4 |
/// | aborted transaction | 16 each |
/// | preferred replica, length of the records | 4, 4 |
/// | record batches | as `RecordBatchHeader` says |
///
/// Version 11 is the newest whose parts have fixed places (Kafka 2.3 to 4.x serve it). Records are counted from batch
/// headers; their bytes are passed over, or only run through the checksum.
package struct FetchScanner {
    package enum Event: Equatable {
        case partition(FetchedPartition)
        case end(FetchEnd)
    }

    /// The version to ask for.
    package static let version: Int16 = 11

    private enum Step {
        case frame
        case topicName
        case partitionCount
        case partition
        case recordsLength
        case batchHeader
    }

    private let checksCRC: Bool
    private let keepsBatches: Bool
    private let frameBytesMax: Int
    private var step = Step.frame
    private var needed = 22
    /// The bytes of a step that arrived in pieces.
    private var gathered: [UInt8] = []
    /// Bytes to pass over before the next step: names, aborted transactions, records.
    private var skip = 0
    private var topicsLeft = 0
    private var partitionsLeft = 0
    private var recordsLeft = 0
    private var answer = FetchEnd(correlationID: 0, errorCode: 0, sessionID: 0)
    private var current = FetchedPartition(partition: 0, errorCode: 0, highWatermark: 0)
    /// The batch whose records are being passed over.
    private var batch: RecordBatchHeader?
    private var checksum: UInt32 = 0

    /// - Parameters:
    ///   - checksCRC: compare each batch with its checksum.
    ///   - keepsBatches: put whole batches into the events.
    package init(checksCRC: Bool = false, keepsBatches: Bool = false, frameBytesMax: Int = 1 << 30) {
        self.checksCRC = checksCRC
        self.keepsBatches = keepsBatches
        self.frameBytesMax = frameBytesMax
        self.gathered.reserveCapacity(64)
    }

    /// Reads on; the next event, or `nil` when all of `chunk` has been read. Call it until then.
    ///
    /// - Throws: `LoadFailure` for bytes that are not a Fetch response, or a batch with a wrong checksum.
    package mutating func next(in chunk: inout ByteBuffer) throws(LoadFailure) -> Event? {
        while true {
            if self.skip > 0 {
                self.pass(over: &chunk)
                guard self.skip == 0 else { return nil }
            }
            if self.batch != nil { try self.endBatch() }
            if self.step == .batchHeader, self.recordsLeft == 0 {
                return .partition(self.endPartition())
            }
            if self.step == .partition, self.partitionsLeft == 0 {
                self.topicsLeft -= 1
                self.expect(.topicName, bytes: 2)
            }
            if self.step == .topicName, self.topicsLeft == 0 {
                self.expect(.frame, bytes: 22)
                return .end(self.answer)
            }
            guard let bytes = self.gather(from: &chunk) else { return nil }
            try self.take(bytes)
        }
    }

    private mutating func expect(_ step: Step, bytes: Int) {
        self.step = step
        self.needed = bytes
    }

    /// The bytes of the step in one buffer, once they are all there.
    private mutating func gather(from chunk: inout ByteBuffer) -> ByteBuffer? {
        if self.gathered.isEmpty, let all = chunk.readSlice(length: self.needed) { return all }
        let missing = min(self.needed - self.gathered.count, chunk.readableBytes)
        if let piece = chunk.readBytes(length: missing) { self.gathered += piece }
        guard self.gathered.count == self.needed else { return nil }
        defer { self.gathered.removeAll(keepingCapacity: true) }
        return ByteBuffer(bytes: self.gathered)
    }

    private mutating func pass(over chunk: inout ByteBuffer) {
        let count = min(self.skip, chunk.readableBytes)
        if self.batch != nil {
            if self.checksCRC {
                let sum = self.checksum
                self.checksum = chunk.withUnsafeReadableBytes { bytes in
                    CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<count]), initial: sum)
                }
            }
            if self.keepsBatches, let piece = chunk.getSlice(at: chunk.readerIndex, length: count) {
                self.current.batches.writeImmutableBuffer(piece)
            }
        }
        chunk.moveReaderIndex(forwardBy: count)
        self.skip -= count
    }

    private mutating func take(_ bytes: ByteBuffer) throws(LoadFailure) {
        var bytes = bytes
        switch self.step {
        case .frame: try self.takeFrame(&bytes)
        case .topicName:
            self.skip = max(0, Int(bytes.readInteger(as: Int16.self) ?? 0))
            self.expect(.partitionCount, bytes: 4)
        case .partitionCount:
            self.partitionsLeft = try Self.count(bytes.readInteger(as: Int32.self), "partitions")
            self.expect(.partition, bytes: 34)
        case .partition: try self.takePartition(&bytes)
        case .recordsLength:
            bytes.moveReaderIndex(forwardBy: 4)
            self.recordsLeft = max(0, Int(bytes.readInteger(as: Int32.self) ?? 0))
            self.expectBatch()
        case .batchHeader: try self.takeBatch(bytes)
        }
    }

    private mutating func takeFrame(_ bytes: inout ByteBuffer) throws(LoadFailure) {
        guard let length = bytes.readInteger(as: Int32.self), length >= 18, Int(length) <= self.frameBytesMax,
            let correlationID = bytes.readInteger(as: Int32.self), bytes.readInteger(as: Int32.self) != nil,
            let errorCode = bytes.readInteger(as: Int16.self), let sessionID = bytes.readInteger(as: Int32.self)
        else { throw Self.malformed("its length is impossible") }
        self.answer = FetchEnd(correlationID: correlationID, errorCode: errorCode, sessionID: sessionID)
        self.topicsLeft = try Self.count(bytes.readInteger(as: Int32.self), "topics")
        self.expect(.topicName, bytes: 2)
    }

    private mutating func takePartition(_ bytes: inout ByteBuffer) throws(LoadFailure) {
        guard let index = bytes.readInteger(as: Int32.self), let errorCode = bytes.readInteger(as: Int16.self),
            let highWatermark = bytes.readInteger(as: Int64.self), bytes.readInteger(as: Int64.self) != nil,
            bytes.readInteger(as: Int64.self) != nil
        else { throw Self.malformed("a partition is cut off") }
        self.current = FetchedPartition(partition: index, errorCode: errorCode, highWatermark: highWatermark)
        let aborted = bytes.readInteger(as: Int32.self) ?? -1
        self.skip = aborted > 0 ? try Self.count(aborted, "aborted transactions") * 16 : 0
        self.expect(.recordsLength, bytes: 8)
    }

    /// The next batch header, or what is left when that is less: brokers may cut the last batch anywhere.
    private mutating func expectBatch() {
        if self.recordsLeft < RecordBatchHeader.encodedLength {
            self.skip = self.recordsLeft
            self.recordsLeft = 0
        }
        self.expect(.batchHeader, bytes: RecordBatchHeader.encodedLength)
    }

    private mutating func takeBatch(_ bytes: ByteBuffer) throws(LoadFailure) {
        let header: RecordBatchHeader
        do {
            header = try RecordBatchHeader(reading: bytes, at: bytes.readerIndex)
        } catch {
            throw LoadFailure("partition \(self.current.partition) holds no record batch: \(error.message)")
        }
        guard header.sizeInBytes <= self.recordsLeft else {
            self.skip = self.recordsLeft - RecordBatchHeader.encodedLength
            self.recordsLeft = 0
            return
        }
        self.batch = header
        self.skip = header.payloadLength
        self.recordsLeft -= header.sizeInBytes
        if self.checksCRC { self.checksum = header.headChecksum }
        if self.keepsBatches { self.current.batches.writeImmutableBuffer(bytes) }
    }

    private mutating func endBatch() throws(LoadFailure) {
        guard let header = self.batch else { return }
        self.batch = nil
        guard !self.checksCRC || self.checksum == header.crc else {
            throw LoadFailure(
                "partition \(self.current.partition): the batch at offset \(header.baseOffset) has a wrong checksum"
            )
        }
        if !header.attributes.isControl { self.current.recordCount += Int(max(0, header.recordCount)) }
        self.current.batchBytes += header.sizeInBytes
        self.current.nextOffset = header.nextOffset
        self.expectBatch()
    }

    private mutating func endPartition() -> FetchedPartition {
        self.partitionsLeft -= 1
        self.expect(.partition, bytes: 34)
        defer { self.current.batches = ByteBuffer() }
        return self.current
    }

    private static func count(_ value: Int32?, _ what: String) throws(LoadFailure) -> Int {
        guard let value, value >= 0, value <= 1 << 24 else { throw self.malformed("it claims \(value ?? -1) \(what)") }
        return Int(value)
    }

    private static func malformed(_ what: String) -> LoadFailure {
        LoadFailure("the broker sent a malformed Fetch v\(self.version) response: \(what)")
    }
}
