internal import Broker
package import KinesisProtocol
package import Logging
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import ServerTLS
package import Serving

/// The Kinesis port: HTTP/1.1 and HTTP/2, in plain text and over TLS, with JSON 1.1 and CBOR 1.1.
package final class KinesisServer: Sendable {
    package struct Settings: Sendable {
        /// At least one: all serve the same.
        package var addresses: [(host: String, port: Int)]
        /// Further connections are closed at once, and so are streams of HTTP/2 beyond as many.
        package var connections = ConnectionRegistry.Limits(all: 10_000)
        /// How often connections may be made; `nil`: as often as they come.
        package var connectionPolicy: (any ConnectionPolicy)?
        /// A connection on which nothing comes for so long, while nothing is under way, is closed.
        package var idleTimeout = TimeAmount.seconds(120)
        /// How long requests under way may take to finish when the server shuts down.
        package var shutdownGrace = TimeAmount.seconds(10)
        /// Of clients whose first bytes are TLS's; without it they are refused.
        package var tls: ServerTLS?
        /// Clients that do not speak TLS are closed.
        package var needsTLS = false
        /// Where requests are refused or slowed down before they are carried out.
        package var gate: any Gate = OpenGate()
        /// Whose requests are carried out; `nil`: everybody's.
        package var verifier: SignatureVerifier?
        package var operations = KinesisService.Settings()

        /// - Parameter addresses: without one it only answers other brokers of a cluster, for the shards that this one
        ///   leads.
        package init(addresses: [(host: String, port: Int)]) {
            self.addresses = addresses
        }
    }

    /// What sessions carry.
    package static let listenerName = "KINESIS"

    private let service: KinesisService
    private let logger: Logger
    private let channels: [any Channel]
    private let connections: ConnectionRegistry
    private let shutdownGrace: TimeAmount

    private init(
        service: KinesisService,
        logger: Logger,
        channels: [any Channel],
        connections: ConnectionRegistry,
        shutdownGrace: TimeAmount
    ) {
        self.service = service
        self.logger = logger
        self.channels = channels
        self.connections = connections
        self.shutdownGrace = shutdownGrace
    }

    /// Binds and serves. Throws what the bind throws. Without an address it serves other brokers of the cluster only.
    ///
    /// - Parameter sealer: with the cluster's key, or clients' iterators would not outlive a restart.
    package static func start(
        _ settings: Settings,
        group: any EventLoopGroup,
        backend: any KinesisBackend,
        sealer: TokenSealer,
        logger: Logger
    ) async throws -> KinesisServer {
        let connections = ConnectionRegistry(limits: settings.connections)
        let service = KinesisService(backend: backend, sealer: sealer, settings: settings.operations)
        let idleTimeout = settings.idleTimeout
        let gate = settings.gate
        let tls = settings.tls
        let needsTLS = settings.needsTLS
        let verifier = settings.verifier
        let policy = settings.connectionPolicy
        let log = ConnectionLog(logger, face: "Kinesis")
        backend.answerPeers(with: KinesisPeerService(service: service, log: log, logger: logger))
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let policy else { return }
                    let throttle = AcceptThrottle(policy, listener: Self.listenerName)
                    try channel.pipeline.syncOperations.addHandler(throttle)
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 16_384, maximum: socketReadBytesMax)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.admit(channel, on: Self.listenerName) else {
                        log.warn(
                            .refusedConnection,
                            "max.connections, max.connections.per.ip, --memory-limit or the limit of files is reached",
                            client: channel.remoteAddress?.ipAddress ?? "",
                            on: channel.eventLoop
                        )
                        throw ChannelError.operationUnsupported
                    }
                    try Self.configure(
                        channel,
                        service: service,
                        gate: gate,
                        verifier: verifier,
                        idleTimeout: idleTimeout,
                        tls: tls,
                        needsTLS: needsTLS,
                        admitStream: { connections.admitStream($0) },
                        log: log,
                        logger: logger
                    )
                }
            }
        var channels: [any Channel] = []
        for address in settings.addresses {
            do {
                channels.append(try await bootstrap.bind(host: address.host, port: address.port).get())
            } catch {
                for channel in channels { try? await channel.close() }
                throw BindFailure(host: address.host, port: address.port, cause: error)
            }
        }
        return KinesisServer(
            service: service,
            logger: logger,
            channels: channels,
            connections: connections,
            shutdownGrace: settings.shutdownGrace
        )
    }

    /// An address that cannot be listened on.
    package struct BindFailure: Error {
        package var host: String
        package var port: Int
        package var cause: any Error
    }

    /// Where it listens: what port 0 became.
    package var localAddresses: [SocketAddress] { self.channels.compactMap(\.localAddress) }

    /// Open connections by the client's address.
    package var connectionsByAddress: [String: Int] { self.connections.connectionsByAddress }

    /// From now on this many connections are admitted.
    package func limitsChanged(_ limits: ConnectionRegistry.Limits) { self.connections.limitsChanged(limits) }

    /// Creates the streams of the settings that do not exist. Health checks pass afterwards. Needs a broker that
    /// follows the metadata.
    package func createInitialStreams() async throws(KinesisError) { try await self.service.createInitialStreams() }

    /// Splits busy shards of streams in ON_DEMAND mode where limits hold, until its task is cancelled (decision 0045).
    ///
    /// - Parameter interval: how often, and over how long load is measured.
    package func scaleOnDemandStreams(every interval: Duration) async {
        var last = self.service.backend.now()
        while true {
            do { try await Task.sleep(for: interval) } catch { return }
            let now = self.service.backend.now()
            await self.service.splitBusyShards(inMilliseconds: now - last, self.logger)
            last = now
        }
    }

    /// Stops accepting, lets requests under way finish within the grace period, closes every connection.
    package func shutdown() async {
        for channel in self.channels { try? await channel.close() }
        // A broker of a cluster may serve others alone.
        guard let channel = self.channels.first else { return }
        await self.connections.quiesce(within: self.shutdownGrace, on: channel.eventLoop)
    }

    /// Sets up the pipeline of one connection. Call it on the channel's loop.
    ///
    /// - Parameters:
    ///   - log: for warnings that clients can cause; one for the whole server.
    ///   - admitStream: whether there may be another stream of HTTP/2 in the server.
    package static func configure(
        _ channel: any Channel,
        service: KinesisService,
        gate: any Gate,
        verifier: SignatureVerifier? = nil,
        idleTimeout: TimeAmount,
        tls: ServerTLS? = nil,
        needsTLS: Bool = false,
        admitStream: @escaping @Sendable (any Channel) -> Bool = { _ in true },
        log: ConnectionLog,
        logger: Logger
    ) throws {
        let client = ClientContext(
            service: service,
            session: Session(listener: Self.listenerName, of: channel),
            gate: gate,
            verifier: verifier,
            log: log,
            logger: logger,
            eventLoop: channel.eventLoop
        )
        let decoder = HTTP1RequestDecoder()
        let parser = ByteToMessageHandler(decoder)
        let wire = HTTP1Wire(decoder: decoder, stamps: AnswerStamps(clock: service.backend.now))
        let exchanges = ExchangeHandler(client: client, wire: wire, idleTimeout: idleTimeout)
        let firstBytes = FirstBytes(
            client: client,
            tls: tls,
            needsTLS: needsTLS,
            replacing: [exchanges, parser]
        ) { channel, firstBytes in
            try HTTP2Connection.configure(
                channel,
                after: firstBytes,
                client: client,
                idleTimeout: idleTimeout,
                admitStream: admitStream
            )
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(firstBytes)
        try pipeline.addHandler(parser)
        try pipeline.addHandler(exchanges)
    }
}
