internal import AdminServer
internal import BearerTokens
internal import Broker
internal import CLinuxShim
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import KafkaServer
internal import KinesisProtocol
internal import KinesisServer
internal import LogCore
internal import LogFiles
internal import Logging
internal import Metadata
internal import MetadataSQLite
internal import Model
internal import NIOCore
internal import NIOPosix
internal import Quotas
internal import ServerTLS
internal import Serving

/// Wires a whole server together, runs it until a signal, and takes it down in order.
struct ServerProcess {
    let configuration: ServeConfiguration
    let group: MultiThreadedEventLoopGroup
    let engine: RunningEngine
    let broker: Broker
    /// Of a broker in a cluster.
    let cluster: ClusterParts?
    let isReady = ReadyFlag()

    /// Requests in flight, and answers on their way, have this long after SIGTERM.
    private static let drainTime = TimeAmount.seconds(5)
    /// Then the log has this long to write what it has.
    private static let logDrainTime = Duration.seconds(2)
    /// Before all that a broker of a cluster gives its partitions to others, within this time.
    private static let clusterDrainTime = Duration.seconds(10)

    static func run(_ configuration: ServeConfiguration, started: ContinuousClock.Instant) async throws {
        // What the server makes is for its user, and for reading by its group.
        umask(0o027)
        let memory = configuration.memory
        millrace_tune_malloc(Int32(memory.allocatorKeepsBytes), Int32(memory.allocatorMapsFromBytes))
        let stop = StopSignals.observe()
        let reloads = ReloadSignals.observe()
        let notifier = SystemdNotifier(environment: ProcessInfo.processInfo.environment, processID: getpid())
        let process = try await withThrowingTaskGroup(of: Void.self) { tasks in
            if let notifier { tasks.addTask { await notifier.extendTimeout() } }
            defer { tasks.cancelAll() }
            return try await Self.open(configuration)
        }
        do {
            try await process.serve(until: stop, reloads: reloads, started: started, notifier)
        } catch {
            try? process.engine.close()
            throw error
        }
    }

    // MARK: Opening

    private static func open(_ configuration: ServeConfiguration) async throws -> ServerProcess {
        let levels = LoggerLevels(
            root: configuration.logLevel,
            names: LeveledLogHandler.Name.allCases.map(\.rawValue)
        )
        let environment = try Self.environment(levels, configuration)
        for notice in configuration.notices { environment.logger.notice("\(notice)") }
        let settings: BrokerSettings
        do throws(BrokerError) {
            settings = try BrokerSettings(configs: configuration.broker)
        } catch {
            throw Failure(error.message)
        }
        if let cluster = configuration.cluster {
            return try await Self.open(configuration, cluster, settings, environment)
        }
        return try await Self.open(
            configuration,
            settings,
            environment,
            try Self.openEngine(configuration, settings, environment)
        )
    }

    private static func open(
        _ configuration: ServeConfiguration,
        _ settings: BrokerSettings,
        _ environment: BrokerEnvironment,
        _ recovering: consuming RecoveringFileEngine
    ) async throws(Failure) -> ServerProcess {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let store: SQLiteMetadataStore
        let identity: ClusterIdentity
        do throws(MetadataError) {
            store = try SQLiteMetadataStore(path: configuration.dataDirectory + "/metadata.sqlite")
            if let notice = store.openingNotice { environment.logger.error("\(notice)") }
        } catch {
            throw Failure(error.message)
        }
        try await MetadataLoss.checkJournal(
            recovering,
            store,
            dataDirectory: configuration.dataDirectory,
            isAccepted: configuration.acceptsMetadataLoss
        )
        do throws(MetadataError) {
            identity = try await Broker.identity(
                in: store,
                proposed: ClusterIdentity(
                    clusterID: recovering.properties.clusterID,
                    createdAt: environment.now()
                )
            )
        } catch {
            throw Failure(error.message)
        }
        guard identity.clusterID == recovering.properties.clusterID else {
            throw Failure(
                "\(configuration.dataDirectory): the metadata is of cluster \(identity.clusterID), the logs are of "
                    + "cluster \(recovering.properties.clusterID); restore both from the same backup"
            )
        }
        try await MetadataLoss.check(
            recovering,
            store,
            dataDirectory: configuration.dataDirectory,
            isAccepted: configuration.acceptsMetadataLoss
        )
        let started: (broker: Broker, engine: FileLogEngine)
        do throws(BrokerError) {
            started = try await Broker.start(
                settings: settings,
                environment: environment,
                clusterID: identity.clusterID,
                recovering: recovering,
                store: store,
                memory: configuration.memory.connectionBuffers,
                eventLoops: Array(group.makeIterator())
            )
        } catch {
            throw Failure(error.message)
        }
        return ServerProcess(
            configuration: configuration,
            group: group,
            engine: RunningEngine(started.engine),
            broker: started.broker,
            cluster: nil
        )
    }

    private static func openEngine(
        _ configuration: ServeConfiguration,
        _ settings: BrokerSettings,
        _ environment: BrokerEnvironment
    ) throws(Failure) -> RecoveringFileEngine {
        // A directory that has been used keeps its identity; a new one gets a fresh one.
        let path = configuration.dataDirectory
        let stored = FileManager.default.contents(atPath: path + "/meta.properties")
            .flatMap { DirectoryProperties(decoding: Array($0)) }
        let properties = DirectoryProperties(
            nodeID: settings.nodeID,
            clusterID: stored?.clusterID ?? environment.makeTopicID().description,
            directoryID: stored?.directoryID ?? environment.makeTopicID()
        )
        var engineSettings = configuration.memory.engine
        engineSettings.pageCache = configuration.pageCache
        engineSettings.cleaner = settings.cleanerSettings(memoryBytesMax: environment.cleanerBytesMax)
        engineSettings.scrubBytesPerSecond = configuration.scrubBytesPerSecond
        do throws(LogError) {
            return try FileLogEngine.start(
                path: path,
                properties: properties,
                settings: engineSettings,
                logger: LeveledLogHandler.Name.storage.logger(environment.loggerLevels)
            )
        } catch {
            throw Failure(error.message)
        }
    }

    private static func environment(
        _ levels: LoggerLevels,
        _ configuration: ServeConfiguration
    ) throws(Failure) -> BrokerEnvironment {
        let origin = ContinuousClock.now
        let logger = LeveledLogHandler.Name.broker.logger(levels)
        let now = { @Sendable () -> Timestamp in Int64(Date().timeIntervalSince1970 * 1000) }
        let monotonicMilliseconds = { @Sendable () -> Int64 in
            let elapsed = (ContinuousClock.now - origin).components
            return elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000
        }
        return BrokerEnvironment(
            logger: logger,
            now: now,
            monotonicMilliseconds: monotonicMilliseconds,
            random: {
                var generator = SystemRandomNumberGenerator()
                return (generator.next(), generator.next())
            },
            groupMemberBytesMax: configuration.memory.groupMemberBytesMax,
            groupOffsetBytesMax: configuration.memory.groupOffsetBytesMax,
            partitionsMax: configuration.memory.partitionsMax,
            cleanerBytesMax: configuration.memory.cleanerBytes,
            loggerLevels: levels,
            logDirectory: LogDirectory(volumeOf: configuration.dataDirectory),
            audit: try AuditLogFile.open(
                configuration.broker.string("audit.log") ?? "",
                logger: logger,
                now: now,
                monotonicMilliseconds: monotonicMilliseconds
            )
        )
    }

    // MARK: Serving

    private func serve(
        until stop: AsyncStream<String>,
        reloads: AsyncStream<Void>,
        started: ContinuousClock.Instant,
        _ notifier: SystemdNotifier?
    ) async throws {
        let identity = try await ServerIdentity.open(
            self.configuration,
            store: self.broker.store,
            now: self.broker.environment.now,
            logger: self.broker.environment.logger
        )
        let kafkaTLS = try KafkaTLS(self.configuration.kafka, self.broker.configs)
        kafkaTLS.follow(self.broker.configStore, self.broker.environment.logger)
        let kinesisTLS = try self.loadKinesisTLS()
        try self.auditListeners(identity, kafkaTLS, kinesisTLS)
        let adminTLS = try self.configuration.adminTLS.load()
        let ports = kafkaTLS.ports.values + [kinesisTLS, adminTLS].compactMap(\.self)
        self.limitConnections()
        try await self.configuration.initialUser?.make(self.broker)
        let sasl = try await SaslSetup(self.configuration, self.broker, self.cluster?.interBroker)
        let kafka = try await self.startKafka(kafkaTLS, sasl)
        let kinesis = try await self.startKinesis(identity, kinesisTLS)
        let loops = EventLoopProbe(self.group)
        loops.start()
        defer { loops.stop() }
        let history = RateHistory()
        let metrics = try self.servedMetrics(loops, kafkaTLS, kinesis: kinesisTLS, admin: adminTLS, started: started)
        let admin = try await self.startAdmin(identity, adminTLS, kafka, kinesis, history, metrics)
        let endpoints = try self.cluster.map { _ throws(Failure) in try self.endpoints(kafka) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            if let cluster {
                let broker = self.broker
                tasks.addTask { await cluster.runStore() }
                tasks.addTask { await cluster.collectGarbage() }
                tasks.addTask { try await cluster.run(broker) }
                try await cluster.listen(at: endpoints ?? [:])
            }
            tasks.addTask { await CertificateWatch(ports, self.broker.environment.logger).run(reloads) }
            tasks.addTask { try await self.broker.run() }
            tasks.addTask { try await identity.keys.follow() }
            tasks.addTask { try await identity.access.followRoles() }
            tasks.addTask { try await identity.access.followTokens() }
            tasks.addTask { await self.runRetention() }
            if admin != nil { tasks.addTask { await history.run(self.broker) } }
            tasks.addTask { await metrics.alarms.run(self.broker, metrics.certificates, self.unreadiness) }
            for keys in sasl.keySets { tasks.addTask { await keys.run() } }
            if let kinesis {
                let interval = self.configuration.broker.int64("kinesis.on.demand.check.interval.ms")
                tasks.addTask { await kinesis.scaleOnDemandStreams(every: .milliseconds(interval)) }
            }
            do throws(KinesisError) {
                try await kinesis?.createInitialStreams()
            } catch {
                throw Failure(
                    "cannot create the streams of --initialize-streams: \(error.message ?? error.code.rawValue)"
                )
            }
            self.isReady.set(true)
            self.printReady(
                kafka: kafka?.localAddresses ?? [],
                kinesis: kinesis?.localAddresses ?? [],
                admin: admin?.localAddress,
                started: started
            )
            if let notifier {
                notifier.notify(.ready)
                tasks.addTask { await notifier.watch(self.group) }
            }
            tasks.addTask {
                for await signal in stop {
                    self.broker.environment.logger.notice("stopping on \(signal)")
                    return
                }
            }
            let failures = AsyncStream<String>.makeStream()
            self.engine.onFailure { failures.continuation.yield($0) }
            tasks.addTask {
                for await reason in failures.stream {
                    let part = self.cluster == nil ? "journal" : "engine"
                    self.broker.environment.logger.critical(
                        "the \(part) failed: nothing can be acknowledged until the next start",
                        metadata: ["error": "\(reason)", "exitCode": "\(Failure.storageExitCode)"]
                    )
                    throw Failure(reason, exitCode: Failure.storageExitCode)
                }
            }
            // The first to end is the signal, or a part that failed.
            let ended = await tasks.nextResult()
            self.isReady.set(false)
            notifier?.notify(.stopping)
            // Probes of the readiness are to see why it ends.
            if self.engine.failure() != nil { try? await Task.sleep(for: .milliseconds(500)) }
            if case .success = ended { await self.cluster?.drain(within: Self.clusterDrainTime) }
            await self.stopServing(kafka, kinesis, admin)
            tasks.cancelAll()
            if case .failure(let failure as Failure) = ended {
                // The reason matters more than what goes wrong on the way out.
                try? self.closeEngine()
                await self.cluster?.close(leaving: false)
                throw failure
            }
            try self.closeEngine()
            await self.cluster?.close(leaving: true)
            if case .failure(let error) = ended, !(error is CancellationError) {
                throw Failure("the server stopped: \(error)")
            }
        }
    }

    private func loadKinesisTLS() throws(Failure) -> ServerTLS? {
        guard let address = self.configuration.kinesis.first else { return nil }
        return try self.configuration.kinesisTLS.load(
            dataDirectory: self.configuration.dataDirectory,
            host: address.host,
            now: Int(self.broker.environment.now() / 1000)
        )
    }

    private func startKafka(_ tls: KafkaTLS, _ sasl: SaslSetup) async throws -> KafkaServer? {
        guard !self.configuration.kafka.isEmpty else { return nil }
        let configs = self.broker.configs
        let isEncrypted = !tls.ports.isEmpty
        do {
            let server = try await KafkaServer.start(
                listeners: self.configuration.kafka,
                tls: tls.ports,
                sasl: sasl.listeners,
                group: self.group,
                broker: self.broker,
                logger: LeveledLogHandler.Name.kafka.logger(self.broker.environment.loggerLevels),
                settings: KafkaServer.Settings(
                    frameBytesMax: configs.int("socket.request.max.bytes"),
                    idleTime: self.idleTime,
                    connections: self.connectionLimits(configs, encrypted: isEncrypted),
                    fetchSessionsMax: configs.int("max.incremental.fetch.session.cache.slots"),
                    fetchSessionPartitionsMax: self.configuration.memory.fetchSessionPartitionsMax
                )
            )
            self.broker.configStore.observe { server.limitsChanged(self.connectionLimits($0, encrypted: isEncrypted)) }
            self.broker.configStore.observe { configs in
                for listener in sasl.listeners.values { listener.configsChanged(configs) }
            }
            return server
        } catch let failure as KafkaServer.BindFailure {
            let address = ServeConfiguration.Address(host: failure.listener.host, port: failure.listener.port)
            throw Self.bindFailure(address, option: "--kafka", failure.error)
        }
    }

    private func startKinesis(_ identity: ServerIdentity, _ tls: ServerTLS?) async throws -> KinesisServer? {
        // A broker of a cluster answers others that serve the port, for the shards that it leads.
        guard !self.configuration.kinesis.isEmpty || self.cluster != nil else { return nil }
        let key: [UInt8]
        do throws(MetadataError) {
            key = try await Broker.secret(
                "kinesis-tokens",
                in: self.broker.store,
                proposed: TokenSealer.makeKey()
            )
        } catch {
            throw Failure(error.message)
        }
        guard key.count == TokenSealer.keyBytes else { throw Failure("the stored key of shard iterators is damaged") }
        var settings = KinesisServer.Settings(addresses: self.configuration.kinesis.map { ($0.host, $0.port) })
        settings.operations.initialStreams = self.configuration.initialStreams
        settings.connections = self.connectionLimits(self.broker.configs, encrypted: tls != nil)
        settings.connectionPolicy = self.broker.quotas
        settings.idleTimeout = self.idleTime
        settings.shutdownGrace = Self.drainTime
        settings.tls = tls
        settings.needsTLS = self.configuration.kinesisTLS.isRequired
        settings.verifier = identity.signatures
        settings.operations.iteratorValidityMilliseconds =
            self.configuration.broker.int64("kinesis.iterator.lifetime.ms")
        settings.operations.hasLimits = self.configuration.broker.string("kinesis.limits") == "aws"
        do {
            let server = try await KinesisServer.start(
                settings,
                group: self.group,
                backend: self.broker,
                sealer: TokenSealer(key: key),
                logger: LeveledLogHandler.Name.kinesis.logger(self.broker.environment.loggerLevels)
            )
            self.broker.configStore.observe { server.limitsChanged(self.connectionLimits($0, encrypted: tls != nil)) }
            return server
        } catch let failure as KinesisServer.BindFailure {
            let place = ServeConfiguration.Address(host: failure.host, port: failure.port)
            throw Self.bindFailure(place, option: "--kinesis", failure.cause)
        }
    }

    private func startAdmin(
        _ identity: ServerIdentity,
        _ tls: ServerTLS?,
        _ kafka: KafkaServer?,
        _ kinesis: KinesisServer?,
        _ history: RateHistory,
        _ metrics: ServedMetrics
    ) async throws -> AdminServer? {
        LocalAdminToken.remove(from: self.configuration.dataDirectory)
        guard let address = self.configuration.admin else { return nil }
        let environment = self.broker.environment
        let unreadiness = self.unreadiness
        let views = BrokerViews(
            self.broker,
            eventLoop: self.group.next(),
            version: Version.number,
            startedAt: environment.now(),
            clients: {
                let faces = [("kafka", kafka?.connectionsByAddress), ("kinesis", kinesis?.connectionsByAddress)]
                return faces.flatMap { face, counts in
                    (counts ?? [:]).map { ClientRow(address: $0.key, face: face, connections: $0.value) }
                }
            },
            unreadiness: unreadiness,
            alarms: metrics.alarms.board
        )
        var settings = identity.adminSettings(
            self.configuration,
            address,
            clock: AdminClock(now: environment.now, monotonicMilliseconds: environment.monotonicMilliseconds),
            authentication: self.broker.authentication,
            views: views,
            audit: environment.audit
        )
        let console = ConsoleSetup(
            configuration: self.configuration,
            kafka: kafka?.localAddresses ?? [],
            kinesis: kinesis?.localAddresses ?? []
        )
        settings.routes += console.routes(views, history, identity, self.broker, settings.routes)
        let server: AdminServer
        do {
            server = try await AdminServer.start(
                settings,
                tls: tls,
                group: self.group,
                sources: AdminServer.Sources(
                    unreadiness: unreadiness,
                    damage: { [broker] in Self.describe(broker.damage) },
                    metrics: { metrics.text },
                    kafkaExporter: { [broker] in broker.kafkaExporterText() }
                ),
                logger: self.broker.environment.logger
            )
        } catch {
            throw Self.bindFailure(address, option: "--admin", error)
        }
        if let port = server.localAddress?.port {
            // A wildcard is reached at the loopback address too.
            let isWildcard = address.host == "0.0.0.0" || address.host == "::"
            let host = isWildcard ? "127.0.0.1" : address.host
            let text = host.contains(":") ? "[\(host)]" : host
            let scheme = tls == nil ? "http" : "https"
            try identity.localToken.write(to: self.configuration.dataDirectory, url: "\(scheme)://\(text):\(port)")
        }
        return server
    }

    /// Says which listeners ask nobody who he is, or refuses to start with them.
    private func auditListeners(
        _ identity: ServerIdentity,
        _ kafkaTLS: KafkaTLS,
        _ kinesisTLS: ServerTLS?
    ) throws(Failure) {
        let audit = ListenerAudit(
            listeners: self.configuration.kafka.map {
                ListenerAudit.Listener(
                    name: "kafka \($0.name)",
                    host: $0.host,
                    port: $0.port,
                    authenticates: $0.securityProtocol.usesSASL
                        || (kafkaTLS.ports[$0.name]?.requiresClientCertificate ?? false)
                )
            }
                + self.configuration.kinesis.map {
                    ListenerAudit.Listener(
                        name: "kinesis",
                        host: $0.host,
                        port: $0.port,
                        // A certificate is asked for only where nothing but TLS is spoken.
                        authenticates: identity.keys.isRequired
                            || (self.configuration.kinesisTLS.isRequired
                                && kinesisTLS?.requiresClientCertificate ?? false)
                    )
                }
        )
        if self.configuration.security.requiresAuthentication, let refusal = audit.refusal { throw Failure(refusal) }
        if let warning = audit.warning { self.broker.environment.logger.warning("\(warning)") }
    }

    /// For `/health/ready`: what is damaged, in few lines.
    private static func describe(_ damage: [(topic: String, partition: Int32, range: DamagedRange)]) -> [String] {
        let linesMax = 20
        let lines = damage.prefix(linesMax).map { topic, partition, range in
            let (first, last) = (range.offsets.lowerBound, range.offsets.upperBound - 1)
            return "damaged: \(topic)-\(partition) offsets \(first) to \(last), \(range.path): \(range.reason)"
        }
        return damage.count > linesMax ? lines + ["and \(damage.count - linesMax) more, see /metrics"] : lines
    }

    private func runRetention() async {
        let interval = Duration.milliseconds(max(1, self.broker.settings.retentionCheckMilliseconds))
        while !Task.isCancelled {
            do { try await Task.sleep(for: interval) } catch { return }
            await self.broker.applyRetention()
        }
    }

    private func printReady(
        kafka: [(name: String, address: SocketAddress?)],
        kinesis: [SocketAddress],
        admin: SocketAddress?,
        started: ContinuousClock.Instant
    ) {
        func text(_ address: SocketAddress?) -> String {
            guard let address, let host = address.ipAddress, let port = address.port else { return "off" }
            return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
        let kinesisText = kinesis.isEmpty ? "off" : kinesis.map { text($0) }.joined(separator: ",")
        let elapsed = (ContinuousClock.now - started).components
        let milliseconds = elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000
        // Further listeners come last, by their names.
        let others = kafka.dropFirst().map { " kafka.\($0.name)=\(text($0.address))" }.joined()
        StandardOutput.write(
            "ready kafka=\(text(kafka.first?.address)) kinesis=\(kinesisText) admin=\(text(admin)) "
                + "start_ms=\(milliseconds)\(others)\n"
        )
        for text in self.configuration.readyTexts { StandardOutput.write(text + "\n") }
    }

    // MARK: Stopping

    /// Listeners stop together, and connections of all faces end in parallel, within `drainTime`.
    private func stopServing(_ kafka: KafkaServer?, _ kinesis: KinesisServer?, _ admin: AdminServer?) async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await kafka?.shutdown(grace: Self.drainTime) }
            tasks.addTask { await kinesis?.shutdown() }
            // Members that wait for a rebalance are sent away, or their connections would wait for it.
            tasks.addTask { await self.closeGroups() }
        }
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.drainLog() }
            // Health and metrics are served to the end.
            tasks.addTask { await admin?.shutdown(grace: .seconds(1)) }
        }
        LocalAdminToken.remove(from: self.configuration.dataDirectory)
    }

    private func closeGroups() async {
        await withCheckedContinuation { continuation in
            self.broker.closeCoordinators(on: self.group.next()) { continuation.resume() }
        }
    }

    /// Waits until everything assigned is in its segment, within a bound; what is left is in the journal, and the next
    /// start replays it.
    private func drainLog() async {
        let deadline = ContinuousClock.now + Self.logDrainTime
        while self.engine.unwrittenBytes() > 0, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private func closeEngine() throws(Failure) {
        self.broker.validator.shutdown()
        // What was done last is noted as well.
        defer { (self.broker.environment.audit as? QueuedAuditLog)?.shutdown() }
        self.broker.authentication.hasher.shutdown()
        do throws(LogError) {
            try self.engine.close()
        } catch {
            throw Failure("closing the log failed: \(error.message)")
        }
    }
}
