internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization

/// One cleaning of one partition: finds the newest offset of each key in the dirty part, writes what is kept of
/// everything up to there into new segments, and swaps these in, group by group. Blocking; on the cleaner's thread.
struct CompactionRun {
    enum Stop: Error {
        /// The partition, the engine or a segment is going: nothing is wrong.
        case cancelled
        /// What is to be cleaned is damaged, or cannot be cleaned as it is.
        case uncleanable(String)
        case file(FileError)
    }

    /// A segment that is read, and the offset after it.
    struct Source {
        var segment: SegmentLayout.Segment
        var end: Offset
    }

    /// What the run works on, as the partition was when it began.
    struct Subject {
        var plan: CompactionPlan
        /// Every segment of the log.
        var sources: [Source]
        /// Offsets may be missing before it in segments that compaction did not write.
        var gapsBefore: Offset
        var recentAborted: AbortedTransactions
        var producers: [ProducerID: CompactionFilter.LastBatch]
        var settings: LogSettings
        var folder: Directory
    }

    struct Statistics {
        var bytesRead: Int64 = 0
        var bytesWritten: Int64 = 0
        var recordsRead: Int64 = 0
        var recordsKept: Int64 = 0
        var keyless = 0
        var bufferPercent = 0
        var segmentsBefore = 0
        var segmentsAfter = 0
    }

    let log: FilePartitionLog
    let subject: Subject
    let settings: CleanerSettings
    let throttle: Throttle
    let isStopping: @Sendable () -> Bool
    let now: Timestamp
    private(set) var statistics = Statistics()

    init(
        _ log: FilePartitionLog,
        _ subject: Subject,
        settings: CleanerSettings,
        throttle: Throttle,
        now: Timestamp,
        isStopping: @escaping @Sendable () -> Bool
    ) {
        self.log = log
        self.subject = subject
        self.settings = settings
        self.throttle = throttle
        self.now = now
        self.isStopping = isStopping
    }

    /// - Returns: where the next run begins.
    mutating func run() throws(Stop) -> Offset {
        let random = self.log.engine.environment.random
        let map = OffsetMap(
            wanted: self.subject.plan.firstUncleanable - self.subject.plan.firstDirty,
            bytesMax: self.settings.dedupeBufferBytes / max(1, self.settings.threadCount),
            loadFactor: self.settings.loadFactor,
            seed: (random(), random())
        )
        var keys = CompactionKeys(map, from: self.subject.plan.firstDirty)
        try self.fill(&keys)
        self.statistics.bufferPercent = Int(keys.map.utilization * 100)
        let end = keys.map.latestOffset + 1
        guard end > self.subject.plan.firstDirty else {
            throw .uncleanable("a batch has more keys than log.cleaner.dedupe.buffer.size has room for")
        }
        let sources = self.subject.sources.filter { $0.segment.info.baseOffset < end }
        guard let last = sources.last else { return end }
        let filter = CompactionFilter(
            producers: self.subject.producers,
            end: self.subject.plan.firstUncleanable,
            latestOffset: keys.map.latestOffset,
            now: self.now
        )
        var rewrite = CompactionRewrite(
            filter,
            now: self.now,
            deleteRetentionMilliseconds: self.subject.settings.deleteRetentionMilliseconds
        )
        let groups = CompactionPlan.groups(
            of: sources.map(\.segment.info),
            end: last.end,
            settings: self.subject.settings
        )
        for group in groups { try self.clean(Array(sources[group]), &rewrite, keys.map, end) }
        self.statistics.keyless = rewrite.keylessCount
        return end
    }

    // MARK: Keys

    private mutating func fill(_ keys: inout CompactionKeys) throws(Stop) {
        let start = self.subject.plan.firstDirty
        for source in self.subject.sources
        where source.end > start && source.segment.info.baseOffset < self.subject.plan.firstUncleanable {
            keys.add(try self.aborted(in: source))
            var scanner = try self.scanner(of: source)
            while let (header, whole) = try self.next(&scanner, of: source) {
                do throws(RecordBatchError) {
                    guard try keys.passed(header, whole) else { return }
                } catch {
                    throw self.unreadable(header, source, error)
                }
            }
            keys.reached(source.end)
        }
    }

    // MARK: Records

    private mutating func clean(
        _ group: [Source],
        _ rewrite: inout CompactionRewrite,
        _ map: borrowing OffsetMap,
        _ end: Offset
    ) throws(Stop) {
        guard let first = group.first, let last = group.last else { return }
        let base = first.segment.info.baseOffset
        let finished: CleanedSegmentWriter.Finished
        do throws(Stop) {
            finished = try self.write(group, base, &rewrite, map)
        } catch {
            self.log.discardCleaned(base)
            throw error
        }
        let entry = CleanedSegments.Entry(baseOffset: base, end: last.end, sizeBytes: finished.info.sizeBytes)
        let isSwapped: Bool
        do throws(FileError) {
            isSwapped = try self.log.swap(finished, entry, for: group.map(\.segment.files), cleanedEnd: end)
        } catch {
            throw .file(error)
        }
        guard isSwapped else { throw .cancelled }
        self.statistics.segmentsBefore += group.count
        self.statistics.segmentsAfter += 1
    }

    private mutating func write(
        _ group: [Source],
        _ base: Offset,
        _ rewrite: inout CompactionRewrite,
        _ map: borrowing OffsetMap
    ) throws(Stop) -> CleanedSegmentWriter.Finished {
        var writer: CleanedSegmentWriter
        do throws(FileError) {
            writer = try CleanedSegmentWriter(
                folder: self.subject.folder,
                baseOffset: base,
                settings: self.subject.settings
            )
        } catch {
            throw .file(error)
        }
        for source in group {
            rewrite.add(try self.aborted(in: source))
            var scanner = try self.scanner(of: source)
            while let (header, whole) = try self.next(&scanner, of: source) {
                let outcome: BatchFilter.Outcome
                do throws(RecordBatchError) {
                    outcome = try rewrite.passed(header, whole, map, into: &writer.output)
                } catch {
                    throw self.unreadable(header, source, error)
                }
                self.statistics.recordsRead += Int64(outcome.recordsRead)
                self.statistics.recordsKept += Int64(outcome.recordsKept)
                if let kept = outcome.header, !writer.place(kept) {
                    throw .uncleanable("what is left of a segment is larger than a segment may be")
                }
                do throws(FileError) {
                    self.wrote(try writer.flush())
                } catch {
                    throw .file(error)
                }
            }
            do throws(FileError) {
                try writer.add(rewrite.takeKeptAborted())
            } catch {
                throw .file(error)
            }
        }
        do throws(FileError) {
            let modified = group.last?.segment.info.modifiedAt ?? self.now
            let (finished, bytes) = try writer.finish(modifiedAt: modified)
            self.wrote(bytes)
            return finished
        } catch {
            throw .file(error)
        }
    }

    private mutating func wrote(_ bytes: Int) {
        self.statistics.bytesWritten += Int64(bytes)
        self.throttle.passed(bytes, perSecond: self.settings.ioBytesPerSecondMax, isStopping: self.isStopping)
    }

    // MARK: Sources

    /// The aborted transactions of which a source may have batches.
    private func aborted(in source: Source) throws(Stop) -> [AbortedTransactions.Entry] {
        let base = source.segment.info.baseOffset
        var overlap = AbortedTransactions.Overlap(base..<max(base, source.end))
        let known = self.subject.recentAborted.knownFrom
        for other in self.subject.sources
        where other.end > base && other.segment.info.transactionIndexCount > 0 && !overlap.isComplete {
            guard other.segment.info.baseOffset < known else { break }
            let files = other.segment.files
            let isSound: Bool
            do throws(FileError) {
                isSound = try files.collectAborted(other.segment.info, before: known, into: &overlap)
            } catch {
                throw files.isRetired ? .cancelled : .file(error)
            }
            if !isSound { throw .uncleanable("\(files.path(.transactionIndex)) is damaged") }
        }
        self.subject.recentAborted.collect(into: &overlap)
        return overlap.entries
    }

    private func scanner(of source: Source) throws(Stop) -> BatchScanner {
        let info = source.segment.info
        do throws(FileError) {
            return BatchScanner(
                file: try source.segment.files.file(.log),
                from: 0,
                limit: info.sizeBytes,
                following: SegmentWalk(
                    from: info.baseOffset,
                    end: source.end,
                    gapsBefore: info.cleaned?.end ?? self.subject.gapsBefore
                ),
                pieceBytes: max(64 << 10, self.settings.ioBufferBytes / max(1, self.settings.threadCount) / 2)
            )
        } catch {
            throw source.segment.files.isRetired ? .cancelled : .file(error)
        }
    }

    /// The next batch, with a checksum that holds; `nil` at the segment's end.
    private mutating func next(
        _ scanner: inout BatchScanner,
        of source: Source
    ) throws(Stop) -> (RecordBatchHeader, ByteBuffer)? {
        if self.isStopping() { throw .cancelled }
        let step: BatchScanner.Step
        do throws(FileError) {
            step = try scanner.next(checksFrom: 0)
        } catch {
            throw source.segment.files.isRetired ? .cancelled : .file(error)
        }
        switch step {
        case .batch(let header, _, let whole):
            self.statistics.bytesRead += Int64(header.sizeInBytes)
            self.throttle.passed(
                header.sizeInBytes,
                perSecond: self.settings.ioBytesPerSecondMax,
                isStopping: self.isStopping
            )
            return (header, whole)
        case .damaged(let reason):
            throw .uncleanable("\(source.segment.files.path(.log)) is damaged at \(scanner.position): \(reason)")
        case .end:
            let info = source.segment.info
            guard let missing = scanner.walk?.missing(atEnd: info.sizeBytes, of: info) else { return nil }
            throw .uncleanable(
                "\(source.segment.files.path(.log)) lacks offsets \(missing.lowerBound) to \(missing.upperBound - 1)"
            )
        }
    }

    private func unreadable(_ header: RecordBatchHeader, _ source: Source, _ error: RecordBatchError) -> Stop {
        .uncleanable(
            "\(source.segment.files.path(.log)): the batch at offset \(header.baseOffset) cannot be read: \(error)"
        )
    }
}
