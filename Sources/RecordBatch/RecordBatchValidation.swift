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
        /// From the log or a coordinator: any number of batches, also compacted ones, in offset order.
        case replay
    }

    /// How far validation looks into a client's batches.
    package enum Depth: Sendable, Equatable {
        /// A compressed batch's count and timestamps are the header's word; uncompressed records are read.
        /// (`record.validation=header`)
        case header
        /// Compressed records are read as well, as Kafka does, by streaming decompression in bounded memory.
        case records
    }

    /// Checks all of `buffer`'s readable bytes.
    ///
    /// - Parameter depth: `.records` is implied by `limits.requiresKeys`. Compressed payloads may expand to
    ///   `limits.decompressedBytesMax`; more is `.decompressedTooLarge`, found when the bound is reached.
    package static func validate(
        _ buffer: ByteBuffer,
        limits: RecordBatchLimits = RecordBatchLimits(),
        context: Context,
        depth: Depth = .records
    ) throws(RecordBatchError) -> ValidatedBatches {
        let checker = Checker(
            limits: limits,
            context: context,
            readsCompressed: depth == .records || limits.requiresKeys
        )
        return try checker.check(buffer)
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
        try header.verify(checksum: CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[checked])))
        return header
    }
}

private struct Checker {
    let limits: RecordBatchLimits
    let context: RecordBatchValidation.Context
    let readsCompressed: Bool

    func check(_ buffer: ByteBuffer) throws(RecordBatchError) -> ValidatedBatches {
        var headers: [RecordBatchHeader] = []
        var maxTimestamps: [Timestamp] = []
        var nextOffset: Offset?
        var cursor = BatchCursor(buffer, batchBytesMax: self.limits.batchBytesMax, verifiesChecksums: true)
        while let batch = try cursor.next() {
            try self.checkHeader(batch.header)
            if let nextOffset, batch.header.baseOffset < nextOffset {
                throw RecordBatchError(.badBaseOffset, "base offset \(batch.header.baseOffset) is below \(nextOffset)")
            }
            nextOffset = batch.header.nextOffset
            maxTimestamps.append(try self.checkRecords(batch))
            headers.append(batch.header)
            if case .produce = self.context, cursor.unreadBytes > 0 {
                throw RecordBatchError(.trailingBytes, "exactly one record batch is allowed per partition")
            }
        }
        guard !headers.isEmpty else {
            throw RecordBatchError(.noBatch, "at least one record batch is required")
        }
        return ValidatedBatches(buffer: buffer, headers: headers, maxTimestamps: maxTimestamps)
    }

    private func checkHeader(_ header: RecordBatchHeader) throws(RecordBatchError) {
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
    private func checkRecords(_ batch: StoredBatch) throws(RecordBatchError) -> Timestamp {
        let header = batch.header
        let isProduce = self.context != .replay
        let isPlain = header.attributes.compression == CompressionCodec.none
        guard self.readsCompressed || (isPlain && isProduce) else {
            if isProduce { try self.checkTimestamps(of: header) }
            return header.maxTimestamp
        }
        // `rethrows` closures lose the error's type, a result keeps it.
        let found: Result<Timestamp, RecordBatchError> = batch.payload.withUnsafeReadableBytes { payload in
            Result { () throws(RecordBatchError) in
                let rules = RecordRules(header: header, limits: self.limits, isProduce: isProduce)
                return isPlain
                    ? try self.walk(header, payload, rules) : try self.walkCompressed(header, payload, rules)
            }
        }
        return try found.get()
    }

    private func walk(
        _ header: RecordBatchHeader,
        _ payload: UnsafeRawBufferPointer,
        _ initial: RecordRules
    ) throws(RecordBatchError) -> Timestamp {
        var (rules, refusals) = (initial, RecordRefusals())
        guard header.recordCount > 0, var cursor = RecordCursor(payload) else {
            guard header.recordCount == 0, payload.isEmpty else {
                throw RecordBatchError(.badCount, "\(payload.count) bytes for \(header.recordCount) records")
            }
            return try rules.finish(header, refusals)
        }
        var index: Int32 = 0
        while true {
            index += cursor.passRecords(index..<header.recordCount, &rules)
            guard index < header.recordCount else { break }
            // Read once more for what is wrong with it.
            guard let length = cursor.varint(), length >= 0, Int(length) <= cursor.remaining else {
                throw RecordBatchError(.badRecord, "record \(index) is longer than the batch", recordIndex: index)
            }
            guard let record = cursor.recordShape(count: Int(length)) else {
                throw RecordBatchError(.badRecord, "record \(index) is malformed", recordIndex: index)
            }
            refusals.add(record, index, &rules)
            index += 1
        }
        guard cursor.remaining == 0 else {
            throw RecordBatchError(.badCount, "\(cursor.remaining) bytes follow the last record")
        }
        return try rules.finish(header, refusals)
    }

    private func walkCompressed(
        _ header: RecordBatchHeader,
        _ payload: UnsafeRawBufferPointer,
        _ initial: RecordRules
    ) throws(RecordBatchError) -> Timestamp {
        var (rules, refusals) = (initial, RecordRefusals())
        let window = try RecordWindow(header, bytesMax: self.limits.decompressedBytesMax)
        for index in 0..<header.recordCount {
            let record = try window.nextShape(from: payload, index: index)
            if !rules.admit(record, index: index) { refusals.add(record, index, &rules) }
        }
        try window.expectEnd(of: payload)
        return try rules.finish(header, refusals)
    }

    /// What can be said of a client's timestamps without its records.
    private func checkTimestamps(of header: RecordBatchHeader) throws(RecordBatchError) {
        guard let range = self.limits.timestamps else { return }
        for timestamp in [header.baseTimestamp, header.maxTimestamp] where timestamp != -1 {
            guard range.contains(timestamp) else {
                throw RecordBatchError(
                    .invalidTimestamp,
                    "timestamp \(timestamp) is out of range, which is [\(range.lowerBound), \(range.upperBound)]"
                )
            }
        }
    }
}
