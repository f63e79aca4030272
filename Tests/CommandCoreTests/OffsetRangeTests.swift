import CommandCore
import Model
import Testing

@Suite
struct OffsetRangeTests {
    private static let now: Timestamp = 1_796_000_000_000
    private static let day: Int64 = 86_400_000

    @Test(arguments: [
        ("start", OffsetRange(from: .start)), ("earliest", OffsetRange(from: .start)),
        ("beginning", OffsetRange(from: .start)), ("end", OffsetRange(from: .end)),
        ("latest", OffsetRange(from: .end)), (":end", OffsetRange(from: .start, until: .end)),
        ("47", OffsetRange(from: .offset(47))), ("47:", OffsetRange(from: .offset(47))),
        (":47", OffsetRange(from: .start, until: .offset(47))),
        ("12:47", OffsetRange(from: .offset(12), until: .offset(47))),
        ("12:end", OffsetRange(from: .offset(12), until: .end)), ("+5", OffsetRange(from: .afterStart(5))),
        ("-5", OffsetRange(from: .beforeEnd(5))), ("-5:end", OffsetRange(from: .beforeEnd(5), until: .end)),
    ])
    func `offsets are read as rpk and kcat write them`(text: String, expected: OffsetRange) throws {
        #expect(try OffsetRange(text, now: Self.now) == expected)
    }

    @Test(arguments: [
        ("@1767268800000", OffsetRange(from: .time(1_767_268_800_000))),
        ("s@1767268800000", OffsetRange(from: .time(1_767_268_800_000))),
        ("e@1767268800000", OffsetRange(from: .start, until: .time(1_767_268_800_000))),
        ("@1767268800", OffsetRange(from: .time(1_767_268_800_000))),
        ("@2026-01-01T12:00:00Z", OffsetRange(from: .time(1_767_268_800_000))),
        ("@2026-01-01T12:00:00.250Z", OffsetRange(from: .time(1_767_268_800_250))),
        ("@2026-01-01T14:00:00+02:00", OffsetRange(from: .time(1_767_268_800_000))),
        ("@2026-01-01", OffsetRange(from: .time(1_767_225_600_000))),
        ("@2026-01-01:", OffsetRange(from: .time(1_767_225_600_000))),
        ("@:2026-01-01", OffsetRange(from: .start, until: .time(1_767_225_600_000))),
        ("@2026-01-01:1h", OffsetRange(from: .time(1_767_225_600_000), until: .time(1_767_229_200_000))),
        (
            "@2026-01-01T12:00:00Z:2026-01-01T13:00:00Z",
            OffsetRange(from: .time(1_767_268_800_000), until: .time(1_767_272_400_000))
        ),
        ("@-48h:-24h", OffsetRange(from: .time(now - 2 * day), until: .time(now - day))),
        ("@-1m:end", OffsetRange(from: .time(now - 60_000), until: .end)),
        ("@:-1hr", OffsetRange(from: .start, until: .time(now - 3_600_000))),
        ("@:end", OffsetRange(from: .start, until: .end)), ("@now", OffsetRange(from: .time(now))),
    ])
    func `times are read as rpk writes them`(text: String, expected: OffsetRange) throws {
        #expect(try OffsetRange(text, now: Self.now) == expected)
    }

    @Test(arguments: [
        "", ":", "begin", "1:2:3", "47:12", "@", "@yesterday", "@2026-13-01", "@2026-02-30", "@2026-01-01T25:00:00Z",
        "-", "+", "--5", "@-5x", "@2026-01-02:2026-01-01", "99999999999999999999", "@:", "s@1:2",
    ])
    func `other texts are refused with the grammar`(text: String) {
        #expect(throws: OptionError.self) { try OffsetRange(text, now: Self.now) }
    }

    @Test
    func `points lie within a partition's log`() {
        #expect(OffsetRange.Point.start.offset(start: 10, end: 20, time: nil) == 10)
        #expect(OffsetRange.Point.end.offset(start: 10, end: 20, time: nil) == 20)
        #expect(OffsetRange.Point.afterStart(3).offset(start: 10, end: 20, time: nil) == 13)
        #expect(OffsetRange.Point.afterStart(30).offset(start: 10, end: 20, time: nil) == 20)
        #expect(OffsetRange.Point.beforeEnd(3).offset(start: 10, end: 20, time: nil) == 17)
        #expect(OffsetRange.Point.beforeEnd(.max).offset(start: 10, end: 20, time: nil) == 10)
        #expect(OffsetRange.Point.time(5).offset(start: 10, end: 20, time: 12) == 12)
        #expect(OffsetRange.Point.time(5).offset(start: 10, end: 20, time: nil) == 20)
        #expect(OffsetRange.Point.offset(99).offset(start: 10, end: 20, time: nil) == 99)
    }

    @Test(
        arguments: [
            ("3ms", 3), ("10s", 10_000), ("9m", 540_000), ("1h", 3_600_000), ("1m3ms", 60_003), ("2d", 172_800_000),
            ("1h30m", 5_400_000),
        ] as [(String, Int64)]
    )
    func `spans have units`(text: String, milliseconds: Int64) {
        #expect(DurationText.milliseconds(text) == milliseconds)
    }

    @Test(arguments: ["", "5", "h", "5x", "1h5", "-5s", "99999999999999999999d", "9999999999999999d"])
    func `spans without units and those that are too long are refused`(text: String) {
        #expect(DurationText.milliseconds(text) == nil)
    }

    @Test
    func `spans are printed for people`() {
        #expect(DurationText.text(milliseconds: 850) == "850 ms")
        #expect(DurationText.text(milliseconds: 12_000) == "12 s")
        #expect(DurationText.text(milliseconds: 200_000) == "3 m 20 s")
        #expect(DurationText.text(milliseconds: 18_060_000) == "5 h 1 m")
        #expect(DurationText.text(milliseconds: 183_600_000) == "2 d 3 h")
        #expect(DurationText.text(milliseconds: -5000) == "-5 s")
    }
}
