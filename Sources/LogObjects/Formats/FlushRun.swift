package import LogCore
package import Model

/// The batches of one partition in one flush: a stretch of the write-ahead object.
package struct FlushRun: Sendable, Equatable {
    package var partition: TopicPartition
    package var leaderEpoch: LeaderEpoch
    package var baseOffset: Offset
    /// Offsets that the batches take, together.
    package var offsetCount: Int64
    /// In the object.
    package var position: Int
    package var length: Int
    /// CRC-32C of the bytes as they are in the object.
    package var checksum: UInt32
    /// `-1` when no record has one.
    package var maxTimestamp: Timestamp
    /// The batches of producers, which a successor needs to know them.
    package var producers: [ProducerRun]

    package init(
        partition: TopicPartition,
        leaderEpoch: LeaderEpoch,
        baseOffset: Offset,
        offsetCount: Int64,
        position: Int,
        length: Int,
        checksum: UInt32,
        maxTimestamp: Timestamp,
        producers: [ProducerRun] = []
    ) {
        self.partition = partition
        self.leaderEpoch = leaderEpoch
        self.baseOffset = baseOffset
        self.offsetCount = offsetCount
        self.position = position
        self.length = length
        self.checksum = checksum
        self.maxTimestamp = maxTimestamp
        self.producers = producers
    }

    /// The first offset behind the run.
    package var endOffset: Offset { self.baseOffset + self.offsetCount }
}

/// One batch of an idempotent or transactional producer, or the marker that ends a transaction: what a successor
/// rebuilds the producer's state from without reading the batch.
package struct ProducerRun: Sendable, Equatable {
    package enum Kind: UInt8, Sendable {
        case idempotent = 0
        case transactional = 1
        case commitMarker = 2
        case abortMarker = 3
    }

    package var kind: Kind
    package var producerID: ProducerID
    package var producerEpoch: ProducerEpoch
    /// `-1` for a marker.
    package var baseSequence: Int32
    /// Of the batch's first offset, from the run's.
    package var offsetDelta: Int64
    package var offsetCount: Int64
    package var maxTimestamp: Timestamp
    /// Of a marker, else 0.
    package var coordinatorEpoch: Int32

    package init(
        kind: Kind,
        producerID: ProducerID,
        producerEpoch: ProducerEpoch,
        baseSequence: Int32,
        offsetDelta: Int64,
        offsetCount: Int64,
        maxTimestamp: Timestamp,
        coordinatorEpoch: Int32 = 0
    ) {
        self.kind = kind
        self.producerID = producerID
        self.producerEpoch = producerEpoch
        self.baseSequence = baseSequence
        self.offsetDelta = offsetDelta
        self.offsetCount = offsetCount
        self.maxTimestamp = maxTimestamp
        self.coordinatorEpoch = coordinatorEpoch
    }

    /// `nil` for a batch without a producer.
    ///
    /// - Parameter base: the base offset of the run.
    package init?(_ batch: BatchSummary, base: Offset) {
        guard batch.hasProducer else { return nil }
        let kind: Kind =
            if let marker = batch.marker {
                marker.isAbort ? .abortMarker : .commitMarker
            } else {
                batch.isTransactional ? .transactional : .idempotent
            }
        self.init(
            kind: kind,
            producerID: batch.producerID,
            producerEpoch: batch.producerEpoch,
            baseSequence: batch.baseSequence,
            offsetDelta: batch.baseOffset - base,
            offsetCount: batch.lastOffset - batch.baseOffset + 1,
            maxTimestamp: batch.maxTimestamp,
            coordinatorEpoch: batch.marker?.coordinatorEpoch ?? 0
        )
    }
}
