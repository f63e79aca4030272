internal import LogCore
internal import Logging
internal import Model
internal import RecordBatch
internal import Synchronization
internal import Threads

/// Reads every batch that is in segment files, in the background and slowly, and quarantines what is damaged as a read
/// would: data that no client reads is found damaged while there still is a copy of it elsewhere.
///
/// One thread of its own, one segment open at a time. It leaves the page cache as it was: what was not in it is dropped
/// again.
final class Scrubber: Sendable {
    private let bytesPerSecond: Int64
    private let intervalMilliseconds: Int64
    private let wake: any ThreadSemaphore
    private let ends = Atomic<Bool>(false)
    private let thread = Mutex<(any RunningThread)?>(nil)
    private let state = Mutex(ScrubProgress())

    init(_ settings: EngineSettings, on threads: any ThreadScheduler) {
        self.bytesPerSecond = settings.scrubBytesPerSecond
        self.intervalMilliseconds = max(1, settings.scrubIntervalMilliseconds)
        self.wake = threads.makeSemaphore()
    }

    /// `nil` when it is off.
    var progress: ScrubProgress? { self.bytesPerSecond > 0 ? self.state.withLock { $0 } : nil }

    /// Begins; does nothing when it is off.
    func start(_ engine: FileLogEngine) {
        guard self.bytesPerSecond > 0 else { return }
        let thread = engine.environment.threads.start(name: "log-scrubber") { self.run(engine) }
        self.thread.withLock { $0 = thread }
    }

    /// Ends it within the reading of one batch.
    func stop() {
        self.ends.store(true, ordering: .sequentiallyConsistent)
        self.wake.signal()
        let thread = self.thread.withLock { $0.take() }
        thread?.join()
    }

    private var isEnding: Bool { self.ends.load(ordering: .relaxed) }

    private func run(_ engine: FileLogEngine) {
        // A start has enough to read.
        self.sleep(milliseconds: min(60_000, self.intervalMilliseconds), engine)
        while !self.isEnding {
            let begun = engine.time.monotonicMilliseconds
            self.pass(engine)
            let elapsed = engine.time.monotonicMilliseconds - begun
            self.sleep(milliseconds: max(1, self.intervalMilliseconds - elapsed), engine)
        }
    }

    private func sleep(milliseconds: Int64, _ engine: FileLogEngine) {
        let (due, overflow) = engine.time.monotonicMilliseconds.addingReportingOverflow(milliseconds)
        while !self.isEnding {
            let left = (overflow ? .max : due) - engine.time.monotonicMilliseconds
            if left <= 0 { return }
            _ = self.wake.wait(nanosecondsMax: min(left, 3_600_000) * 1_000_000)
        }
    }

    /// Reads everything that is there now, once.
    func pass(_ engine: FileLogEngine) {
        var pace = ScrubPace(bytesPerSecond: self.bytesPerSecond)
        var isWhole = true
        for log in engine.logs.sorted(by: { $0.isBefore($1) }) {
            for target in log.scrubTargets {
                if self.isEnding { return }
                do throws(FileError) {
                    try self.scrub(target, of: log, &pace)
                } catch {
                    if target.segment.files.isRetired { continue }
                    isWhole = false
                    self.state.withLock { $0.unreadableSegments += 1 }
                    engine.logger.warning(
                        "a segment could not be read to verify it",
                        metadata: ["partition": "\(log.name)", "error": "\(error)"]
                    )
                }
            }
        }
        if self.isEnding { return }
        self.state.withLock { state in
            state.passes += 1
            if isWhole { state.lastPassAt = engine.time.wallMilliseconds }
        }
    }

    /// A segment as it was when the partition's turn came.
    struct Target {
        var segment: SegmentLayout.Segment
        /// The base offset of the next segment, or the end of what is stored.
        var end: Offset
        var gapsBefore: Offset
    }

    private func scrub(_ target: Target, of log: FilePartitionLog, _ pace: inout ScrubPace) throws(FileError) {
        let segment = target.segment
        let walk = SegmentWalk(
            from: segment.info.baseOffset,
            end: target.end,
            gapsBefore: target.gapsBefore
        )
        let file: File
        do throws(FileError) {
            file = try segment.files.folder.open(FileNames.file(.log, base: segment.info.baseOffset))
        } catch {
            guard error.isNotFound, !segment.files.isRetired, let missing = walk.missingAtEnd else { throw error }
            let path = segment.files.path(.log)
            return self.found(
                DamagedRange(offsets: missing, path: path, bytes: 0..<0, reason: "the file is missing"),
                target,
                log
            )
        }
        let limit = segment.info.sizeBytes
        var scanner = BatchScanner(file: file, from: 0, limit: limit, following: walk, wholeBytesMax: 1 << 20)
        var window = CacheWindow(file: file, limit: limit)
        while !self.isEnding {
            let position = scanner.position
            switch try scanner.next(checksFrom: 0) {
            case .batch(let header, _, _):
                self.state.withLock { $0.bytesVerified += Int64(header.sizeInBytes) }
                self.wait(for: Int64(header.sizeInBytes), &pace, log.engine)
                window.passed(to: scanner.position)
            case .damaged(let reason):
                let before = scanner.walk ?? walk
                var survey = DamageSurvey(file: file, limit: limit, walk: before, end: target.end)
                let (range, resumption) = try survey.run(at: position, lastBatch: nil, reason: reason)
                self.found(range, target, log)
                self.wait(for: Int64(range.bytes.count), &pace, log.engine)
                guard let resumption else { return window.passed(to: limit) }
                scanner.resume(at: resumption.position, following: before.resumed(at: resumption.baseOffset))
            case .end:
                window.passed(to: limit)
                guard let missing = scanner.walk?.missingAtEnd else { return }
                let reason = "the file ends before offset \(missing.upperBound)"
                let range = DamagedRange(offsets: missing, path: file.path, bytes: limit..<limit, reason: reason)
                return self.found(range, target, log)
            }
        }
    }

    private func wait(for bytes: Int64, _ pace: inout ScrubPace, _ engine: FileLogEngine) {
        let nanoseconds = pace.read(bytes, now: engine.time.monotonicNanoseconds)
        // Short ones add up in the pace.
        if nanoseconds >= 5_000_000, !self.isEnding { _ = self.wake.wait(nanosecondsMax: nanoseconds) }
    }

    private func found(_ range: DamagedRange, _ target: Target, _ log: FilePartitionLog) {
        // The file may be another one by now, or gone.
        if target.segment.files.isRetired { return }
        if log.quarantine(range) { self.state.withLock { $0.damagedRangesFound += 1 } }
    }
}

/// Has the page cache forget what a scrubber read and nobody else had.
private struct CacheWindow {
    let file: File
    let limit: Int64
    private var range: Range<Int64>
    private var isCold: Bool

    private static let bytes: Int64 = 1 << 20

    init(file: File, limit: Int64) {
        self.file = file
        self.limit = limit
        self.range = 0..<min(Self.bytes, limit)
        self.isCold = Self.isCold(file, self.range)
    }

    mutating func passed(to position: Int64) {
        while position >= self.range.upperBound, !self.range.isEmpty {
            if self.isCold { self.file.dropFromPageCache(self.range) }
            let start = self.range.upperBound
            self.range = start..<min(start + Self.bytes, self.limit)
            self.isCold = Self.isCold(self.file, self.range)
        }
    }

    /// The kernel reads a little ahead of what was asked for.
    private static func isCold(_ file: File, _ range: Range<Int64>) -> Bool {
        guard !range.isEmpty, let cached = file.cachedBytes(range) else { return false }
        return cached.unwritten == 0 && cached.all * 2 <= Int64(range.count)
    }
}

extension FilePartitionLog {
    /// What is in segment files now, in offset order.
    fileprivate var scrubTargets: [Scrubber.Target] {
        self.head.withLock { head in
            guard head.lifecycle.isServing else { return [] }
            let segments = head.layout.segments
            return segments.indices.map { index in
                Scrubber.Target(
                    segment: segments[index],
                    end: index + 1 < segments.count ? segments[index + 1].info.baseOffset : head.state.storedEnd,
                    gapsBefore: segments[index].info.cleaned?.end ?? head.state.gapsBefore
                )
            }
        }
    }
}
