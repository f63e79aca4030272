package import Model
package import NIOCore

extension PartitionState {
    package enum ReadPlan: Sendable {
        /// Nothing can be read at that offset yet.
        case empty
        case memory(parts: [ByteBuffer], bytes: Int)
        /// In segment files: search from the segment at this index of `segments`.
        case file(segmentIndex: Int)
    }

    /// Where the batches at an offset are.
    ///
    /// - Throws: `.offsetOutOfRange` below the log start offset and above the log end; between the read limit and the
    ///   log end there is nothing yet, as for a follower of Kafka's that asks early.
    package func planRead(_ request: ReadRequest) throws(LogError) -> ReadPlan {
        try self.checkAvailable()
        let offset = request.offset
        guard offset >= self.logStart, offset <= self.logEnd else {
            throw LogError(
                .offsetOutOfRange,
                "offset \(offset) is outside of \(self.logStart)...\(self.logEnd)"
            )
        }
        let limit = self.readLimit(request.isolation)
        guard offset < limit else { return .empty }
        if let first = self.tail.firstOffset, offset >= first {
            return self.planMemoryRead(request, limit: limit)
        }
        guard let index = self.segments.lastIndex(where: { $0.baseOffset <= offset }) else {
            // Offsets below the first batch of the log that no batch holds.
            return self.segments.isEmpty
                ? self.planMemoryRead(request, limit: limit) : .file(segmentIndex: 0)
        }
        return .file(segmentIndex: index)
    }

    private func planMemoryRead(_ request: ReadRequest, limit: Offset) -> ReadPlan {
        var parts: [ByteBuffer] = []
        var bytes = 0
        var index = self.tail.index(for: request.offset)
        while index < self.tail.count {
            let batch = self.tail[index]
            let size = batch.summary.sizeBytes
            guard batch.summary.lastOffset < limit else { break }
            let isFirst = parts.isEmpty && request.atLeastOneBatch
            guard isFirst || size <= request.bytesMax - bytes else { break }
            parts.append(batch.header)
            parts.append(batch.payload)
            bytes += size
            index += 1
        }
        return parts.isEmpty ? .empty : .memory(parts: parts, bytes: bytes)
    }

    /// Aborted transactions that a `read_committed` reader of `offset..<end` must skip.
    package func abortedTransactions(from offset: Offset, to end: Offset) -> [AbortedTransaction] {
        self.aborted.overlapping(offset, end)
    }

    /// Index of the segment that a search for a timestamp begins in: the first that has one as late.
    package func firstSegment(atOrAfter timestamp: Timestamp) -> Int? {
        self.segments.firstIndex { $0.largestTimestamp >= timestamp }
    }
}
