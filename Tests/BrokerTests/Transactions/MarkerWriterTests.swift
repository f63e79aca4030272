import Coordination
import GroupCoordinator
import LogCore
import LogTestSupport
import Logging
import Metadata
import Model
import NIOCore
import NIOEmbedded
import Synchronization
import Testing
import TransactionCoordinator

@testable import Broker

/// Markers of one transaction for partitions in every place that a partition can be in.
@Suite struct MarkerWriterTests {
    private static func write(_ partitions: [TransactionPartition], _ topics: [HostedTopic]) -> [MarkerResult]? {
        let loop = EmbeddedEventLoop()
        let registry = TopicRegistry()
        registry.publish(TopicTable(revision: 1, topics: topics))
        let groups = GroupService(
            topic: MemoryCoordinatorTopic(),
            engine: MemoryEngine(),
            settings: GroupSettings(),
            environment: BrokerEnvironment(
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                now: { 1 },
                monotonicMilliseconds: { 0 },
                random: { (1, 1) }
            ),
            eventLoops: [loop]
        )
        let writer = LocalMarkerWriter(topics: registry, groups: groups, now: { 1 })
        let marker = TransactionEnd(
            producerID: ProducerID(7),
            producerEpoch: ProducerEpoch(3),
            commits: true,
            coordinatorEpoch: 0,
            transactionVersion: 2
        )
        let results = NIOLoopBoundBox<[MarkerResult]?>(nil, eventLoop: loop)
        writer.write(marker, to: partitions, on: loop) { results.value = $0 }
        loop.run()
        return results.value
    }

    private static func place(_ topic: String, _ partition: Int32) -> TransactionPartition {
        TransactionPartition(topic: topic, partition: partition)
    }

    @Test func `each partition has its own result, in the order of the request`() {
        let failing = MemoryPartitionLog(2)
        failing.state.withLock { $0.appendError = LogError(.diskFull, "test") }
        let topic = HostedTopic.placed(
            "t",
            [
                .here(.plain(MemoryPartitionLog(0))),
                .elsewhere(PartitionLeader(broker: BrokerID(9), epoch: LeaderEpoch(1))),
                .here(.plain(failing)),
                .acquiring(LeaderEpoch(1)),
                .offline(LogError(.storage, "test")),
            ],
            id: 1
        )
        let asked = [Self.place("gone", 0)] + (0..<6).map { Self.place("t", $0) }
        let results = Self.write(asked, [topic])
        #expect(
            results == [
                .unknownPartition, .ended(.written), .failed(.notLeader), .failed(.log(.diskFull)),
                .failed(.partitionNotReady), .failed(.log(.storage)), .unknownPartition,
            ]
        )
        #expect(
            results?.map(\.isRetriable) == [false, false, true, true, true, true, false],
            "a topic that is gone has nothing to end; all else comes back"
        )
    }

    @Test func `no partitions are answered at once, and a coordinator that is not loaded is asked again`() {
        #expect(Self.write([], []) == [])
        let offsets = HostedTopic.placed(
            TopicName.consumerOffsets,
            [.here(.plain(MemoryPartitionLog(0)))],
            id: 2
        )
        #expect(Self.write([Self.place(TopicName.consumerOffsets, 0)], [offsets]) == [.failed(.timedOut)])
    }
}
