import Testing

@testable import ObjectStore

@Suite struct RetryTests {
    @Test func `pauses double up to a bound, are spread, and end with the time`() {
        let schedule = RetrySchedule(pauseMin: .milliseconds(10), pauseMax: .milliseconds(100), timeMax: .seconds(1))
        let failed = ObjectStoreError(.unavailable, "")
        func pause(_ attempt: Int, _ error: ObjectStoreError = failed, random: UInt64 = 0) -> Duration? {
            schedule.pause(afterAttempt: attempt, elapsed: .zero, error: error, random: random)
        }
        #expect((1...6).map { pause($0) } == [5, 10, 20, 40, 50, 50].map { .milliseconds($0) })
        #expect(pause(1, ObjectStoreError(.throttled, "")) == .milliseconds(20))
        #expect(pause(1_000) == .milliseconds(50))
        let spread = pause(1, random: .max) ?? .zero
        #expect(spread > .milliseconds(9) && spread <= .milliseconds(10))
        for code in [ObjectStoreError.Code.notFound, .denied, .preconditionFailed, .invalid, .closed] {
            #expect(pause(1, ObjectStoreError(code, "")) == nil)
        }
        #expect(schedule.pause(afterAttempt: 1, elapsed: .milliseconds(996), error: failed, random: 0) == nil)
    }

    @Test func `a call is hedged after twice what 99 in 100 took, within bounds`() {
        var window = LatencyWindow(sampleCountMax: 100)
        let bounds = Duration.milliseconds(50)...Duration.seconds(2)
        #expect(window.hedgeDelay(within: bounds) == .seconds(2))
        for _ in 0..<100 { window.record(.milliseconds(5)) }
        #expect(window.hedgeDelay(within: bounds) == .milliseconds(50))
        for number in 1...100 { window.record(.milliseconds(number)) }
        #expect(window.percentile(0.5) == .milliseconds(50))
        #expect(window.hedgeDelay(within: bounds) == .milliseconds(198))
        for _ in 0..<100 { window.record(.seconds(9)) }
        #expect(window.hedgeDelay(within: bounds) == .seconds(2))
    }

    @Test func `documents are read, and what is not one is refused`() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?><!-- c --><a:R xmlns:a="x>y"><K n='1'>a&amp;b&#x20;&#65;</K><E/>
            <K>2</K></a:R>
            """
        let root = try XMLElement.document(text.utf8)
        #expect(root.name == "R")
        #expect(root.all("K").map(\.text) == ["a&b A", "2"])
        #expect(root["E"] == XMLElement(name: "E"))
        #expect(XMLElement.escaped("a<&>b") == "a&lt;&amp;&gt;b")
        let deep = String(repeating: "<a>", count: 100_000)
        for text in [
            "", "<", "<a>", "<a></b>", "<a>&unknown;</a>", "<!DOCTYPE a><a/>", "<a", "<a>&#xFFFFFFFF;</a>", deep,
        ] {
            #expect(throws: XMLElement.Malformed.self) { try XMLElement.document(text.utf8) }
        }
        for count in 0..<text.utf8.count - 1 { _ = try? XMLElement.document(text.utf8.prefix(count)) }
    }
}
