package import Metadata
package import Model

/// Which shard of a partition takes puts, and up to where each one may be read. A machine without a lock or clock;
/// `HostedPartition` holds it in the lock under which puts are appended.
///
/// ```
///          closeRequested                  decided (the change of shards)
///  open ───────────────────────► closing ─────────────────────────────────► open (the child) or sealed
///   ▲                               │
///   └───────────────────────────────┘
///              closeCancelled
/// ```
///
/// A shard is closed here first, at the exact end of the log, and in the metadata after that. From then on a put that
/// was routed to it is refused inside and routed again, and readers stop at the end: what a Kafka producer appends
/// meanwhile belongs to the child, which the metadata does not know yet.
package struct ShardGate: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        /// Puts are taken for this shard, whose first offset is `start`.
        case open(ordinal: Int32, start: Offset)
        /// Puts are held up until the metadata says what becomes of the shard.
        case closing(ordinal: Int32, start: Offset, end: Offset)
        /// The partition was merged into another one: its last shard ended at `end`.
        case sealed(end: Offset)
    }

    package private(set) var state: State
    /// The gate has the shards that the metadata names, and the topic as it is served has the earlier ones still: a put
    /// that is routed again now comes back with the same shard.
    private var isAheadOfTopic = false

    package init(_ state: State) { self.state = state }

    /// Of each partition of a topic, by number.
    package static func states(of topic: Topic) -> [State] {
        var states = [State](repeating: .sealed(end: 0), count: topic.partitions.count)
        for shard in topic.shards {
            let index = Int(shard.partition)
            if let end = shard.endOffset {
                // In order of their ordinals: the last one of a partition decides.
                states[index] = .sealed(end: end)
            } else {
                states[index] = .open(ordinal: shard.ordinal, start: shard.startOffset)
            }
        }
        return states
    }

    /// Whether a put that was routed to this shard may be appended now.
    package func admits(_ ordinal: Int32) -> Bool {
        guard case .open(ordinal, _) = self.state else { return false }
        return true
    }

    /// Whether a put that was not admitted finds its shard when it is routed again. Otherwise it waits for `published`.
    package var isSettled: Bool {
        if case .closing = self.state { return false }
        return !self.isAheadOfTopic
    }

    /// The first offset that a reader of a shard must not see; `nil` when the shard has no end.
    package func end(of ordinal: Int32) -> Offset? {
        switch self.state {
        // An earlier shard of the partition ended at the latest where this one begins.
        case .open(let open, let start): ordinal < open ? start : nil
        case .closing(let closing, let start, let end):
            ordinal < closing ? start : ordinal == closing ? end : nil
        case .sealed(let end): end
        }
    }

    /// A change of shards begins. `end` is the end of the log, read under the same lock.
    ///
    /// - Returns: whether the shard is closing now; `false` when it does not take puts.
    package mutating func closeRequested(_ ordinal: Int32, end: Offset) -> Bool {
        guard case .open(ordinal, let start) = self.state else { return false }
        self.state = .closing(ordinal: ordinal, start: start, end: max(start, end))
        return true
    }

    /// The change did not take place.
    package mutating func closeCancelled(_ ordinal: Int32) {
        guard case .closing(ordinal, let start, _) = self.state else { return }
        self.state = .open(ordinal: ordinal, start: start)
    }

    /// The metadata says so. A shard that is closing stays so while the metadata has it open: the change is still on
    /// its way.
    package mutating func decided(_ state: State) {
        if case .closing(let closing, _, _) = self.state, case .open(closing, _) = state { return }
        if self.state != state { self.isAheadOfTopic = true }
        self.state = state
    }

    /// The topic is served with the shards that were decided.
    package mutating func published() { self.isAheadOfTopic = false }
}
