package import Model
package import NIOCore

/// The 61 bytes before the records of a v2 batch (KIP-98). All numbers are big-endian.
///
/// | at | bytes | field |
/// | --- | --- | --- |
/// | 0 | 8 | base offset |
/// | 8 | 4 | batch length: bytes after this field |
/// | 12 | 4 | partition leader epoch |
/// | 16 | 1 | magic, 2 |
/// | 17 | 4 | CRC-32C of everything after this field |
/// | 21 | 2 | attributes |
/// | 23 | 4 | last offset delta |
/// | 27 | 8 | base timestamp |
/// | 35 | 8 | max timestamp |
/// | 43 | 8 | producer ID |
/// | 51 | 2 | producer epoch |
/// | 53 | 4 | base sequence |
/// | 57 | 4 | record count |
package struct RecordBatchHeader: Sendable, Equatable {
    package var baseOffset: Offset
    /// Bytes after the length field: 49 of the header and the payload.
    package var batchLength: Int32
    package var partitionLeaderEpoch: LeaderEpoch
    package var magic: Int8
    package var crc: UInt32
    package var attributes: BatchAttributes
    package var lastOffsetDelta: Int32
    package var baseTimestamp: Timestamp
    package var maxTimestamp: Timestamp
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    package var baseSequence: Int32
    package var recordCount: Int32

    /// Bytes of an encoded header.
    package static let encodedLength = 61
    /// Bytes before and including the length field.
    package static let overheadLength = 12
    /// Where the bytes under the checksum begin.
    package static let checksummedPosition = 21
    /// Where the checksum is stored.
    package static let crcPosition = 17
    /// The only magic that this broker stores.
    package static let magicSupported: Int8 = 2

    package init(
        baseOffset: Offset,
        batchLength: Int32,
        partitionLeaderEpoch: LeaderEpoch,
        magic: Int8 = RecordBatchHeader.magicSupported,
        crc: UInt32,
        attributes: BatchAttributes,
        lastOffsetDelta: Int32,
        baseTimestamp: Timestamp,
        maxTimestamp: Timestamp,
        producerID: ProducerID,
        producerEpoch: ProducerEpoch,
        baseSequence: Int32,
        recordCount: Int32
    ) {
        self.baseOffset = baseOffset
        self.batchLength = batchLength
        self.partitionLeaderEpoch = partitionLeaderEpoch
        self.magic = magic
        self.crc = crc
        self.attributes = attributes
        self.lastOffsetDelta = lastOffsetDelta
        self.baseTimestamp = baseTimestamp
        self.maxTimestamp = maxTimestamp
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.baseSequence = baseSequence
        self.recordCount = recordCount
    }

    /// Bytes of the whole batch.
    package var sizeInBytes: Int { Self.overheadLength + Int(self.batchLength) }

    /// Bytes of the records, as stored (compressed or not).
    package var payloadLength: Int { self.sizeInBytes - Self.encodedLength }

    /// The offset of the last record, as a compacted batch keeps it even when that record is gone.
    package var lastOffset: Offset { self.baseOffset &+ Offset(self.lastOffsetDelta) }

    /// The offset that the next batch may have at the least.
    package var nextOffset: Offset { self.lastOffset &+ 1 }

    /// An idempotent or transactional producer wrote this batch.
    package var hasProducer: Bool { self.producerID.rawValue > -1 }

    /// The sequence number of the last record; `-1` without sequences. Sequences go from `Int32.max` to 0.
    package var lastSequence: Int32 {
        self.baseSequence < 0 ? -1 : Self.sequence(self.baseSequence, advancedBy: self.lastOffsetDelta)
    }

    /// A sequence number `increment` records on. Both at least 0.
    package static func sequence(_ sequence: Int32, advancedBy increment: Int32) -> Int32 {
        Int32(truncatingIfNeeded: (Int64(sequence) + Int64(increment)) & 0x7FFF_FFFF)
    }
}

extension RecordBatchHeader {
    /// Reads the header at a buffer index (as `readerIndex` counts). The payload need not be there.
    ///
    /// Throws `.truncated`, `.badMagic`, `.unsupportedMagic` or `.badLength`; nothing else is checked.
    package init(reading buffer: ByteBuffer, at index: Int) throws(RecordBatchError) {
        let offset = index - buffer.readerIndex
        guard offset >= 0, offset <= buffer.readableBytes else {
            throw RecordBatchError(.truncated, "no batch header at index \(index)")
        }
        let parsed: Result<RecordBatchHeader, RecordBatchError> = buffer.withUnsafeReadableBytes { bytes in
            Result { () throws(RecordBatchError) in
                try RecordBatchHeader(reading: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
            }
        }
        self = try parsed.get()
    }

    /// Reads the header at the start of `bytes`. See `init(reading:at:)`.
    package init(reading bytes: UnsafeRawBufferPointer) throws(RecordBatchError) {
        guard bytes.count > 16 else {
            throw RecordBatchError(.truncated, "\(bytes.count) bytes are too few for a batch header")
        }
        let magic = Int8(bitPattern: bytes[16])
        guard magic == Self.magicSupported else { throw Self.magicError(magic) }
        let batchLength = bytes.bigEndian(Int32.self, at: 8)
        guard batchLength >= Int32(Self.encodedLength - Self.overheadLength) else {
            throw RecordBatchError(.badLength, "batch length \(batchLength) is less than a batch header")
        }
        guard bytes.count >= Self.encodedLength else {
            throw RecordBatchError(.truncated, "\(bytes.count) bytes are too few for a batch header")
        }
        self.init(
            baseOffset: bytes.bigEndian(Int64.self, at: 0),
            batchLength: batchLength,
            partitionLeaderEpoch: LeaderEpoch(rawValue: bytes.bigEndian(Int32.self, at: 12)),
            magic: magic,
            crc: bytes.bigEndian(UInt32.self, at: 17),
            attributes: BatchAttributes(rawValue: bytes.bigEndian(Int16.self, at: 21)),
            lastOffsetDelta: bytes.bigEndian(Int32.self, at: 23),
            baseTimestamp: bytes.bigEndian(Int64.self, at: 27),
            maxTimestamp: bytes.bigEndian(Int64.self, at: 35),
            producerID: ProducerID(rawValue: bytes.bigEndian(Int64.self, at: 43)),
            producerEpoch: ProducerEpoch(rawValue: bytes.bigEndian(Int16.self, at: 51)),
            baseSequence: bytes.bigEndian(Int32.self, at: 53),
            recordCount: bytes.bigEndian(Int32.self, at: 57)
        )
    }

    private static func magicError(_ magic: Int8) -> RecordBatchError {
        if magic == 0 || magic == 1 {
            return RecordBatchError(
                .unsupportedMagic,
                "message format \(magic) is not supported, only record batches with magic 2 are"
            )
        }
        return RecordBatchError(.badMagic, "invalid magic \(magic)")
    }

    /// Writes the 61 bytes to the start of `bytes`, with `crc` as it is.
    package func encode(into bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count >= Self.encodedLength, "a batch header takes 61 bytes")
        bytes.storeBigEndian(self.baseOffset, at: 0)
        bytes.storeBigEndian(self.batchLength, at: 8)
        bytes.storeBigEndian(self.partitionLeaderEpoch.rawValue, at: 12)
        bytes.storeBigEndian(self.magic, at: 16)
        bytes.storeBigEndian(self.crc, at: 17)
        bytes.storeBigEndian(self.attributes.rawValue, at: 21)
        bytes.storeBigEndian(self.lastOffsetDelta, at: 23)
        bytes.storeBigEndian(self.baseTimestamp, at: 27)
        bytes.storeBigEndian(self.maxTimestamp, at: 35)
        bytes.storeBigEndian(self.producerID.rawValue, at: 43)
        bytes.storeBigEndian(self.producerEpoch.rawValue, at: 51)
        bytes.storeBigEndian(self.baseSequence, at: 53)
        bytes.storeBigEndian(self.recordCount, at: 57)
    }

    /// Appends the 61 bytes to a buffer.
    package func write(to buffer: inout ByteBuffer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.encodedLength) { bytes in
            self.encode(into: bytes)
            return Self.encodedLength
        }
    }

    /// The checksum of the 40 header bytes under the batch's checksum (attributes to record count).
    package var headChecksum: UInt32 {
        withUnsafeTemporaryAllocation(byteCount: Self.encodedLength, alignment: 8) { bytes in
            self.encode(into: bytes)
            return CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[Self.checksummedPosition...]))
        }
    }

    /// The checksum of the payload alone, derived from `crc` without reading the payload. `crc` must be right.
    package var payloadChecksum: UInt32 {
        self.crc ^ CRC32C.shift(self.headChecksum, past: self.payloadLength)
    }
}

extension UnsafeRawBufferPointer {
    package func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
        T(bigEndian: self.loadUnaligned(fromByteOffset: offset, as: T.self))
    }
}

extension UnsafeMutableRawBufferPointer {
    package func storeBigEndian<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        self.storeBytes(of: value.bigEndian, toByteOffset: offset, as: T.self)
    }
}
