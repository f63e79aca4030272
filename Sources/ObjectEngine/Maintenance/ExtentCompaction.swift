internal import LogCore
internal import LogObjects
internal import Model
internal import NIOCore
internal import ObjectStore
internal import RecordBatch
internal import Synchronization
internal import Threads

/// One cleaning of one partition: finds the newest offset of each key in the dirty part, writes what is kept of
/// everything up to there into new objects, and has the head name these, one after the other.
///
/// In memory are the map of keys, a window of what is read and a part of what is written. What was swapped in stays
/// when the run ends early: the next one begins at the same place again.
final class ExtentCompaction {
    /// What the run works on, as the partition was when it began.
    struct Subject {
        var log: ObjectPartitionLog
        var plan: CompactionPlan
        /// All before `plan.firstUncleanable`.
        var extents: [Extent]
        /// In the order of their markers.
        var aborted: [AbortedTransactions.Entry]
        var producers: [ProducerID: CompactionFilter.LastBatch]
        var settings: LogSettings
    }

    struct Statistics {
        var bytesRead = 0
        var bytesWritten = 0
        var recordsRead = 0
        var recordsKept = 0
        var keyless = 0
        var bufferPercent = 0
        var objects = 0
    }

    private let engine: ObjectLogEngine
    private let subject: Subject
    private let settings: CleanerSettings
    private let now: Timestamp
    private var keys: CompactionKeys
    private var window = ThroughputWindow()
    private(set) var statistics = Statistics()

    init(_ engine: ObjectLogEngine, _ subject: Subject, _ settings: CleanerSettings, now: Timestamp) {
        self.engine = engine
        self.subject = subject
        self.settings = settings
        self.now = now
        var random = SystemRandomNumberGenerator()
        let map = OffsetMap(
            wanted: subject.plan.firstUncleanable - subject.plan.firstDirty,
            bytesMax: settings.dedupeBufferBytes,
            loadFactor: settings.loadFactor,
            seed: (random.next(), random.next())
        )
        self.keys = CompactionKeys(map, from: subject.plan.firstDirty)
    }

    /// - Returns: `false` when the head was changed otherwise meanwhile, so that nothing more can be swapped.
    func run() async throws(ObjectLogEngine.MaintenanceFailure) -> Bool {
        try await self.findKeys()
        self.statistics.bufferPercent = Int(self.keys.map.utilization * 100)
        let end = self.keys.map.latestOffset + 1
        guard end > self.subject.plan.firstDirty else {
            throw .damaged("a batch has more keys than log.cleaner.dedupe.buffer.size has room for")
        }
        let filter = CompactionFilter(
            producers: self.subject.producers,
            end: self.subject.plan.firstUncleanable,
            latestOffset: self.keys.map.latestOffset,
            now: self.now
        )
        var rewrite = CompactionRewrite(
            filter,
            now: self.now,
            deleteRetentionMilliseconds: self.subject.settings.deleteRetentionMilliseconds
        )
        rewrite.add(self.subject.aborted)
        var rest = self.subject.extents.filter { $0.baseOffset < end }[...]
        while !rest.isEmpty {
            guard try await self.writeObject(&rest, &rewrite, cleanedEnd: end) else { return false }
        }
        self.statistics.keyless = rewrite.keylessCount
        return true
    }

    // MARK: Keys

    private func findKeys() async throws(ObjectLogEngine.MaintenanceFailure) {
        let plan = self.subject.plan
        self.keys.add(self.subject.aborted)
        for extent in self.subject.extents where extent.endOffset > plan.firstDirty {
            var scanner = ExtentScanner(extent, in: self.engine.objects)
            while let (header, whole) = try await self.next(&scanner) {
                do throws(RecordBatchError) {
                    guard try self.keys.passed(header, whole) else { return }
                } catch {
                    throw Self.unreadable(header, error)
                }
            }
            self.keys.reached(extent.endOffset)
        }
    }

    // MARK: Records

    /// Writes one object of the next extents: as many as it takes to fill it, and all of what has nothing left.
    private func writeObject(
        _ rest: inout ArraySlice<Extent>,
        _ rewrite: inout CompactionRewrite,
        cleanedEnd: Offset
    ) async throws(ObjectLogEngine.MaintenanceFailure) -> Bool {
        let log = self.subject.log
        let bytesMin = self.engine.settings.compactedBytesMin
        var cleaned: CleanedExtent?
        try await self.engine.writeObject(for: .compaction, isShared: false, partitions: 1, now: self.now) {
            (builder, writer) async throws(ObjectLogEngine.MaintenanceFailure) in
            builder.beginExtent(log.partition, baseOffset: rest[rest.startIndex].baseOffset)
            let start = builder.size
            var old: [Extent] = []
            var aborted: [AbortedTransactions.Entry] = []
            while let extent = rest.first, builder.size == start || builder.size - start < bytesMin {
                let isLast = rest.count == 1
                try await self.copy(extent, &rewrite, &builder, &writer) { isLast && $0 == start }
                aborted += rewrite.takeKeptAborted()
                old.append(extent)
                rest.removeFirst()
            }
            let extent = builder.endExtent(
                endOffset: old[old.count - 1].endOffset,
                isCompacted: true,
                aborted: aborted
            )
            self.statistics.bytesWritten += builder.size
            self.statistics.objects += 1
            let mine = CleanedExtent(extent: extent, aborted: aborted)
            cleaned = mine
            log.head.withLock { $0.cleaned = mine }
            let swap = ExtentSwap(
                partition: log.partition,
                old: old,
                new: [extent],
                cleanedEnd: rest.isEmpty ? cleanedEnd : nil
            )
            return [.swap(swap)]
        }
        return log.head.withLock { head in
            head.cleaned = nil
            guard let cleaned else { return false }
            return head.durable.extents.extents.contains(cleaned.extent)
                || head.state.logStart >= cleaned.extent.endOffset
        }
    }

    /// - Parameter mustLeave: asked behind the last batch with the builder's size: whether something has to be left of
    ///   it, since an extent is not empty.
    private func copy(
        _ extent: Extent,
        _ rewrite: inout CompactionRewrite,
        _ builder: inout CompactedObjectBuilder,
        _ writer: inout ObjectWriter,
        mustLeave: (Int) -> Bool
    ) async throws(ObjectLogEngine.MaintenanceFailure) {
        var scanner = ExtentScanner(extent, in: self.engine.objects)
        var last: (header: RecordBatchHeader, whole: ByteBuffer)?
        while let (header, whole) = try await self.next(&scanner) {
            last = (header, whole)
            var output = ByteBuffer()
            let outcome: BatchFilter.Outcome
            do throws(RecordBatchError) {
                outcome = try rewrite.passed(header, whole, self.keys.map, into: &output)
            } catch {
                throw Self.unreadable(header, error)
            }
            self.statistics.recordsRead += outcome.recordsRead
            self.statistics.recordsKept += outcome.recordsKept
            if let kept = outcome.header { try await self.append(kept, output, &builder, &writer) }
        }
        guard mustLeave(builder.size), let last else { return }
        var output = ByteBuffer()
        let outcome: BatchFilter.Outcome
        do throws(RecordBatchError) {
            outcome = try rewrite.writeEmpty(last.header, last.whole, into: &output)
        } catch {
            throw Self.unreadable(last.header, error)
        }
        if let kept = outcome.header { try await self.append(kept, output, &builder, &writer) }
    }

    private func append(
        _ header: RecordBatchHeader,
        _ batch: ByteBuffer,
        _ builder: inout CompactedObjectBuilder,
        _ writer: inout ObjectWriter
    ) async throws(ObjectLogEngine.MaintenanceFailure) {
        builder.append(header, [batch])
        do throws(ObjectStoreError) {
            try await writer.take(&builder)
        } catch {
            throw .store(error)
        }
        try await self.pace(batch.readableBytes)
    }

    // MARK: Sources

    private func next(
        _ scanner: inout ExtentScanner
    ) async throws(ObjectLogEngine.MaintenanceFailure) -> (RecordBatchHeader, ByteBuffer)? {
        let before = scanner.bytesRead
        let batch = try await scanner.next()
        if scanner.bytesRead > before {
            self.statistics.bytesRead += scanner.bytesRead - before
            try await self.pace(scanner.bytesRead - before)
        }
        return batch
    }

    /// Keeps to `log.cleaner.io.max.bytes.per.second`, and notices that the engine ends.
    private func pace(_ bytes: Int) async throws(ObjectLogEngine.MaintenanceFailure) {
        let pause = self.window.passed(
            bytes,
            bytesPerSecondMax: self.settings.ioBytesPerSecondMax,
            now: self.engine.time.monotonicNanoseconds
        )
        if pause > 0 { try? await Task.sleep(for: .nanoseconds(pause)) }
        if Task.isCancelled || self.engine.checkpoints.hasEnded { throw .ended }
    }

    private static func unreadable(
        _ header: RecordBatchHeader,
        _ error: RecordBatchError
    ) -> ObjectLogEngine.MaintenanceFailure {
        .damaged("the batch at offset \(header.baseOffset) cannot be read: \(error)")
    }
}

/// An extent that compaction wrote, for the open log: what it is to know when its head names the extent.
struct CleanedExtent: Sendable {
    var extent: Extent
    /// Aborted transactions whose markers the extent has, in marker order.
    var aborted: [AbortedTransactions.Entry]
}
