import Coordination
import CoordinatorRuntime
import GroupCoordinator
import LogCore
import LogTestSupport
import Logging
import Metadata
import Model
import NIOCore
import NIOPosix
import Serving
import Synchronization
import Testing

@testable import Broker

/// From a partition of a coordinator's topic that is lost, or acquired, to its coordinator.
@Suite(.timeLimit(.minutes(20))) struct CoordinatorMoveTests {
    private static func withBroker(_ body: @escaping @Sendable (Broker, any EventLoop) async throws -> Void)
        async throws
    {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (broker, _) = try await Broker.start(
            settings: try BrokerSettings(configs: BrokerConfigs(parsing: [("offsets.topic.num.partitions", "1")])),
            environment: BrokerEnvironment(
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                now: { 1_700_000_000_000 },
                monotonicMilliseconds: { 0 },
                random: {
                    var generator = SystemRandomNumberGenerator()
                    return (generator.next(), generator.next())
                }
            ),
            clusterID: "test",
            recovering: NothingToRecover(MemoryLogEngine()),
            store: MemoryMetadataStore(),
            memory: ConnectionMemory(bytesMax: 64 << 20),
            eventLoops: Array(group.makeIterator())
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await broker.run() }
            try await body(broker, group.next())
            tasks.cancelAll()
        }
        try await group.shutdownGracefully()
    }

    private static func read(_ broker: Broker, on loop: any EventLoop) async -> CoordinatorError? {
        await withCheckedContinuation { continuation in
            broker.groups.read("g", on: loop) { _ in
            } completion: { result in
                if case .failure(let error) = result {
                    continuation.resume(returning: error)
                } else {
                    continuation.resume(returning: nil)
                }
            }
        }
    }

    private static func awaitService(_ broker: Broker, on loop: any EventLoop) async {
        while await Self.read(broker, on: loop) != nil { await Task.yield() }
    }

    @Test func `a partition under a newer epoch answers who waits, and is loaded again without being asked`()
        async throws
    {
        try await Self.withBroker { broker, loop in
            broker.groups.prepare("g")
            await Self.awaitService(broker, on: loop)
            let before = try broker.topics.topic(named: TopicName.consumerOffsets).partition(0)
            let answer = Mutex<Result<GroupReply, CoordinatorError>?>(nil)
            let request = JoinRequest(
                groupID: GroupID("g"),
                memberID: MemberID(""),
                clientID: "c",
                clientHost: "/127.0.0.1",
                sessionTimeoutMilliseconds: 10_000,
                rebalanceTimeoutMilliseconds: 60_000,
                protocolType: "consumer",
                protocols: [GroupProtocol(name: "range", metadata: [0, 0, 0, 0, 0, 0])],
                requiresKnownMemberID: false,
                supportsSkippingAssignment: true
            )
            broker.groups.park("g", on: loop) { machine, context, token in
                let uuid = context.makeUUID()
                context.perform(machine.joinRequested(request, token: token, uuid: uuid, now: context.now))
            } completion: { result in
                answer.withLock { $0 = result }
            }
            _ = try await broker.control.update(TopicName.consumerOffsets) {
                $0.partitions[0].leaderEpoch = LeaderEpoch(4)
            }
            while answer.withLock({ $0 == nil }) { await Task.yield() }
            switch answer.withLock({ $0 }) {
            case .success(.join(let response))?: #expect(response.error == .notCoordinator)
            case .failure(let error)?: #expect(error == .notCoordinator)
            default: Issue.record("a join is answered as one")
            }
            // No client asks for the coordinator again.
            await Self.awaitService(broker, on: loop)
            let after = try broker.topics.topic(named: TopicName.consumerOffsets).partition(0)
            #expect(after !== before && after.leaderEpoch == LeaderEpoch(4))
            #expect(before.log !== after.log)
        }
    }

    @Test func `a topic of a coordinator that a client creates is made as the coordinator makes it`() async throws {
        try await Self.withBroker { broker, _ in
            let creation = try #require(broker.coordinatorCreation(of: TopicName.consumerOffsets))
            #expect(creation.partitionCount == 1)
            #expect(creation.configs["cleanup.policy"] == "compact")
            #expect(broker.coordinatorCreation(of: "orders") == nil)
            #expect(broker.coordinatorCreation(of: TopicName.shareGroupState) == nil)
        }
    }
}
