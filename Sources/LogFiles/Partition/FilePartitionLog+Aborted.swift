internal import LogCore
internal import Model
internal import NIOCore
internal import Synchronization

/// The aborted transactions that `read_committed` answers name: memory has the newest, transaction indexes all that are
/// stored.
extension FilePartitionLog {
    /// What an answer needs, taken under the head's lock in one go.
    private struct Sources {
        /// Segments whose transaction index may have entries that memory lacks.
        var segments: [SegmentLayout.Segment] = []
        /// Memory has the entries from here on.
        var recent: AbortedTransactions
    }

    /// Adds the aborted transactions of `range`, the offsets that the records span. Blocking.
    ///
    /// - Parameter compactionCount: when the records were planned to be read.
    /// - Returns: `nil` when a segment was removed or compacted meanwhile: look again.
    func withAborted(
        _ records: FetchedRecords,
        in range: Range<Offset>,
        since compactionCount: Int
    ) throws(LogError) -> FetchedRecords? {
        let sources = self.head.withLock { head -> Sources? in
            // An index without a transaction goes with segments without its records, and not with the old ones.
            guard head.compactionCount == compactionCount else { return nil }
            var sources = Sources(recent: head.state.aborted)
            if range.lowerBound < sources.recent.knownFrom, let first = head.layout.index(for: range.lowerBound) {
                sources.segments = head.layout.segments[first...].filter {
                    $0.info.transactionIndexCount > 0 && $0.info.baseOffset < sources.recent.knownFrom
                }
            }
            return sources
        }
        guard let sources else { return nil }
        var aborted = AbortedTransactions.Overlap(range)
        for segment in sources.segments where !aborted.isComplete {
            var isSound = false
            do throws(FileError) {
                if !segment.info.hasForeignTransactionIndex {
                    isSound = try segment.files.collectAborted(
                        segment.info,
                        before: sources.recent.knownFrom,
                        into: &aborted
                    )
                }
            } catch {
                if segment.files.isRetired { return nil }
                throw self.readFailed(error)
            }
            // Without its entries aborted records would pass for committed ones.
            if !isSound {
                throw self.damagedIndex(segment.files.path(.transactionIndex), "it has unknown entries")
            }
        }
        sources.recent.collect(into: &aborted)
        var records = records
        records.abortedTransactions = aborted.transactions
        return records
    }
}

extension SegmentFiles {
    /// Collects entries of the transaction index whose markers lie before `end`, reading it piece by piece.
    ///
    /// - Returns: whether all entries could be read.
    func collectAborted(
        _ info: SegmentInfo,
        before end: Offset,
        into aborted: inout AbortedTransactions.Overlap
    ) throws(FileError) -> Bool {
        let size = AbortedTransactions.Entry.sizeBytes
        let file = try self.file(.transactionIndex)
        var index = try self.firstAborted(info, endingAtOrAfter: aborted.range.lowerBound, file)
        while index < info.transactionIndexCount, !aborted.isComplete {
            let count = min(info.transactionIndexCount - index, Self.abortedPerPiece)
            var piece = ByteBuffer()
            _ = try file.read(into: &piece, count: count * size, at: Int64(index * size))
            guard piece.readableBytes == count * size else { return false }
            while piece.readableBytes > 0, !aborted.isComplete {
                guard let entry = AbortedTransactions.Entry(from: &piece) else { return false }
                if entry.lastOffset >= end { return true }
                aborted.add(entry)
            }
            index += count
        }
        return true
    }

    private static let abortedPerPiece = 256

    /// Index of the first entry whose marker lies at or after `offset`: entries are in the order of their markers.
    private func firstAborted(
        _ info: SegmentInfo,
        endingAtOrAfter offset: Offset,
        _ file: File
    ) throws(FileError) -> Int {
        let size = AbortedTransactions.Entry.sizeBytes
        let before = try IndexSearch.last(
            count: info.transactionIndexCount,
            entry: { (index) throws(FileError) -> Offset in
                var bytes = ByteBuffer()
                _ = try file.read(into: &bytes, count: size, at: Int64(index * size))
                // What cannot be read counts as late, so that reading on from before it meets it again.
                return AbortedTransactions.Entry(from: &bytes)?.lastOffset ?? .max
            },
            where: { $0 < offset }
        )
        return before.map { $0.index + 1 } ?? 0
    }
}
