import Coordination
import LogCore
import LogTestSupport
import Model
import NIOCore
import NIOEmbedded
import RecordBatch
import Synchronization
import Testing

@testable import Broker

@Suite struct HostedPartitionTransactionTests {
    private static let producer = TransactionalProducer(id: ProducerID(7), epoch: ProducerEpoch(3))

    private final class Waiter: DurabilityWaiter {
        let eventLoop: any EventLoop
        init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }
        func appendCompleted(_ error: LogError?) {}
    }

    private static func partition() -> HostedPartition { .plain(MemoryLog()) }

    private static func append(to partition: HostedPartition) throws(BrokerError) {
        var builder = RecordBatchBuilder(
            options: .init(
                producerID: producer.id,
                producerEpoch: producer.epoch,
                baseSequence: 0,
                isTransactional: true
            )
        )
        builder.append(key: ByteBuffer(string: "k"), value: ByteBuffer(string: "v"), timestamp: 1)
        let batch = builder.finishUncompressed()
        _ = try partition.appendFromClient(
            .init(batch.buffer, produceVersion: 12, acknowledge: .durable, now: 1),
            waiter: nil
        )
    }

    private static func marker() -> TransactionEnd {
        TransactionEnd(
            producerID: producer.id,
            producerEpoch: producer.epoch,
            commits: true,
            coordinatorEpoch: 0,
            transactionVersion: 0
        )
    }

    private static func question(_ partition: HostedPartition) -> HostedPartition.TransactionQuestion? {
        guard case .ask(let question) = partition.admitTransaction(of: producer, whenKnown: {}) else { return nil }
        return question
    }

    @Test func `a transactional batch is taken while the transaction is open, and not behind its marker`() throws {
        let partition = Self.partition()
        #expect(throws: BrokerError.self) { try Self.append(to: partition) }
        let question = try #require(Self.question(partition))
        _ = partition.transactionKnown(question, isOpen: true)
        try Self.append(to: partition)
        guard case .open = partition.admitTransaction(of: Self.producer, whenKnown: {}) else {
            Issue.record("known already")
            return
        }
        let outcome = try partition.appendMarker(Self.marker(), now: 1, waiter: Waiter(EmbeddedEventLoop()))
        #expect(outcome == .written)
        #expect(throws: BrokerError.self) { try Self.append(to: partition) }
    }

    @Test func `a marker that is there and not durable yet is waited for`() throws {
        let log = MemoryLog()
        log.checksProducers = true
        log.isDurableAtOnce = false
        let partition = HostedPartition.plain(log)
        let loop = EmbeddedEventLoop()
        let question = try #require(Self.question(partition))
        _ = partition.transactionKnown(question, isOpen: true)
        try Self.append(to: partition)
        var outcomes: [TransactionEnd.Outcome] = []
        let told = Mutex(0)
        for _ in 0..<2 {
            let waiter = ClosureWaiter(loop) { error in told.withLock { $0 += error == nil ? 1 : 100 } }
            outcomes.append(try partition.appendMarker(Self.marker(), now: 1, waiter: waiter))
            loop.run()
        }
        #expect(outcomes == [.written, .alreadyEnded])
        log.makeDurable(1)
        loop.run()
        #expect(told.withLock { $0 } == 0, "a crash would lose the marker")
        log.makeDurable()
        loop.run()
        #expect(told.withLock { $0 } == 2)
    }

    @Test func `a marker makes a question void that is under way`() throws {
        let partition = Self.partition()
        let question = try #require(Self.question(partition))
        _ = try partition.appendMarker(Self.marker(), now: 1, waiter: Waiter(EmbeddedEventLoop()))
        // The coordinator answered before the transaction ended; its answer comes after the marker.
        _ = partition.transactionKnown(question, isOpen: true)
        #expect(throws: BrokerError.self) { try Self.append(to: partition) }
        #expect(Self.question(partition) != nil)
    }

    @Test func `batches that come meanwhile wait in their order, also when the answer is a refusal`() throws {
        let partition = Self.partition()
        let question = try #require(Self.question(partition))
        let order = Mutex<[Int]>([])
        for index in 0..<3 {
            let admission = partition.admitTransaction(of: Self.producer) { order.withLock { $0.append(index) } }
            guard case .wait = admission else {
                Issue.record("asked twice")
                return
            }
        }
        for resume in partition.transactionKnown(question, isOpen: false) { resume() }
        #expect(order.withLock { $0 } == [0, 1, 2])
        #expect(!partition.hasOpenTransaction(of: Self.producer))
    }

    struct MarkerCase: Sendable {
        var epoch: Int16
        var coordinatorEpoch: Int32
        var isOpen: Bool
        var version: Int16
        var expected: TransactionEnd.Outcome
    }

    @Test(arguments: [
        MarkerCase(epoch: 3, coordinatorEpoch: 0, isOpen: true, version: 0, expected: .written),
        MarkerCase(epoch: 3, coordinatorEpoch: 0, isOpen: false, version: 0, expected: .alreadyEnded),
        MarkerCase(epoch: 2, coordinatorEpoch: 0, isOpen: true, version: 2, expected: .written),
        MarkerCase(epoch: 3, coordinatorEpoch: 0, isOpen: false, version: 2, expected: .alreadyEnded),
        MarkerCase(epoch: 4, coordinatorEpoch: 0, isOpen: true, version: 0, expected: .fenced),
        MarkerCase(epoch: 3, coordinatorEpoch: 1, isOpen: true, version: 0, expected: .coordinatorFenced),
    ])
    func `a marker meets what the partition knows`(_ test: MarkerCase) {
        var marker = Self.marker()
        marker.transactionVersion = test.version
        let known = ProducerStateSnapshot(
            producerID: Self.producer.id,
            producerEpoch: ProducerEpoch(test.epoch),
            lastSequence: 0,
            lastTimestamp: 0,
            coordinatorEpoch: test.coordinatorEpoch,
            currentTransactionFirstOffset: test.isOpen ? 0 : nil
        )
        #expect(marker.outcome(after: known) == test.expected)
        #expect(marker.outcome(after: nil) == .written)
    }
}
