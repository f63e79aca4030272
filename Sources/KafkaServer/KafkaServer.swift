package import Broker
package import Logging
package import Metadata
package import NIOCore
internal import NIOPosix
package import ServerTLS
package import Serving

/// The Kafka listeners: a face of the broker, each on a TCP port of its own.
package final class KafkaServer: Sendable {
    package struct Settings: Sendable {
        /// `socket.request.max.bytes`
        package var frameBytesMax: Int
        /// `connections.max.idle.ms`
        package var idleTime: TimeAmount
        /// How many connections all listeners have together: further ones are closed at once.
        package var connections: ConnectionRegistry.Limits
        /// `max.incremental.fetch.session.cache.slots`
        package var fetchSessionsMax: Int
        /// Partitions of all fetch sessions.
        package var fetchSessionPartitionsMax: Int

        package init(
            frameBytesMax: Int,
            idleTime: TimeAmount,
            connections: ConnectionRegistry.Limits,
            fetchSessionsMax: Int,
            fetchSessionPartitionsMax: Int = .max
        ) {
            self.frameBytesMax = frameBytesMax
            self.idleTime = idleTime
            self.connections = connections
            self.fetchSessionsMax = fetchSessionsMax
            self.fetchSessionPartitionsMax = fetchSessionPartitionsMax
        }
    }

    /// One address to listen on.
    package struct Listener: Sendable, Equatable {
        /// What sessions carry of it, for example `PLAINTEXT`.
        package var name: String
        package var host: String
        /// 0 picks a free one.
        package var port: Int
        /// What clients speak there.
        package var securityProtocol: SecurityProtocol

        package init(name: String, host: String, port: Int, securityProtocol: SecurityProtocol = .plaintext) {
            self.name = name
            self.host = host
            self.port = port
            self.securityProtocol = securityProtocol
        }
    }

    /// Why a listener cannot be had.
    package struct BindFailure: Error {
        package var listener: Listener
        package var error: any Error
    }

    private static let face = "Kafka"

    private let channels: [(listener: Listener, channel: any Channel)]
    private let connections: ConnectionRegistry

    private init(channels: [(listener: Listener, channel: any Channel)], connections: ConnectionRegistry) {
        self.channels = channels
        self.connections = connections
    }

    /// Binds and serves all listeners, or none. Throws `BindFailure`.
    ///
    /// - Parameters:
    ///   - listeners: at least one.
    ///   - tls: of each listener that speaks it, by the listener's name.
    ///   - sasl: of each listener on which clients authenticate by it, by the listener's name.
    ///   - gate: may refuse or delay each request before it is dispatched.
    package static func start(
        listeners: [Listener],
        tls: [String: ServerTLS] = [:],
        sasl: [String: SaslListener] = [:],
        group: any EventLoopGroup,
        broker: Broker,
        gate: any Gate = OpenGate(),
        logger: Logger? = nil,
        settings: Settings
    ) async throws -> KafkaServer {
        let logger = logger ?? broker.environment.logger
        let services = Services(
            broker: broker,
            gate: gate,
            log: ConnectionLog(logger, face: Self.face),
            fetchSessions: FetchSessionCache(
                slots: settings.fetchSessionsMax,
                partitionsMax: settings.fetchSessionPartitionsMax
            )
        )
        let connections = ConnectionRegistry(limits: settings.connections)
        var channels: [(listener: Listener, channel: any Channel)] = []
        for listener in listeners {
            do {
                let secure = tls[listener.name]
                precondition((secure != nil) == listener.securityProtocol.usesTLS, "a listener without its certificate")
                let authentication = sasl[listener.name]
                precondition(
                    (authentication != nil) == listener.securityProtocol.usesSASL,
                    "a listener without its SASL"
                )
                let channel = try await Self.bind(
                    listener,
                    secure,
                    authentication,
                    group,
                    services,
                    connections,
                    settings,
                    logger
                )
                channels.append((listener, channel))
            } catch {
                for (_, channel) in channels { try? await channel.close() }
                throw BindFailure(listener: listener, error: error)
            }
        }
        return KafkaServer(channels: channels, connections: connections)
    }

    private static func bind(
        _ listener: Listener,
        _ tls: ServerTLS?,
        _ sasl: SaslListener?,
        _ group: any EventLoopGroup,
        _ services: Services,
        _ connections: ConnectionRegistry,
        _ settings: Settings,
        _ logger: Logger
    ) async throws -> any Channel {
        // No more requests of a connection are begun while it has not taken so much.
        let unsentBytesMax =
            tls == nil ? min(4 << 20, services.broker.memory.answerBytesMax / 2) : 2 * ServerTLS.writeBytesMax
        let handshake = HandshakeSettings(
            log: services.log,
            memory: services.broker.memory,
            audit: (services.broker.environment.audit, "kafka", listener.name)
        ) { $0.adviceOnTLSPort }
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let throttle = AcceptThrottle(services.broker.quotas, listener: listener.name)
                    try channel.pipeline.syncOperations.addHandler(throttle)
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // One read takes what there is; and NIO keeps as many buffers for itself as it reads at once.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: unsentBytesMax / 4, high: unsentBytesMax)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.admit(channel, on: listener.name) else {
                        services.log.warn(
                            .refusedConnection,
                            "max.connections, max.connections.per.ip, --memory-limit or the limit of files is reached",
                            client: channel.remoteAddress?.ipAddress ?? "",
                            on: channel.eventLoop
                        )
                        throw ChannelError.operationUnsupported
                    }
                    let connection = KafkaConnection(
                        services: services,
                        listener: listener.name,
                        sasl: sasl,
                        frameBytesMax: settings.frameBytesMax,
                        idleTime: settings.idleTime,
                        isEncrypted: tls != nil,
                        logger: logger
                    )
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(connection)
                    guard let tls else { return try Self.readIntoPlace(channel, connection) }
                    try tls.secure(channel, handshake)
                }
            }
            .bind(host: listener.host, port: listener.port)
            .get()
    }

    /// Has NIO read the socket into the buffers of the frames: what comes in is not encrypted.
    private static func readIntoPlace(_ channel: any Channel, _ connection: KafkaConnection) throws {
        let pipeline = channel.pipeline.syncOperations
        let socket = try pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        guard let socket else { return }
        let reads = SocketReads(connection: connection, socket: socket)
        try channel.syncOptions?.setOption(.recvAllocator, value: reads)
    }

    /// Where each listener listens: what port 0 became.
    package var localAddresses: [(name: String, address: SocketAddress?)] {
        self.channels.map { ($0.listener.name, $0.channel.localAddress) }
    }

    /// Open connections by the client's address.
    package var connectionsByAddress: [String: Int] { self.connections.connectionsByAddress }

    /// From now on this many connections are admitted.
    package func limitsChanged(_ limits: ConnectionRegistry.Limits) { self.connections.limitsChanged(limits) }

    /// Stops accepting, lets requests in flight finish within the grace period, closes every connection.
    package func shutdown(grace: TimeAmount) async {
        for (_, channel) in self.channels { try? await channel.close() }
        guard let eventLoop = self.channels.first?.channel.eventLoop else { return }
        await self.connections.quiesce(within: grace, on: eventLoop)
    }
}
