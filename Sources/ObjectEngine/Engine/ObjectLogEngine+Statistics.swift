package import LogCore
internal import Model
internal import ObjectStore
internal import Synchronization
internal import Threads

extension ObjectLogEngine {
    /// See `LogEngine.objectStatistics`.
    package var objectStatistics: ObjectEngineStatistics? {
        var statistics = ObjectEngineStatistics()
        let counts = self.driver.counts
        statistics.uploads = counts.uploads.counts
        statistics.commits = counts.commits.counts
        statistics.flushes = counts.flushes.load(ordering: .relaxed)
        statistics.flushedBytes = counts.flushedBytes.load(ordering: .relaxed)
        statistics.uploadFailures = counts.uploadFailures.load(ordering: .relaxed)
        statistics.commitRecords = self.checkpoints.window.count
        statistics.checkpoints = self.checkpoints.runCount
        statistics.requests = (self.settings.requests?.counts ?? []).map { kind, counts in
            ObjectEngineStatistics.Requests(
                kind: kind.rawValue,
                count: counts.requests,
                failures: counts.failures,
                bytes: counts.bytes
            )
        }
        statistics.pools = [
            LogEngineStatistics.Pool(
                name: "uncommitted",
                limitBytes: self.settings.uncommittedBytesMax,
                usedBytes: self.budget.unwrittenBytes
            ),
            LogEngineStatistics.Pool(
                name: "write_cache",
                limitBytes: self.settings.writeCacheBytesMax,
                usedBytes: self.retainedBytes
            ),
            LogEngineStatistics.Pool(
                name: "block_cache",
                limitBytes: Int64(self.settings.blockCacheBytesMax),
                usedBytes: Int64(self.blocks.bytes)
            ),
        ]
        return statistics
    }
}

/// What the flush thread counts.
final class FlushCounts: Sendable {
    let uploads = DurationHistogram()
    let commits = DurationHistogram()
    let flushes = Atomic<UInt64>(0)
    let flushedBytes = Atomic<UInt64>(0)
    let uploadFailures = Atomic<UInt64>(0)
}
