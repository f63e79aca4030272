import LogCore
import Model
import Testing

@Suite struct CompactionPlanTests {
    private static func segments(_ bases: [Offset], bytes: Int64 = 100) -> [SegmentInfo] {
        bases.enumerated().map { index, base in
            SegmentInfo(
                baseOffset: base,
                sizeBytes: bytes,
                offsetIndexCount: 2,
                timeIndexCount: 1,
                largestTimestamp: 1_000 + Timestamp(index) * 100,
                modifiedAt: 0
            )
        }
    }

    private static func view(
        _ segments: [SegmentInfo],
        cleanedEnd: Offset? = nil,
        lastStable: Offset = 1_000,
        forcedEnd: Offset = 1_000,
        logStart: Offset = 0,
        _ change: (inout LogSettings) -> Void = { _ in }
    ) -> CompactionPlan.View {
        var settings = LogSettings()
        change(&settings)
        return CompactionPlan.View(
            segments: segments,
            offsets: LogOffsets(logStart: logStart, lastStable: lastStable, highWatermark: 1_000, logEnd: 1_000),
            forcedEnd: forcedEnd,
            cleanedEnd: cleanedEnd,
            settings: settings,
            now: 2_000
        )
    }

    private static func plan(_ view: CompactionPlan.View) -> CompactionPlan? {
        CompactionPlan(view) { view.segments[$0].largestTimestamp - 50 }
    }

    @Test func `all closed segments are dirty at first`() throws {
        let plan = try #require(Self.plan(Self.view(Self.segments([0, 100, 200, 300]))))
        #expect(plan.firstDirty == 0 && plan.firstUncleanable == 300)
        #expect(plan.cleanBytes == 0 && plan.cleanableBytes == 300 && plan.dirtyRatio == 1 && plan.isDue)
    }

    @Test(arguments: [(0.4, true), (0.5, false), (0.49, true), (0.6, false), (1, false)])
    func `the part that is dirty must be above the ratio`(ratio: Double, isDue: Bool) throws {
        let view = Self.view(Self.segments([0, 100, 200]), cleanedEnd: 100) { $0.minCleanableDirtyRatio = ratio }
        let plan = try #require(Self.plan(view))
        #expect(plan.cleanBytes == 100 && plan.cleanableBytes == 100)
        #expect(plan.isDue == isDue)
    }

    @Test(
        arguments: [
            (1_000, 1_000, 300), (299, 1_000, 200), (300, 1_000, 300), (1_000, 250, 200), (150, 250, 100), (0, 0, 0),
        ] as [(Offset, Offset, Offset)]
    )
    func `neither what is unstable nor what is not forced is cleaned, by whole segments`(
        lastStable: Offset,
        forcedEnd: Offset,
        expected: Offset
    ) throws {
        let view = Self.view(Self.segments([0, 100, 200, 300]), lastStable: lastStable, forcedEnd: forcedEnd)
        // Of what has neither a clean nor a cleanable byte there is no plan.
        let plan = Self.plan(view)
        #expect(plan?.firstUncleanable ?? 0 == expected)
        #expect(plan?.isDue ?? false == (expected > 0))
    }

    @Test func `young segments and all after them wait`() throws {
        // Segments of 1,000, 1,100, 1,200 and the active one; it is 2,000.
        let view = Self.view(Self.segments([0, 100, 200, 300])) { $0.minCompactionLagMilliseconds = 900 }
        #expect(Self.plan(view)?.firstUncleanable == 200)
        let all = Self.view(Self.segments([0, 100, 200, 300])) { $0.minCompactionLagMilliseconds = 1_500 }
        #expect(Self.plan(all)?.isDue != true)
        let always = Self.view(Self.segments([0, 100, 200, 300])) { $0.minCompactionLagMilliseconds = .max }
        #expect(Self.plan(always)?.isDue != true)
    }

    @Test func `what is overdue is cleaned at any ratio`() throws {
        let overdue = Self.view(Self.segments([0, 100, 200]), cleanedEnd: 100) {
            $0.minCleanableDirtyRatio = 1
            $0.maxCompactionLagMilliseconds = 900
        }
        let plan = try #require(Self.plan(overdue))
        #expect(plan.overdueMilliseconds == 50 && plan.isDue)
        let early = Self.view(Self.segments([0, 100, 200]), cleanedEnd: 100) {
            $0.minCleanableDirtyRatio = 1
            $0.maxCompactionLagMilliseconds = 950
        }
        #expect(Self.plan(early)?.isDue == false)
    }

    @Test(arguments: [-1, 99, 1_001] as [Offset])
    func `a checkpoint outside of the log is not believed`(cleanedEnd: Offset) throws {
        let view = Self.view(Self.segments([100, 200, 300]), cleanedEnd: cleanedEnd, logStart: 100)
        #expect(Self.plan(view)?.firstDirty == 100)
    }

    @Test func `an empty log has no plan, and one that is clean is not due`() {
        #expect(Self.plan(Self.view([])) == nil)
        #expect(Self.plan(Self.view(Self.segments([0], bytes: 0))) == nil)
        #expect(Self.plan(Self.view(Self.segments([0]))) == nil)
        #expect(Self.plan(Self.view(Self.segments([0, 100]), cleanedEnd: 100))?.isDue == false)
        #expect(Self.plan(Self.view(Self.segments([0, 100]), cleanedEnd: 500))?.isDue == false)
    }

    @Test func `neighbours are gathered as far as one segment may grow`() {
        var settings = LogSettings()
        settings.segmentBytes = 250
        let segments = Self.segments([0, 100, 200, 300, 400])
        #expect(CompactionPlan.groups(of: segments, end: 500, settings: settings) == [0..<2, 2..<4, 4..<5])
        settings.segmentIndexBytes = 16
        #expect(CompactionPlan.groups(of: segments, end: 500, settings: settings).count == 5)
        #expect(CompactionPlan.groups(of: [], end: 0, settings: settings) == [])
        // Offsets in a segment are 31 bits, also where little is left.
        settings = LogSettings()
        let far = Self.segments([0, 1 << 30, 1 << 31, 3 << 30])
        #expect(CompactionPlan.groups(of: far, end: 1 << 32, settings: settings) == [0..<2, 2..<4])
    }
}
