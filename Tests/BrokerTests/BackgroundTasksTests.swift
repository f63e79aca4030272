import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Broker

@Suite(.timeLimit(.minutes(20))) struct BackgroundTasksTests {
    @Test func `the end waits for what is under way, cancels it and refuses more`() async {
        let loop = NIOAsyncTestingEventLoop()
        let tasks = BackgroundTasks(eventLoop: loop)
        let (stream, gate) = AsyncStream.makeStream(of: Void.self)
        let wasCancelled = Mutex(false)
        tasks.start {
            for await _ in stream { break }
            wasCancelled.withLock { $0 = Task.isCancelled }
        }
        #expect(tasks.count == 1)
        let hasEnded = await tasks.end(within: .seconds(5))
        #expect(hasEnded)
        #expect(wasCancelled.withLock { $0 })
        let isStarted = tasks.start {}
        #expect(!isStarted)
        gate.finish()
        let again = await tasks.end(within: .seconds(5))
        #expect(again, "a second end finds nothing")
    }

    @Test func `what does not end is waited for only as long as the bound`() async {
        let loop = NIOAsyncTestingEventLoop()
        let tasks = BackgroundTasks(eventLoop: loop)
        let held = Mutex<CheckedContinuation<Void, Never>?>(nil)
        tasks.start { await withCheckedContinuation { continuation in held.withLock { $0 = continuation } } }
        while held.withLock({ $0 == nil }) { await Task.yield() }
        let outcome = Mutex<Bool?>(nil)
        let end = Task {
            let hasEnded = await tasks.end(within: .seconds(5))
            outcome.withLock { $0 = hasEnded }
        }
        while outcome.withLock({ $0 == nil }) {
            await loop.advanceTime(by: .seconds(5))
            await Task.yield()
        }
        #expect(outcome.withLock { $0 } == false)
        held.withLock { $0.take() }?.resume()
        await end.value
        while tasks.count > 0 { await Task.yield() }
    }
}
