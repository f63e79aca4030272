import Testing

@testable import Text

@Suite struct CalendarTimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_796_038_205_123, "2026-11-30T11:30:05.123Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func `a time is written as RFC 3339 says`(milliseconds: Int64, text: String) {
        #expect(CalendarTime(milliseconds).rfc3339 == text)
    }
}
