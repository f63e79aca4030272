package import Model
package import NIOCore

/// Builds one v2 batch, record by record.
///
/// Records are encoded as they are appended, straight behind the room for the header; `finish` compresses if asked,
/// writes header and checksum, and leaves the builder empty and ready for another batch with the same options.
package struct RecordBatchBuilder: Sendable {
    package struct Options: Sendable {
        package var compression: CompressionCodec
        package var baseOffset: Offset
        package var leaderEpoch: LeaderEpoch
        package var producerID: ProducerID
        package var producerEpoch: ProducerEpoch
        /// The first record's sequence number; `-1` without one.
        package var baseSequence: Int32
        package var isTransactional: Bool
        package var isControl: Bool
        /// The append time that all records get (LogAppendTime); `nil` keeps their own.
        package var logAppendTime: Timestamp?

        package init(
            compression: CompressionCodec = .none,
            baseOffset: Offset = 0,
            leaderEpoch: LeaderEpoch = LeaderEpoch(-1),
            producerID: ProducerID = .none,
            producerEpoch: ProducerEpoch = .none,
            baseSequence: Int32 = -1,
            isTransactional: Bool = false,
            isControl: Bool = false,
            logAppendTime: Timestamp? = nil
        ) {
            self.compression = compression
            self.baseOffset = baseOffset
            self.leaderEpoch = leaderEpoch
            self.producerID = producerID
            self.producerEpoch = producerEpoch
            self.baseSequence = baseSequence
            self.isTransactional = isTransactional
            self.isControl = isControl
            self.logAppendTime = logAppendTime
        }
    }

    package var options: Options
    package private(set) var recordCount: Int32 = 0
    private var buffer: ByteBuffer
    private var baseTimestamp: Timestamp = -1
    private var maxTimestamp: Timestamp = -1

    /// - Parameter capacity: bytes to reserve for the uncompressed batch.
    package init(options: Options = Options(), capacity: Int = 512) {
        self.options = options
        self.buffer = ByteBufferAllocator().buffer(capacity: max(capacity, RecordBatchHeader.encodedLength))
        self.reserveHeader()
    }

    package var isEmpty: Bool { self.recordCount == 0 }

    /// Bytes of the batch so far, before compression.
    package var sizeInBytes: Int { self.buffer.readableBytes }

    /// Bytes of the batch, before compression, if this record were appended. Exact.
    package func sizeInBytes(
        adding key: ByteBuffer?,
        value: ByteBuffer?,
        headers: [(key: String, value: ByteBuffer?)] = [],
        timestamp: Timestamp
    ) -> Int {
        let headerBytes = headers.reduce(0) { sum, header in
            sum + RecordEncoding.size(ofField: header.key.utf8.count)
                + RecordEncoding.size(ofField: header.value?.readableBytes)
        }
        return self.sizeInBytes(
            addingKeyLength: key?.readableBytes,
            valueLength: value?.readableBytes,
            headerCount: headers.count,
            headerBytes: headerBytes,
            timestamp: timestamp
        )
    }

    /// The same from lengths alone: for callers whose bytes are not in buffers yet.
    package func sizeInBytes(
        addingKeyLength keyLength: Int?,
        valueLength: Int?,
        headerCount: Int = 0,
        headerBytes: Int = 0,
        timestamp: Timestamp
    ) -> Int {
        let body = self.bodySize(keyLength, valueLength, headerCount, headerBytes, self.delta(of: timestamp))
        return self.sizeInBytes + RecordEncoding.size(ofVarint: Int64(body)) + body
    }

    /// Adds a record. The batch must stay below 2 GiB and 2³¹ records: cap it with `sizeInBytes(adding:…)`.
    package mutating func append(
        key: ByteBuffer?,
        value: ByteBuffer?,
        headers: [(key: String, value: ByteBuffer?)] = [],
        timestamp: Timestamp
    ) {
        let headerBytes = headers.reduce(0) { sum, header in
            sum + RecordEncoding.size(ofField: header.key.utf8.count)
                + RecordEncoding.size(ofField: header.value?.readableBytes)
        }
        let start = self.startRecord(
            key?.readableBytes,
            value?.readableBytes,
            headers.count,
            headerBytes,
            timestamp
        )
        self.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: start.roomBytes) { bytes in
            var position = 0
            start.write(to: bytes, at: &position)
            return position
        }
        self.write(key)
        self.write(value)
        self.buffer.writeVarint(Int64(headers.count))
        for header in headers {
            self.buffer.writeVarint(Int64(header.key.utf8.count))
            self.buffer.writeString(header.key)
            self.write(header.value)
        }
    }

    /// Adds a record from plain memory, without headers.
    package mutating func append(
        key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?,
        timestamp: Timestamp
    ) {
        let start = self.startRecord(key?.count, value?.count, 0, 0, timestamp)
        // One crossing into the buffer for the whole record.
        self.buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: start.roomBytes) { bytes in
            var position = 0
            start.write(to: bytes, at: &position)
            RecordEncoding.write(field: key, to: bytes, at: &position)
            RecordEncoding.write(field: value, to: bytes, at: &position)
            RecordEncoding.write(varint: 0, to: bytes, at: &position)
            return position
        }
    }

    /// Ends the batch and returns it. There must be at least one record.
    ///
    /// Throws `.tooLarge` when the codec's output passes 2 GiB, `.decompressionFailed` when the codec itself fails
    /// (out of memory).
    package mutating func finish() throws(RecordBatchError) -> ByteBuffer {
        try self.finishValidated().buffer
    }

    /// `finish` for a caller that appends to a log: what is built here need not be validated again.
    package mutating func finishValidated() throws(RecordBatchError) -> ValidatedBatches {
        guard self.options.compression != .none else { return self.finishUncompressed() }
        precondition(self.recordCount > 0, "a batch has at least one record")
        var plain = self.buffer
        plain.moveReaderIndex(forwardBy: RecordBatchHeader.encodedLength)
        var output = ByteBufferAllocator().buffer(capacity: self.buffer.readableBytes / 2 + 128)
        output.writeRepeatingByte(0, count: RecordBatchHeader.encodedLength)
        try Compressor.compress(plain, with: self.options.compression, into: &output)
        guard output.readableBytes <= Int(Int32.max) else {
            throw RecordBatchError(.tooLarge, "a batch cannot be larger than 2 GiB")
        }
        return self.seal(&output)
    }

    /// Ends a batch of options without compression, which cannot fail.
    package mutating func finishUncompressed() -> ValidatedBatches {
        precondition(self.options.compression == .none, "the options ask for compression")
        precondition(self.recordCount > 0, "a batch has at least one record")
        // Taken out of `self`, so that the storage stays uniquely owned and the header is written in place.
        var output = ByteBuffer()
        swap(&output, &self.buffer)
        return self.seal(&output)
    }

    private mutating func seal(_ output: inout ByteBuffer) -> ValidatedBatches {
        var header = RecordBatchHeader(
            baseOffset: self.options.baseOffset,
            batchLength: Int32(output.readableBytes - RecordBatchHeader.overheadLength),
            partitionLeaderEpoch: self.options.leaderEpoch,
            crc: 0,
            attributes: BatchAttributes(
                compression: self.options.compression,
                isLogAppendTime: self.options.logAppendTime != nil,
                isTransactional: self.options.isTransactional,
                isControl: self.options.isControl
            ),
            lastOffsetDelta: self.recordCount - 1,
            baseTimestamp: self.baseTimestamp,
            maxTimestamp: self.options.logAppendTime ?? self.maxTimestamp,
            producerID: self.options.producerID,
            producerEpoch: self.options.producerEpoch,
            baseSequence: self.options.baseSequence,
            recordCount: self.recordCount
        )
        output.withUnsafeMutableReadableBytes { bytes in
            header.encode(into: bytes)
            let checked = bytes[RecordBatchHeader.checksummedPosition...]
            header.crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: checked))
            bytes.storeBigEndian(header.crc, at: RecordBatchHeader.crcPosition)
        }
        self.reset()
        return ValidatedBatches(buffer: output, headers: [header], maxTimestamps: [header.maxTimestamp])
    }

    private mutating func reset() {
        self.recordCount = 0
        self.baseTimestamp = -1
        self.maxTimestamp = -1
        // The finished batch may share the storage, so this takes fresh one when it does.
        self.buffer.clear()
        self.reserveHeader()
    }

    private mutating func reserveHeader() {
        self.buffer.writeRepeatingByte(0, count: RecordBatchHeader.encodedLength)
    }

    /// What a record begins with.
    private struct RecordStart {
        /// Bytes of the record after its length.
        var body: Int
        var timestampDelta: Int64
        var index: Int64

        /// Room for the whole record: its body and a length of at most five bytes.
        var roomBytes: Int { self.body + 5 }

        @inline(__always)
        func write(to bytes: UnsafeMutableRawBufferPointer, at position: inout Int) {
            RecordEncoding.write(varint: Int64(self.body), to: bytes, at: &position)
            RecordEncoding.write(varint: 0, to: bytes, at: &position)
            RecordEncoding.write(varint: self.timestampDelta, to: bytes, at: &position)
            RecordEncoding.write(varint: self.index, to: bytes, at: &position)
        }
    }

    /// Counts a record that is about to be written.
    private mutating func startRecord(
        _ keyLength: Int?,
        _ valueLength: Int?,
        _ headerCount: Int,
        _ headerBytes: Int,
        _ timestamp: Timestamp
    ) -> RecordStart {
        let delta = self.delta(of: timestamp)
        let body = self.bodySize(keyLength, valueLength, headerCount, headerBytes, delta)
        precondition(
            self.recordCount < Int32.max && self.sizeInBytes + body + 5 <= Int(Int32.max),
            "a batch is smaller than 2 GiB"
        )
        if self.recordCount == 0 { self.baseTimestamp = timestamp }
        if timestamp > self.maxTimestamp { self.maxTimestamp = timestamp }
        self.recordCount += 1
        return RecordStart(body: body, timestampDelta: delta, index: Int64(self.recordCount - 1))
    }

    private func delta(of timestamp: Timestamp) -> Int64 {
        self.recordCount == 0 ? 0 : timestamp &- self.baseTimestamp
    }

    private func bodySize(
        _ keyLength: Int?,
        _ valueLength: Int?,
        _ headerCount: Int,
        _ headerBytes: Int,
        _ delta: Int64
    ) -> Int {
        1 + RecordEncoding.size(ofVarint: delta) + RecordEncoding.size(ofVarint: Int64(self.recordCount))
            + RecordEncoding.size(ofField: keyLength) + RecordEncoding.size(ofField: valueLength)
            + RecordEncoding.size(ofVarint: Int64(headerCount)) + headerBytes
    }

    private mutating func write(_ field: ByteBuffer?) {
        self.buffer.writeVarint(Int64(field?.readableBytes ?? -1))
        if let field { self.buffer.writeImmutableBuffer(field) }
    }
}

/// Sizes of the variable-length parts of a record.
package enum RecordEncoding {
    /// Bytes of a zigzag varint.
    package static func size(ofVarint value: Int64) -> Int {
        let raw = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        return (70 - (raw | 1).leadingZeroBitCount) / 7
    }

    /// Writes a zigzag varint of at most ten bytes and moves `position` past it. A single zero byte is 0, for every
    /// type of the field.
    @inline(__always)
    static func write(varint value: Int64, to bytes: UnsafeMutableRawBufferPointer, at position: inout Int) {
        var raw = UInt64(bitPattern: (value << 1) ^ (value >> 63))
        while raw >= 0x80 {
            bytes[position] = UInt8(truncatingIfNeeded: raw) | 0x80
            raw >>= 7
            position += 1
        }
        bytes[position] = UInt8(raw)
        position += 1
    }

    /// Writes a field with its length and moves `position` past it.
    @inline(__always)
    static func write(
        field: UnsafeRawBufferPointer?,
        to bytes: UnsafeMutableRawBufferPointer,
        at position: inout Int
    ) {
        self.write(varint: Int64(field?.count ?? -1), to: bytes, at: &position)
        guard let field else { return }
        UnsafeMutableRawBufferPointer(rebasing: bytes[position...]).copyMemory(from: field)
        position += field.count
    }

    /// Bytes of a field with its length; `nil` is null.
    package static func size(ofField length: Int?) -> Int {
        guard let length else { return 1 }
        return self.size(ofVarint: Int64(length)) + length
    }
}

extension ByteBuffer {
    /// Appends a zigzag varint. Writing -1 takes one byte.
    mutating func writeVarint(_ value: Int64) {
        self.writeWithUnsafeMutableBytes(minimumWritableBytes: 10) { bytes in
            var position = 0
            RecordEncoding.write(varint: value, to: bytes, at: &position)
            return position
        }
    }
}
