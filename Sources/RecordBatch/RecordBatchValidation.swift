internal import Model
package import NIOCore

/// Checks batches as Kafka 4's `ProduceRequest.validateRecords`, `UnifiedLog.analyzeAndValidateRecords` and
/// `LogValidator` do, before anything is stored.
///
/// Stricter than Kafka where Kafka would rewrite or ignore: an uncompressed record's offset delta must be its index,
/// a null length is -1 only, bytes after the batch are refused, and so is a transactional batch without producer.
package enum RecordBatchValidation {
    /// Where the bytes come from.
    package enum Context: Sendable, Equatable {
        /// From a client's Produce of this version: one batch, base offset 0, no control batch; records are read.
        case produce(version: Int16)
        /// From the log or a coordinator: any number of batches, also compacted ones, in offset order; headers and
        /// checksums only, unless `deepCheck`.
        case replay
    }

    /// Checks all of `buffer`'s readable bytes.
    ///
    /// - Parameter deepCheck: also reads compressed records (Kafka always does) by streaming decompression that keeps
    ///   no more than a record, bounded by `limits.decompressedBytesMax`. Implied by `limits.requiresKeys`. Without
    ///   it a compressed batch's count and timestamps are the header's word.
    package static func validate(
        _ buffer: ByteBuffer,
        limits: RecordBatchLimits = RecordBatchLimits(),
        context: Context,
        deepCheck: Bool = false
    ) throws(RecordBatchError) -> ValidatedBatches {
        let checker = Checker(limits: limits, context: context, deepCheck: deepCheck || limits.requiresKeys)
        // `rethrows` closures lose the error's type, a result keeps it.
        let found: Result<([RecordBatchHeader], [Int64]), RecordBatchError> = buffer.withUnsafeReadableBytes { bytes in
            Result { () throws(RecordBatchError) in try checker.check(bytes) }
        }
        let (headers, maxTimestamps) = try found.get()
        return ValidatedBatches(buffer: buffer, headers: headers, maxTimestamps: maxTimestamps)
    }

    /// Checks size and checksum of the one batch at the start of `bytes`, and nothing else: for reading a log back.
    package static func validateChecksum(
        of bytes: UnsafeRawBufferPointer
    ) throws(RecordBatchError) -> RecordBatchHeader {
        let header = try RecordBatchHeader(reading: bytes)
        guard header.sizeInBytes <= bytes.count else {
            throw RecordBatchError(.truncated, "batch of \(header.sizeInBytes) bytes ends after \(bytes.count)")
        }
        let checked = RecordBatchHeader.checksummedPosition..<header.sizeInBytes
        let computed = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[checked]))
        guard computed == header.crc else {
            throw RecordBatchError(.badCRC, "stored checksum \(header.crc) is not the computed one, \(computed)")
        }
        return header
    }
}

extension RecordBatchValidation {
    /// The walk that reads each field of a client's uncompressed records and names the first fault.
    static func walkCarefully(
        _ payload: UnsafeRawBufferPointer,
        header: RecordBatchHeader,
        limits: RecordBatchLimits
    ) throws(RecordBatchError) -> Timestamp {
        try Checker(limits: limits, context: .produce(version: 9), deepCheck: false).walk(header, payload)
    }
}

private struct Checker {
    let limits: RecordBatchLimits
    let context: RecordBatchValidation.Context
    let deepCheck: Bool

    func check(_ bytes: UnsafeRawBufferPointer) throws(RecordBatchError) -> ([RecordBatchHeader], [Int64]) {
        var headers: [RecordBatchHeader] = []
        var maxTimestamps: [Int64] = []
        var position = 0
        var nextOffset: Int64?
        guard !bytes.isEmpty else {
            throw RecordBatchError(.noBatch, "at least one record batch is required")
        }
        while position < bytes.count {
            if case .produce = self.context, position > 0 {
                throw RecordBatchError(.trailingBytes, "exactly one record batch is allowed per partition")
            }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let header = try self.checkHeader(rest)
            if let nextOffset, header.baseOffset < nextOffset {
                throw RecordBatchError(.badBaseOffset, "base offset \(header.baseOffset) is below \(nextOffset)")
            }
            nextOffset = header.nextOffset
            let payload = UnsafeRawBufferPointer(
                rebasing: rest[RecordBatchHeader.encodedLength..<header.sizeInBytes]
            )
            maxTimestamps.append(try self.checkRecords(header, payload))
            headers.append(header)
            position += header.sizeInBytes
        }
        return (headers, maxTimestamps)
    }

    private func checkHeader(_ bytes: UnsafeRawBufferPointer) throws(RecordBatchError) -> RecordBatchHeader {
        let header = try RecordBatchHeader(reading: bytes)
        guard header.sizeInBytes <= self.limits.batchBytesMax else {
            throw RecordBatchError(
                .tooLarge,
                "record batch of \(header.sizeInBytes) bytes exceeds the maximum of \(self.limits.batchBytesMax)"
            )
        }
        _ = try RecordBatchValidation.validateChecksum(of: bytes)
        guard let compression = header.attributes.compression else {
            throw RecordBatchError(.unsupportedCompression, "unknown compression codec")
        }
        guard header.baseOffset >= 0, header.lastOffsetDelta >= 0,
            header.baseOffset <= Int64.max - Int64(header.lastOffsetDelta) - 1
        else {
            throw RecordBatchError(
                .badCount,
                "invalid offset range: base \(header.baseOffset), last delta \(header.lastOffsetDelta)"
            )
        }
        switch self.context {
        case .produce(let version): try self.checkClientHeader(header, compression, version)
        case .replay:
            // Compaction removes records but keeps the offset range, down to an empty batch.
            guard header.recordCount >= 0, Int64(header.recordCount) <= Int64(header.lastOffsetDelta) + 1 else {
                throw RecordBatchError(.badCount, "\(header.recordCount) records in \(header.lastOffsetDelta) offsets")
            }
        }
        return header
    }

    private func checkClientHeader(
        _ header: RecordBatchHeader,
        _ compression: CompressionCodec,
        _ version: Int16
    ) throws(RecordBatchError) {
        if compression == .zstd, version < 7 {
            throw RecordBatchError(.unsupportedCompression, "Produce version \(version) may not use zstd")
        }
        guard header.baseOffset == 0 else {
            throw RecordBatchError(.badBaseOffset, "the base offset must be 0, not \(header.baseOffset)")
        }
        guard header.recordCount > 0 else {
            throw RecordBatchError(.badCount, "invalid record count \(header.recordCount)")
        }
        guard Int64(header.recordCount) == Int64(header.lastOffsetDelta) + 1 else {
            throw RecordBatchError(
                .badCount,
                "\(header.recordCount) records contradict the last offset delta \(header.lastOffsetDelta)"
            )
        }
        guard !header.attributes.isControl else {
            throw RecordBatchError(.controlFromClient, "clients are not allowed to write control records")
        }
        guard !header.attributes.isLogAppendTime else {
            throw RecordBatchError(.invalidTimestamp, "producers must not set the timestamp type LogAppendTime")
        }
        guard !header.attributes.hasDeleteHorizon else {
            throw RecordBatchError(.badRecord, "clients are not allowed to set a delete horizon")
        }
        if header.hasProducer {
            guard header.producerEpoch.rawValue >= 0, header.baseSequence >= 0 else {
                throw RecordBatchError(
                    .badProducer,
                    "epoch \(header.producerEpoch) and sequence \(header.baseSequence) are not a producer's"
                )
            }
        } else if header.attributes.isTransactional {
            throw RecordBatchError(.badProducer, "a transactional batch must have a producer ID")
        }
    }

    /// Returns the largest record timestamp, or the header's when the records stay unread.
    private func checkRecords(
        _ header: RecordBatchHeader,
        _ payload: UnsafeRawBufferPointer
    ) throws(RecordBatchError) -> Int64 {
        let isProduce = self.context != .replay
        if header.attributes.compression == CompressionCodec.none {
            guard isProduce || self.deepCheck else { return header.maxTimestamp }
            if isProduce,
                let found = PlainRecordScan.maxTimestamp(of: payload, header: header, limits: self.limits)
            {
                return found
            }
            return try self.walk(header, payload)
        }
        if self.deepCheck { return try self.walkCompressed(header, payload) }
        if isProduce, let range = self.limits.timestamps {
            for timestamp in [header.baseTimestamp, header.maxTimestamp] where timestamp != -1 {
                guard range.contains(timestamp) else { throw self.outOfRange(timestamp, index: nil) }
            }
        }
        return header.maxTimestamp
    }

    func walk(
        _ header: RecordBatchHeader,
        _ payload: UnsafeRawBufferPointer
    ) throws(RecordBatchError) -> Int64 {
        guard header.recordCount > 0, var cursor = RecordCursor(payload) else {
            guard header.recordCount == 0, payload.isEmpty else {
                throw RecordBatchError(.badCount, "\(payload.count) bytes for \(header.recordCount) records")
            }
            return header.maxTimestamp
        }
        var state = RecordRules(header: header, limits: self.limits, isProduce: self.context != .replay)
        for index in 0..<header.recordCount {
            guard let length = cursor.varint(), length >= 0, Int(length) <= cursor.remaining else {
                throw RecordBatchError(.badRecord, "record \(index) is longer than the batch", recordIndex: index)
            }
            var body = RecordCursor(cursor.next, count: Int(length))
            cursor.next += Int(length)
            guard let record = body.recordBody() else {
                throw RecordBatchError(.badRecord, "record \(index) is malformed", recordIndex: index)
            }
            try state.check(record, index: index)
        }
        guard cursor.remaining == 0 else {
            throw RecordBatchError(.badCount, "\(cursor.remaining) bytes follow the last record")
        }
        return state.result
    }

    private func walkCompressed(
        _ header: RecordBatchHeader,
        _ payload: UnsafeRawBufferPointer
    ) throws(RecordBatchError) -> Int64 {
        var state = RecordRules(header: header, limits: self.limits, isProduce: self.context != .replay)
        let window = try RecordWindow(header, bytesMax: self.limits.decompressedBytesMax)
        for index in 0..<header.recordCount {
            let body = try window.nextRecord(from: payload, index: index)
            var cursor = RecordCursor(body.start, count: body.count)
            guard let record = cursor.recordBody() else {
                throw RecordBatchError(.badRecord, "record \(index) is malformed", recordIndex: index)
            }
            try state.check(record, index: index)
        }
        try window.expectEnd(of: payload)
        return state.result
    }

    private func outOfRange(_ timestamp: Int64, index: Int32?) -> RecordBatchError {
        RecordRules.outOfRange(timestamp, limits: self.limits, index: index)
    }
}

/// What every record of a batch must satisfy, and the largest timestamp seen.
private struct RecordRules {
    let header: RecordBatchHeader
    let limits: RecordBatchLimits
    let isProduce: Bool
    private var previousDelta: Int32 = -1
    private var maxTimestamp: Int64 = -1

    init(header: RecordBatchHeader, limits: RecordBatchLimits, isProduce: Bool) {
        self.header = header
        self.limits = limits
        self.isProduce = isProduce
    }

    var result: Int64 {
        self.header.attributes.isLogAppendTime || self.header.recordCount == 0
            ? self.header.maxTimestamp : self.maxTimestamp
    }

    @inline(__always)
    mutating func check(_ record: RecordSlices, index: Int32) throws(RecordBatchError) {
        guard self.isProduce ? record.offsetDelta == index : record.offsetDelta > self.previousDelta,
            record.offsetDelta <= self.header.lastOffsetDelta
        else {
            throw RecordBatchError(
                .badRecord,
                "record \(index) has the offset delta \(record.offsetDelta)",
                recordIndex: index
            )
        }
        self.previousDelta = record.offsetDelta
        if self.limits.requiresKeys, record.key == nil, !self.header.attributes.isControl {
            throw RecordBatchError(
                .missingKey,
                "a compacted topic cannot accept record \(index) without a key",
                recordIndex: index
            )
        }
        let (timestamp, overflow) = self.header.baseTimestamp.addingReportingOverflow(record.timestampDelta)
        guard !overflow else {
            throw RecordBatchError(.invalidTimestamp, "timestamp of record \(index) overflows", recordIndex: index)
        }
        if timestamp > self.maxTimestamp { self.maxTimestamp = timestamp }
        if self.isProduce, timestamp != -1, let range = self.limits.timestamps, !range.contains(timestamp) {
            throw Self.outOfRange(timestamp, limits: self.limits, index: index)
        }
    }

    static func outOfRange(_ timestamp: Int64, limits: RecordBatchLimits, index: Int32?) -> RecordBatchError {
        let range = limits.timestamps.map { "[\($0.lowerBound), \($0.upperBound)]" } ?? "any"
        return RecordBatchError(
            .invalidTimestamp,
            "timestamp \(timestamp) is out of range, which is \(range)",
            recordIndex: index
        )
    }
}
