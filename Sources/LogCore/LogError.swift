/// What can go wrong with a log. The servers map each code to their protocol's error in one table.
package struct LogError: Error, Sendable {
    package enum Code: Sendable, Equatable {
        /// Below the log start offset or above the read limit.
        case offsetOutOfRange
        /// The batch is damaged or malformed (CRC, sizes, offsets inside).
        case corruptBatch
        /// Larger than `max.message.bytes` or `segment.bytes`.
        case batchTooLarge
        /// The producer's sequence is neither the next one nor a repetition of the last five batches.
        case outOfOrderSequence
        /// The sequence repeats one that is older than the last five batches.
        case duplicateSequence
        /// The producer's epoch is older than the newest one seen.
        case staleProducerEpoch
        /// A producer with no state here must begin at sequence zero.
        case unknownProducerID
        /// Transactional records without a transaction, or the reverse.
        case invalidTransactionState
        /// The coordinator's epoch in a transaction marker is older than one seen.
        case staleCoordinatorEpoch
        /// The leader epoch is not the current one.
        case fencedLeaderEpoch
        /// No room on the disk. Retriable; reads keep working.
        case diskFull
        /// Reading or writing failed; the partition is offline.
        case storage
        /// A bounded queue of appends is full, or the partition is being recovered. Retriable.
        case overloaded
        /// The bounded queue of reads is full: `LogEngine.onReadRelief` says when to try again.
        case readersBusy
        /// The partition takes no more records from clients (`PartitionLog.setSealed`).
        case sealed
        /// The partition was deleted.
        case partitionGone
        /// The engine is closed.
        case closed
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
