import LogCore
import LogObjects
import Metadata
import Model
import NIOCore
import ObjectStore
import RecordBatch
import Synchronization
import Testing
import Threads

@testable import ObjectEngine

@Suite(.timeLimit(.minutes(20)))
struct FaultTests {
    @Test(arguments: [true, false])
    func `a commit whose answer is lost is asked for until it is known`(isCommitted: Bool) async throws {
        let fixture = ClusterFixture()
        let (engine, logs) = try await fixture.takeOver()
        fixture.memory.loseNext([isCommitted, isCommitted, false, true])
        for start in 0..<5 { try await logs[0].write(makeBatch(start..<(start + 1))) }
        #expect(try await logs[0].numbers() == Array(0..<5))
        engine.abandon()
        let (next, successors) = try await fixture.takeOver()
        #expect(try await successors[0].numbers() == Array(0..<5))
        try await next.shutDown()
    }

    @Test func `an upload that fails is repeated, and a slow one hedged`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.hedgeDelay = .milliseconds(1)...(.milliseconds(1))
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        fixture.objects.state.withLock { $0.putLosses = [true, false, true, false] }
        for start in 0..<3 { try await logs[0].write(makeBatch(start..<(start + 1))) }
        // The first name of every flush hangs; another attempt under another name makes it.
        fixture.objects.hold { $0.hasSuffix(".0") }
        for start in 3..<6 { try await logs[0].write(makeBatch(start..<(start + 1))) }
        fixture.objects.release()
        #expect(try await logs[0].numbers() == Array(0..<6))
        try await engine.shutDown()
    }

    @Test func `nothing is readable or acknowledged before its commit`() async throws {
        let fixture = ClusterFixture()
        let (engine, logs) = try await fixture.takeOver()
        fixture.memory.stop()
        let waiter = TestWaiter()
        _ = try logs[0].append(makeBatch(0..<4), options: logs[0].options(), waiter: waiter)
        try await logs[0].eventually { fixture.objects.names.count == 1 }
        #expect(!waiter.isTold)
        #expect(logs[0].offsets.highWatermark == 0 && logs[0].offsets.logEnd == 4)
        #expect(try await logs[0].fetch(0).bytes == 0)
        fixture.memory.resume()
        #expect(await waiter.wait() == nil)
        try await engine.shutDown()
    }

    @Test func `appends beyond the bound of uncommitted bytes are refused until there is room`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.uncommittedBytesMax = 2_000
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        fixture.memory.stop()
        var waiters: [TestWaiter] = []
        var refusal: LogError?
        while refusal == nil {
            let waiter = TestWaiter()
            do throws(LogError) {
                _ = try logs[0].append(Self.batch(waiters.count), options: logs[0].options(), waiter: waiter)
                waiters.append(waiter)
            } catch {
                refusal = error
            }
        }
        #expect(refusal?.code == .overloaded)
        #expect(engine.isCongested)
        fixture.memory.resume()
        for waiter in waiters { #expect(await waiter.wait() == nil) }
        #expect(!engine.isCongested && engine.budget.unwrittenBytes == 0)
        #expect(try await logs[0].numbers() == Array(0..<waiters.count))
        try await engine.shutDown()
    }

    @Test func `nobody is asked to wait for room while nothing can be committed at all`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.uncommittedBytesMax = 400
        settings.retryDelay = .milliseconds(1)...(.milliseconds(2))
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        fixture.memory.loseNext(Array(repeating: false, count: 100_000))
        let waiter = TestWaiter()
        _ = try logs[0].append(Self.batch(0), options: logs[0].options(), waiter: waiter)
        _ = try logs[0].append(Self.batch(1), options: logs[0].options(), waiter: nil)
        #expect(engine.budget.unwrittenBytes > settings.uncommittedBytesMax / 2)
        try await logs[0].eventually { !engine.isCongested }
        #expect(throws: LogError.self) {
            _ = try logs[0].append(Self.batch(2), options: logs[0].options(), waiter: nil)
        }
        fixture.memory.state.withLock { $0.losses = [] }
        #expect(await waiter.wait() == nil)
        _ = try await logs[0].write(Self.batch(2))
        try await engine.shutDown()
    }

    private static func batch(_ number: Int) -> ValidatedBatches {
        do {
            return try makeBatch(number..<(number + 1), bytes: 100)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    @Test func `damaged and missing objects are told as damage, and the rest is served`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = 0
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        for start in 0..<4 { try await logs[0].write(makeBatch(start * 2..<(start * 2 + 2))) }
        let names = fixture.objects.names
        #expect(names.count == 4)
        fixture.objects.corrupt(names[1], at: FlushObject.headerBytes + 70)
        fixture.objects.remove(names[2])
        for offset in [Offset(2), 3, 4, 5] {
            do {
                _ = try await logs[0].fetch(offset)
                Issue.record("offset \(offset) is served")
            } catch let error as LogError {
                #expect(error.code == .corruptBatch)
            }
        }
        #expect(try await logs[0].numbers(from: 6) == [6, 7])
        #expect(engine.damagedRangeCount == 2)
        #expect(throws: LogError.self) {
            try logs[0].read(.init(offset: 2, bytesMax: 1, atLeastOneBatch: true, isolation: .readUncommitted))
        }
        try await engine.shutDown()
    }

    @Test func `a store that does not answer damages nothing`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = 0
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        try await logs[0].write(makeBatch(0..<4))
        fixture.objects.state.withLock { $0.getFailures = [ObjectStoreError(.unavailable, "test")] }
        do {
            _ = try await logs[0].fetch(0)
            Issue.record("it is served")
        } catch let error as LogError {
            #expect(error.code == .storage)
        }
        #expect(try await logs[0].numbers() == [0, 1, 2, 3])
        #expect(engine.damagedRangeCount == 0)
        try await engine.shutDown()
    }

    @Test func `many who read one block ask the store once`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = 0
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        try await logs[0].write(makeBatch(0..<40))
        fixture.objects.holdGets()
        let log = logs[0]
        let found = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<20 { group.addTask { try await log.numbers() } }
            try await log.eventually { fixture.objects.waitingCount == 1 && engine.reads.runningCount == 20 }
            fixture.objects.release()
            var found: [[Int]] = []
            for try await numbers in group { found.append(numbers) }
            return found
        }
        #expect(found.allSatisfy { $0 == Array(0..<40) })
        #expect(fixture.objects.getCount == 1)
        try await engine.shutDown()
    }

    @Test func `reads beyond the bounded queue are told to come again`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = 0
        settings.readersMax = 1
        settings.readQueueMax = 2
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        try await logs[0].write(makeBatch(0..<4))
        fixture.objects.holdGets()
        let request = ReadRequest(offset: 0, bytesMax: 10, atLeastOneBatch: true, isolation: .readUncommitted)
        let codes = Mutex<[LogError.Code?]>([])
        for _ in 0..<6 {
            engine.perform([DeferredRead(log: logs[0], request: request)]) { results in
                if case .failure(let error) = results[0] {
                    codes.withLock { $0.append(error.code) }
                } else {
                    codes.withLock { $0.append(nil) }
                }
            }
        }
        try await logs[0].eventually { codes.withLock { $0.count } >= 3 }
        #expect(codes.withLock { $0.allSatisfy { $0 == .readersBusy } })
        fixture.objects.release()
        try await logs[0].eventually { codes.withLock { $0.count } == 6 }
        #expect(codes.withLock { $0.contains(nil) })
        try await engine.shutDown()
    }
}
