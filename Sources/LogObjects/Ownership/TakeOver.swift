package import LogCore
package import Metadata
package import Model
internal import NIOCore

/// How a fenced incarnation's log is continued by others.
///
/// Fence first, read afterwards: a record that is read before the fence may be followed by another one.
package enum TakeOver {
    /// Fences an incarnation, if it is active still.
    ///
    /// Succeeds once. After it, and after any outcome that read `fenced`, no record of the incarnation can appear.
    package static func fence(_ incarnation: Incarnation) -> MetadataTransaction {
        let key = EngineKeys.ownership(incarnation)
        var transaction = MetadataTransaction(
            compares: [MetadataCompare(key, .equal, .value(OwnershipState.active.value))],
            success: [.put(key: key, value: OwnershipState.fenced.value)],
            failure: [.range(.key(key))]
        )
        transaction.isRepeatable = true
        return transaction
    }

    /// Whether the incarnation is fenced, by the outcome of `fence`.
    package static func isFenced(_ outcome: MetadataOutcome) -> Bool {
        if outcome.succeeded { return true }
        guard case .range(let range)? = outcome.responses.first else { return false }
        // A key that is gone was fenced, and its incarnation forgotten.
        return range.entries.first.map { $0.value == OwnershipState.fenced.value } ?? true
    }

    /// The commit records of an incarnation, in the order of their sequences.
    ///
    /// - Parameter entries: all below `EngineKeys.commits`.
    /// - Throws: `.damaged` when a record is, or when one in the middle is missing: readers would see a gap.
    package static func records(
        of incarnation: Incarnation,
        _ entries: [MetadataEntry]
    ) throws(ObjectCodingError) -> [(sequence: Int64, record: CommitRecord)] {
        var records: [(sequence: Int64, record: CommitRecord)] = []
        for entry in entries {
            guard let sequence = EngineKeys.sequence(of: entry.key, incarnation) else {
                throw .damaged("The key \(entry.key) is not one of a commit record.")
            }
            guard records.last.map({ $0.sequence + 1 == sequence }) ?? true else {
                throw .damaged("A commit record of \(incarnation) is missing before \(sequence).")
            }
            records.append((sequence, try CommitRecord(decoding: .init(bytes: entry.value))))
        }
        return records
    }

    /// Where each partition ends that the records have.
    ///
    /// - Throws: `.damaged` when the runs of a partition do not follow each other.
    package static func endOffsets(
        _ records: [CommitRecord]
    ) throws(ObjectCodingError) -> [TopicPartition: Offset] {
        var ends: [TopicPartition: Offset] = [:]
        for record in records {
            for run in record.runs {
                guard ends[run.partition].map({ $0 == run.baseOffset }) ?? true else {
                    throw .damaged("\(run.partition) has a gap or an overlap at offset \(run.baseOffset).")
                }
                ends[run.partition] = run.endOffset
            }
        }
        return ends
    }

    /// The batches of producers in one partition, as its state is rebuilt from.
    package static func producerBatches(
        of partition: TopicPartition,
        _ records: [CommitRecord]
    ) -> [BatchSummary] {
        records.flatMap(\.runs).filter { $0.partition == partition }
            .flatMap { run in run.producers.map { BatchSummary($0, in: run) } }
    }

    /// The names of objects that an incarnation may have written and that no record names.
    ///
    /// To be deleted only once the incarnation is fenced, with the records as they were after it: then none that comes
    /// later can name them. Names are enumerated, not listed: at most `inFlightMax` flushes were under way.
    ///
    /// - Parameter nextSequence: behind the last committed flush; those before it are checked against the records.
    package static func orphans(
        of incarnation: Incarnation,
        _ records: [(sequence: Int64, record: CommitRecord)],
        nextSequence: Int64,
        inFlightMax: Int
    ) -> [FlushObjectName] {
        let committed = Dictionary(uniqueKeysWithValues: records.map { ($0.sequence, $0.record.attempt) })
        let first = records.first?.sequence ?? nextSequence
        return (first..<nextSequence + Int64(inFlightMax)).flatMap { sequence in
            (0..<FlushObjectName.attemptsMax)
                .filter { committed[sequence] != $0 }
                .map { FlushObjectName(writer: incarnation, sequence: sequence, attempt: $0) }
        }
    }
}

extension BatchSummary {
    /// What a commit record tells of a batch.
    package init(_ producer: ProducerRun, in run: FlushRun) {
        let base = run.baseOffset + producer.offsetDelta
        let isMarker = producer.kind.isMarker
        self.init(
            baseOffset: base,
            lastOffset: base + producer.offsetCount - 1,
            sizeBytes: 0,
            leaderEpoch: run.leaderEpoch,
            maxTimestamp: producer.maxTimestamp,
            producerID: producer.producerID,
            producerEpoch: producer.producerEpoch,
            baseSequence: producer.baseSequence,
            isTransactional: producer.kind != .idempotent,
            isControl: isMarker,
            marker: isMarker
                ? TransactionMarker(
                    isAbort: producer.kind == .abortMarker,
                    coordinatorEpoch: producer.coordinatorEpoch
                ) : nil
        )
    }
}
