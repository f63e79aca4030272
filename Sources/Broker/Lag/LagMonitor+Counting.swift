internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch

// Where not every offset is a record, the records that a group has not read are counted: by the headers of the batches
// between where it stands and the end, which are read once and remembered as long as somebody is behind.

extension LagMonitor {
    /// Reads of one round; what is left is looked at in the next, and counts in full until then.
    static let countingReadsMax = 64
    /// Bytes of one read.
    private static let countingReadBytes = 1 << 20

    /// Replaces the records of all that are behind by counted ones, where that makes a difference.
    func count(_ measured: inout [Measured], _ counts: inout [TopicPartition: VisibleRecords]) async {
        var behind: [TopicPartition: [Int]] = [:]
        for (index, one) in measured.enumerated() where one.records > 0 && Self.isSparse(one) {
            behind[one.partition, default: []].append(index)
        }
        var next: [TopicPartition: VisibleRecords] = [:]
        for (partition, indices) in behind {
            let start = indices.map { measured[$0].unread.lowerBound }.min() ?? 0
            var known = counts[partition] ?? VisibleRecords(from: start)
            // Somebody begins before what was looked at: from there again.
            if known.start > start || known.end < start { known = VisibleRecords(from: start) }
            known.forget(before: start)
            next[partition] = known
        }
        // Those with the least left first: most groups are near the end.
        var order: [(partition: TopicPartition, index: Int, end: Offset, left: Int64)] = []
        for (partition, indices) in behind {
            let end = indices.map { measured[$0].unread.upperBound }.max() ?? 0
            order.append((partition, indices[0], end, end - (next[partition]?.end ?? 0)))
        }
        order.sort { $0.left < $1.left }
        var reads = 0
        for (partition, index, end, _) in order {
            guard var known = next[partition] else { continue }
            while known.end < end, reads < Self.countingReadsMax {
                reads += 1
                guard await self.look(at: measured[index].log, &known) else { break }
            }
            next[partition] = known
        }
        counts = next
        for (partition, indices) in behind {
            for index in indices {
                measured[index].records = next[partition]?.count(measured[index].unread) ?? measured[index].records
            }
        }
    }

    /// Whether there may be offsets that are no records for consumers: the topic is compacted, or a transaction was
    /// ended in the partition by a producer that it still knows.
    private static func isSparse(_ one: Measured) -> Bool {
        one.isCompacted
            || one.log.producers.contains { $0.coordinatorEpoch >= 0 || $0.currentTransactionFirstOffset != nil }
    }

    /// Looks at the batches from `known.end` on.
    ///
    /// - Returns: whether it came further.
    private func look(at log: any PartitionLog, _ known: inout VisibleRecords) async -> Bool {
        let request = ReadRequest(
            offset: known.end,
            bytesMax: Self.countingReadBytes,
            atLeastOneBatch: true,
            isolation: .readCommitted
        )
        let before = known.end
        switch try? log.read(request) {
        case .records(let records): known.looked(at: records)
        case .deferred(let read):
            let results = await withCheckedContinuation { continuation in
                self.engine.perform([read]) { continuation.resume(returning: $0) }
            }
            if case .success(let records)? = results.first { known.looked(at: records) }
        case nil: break
        }
        return known.end > before
    }
}

extension VisibleRecords {
    /// Takes what a `read_committed` read from `end` on returned. What cannot be decoded ends it.
    mutating func looked(at records: FetchedRecords) {
        var aborted = AbortedProducers(records.abortedTransactions)
        try? records.forEachBatch { (header, payload) throws(RecordBatchError) in
            guard header.lastOffset >= self.end else { return true }
            var visible = Int64(header.recordCount)
            if header.attributes.isControl {
                if try ControlRecord.read(header, payload)?.kind == .abort { aborted.ended(header.producerID) }
                visible = 0
            } else if header.attributes.isTransactional, aborted.contains(header) {
                visible = 0
            }
            // A gap before the batch has no records; a batch that began before has some behind it.
            self.looked(to: max(self.end, header.baseOffset), records: 0)
            self.looked(to: header.lastOffset + 1, records: min(visible, header.lastOffset + 1 - self.end))
            return true
        }
    }
}
