package import Model
package import NIOCore

extension PartitionState {
    package enum ReadPlan: Sendable {
        /// Nothing can be read at that offset yet.
        case empty
        case memory(MemoryRead)
        /// Memory does not hold the offset any more: the engine finds it where the batches are stored.
        case stored
    }

    /// Whole batches that memory holds.
    package struct MemoryRead: Sendable {
        /// Headers and payloads in turns.
        package var parts: [ByteBuffer]
        package var bytes: Int
        /// The offset after the last batch.
        package var end: Offset
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
        if let damaged = self.quarantine.range(at: offset) { throw damaged.error }
        let limit = self.readLimit(request.isolation, from: offset)
        guard offset < limit else { return .empty }
        guard offset >= self.storedEnd || offset >= self.tail.firstOffset ?? .max else { return .stored }
        return self.planMemoryRead(request, limit: limit)
    }

    /// Where an answer that begins at `offset` ends at the latest: before damage, which is an answer of its own.
    package func readLimit(_ isolation: IsolationLevel, from offset: Offset) -> Offset {
        let limit = self.readLimit(isolation)
        return self.quarantine.isEmpty ? limit : min(limit, self.quarantine.start(after: offset))
    }

    private func planMemoryRead(_ request: ReadRequest, limit: Offset) -> ReadPlan {
        var read = MemoryRead(parts: [], bytes: 0, end: request.offset)
        var index = self.tail.index(for: request.offset)
        while index < self.tail.count {
            let batch = self.tail[index]
            let size = batch.summary.sizeBytes
            guard batch.summary.lastOffset < limit else { break }
            let isFirst = read.parts.isEmpty && request.atLeastOneBatch
            guard isFirst || size <= request.bytesMax - read.bytes else { break }
            read.parts.append(batch.header)
            read.parts.append(batch.payload)
            read.bytes += size
            read.end = batch.summary.lastOffset + 1
            index += 1
        }
        return read.parts.isEmpty ? .empty : .memory(read)
    }
}
