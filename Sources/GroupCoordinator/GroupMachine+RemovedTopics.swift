internal import Coordination
internal import Model

/// Offsets of topics that are gone go too, in portions, until their tombstones are durable.
extension GroupMachine {
    /// Offsets that were committed before a topic was removed. A topic that is made again under its name keeps what is
    /// committed for it afterwards.
    struct RemovedTopic: Sendable, Equatable {
        /// The last commit that counts, in the order of `OffsetStore`.
        var sequence: UInt64
        /// Tombstones for all that was left of it are being written.
        var isBeingForgotten = false
    }

    /// Tombstones of one write at the most.
    static let tombstoneBytesMax = 256 << 10
    /// After a refusal, or while a transaction holds an offset up.
    private static let removalRetryDelay = Duration.seconds(1)

    /// Topics are gone: so are the offsets in them.
    mutating func topicsRemoved(_ topics: Set<String>, step: inout GroupStep) {
        for topic in topics { self.removedTopics[topic] = RemovedTopic(sequence: self.offsets.lastSequence) }
        self.forgetRemovedTopics(step: &step)
    }

    /// Writes the next portion of tombstones.
    mutating func forgetRemovedTopics(step: inout GroupStep) {
        let wanted = self.removedTopics.filter { !$0.value.isBeingForgotten }
        guard !wanted.isEmpty else { return }
        var records: [GroupRecord] = []
        var budget = TombstoneBudget(bytes: Self.tombstoneBytesMax)
        var heldUp = Set<String>()
        let groupIDs = Set(self.offsets.committed.rows.keys).union(self.offsets.openTransactions.rows.keys)
        search: for groupID in groupIDs.sorted() {
            for key in self.offsets.keys(of: groupID) {
                guard let removed = wanted[key.topic] else { continue }
                switch self.offsets.age(of: key, relativeTo: removed.sequence) {
                case .later: continue
                case .mixed: heldUp.insert(key.topic)
                case .earlier:
                    guard budget.spend(on: key) else { break search }
                    records.append(.offsetCommit(key, nil))
                }
            }
        }
        if budget.isExhausted {
            step.startTimer(.removedTopics, .zero)
        } else {
            for name in wanted.keys where !heldUp.contains(name) {
                // Without tombstones there is nothing to wait for.
                if records.isEmpty { self.removedTopics[name] = nil }
                self.removedTopics[name]?.isBeingForgotten = true
            }
            if !heldUp.isEmpty { step.startTimer(.removedTopics, Self.removalRetryDelay) }
        }
        if records.isEmpty { return }
        step.append(GroupWrite(records: records, purpose: GroupPurpose(.removedTopics)))
    }

    /// A portion is durable. What was complete with it is forgotten, unless more was removed since.
    mutating func removedTopicsForgotten() {
        self.removedTopics = self.removedTopics.filter { !$0.value.isBeingForgotten }
    }

    /// A portion was refused: what it covered is looked for again.
    mutating func forgettingRemovedTopicsFailed(step: inout GroupStep) {
        for name in self.removedTopics.keys { self.removedTopics[name]?.isBeingForgotten = false }
        step.startTimer(.removedTopics, Self.removalRetryDelay)
    }
}

/// Bounds the tombstones of one write.
struct TombstoneBudget {
    private var bytes: Int
    private(set) var isExhausted = false

    init(bytes: Int) { self.bytes = bytes }

    /// Whether a tombstone still finds room. One always does.
    mutating func spend(on key: OffsetKey) -> Bool {
        guard self.bytes > 0 else {
            self.isExhausted = true
            return false
        }
        // The record's own overhead comes on top of its key.
        self.bytes -= key.groupID.rawValue.utf8.count + key.topic.utf8.count + 24
        return true
    }
}
