import Broker
import ClusterControl
import CoordinatorRuntime
import LogCore
import LogObjects
import LogTestSupport
import Logging
import Metadata
import MetadataSQLite
import Model
import NIOCore
import NIOPosix
import Serving
import Testing

@testable import ClusterMember

/// Brokers of one cluster in this process: a store that is shared, an engine in memory for each.
final class TestCluster: Sendable {
    struct Member: Sendable {
        let member: ClusterMember
        let broker: Broker
        let engine: MemoryLogEngine
    }

    let store: SQLiteMetadataStore
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init() throws {
        var generator = SystemRandomNumberGenerator()
        self.store = try SQLiteMetadataStore(path: "/tmp/millrace-cluster-\(generator.next()).sqlite")
    }

    static let now: @Sendable () -> Int64 = {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
    private static let start = ContinuousClock.now

    /// - Parameters:
    ///   - rack: `nil`: one of its own.
    ///   - properties: further ones of the broker.
    func join(
        _ number: Int32,
        instance: UInt64? = nil,
        rack: String? = nil,
        _ properties: [(name: String, value: String)] = []
    ) async throws -> Member {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var settings = ClusterMember.Settings(
            broker: BrokerID(number),
            instance: instance ?? UInt64(number),
            rack: rack ?? "r\(number)",
            version: "test"
        )
        settings.tick = .milliseconds(10)
        settings.controller.settlingMilliseconds = 0
        // Sessions end when a test ends them.
        settings.timeToLive = .seconds(600)
        let member = try await ClusterMember.join(settings, store: self.store, logger: logger, now: Self.now)
        let engine = MemoryLogEngine()
        let (broker, _) = try await Broker.start(
            settings: try BrokerSettings(
                configs: BrokerConfigs(
                    parsing: [
                        ("node.id", "\(number)"), ("broker.id", "\(number)"), ("offsets.topic.num.partitions", "3"),
                    ] + properties
                )
            ),
            environment: BrokerEnvironment(
                logger: logger,
                now: { 1_700_000_000_000 },
                monotonicMilliseconds: Self.now,
                random: {
                    var generator = SystemRandomNumberGenerator()
                    return (generator.next(), generator.next())
                }
            ),
            clusterID: "test",
            recovering: NothingToRecover(engine),
            store: self.store,
            memory: ConnectionMemory(bytesMax: 64 << 20),
            ownership: member,
            eventLoops: Array(self.group.makeIterator())
        )
        return Member(member: member, broker: broker, engine: engine)
    }

    /// Runs members until the body returns. One that ends by itself does not end the others.
    func run(_ members: [Member], _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for member in members {
                tasks.addTask { try await member.broker.run() }
                tasks.addTask {
                    try? await member.member.run(
                        control: member.broker.control,
                        brokers: member.broker.brokerRegistry,
                        topics: member.broker.topics
                    )
                }
                try await member.member.listen(
                    at: ["PLAINTEXT": .init(host: "h\(member.member.own.broker)", port: 9092)]
                )
            }
            try await body()
            tasks.cancelAll()
        }
        try await self.group.shutdownGracefully()
    }

    static func until(_ condition: () async -> Bool) async throws {
        while await !condition() { try await Task.sleep(for: .milliseconds(5)) }
    }

    static func leaders(of topic: String, at member: Member) -> [Int32?] {
        (member.broker.topics.topic(named: topic)?.placements ?? []).map { placement in
            switch placement {
            case .here: member.member.own.broker.rawValue
            case .elsewhere(let leader): leader.broker.rawValue
            case .acquiring, .offline, .unassigned: nil
            }
        }
    }
}

extension TestCluster {
    /// Runs one more member while the body runs.
    static func shared(
        _ member: Member,
        with cluster: TestCluster,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> Bool {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await member.broker.run() }
            tasks.addTask {
                try await member.member.run(
                    control: member.broker.control,
                    brokers: member.broker.brokerRegistry,
                    topics: member.broker.topics
                )
            }
            try await member.member.listen(at: ["PLAINTEXT": .init(host: "h2", port: 9092)])
            try await body()
            tasks.cancelAll()
        }
        return true
    }
}
