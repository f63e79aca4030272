package import NIOCore

/// One batch as it is stored: its header, and its records, compressed or not.
package struct StoredBatch: Sendable {
    package let header: RecordBatchHeader
    /// A slice of the bytes that the cursor walks.
    package let payload: ByteBuffer

    package init(header: RecordBatchHeader, payload: ByteBuffer) {
        self.header = header
        self.payload = payload
    }

    /// Throws `.badCRC` unless the stored checksum is that of the bytes.
    package func verifyChecksum() throws(RecordBatchError) {
        let head = self.header.headChecksum
        try self.header.verify(checksum: self.payload.withUnsafeReadableBytes { CRC32C.checksum($0, initial: head) })
    }

    /// The records in order, each as slices. Throws `.unsupportedCompression`.
    package func records(
        decompressedBytesMax: Int = RecordBatchLimits.unlimited.decompressedBytesMax
    ) throws(RecordBatchError) -> RecordReader {
        try RecordReader(self, decompressedBytesMax: decompressedBytesMax)
    }
}

/// Walks v2 batches that lie back to back in memory.
///
/// They lie in one buffer, or in parts of which each begins with a batch. A batch may have its header at the end of one
/// part and its payload, alone, as the next part: a broker's patched header goes before the payload as it was received.
///
/// A batch that is not sound throws, and the cursor stays before it. What a file holds is read in pieces by
/// `LogFiles.BatchScanner`, what a socket delivers by `LoadGenerator.FetchScanner`: neither has its batches in memory.
package struct BatchCursor: Sendable {
    private let parts: [ByteBuffer]
    private var nextPart = 0
    private var rest: ByteBuffer
    private let batchBytesMax: Int
    private let verifiesChecksums: Bool

    /// - Parameters:
    ///   - batchBytesMax: the largest batch, header included.
    ///   - verifiesChecksums: also compares each batch's CRC-32C.
    package init(
        _ batches: ByteBuffer,
        batchBytesMax: Int = RecordBatchLimits.unlimited.batchBytesMax,
        verifiesChecksums: Bool = false
    ) {
        self.parts = []
        self.rest = batches
        self.batchBytesMax = batchBytesMax
        self.verifiesChecksums = verifiesChecksums
    }

    /// The same for batches in several buffers.
    package init(
        parts: [ByteBuffer],
        batchBytesMax: Int = RecordBatchLimits.unlimited.batchBytesMax,
        verifiesChecksums: Bool = false
    ) {
        self.parts = parts
        self.rest = ByteBuffer()
        self.batchBytesMax = batchBytesMax
        self.verifiesChecksums = verifiesChecksums
    }

    /// Bytes of this buffer or part that no batch was taken from yet.
    package var unreadBytes: Int { self.rest.readableBytes }

    /// Whether every batch was taken.
    package var isAtEnd: Bool {
        self.rest.readableBytes == 0 && self.parts[self.nextPart...].allSatisfy { $0.readableBytes == 0 }
    }

    /// The next batch, or `nil` at the end of the bytes.
    ///
    /// Throws `.truncated`, `.badMagic`, `.unsupportedMagic`, `.badLength`, `.tooLarge` or `.badCRC`, in this order.
    package mutating func next() throws(RecordBatchError) -> StoredBatch? {
        while self.rest.readableBytes == 0 {
            guard self.nextPart < self.parts.count else { return nil }
            self.rest = self.parts[self.nextPart]
            self.nextPart += 1
        }
        let header = try RecordBatchHeader(reading: self.rest, at: self.rest.readerIndex)
        let size = header.sizeInBytes
        guard size <= self.batchBytesMax else {
            throw RecordBatchError(
                .tooLarge,
                "record batch of \(size) bytes exceeds the maximum of \(self.batchBytesMax)"
            )
        }
        guard size <= self.rest.readableBytes else { return try self.nextInTwoParts(header) }
        if self.verifiesChecksums {
            try header.verify(
                checksum: self.rest.withUnsafeReadableBytes { bytes in
                    CRC32C.checksum(
                        UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.checksummedPosition..<size])
                    )
                }
            )
        }
        self.rest.moveReaderIndex(forwardBy: RecordBatchHeader.encodedLength)
        guard let payload = self.rest.readSlice(length: header.payloadLength) else {
            preconditionFailure("the batch's bytes were there a moment ago")
        }
        return StoredBatch(header: header, payload: payload)
    }

    /// As `next`, and also `nil` when the last batch is not whole: fetch responses may end anywhere.
    package mutating func nextWhole() throws(RecordBatchError) -> StoredBatch? {
        do throws(RecordBatchError) {
            return try self.next()
        } catch  where error.code == .truncated {
            return nil
        }
    }

    private mutating func nextInTwoParts(_ header: RecordBatchHeader) throws(RecordBatchError) -> StoredBatch {
        guard self.rest.readableBytes == RecordBatchHeader.encodedLength, self.nextPart < self.parts.count,
            self.parts[self.nextPart].readableBytes == header.payloadLength
        else {
            throw RecordBatchError(
                .truncated,
                "batch of \(header.sizeInBytes) bytes ends after \(self.rest.readableBytes)"
            )
        }
        let batch = StoredBatch(header: header, payload: self.parts[self.nextPart])
        if self.verifiesChecksums { try batch.verifyChecksum() }
        self.nextPart += 1
        self.rest = ByteBuffer()
        return batch
    }
}

extension RecordBatchHeader {
    /// Throws `.badCRC` when the stored checksum is another one.
    func verify(checksum computed: UInt32) throws(RecordBatchError) {
        guard computed == self.crc else {
            throw RecordBatchError(.badCRC, "stored checksum \(self.crc) is not the computed one, \(computed)")
        }
    }
}
