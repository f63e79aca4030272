import NIOCore
import NIOEmbedded
import Testing

@testable import Serving

@Suite
struct IdleTimerTests {
    private let loop = EmbeddedEventLoop()

    @Test func `silence is reported after the limit, and after as long again`() {
        let timer = IdleTimer(limit: .seconds(10))
        var times = 0
        timer.start(on: self.loop) { times += 1 }
        self.loop.advanceTime(by: .seconds(9))
        #expect(times == 0)
        self.loop.advanceTime(by: .seconds(1))
        #expect(times == 1)
        self.loop.advanceTime(by: .seconds(9))
        #expect(times == 1)
        self.loop.advanceTime(by: .seconds(1))
        #expect(times == 2)
    }

    @Test func `the limit counts from what last happened`() {
        let timer = IdleTimer(limit: .seconds(10))
        var times = 0
        timer.start(on: self.loop) { times += 1 }
        for _ in 0..<5 {
            self.loop.advanceTime(by: .seconds(7))
            timer.activity()
        }
        #expect(times == 0)
        self.loop.advanceTime(by: .nanoseconds(9_999_999_999))
        #expect(times == 0)
        self.loop.advanceTime(by: .nanoseconds(1))
        #expect(times == 1)
    }

    @Test(arguments: [false, true])
    func `nothing is reported after the end, also when a report causes the end`(byItself: Bool) {
        let timer = IdleTimer(limit: .seconds(10))
        var times = 0
        timer.start(on: self.loop) {
            times += 1
            if byItself { timer.stop() }
        }
        if !byItself { timer.stop() }
        timer.activity()
        self.loop.advanceTime(by: .hours(1))
        #expect(times == (byItself ? 1 : 0))
    }
}
