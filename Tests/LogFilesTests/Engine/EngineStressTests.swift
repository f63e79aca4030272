import NIOCore
import NIOPosix
import Synchronization
import Testing
import Threads

@testable import LogCore
@testable import LogFiles
@testable import Model
@testable import RecordBatch

@Suite(.timeLimit(.minutes(20)))
struct EngineStressTests {
    /// Four writers and two readers over three partitions, small segments, small memory, checkpoints in between.
    @Test(arguments: [true, false])
    func `many threads at once keep order and content`(isJournaled: Bool) throws {
        let fixture = try EngineFixture()
        fixture.settings.tailBytesMax = 20_000
        fixture.settings.checkpointMilliseconds = 5
        var settings = LogSettings()
        settings.segmentBytes = 20_000
        settings.indexIntervalBytes = 500
        settings.flushMessages = isJournaled ? 1 : 200
        let (engine, logs) = try fixture.startWithLogs(3, settings)
        let failures = Mutex<[String]>([])
        let acknowledged = Mutex<[Int]>([0, 0, 0])
        let finished = Atomic<Bool>(false)
        var threads: [NamedThread] = []
        for writer in 0..<4 {
            threads.append(
                NamedThread(name: "append-\(writer)") {
                    do {
                        var waiters: [TestWaiter] = []
                        for round in 0..<300 {
                            let log = logs[(writer + round) % 3]
                            let waiter = TestWaiter()
                            _ = try log.append(
                                makeBatch(0..<3, bytes: 50 + round % 200),
                                options: options(),
                                waiter: waiter
                            )
                            acknowledged.withLock { $0[(writer + round) % 3] += 3 }
                            waiters.append(waiter)
                            if waiters.count == 8 {
                                for waiter in waiters { try waiter.wait() }
                                waiters = []
                            }
                        }
                        for waiter in waiters { try waiter.wait() }
                    } catch {
                        failures.withLock { $0.append("writer: \(error)") }
                    }
                }
            )
        }
        var readers: [NamedThread] = []
        for reader in 0..<2 {
            readers.append(
                NamedThread(name: "read-\(reader)") {
                    do {
                        while !finished.load(ordering: .relaxed) {
                            for log in logs {
                                let numbers = try log.numbers(bytesMax: 3_000)
                                if numbers.contains(where: { $0 < 0 || $0 > 2 }) {
                                    failures.withLock { $0.append("reader: wrong content") }
                                }
                            }
                        }
                    } catch {
                        failures.withLock { $0.append("reader: \(error)") }
                    }
                }
            )
        }
        for thread in threads { thread.join() }
        finished.store(true, ordering: .relaxed)
        for reader in readers { reader.join() }
        #expect(failures.withLock { $0 } == [])
        let counts = acknowledged.withLock { $0 }
        for (log, count) in zip(logs, counts) {
            #expect(log.offsets.highWatermark == Offset(count))
            #expect(try log.numbers(bytesMax: 5_000).count == count)
        }
        engine.settle()
        #expect(engine.unwrittenBytes == 0)
        try engine.close()
        let (second, reopened) = try fixture.startWithLogs(3, settings)
        for (log, count) in zip(reopened, counts) { #expect(try log.numbers().count == count) }
        try second.close()
    }
}
