package import LogCore
internal import Model

extension StoredState {
    /// Takes a run that is committed: its producers, its leader epoch, its end. An owner does it as its flushes are
    /// committed, and a successor for each commit record it reads: both come to the same state.
    ///
    /// - Returns: the transactions that its markers aborted.
    package mutating func apply(_ run: FlushRun) -> [AbortedTransactions.Entry] {
        var aborted: [AbortedTransactions.Entry] = []
        for producer in run.producers {
            let batch = BatchSummary(producer, in: run)
            self.passBatchesWithoutProducer(of: run, to: batch.baseOffset)
            if let entry = self.apply(batch).aborted { aborted.append(entry) }
        }
        self.passBatchesWithoutProducer(of: run, to: run.endOffset)
        return aborted
    }

    private mutating func passBatchesWithoutProducer(of run: FlushRun, to end: Offset) {
        let start = max(self.endOffset, run.baseOffset)
        guard end > start else { return }
        _ = self.apply(
            BatchSummary(
                baseOffset: start,
                lastOffset: end - 1,
                sizeBytes: 0,
                leaderEpoch: run.leaderEpoch,
                maxTimestamp: run.maxTimestamp
            )
        )
    }
}
