package import Metadata
package import Model

/// Which runs of a window of commit records become which extents.
///
/// A head says up to where its partition is indexed: runs before that are done, by this broker's last checkpoint or by
/// another one. So a checkpoint that was cut short is simply made again.
package struct CheckpointPlan: Sendable, Equatable {
    package struct Limits: Sendable, Equatable {
        /// A partition with so much becomes a segment of its own at once.
        package var segmentBytesMin = 32 << 20
        package var sharedBytesMax = 256 << 20
        package var partitionsMax = 2_048

        package init() {}
    }

    /// What a partition gets: at most one extent.
    package struct Piece: Sendable, Equatable {
        package var partition: TopicPartition
        /// The head's end that the piece continues.
        package var indexedEnd: Offset
        /// What the head's end will be.
        package var endOffset: Offset
        /// In the order of their offsets, without a gap.
        package var sources: [CommittedRun]
        /// Of the sources the leading ones whose records were deleted; they count for producers and epochs alone.
        package var deletedCount: Int

        /// Those that are written.
        package var written: ArraySlice<CommittedRun> { self.sources.dropFirst(self.deletedCount) }
        package var bytes: Int { self.written.reduce(0) { $0 + $1.run.length } }
        /// Nothing of it is written: its records were deleted, and it has no producers.
        var isEmpty: Bool { self.written.isEmpty && self.sources.allSatisfy(\.run.producers.isEmpty) }
    }

    package struct Object: Sendable, Equatable {
        /// Sorted by topic and partition.
        package var pieces: [Piece]
        package var isShared: Bool
    }

    package private(set) var objects: [Object] = []
    /// Pieces of which nothing is written.
    package private(set) var unwritten: [Piece] = []
    /// Partitions of which records are missing here between what is indexed and a run, and the first offset of those:
    /// an incarnation before this one has them, or nobody. What lies before is taken over.
    package private(set) var gaps: [TopicPartition: Offset] = [:]

    /// - Parameters:
    ///   - records: of one incarnation or of several that led the partitions one after the other.
    ///   - heads: of the partitions in them; a missing one begins at 0.
    ///   - isWanted: `false` for partitions that others see to, and for those whose topic was deleted.
    package init(
        _ records: [CommittedFlush],
        heads: [TopicPartition: PartitionHead],
        limits: Limits = Limits(),
        isWanted: (TopicPartition) -> Bool
    ) {
        var sources: [TopicPartition: [CommittedRun]] = [:]
        for flush in records {
            for run in flush.record.runs where isWanted(run.partition) {
                sources[run.partition, default: []].append(CommittedRun(run: run, object: flush.name))
            }
        }
        var pieces: [Piece] = []
        for (partition, sources) in sources {
            let head = heads[partition] ?? PartitionHead()
            var piece = Piece(
                partition: partition,
                indexedEnd: head.indexedEnd,
                endOffset: head.indexedEnd,
                sources: [],
                deletedCount: 0
            )
            for source in sources.sorted(by: { $0.run.baseOffset < $1.run.baseOffset })
            where source.run.endOffset > head.indexedEnd {
                guard source.run.baseOffset == piece.endOffset else {
                    self.gaps[partition] = piece.endOffset
                    break
                }
                piece.sources.append(source)
                piece.endOffset = source.run.endOffset
                let isDeleted = source.run.endOffset <= head.logStart
                if head.coveredStart == head.indexedEnd, isDeleted { piece.deletedCount += 1 }
            }
            if !piece.sources.isEmpty { pieces.append(piece) }
        }
        self.divide(pieces.sorted { $0.partition.precedes($1.partition) }, limits)
    }

    private mutating func divide(_ pieces: [Piece], _ limits: Limits) {
        var shared: [Piece] = []
        var bytes = 0
        for piece in pieces {
            if piece.isEmpty {
                self.unwritten.append(piece)
            } else if piece.bytes >= limits.segmentBytesMin {
                self.objects.append(Object(pieces: [piece], isShared: false))
            } else {
                if !shared.isEmpty, bytes + piece.bytes > limits.sharedBytesMax || shared.count == limits.partitionsMax
                {
                    self.objects.append(Object(pieces: shared, isShared: shared.count > 1))
                    shared = []
                    bytes = 0
                }
                shared.append(piece)
                bytes += piece.bytes
            }
        }
        if !shared.isEmpty { self.objects.append(Object(pieces: shared, isShared: shared.count > 1)) }
    }

    /// How many leading records of an incarnation may be removed: those of which every run is in its head.
    ///
    /// - Parameter heads: as they are in etcd, at any time: what is indexed stays so.
    package static func trimmableCount(
        _ records: [CommittedFlush],
        heads: [TopicPartition: PartitionHead],
        isGone: (TopicPartition) -> Bool
    ) -> Int {
        records.prefix {
            $0.record.runs.allSatisfy { isGone($0.partition) || heads[$0.partition]?.indexedEnd ?? 0 >= $0.endOffset }
        }.count
    }

    /// Removes leading commit records, notes where the next one is, and files their objects as garbage.
    ///
    /// To be part of a transaction that compares the writer's ownership, and that no commit can overtake: a repetition
    /// of a commit that arrives late would write its record again.
    ///
    /// - Parameter records: the first ones that are there, all in their heads.
    package static func trim(
        writer: Incarnation,
        _ records: [CommittedFlush],
        now: Timestamp
    ) -> [MetadataOperation] {
        guard let first = records.first?.sequence, let last = records.last?.sequence else { return [] }
        let intent = DeletionIntent.afterGrace(now: now, attempts: records.map { 1 << UInt8($0.record.attempt) })
        return [
            .delete(
                MetadataKeyRange(lower: EngineKeys.commit(writer, first), upper: EngineKeys.commit(writer, last + 1))
            ),
            .put(key: EngineKeys.floor(writer), value: EngineKeys.bytes(last + 1)),
            GarbageName.flushes(writer, first: first).put(intent),
        ]
    }
}

/// A commit record with its key.
package struct CommittedFlush: Sendable, Equatable {
    package var writer: Incarnation
    package var sequence: Int64
    package var record: CommitRecord

    package init(writer: Incarnation, sequence: Int64, record: CommitRecord) {
        self.writer = writer
        self.sequence = sequence
        self.record = record
    }

    package var name: FlushObjectName {
        FlushObjectName(writer: self.writer, sequence: self.sequence, attempt: self.record.attempt)
    }
}

extension TopicPartition {
    /// The order in which objects have them.
    package func precedes(_ other: TopicPartition) -> Bool {
        self.topicID == other.topicID ? self.partition < other.partition : self.topicID < other.topicID
    }
}
