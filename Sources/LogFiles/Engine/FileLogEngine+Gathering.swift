internal import LogCore
internal import Synchronization
internal import Threads

extension FileLogEngine {
    /// Partitions with durable batches that their segments lack, waiting until the writer is worth waking.
    struct GatheredWrites {
        var logs: [FilePartitionLog] = []
        /// Of all rounds since the writer was last woken.
        var bytes = 0
        /// Monotonic milliseconds of the first; 0 while there is none.
        var since: Int64 = 0

        mutating func add(_ logs: [FilePartitionLog], bytes: Int, now: Int64) {
            if self.since == 0 { self.since = now }
            self.logs += logs
            self.bytes += bytes
        }

        func isDue(now: Int64, settings: EngineSettings) -> Bool {
            // Gathered bytes count as unwritten: they must not be what producers are held back for.
            let bytesMax = min(Int64(settings.writeGatherBytes), settings.unwrittenBytesMax / 8)
            return self.bytes >= bytesMax || now - self.since >= settings.writeGatherMilliseconds
        }
    }

    /// Notes that partitions have something for their segments, and wakes the writer when it is much or old.
    ///
    /// When nothing more comes, the next checkpoint has it written: readers are served from memory, and a crash from
    /// the journal.
    func gather(_ logs: [FilePartitionLog], bytes: Int) {
        for log in logs { self.markDirty(log) }
        let now = self.time.monotonicMilliseconds
        let due = self.gathered.withLock { gathered -> [FilePartitionLog] in
            gathered.add(logs, bytes: bytes, now: now)
            return gathered.isDue(now: now, settings: self.settings) ? gathered.takeAll() : []
        }
        for log in due { self.write(log) }
    }

    /// Gives the writer all that was gathered.
    func writeGathered() {
        for log in self.gathered.withLock({ $0.takeAll() }) { self.write(log) }
    }
}

extension FileLogEngine.GatheredWrites {
    fileprivate mutating func takeAll() -> [FilePartitionLog] {
        defer { self = Self() }
        return self.logs
    }
}
