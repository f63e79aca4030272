/// What a run of one seed did. Equal for equal seeds.
package struct SimulationReport: Sendable, Equatable {
    package var seed: UInt64
    /// Of every switch of threads, every call on the disk and every answer.
    package var eventHash: UInt64 = 0
    /// Processes that were started.
    package var starts = 0
    /// Processes that ended at a call on the disk, or between two.
    package var kills = 0
    /// Of these, with loss of what was not forced.
    package var powerCuts = 0
    package var batches = 0
    /// Batches that were acknowledged, and those that were refused.
    package var acknowledged = 0
    package var refused = 0
    package var reads = 0
    /// Records that were compared after a start.
    package var compared = 0
    package var deletions = 0
    /// Files that were damaged at rest.
    package var damages = 0
    /// Offsets that were refused as damaged, partitions that were offline, and starts that were refused, with a reason.
    package var damagedOffsets = 0
    package var offline = 0
    package var refusedStarts = 0
    package var diskCalls = 0

    package init(seed: UInt64) { self.seed = seed }
}

/// A promise that was broken.
package struct SimulationFailure: Error, Sendable, CustomStringConvertible {
    package var seed: UInt64
    package var harshness: Int
    package var message: String

    package var description: String {
        "seed \(self.seed): \(self.message) (replay: make simulate SEED=\(self.seed) HARSHNESS=\(self.harshness))"
    }
}
