internal import LogCore
internal import Synchronization

/// The bytes of all partitions that memory holds and no segment has yet, and the bound on them.
///
/// Counted from the moment before offsets are assigned, so that the bound is never exceeded and the journal's own,
/// which is larger, never reached.
final class Budget: Sendable {
    let unwrittenBytesMax: Int64
    private let unwritten = Atomic<Int64>(0)

    init(unwrittenBytesMax: Int64) { self.unwrittenBytesMax = unwrittenBytesMax }

    var unwrittenBytes: Int64 { self.unwritten.load(ordering: .relaxed) }

    /// Throws `.overloaded` when the bound is reached. A single append larger than the bound passes when it is alone.
    func reserve(_ bytes: Int64) throws(LogError) {
        let after = self.unwritten.add(bytes, ordering: .relaxed).newValue
        guard after <= self.unwrittenBytesMax || after == bytes else {
            self.giveBack(bytes)
            throw LogError(.overloaded, "\(after - bytes) bytes wait to be written")
        }
    }

    /// The reservation ended without an append, or the append was taken back.
    func giveBack(_ bytes: Int64) { self.unwritten.subtract(bytes, ordering: .relaxed) }

    /// The bytes are in a segment.
    func wrote(_ bytes: Int64) { self.giveBack(bytes) }
}
