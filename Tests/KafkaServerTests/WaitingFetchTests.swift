import NIOCore
import Testing

@testable import KafkaServer

@Suite struct WaitingFetchTests {
    @Test(arguments: [0, 1, 15, 500_000, 16_000_000, 500_000_000, 30_000_000_000] as [Int64])
    func `a parked fetch is answered at most an eighth of its wait late and never early`(nanoseconds: Int64) {
        let wait = TimeAmount.nanoseconds(nanoseconds)
        for now in [0, 1, 12_345_678_901, 98_765_432_109_876] as [UInt64] {
            let exact = NIODeadline.uptimeNanoseconds(now) + wait
            let deadline = WaitingFetch.deadline(after: wait, .uptimeNanoseconds(now))
            #expect(deadline >= exact)
            #expect(deadline - exact <= .nanoseconds(nanoseconds / 8))
        }
    }

    @Test func `connections that began to wait at different times are answered at the same time`() {
        let deadlines = (0..<500).map {
            WaitingFetch.deadline(after: .milliseconds(500), .uptimeNanoseconds(7_000_000_000 + $0 * 1_000_000))
        }
        #expect(Set(deadlines).count < 20)
    }

    @Test func `a deadline beyond all time stays what it is`() {
        let deadline = WaitingFetch.deadline(after: .nanoseconds(.max), .uptimeNanoseconds(.max / 2))
        #expect(deadline == .uptimeNanoseconds(.max / 2) + .nanoseconds(.max))
    }
}
