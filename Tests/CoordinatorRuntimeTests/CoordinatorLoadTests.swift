import Coordination
import CoordinatorRuntime
import LogCore
import LogTestSupport
import Model
import NIOCore
import NIOEmbedded
import RecordBatch
import Testing

private final class Turns {
    var count = 0
}

@Suite struct CoordinatorLoadTests {
    private func batch(_ records: [(String, String?)], producer: ProducerID? = nil) -> (ByteBuffer, Int) {
        var builder = RecordBatchBuilder()
        if let producer {
            builder.options = .init(producerID: producer, producerEpoch: ProducerEpoch(0), isTransactional: true)
        }
        for (key, value) in records {
            builder.append(key: ByteBuffer(string: key), value: value.map { ByteBuffer(string: $0) }, timestamp: 0)
        }
        return (builder.finishUncompressed().buffer, records.count)
    }

    private func store(_ records: [(String, String?)], producer: ProducerID? = nil, in log: MemoryLog) {
        let (bytes, count) = self.batch(records, producer: producer)
        log.append(bytes, count: count)
    }

    private func storeMarker(_ kind: ControlRecord.Kind, _ producer: ProducerID, in log: MemoryLog) {
        let marker = ControlRecord(kind: kind, coordinatorEpoch: 0)
            .encodeBatch(producerID: producer, producerEpoch: ProducerEpoch(0), timestamp: 0)
        log.append(marker.buffer, count: 1)
    }

    @Test func `a load takes bounded turns and serves no request before its end`() {
        var limits = CoordinatorLimits()
        limits.loadRecordsPerTurnMax = 3
        let harness = CounterHarness(limits: limits, isLoaded: false)
        for batch in 0..<4 {
            self.store((0..<10).map { ("k\($0)", String(batch)) }, in: harness.log)
        }
        harness.runtime.prepare()
        // Other work of the loop gets its turn between the load's.
        let turns = Turns()
        func tick() {
            guard harness.value().error == .coordinatorLoadInProgress else { return }
            turns.count += 1
            harness.loop.execute { tick() }
        }
        tick()
        harness.loop.run()
        #expect(turns.count >= 14, "40 records, three a turn")
        #expect(harness.counters == Dictionary(uniqueKeysWithValues: (0..<10).map { ("k\($0)", 3) }))
    }

    @Test func `damaged records and foreign ones are left out`() {
        let harness = CounterHarness(isLoaded: false)
        self.store([("a", "1"), ("damaged", "2"), ("other", "3"), ("b", "4")], in: harness.log)
        harness.load()
        #expect(harness.counters == ["a": 1, "b": 4])
    }

    @Test func `markers decide about the records of transactions`() {
        let harness = CounterHarness(isLoaded: false)
        let (first, second, third) = (ProducerID(1), ProducerID(2), ProducerID(3))
        self.store([("a", "1")], producer: first, in: harness.log)
        self.store([("b", "2")], producer: second, in: harness.log)
        self.store([("c", "3")], producer: third, in: harness.log)
        self.storeMarker(.commit, first, in: harness.log)
        self.storeMarker(.abort, second, in: harness.log)
        harness.load()
        #expect(harness.counters == ["a": 1])
    }

    @Test func `busy readers delay a load and do not fail it`() {
        let harness = CounterHarness(isLoaded: false)
        for index in 0..<4 { self.store([("k", String(index))], in: harness.log) }
        harness.engine.busyCount = 3
        harness.load()
        harness.loop.advanceTime(by: .milliseconds(60))
        #expect(harness.value().value == 3)
    }

    @Test func `a batch that cannot be read fails the load, which is tried again`() {
        let harness = CounterHarness(isLoaded: false)
        harness.log.append(ByteBuffer(repeating: 0, count: 100), count: 1)
        harness.load()
        #expect(harness.value().error == .coordinatorNotAvailable)
    }

    @Test func `a load waits for records that are assigned and not yet durable`() {
        let harness = CounterHarness(isLoaded: false)
        harness.log.isDurableAtOnce = false
        self.store([("k", "1")], in: harness.log)
        harness.load()
        #expect(harness.value().error == .coordinatorLoadInProgress)
        harness.log.makeDurable()
        harness.loop.run()
        #expect(harness.value().value == 1)
    }

    @Test func `a load that is overtaken ends without a trace`() {
        let harness = CounterHarness(isLoaded: false)
        self.store([("k", "1")], in: harness.log)
        harness.runtime.prepare()
        harness.runtime.leadershipLost()
        harness.loop.run()
        #expect(harness.value().error == .notCoordinator)
        harness.load()
        #expect(harness.value().value == 1)
    }
}
