internal import Model
internal import NIOCore
internal import RecordBatch

/// The bytes of a journal file, format 1.
///
/// A file is one use (*sequence*) of a slot of the ring: a header block, then rounds back to back. Everything begins
/// on a 4096-byte block. Integers are little-endian (the journal never leaves its machine); CRCs are CRC-32C.
/// Rounds of earlier uses may follow the last one; their sequence tells them apart.
///
/// | File header | bytes | |
/// | --- | --- | --- |
/// | 0 | 8 | magic `MRJRNL01` |
/// | 8 | 4 | CRC of bytes 12 ..< 64 |
/// | 12 | 4 | flags: 1 = every block of the file has been written once, so rounds only overwrite |
/// | 16 | 8 | journal ID: random, so that no record can pose as a round, nor a file of another journal as ours |
/// | 24 | 8 | file sequence; 0 = prepared, not yet used |
/// | 32 | 8 | number of the first round in this file |
/// | 40 | 8 | floor: the round before which nothing is needed any more |
/// | 48 | 16 | zero |
///
/// The header lies within the first 512 bytes, which disks write whole or not at all.
///
/// | Round header | bytes | |
/// | --- | --- | --- |
/// | 0 | 4 | magic `MRJr` |
/// | 4 | 4 | CRC of bytes 8 ..< 64 |
/// | 8 | 8 | journal ID |
/// | 16 | 8 | file sequence |
/// | 24 | 8 | round number: one more than the round before, over the journal's whole life |
/// | 32 | 4 | body bytes, without the padding to the next block |
/// | 36 | 4 | CRC of the body |
/// | 40 | 4 | number of entries |
/// | 44 | 4 | zero |
/// | 48 | 8 | floor, as above, when the round was written |
/// | 56 | 8 | zero |
///
/// | Entry | bytes | |
/// | --- | --- | --- |
/// | 0 | 4 | payload bytes |
/// | 4 | 4 | partition |
/// | 8 | 16 | topic ID, its high half first |
/// | 24 | 8 | base offset |
/// | 32 | 8 | next offset |
/// | 40 | 4 | leader epoch |
/// | 44 | 4 | zero |
/// | 48 | | payload: whole record batches; then zeros up to a multiple of 8 |
enum JournalFormat {
    static let blockBytes = 4096
    static let headerBytes = 64
    static let entryHeaderBytes = 48
    static let fileMagic: UInt64 = 0x3130_4C4E_524A_524D  // "MRJRNL01"
    static let roundMagic: UInt32 = 0x724A_524D  // "MRJr"
    /// The most body bytes that a reader believes in; files are smaller in practice.
    static let bodyBytesMax = 1 << 30

    /// Sequences and round numbers stay below this, so that adding to one never overflows.
    static let sequenceMax: UInt64 = 1 << 62

    struct FileHeader: Equatable {
        var journalID: UInt64
        var sequence: UInt64
        var firstRound: UInt64
        var floor: UInt64
        var isWritten: Bool
    }

    struct RoundHeader: Equatable {
        var journalID: UInt64
        var sequence: UInt64
        var number: UInt64
        var bodyBytes: Int
        var bodyCRC: UInt32
        var entryCount: Int
        var floor: UInt64

        /// The whole round on disk, padding included.
        var roundBytes: Int { JournalFormat.padded(JournalFormat.headerBytes + self.bodyBytes) }
    }

    static func padded(_ bytes: Int) -> Int { (bytes + Self.blockBytes - 1) & ~(Self.blockBytes - 1) }

    /// What an entry takes in a round.
    static func entryBytes(payload: Int) -> Int { Self.entryHeaderBytes + (payload + 7) & ~7 }
}

extension JournalFormat {
    /// Fills the first block of a file; `block` has at least 4096 bytes.
    static func encode(_ header: FileHeader, into block: UnsafeMutableRawBufferPointer) {
        precondition(block.count >= Self.blockBytes)
        block.initializeMemory(as: UInt8.self, repeating: 0)
        block.store(Self.fileMagic, at: 0)
        block.store(UInt32(header.isWritten ? 1 : 0), at: 12)
        block.store(header.journalID, at: 16)
        block.store(header.sequence, at: 24)
        block.store(header.firstRound, at: 32)
        block.store(header.floor, at: 40)
        block.store(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: block[12..<64])), at: 8)
    }

    static func decodeFileHeader(_ bytes: UnsafeRawBufferPointer) -> FileHeader? {
        guard bytes.count >= Self.headerBytes, bytes.value(at: 0, as: UInt64.self) == Self.fileMagic,
            bytes.value(at: 8, as: UInt32.self)
                == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[12..<64]))
        else { return nil }
        let sequence = bytes.value(at: 24, as: UInt64.self)
        guard sequence <= Self.sequenceMax else { return nil }
        return FileHeader(
            journalID: bytes.value(at: 16),
            sequence: sequence,
            firstRound: bytes.value(at: 32),
            floor: bytes.value(at: 40),
            isWritten: bytes.value(at: 12, as: UInt32.self) & 1 != 0
        )
    }

    /// Fills the first 64 bytes of a round.
    static func encode(_ header: RoundHeader, into bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count >= Self.headerBytes && header.bodyBytes <= Self.bodyBytesMax)
        bytes.store(Self.roundMagic, at: 0)
        bytes.store(header.journalID, at: 8)
        bytes.store(header.sequence, at: 16)
        bytes.store(header.number, at: 24)
        bytes.store(UInt32(header.bodyBytes), at: 32)
        bytes.store(header.bodyCRC, at: 36)
        bytes.store(UInt32(header.entryCount), at: 40)
        bytes.store(UInt32(0), at: 44)
        bytes.store(header.floor, at: 48)
        bytes.store(UInt64(0), at: 56)
        bytes.store(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[8..<64])), at: 4)
    }

    /// A header whose CRC holds. Its lengths are still to be checked against what the file has left.
    static func decodeRoundHeader(_ bytes: UnsafeRawBufferPointer) -> RoundHeader? {
        guard bytes.count >= Self.headerBytes, bytes.value(at: 0, as: UInt32.self) == Self.roundMagic,
            bytes.value(at: 4, as: UInt32.self)
                == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[8..<64]))
        else { return nil }
        let bodyBytes = Int(bytes.value(at: 32, as: UInt32.self))
        let entryCount = Int(bytes.value(at: 40, as: UInt32.self))
        let sequence = bytes.value(at: 16, as: UInt64.self)
        let number = bytes.value(at: 24, as: UInt64.self)
        guard bodyBytes <= Self.bodyBytesMax, entryCount <= bodyBytes / Self.entryHeaderBytes,
            sequence <= Self.sequenceMax, number <= Self.sequenceMax
        else { return nil }
        return RoundHeader(
            journalID: bytes.value(at: 8),
            sequence: sequence,
            number: number,
            bodyBytes: bodyBytes,
            bodyCRC: bytes.value(at: 36),
            entryCount: entryCount,
            floor: bytes.value(at: 48)
        )
    }

    /// Copies an entry to the start of `bytes`, which it fills exactly (`entryBytes`).
    static func encode(_ entry: JournalEntry, payload: Int, into bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count == Self.entryBytes(payload: payload))
        bytes.store(UInt32(payload), at: 0)
        bytes.store(entry.partition.partition, at: 4)
        bytes.store(entry.partition.topicID.high, at: 8)
        bytes.store(entry.partition.topicID.low, at: 16)
        bytes.store(entry.baseOffset, at: 24)
        bytes.store(entry.nextOffset, at: 32)
        bytes.store(entry.leaderEpoch.rawValue, at: 40)
        bytes.store(UInt32(0), at: 44)
        var end = Self.entryHeaderBytes
        end = bytes.copy(entry.head, at: end)
        end = bytes.copy(entry.body, at: end)
        for buffer in entry.rest { end = bytes.copy(buffer, at: end) }
        precondition(end == Self.entryHeaderBytes + payload)
        while end < bytes.count {
            bytes[end] = 0
            end += 1
        }
    }

    /// The checksum of encoded bytes that end with this entry, from that of the bytes before it.
    ///
    /// Large batches are not read for it: they carry the checksum of nearly all they are, verified when they came, and
    /// checksums can be joined. Should memory have changed since, the round's checksum does not hold either.
    static func checksum(ofEntry bytes: UnsafeRawBufferPointer, payload: Int, after initial: UInt32) -> UInt32 {
        var crc = initial
        var hashed = 0
        var batch = Self.entryHeaderBytes
        let end = Self.entryHeaderBytes + payload
        while batch + RecordBatchHeader.encodedLength <= end {
            let length: Int32 = bytes.bigEndian(at: batch + 8)
            let size = Int(length) + RecordBatchHeader.overheadLength
            let isBatch = bytes[batch + 16] == UInt8(RecordBatchHeader.magicSupported)
            guard isBatch, size >= RecordBatchHeader.encodedLength, size <= end - batch else { break }
            if size >= Self.joinedBytesMin {
                let start = batch + RecordBatchHeader.checksummedPosition
                crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[hashed..<start]), initial: crc)
                let checksum: UInt32 = bytes.bigEndian(at: batch + RecordBatchHeader.crcPosition)
                crc = CRC32C.combine(crc, checksum, lengthOfB: batch + size - start)
                hashed = batch + size
            }
            batch += size
        }
        crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[hashed...]), initial: crc)
        assert(crc == CRC32C.checksum(bytes, initial: initial), "a batch was appended with a wrong checksum")
        return crc
    }

    /// Joining checksums costs about as much as reading this many bytes.
    private static let joinedBytesMin = 16 << 10

    /// Reads the entry at the front of `body` and moves past it; `nil` when it does not fit or contradicts itself.
    static func decodeEntry(_ body: inout ByteBuffer, position: JournalPosition) -> JournalReplayEntry? {
        guard let length = body.readInteger(endianness: .little, as: UInt32.self),
            let partition = body.readInteger(endianness: .little, as: Int32.self),
            let high = body.readInteger(endianness: .little, as: UInt64.self),
            let low = body.readInteger(endianness: .little, as: UInt64.self),
            let baseOffset = body.readInteger(endianness: .little, as: Int64.self),
            let nextOffset = body.readInteger(endianness: .little, as: Int64.self),
            let leaderEpoch = body.readInteger(endianness: .little, as: Int32.self),
            body.readInteger(as: UInt32.self) != nil,
            let padded = Int(exactly: length).map({ ($0 + 7) & ~7 }), padded <= body.readableBytes,
            let payload = body.readSlice(length: Int(length)),
            baseOffset >= 0, nextOffset >= baseOffset
        else { return nil }
        body.moveReaderIndex(forwardBy: padded - Int(length))
        return JournalReplayEntry(
            position: position,
            partition: TopicPartition(topicID: TopicID(high: high, low: low), partition: partition),
            baseOffset: baseOffset,
            nextOffset: nextOffset,
            leaderEpoch: LeaderEpoch(leaderEpoch),
            payload: payload
        )
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        self.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    fileprivate func copy(_ buffer: ByteBuffer, at offset: Int) -> Int {
        guard buffer.readableBytes > 0 else { return offset }
        let end = offset + buffer.readableBytes
        let target = UnsafeMutableRawBufferPointer(rebasing: self[offset..<end])
        buffer.withUnsafeReadableBytes { target.copyMemory(from: $0) }
        return end
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Value {
        Value(bigEndian: self.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    fileprivate func value<Value: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int,
        as type: Value.Type = Value.self
    ) -> Value {
        Value(littleEndian: self.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}
