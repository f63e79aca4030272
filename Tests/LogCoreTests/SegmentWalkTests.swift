import LogCore
import Model
import RecordBatch
import Testing

@Suite struct SegmentWalkTests {
    private static func header(_ base: Offset, _ delta: Int32, count: Int32? = nil) -> RecordBatchHeader {
        RecordBatchHeader(
            baseOffset: base,
            batchLength: 100,
            partitionLeaderEpoch: LeaderEpoch(0),
            crc: 0,
            attributes: BatchAttributes(rawValue: 0),
            lastOffsetDelta: delta,
            baseTimestamp: 0,
            maxTimestamp: 0,
            producerID: .none,
            producerEpoch: .none,
            baseSequence: -1,
            recordCount: count ?? delta + 1
        )
    }

    private static func refuses(_ walk: inout SegmentWalk, _ header: RecordBatchHeader) -> Bool {
        (try? walk.follow(header)) == nil
    }

    @Test func `batches that follow each other are taken, up to the segment's end`() throws {
        var walk = SegmentWalk(from: 10, end: 20, gapsBefore: 0)
        try walk.follow(Self.header(10, 4))
        #expect(walk.missingAtEnd == 15..<20)
        try walk.follow(Self.header(15, 4))
        #expect(walk.missingAtEnd == nil)
        let isRefused = Self.refuses(&walk, Self.header(20, 0))
        #expect(isRefused)
    }

    @Test(
        arguments: [
            (11, 0, 1), (9, 0, 1), (10, -1, 0), (-1, 0, 1), (10, 10, 11), (10, 4, 4), (10, 4, 6), (10, .max, .min),
            (.max, 0, 1),
        ] as [(Offset, Int32, Int32)]
    )
    func `what does not follow is refused and changes nothing`(base: Offset, delta: Int32, count: Int32) throws {
        var walk = SegmentWalk(from: 10, end: 20, gapsBefore: 0)
        let isRefused = Self.refuses(&walk, Self.header(base, delta, count: count))
        #expect(isRefused)
        #expect(walk == SegmentWalk(from: 10, end: 20, gapsBefore: 0))
    }

    @Test func `below the cleaner's offset batches and records may be missing, above it none`() throws {
        var walk = SegmentWalk(from: 10, end: 100, gapsBefore: 40)
        try walk.follow(Self.header(20, 9, count: 3))
        try walk.follow(Self.header(40, 0))
        let isRefused = Self.refuses(&walk, Self.header(42, 0))
        #expect(isRefused)
        #expect(walk.missingAtEnd == 41..<100)
        #expect(SegmentWalk(from: 10, end: 40, gapsBefore: 40).missingAtEnd == nil)
    }

    @Test func `an index entry must be met exactly`() throws {
        var walk = SegmentWalk(atIndexEntryFor: 19, end: 100, gapsBefore: 0)
        try walk.follow(Self.header(5, 4))
        #expect(walk.isUnproved)
        try walk.follow(Self.header(10, 9))
        #expect(!walk.isUnproved)
        var wrong = SegmentWalk(atIndexEntryFor: 19, end: 100, gapsBefore: 0)
        let isRefused = Self.refuses(&wrong, Self.header(15, 9))
        #expect(isRefused)
    }
}

@Suite struct QuarantineTests {
    private static func range(_ offsets: Range<Offset>, _ path: String = "a") -> DamagedRange {
        DamagedRange(offsets: offsets, path: path, bytes: offsets, reason: "test")
    }

    @Test func `ranges are in order, and those that overlap are one`() {
        var quarantine = Quarantine()
        var isNews = quarantine.add(Self.range(10..<20))
        #expect(isNews)
        isNews = quarantine.add(Self.range(12..<15))
        #expect(!isNews)
        isNews = quarantine.add(Self.range(0..<5))
        #expect(isNews)
        isNews = quarantine.add(Self.range(15..<30))
        #expect(isNews)
        #expect(quarantine.ranges.map(\.offsets) == [0..<5, 10..<30])
        isNews = quarantine.add(Self.range(7..<7))
        #expect(!isNews)
        #expect(quarantine.range(at: 29)?.offsets == 10..<30)
        #expect(quarantine.range(at: 5) == nil)
        #expect(quarantine.start(after: 0) == 10)
        #expect(quarantine.start(after: 10) == .max)
    }

    @Test func `their number is bounded`() {
        var quarantine = Quarantine()
        for start in 0..<(Offset(Quarantine.countMax) + 10) {
            _ = quarantine.add(Self.range((start * 2)..<(start * 2 + 1)))
        }
        #expect(quarantine.ranges.count == Quarantine.countMax)
        for start in 0..<(Offset(Quarantine.countMax) + 10) { #expect(quarantine.range(at: start * 2) != nil) }
    }

    @Test func `what was looked at again replaces what was known`() {
        var quarantine = Quarantine()
        _ = quarantine.add(Self.range(0..<5))
        _ = quarantine.add(Self.range(10..<20))
        var news = quarantine.replace(in: 0..<10, by: [])
        #expect(news.isEmpty)
        #expect(quarantine.ranges.map(\.offsets) == [10..<20])
        news = quarantine.replace(in: 10..<40, by: [Self.range(10..<20), Self.range(30..<31)])
        #expect(news.count == 1)
        quarantine.removeBefore(20)
        #expect(quarantine.ranges.map(\.offsets) == [30..<31])
    }
}
