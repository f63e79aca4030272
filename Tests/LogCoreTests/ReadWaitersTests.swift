import Glibc
import NIOEmbedded
import TestSupport
import Testing

@testable import LogCore
@testable import Model

@Suite struct ReadWaitersTests {
    private let loop = EmbeddedEventLoop()

    private func waiter() -> ReadWaiter { ReadWaiter(eventLoop: self.loop) {} }

    private func passed(
        _ waiters: inout ReadWaiters,
        uncommitted: Offset,
        committed: Offset = -1,
        start: Offset = 0
    ) -> [ReadWaiter] {
        var woken: [ReadWaiter] = []
        waiters.removePassed(uncommitted: uncommitted, committed: committed, logStart: start) { woken.append($0) }
        return woken
    }

    @Test func `only waiters whose limit has passed are woken`() {
        var waiters = ReadWaiters()
        let (near, far, stable) = (self.waiter(), self.waiter(), self.waiter())
        check(waiters.add(near, after: 10, isolation: .readUncommitted))
        check(waiters.add(far, after: 20, isolation: .readUncommitted))
        check(waiters.add(stable, after: 10, isolation: .readCommitted))
        check(self.passed(&waiters, uncommitted: 10, committed: 10).isEmpty)
        let first = self.passed(&waiters, uncommitted: 11, committed: 10)
        check(first.count == 1 && first[0] === near)
        let second = self.passed(&waiters, uncommitted: 11, committed: 11)
        check(second.count == 1 && second[0] === stable)
        // The log start moves past what the last one waits for.
        let third = self.passed(&waiters, uncommitted: 11, committed: 11, start: 30)
        check(third.count == 1 && third[0] === far)
        check(waiters.count == 0)
    }

    @Test func `a waiter that is registered twice keeps the lower offset and fires once`() {
        var waiters = ReadWaiters()
        let waiter = self.waiter()
        check(waiters.add(waiter, after: 20, isolation: .readUncommitted))
        check(waiters.add(waiter, after: 5, isolation: .readUncommitted))
        check(waiters.add(waiter, after: 50, isolation: .readUncommitted))
        check(waiters.count == 1)
        check(self.passed(&waiters, uncommitted: 6).count == 1)
        check(waiters.count == 0)
    }

    @Test func `beyond the bound none is registered, and a removal makes room`() {
        var waiters = ReadWaiters(countMax: 3)
        let all = (0..<4).map { _ in self.waiter() }
        for waiter in all[..<3] { check(waiters.add(waiter, after: 0, isolation: .readCommitted)) }
        check(!waiters.add(all[3], after: 0, isolation: .readUncommitted))
        waiters.remove(all[3])
        waiters.remove(all[1])
        waiters.remove(all[1])
        check(waiters.add(all[3], after: 0, isolation: .readUncommitted))
        check(waiters.count == 3)
    }

    /// Against an array that is searched, with few and with many waiters at a time.
    @Test(arguments: [3, 12, 17, 200]) func `a seeded run agrees with a plain list`(size: Int) {
        var random = SeededGenerator(seed: UInt64(size))
        var waiters = ReadWaiters()
        var model: [(waiter: ReadWaiter, offset: Offset, isCommitted: Bool)] = []
        var committed: Offset = 0
        var uncommitted: Offset = 0
        for _ in 0..<4_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5 where model.count < size:
                let isCommitted = Bool.random(using: &random)
                let offset = (isCommitted ? committed : uncommitted) + Offset.random(in: 0..<5, using: &random)
                let waiter = self.waiter()
                check(waiters.add(waiter, after: offset, isolation: isCommitted ? .readCommitted : .readUncommitted))
                model.append((waiter, offset, isCommitted))
            case 5..<7 where !model.isEmpty:
                let index = Int.random(in: 0..<model.count, using: &random)
                waiters.remove(model.remove(at: index).waiter)
            case 9:
                var all = 0
                if Int.random(in: 0..<20, using: &random) == 0 {
                    waiters.removeAll { _ in all += 1 }
                    check(all == model.count)
                    model = []
                }
            default:
                uncommitted += Offset.random(in: 0..<4, using: &random)
                committed = max(committed, uncommitted - Offset.random(in: 0..<6, using: &random))
                let woken = self.passed(&waiters, uncommitted: uncommitted, committed: committed)
                let wanted = model.filter { $0.offset < ($0.isCommitted ? committed : uncommitted) }
                check(Set(woken.map(ObjectIdentifier.init)) == Set(wanted.map { ObjectIdentifier($0.waiter) }))
                check(woken.count == wanted.count)
                model.removeAll { $0.offset < ($0.isCommitted ? committed : uncommitted) }
            }
            check(waiters.count == model.count)
        }
    }

    /// A list that is searched for each would take ten thousand times as long for ten thousand waiters as for one.
    @Test func `many waiters are removed one by one in little time`() {
        func nanoseconds(_ count: Int) -> Int {
            var waiters = ReadWaiters()
            let all = (0..<count).map { _ in self.waiter() }
            let start = Self.threadTime
            for waiter in all { _ = waiters.add(waiter, after: 7, isolation: .readUncommitted) }
            for waiter in all { waiters.remove(waiter) }
            return Self.threadTime - start
        }
        _ = nanoseconds(1_000)
        let few = nanoseconds(2_000)
        let many = nanoseconds(32_000)
        // 16 times as many: 16 times the work, with a factor to spare; 256 times if each looked at all.
        check(many < few * 100)
    }

    /// Of this thread alone, so that a busy machine does not count.
    private static var threadTime: Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
