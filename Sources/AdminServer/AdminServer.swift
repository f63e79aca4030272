internal import Broker
package import Logging
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import ServerTLS
internal import Serving

/// The admin port: health for supervisors, metrics for Prometheus, and what needs a login. HTTP/1.1.
///
/// A request goes through `AdminHandler` (the connection), `AdminDesk` (route, admission, who calls) and the handler of
/// its `AdminRoute`. A new path is a route: see `AdminRouter`.
package final class AdminServer: Sendable {
    /// What the port reports. Each is asked once for every request: health on an event loop, so it must not block;
    /// metrics off the event loops.
    package struct Sources: Sendable {
        /// Why clients are not served, in one line; `nil` when they are. There is a reason while starting, from the
        /// first moment of a shutdown, and when the journal has failed.
        package var unreadiness: @Sendable () -> String?
        /// What is damaged although clients are served, one line each, few of them.
        package var damage: @Sendable () -> [String]
        /// Text exposition format 0.0.4.
        package var metrics: @Sendable () -> String
        /// The same by the names of kafka_exporter.
        package var kafkaExporter: @Sendable () -> String

        package init(
            unreadiness: @escaping @Sendable () -> String?,
            damage: @escaping @Sendable () -> [String],
            metrics: @escaping @Sendable () -> String,
            kafkaExporter: @escaping @Sendable () -> String = { "" }
        ) {
            self.unreadiness = unreadiness
            self.damage = damage
            self.metrics = metrics
            self.kafkaExporter = kafkaExporter
        }
    }

    package struct Settings: Sendable {
        package var host: String
        package var port: Int
        package var rules = AdmissionRules()
        /// Metrics ask for a role, as everything but health does.
        package var guardsMetrics = false
        package var users: AdminUsers
        /// Further paths.
        package var routes: [AdminRoute] = []
        package var audit: AdminAudit = { _ in }
        package var clock: AdminClock

        package init(host: String, port: Int, users: AdminUsers, clock: AdminClock) {
            self.host = host
            self.port = port
            self.users = users
            self.clock = clock
        }
    }

    /// The port accepts this many connections at a time; further ones are closed at once.
    package static let connectionsMax = 256
    /// Of them, so many may be streams at a time; further requests for one are answered 503.
    package static let streamsMax = 64

    private let channel: any Channel
    private let connections: ConnectionRegistry
    private let streams: OpenStreams

    private init(channel: any Channel, connections: ConnectionRegistry, streams: OpenStreams) {
        self.channel = channel
        self.connections = connections
        self.streams = streams
    }

    /// Binds and serves. Throws what the bind throws.
    ///
    /// - Parameter tls: `nil` for plain text; with it nothing else is spoken.
    package static func start(
        _ settings: Settings,
        tls: ServerTLS? = nil,
        group: any EventLoopGroup,
        sources: Sources,
        logger: Logger
    ) async throws -> AdminServer {
        let handshake = HandshakeSettings(log: ConnectionLog(logger, face: "Admin")) { $0.adviceOnTLSPort }
        let connections = ConnectionRegistry(limit: Self.connectionsMax)
        let desk = Self.makeDesk(settings, sources)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.admit(channel) else { throw ChannelError.operationUnsupported }
                    try Self.configure(channel, desk: desk, isSecure: tls != nil)
                    try tls?.secure(channel, handshake)
                }
            }
            .bind(host: settings.host, port: settings.port)
            .get()
        return AdminServer(channel: channel, connections: connections, streams: desk.streams)
    }

    static func makeDesk(_ settings: Settings, _ sources: Sources) -> AdminDesk {
        let authenticator = AdminAuthenticator(users: settings.users, seal: SessionSeal())
        let login = LoginRoutes(authenticator, audit: settings.audit, clock: settings.clock)
        let health = HealthRoutes(
            sources: sources,
            guardsMetrics: settings.guardsMetrics,
            hasConsole: settings.routes.contains { $0.pattern == "/" }
        )
        let routes = health.routes + login.routes + settings.routes
        let description = OpenAPIDocument(routes).text
        return AdminDesk(
            router: AdminRouter(routes + [OpenAPIDocument.route { description }]),
            rules: settings.rules,
            authenticator: authenticator,
            audit: settings.audit,
            clock: settings.clock
        )
    }

    /// Sets up the pipeline of one connection. On the channel's loop.
    ///
    /// - Parameter isSecure: what comes here has been decrypted.
    static func configure(_ channel: any Channel, desk: AdminDesk, isSecure: Bool) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline()
        try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(60)))
        let connection = AdminConnection(remote: Endpoint(channel.remoteAddress, else: "unknown"), isSecure: isSecure)
        try pipeline.addHandler(AdminHandler(desk: desk, connection: connection))
    }

    /// Where it listens: what port 0 became.
    package var localAddress: SocketAddress? { self.channel.localAddress }

    /// Stops accepting, lets requests under way finish within the grace period, closes every connection.
    package func shutdown(grace: TimeAmount) async {
        try? await self.channel.close()
        self.streams.close()
        await self.connections.quiesce(within: grace, on: self.channel.eventLoop)
    }
}
