internal import Synchronization

/// Whether event loops may put batches that skip the journal into the page cache themselves.
///
/// That takes microseconds, and no thread has to be woken for it, unless the system makes writers wait for the disk:
/// then a loop would keep all of its connections waiting. So after one write that took long, the writer has them for a
/// while (decision 0016).
final class LoopWrites: Sendable {
    static let pauseMilliseconds: Int64 = 1_000

    private let longMilliseconds: Int64
    private let pausedUntil = Atomic<Int64>(.min)

    /// - Parameter longMilliseconds: what is long for a write. More than a busy machine keeps a thread from running.
    init(longMilliseconds: Int64) { self.longMilliseconds = longMilliseconds }

    /// - Parameter now: monotonic milliseconds.
    func areAllowed(now: Int64) -> Bool { now >= self.pausedUntil.load(ordering: .relaxed) }

    /// A loop has written.
    func ended(after milliseconds: Int64, now: Int64) {
        if milliseconds >= self.longMilliseconds {
            self.pausedUntil.store(now + Self.pauseMilliseconds, ordering: .relaxed)
        }
    }
}
