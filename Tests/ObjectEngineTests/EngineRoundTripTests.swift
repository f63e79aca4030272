import LogCore
import LogObjects
import Model
import NIOCore
import NIOPosix
import RecordBatch
import Synchronization
import Testing
import Threads

@testable import ObjectEngine

@Suite(.timeLimit(.minutes(20)))
struct EngineRoundTripTests {
    @Test func `what is appended is read back in order, from memory and from objects`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = 2_000
        settings.blockBytes = 512
        settings.blockCacheBytesMax = 4_096
        settings.flush.bytesMax = 3_000
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        let waiters = try stride(from: 0, to: 1_000, by: 5).map { start -> TestWaiter in
            let waiter = TestWaiter()
            _ = try logs[0].append(makeBatch(start..<(start + 5)), options: logs[0].options(), waiter: waiter)
            return waiter
        }
        for waiter in waiters { #expect(await waiter.wait() == nil) }
        #expect(logs[0].offsets.highWatermark == 1_000)
        #expect(logs[0].head.withLock { $0.state.tail.storedBytes } <= 2_000)
        #expect(fixture.objects.names.count > 5)
        for bytesMax in [1, 200, 1_000, 1 << 20] {
            #expect(try await logs[0].numbers(bytesMax: bytesMax) == Array(0..<1_000))
        }
        for offset in stride(from: Offset(0), to: 1_000, by: 37) {
            #expect(try await logs[0].numbers(from: offset, bytesMax: 500).first == Int(offset))
        }
        #expect(engine.blocks.bytes <= 4_096)
        try await engine.shutDown()
    }

    @Test func `a batch that is larger than a block is read whole`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = 0
        settings.blockBytes = 256
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        for start in 0..<3 { try await logs[0].write(makeBatch(start * 4..<(start * 4 + 4), bytes: 500)) }
        #expect(try await logs[0].numbers(bytesMax: 1) == Array(0..<12))
        try await engine.shutDown()
    }

    @Test func `partitions share an object and are read apart`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = 0
        let (engine, logs) = try await fixture.takeOver(20, settings: settings)
        let waiters = try (0..<10).flatMap { round in
            try logs.map { log -> TestWaiter in
                let waiter = TestWaiter()
                _ = try log.append(makeBatch(round..<(round + 1)), options: log.options(), waiter: waiter)
                return waiter
            }
        }
        for waiter in waiters { #expect(await waiter.wait() == nil) }
        #expect(fixture.objects.names.count < 100)
        for log in logs { #expect(try await log.numbers() == Array(0..<10)) }
        try await engine.shutDown()
    }

    @Test func `a tailing reader is woken and costs the store nothing`() async throws {
        let fixture = ClusterFixture()
        let (engine, logs) = try await fixture.takeOver()
        #expect(try await logs[0].fetch(0).bytes == 0)
        for number in 0..<20 {
            let woken = TestWaiter()
            let waiter = ReadWaiter(eventLoop: MultiThreadedEventLoopGroup.singleton.any()) {
                woken.appendCompleted(nil)
            }
            _ = logs[0].addReadWaiter(waiter, after: Offset(number), isolation: .readUncommitted)
            try await logs[0].write(makeBatch(number..<(number + 1)))
            #expect(await woken.wait() == nil)
            #expect(try await logs[0].numbers(from: Offset(number)) == [number])
        }
        #expect(fixture.objects.getCount == 0)
        await #expect(throws: LogError.self) { try await logs[0].fetch(50) }
        try await engine.shutDown()
    }

    @Test func `a repeated batch is answered with its first offsets, once these are durable`() async throws {
        let fixture = ClusterFixture()
        let (engine, logs) = try await fixture.takeOver()
        let batch = try makeBatch(0..<5, producer: Producer(id: 3, sequence: 0))
        fixture.memory.stop()
        let (first, second) = (TestWaiter(), TestWaiter())
        let one = try logs[0].append(batch, options: logs[0].options(), waiter: first)
        let two = try logs[0].append(batch, options: logs[0].options(), waiter: second)
        #expect(two.isDuplicate)
        #expect(two.baseOffset == one.baseOffset && two.lastOffset == one.lastOffset)
        #expect(!first.isTold && !second.isTold)
        #expect(logs[0].offsets.highWatermark == 0)
        fixture.memory.resume()
        #expect(await first.wait() == nil)
        #expect(await second.wait() == nil)
        #expect(logs[0].offsets.logEnd == 5)
        #expect(engine.budget.unwrittenBytes == 0)
        try await engine.shutDown()
    }

    @Test func `timestamps are found in objects and in memory`() async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = 1_000
        settings.flush.bytesMax = 1_000
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        for start in stride(from: 0, to: 200, by: 5) {
            try await logs[0].write(makeBatch(start..<(start + 5), timestamp: Timestamp(10_000 + start)))
        }
        for offset in [0, 1, 57, 100, 199] {
            #expect(try await logs[0].find(.atOrAfter(Timestamp(10_000 + offset)))?.offset == Offset(offset))
        }
        #expect(try await logs[0].find(.atOrAfter(0))?.offset == 0)
        #expect(try await logs[0].find(.atOrAfter(10_200)) == nil)
        #expect(try await logs[0].find(.maximum)?.offset == 199)
        // A later one in the middle of what is stored.
        try await logs[0].write(makeBatch(200..<201, timestamp: 90_000))
        for start in 201..<240 { try await logs[0].write(makeBatch(start..<(start + 1))) }
        #expect(try await logs[0].find(.maximum)?.offset == 200)
        try await engine.shutDown()
    }

    @Test(arguments: [Int64(1 << 20), 0])
    func `aborted transactions are told to readers of what is committed`(cacheBytes: Int64) async throws {
        let fixture = ClusterFixture()
        var settings = ClusterFixture.quick
        settings.writeCacheBytesMax = cacheBytes
        let (engine, logs) = try await fixture.takeOver(settings: settings)
        let log = logs[0]
        for sequence in 0..<3 {
            let producer = Producer(id: 4, sequence: Int32(sequence), isTransactional: true)
            try await log.write(makeBatch(sequence..<(sequence + 1), producer: producer))
            #expect(log.offsets.lastStable == Offset(2 * sequence))
            try await log.write(makeMarker(4, isAbort: sequence != 1), .coordinator)
            #expect(log.offsets.lastStable == Offset(2 * sequence + 2))
        }
        let all = try await log.fetch(0, isolation: .readCommitted)
        #expect(all.abortedTransactions.map(\.firstOffset) == [0, 4])
        let second = try await log.fetch(2, bytesMax: 1, isolation: .readCommitted)
        #expect(second.abortedTransactions.isEmpty)
        // An open one hides what follows, and a successor knows all of them.
        try await log.write(makeBatch(9..<10, producer: Producer(id: 5, sequence: 0, isTransactional: true)))
        engine.abandon()
        let (next, successors) = try await fixture.takeOver(settings: settings)
        let successor = successors[0]
        #expect(successor.offsets.lastStable == 6)
        #expect(successor.offsets.highWatermark == 7)
        #expect(
            try await successor.fetch(0, isolation: .readCommitted).abortedTransactions.map(\.firstOffset) == [0, 4]
        )
        try await successor.write(makeMarker(5, isAbort: true), .coordinator)
        let tail = try await successor.fetch(6, isolation: .readCommitted)
        #expect(tail.abortedTransactions.map(\.firstOffset) == [6])
        #expect(successor.offsets.lastStable == 8)
        try await next.shutDown()
    }
}
