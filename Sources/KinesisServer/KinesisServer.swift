internal import Broker
package import KinesisProtocol
package import Logging
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Serving

/// The Kinesis port: HTTP/1.1 with JSON 1.1.
package final class KinesisServer: Sendable {
    package struct Settings: Sendable {
        package var host: String
        package var port: Int
        /// Further connections are closed at once.
        package var connectionsMax = 10_000
        /// A connection on which nothing comes for so long, while nothing is under way, is closed.
        package var idleTimeout = TimeAmount.seconds(120)
        /// How long requests under way may take to finish when the server shuts down.
        package var shutdownGrace = TimeAmount.seconds(10)
        package var operations = KinesisService.Settings()

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    private let channel: any Channel
    private let connections: ConnectionRegistry
    private let shutdownGrace: TimeAmount

    private init(channel: any Channel, connections: ConnectionRegistry, shutdownGrace: TimeAmount) {
        self.channel = channel
        self.connections = connections
        self.shutdownGrace = shutdownGrace
    }

    /// Binds and serves. Throws what the bind throws.
    ///
    /// - Parameter sealer: with the cluster's key, or clients' iterators would not outlive a restart.
    package static func start(
        _ settings: Settings,
        group: any EventLoopGroup,
        backend: any KinesisBackend,
        sealer: TokenSealer,
        logger: Logger
    ) async throws -> KinesisServer {
        let connections = ConnectionRegistry(limit: settings.connectionsMax)
        let service = KinesisService(backend: backend, sealer: sealer, settings: settings.operations)
        let idleTimeout = settings.idleTimeout
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 16_384, maximum: 1 << 18)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.admit(channel) else { throw ChannelError.operationUnsupported }
                    try Self.configure(channel, service: service, idleTimeout: idleTimeout, logger: logger)
                }
            }
            .bind(host: settings.host, port: settings.port)
            .get()
        return KinesisServer(channel: channel, connections: connections, shutdownGrace: settings.shutdownGrace)
    }

    /// Where it listens: what port 0 became.
    package var localAddress: SocketAddress? { self.channel.localAddress }

    /// Stops accepting, lets requests under way finish within the grace period, closes every connection.
    package func shutdown() async {
        try? await self.channel.close()
        await self.connections.quiesce(within: self.shutdownGrace, on: self.channel.eventLoop)
    }

    /// Sets up the pipeline of one connection. Call it on the channel's loop.
    package static func configure(
        _ channel: any Channel,
        service: KinesisService,
        idleTimeout: TimeAmount,
        logger: Logger
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        try pipeline.addHandler(KinesisConnection(service: service, idleTimeout: idleTimeout, logger: logger))
    }
}
