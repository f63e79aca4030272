package import Model
package import NIOCore
package import RecordBatch

extension PartitionState {
    /// What became of an append.
    package struct Appended: Sendable {
        package var result: AppendResult
        /// New batches: the last ones of `tail`. 0 for a duplicate.
        package var batchCount: Int
        package var bytes: Int
    }

    /// Checks, assigns offsets, patches headers and puts the batches into the tail.
    ///
    /// - Parameter headers: an empty buffer that gets the patched headers, 61 bytes a batch; its capacity was made
    ///   outside of the lock.
    package mutating func append(
        _ batches: ValidatedBatches,
        options: AppendOptions,
        headers: inout ByteBuffer
    ) throws(LogError) -> Appended {
        try self.checkAvailable()
        if self.isSealed, options.origin != .coordinator {
            throw LogError(.sealed, "the partition takes no more records")
        }
        if self.awaitsForcingForJournal {
            // Nothing is in flight any more: the journal can follow once everything is forced.
            throw LogError(.overloaded, "the partition turns to synchronous durability, try again")
        }
        try self.checkSizes(batches, options)
        if let duplicate = try self.checkProducers(batches, options) { return duplicate }

        let base = self.logEnd
        let stamp = self.settings.timestampType == .logAppendTime ? options.now : -1
        var position = batches.buffer.readerIndex
        for index in batches.headers.indices {
            let original = batches.headers[index]
            let header = self.patched(original, maxTimestamp: batches.maxTimestamps[index], options)
            guard
                let payload = batches.buffer.getSlice(
                    at: position + RecordBatchHeader.encodedLength,
                    length: original.payloadLength
                )
            else { preconditionFailure("a validated batch is shorter than its header says") }
            let whole = batches.buffer.getSlice(at: position, length: original.sizeInBytes)
            position += original.sizeInBytes
            header.write(to: &headers)
            guard let encoded = headers.readSlice(length: RecordBatchHeader.encodedLength) else {
                preconditionFailure("a header was just written")
            }
            try self.take(BatchSummary(header, batch: whole), encoded, payload, options)
        }
        return Appended(
            result: AppendResult(
                baseOffset: base,
                lastOffset: self.logEnd - 1,
                logAppendTime: stamp,
                logStartOffset: self.logStart,
                isDuplicate: false
            ),
            batchCount: batches.headers.count,
            bytes: batches.sizeInBytes
        )
    }

    private func checkSizes(
        _ batches: ValidatedBatches,
        _ options: AppendOptions
    ) throws(LogError) {
        if batches.headers.isEmpty { throw LogError(.corruptBatch, "an append without batches") }
        if let newest = self.epochs.entries.last?.epoch, options.leaderEpoch < newest {
            throw LogError(
                .fencedLeaderEpoch,
                "leader epoch \(options.leaderEpoch) is older than \(newest)"
            )
        }
        for header in batches.headers {
            let limit =
                options.origin == .client
                ? min(Int64(self.settings.messageBytesMax), self.settings.segmentBytes)
                : Int64(Int32.max)
            if Int64(header.sizeInBytes) > limit {
                throw LogError(
                    .batchTooLarge,
                    "a batch of \(header.sizeInBytes) bytes, \(limit) are allowed"
                )
            }
        }
        if self.logEnd > Offset.max - Offset(batches.recordCount) {
            throw LogError(.storage, "the partition has used up its offsets")
        }
    }

    /// Finds repetitions and, when there are several batches, tries them all so that none is taken if one is wrong.
    private func checkProducers(
        _ batches: ValidatedBatches,
        _ options: AppendOptions
    ) throws(LogError) -> Appended? {
        guard batches.headers.contains(where: \.hasProducer) else { return nil }
        if options.origin == .client {
            for header in batches.headers {
                let summary = BatchSummary(header, batch: nil)
                if case .duplicate(let base, let last) = self.producers.check(summary) {
                    return Appended(
                        result: AppendResult(
                            baseOffset: base,
                            lastOffset: last,
                            logAppendTime: -1,
                            logStartOffset: self.logStart,
                            isDuplicate: true
                        ),
                        batchCount: 0,
                        bytes: 0
                    )
                }
            }
        }
        if batches.headers.count > 1 {
            var trial = self.producers
            var position = batches.buffer.readerIndex
            for header in batches.headers {
                let batch = batches.buffer.getSlice(at: position, length: header.sizeInBytes)
                position += header.sizeInBytes
                _ = try trial.append(
                    BatchSummary(header, batch: batch),
                    origin: options.origin,
                    transactionVersion: options.transactionVersion
                )
            }
        }
        return nil
    }

    private func patched(
        _ original: RecordBatchHeader,
        maxTimestamp: Timestamp,
        _ options: AppendOptions
    ) -> RecordBatchHeader {
        let isLogAppendTime = self.settings.timestampType == .logAppendTime
        let stamped = RecordBatchPatch.withTimestamp(
            original,
            maxTimestamp: isLogAppendTime ? options.now : maxTimestamp,
            isLogAppendTime: isLogAppendTime
        )
        return RecordBatchPatch.assigned(
            stamped,
            baseOffset: self.logEnd,
            leaderEpoch: options.leaderEpoch
        )
    }

    private mutating func take(
        _ summary: BatchSummary,
        _ header: ByteBuffer,
        _ payload: ByteBuffer,
        _ options: AppendOptions
    ) throws(LogError) {
        let completed = try self.producers.append(
            summary,
            origin: options.origin,
            transactionVersion: options.transactionVersion
        )
        self.follow(
            summary,
            header: header,
            payload: payload,
            completed: completed,
            now: options.now
        )
    }

    /// Puts an accepted batch at the end of the log.
    mutating func follow(
        _ summary: BatchSummary,
        header: ByteBuffer,
        payload: ByteBuffer,
        completed: TransactionLedger.Completed?,
        now: Timestamp
    ) {
        precondition(summary.baseOffset >= self.logEnd, "offsets must grow")
        if summary.isTransactional, summary.marker == nil,
            self.producers[summary.producerID]?.transactionFirstOffset == summary.baseOffset
        {
            self.ledger.began(
                TransactionLedger.Open(
                    firstOffset: summary.baseOffset,
                    producerID: summary.producerID
                )
            )
        }
        if let completed {
            let lastStable = self.ledger.completed(completed)
            if completed.isAborted {
                self.aborted.append(
                    AbortedTransactions.Entry(
                        producerID: completed.producerID,
                        firstOffset: completed.firstOffset,
                        lastOffset: completed.lastOffset,
                        lastStableOffset: lastStable
                    )
                )
            }
        }
        self.epochs.assign(summary.leaderEpoch, at: summary.baseOffset)
        self.logEnd = summary.lastOffset + 1
        self.tail.append(
            TailBatch(
                summary: summary,
                header: header,
                payload: payload,
                isJournaled: self.isJournaled,
                appendedAt: now
            )
        )
    }
}

extension PartitionState {
    /// Offsets up to `end` were given and are lost: the next batch comes after them. Everything that the log has must
    /// be stored.
    package mutating func skip(to end: Offset) {
        guard end > self.logEnd else { return }
        precondition(self.storedEnd == self.logEnd, "offsets are skipped behind batches that are not stored")
        self.logEnd = end
        self.storedEnd = end
        self.highWatermark = end
        self.aborted.trim(storedEnd: end)
    }

    /// Goes back to `base`, before a log start offset that lies within a batch, to take that batch. The log is empty.
    ///
    /// - Returns: `false` when the log has batches.
    package mutating func rewind(to base: Offset) -> Bool {
        guard self.tail.isEmpty, self.logEnd == self.logStart, self.storedEnd == self.logEnd, base < self.logEnd else {
            return false
        }
        self.logEnd = base
        self.storedEnd = base
        self.highWatermark = base
        self.forcedEnd = min(self.forcedEnd, base)
        self.aborted = AbortedTransactions(knownFrom: base)
        return true
    }

    /// Takes a batch that was acknowledged before a crash; nothing is checked again.
    ///
    /// - Parameter batch: the whole batch, patched as it was.
    package mutating func replay(_ header: RecordBatchHeader, _ batch: ByteBuffer) {
        var payload = batch
        guard let head = payload.readSlice(length: RecordBatchHeader.encodedLength) else {
            preconditionFailure("a batch is shorter than its header")
        }
        let summary = BatchSummary(header, batch: batch)
        let completed = self.producers.replay(summary)
        self.follow(
            summary,
            header: head,
            payload: payload,
            completed: completed,
            now: max(0, header.maxTimestamp)
        )
    }
}
