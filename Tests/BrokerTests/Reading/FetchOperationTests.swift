import LogCore
import LogTestSupport
import Model
import NIOCore
import NIOEmbedded
import Serving
import Synchronization
import Testing

@testable import Broker

@Suite struct FetchOperationTests {
    /// One fetch, and what it answered.
    // SAFETY: tests use one thread.
    private final class Fetch: @unchecked Sendable {
        let loop = EmbeddedEventLoop()
        let engine = MemoryLogEngine()
        let memory: ConnectionMemory
        var answers: [(outcomes: [FetchOutcome], isParked: Bool)] = []
        private(set) var operation: FetchOperation!

        init(
            _ logs: [MemoryPartitionLog],
            from offset: Offset = 0,
            bytesMin: Int = 1,
            bytesMax: Int = 1 << 19,
            partitionBytesMax: Int = 1_000,
            wait: TimeAmount = .seconds(1),
            isolation: IsolationLevel = .readUncommitted,
            memory: ConnectionMemory = ConnectionMemory(bytesMax: 1 << 20)
        ) {
            self.memory = memory
            self.operation = FetchOperation(
                logs.map {
                    FetchTarget(partition: .plain($0), offset: offset, bytesMax: partitionBytesMax)
                },
                limits: .init(bytesMin: bytesMin, bytesMax: bytesMax, waitMax: wait, isolation: isolation),
                engine: self.engine,
                memory: self.memory,
                on: self.loop
            ) { self.answers.append(($0, $1)) }
        }

        /// Bytes of each partition in the only answer; -1 for an error.
        var bytes: [Int]? {
            guard self.answers.count == 1 else { return nil }
            return self.answers[0].outcomes.map { outcome in
                if case .success(let records) = outcome { records.bytes } else { -1 }
            }
        }

        func error(_ index: Int) -> LogError.Code? {
            guard let answer = self.answers.last, case .failure(let error) = answer.outcomes[index] else { return nil }
            return error.code
        }
    }

    @Test func `what memory has is answered at once`() {
        let fetch = Fetch([MemoryPartitionLog(batches: [10, 20]), MemoryPartitionLog(1)])
        fetch.operation.start()
        #expect(fetch.bytes == [30, 0])
        #expect(!fetch.operation.isParked)
    }

    @Test func `the first news of any partition ends the wait`() {
        let logs = [MemoryPartitionLog(0), MemoryPartitionLog(1)]
        let fetch = Fetch(logs)
        fetch.operation.start()
        #expect(fetch.answers.isEmpty && logs.map(\.waiterCount) == [1, 1])
        logs[1].add(5)
        fetch.loop.run()
        #expect(fetch.bytes == [0, 5])
        #expect(logs.map(\.waiterCount) == [0, 0])
    }

    @Test func `too little is waited on with until there is enough`() {
        let log = MemoryPartitionLog()
        let fetch = Fetch([log], bytesMin: 10)
        fetch.operation.start()
        log.add(4)
        fetch.loop.run()
        #expect(fetch.answers.isEmpty)
        log.add(6)
        fetch.loop.run()
        #expect(fetch.bytes == [10])
    }

    @Test func `a wait that ends with too little answers it and is not kept`() {
        let log = MemoryPartitionLog(batches: [4])
        let fetch = Fetch([log], bytesMin: 10)
        fetch.operation.start()
        fetch.operation.timeIsUp(canRepeat: true)
        #expect(fetch.bytes == [4])
        #expect(!fetch.operation.isParked && log.waiterCount == 0)
    }

    @Test(arguments: [LogError.Code.partitionGone, .storage, .closed])
    func `a partition that fails is told at once, and the others are answered too`(code: LogError.Code) {
        let logs = [MemoryPartitionLog(0), MemoryPartitionLog(1, batches: [7])]
        let fetch = Fetch(logs, bytesMin: 100)
        fetch.operation.start()
        #expect(fetch.answers.isEmpty)
        logs[0].fail(code)
        fetch.loop.run()
        #expect(fetch.error(0) == code)
        #expect(fetch.bytes == [-1, 7])
        #expect(logs.map(\.waiterCount) == [0, 0])
    }

    @Test(arguments: [1, 3])
    func `a reader of committed records learns how far an open transaction is`(records: Int) {
        let log = MemoryPartitionLog()
        let fetch = Fetch([log], isolation: .readCommitted)
        fetch.operation.start()
        log.change { $0.lastStable = 0 }
        for _ in 0..<records {
            log.add(10)
            fetch.loop.run()
        }
        // The first record wakes it, the others do not.
        #expect(fetch.answers.isEmpty && log.reads == 2)
        fetch.operation.timeIsUp(canRepeat: true)
        #expect(fetch.bytes == [0])
        let offsets = (try? fetch.answers.last?.outcomes.first?.get())?.offsets
        #expect(offsets?.highWatermark == Offset(records) && offsets?.lastStable == 0)
        // Its high watermark may move without a wake-up: the same question is asked of the partition again.
        #expect(!fetch.operation.isParked && log.waiterCount == 0)
    }

    @Test func `a parked reader of committed records does not repeat a high watermark that moved`() {
        let log = MemoryPartitionLog()
        let fetch = Fetch([log], isolation: .readCommitted)
        fetch.operation.start()
        fetch.operation.timeIsUp(canRepeat: true)
        #expect(fetch.operation.isParked)
        log.change { $0.lastStable = 0 }
        log.add(10)
        fetch.loop.run()
        #expect(!fetch.operation.isParked)
    }

    @Test func `an idle fetch is answered again and again without a look at its partitions`() {
        let logs = [MemoryPartitionLog(0), MemoryPartitionLog(1)]
        let fetch = Fetch(logs)
        fetch.operation.start()
        for round in 1...3 {
            fetch.operation.timeIsUp(canRepeat: true)
            #expect(fetch.answers.count == round)
            #expect(fetch.answers.last?.isParked == true && fetch.operation.isParked)
            fetch.operation.resume(readingIn: nil)
        }
        #expect(logs.map(\.reads) == [1, 1])
        logs[0].add(9)
        fetch.loop.run()
        #expect(fetch.answers.count == 4 && fetch.answers.last?.isParked == false)
    }

    @Test func `news for a parked fetch spoils it`() {
        let log = MemoryPartitionLog()
        let fetch = Fetch([log])
        fetch.operation.start()
        fetch.operation.timeIsUp(canRepeat: true)
        log.add(9)
        fetch.loop.run()
        #expect(!fetch.operation.isParked)
        #expect(fetch.answers.count == 1 && log.waiterCount == 0)
    }

    @Test func `news that is on its way when a parked fetch is repeated is answered`() {
        let log = MemoryPartitionLog()
        let fetch = Fetch([log])
        fetch.operation.start()
        fetch.operation.timeIsUp(canRepeat: true)
        let claimed = log.claim { $0.batches.append(9) }
        #expect(claimed.count == 1)
        fetch.operation.resume(readingIn: nil)
        for waiter in claimed { waiter.run() }
        #expect(fetch.answers.count == 2)
        #expect(fetch.answers.last?.outcomes.count == 1 && fetch.answers.last?.isParked == false)
    }

    @Test func `news that is on its way when time is up is answered and the fetch not kept`() {
        let log = MemoryPartitionLog()
        let fetch = Fetch([log])
        fetch.operation.start()
        let claimed = log.claim { $0.batches.append(9) }
        fetch.operation.timeIsUp(canRepeat: true)
        for waiter in claimed { waiter.run() }
        #expect(fetch.answers.count == 1 && !fetch.operation.isParked)
    }

    @Test func `deferred partitions are read in one crossing, and the sum keeps its bound`() {
        let logs = (0..<3).map { MemoryPartitionLog($0, batches: [400, 400], isDeferred: true) }
        let fetch = Fetch(logs, bytesMax: 1_500)
        fetch.operation.start()
        #expect(fetch.engine.heldReads == 1 && fetch.answers.isEmpty)
        #expect(fetch.memory.heldBytes == 1_500)
        fetch.engine.release()
        fetch.loop.run()
        #expect(fetch.bytes == [800, 400, 0])
        #expect(fetch.memory.heldBytes == 0)
    }

    @Test func `a read that is under way when time is up is answered when it is done`() {
        let fetch = Fetch([MemoryPartitionLog(batches: [5], isDeferred: true)], bytesMin: 100)
        fetch.operation.start()
        fetch.operation.timeIsUp(canRepeat: true)
        #expect(fetch.answers.isEmpty)
        fetch.engine.release()
        fetch.loop.run()
        #expect(fetch.bytes == [5])
    }

    @Test func `a fetch waits for memory, and reads when there is some`() {
        let fetch = Fetch([MemoryPartitionLog(batches: [5], isDeferred: true)])
        fetch.memory.change(by: 512 << 10 + 512 << 10)
        fetch.operation.start()
        fetch.loop.run()
        #expect(fetch.engine.heldReads == 0 && fetch.answers.isEmpty)
        fetch.memory.change(by: -(512 << 10))
        fetch.loop.run()
        #expect(fetch.engine.heldReads == 1)
        fetch.engine.release()
        fetch.loop.run()
        #expect(fetch.bytes == [5])
        #expect(fetch.memory.heldBytes == 512 << 10)
    }

    @Test func `fetches that wait for memory get it in the order in which they came`() {
        let logs = (0..<3).map { MemoryPartitionLog($0, batches: [500_000], isDeferred: true) }
        let memory = ConnectionMemory(bytesMax: 1 << 20)
        let fetches = logs.map { Fetch([$0], partitionBytesMax: 512 << 10, memory: memory) }
        memory.change(by: 512 << 10 + 512 << 10)
        for fetch in fetches { fetch.operation.start() }
        memory.change(by: -(512 << 10))
        for turn in 0..<3 {
            for fetch in fetches { fetch.loop.run() }
            #expect(fetches.map(\.engine.heldReads) == (0..<3).map { $0 == turn ? 1 : 0 })
            // What its answer held goes to the next.
            fetches[turn].engine.release()
            fetches[turn].loop.run()
            #expect(fetches[turn].bytes == [500_000])
        }
        #expect(memory.heldBytes == 512 << 10)
    }

    @Test func `while memory is scarce a fetch reads and answers what it gets`() {
        let memory = ConnectionMemory(bytesMax: 16 << 20)
        let logs = (0..<4).map { MemoryPartitionLog($0, batches: [1 << 20], isDeferred: true) }
        let fetch = Fetch(logs, bytesMin: 3 << 20, bytesMax: 4 << 20, partitionBytesMax: 1 << 20, memory: memory)
        memory.change(by: 7 << 20 + 6 << 20)
        fetch.operation.start()
        #expect(memory.heldBytes == 14 << 20)
        fetch.engine.release()
        fetch.loop.run()
        #expect(fetch.bytes == [1 << 20, 0, 0, 0])
        #expect(memory.heldBytes == 13 << 20)
    }

    @Test func `without memory for one partition the others are answered`() {
        let logs = [MemoryPartitionLog(0, batches: [5], isDeferred: true), MemoryPartitionLog(1, batches: [6])]
        let fetch = Fetch(logs)
        fetch.memory.change(by: 512 << 10 + 512 << 10)
        fetch.operation.start()
        #expect(fetch.bytes == [0, 6])
    }

    @Test func `without memory until the time is up the answer is empty, without an error`() {
        let fetch = Fetch([MemoryPartitionLog(batches: [5], isDeferred: true)])
        fetch.memory.change(by: 512 << 10 + 512 << 10)
        fetch.operation.start()
        fetch.operation.timeIsUp(canRepeat: true)
        #expect(fetch.bytes == [0])
        #expect(!fetch.operation.isParked)
    }

    @Test func `readers that have too much to do are waited for`() {
        let fetch = Fetch([MemoryPartitionLog(batches: [5], isDeferred: true)])
        fetch.engine.state.withLock { $0.isBusy = true }
        fetch.operation.start()
        fetch.loop.run()
        #expect(fetch.answers.isEmpty && fetch.memory.heldBytes == 0)
        fetch.engine.relieve()
        fetch.loop.run()
        #expect(fetch.engine.heldReads == 1)
        fetch.engine.release()
        fetch.loop.run()
        #expect(fetch.bytes == [5])
    }

    @Test func `readers that have too much to do until the time is up are no error`() {
        let fetch = Fetch([MemoryPartitionLog(batches: [5], isDeferred: true)])
        fetch.engine.state.withLock { $0.isBusy = true }
        fetch.operation.start()
        fetch.loop.run()
        fetch.operation.timeIsUp(canRepeat: true)
        #expect(fetch.bytes == [0])
    }

    enum Moment: CaseIterable {
        case waiting
        case waitingWithTooLittle
        case parked
        case reading
        case awaitingMemory
        case awaitingReaders
    }

    @Test(arguments: Moment.allCases)
    func `a fetch that is given up answers nothing and leaves nothing behind`(moment: Moment) {
        let log = MemoryPartitionLog(batches: moment == .waiting || moment == .parked ? [] : [5], isDeferred: true)
        let fetch = Fetch([log], bytesMin: moment == .waitingWithTooLittle ? 100 : 1)
        var others = 0
        switch moment {
        case .awaitingMemory:
            others = 1 << 20
            fetch.memory.change(by: others)
        case .awaitingReaders: fetch.engine.state.withLock { $0.isBusy = true }
        default: break
        }
        fetch.operation.start()
        fetch.loop.run()
        if moment == .parked { fetch.operation.timeIsUp(canRepeat: true) }
        if moment == .waitingWithTooLittle {
            fetch.engine.release()
            fetch.loop.run()
            #expect(fetch.memory.heldBytes > 0, "what was read is held")
        }
        let answered = fetch.answers.count
        fetch.operation.cancel()
        // All that may still come.
        fetch.memory.change(by: -others)
        fetch.engine.relieve()
        fetch.engine.release()
        log.add(100)
        fetch.operation.timeIsUp(canRepeat: true)
        fetch.loop.run()
        fetch.operation.cancel()
        #expect(fetch.answers.count == answered)
        #expect(log.waiterCount == 0)
        #expect(fetch.memory.heldBytes == 0)
    }

    @Test func `a committed reader waits for the last stable offset`() {
        let log = MemoryPartitionLog(batches: [5])
        log.state.withLock { $0.lastStable = 0 }
        let fetch = Fetch([log], isolation: .readCommitted)
        fetch.operation.start()
        log.add(5)
        fetch.loop.run()
        #expect(fetch.answers.isEmpty)
        log.change { $0.lastStable = nil }
        fetch.loop.run()
        #expect(fetch.bytes == [10])
    }

    @Test func `a repeated fetch reads in the order of its request`() {
        let logs = (0..<2).map { MemoryPartitionLog($0) }
        let fetch = Fetch(logs, bytesMin: 15, bytesMax: 20)
        fetch.operation.start()
        fetch.operation.timeIsUp(canRepeat: true)
        fetch.operation.resume(readingIn: [1, 0])
        logs[0].add(12)
        logs[1].add(18)
        fetch.loop.run()
        #expect(fetch.answers.last?.outcomes.map { (try? $0.get().bytes) ?? -1 } == [0, 18])
    }
}
