package import LogCore
package import LogObjects
package import ObjectStore

/// How an `ObjectLogEngine` works. Every limit says what happens at it.
package struct ObjectEngineSettings: Sendable {
    /// When a flush is sealed.
    package var flush = FlushSettings()
    /// How many flushes are under way.
    package var pipeline = CommitPipeline.Limits()
    /// Appended and not committed, of all partitions: appends beyond it are refused with `.overloaded`; from half of it
    /// on those who can wait are asked to.
    package var uncommittedBytesMax: Int64 = 256 << 20
    /// Committed batches that stay in memory, for readers at the end of the log: the oldest of all partitions leave it.
    package var writeCacheBytesMax: Int64 = 128 << 20
    /// Blocks of objects that stay in memory after a read; those that were not used for longest leave it.
    package var blockCacheBytesMax = 64 << 20
    /// Of one read from the store. A read of more takes several.
    package var blockBytes = 1 << 20
    /// Blocks that one request to the store brings at most.
    package var blocksPerRead = 8
    /// Reads that go to the store at a time; further ones wait.
    package var readersMax = 32
    /// Reads that wait; those beyond it are answered `.readersBusy`.
    package var readQueueMax = 4_096
    /// An upload that takes longer than these bounds, or twice what 99 in 100 take, is hedged.
    package var hedgeDelay: ClosedRange<Duration> = .milliseconds(50)...(.seconds(2))
    /// The pause before an upload or a transaction is repeated: doubled with each failure, up to the upper bound.
    package var retryDelay: ClosedRange<Duration> = .milliseconds(20)...(.seconds(2))
    /// Commit records that are not folded into heads at which a checkpoint begins.
    package var checkpointRecords = 256
    /// Commit records at which nothing more is committed until a checkpoint has folded some.
    package var commitRecordsMax = 1_024
    /// The longest time between checkpoints while there are commit records.
    package var checkpointInterval: Duration = .seconds(60)
    /// A partition's head is created only while etcd has its topic; tests have no topics.
    package var guardsTopics = true
    /// What is merged after a checkpoint; `nil`: nothing.
    package var merges: MergePlan.Settings? = MergePlan.Settings()
    /// How compaction works; `threadCount` 0: not at all, else one partition at a time.
    package var cleaner = CleanerSettings()
    /// Compaction begins another object when one has so much.
    package var compactedBytesMin = 64 << 20
    /// How long `close` waits for what was appended last.
    package var closeTimeout: Duration = .seconds(30)
    /// The store keeps `If-None-Match` (`ObjectStore.probeConditions`): defence in depth alone.
    package var usesConditions = false

    /// Counts the requests to the store, for metrics; `nil`: nobody does.
    package var requests: ObjectRequestCounter?

    package init() {}
}
