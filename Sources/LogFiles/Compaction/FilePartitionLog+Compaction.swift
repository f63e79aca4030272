internal import LogCore
internal import Logging
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization
internal import Threads

extension FilePartitionLog {
    /// What may be cleaned now; `nil` when the partition is not compacted, does not serve or is empty. Blocking.
    func compactionPlan(now: Timestamp) throws(FileError) -> CompactionPlan? {
        guard let (view, segments) = self.compactionView(now: now) else { return nil }
        return try CompactionPlan(view) { (index) throws(FileError) in
            let file: File
            do throws(FileError) {
                file = try segments[index].files.file(.log)
            } catch {
                if segments[index].files.isRetired { return -1 }
                throw error
            }
            var buffer = ByteBuffer()
            _ = try file.read(into: &buffer, count: RecordBatchHeader.encodedLength, at: 0)
            return (try? RecordBatchHeader(reading: buffer, at: 0))?.maxTimestamp ?? -1
        }
    }

    private func compactionView(now: Timestamp) -> (CompactionPlan.View, [SegmentLayout.Segment])? {
        guard self.head.withLock({ $0.state.settings.cleanupCompact }) else { return nil }
        let cleanedEnd = self.engine.points.withLock { $0.cleaner.offsets[self.checkpointKey] }
        let unforced = self.files.withLock { files in files.unforced.segments.map(\.files.baseOffset).min() }
        return self.head.withLock { head -> (CompactionPlan.View, [SegmentLayout.Segment])? in
            guard head.state.settings.cleanupCompact, head.lifecycle.isServing, case .online = head.state.availability
            else { return nil }
            let view = CompactionPlan.View(
                segments: head.layout.infos,
                offsets: head.state.offsets,
                forcedEnd: min(head.state.forcedEnd, unforced ?? .max),
                cleanedEnd: cleanedEnd,
                settings: head.state.settings,
                now: now
            )
            return (view, head.layout.segments)
        }
    }

    /// What a run works on; `nil` when there is nothing to clean any more.
    func compactionSubject(now: Timestamp) throws(FileError) -> CompactionRun.Subject? {
        guard let plan = try self.compactionPlan(now: now), plan.isDue else { return nil }
        let (folder, producers) = self.files.withLock { files in
            (files.hasFolder ? files.folder : nil, files.stored.producers)
        }
        guard let folder else { return nil }
        let (segments, end, gapsBefore, aborted, settings) = self.head.withLock { head in
            (
                head.layout.segments, head.state.storedEnd, head.state.gapsBefore, head.state.aborted,
                head.state.settings
            )
        }
        let ends = segments.dropFirst().map(\.info.baseOffset) + [end]
        let sources = zip(segments, ends).map { CompactionRun.Source(segment: $0, end: $1) }
        var last: [ProducerID: CompactionFilter.LastBatch] = [:]
        for (id, entry) in producers.sorted {
            last[id] = CompactionFilter.LastBatch(lastOffset: entry.lastBatch?.lastOffset, epoch: entry.epoch)
        }
        return CompactionRun.Subject(
            plan: plan,
            sources: sources,
            gapsBefore: gapsBefore,
            recentAborted: aborted,
            producers: last,
            settings: settings,
            folder: folder
        )
    }

    /// Notes durably where the next run begins. Blocking.
    ///
    /// Where the disk refuses, a restart cleans the same once more.
    ///
    /// - Returns: `false` when the partition is not this log's any more.
    func noteCleaned(to end: Offset) -> Bool {
        self.engine.checkpointing.withLock {
            guard self.isServedByEngine else { return false }
            let bytes = self.engine.points.withLock { points -> [UInt8] in
                points.cleaner.offsets[self.checkpointKey] = end
                points.isCleanerStale = true
                return points.cleaner.encoded()
            }
            do throws(FileError) {
                try self.engine.writePoints(recovery: nil, logStarts: nil, cleaner: bytes)
            } catch {
                self.engine.logger.warning("the cleaner's checkpoint was not written", metadata: ["error": "\(error)"])
            }
            return true
        }
    }
}
