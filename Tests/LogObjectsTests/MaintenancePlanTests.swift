import LogCore
import Metadata
import Model
import NIOCore
import Testing

@testable import LogObjects

@Suite struct MaintenancePlanTests {
    private let first = TopicPartition(topicID: topicA, partition: 0)
    private let second = TopicPartition(topicID: topicB, partition: 1)

    private func run(
        _ partition: TopicPartition,
        _ range: Range<Offset>,
        bytes: Int = 10,
        producers: [ProducerRun] = []
    ) -> FlushRun {
        FlushRun(
            partition: partition,
            leaderEpoch: LeaderEpoch(2),
            baseOffset: range.lowerBound,
            offsetCount: Int64(range.count),
            position: 32,
            length: bytes,
            checksum: 0,
            maxTimestamp: 1,
            producers: producers
        )
    }

    private func flush(_ sequence: Int64, _ runs: [FlushRun]) -> CommittedFlush {
        CommittedFlush(
            writer: writer,
            sequence: sequence,
            record: CommitRecord(attempt: Int(sequence % 4), objectSize: 1_000, runs: runs)
        )
    }

    private func extent(_ range: Range<Offset>, object: Int64, bytes: Int, isShared: Bool = true) -> Extent {
        Extent(
            section: ObjectSection(
                object: CompactedObjectName(writer: writer, number: object),
                position: 32,
                length: bytes,
                checksum: 0,
                isShared: isShared
            ),
            baseOffset: range.lowerBound,
            endOffset: range.upperBound,
            maxTimestamp: range.lowerBound
        )
    }

    private func head(_ extents: [Extent], logStart: Offset = 0) -> PartitionExtents {
        PartitionExtents(
            head: PartitionHead(
                logStart: logStart,
                indexedEnd: extents.last?.endOffset ?? 0,
                extents: extents
            )
        )
    }

    // MARK: Checkpoints

    @Test func `a checkpoint takes what is behind each head, and large partitions apart`() throws {
        let records = [
            self.flush(0, [self.run(self.first, 0..<5), self.run(self.second, 0..<2, bytes: 40 << 20)]),
            self.flush(1, [self.run(self.first, 5..<7)]),
        ]
        let heads = [self.first: PartitionHead(indexedEnd: 5, extents: [self.extent(0..<5, object: 0, bytes: 1)])]
        let plan = CheckpointPlan(records, heads: heads) { _ in true }
        #expect(plan.gaps.isEmpty && plan.unwritten.isEmpty && plan.objects.count == 2)
        #expect(plan.objects.allSatisfy { !$0.isShared && $0.pieces.count == 1 })
        let piece = try #require(plan.objects.flatMap(\.pieces).first { $0.partition == self.first })
        #expect(piece.indexedEnd == 5 && piece.endOffset == 7 && piece.sources.map(\.object.sequence) == [1])
        #expect(CheckpointPlan(records, heads: heads) { $0 == self.first }.objects.count == 1)
    }

    @Test func `records of several incarnations are put in the order of their offsets`() throws {
        let other = Incarnation(broker: writer.broker, number: 1)
        let late = self.flush(9, [self.run(self.first, 5..<7)])
        let early = CommittedFlush(
            writer: other,
            sequence: 4,
            record: self.flush(0, [self.run(self.first, 0..<5)]).record
        )
        let plan = CheckpointPlan([late, early], heads: [:]) { _ in true }
        let piece = try #require(plan.objects.first?.pieces.first)
        #expect(piece.sources.map(\.object.writer) == [other, writer] && piece.endOffset == 7)
        // What lies behind a hole waits for who has the rest.
        let gap = CheckpointPlan([late], heads: [:]) { _ in true }
        #expect(gap.objects.isEmpty && gap.gaps == [self.first: 0])
    }

    @Test func `records that were deleted before a checkpoint are not written`() throws {
        let records = [self.flush(0, [self.run(self.first, 0..<5)]), self.flush(1, [self.run(self.first, 5..<9)])]
        let heads = [self.first: PartitionHead(logStart: 6)]
        let piece = try #require(CheckpointPlan(records, heads: heads) { _ in true }.objects.first?.pieces.first)
        #expect(piece.deletedCount == 1 && piece.written.count == 1)
        let gone = CheckpointPlan(records, heads: [self.first: PartitionHead(logStart: 9)]) { _ in true }
        #expect(gone.objects.isEmpty && gone.unwritten.map(\.endOffset) == [9])
        let update = HeadUpdate.checkpoint(
            CheckpointedPiece(
                piece: gone.unwritten[0],
                extent: nil,
                leaderEpochs: LeaderEpochs(),
                producers: nil,
                keepsProducers: true
            )
        )
        let stored = StoredHead(revision: 1, extents: PartitionExtents(head: PartitionHead(logStart: 9)))
        guard case .change(let next, let layout) = update.step(stored) else {
            Issue.record("no change")
            return
        }
        #expect(next.head.indexedEnd == 9 && !layout.needsObject)
    }

    @Test func `only records of which everything is indexed may be removed`() {
        let records = [
            self.flush(3, [self.run(self.first, 0..<5)]),
            self.flush(4, [self.run(self.first, 5..<6), self.run(self.second, 0..<1)]),
            self.flush(5, [self.run(self.first, 6..<7)]),
        ]
        let heads = [self.first: PartitionHead(logStart: 9, indexedEnd: 7)]
        #expect(CheckpointPlan.trimmableCount(records, heads: heads) { _ in false } == 1)
        #expect(CheckpointPlan.trimmableCount(records, heads: heads) { $0 == self.second } == 3)
        let operations = CheckpointPlan.trim(writer: writer, records, now: 5)
        #expect(operations.count == 3)
        guard case .delete(let range) = operations[0], case .put(let floor, let value, _) = operations[1] else {
            Issue.record("unexpected operations")
            return
        }
        #expect(range.contains(EngineKeys.commit(writer, 3)) && range.contains(EngineKeys.commit(writer, 5)))
        #expect(!range.contains(EngineKeys.commit(writer, 6)) && !range.contains(EngineKeys.commit(writer, 2)))
        #expect(floor == EngineKeys.floor(writer) && value == [0, 0, 0, 0, 0, 0, 0, 6])
    }

    @Test func `producers, epochs and aborted transactions come from the records`() throws {
        let begun = ProducerRun(
            kind: .transactional,
            producerID: ProducerID(4),
            producerEpoch: ProducerEpoch(1),
            baseSequence: 0,
            offsetDelta: 0,
            offsetCount: 2,
            maxTimestamp: 1
        )
        var marker = begun
        marker.kind = .abortMarker
        marker.baseSequence = -1
        marker.offsetCount = 1
        let records = [
            self.flush(0, [self.run(self.first, 0..<2, producers: [begun])]),
            self.flush(1, [self.run(self.first, 2..<3, producers: [marker])]),
        ]
        let halves = try records.map { record in
            try #require(
                CheckpointPlan(
                    [record],
                    heads: [self.first: PartitionHead(logStart: 9, indexedEnd: record.sequence * 2)]
                ) {
                    _ in true
                }.objects.first?.pieces.first
            )
        }
        var fold = try CheckpointFold(PartitionHead(), snapshot: nil)
        #expect(fold.producers == .unchanged)
        #expect(fold.apply(halves[0]).isEmpty)
        guard case .snapshot(let snapshot) = fold.producers else {
            Issue.record("no snapshot")
            return
        }
        #expect(fold.leaderEpochs.entries == [.init(epoch: LeaderEpoch(2), startOffset: 0)])
        // The next checkpoint continues from what the first one left.
        var next = try CheckpointFold(PartitionHead(logStart: 2, indexedEnd: 2), snapshot: snapshot)
        let aborted = next.apply(halves[1])
        #expect(aborted.map(\.firstOffset) == [0] && aborted.map(\.lastOffset) == [2])
        next.expire(now: 100, age: 50)
        #expect(next.producers == .nobody)
        #expect(throws: ObjectCodingError.self) {
            try CheckpointFold(PartitionHead(), snapshot: ByteBuffer(string: "nonsense"))
        }
    }

    @Test func `an update of a head that moved on is done or of no use`() {
        let plan = CheckpointPlan([self.flush(0, [self.run(self.first, 0..<5)])], heads: [:]) { _ in true }
        let piece = CheckpointedPiece(
            piece: plan.objects[0].pieces[0],
            extent: self.extent(0..<5, object: 1, bytes: 10, isShared: false),
            leaderEpochs: LeaderEpochs(),
            producers: nil,
            keepsProducers: true
        )
        let step = { (head: PartitionExtents) in piece.step(head) }
        guard case .change = step(self.head([])),
            case .done = step(self.head([self.extent(0..<5, object: 2, bytes: 1)])),
            case .stale = step(self.head([self.extent(0..<3, object: 2, bytes: 1)]))
        else {
            Issue.record("unexpected step")
            return
        }
    }

    // MARK: Merges

    private var settings: MergePlan.Settings {
        var settings = MergePlan.Settings()
        settings.segmentBytesMin = 100
        settings.segmentBytesMax = 200
        return settings
    }

    @Test func `enough small extents become a segment, fewer a stretch of a shared object`() {
        let large = self.head((0..<6).map { self.extent($0..<$0 + 1, object: $0, bytes: 40) })
        let small = self.head((0..<4).map { self.extent($0..<$0 + 1, object: $0, bytes: 5) })
        let plan = MergePlan([(self.second, small), (self.first, large)], settings: self.settings)
        #expect(plan.objects.map { $0.pieces.map(\.extents.count) } == [[5], [4]])
        #expect(plan.objects.allSatisfy { !$0.isShared })
        let both = MergePlan([(self.second, small), (self.first, small)], settings: self.settings)
        #expect(
            both.objects.map(\.isShared) == [true]
                && both.objects[0].pieces.map(\.partition) == [self.first, self.second]
        )
        #expect(MergePlan([(self.first, self.head([]))]).objects.isEmpty)
    }

    @Test func `segments and much larger extents are left alone, sparse objects are not`() {
        let segment = self.extent(0..<1, object: 9, bytes: 150, isShared: false)
        let stored = self.head(
            [segment, self.extent(1..<2, object: 8, bytes: 60)]
                + (2..<6).map { self.extent($0..<$0 + 1, object: $0, bytes: 5) }
        )
        let plan = MergePlan([(self.first, stored)], settings: self.settings)
        #expect(plan.objects.map { $0.pieces[0].extents.map(\.baseOffset) } == [[2, 3, 4, 5]])
        let three = self.head([
            segment, self.extent(1..<2, object: 8, bytes: 60), self.extent(2..<3, object: 2, bytes: 5),
        ])
        #expect(MergePlan([(self.first, three)], settings: self.settings).objects.isEmpty)
        let sparse: Set = [CompactedObjectName(writer: writer, number: 8)]
        let moved = MergePlan([(self.first, three)], sparse: sparse, settings: self.settings)
        #expect(moved.objects.map { $0.pieces[0].extents.map(\.baseOffset) } == [[1, 2]])
    }

    @Test func `a swap finds its extents, what retention left of them, or nothing`() {
        let old = (0..<3).map { self.extent($0..<$0 + 1, object: $0, bytes: 5) }
        let tail = self.extent(3..<4, object: 3, bytes: 5)
        let new = self.extent(0..<3, object: 7, bytes: 15, isShared: false)
        let swap = ExtentSwap(partition: self.first, old: old, new: [new])
        guard case .change(var whole, let layout) = swap.step(self.head(old + [tail])) else {
            Issue.record("no change")
            return
        }
        whole.apply(layout)
        #expect(whole.extents == [new, tail] && whole.head.problem == nil)
        guard case .change(var cut, let rest) = swap.step(self.head(Array(old[1...]) + [tail], logStart: 1)) else {
            Issue.record("no change")
            return
        }
        cut.apply(rest)
        #expect(cut.extents == [new, tail] && cut.head.problem == nil)
        guard case .done = swap.step(whole), case .stale = swap.step(self.head([tail], logStart: 3)),
            case .stale = swap.step(self.head([self.extent(0..<3, object: 6, bytes: 1), tail]))
        else {
            Issue.record("unexpected step")
            return
        }
    }

    // MARK: Retention

    @Test func `extents expire by time and by size, as segments do`() {
        let stored = self.head((0..<4).map { self.extent($0 * 10..<$0 * 10 + 10, object: $0, bytes: 100) })
        var settings = LogSettings()
        settings.retentionMilliseconds = 15
        let start = { (settings: LogSettings, now: Timestamp) in
            ExtentRetention.logStart(stored, tailBytes: 50, highWatermark: 45, settings: settings, now: now)
        }
        #expect(start(settings, 0) == nil)
        #expect(start(settings, 26) == 20)
        #expect(start(settings, 1_000) == 40)
        settings.retentionMilliseconds = -1
        settings.retentionBytes = 250
        #expect(start(settings, 1_000) == 20)
        settings.cleanupDelete = false
        #expect(start(settings, 1_000) == nil)
    }

    @Test func `compaction takes whole extents before the tail`() throws {
        let stored = self.head((0..<4).map { self.extent($0 * 10..<$0 * 10 + 10, object: $0, bytes: 100) })
        var settings = LogSettings()
        settings.cleanupCompact = true
        let offsets = LogOffsets(logStart: 0, lastStable: 35, highWatermark: 45, logEnd: 45)
        let due = try #require(
            ExtentRetention.compaction(stored, tailBytes: 50, offsets: offsets, settings: settings, now: 1_000)
        )
        #expect(due.plan.isDue && due.plan.firstDirty == 0 && due.plan.firstUncleanable == 30)
        #expect(due.extents.map(\.baseOffset) == [0, 10, 20])
    }
}
