import NIOCore
import Testing

@testable import LogCore
@testable import Model

@Suite struct SegmentTests {
    private func batch(_ offset: Offset, bytes: Int = 100, timestamp: Timestamp = 0, count: Int64 = 1) -> BatchSummary {
        BatchSummary(
            baseOffset: offset,
            lastOffset: offset + count - 1,
            sizeBytes: bytes,
            maxTimestamp: timestamp
        )
    }

    private func mustRoll(
        _ frontier: SegmentFrontier,
        _ settings: LogSettings,
        bytes: Int = 100,
        offset: Offset = 10,
        timestamp: Timestamp = 0,
        now: Timestamp = 0
    ) -> Bool {
        frontier.mustRoll(
            sizeBytes: bytes,
            lastOffset: offset,
            maxTimestamp: timestamp,
            now: now,
            settings: settings
        )
    }

    @Test func `a segment rolls when the next batch would not fit`() {
        var settings = LogSettings()
        settings.segmentBytes = 1_000
        var frontier = SegmentFrontier(baseOffset: 0, createdAt: 0)
        #expect(!self.mustRoll(frontier, settings, bytes: 5_000))
        _ = frontier.place(self.batch(0, bytes: 900), settings: settings)
        #expect(!self.mustRoll(frontier, settings, bytes: 100))
        #expect(self.mustRoll(frontier, settings, bytes: 101))
    }

    @Test func `a segment rolls by its records' own clock, or by the wall when they have none`() {
        var settings = LogSettings()
        settings.segmentMilliseconds = 50
        var stamped = SegmentFrontier(baseOffset: 0, createdAt: 0)
        _ = stamped.place(self.batch(0, timestamp: 1_000), settings: settings)
        #expect(!self.mustRoll(stamped, settings, timestamp: 1_050, now: 1_000_000))
        #expect(self.mustRoll(stamped, settings, timestamp: 1_051))
        var bare = SegmentFrontier(baseOffset: 0, createdAt: 100)
        _ = bare.place(self.batch(0, timestamp: -1), settings: settings)
        #expect(!self.mustRoll(bare, settings, timestamp: -1, now: 150))
        #expect(self.mustRoll(bare, settings, timestamp: -1, now: 151))
    }

    @Test func `a segment rolls before a relative offset overflows or an index is full`() {
        var settings = LogSettings()
        var frontier = SegmentFrontier(baseOffset: 5, createdAt: 0)
        _ = frontier.place(self.batch(5), settings: settings)
        #expect(!self.mustRoll(frontier, settings, offset: 5 + Offset(Int32.max)))
        #expect(self.mustRoll(frontier, settings, offset: 6 + Offset(Int32.max)))
        settings.segmentIndexBytes = 16
        settings.indexIntervalBytes = 0
        for offset in 6..<8 { _ = frontier.place(self.batch(Offset(offset)), settings: settings) }
        #expect(self.mustRoll(frontier, settings))
    }

    @Test func `index entries come after each interval and name the batch that follows`() {
        var settings = LogSettings()
        settings.indexIntervalBytes = 150
        var frontier = SegmentFrontier(baseOffset: 100, createdAt: 0)
        var entries: [OffsetIndexEntry] = []
        var times: [TimeIndexEntry] = []
        for number in 0..<6 {
            let placement = frontier.place(
                self.batch(100 + Offset(number), timestamp: number == 3 ? 5 : Timestamp(number)),
                settings: settings
            )
            if let entry = placement.offsetEntry { entries.append(entry) }
            if let entry = placement.timeEntry { times.append(entry) }
        }
        #expect(entries == [.init(relativeOffset: 2, position: 200), .init(relativeOffset: 4, position: 400)])
        #expect(times == [.init(timestamp: 2, relativeOffset: 2), .init(timestamp: 5, relativeOffset: 3)])
        let last = frontier.timeEntry()
        #expect(last == nil)
    }

    @Test func `entries are big-endian, eight and twelve bytes`() {
        var buffer = ByteBuffer()
        OffsetIndexEntry(relativeOffset: 1, position: 0x0203).encode(into: &buffer)
        TimeIndexEntry(timestamp: 4, relativeOffset: 5).encode(into: &buffer)
        #expect(Array(buffer.readableBytesView) == [0, 0, 0, 1, 0, 0, 2, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 5])
    }

    @Test func `a search finds the last entry that is not beyond`() {
        let values = [10, 20, 30]
        func find(_ target: Int) -> Int? {
            IndexSearch.last(count: 3, entry: { values[$0] }, where: { $0 <= target })?.entry
        }
        #expect(find(9) == nil)
        #expect(find(10) == 10)
        #expect(find(29) == 20)
        #expect(find(99) == 30)
    }

    @Test func `zeros after a power cut end the sound part of an index`() {
        let good = [OffsetIndexEntry(relativeOffset: 3, position: 50), .init(relativeOffset: 9, position: 90)]
        let torn = good + [OffsetIndexEntry(relativeOffset: 0, position: 0)]
        #expect(IndexSearch.soundPrefix(torn, logBytes: 1_000) == 2)
        #expect(IndexSearch.soundPrefix(good, logBytes: 80) == 1)
        let times = [TimeIndexEntry(timestamp: 5, relativeOffset: 1), .init(timestamp: 0, relativeOffset: 0)]
        #expect(IndexSearch.soundPrefix(times) == 1)
    }

    private func segments(_ sizes: [Int64], timestamps: [Timestamp]) -> [SegmentInfo] {
        zip(sizes, timestamps).enumerated().map { index, pair in
            SegmentInfo(
                baseOffset: Offset(index * 10),
                sizeBytes: pair.0,
                largestTimestamp: pair.1,
                modifiedAt: 0
            )
        }
    }

    @Test(
        arguments: [
            // (retention bytes, retention ms, log start, high watermark, expected)
            (-1, -1, 0, 40, 0), (-1, -1, 20, 40, 2), (-1, -1, 19, 40, 1), (250, -1, 0, 40, 1), (300, -1, 0, 40, 1),
            (301, -1, 0, 40, 0), (-1, 100, 0, 40, 2), (-1, 1, 0, 40, 4), (-1, 1, 0, 35, 3), (-1, 1, 0, 15, 1),
            (0, -1, 0, 40, 4),
        ] as [(Int64, Int64, Offset, Offset, Int)]
    )
    func `retention takes a prefix`(bytes: Int64, ms: Int64, start: Offset, highWatermark: Offset, expected: Int) {
        var settings = LogSettings()
        settings.retentionBytes = bytes
        settings.retentionMilliseconds = ms
        let count = Retention.removable(
            self.segments([100, 100, 100, 100], timestamps: [100, 899, 950, 990]),
            logStart: start,
            logEnd: 40,
            highWatermark: highWatermark,
            sizeBytes: 400,
            settings: settings,
            now: 1_000
        )
        #expect(count == expected)
    }

    @Test(
        arguments: [
            // (retention ms, has unstored batches, plan)
            (-1, false, .nothing), (100, false, .remove(count: 2)), (1, false, .removeAll),
            (1, true, .remove(count: 3)),
        ] as [(Int64, Bool, Retention.Plan)]
    )
    func `the active segment goes only when no batch waits for it`(ms: Int64, hasUnstored: Bool, plan: Retention.Plan) {
        var settings = LogSettings()
        settings.retentionMilliseconds = ms
        let offsets = LogOffsets(logStart: 0, lastStable: 40, highWatermark: 40, logEnd: 40)
        let found = Retention.plan(
            self.segments([100, 100, 100, 100], timestamps: [100, 899, 950, 990]),
            offsets: offsets,
            hasUnstored: hasUnstored,
            sizeBytes: 400,
            settings: settings,
            now: 1_000
        )
        #expect(found == plan)
    }

    @Test func `a planner begins segments, places batches and completes the time index`() {
        var settings = LogSettings()
        settings.segmentBytes = 250
        var planner = SegmentPlanner()
        #expect(planner.mustBegin(for: self.batch(7), appendedAt: 0, settings: settings))
        planner.began(at: 7, createdAt: 0)
        #expect(!planner.mustBegin(for: self.batch(7), appendedAt: 0, settings: settings))
        #expect(planner.place(self.batch(7, timestamp: 3), abortsTransaction: false, settings: settings).position == 0)
        #expect(planner.place(self.batch(8), abortsTransaction: true, settings: settings).position == 100)
        #expect(planner.active?.transactionIndexCount == 1)
        #expect(planner.mustBegin(for: self.batch(9), appendedAt: 0, settings: settings))
        let closing = planner.closing()
        #expect(closing?.entry == TimeIndexEntry(timestamp: 3, relativeOffset: 0))
        // Not counted before it is written.
        #expect(planner.active?.timeIndexCount == 0)
        if let closing { planner.resume(closing.active) }
        #expect(planner.closing() == nil)
    }

    @Test func `a compacted topic loses only what lies before its log start`() {
        var settings = LogSettings()
        settings.cleanupDelete = false
        settings.cleanupCompact = true
        settings.retentionMilliseconds = 1
        let count = Retention.removable(
            self.segments([100, 100, 100], timestamps: [1, 1, 1]),
            logStart: 10,
            logEnd: 30,
            highWatermark: 30,
            sizeBytes: 300,
            settings: settings,
            now: 1_000
        )
        #expect(count == 1)
    }
}

@Suite struct CheckpointTests {
    @Test func `leader epochs answer where they end`() {
        var epochs = LeaderEpochs()
        let first = epochs.assign(LeaderEpoch(1), at: 0)
        let again = epochs.assign(LeaderEpoch(1), at: 5)
        #expect(first && !again)
        epochs.assign(LeaderEpoch(3), at: 10)
        epochs.assign(LeaderEpoch(4), at: 20)
        func end(_ epoch: Int32) -> [Int64]? {
            epochs.endOffset(for: LeaderEpoch(epoch), logEnd: 30).map { [Int64($0.epoch.rawValue), $0.endOffset] }
        }
        #expect(end(0) == [0, 0])
        #expect(end(1) == [1, 10])
        #expect(end(2) == [1, 10])
        #expect(end(3) == [3, 20])
        #expect(end(4) == [4, 30])
        #expect(end(5) == nil)
        #expect(epochs.epoch(at: 19) == LeaderEpoch(3))
        epochs.removeBefore(15)
        #expect(epochs.entries.map(\.startOffset) == [15, 20])
        epochs.truncate(to: 20)
        #expect(epochs.entries.map(\.epoch.rawValue) == [3])
    }

    @Test func `an older epoch at a later offset replaces what contradicts it`() {
        var epochs = LeaderEpochs()
        epochs.assign(LeaderEpoch(5), at: 10)
        epochs.assign(LeaderEpoch(3), at: 4)
        #expect(epochs.entries == [.init(epoch: LeaderEpoch(3), startOffset: 4)])
    }

    @Test func `checkpoints have Kafka's text and survive the round trip`() {
        let checkpoint = OffsetCheckpoint([.init(topic: "b", partition: 2): 7, .init(topic: "a-1", partition: 0): 9])
        #expect(String(decoding: checkpoint.encoded(), as: UTF8.self) == "0\n2\na-1 0 9\nb 2 7\n")
        #expect(OffsetCheckpoint(decoding: checkpoint.encoded()) == checkpoint)
        let epochs = LeaderEpochs([.init(epoch: LeaderEpoch(2), startOffset: 11)])
        #expect(String(decoding: epochs.encoded(), as: UTF8.self) == "0\n1\n2 11\n")
        #expect(LeaderEpochs(decoding: epochs.encoded()) == epochs)
    }

    @Test(arguments: [
        "", "1\n0\n", "0\n1\n", "0\n1\na 0\n", "0\n1\na x 3\n", "0\n2\na 0 1\n", "0\n-1\n", "0\n1\na 0 -4\n",
    ])
    func `a damaged checkpoint is not believed`(text: String) {
        #expect(OffsetCheckpoint(decoding: Array(text.utf8)) == nil)
    }

    @Test func `file and folder names are read back`() {
        #expect(FileNames.file(.timeIndex, base: 42) == "00000000000000000042.timeindex")
        #expect(FileNames.parse("00000000000000000042.log").map { $0.base } == 42)
        for name in ["42.log", "00000000000000000042", "00000000000000000042.log.tmp", "a0000000000000000042.log"] {
            #expect(FileNames.parse(name) == nil)
        }
        #expect(FileNames.parseFolder("my-topic-3") == .init(topic: "my-topic", partition: 3))
        for name in ["topic", "-1", "topic-", "topic-01", "a-0.0123-delete"] {
            #expect(FileNames.parseFolder(name) == nil)
        }
        let long = FileNames.deletedFolder(
            topic: String(repeating: "x", count: 249),
            partition: 12_345,
            unique: TopicID(high: 1, low: 2)
        )
        #expect(long.utf8.count == 255 && FileNames.isDeleted(long))
    }

    @Test func `a queue keeps order over growth and wrap`() {
        var queue = FIFO<Int>()
        var next = 0
        var expected = 0
        for step in 0..<1_000 {
            queue.append(next)
            next += 1
            if step % 3 != 0 {
                let first = queue.removeFirst()
                #expect(first == expected)
                expected += 1
            }
        }
        #expect(queue.count == next - expected)
        #expect(queue.partitioningIndex { $0 >= expected + 7 } == 7)
        let last = queue.removeLast()
        #expect(last == next - 1)
    }
}
