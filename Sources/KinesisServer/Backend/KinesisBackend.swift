package import Broker
package import LogCore
package import Metadata
package import Model
package import NIOCore
package import Serving

/// What the Kinesis face needs of the broker. Asked a few times per request, never per record.
package protocol KinesisBackend: AnyObject, Sendable {
    /// The stream as it is served now.
    func topic(named name: String) -> HostedTopic?
    func topic(id: TopicID) -> HostedTopic?
    /// By name, in byte order.
    var sortedTopics: [HostedTopic] { get }
    var engine: any LogEngine { get }
    /// The configuration in force for a topic.
    func settings(for topic: Topic) -> TopicSettings
    /// Wall clock.
    func now() -> Timestamp
    /// A fresh random identity.
    func makeTopicID() -> TopicID
    /// Returns once the stream is served here.
    func create(_ creation: TopicCreation) async throws(BrokerError)
    /// Returns once the stream is gone here.
    func deleteTopic(named name: String, id: TopicID) async throws(BrokerError)
    /// Returns once the children are served here, as the two below.
    func splitShard(of name: String, ordinal: Int32, newStartingHash: UInt128) async throws(BrokerError)
    func mergeShards(of name: String, ordinal: Int32, adjacent: Int32) async throws(BrokerError)
    func updateShardCount(of name: String, target: Int) async throws(BrokerError)
    /// Changes facts of a stream that Kafka does not see; `edit` may run more than once. Returns once it is served.
    func update(_ name: String, edit: @escaping @Sendable (inout Topic) -> Void) async throws(BrokerError)
    /// Changes a topic's configuration, which both faces see; `edit` may run more than once. Returns once it is in
    /// force.
    func alterConfigs(
        of name: String,
        edit: @escaping @Sendable ([String: String]) -> [String: String]
    ) async throws(BrokerError)
    /// Calls `action` once, on `eventLoop`, when the log of a partition is not being acquired (any more), or after
    /// `limit`.
    func whenLogSettles(
        _ partition: Int32,
        of topicName: String,
        within limit: TimeAmount,
        on eventLoop: any EventLoop,
        _ action: @escaping @Sendable () -> Void
    )
    /// What was set of the account by this name; `nil` when nothing was.
    func accountSetting(_ name: String) async throws(BrokerError) -> [UInt8]?
    /// Returns once it is kept.
    func setAccountSetting(_ name: String, _ value: [UInt8]) async throws(BrokerError)
    /// What KCL keeps its leases in; absent where there are no coordinators.
    var leaseTableService: LeaseTableService? { get }
    /// Who may do what; `nil` where everybody may do everything.
    var aclAuthorizer: Authorizer? { get }
    /// Where administrative acts and refusals are noted.
    var audit: any AuditLog { get }
    /// What connections may hold in buffers.
    var memory: ConnectionMemory { get }
    /// What clients use of their quotas; absent where there are none.
    var clientQuotas: ClientQuotas? { get }
    /// Where the face counts.
    var kinesisMetrics: BrokerMetrics.Face { get }
    /// Where readers of streams stand.
    var shardReaders: ShardReaders { get }
    /// The way to the other brokers of a cluster; `nil` on a single node.
    var peerCalls: (any PeerCalls)? { get }
    /// Has the calls of other brokers answered by the Kinesis face.
    func answerPeers(with service: any PeerService)
}

extension Broker: KinesisBackend {
    package func topic(named name: String) -> HostedTopic? { self.topics.topic(named: name) }
    package func topic(id: TopicID) -> HostedTopic? { self.topics.topic(id: id) }
    package var sortedTopics: [HostedTopic] { self.topics.current.sorted }
    package func settings(for topic: Topic) -> TopicSettings { self.configs.settings(for: topic) }
    package func now() -> Timestamp { self.environment.now() }
    package func makeTopicID() -> TopicID { self.environment.makeTopicID() }
    package var kinesisMetrics: BrokerMetrics.Face { self.metrics.kinesis }
    package var leaseTableService: LeaseTableService? { self.leaseTables }
    package var aclAuthorizer: Authorizer? { self.authorizer.isEnabled ? self.authorizer : nil }
    package var audit: any AuditLog { self.environment.audit }
    package var clientQuotas: ClientQuotas? { self.quotas }
    package var peerCalls: (any PeerCalls)? { self.isClustered ? self.peers.calls : nil }
    package func answerPeers(with service: any PeerService) { self.peers.register(service, for: .kinesis) }

    package func create(_ creation: TopicCreation) async throws(BrokerError) {
        _ = try await self.control.createTopic(creation)
    }

    package func deleteTopic(named name: String, id: TopicID) async throws(BrokerError) {
        try await self.control.deleteTopic(named: name, id: id)
    }

    package func update(
        _ name: String,
        edit: @escaping @Sendable (inout Topic) -> Void
    ) async throws(BrokerError) {
        _ = try await self.control.update(name, edit: edit)
    }

    package func alterConfigs(
        of name: String,
        edit: @escaping @Sendable ([String: String]) -> [String: String]
    ) async throws(BrokerError) {
        _ = try await self.control.alterConfigs(of: name) { configs throws(BrokerError) in edit(configs) }
    }

    package func accountSetting(_ name: String) async throws(BrokerError) -> [UInt8]? {
        do throws(MetadataError) {
            return try await self.store.get(MetadataKeys.item(space: "kinesis", name: name)).entry?.value
        } catch {
            throw BrokerError(error)
        }
    }

    package func setAccountSetting(_ name: String, _ value: [UInt8]) async throws(BrokerError) {
        let key = MetadataKeys.item(space: "kinesis", name: name)
        do throws(MetadataError) {
            _ = try await self.store.commit(MetadataTransaction(compares: [], success: [.put(key: key, value: value)]))
        } catch {
            throw BrokerError(error)
        }
    }

    package func splitShard(of name: String, ordinal: Int32, newStartingHash: UInt128) async throws(BrokerError) {
        _ = try await self.control.splitShard(of: name, ordinal: ordinal, newStartingHash: newStartingHash)
    }

    package func mergeShards(of name: String, ordinal: Int32, adjacent: Int32) async throws(BrokerError) {
        _ = try await self.control.mergeShards(of: name, ordinal: ordinal, adjacent: adjacent)
    }

    package func updateShardCount(of name: String, target: Int) async throws(BrokerError) {
        _ = try await self.control.updateShardCount(of: name, target: target)
    }
}
