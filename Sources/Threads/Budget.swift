package import NIOCore
internal import Synchronization

/// The bytes of all partitions that memory holds and that are not stored yet, and the bound on them.
///
/// Counted from the moment before offsets are assigned, so that the bound is never exceeded and those of the queues
/// behind it, which are larger, never reached. From half of the bound on it is *congested*: those who can wait should,
/// until three eighths are left. The half above is for appends that cannot wait, or that came in the same moment.
package final class Budget: Sendable {
    package let unwrittenBytesMax: Int64
    private let unwritten = Atomic<Int64>(0)
    private let relief = ReliefQueue()
    /// Why no relief is in sight, as a set of `Obstacle`: appends then meet the error instead of waiting for ever.
    private let obstacles = Atomic<UInt8>(0)

    package enum Obstacle: UInt8 {
        /// Nothing can be stored; tried again now and then.
        case fullDisk = 1
        /// The engine failed or closes: final.
        case end = 2
    }

    package init(unwrittenBytesMax: Int64) { self.unwrittenBytesMax = unwrittenBytesMax }

    package var unwrittenBytes: Int64 { self.unwritten.load(ordering: .relaxed) }

    /// Whether an append that can wait should.
    package var isCongested: Bool {
        self.unwrittenBytes > self.unwrittenBytesMax / 2 && self.obstacles.load(ordering: .relaxed) == 0
    }

    /// Counts the bytes of an append, unless the bound is reached. A single append larger than the bound passes when it
    /// is alone.
    ///
    /// - Returns: whether they are counted.
    package func reserve(_ bytes: Int64) -> Bool {
        let after = self.unwritten.add(bytes, ordering: .relaxed).newValue
        if after <= self.unwrittenBytesMax || after == bytes { return true }
        self.release(bytes)
        return false
    }

    /// Counts bytes that are in memory already, above the bound as well: what a start found.
    package func add(_ bytes: Int64) { self.unwritten.add(bytes, ordering: .relaxed) }

    /// The bytes are stored, or the reservation ended without an append, or the append was rolled back.
    package func release(_ bytes: Int64) {
        let after = self.unwritten.subtract(bytes, ordering: .sequentiallyConsistent).newValue
        if self.isRelieved(after) { self.relief.roomAppeared() }
    }

    /// Calls `action` once, on `eventLoop`, when there is room again; soon, if there is now.
    package func onRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.relief.wait(on: eventLoop, action) {
            self.obstacles.load(ordering: .sequentiallyConsistent) != 0
                || self.isRelieved(self.unwritten.load(ordering: .sequentiallyConsistent))
        }
    }

    /// From here on nobody is asked to wait, until the obstacle is taken away.
    package func set(_ obstacle: Obstacle) {
        self.obstacles.bitwiseOr(obstacle.rawValue, ordering: .sequentiallyConsistent)
        self.relief.roomAppeared()
    }

    package func clear(_ obstacle: Obstacle) {
        self.obstacles.bitwiseAnd(~obstacle.rawValue, ordering: .sequentiallyConsistent)
    }

    private func isRelieved(_ unwritten: Int64) -> Bool { unwritten <= self.unwrittenBytesMax / 8 * 3 }
}
