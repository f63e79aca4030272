internal import Broker
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Serving

/// The admin port: health for supervisors, metrics for Prometheus. HTTP/1.1, `GET` and `HEAD` only.
package final class AdminServer: Sendable {
    /// What the port reports. Each is asked once for every request, on an event loop, so it must not block.
    package struct Sources: Sendable {
        /// Why clients are not served, in one line; `nil` when they are. There is a reason while starting, from the
        /// first moment of a shutdown, and when the journal has failed.
        package var unreadiness: @Sendable () -> String?
        /// What is damaged although clients are served, one line each, few of them.
        package var damage: @Sendable () -> [String]
        /// Text exposition format 0.0.4.
        package var metrics: @Sendable () -> String

        package init(
            unreadiness: @escaping @Sendable () -> String?,
            damage: @escaping @Sendable () -> [String],
            metrics: @escaping @Sendable () -> String
        ) {
            self.unreadiness = unreadiness
            self.damage = damage
            self.metrics = metrics
        }
    }

    /// The port accepts this many connections at a time; further ones are closed at once.
    package static let connectionsMax = 256

    private let channel: any Channel
    private let connections: ConnectionRegistry

    private init(channel: any Channel, connections: ConnectionRegistry) {
        self.channel = channel
        self.connections = connections
    }

    /// Binds and serves. Throws what the bind throws.
    package static func start(
        host: String,
        port: Int,
        group: any EventLoopGroup,
        sources: Sources
    ) async throws -> AdminServer {
        let connections = ConnectionRegistry(limit: Self.connectionsMax)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.admit(channel) else { throw ChannelError.operationUnsupported }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        IdleStateHandler(allTimeout: .seconds(60))
                    )
                    try channel.pipeline.syncOperations.addHandler(AdminHandler(sources: sources))
                }
            }
            .bind(host: host, port: port)
            .get()
        return AdminServer(channel: channel, connections: connections)
    }

    /// Where it listens: what port 0 became.
    package var localAddress: SocketAddress? { self.channel.localAddress }

    /// Stops accepting, lets requests under way finish within the grace period, closes every connection.
    package func shutdown(grace: TimeAmount) async {
        try? await self.channel.close()
        await self.connections.quiesce(within: grace, on: self.channel.eventLoop)
    }
}
