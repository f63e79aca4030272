internal import LogCore
internal import Synchronization

/// What the page cache may keep of what this process wrote.
package enum PageCacheLimit: Sendable {
    /// The system decides.
    case unlimited
    case bytes(Int64)
    /// As many bytes as this says. Called now and then on the keeper's thread, so it may read small files.
    case measured(@Sendable () -> Int64)
}

/// What the page cache may still have of the logs that were written, bounded: what was forced to the disk longest ago
/// leaves it first.
///
/// Left to itself the cache grows to all of the machine's memory, page by page, and a page that the cache has not had
/// before costs far more than one that it gets back: zeroing, accounting, reclaim from others, and on a virtual machine
/// a fault of the host's. Readers who are farther behind are read for past the cache (`SegmentFiles.readLog`).
///
/// A limit that is measured is looked at again for every `measureBytes` that are forced: when nothing is written, the
/// cache does not grow, and the system takes from it what others need.
///
/// Only counts what this process wrote. Of each segment up to `partBytesMin` are not counted, and of the one that is
/// being written the last `tailBytes`.
final class CachedLogs: Sendable {
    private struct Part {
        var segment: SegmentFiles
        var range: Range<Int64>
    }

    private struct State {
        /// Oldest first.
        var parts = FIFO<Part>()
        var bytes: Int64 = 0
        var bytesMax: Int64
        /// Forced since a measured limit was looked at.
        var unmeasuredBytes: Int64 = 0
    }

    /// Smaller parts wait for more: there are as many as `bytesMax` has room for, for any number of partitions.
    static let partBytesMin: Int64 = 256 << 10

    /// The end of a log stays: a start reads it of every partition, to find the last batch.
    static let tailBytes: Int64 = 1 << 20

    /// The largest pieces in which the page cache holds files.
    private static let folioBytesMax: Int64 = 2 << 20

    static let measureBytes: Int64 = 16 << 20

    private let limit: PageCacheLimit
    private let state: Mutex<State>

    init(_ limit: PageCacheLimit) {
        self.limit = limit
        let bytesMax =
            switch limit {
            case .unlimited: Int64.max
            case .bytes(let bytes): bytes
            case .measured(let measure): measure()
            }
        self.state = Mutex(State(bytesMax: bytesMax))
    }

    /// Notes that a segment's log is on the disk up to `end`, and has the cache drop what is too much. Blocking.
    ///
    /// - Parameter isClosed: nothing more is written to the segment.
    func forced(_ segment: SegmentFiles, to end: Int64, isClosed: Bool) {
        let counted = isClosed ? end : end - Self.tailBytes
        if case .unlimited = self.limit { return }
        guard let range = segment.takeUncounted(to: counted, countMin: Self.partBytesMin) else { return }
        let mustMeasure = self.state.withLock { state -> Bool in
            state.parts.append(Part(segment: segment, range: range))
            state.bytes += Int64(range.count)
            state.unmeasuredBytes += Int64(range.count)
            return state.unmeasuredBytes >= Self.measureBytes
        }
        if mustMeasure, case .measured(let measure) = self.limit {
            let bytesMax = measure()
            self.state.withLock { state in
                state.bytesMax = bytesMax
                state.unmeasuredBytes = 0
            }
        }
        let surplus = self.state.withLock { state -> [Part] in
            var surplus: [Part] = []
            while state.bytes > state.bytesMax, !state.parts.isEmpty {
                let part = state.parts.removeFirst()
                state.bytes -= Int64(part.range.count)
                surplus.append(part)
            }
            return surplus
        }
        for part in surplus {
            // A segment that is gone has taken its pages with it.
            guard let file = try? part.segment.file(.log) else { continue }
            // The kernel drops whole folios only: the one in which the part before this ended is among these.
            file.dropFromPageCache(max(0, part.range.lowerBound - Self.folioBytesMax)..<part.range.upperBound)
        }
    }
}
