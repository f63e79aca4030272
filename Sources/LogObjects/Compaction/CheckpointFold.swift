package import LogCore
package import Model
package import NIOCore

/// What a checkpoint knows of a partition besides its records: producers, leader epochs, aborted transactions. It is
/// made of the last checkpoint's and of commit records; no batch is read for it.
package struct CheckpointFold: Sendable {
    private var state: StoredState
    private var hasChanged = false

    /// - Parameter snapshot: the bytes of the head's section of producers, verified; `nil` when it has none.
    package init(_ head: PartitionHead, snapshot: ByteBuffer?) throws(ObjectCodingError) {
        var producers = ProducerTable()
        if let snapshot {
            guard let stored = ProducerSnapshot.decode(snapshot) else {
                throw .damaged("What was known of producers cannot be read.")
            }
            producers = stored
        }
        self.state = StoredState(endOffset: head.indexedEnd, producers: producers, epochs: head.leaderEpochs)
    }

    /// Takes over the runs of a piece.
    ///
    /// - Returns: aborted transactions whose markers are in it, in marker order.
    package mutating func apply(_ piece: CheckpointPlan.Piece) -> [AbortedTransactions.Entry] {
        var aborted: [AbortedTransactions.Entry] = []
        for source in piece.sources {
            aborted += self.state.apply(source.run)
            if !source.run.producers.isEmpty { self.hasChanged = true }
        }
        return aborted
    }

    /// Forgets producers that have been silent for long.
    package mutating func expire(now: Timestamp, age: Int64) {
        let count = self.state.producers.count
        self.state.removeExpiredProducers(now: now, age: age)
        if self.state.producers.count < count { self.hasChanged = true }
    }

    package var leaderEpochs: LeaderEpochs { self.state.epochs }

    package enum Producers: Sendable, Equatable {
        /// The section that the head has, if any, says it still.
        case unchanged
        case nobody
        /// To be written.
        case snapshot(ByteBuffer)
    }

    /// What the next head says of producers.
    package var producers: Producers {
        guard self.hasChanged else { return .unchanged }
        return self.state.producers.isEmpty ? .nobody : .snapshot(ProducerSnapshot.encode(self.state.producers))
    }
}
