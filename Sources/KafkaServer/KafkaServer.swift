package import Broker
internal import Logging
package import NIOCore
internal import NIOPosix
package import Serving

/// The Kafka listener: a face of the broker on one TCP port.
package final class KafkaServer: Sendable {
    package struct Settings: Sendable {
        /// `socket.request.max.bytes`
        package var frameBytesMax: Int
        /// `connections.max.idle.ms`
        package var idleTime: TimeAmount
        /// `max.connections`: further ones are closed at once.
        package var connectionsMax: Int
        /// `max.incremental.fetch.session.cache.slots`
        package var fetchSessionsMax: Int

        package init(frameBytesMax: Int, idleTime: TimeAmount, connectionsMax: Int, fetchSessionsMax: Int) {
            self.frameBytesMax = frameBytesMax
            self.idleTime = idleTime
            self.connectionsMax = connectionsMax
            self.fetchSessionsMax = fetchSessionsMax
        }
    }

    /// What sessions of this listener carry.
    package static let listenerName = "Kafka"

    private let listener: any Channel
    private let connections: ConnectionRegistry

    private init(listener: any Channel, connections: ConnectionRegistry) {
        self.listener = listener
        self.connections = connections
    }

    /// Binds and serves. Throws what the bind throws.
    ///
    /// - Parameter gate: may refuse or delay each request before it is dispatched.
    package static func start(
        host: String,
        port: Int,
        group: any EventLoopGroup,
        broker: Broker,
        gate: any Gate = OpenGate(),
        settings: Settings
    ) async throws -> KafkaServer {
        let logger = broker.environment.logger
        let services = Services(
            broker: broker,
            gate: gate,
            log: ConnectionLog(logger, face: Self.listenerName),
            fetchSessions: FetchSessionCache(slots: settings.fetchSessionsMax)
        )
        let connections = ConnectionRegistry(limit: settings.connectionsMax)
        // No more requests of a connection are begun while it has not taken so much.
        let unsentBytesMax = min(4 << 20, broker.memory.answerBytesMax / 2)
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // One read takes what there is; and NIO keeps as many buffers for itself as it reads at once.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: unsentBytesMax / 4, high: unsentBytesMax)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.admit(channel) else {
                        services.log.warn(
                            .refusedConnection,
                            "max.connections or --memory-limit is reached",
                            client: channel.remoteAddress?.ipAddress ?? "",
                            on: channel.eventLoop
                        )
                        throw ChannelError.operationUnsupported
                    }
                    let connection = KafkaConnection(
                        services: services,
                        listener: Self.listenerName,
                        frameBytesMax: settings.frameBytesMax,
                        idleTime: settings.idleTime,
                        logger: logger
                    )
                    let pipeline = channel.pipeline.syncOperations
                    let socket = try pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
                    if let socket {
                        let reads = SocketReads(connection: connection, socket: socket)
                        try channel.syncOptions?.setOption(.recvAllocator, value: reads)
                    }
                    try pipeline.addHandler(connection)
                }
            }
            .bind(host: host, port: port)
            .get()
        return KafkaServer(listener: listener, connections: connections)
    }

    /// Where it listens: what port 0 became.
    package var localAddress: SocketAddress? { self.listener.localAddress }

    /// Stops accepting, lets requests in flight finish within the grace period, closes every connection.
    package func shutdown(grace: TimeAmount) async {
        try? await self.listener.close()
        await self.connections.quiesce(within: grace, on: self.listener.eventLoop)
    }
}
