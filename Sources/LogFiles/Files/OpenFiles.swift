internal import LogCore
internal import Synchronization

/// Bounds the descriptors of segment files that are open only because they were used once.
///
/// A queue with a second chance: what was used since it was last looked at goes to the back. Pinned logs are not
/// counted. Lock order: this one is never held together with a segment's.
final class OpenFiles: Sendable {
    private struct Entry {
        var segment: SegmentFiles
        var kind: FileNames.Kind
    }

    let countMax: Int
    private let entries = Mutex(FIFO<Entry>())

    init(countMax: Int) { self.countMax = max(1, countMax) }

    /// Descriptors that are counted now.
    var count: Int { self.entries.withLock { $0.count } }

    /// Counts a descriptor and closes others when there are too many.
    func opened(_ segment: SegmentFiles, _ kind: FileNames.Kind) {
        self.entries.withLock { $0.append(Entry(segment: segment, kind: kind)) }
        // Ends: what is put back has lost its mark, and others mark at most as fast as they work.
        while let candidate = self.takeSurplus() {
            if candidate.segment.release(candidate.kind) {
                self.entries.withLock { $0.append(candidate) }
            }
        }
    }

    private func takeSurplus() -> Entry? {
        self.entries.withLock { $0.count > self.countMax ? $0.removeFirst() : nil }
    }
}
