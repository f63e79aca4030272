internal import Model
package import NIOCore
package import RecordBatch

/// Who wrote a batch and which of the writer's batches it is (KIP-98).
package struct BatchSequence: Sendable, Equatable {
    package var producerID: Int64
    package var producerEpoch: Int16
    package var baseSequence: Int32

    package init(producerID: Int64, producerEpoch: Int16, baseSequence: Int32) {
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.baseSequence = baseSequence
    }

    /// What stands in a batch without an idempotent producer.
    package static let none = BatchSequence(producerID: -1, producerEpoch: -1, baseSequence: -1)
}

/// A record batch that is encoded once and sent many times: only the 61 bytes of its header are rewritten.
///
/// The checksum of what changes is joined to the payload's (`CRC32C.shift`), so that a send reads no payload byte.
package struct BatchTemplate: Sendable {
    package let recordCount: Int32
    /// The records, compressed or not, as they follow the header.
    package let payload: ByteBuffer
    private let payloadChecksum: UInt32
    private let attributes: BatchAttributes

    init(recordCount: Int32, payload: ByteBuffer, attributes: BatchAttributes) {
        self.recordCount = recordCount
        self.payload = payload
        self.payloadChecksum = payload.withUnsafeReadableBytes { CRC32C.checksum($0) }
        self.attributes = attributes
    }

    package var sizeInBytes: Int { RecordBatchHeader.encodedLength + self.payload.readableBytes }

    /// The header of a batch that is sent now, with the checksum of the whole.
    ///
    /// - Parameter timestamp: of every record, in milliseconds since the Unix epoch.
    package func header(timestamp: Int64, sequence: BatchSequence = .none) -> RecordBatchHeader {
        var header = RecordBatchHeader(
            baseOffset: 0,
            batchLength: Int32(self.sizeInBytes - RecordBatchHeader.overheadLength),
            partitionLeaderEpoch: LeaderEpoch(-1),
            crc: 0,
            attributes: self.attributes,
            lastOffsetDelta: self.recordCount - 1,
            baseTimestamp: timestamp,
            maxTimestamp: timestamp,
            producerID: ProducerID(sequence.producerID),
            producerEpoch: ProducerEpoch(sequence.producerEpoch),
            baseSequence: sequence.baseSequence,
            recordCount: self.recordCount
        )
        header.crc = CRC32C.combine(
            header.headChecksum,
            self.payloadChecksum,
            lengthOfB: self.payload.readableBytes
        )
        return header
    }
}

/// The templates of one load, by how many records a batch holds.
package struct BatchTemplates {
    /// Templates kept besides the one of full batches; a load with more sizes builds the others each time.
    private static let keptMax = 256

    /// Records in a full batch.
    package let batchRecords: Int
    private let recordBytes: Int
    private let compression: CompressionCodec
    private var kept: [Int: BatchTemplate] = [:]
    /// The uncompressed payload of a full batch, and where each record in it ends. A shorter batch is its beginning.
    private let plain: ByteBuffer
    private let recordEnds: [Int]

    /// - Parameters:
    ///   - recordBytes: of each record's value; records have no key.
    ///   - batchBytes: of a full batch before compression, unless a single record needs more.
    /// - Throws: `LoadFailure` when a codec fails, which only lack of memory explains.
    package init(recordBytes: Int, batchBytes: Int, compression: CompressionCodec) throws(LoadFailure) {
        self.recordBytes = recordBytes
        self.compression = compression
        var sample = SampleBytes(seed: UInt64(recordBytes))
        var builder = RecordBatchBuilder(capacity: batchBytes)
        var ends: [Int] = []
        while true {
            let size = builder.sizeInBytes(addingKeyLength: nil, valueLength: recordBytes, timestamp: 0)
            guard ends.isEmpty || size <= batchBytes else { break }
            let value = sample.bytes(count: recordBytes)
            value.withUnsafeBytes { builder.append(key: nil, value: $0, timestamp: 0) }
            ends.append(builder.sizeInBytes - RecordBatchHeader.encodedLength)
        }
        var batch = builder.finishUncompressed().buffer
        batch.moveReaderIndex(forwardBy: RecordBatchHeader.encodedLength)
        self.plain = batch
        self.recordEnds = ends
        self.batchRecords = ends.count
        _ = try self.template(records: ends.count)
    }

    /// A batch of this many records, at least 1 and at most `batchRecords`.
    package mutating func template(records: Int) throws(LoadFailure) -> BatchTemplate {
        precondition(records > 0 && records <= self.batchRecords, "a template has 1 to \(self.batchRecords) records")
        if let known = self.kept[records] { return known }
        let template = try self.make(records)
        if self.kept.count <= Self.keptMax { self.kept[records] = template }
        return template
    }

    private func make(_ records: Int) throws(LoadFailure) -> BatchTemplate {
        let attributes = BatchAttributes(compression: self.compression)
        guard let payload = self.plain.getSlice(at: self.plain.readerIndex, length: self.recordEnds[records - 1])
        else { preconditionFailure("the full batch holds its own records") }
        guard self.compression != .none else {
            return BatchTemplate(recordCount: Int32(records), payload: payload, attributes: attributes)
        }
        do {
            var builder = RecordBatchBuilder(
                options: .init(compression: self.compression),
                capacity: payload.readableBytes
            )
            var sample = SampleBytes(seed: UInt64(self.recordBytes))
            for _ in 0..<records {
                let value = sample.bytes(count: self.recordBytes)
                value.withUnsafeBytes { builder.append(key: nil, value: $0, timestamp: 0) }
            }
            var batch = try builder.finish()
            batch.moveReaderIndex(forwardBy: RecordBatchHeader.encodedLength)
            return BatchTemplate(recordCount: Int32(records), payload: batch, attributes: attributes)
        } catch {
            throw LoadFailure("a batch could not be compressed: \(error.message)")
        }
    }
}

/// Batches whose records say which record of the schedule they are, for measuring from end to end: the value begins
/// with the record's number in eight bytes, big-endian.
package struct StampedBatches {
    /// Bytes that a value needs for its number.
    package static let recordBytesMin = 8

    package let batchRecords: Int
    private let compression: CompressionCodec
    private var value: [UInt8]

    package init(recordBytes: Int, batchBytes: Int, compression: CompressionCodec) {
        precondition(recordBytes >= Self.recordBytesMin, "a stamp takes 8 bytes")
        var sample = SampleBytes(seed: UInt64(recordBytes))
        self.value = sample.bytes(count: recordBytes)
        self.compression = compression
        // The most that a record needs beside its value: attributes, five varints of at most five bytes.
        self.batchRecords = max(1, (batchBytes - RecordBatchHeader.encodedLength) / (recordBytes + 26))
    }

    /// The records `first`, `first + stride` … in one batch.
    ///
    /// - Throws: `LoadFailure` when the codec fails.
    package mutating func batch(
        first: Int,
        count: Int,
        stride: Int,
        timestamp: Int64,
        sequence: BatchSequence = .none
    ) throws(LoadFailure) -> ByteBuffer {
        let options = RecordBatchBuilder.Options(
            compression: self.compression,
            producerID: ProducerID(sequence.producerID),
            producerEpoch: ProducerEpoch(sequence.producerEpoch),
            baseSequence: sequence.baseSequence
        )
        var builder = RecordBatchBuilder(options: options, capacity: count * (self.value.count + 26) + 61)
        for index in 0..<count {
            let stamp = UInt64(first + index * stride)
            self.value.withUnsafeMutableBytes { bytes in
                bytes.storeBigEndian(stamp, at: 0)
                builder.append(key: nil, value: UnsafeRawBufferPointer(bytes), timestamp: timestamp)
            }
        }
        do {
            return try builder.finish()
        } catch {
            throw LoadFailure("a batch could not be compressed: \(error.message)")
        }
    }

    /// The number that a value begins with; `nil` when it is too short.
    package static func stamp(of value: ByteBuffer) -> Int? {
        value.getInteger(at: value.readerIndex, as: UInt64.self).map { Int(truncatingIfNeeded: $0) }
    }
}
