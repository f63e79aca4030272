package import Model
package import RecordBatch

/// A marker that is to end a producer's transaction in one partition.
package struct TransactionEnd: Sendable, Equatable {
    /// What has become of a marker.
    package enum Outcome: Sendable, Equatable {
        /// It takes its place in the log.
        case written
        /// It was there already, or there is nothing to end.
        case alreadyEnded
        /// The partition knows a later epoch of the producer.
        case fenced
        /// The partition has a marker of a later coordinator.
        case coordinatorFenced
    }

    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    package var commits: Bool
    package var coordinatorEpoch: Int32
    /// As in `AppendOptions`.
    package var transactionVersion: Int16

    package init(
        producerID: ProducerID,
        producerEpoch: ProducerEpoch,
        commits: Bool,
        coordinatorEpoch: Int32,
        transactionVersion: Int16
    ) {
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.commits = commits
        self.coordinatorEpoch = coordinatorEpoch
        self.transactionVersion = transactionVersion
    }

    /// What becomes of the marker in a partition that has this state of its producer. Markers may come twice: after a
    /// restart the coordinator writes those again of which it does not know.
    package func outcome(after state: ProducerStateSnapshot?) -> Outcome {
        guard let state else { return .written }
        if state.producerEpoch > self.producerEpoch { return .fenced }
        if state.coordinatorEpoch > self.coordinatorEpoch { return .coordinatorFenced }
        guard state.producerEpoch == self.producerEpoch else { return .written }
        // With a new epoch for each transaction, the marker itself brought this one.
        if self.transactionVersion >= 2 { return .alreadyEnded }
        return state.currentTransactionFirstOffset == nil ? .alreadyEnded : .written
    }

    /// The producer's state when the marker is written.
    package var stateAfter: ProducerStateSnapshot {
        ProducerStateSnapshot(
            producerID: self.producerID,
            producerEpoch: self.producerEpoch,
            lastSequence: -1,
            lastTimestamp: -1,
            coordinatorEpoch: self.coordinatorEpoch,
            currentTransactionFirstOffset: nil
        )
    }

    /// The control batch.
    package func encodeBatch(timestamp: Timestamp) -> ValidatedBatches {
        ControlRecord(kind: self.commits ? .commit : .abort, coordinatorEpoch: self.coordinatorEpoch)
            .encodeBatch(producerID: self.producerID, producerEpoch: self.producerEpoch, timestamp: timestamp)
    }
}
