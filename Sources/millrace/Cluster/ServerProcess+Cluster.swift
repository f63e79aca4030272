internal import Broker
internal import ClusterMember
internal import InterBroker
internal import KafkaServer
internal import LogCore
internal import LogObjects
internal import Logging
internal import Metadata
internal import MetadataEtcd
internal import Model
internal import NIOCore
internal import NIOPosix
internal import ObjectEngine
internal import ObjectStore
internal import Serving

/// What a broker in a cluster has beside the rest.
struct ClusterParts: Sendable {
    let store: EtcdMetadataStore
    let member: ClusterMember
    let collector: GarbageCollector
    /// Ends the connections of the object store.
    let closeObjects: @Sendable () async -> Void
    /// Locked for this process.
    let directory: ClusterDirectory
    let interBroker: InterBrokerSetup
    let links: LinkPool

    /// Carries the watches of the metadata.
    func runStore() async { await self.store.run() }

    /// Deletes what nothing refers to any more, until the task is cancelled. The controller does it for all brokers.
    func collectGarbage() async {
        while (try? await Task.sleep(for: .seconds(10))) != nil {
            await self.collector.collect(isController: self.member.isController)
        }
    }

    func drain(within limit: Duration) async { await self.member.drain(within: limit) }

    /// Throws `Failure` when the broker is a member of the cluster no longer.
    func run(_ broker: Broker) async throws {
        do throws(ClusterError) {
            try await self.member.run(control: broker.control, brokers: broker.brokerRegistry, topics: broker.topics)
        } catch {
            throw Failure(error.description, exitCode: Failure.membershipExitCode)
        }
    }

    func listen(at endpoints: [String: BrokerRegistration.Endpoint]) async throws(Failure) {
        do throws(ClusterError) {
            try await self.member.listen(at: endpoints)
        } catch {
            throw Failure(error.description)
        }
    }

    /// - Parameter leaving: everything is committed; the broker's partitions need no fail-over.
    func close(leaving: Bool) async {
        self.links.close()
        if leaving { await self.member.leave() }
        self.store.close()
        await self.closeObjects()
    }
}

extension ServerProcess {
    /// Opens a broker of a cluster.
    static func open(
        _ configuration: ServeConfiguration,
        _ cluster: ClusterConfiguration,
        _ settings: BrokerSettings,
        _ environment: BrokerEnvironment
    ) async throws(Failure) -> ServerProcess {
        try Self.checkServed(configuration)
        let random = environment.random
        let directory = try ClusterDirectory(configuration.dataDirectory, proposed: random().0)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let logger = LeveledLogHandler.Name.storage.logger(environment.loggerLevels)
        var engineSettings = ObjectEngineSettings()
        let requests = ObjectRequestCounter()
        engineSettings.requests = requests
        let objects = try await Self.openObjects(cluster.store, requests, group, environment)
        let store: EtcdMetadataStore
        let identity: ClusterIdentity
        let secret: [UInt8]
        do throws(MetadataError) {
            store = try await EtcdMetadataStore.connect(
                cluster.etcd,
                eventLoop: group.next(),
                instance: random().0,
                logger: logger
            )
            identity = try await Broker.identity(
                in: store,
                proposed: ClusterIdentity(
                    clusterID: environment.makeTopicID().description,
                    createdAt: environment.now()
                )
            )
            secret = try await Broker.secret(BrokerLogin.secretName, in: store, proposed: BrokerLogin.makeSecret())
        } catch {
            throw Failure("etcd cannot be used: \(error.message)")
        }
        let interBroker = try InterBrokerSetup(configuration, secret: secret)
        let links = LinkPool(
            LinkPool.Settings(listener: interBroker.listener, client: interBroker.client),
            group: group
        )
        let member = try await Self.join(store, directory, settings, environment)
        let failure = EngineFailure()
        let recovering = ObjectLogEngine.start(
            incarnation: member.own,
            ownershipRevision: try await Self.ownershipRevision(of: member.own, store),
            metadata: store,
            objects: objects.store,
            settings: engineSettings,
            logger: logger,
            onFenced: { failure.failed($0) }
        )
        let started: (broker: Broker, engine: ObjectLogEngine)
        do throws(BrokerError) {
            started = try await Broker.start(
                settings: settings,
                environment: environment,
                clusterID: identity.clusterID,
                recovering: recovering,
                store: store,
                memory: configuration.memory.connectionBuffers,
                ownership: member,
                links: links,
                eventLoops: Array(group.makeIterator())
            )
        } catch {
            throw Failure(error.message)
        }
        let engine = started.engine
        started.broker.peers.connect(LinkedPeerCalls(links))
        return ServerProcess(
            configuration: configuration,
            group: group,
            engine: RunningEngine(
                // What it has is committed when it closes.
                unwrittenBytes: { 0 },
                failure: { failure.reason },
                onFailure: { failure.observe($0) },
                close: { () throws(LogError) in try engine.close() }
            ),
            broker: started.broker,
            cluster: ClusterParts(
                store: store,
                member: member,
                collector: GarbageCollector(
                    incarnation: member.own,
                    metadata: store,
                    objects: objects.store,
                    logger: logger,
                    takeDeletedTopics: { engine.takeDeletedTopics() }
                ),
                closeObjects: objects.close,
                directory: directory,
                interBroker: interBroker,
                links: links
            )
        )
    }

    /// Refuses what a broker in a cluster does not serve yet, rather than to answer wrongly.
    private static func checkServed(_ configuration: ServeConfiguration) throws(Failure) {
        guard !configuration.kafka.isEmpty else { throw Failure("a broker of a cluster needs a Kafka listener") }
    }

    /// What clients and other brokers are told: what is advertised, else where a listener is bound.
    func endpoints(_ kafka: KafkaServer?) throws(Failure) -> [String: BrokerRegistration.Endpoint] {
        var endpoints: [String: BrokerRegistration.Endpoint] = [:]
        for (name, address) in kafka?.localAddresses ?? [] {
            if let advertised = self.broker.settings.advertised[name] {
                endpoints[name] = BrokerRegistration.Endpoint(host: advertised.host, port: advertised.port)
                continue
            }
            guard let port = address?.port, let host = self.host(of: name, boundTo: address?.ipAddress) else {
                throw Failure(
                    "the listener \(name) is bound to all addresses, and clients of a cluster are sent from broker to "
                        + "broker: name its address with --set advertised.listeners=\(name)://HOST:PORT"
                )
            }
            endpoints[name] = BrokerRegistration.Endpoint(host: host, port: port)
        }
        return endpoints
    }

    /// - Returns: `nil` for all addresses. Brokers reach each other where their clients do, unless that is configured.
    private func host(of listener: String, boundTo address: String?) -> String? {
        if let address, address != "0.0.0.0", address != "::" { return address }
        guard listener == InterBrokerSetup.listenerName, let first = self.configuration.kafka.first else { return nil }
        return self.broker.settings.advertised[first.name]?.host
    }

    private static func join(
        _ store: EtcdMetadataStore,
        _ directory: ClusterDirectory,
        _ settings: BrokerSettings,
        _ environment: BrokerEnvironment
    ) async throws(Failure) -> ClusterMember {
        do throws(ClusterError) {
            return try await ClusterMember.join(
                ClusterMember.Settings(
                    broker: settings.nodeID,
                    instance: directory.instance,
                    rack: settings.rack,
                    version: Version.number
                ),
                store: store,
                logger: environment.logger,
                now: environment.monotonicMilliseconds
            )
        } catch {
            throw Failure(error.description)
        }
    }

    private static func ownershipRevision(
        of incarnation: Incarnation,
        _ store: EtcdMetadataStore
    ) async throws(Failure) -> MetadataRevision {
        do throws(MetadataError) {
            let entry = try await store.get(EngineKeys.ownership(incarnation)).entry
            guard let entry, entry.value == OwnershipState.active.value else {
                throw MetadataError(.sessionNotFound, "The broker was fenced while it started.")
            }
            return entry.modRevision
        } catch {
            throw Failure("etcd cannot be used: \(error.message)")
        }
    }

    private static func openObjects(
        _ store: ClusterConfiguration.Store,
        _ requests: ObjectRequestCounter,
        _ group: MultiThreadedEventLoopGroup,
        _ environment: BrokerEnvironment
    ) async throws(Failure) -> (store: any ObjectStore, close: @Sendable () async -> Void) {
        let random = environment.random
        let objects: any ObjectStore
        let close: @Sendable () async -> Void
        do throws(ObjectStoreError) {
            switch store {
            case .directory(let path):
                environment.logger.warning("the records of the cluster are in the directory \(path) of this machine")
                let pool = NIOThreadPool(numberOfThreads: 4)
                pool.start()
                objects = CountingObjectStore(
                    try DirectoryObjectStore(path, pool: pool, random: { random().0 }),
                    requests
                )
                close = { try? await pool.shutdownGracefully() }
            case .s3(let settings):
                let client = S3Client(settings, group: group, now: environment.now)
                objects = RetryingObjectStore(CountingObjectStore(client, requests), random: { random().0 })
                close = { client.close() }
            }
            // Wrong keys and a bucket that is not there are told at the start, not with the first record.
            _ = try await objects.list(prefix: "probe/", after: "")
        } catch {
            throw Failure("the object store cannot be used: \(error.message)")
        }
        return (objects, close)
    }
}
