internal import LogCore
package import Model

/// A run of a flush that is part of the log, with the name of its object.
package struct CommittedRun: Sendable, Equatable {
    package var run: FlushRun
    package var object: FlushObjectName

    package init(run: FlushRun, object: FlushObjectName) {
        self.run = run
        self.object = object
    }
}

extension TakeOver {
    /// The runs of each partition in the commit records of an incarnation, in their order.
    package static func runs(
        of incarnation: Incarnation,
        _ records: [(sequence: Int64, record: CommitRecord)]
    ) -> [TopicPartition: [CommittedRun]] {
        var runs: [TopicPartition: [CommittedRun]] = [:]
        for (sequence, record) in records {
            let object = FlushObjectName(writer: incarnation, sequence: sequence, attempt: record.attempt)
            for run in record.runs { runs[run.partition, default: []].append(CommittedRun(run: run, object: object)) }
        }
        return runs
    }

    /// What of these runs lies behind what a partition's head covers, in offset order.
    ///
    /// - Parameters:
    ///   - runs: of all incarnations that owned the partition since its head was written.
    ///   - indexedEnd: where the head's extents end. Runs before it are in them.
    /// - Throws: `.damaged` when the runs do not continue the extents, or do not follow each other.
    package static func tail(
        _ runs: [CommittedRun],
        from indexedEnd: Offset
    ) throws(ObjectCodingError) -> [CommittedRun] {
        let tail = runs.filter { $0.run.endOffset > indexedEnd }.sorted { $0.run.baseOffset < $1.run.baseOffset }
        var next = indexedEnd
        for committed in tail {
            guard committed.run.baseOffset == next else {
                throw ObjectCodingError(
                    .damaged,
                    "\(committed.run.partition) continues at \(committed.run.baseOffset) in the place of \(next)."
                )
            }
            next = committed.run.endOffset
        }
        return tail
    }
}
