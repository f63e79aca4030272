import Testing

@testable import Quotas

/// The rates of Kafka's quotas, with a clock that the tests move.
@Suite struct SampledRateTests {
    private static let window = QuotaWindow(samples: 11, sampleMilliseconds: 1000)

    @Test func `a rate begins over all of the window but one sample`() {
        var rate = SampledRate()
        rate.record(1000, now: 0, Self.window)
        let measured = rate.measure(now: 0, Self.window)
        #expect(measured.milliseconds == 10_000 && measured.rate == 100)
    }

    @Test func `the last sample counts as long as it is old`() {
        var rate = SampledRate()
        rate.record(1000, now: 0, Self.window)
        let measured = rate.measure(now: 500, Self.window)
        #expect(measured.milliseconds == 10_500)
    }

    @Test func `a steady rate is measured as it is`() {
        var rate = SampledRate()
        for tick in 0..<200 { rate.record(10, now: Int64(tick) * 100, Self.window) }
        let measured = rate.measure(now: 19_999, Self.window)
        #expect(abs(measured.rate - 100) < 5, "\(measured)")
    }

    @Test func `nothing is left one window after the last event`() {
        var rate = SampledRate()
        rate.record(1000, now: 0, Self.window)
        #expect(!rate.isIdle(now: 10_999, Self.window))
        #expect(rate.isIdle(now: 11_000, Self.window))
        let measured = rate.measure(now: 11_000, Self.window)
        #expect(measured.rate == 0)
    }

    /// (O - T) / T * W, as in Kafka's QuotaUtils.
    @Test func `the pause is as long as it takes for the rate to fall to the bound`() {
        var rate = SampledRate()
        rate.record(2000, now: 0, Self.window)
        #expect(rate.excess(over: 200, now: 0, Self.window) == 0)
        #expect(rate.excess(over: 100, now: 0, Self.window) == 10_000)
        // The window was taken to be full from the start, so it takes one sample more, as in Kafka.
        #expect(rate.excess(over: 100, now: 10_999, Self.window) > 0)
        #expect(rate.excess(over: 100, now: 11_000, Self.window) == 0)
    }

    @Test func `what is taken back was never there`() {
        var rate = SampledRate()
        rate.record(500, now: 0, Self.window)
        rate.record(700, now: 10, Self.window)
        rate.record(-700, now: 10, Self.window)
        let measured = rate.measure(now: 10, Self.window)
        #expect(abs(measured.rate - 500 * 1000 / 10_010) < 1e-9)
    }

    @Test func `time without events makes no samples, and a long one forgets them`() {
        var rate = SampledRate()
        rate.record(100, now: 0, Self.window)
        rate.record(100, now: 5_000, Self.window)
        let both = rate.measure(now: 5_000, Self.window)
        #expect(both.milliseconds == 10_000 && both.rate == 20)
        // The first is older than the window now, the second is not.
        let one = rate.measure(now: 12_000, Self.window)
        #expect(abs(one.rate - 100 * 1000 / 10_000) < 1, "\(one)")
    }

    @Test(arguments: [1, 2, 11]) func `an extreme window and clock do not trap`(_ samples: Int) {
        let window = QuotaWindow(samples: samples, sampleMilliseconds: 1)
        var rate = SampledRate()
        for now in [0, 0, 1, 5, Int64.max / 4] { rate.record(.greatestFiniteMagnitude / 8, now: now, window) }
        #expect(rate.excess(over: 1e-300, now: Int64.max / 4, window) == Int64(Int32.max))
    }
}

@Suite struct MutationBucketTests {
    private static let window = QuotaWindow(samples: 10, sampleMilliseconds: 1000)

    /// The example in Kafka's TokenBucket: a burst of 560 at 5 a second over 100 samples waits 12 s, not 100.
    @Test func `a burst waits until the bucket is at zero again`() {
        let window = QuotaWindow(samples: 100, sampleMilliseconds: 1000)
        var bucket = MutationBucket(bound: 5, now: 0, window)
        bucket.take(560, bound: 5, now: 0, window)
        #expect(bucket.exhaustion(bound: 5, now: 0, window) == 12_000)
        #expect(bucket.exhaustion(bound: 5, now: 11_999, window) == 1)
        #expect(bucket.exhaustion(bound: 5, now: 12_000, window) == 0)
    }

    @Test func `it never holds more than what comes in one window`() {
        var bucket = MutationBucket(bound: 2, now: 0, Self.window)
        #expect(bucket.isFull(bound: 2, now: 1_000_000, Self.window) == true)
        bucket.take(20, bound: 2, now: 1_000_000, Self.window)
        #expect(bucket.exhaustion(bound: 2, now: 1_000_000, Self.window) == 0, "zero is not exhausted")
        bucket.take(1, bound: 2, now: 1_000_000, Self.window)
        #expect(bucket.exhaustion(bound: 2, now: 1_000_000, Self.window) == 500)
    }
}
