import KinesisServer
import LogCore
import Metadata
import Model
import NIOCore
import Quotas
import Serving
import Synchronization

@testable import Broker

/// Topics in memory, planned by the real planner.
final class FakeBackend: KinesisBackend {
    let shardReaders = ShardReaders()
    private struct State {
        var topics: [String: HostedTopic] = [:]
        var now: Timestamp = 1_700_000_000_000
        var nextID: UInt64 = 1
        var accountSettings: [String: [UInt8]] = [:]
        var authorizer: Authorizer?
        /// Partitions whose log is on its way, of all topics.
        var acquiring: Set<Int32> = []
        /// Partitions that other brokers lead, of all topics.
        var leaders: [Int32: BrokerID] = [:]
        var leaderless: Set<Int32> = []
        var peers: (any PeerCalls)?
        var logWaiters: [(eventLoop: any EventLoop, action: @Sendable () -> Void)] = []
    }

    private let state = Mutex(State())
    private let configs = BrokerConfigs()
    private let metrics = BrokerMetrics()
    let engine: any LogEngine = MemoryEngine()
    let memory = ConnectionMemory(bytesMax: 64 << 20)

    var kinesisMetrics: BrokerMetrics.Face { self.metrics.kinesis }
    let quotas = ClientQuotas(QuotaSensors.Settings(), now: { 0 })
    var clientQuotas: ClientQuotas? { self.quotas }
    var leaseTableService: LeaseTableService? { nil }
    var peerCalls: (any PeerCalls)? { self.state.withLock { $0.peers } }
    func answerPeers(with service: any PeerService) {}
    /// Who may do what; everybody everything unless a test sets it.
    var authorizer: Authorizer? {
        get { self.state.withLock { $0.authorizer } }
        set { self.state.withLock { $0.authorizer = newValue } }
    }
    var aclAuthorizer: Authorizer? { self.authorizer }
    var audit: any AuditLog { NoAuditLog() }
    func topic(named name: String) -> HostedTopic? { self.state.withLock { $0.topics[name] } }
    func topic(id: TopicID) -> HostedTopic? { self.state.withLock { $0.topics.values.first { $0.id == id } } }
    var sortedTopics: [HostedTopic] { self.state.withLock { $0.topics.values.sorted { $0.name < $1.name } } }
    func settings(for topic: Topic) -> TopicSettings { self.configs.settings(for: topic) }
    func now() -> Timestamp { self.state.withLock { $0.now } }

    func makeTopicID() -> TopicID {
        self.state.withLock { state in
            state.nextID += 1
            return TopicID(high: 1, low: state.nextID)
        }
    }

    func create(_ creation: TopicCreation) async throws(BrokerError) { try self.createNow(creation) }

    func createNow(_ creation: TopicCreation) throws(BrokerError) {
        do {
            let plan = try TopicPlanner.createTopic(creation, in: TopicsImage(), now: self.now())
            self.host(plan.committed(at: 1))
        } catch {
            throw BrokerError(error)
        }
    }

    func deleteTopic(named name: String, id: TopicID) async throws(BrokerError) {
        self.state.withLock { $0.topics[name] = nil }
    }

    func update(_ name: String, edit: @escaping @Sendable (inout Topic) -> Void) async throws(BrokerError) {
        guard var topic = self.topic(named: name)?.topic else { throw BrokerError(.unknownTopicOrPartition, "") }
        edit(&topic)
        topic.modRevision += 1
        self.host(topic)
    }

    func alterConfigs(
        of name: String,
        edit: @escaping @Sendable ([String: String]) -> [String: String]
    ) async throws(BrokerError) {
        guard let topic = self.topic(named: name)?.topic else { throw BrokerError(.unknownTopicOrPartition, "") }
        do throws(TopicPlanError) {
            let plan = try TopicPlanner.alterConfigs(topic, configs: edit(topic.configs))
            self.host(plan.committed(at: topic.modRevision + 1))
        } catch {
            throw BrokerError(error)
        }
    }

    func accountSetting(_ name: String) async throws(BrokerError) -> [UInt8]? {
        self.state.withLock { $0.accountSettings[name] }
    }

    func setAccountSetting(_ name: String, _ value: [UInt8]) async throws(BrokerError) {
        self.state.withLock { $0.accountSettings[name] = value }
    }

    func splitShard(of name: String, ordinal: Int32, newStartingHash: UInt128) async throws(BrokerError) {
        try self.reshape(name) { topic, ends, now throws(TopicPlanError) in
            try TopicPlanner.splitShard(
                topic,
                ordinal: ordinal,
                newStartingHash: newStartingHash,
                currentEnds: ends,
                now: now
            )
        }
    }

    func mergeShards(of name: String, ordinal: Int32, adjacent: Int32) async throws(BrokerError) {
        try self.reshape(name) { topic, ends, now throws(TopicPlanError) in
            try TopicPlanner.mergeShards(topic, ordinal: ordinal, adjacent: adjacent, currentEnds: ends, now: now)
        }
    }

    func updateShardCount(of name: String, target: Int) async throws(BrokerError) {
        try self.reshape(name) { topic, ends, now throws(TopicPlanError) in
            try TopicPlanner.updateShardCount(topic, target: target, currentEnds: ends, now: now)
        }
    }

    private func reshape(
        _ name: String,
        _ plan: (Topic, [Offset], Timestamp) throws(TopicPlanError) -> TopicPlan
    ) throws(BrokerError) {
        guard let hosted = self.topic(named: name) else { throw BrokerError(.unknownTopicOrPartition, "") }
        do throws(TopicPlanError) {
            let ends = hosted.placements.map { $0.hosted?.log.offsets.logEnd ?? 0 }
            let plan = try plan(hosted.topic, ends, self.now())
            self.host(plan.committed(at: hosted.topic.modRevision + 1))
        } catch {
            throw BrokerError(error)
        }
    }

    func advance(milliseconds: Int64) { self.state.withLock { $0.now += milliseconds } }

    /// Serves a topic, keeping the logs that it had.
    func host(_ topic: Topic) {
        let old = self.topic(named: topic.name)
        let settings = self.settings(for: topic)
        let shards = ShardGate.states(of: topic)
        let placements = topic.partitions.enumerated().map { number, partition -> PartitionPlacement in
            let rules = HostedPartition.Rules(
                leaderEpoch: partition.leaderEpoch,
                isSealed: partition.isSealed,
                messageBytesMax: Int(settings.int64("max.message.bytes")),
                needsKeys: false,
                timestampBeforeMillisecondsMax: .max,
                timestampAfterMillisecondsMax: .max,
                isLogAppendTime: true
            )
            let id = TopicPartition(topicID: topic.id, partition: Int32(number))
            let (leader, isLeaderless) = self.state.withLock {
                ($0.leaders[id.partition], $0.leaderless.contains(id.partition))
            }
            if isLeaderless { return .unassigned }
            if let leader { return .elsewhere(PartitionLeader(broker: leader, epoch: partition.leaderEpoch)) }
            if self.state.withLock({ $0.acquiring.contains(id.partition) }) { return .acquiring(partition.leaderEpoch) }
            return .here(
                HostedPartition(
                    topicName: topic.name,
                    log: (try? old.partition(Int32(number)))?.log ?? MemoryLog(id),
                    isInternal: false,
                    rules: rules,
                    shard: shards[number]
                )
            )
        }
        self.state.withLock { $0.topics[topic.name] = HostedTopic(topic: topic, placements: placements) }
    }

    /// Makes it a broker of a cluster.
    func join(_ peers: any PeerCalls) { self.state.withLock { $0.peers = peers } }

    /// From now on these partitions are led by others, or by nobody, and the rest here.
    func lead(_ leaders: [Int32: BrokerID], leaderless: Set<Int32> = []) {
        let topics = self.state.withLock { state in
            state.leaders = leaders
            state.leaderless = leaderless
            return Array(state.topics.values)
        }
        for topic in topics { self.host(topic.topic) }
    }

    /// From the next change of a topic on, the logs of these partitions are on their way.
    func holdLogs(_ partitions: Set<Int32>) { self.state.withLock { $0.acquiring = partitions } }

    /// The logs of a topic's partitions have all arrived.
    func logsArrive(of name: String) {
        let waiters = self.state.withLock { state in
            state.acquiring = []
            defer { state.logWaiters = [] }
            return state.logWaiters
        }
        if let topic = self.topic(named: name)?.topic { self.host(topic) }
        for waiter in waiters { waiter.eventLoop.execute(waiter.action) }
    }

    func whenLogSettles(
        _ partition: Int32,
        of topicName: String,
        within limit: TimeAmount,
        on eventLoop: any EventLoop,
        _ action: @escaping @Sendable () -> Void
    ) {
        self.state.withLock { $0.logWaiters.append((eventLoop, action)) }
    }

    func log(_ name: String, _ partition: Int32 = 0) -> MemoryLog? {
        (try? self.topic(named: name).partition(partition))?.log as? MemoryLog
    }
}
