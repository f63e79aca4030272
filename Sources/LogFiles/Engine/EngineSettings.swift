package import LogCore

/// The limits and habits of a `FileLogEngine`.
package struct EngineSettings: Sendable {
    /// Bytes that all partitions together keep in memory for readers after their segments have them.
    package var tailBytesMax: Int64 = 32 << 20
    /// Bytes assigned that no segment has yet, of all partitions: what waits for the journal and what waits for the
    /// writer. Beyond, appends answer `.overloaded`.
    package var unwrittenBytesMax: Int64 = 64 << 20
    /// What the page cache may keep of what was written, see `CachedLogs`.
    package var pageCache = PageCacheLimit.unlimited
    /// Threads that read segments.
    package var readerCount = 2
    /// Calls of `perform` and `findOffsets` that wait for one reader; beyond, they are answered `.readersBusy`.
    package var readQueueMax = 1024
    /// The largest single write to a segment. Page-cache writes of this size cost a quarter of what 1 MiB ones do.
    package var writeBytesMax = 256 << 10
    /// What an event loop writes to a segment itself before it turns to other work, see `LoopWrites`.
    package var loopWriteBytesMax: Int64 = 1 << 20
    /// A write of a loop that took so long has the writer do them for a second.
    package var loopWriteMillisecondsMax: Int64 = 20
    /// Journaled bytes that are gathered before the writer is woken for them: nobody waits for it, and a few large
    /// writes cost much less than many small ones.
    package var writeGatherBytes = 1 << 20
    /// ... or the age of the oldest of them, looked at when more comes. What stays is written by the next checkpoint.
    package var writeGatherMilliseconds: Int64 = 50
    /// Between two checkpoints while there is something to sync. Short, because what came since the last one is read
    /// again after a crash.
    package var checkpointMilliseconds: Int64 = 2_000
    /// Descriptors of segment files that stay open only because they were used once. The logs that are being written
    /// come on top. At most a quarter of what the process may open.
    package var openFilesMax = 4096
    /// Kept aside, so that a start and a checkpoint succeed on a full disk.
    package var reserveBytes: Int64 = 4 << 20
    /// Partitions that wait for the writer. Beyond, they are written by the keeper a moment later.
    package var writeQueueMax = 1 << 16
    /// Bytes of segments that the scrubber reads a second; 0: there is none.
    package var scrubBytesPerSecond: Int64 = 0
    /// From the beginning of one pass of the scrubber to that of the next, if it takes no longer.
    package var scrubIntervalMilliseconds: Int64 = 86_400_000
    package var journal = JournalSettings()
    package var cleaner = CleanerSettings()

    package init() {}
}

extension LogError {
    /// A failed file operation on a partition's data.
    init(_ error: FileError) {
        if error.isDiskFull {
            self.init(.diskFull, error.description)
        } else {
            self.init(error.isTransient ? .overloaded : .storage, error.description)
        }
    }
}
