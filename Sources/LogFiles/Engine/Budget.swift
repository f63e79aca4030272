internal import LogCore
internal import NIOCore
internal import Synchronization
internal import Threads

/// The bytes of all partitions that memory holds and no segment has yet, and the bound on them.
///
/// Counted from the moment before offsets are assigned, so that the bound is never exceeded and the journal's own,
/// which is larger, never reached. From half of the bound on it is *congested*: those who can wait should, until three
/// eighths are left. The half above is for appends that cannot wait, or that came in the same moment.
final class Budget: Sendable {
    let unwrittenBytesMax: Int64
    private let unwritten = Atomic<Int64>(0)
    private let relief = ReliefQueue()
    /// Why no relief is in sight, as a set of `Obstacle`: appends then meet the error instead of waiting for ever.
    private let obstacles = Atomic<UInt8>(0)

    enum Obstacle: UInt8 {
        /// Segments cannot grow; tried again now and then.
        case fullDisk = 1
        /// The journal failed or the engine closes: final.
        case end = 2
    }

    init(unwrittenBytesMax: Int64) { self.unwrittenBytesMax = unwrittenBytesMax }

    var unwrittenBytes: Int64 { self.unwritten.load(ordering: .relaxed) }

    /// Whether an append that can wait should.
    var isCongested: Bool {
        self.unwrittenBytes > self.unwrittenBytesMax / 2 && self.obstacles.load(ordering: .relaxed) == 0
    }

    /// Throws `.overloaded` when the bound is reached. A single append larger than the bound passes when it is alone.
    func reserve(_ bytes: Int64) throws(LogError) {
        let after = self.unwritten.add(bytes, ordering: .relaxed).newValue
        guard after <= self.unwrittenBytesMax || after == bytes else {
            self.release(bytes)
            throw LogError(.overloaded, "\(after - bytes) bytes wait to be written")
        }
    }

    /// Counts bytes that are in memory already, above the bound as well: what a start found in the journal alone.
    func add(_ bytes: Int64) { self.unwritten.add(bytes, ordering: .relaxed) }

    /// The bytes are in a segment, or the reservation ended without an append, or the append was rolled back.
    func release(_ bytes: Int64) {
        let after = self.unwritten.subtract(bytes, ordering: .sequentiallyConsistent).newValue
        if self.isRelieved(after) { self.relief.roomAppeared() }
    }

    /// Calls `action` once, on `eventLoop`, when there is room again; soon, if there is now.
    func onRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.relief.wait(on: eventLoop, action) {
            self.obstacles.load(ordering: .sequentiallyConsistent) != 0
                || self.isRelieved(self.unwritten.load(ordering: .sequentiallyConsistent))
        }
    }

    /// From here on nobody is asked to wait, until the obstacle is taken away.
    func set(_ obstacle: Obstacle) {
        self.obstacles.bitwiseOr(obstacle.rawValue, ordering: .sequentiallyConsistent)
        self.relief.roomAppeared()
    }

    func clear(_ obstacle: Obstacle) {
        self.obstacles.bitwiseAnd(~obstacle.rawValue, ordering: .sequentiallyConsistent)
    }

    private func isRelieved(_ unwritten: Int64) -> Bool { unwritten <= self.unwrittenBytesMax / 8 * 3 }
}
