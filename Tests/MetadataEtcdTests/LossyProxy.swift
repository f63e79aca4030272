import NIOCore
import NIOPosix
import Synchronization

@testable import MetadataEtcd

/// A proxy before an etcd member that can swallow answers: the request arrives, its answer does not.
final class LossyProxy: Sendable {
    /// Shared with the handlers.
    final class Switch: Sendable {
        private let value = Mutex((generation: 0, mutedThrough: -1))

        /// Of a new connection.
        func nextGeneration() -> Int {
            self.value.withLock { value in
                value.generation += 1
                return value.generation
            }
        }

        /// Connections made so far lose what the server sends from now on; later ones do not.
        func muteConnections() { self.value.withLock { $0.mutedThrough = $0.generation } }

        func isMuted(_ generation: Int) -> Bool { self.value.withLock { generation <= $0.mutedThrough } }
    }

    private let channel: any Channel
    private let `switch`: Switch
    let endpoint: EtcdEndpoint

    private init(channel: any Channel, switch: Switch) {
        self.channel = channel
        self.switch = `switch`
        self.endpoint = EtcdEndpoint(host: "127.0.0.1", port: channel.localAddress?.port ?? 0)
    }

    static func start(before target: EtcdEndpoint) async throws -> LossyProxy {
        let shared = Switch()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in
                let generation = shared.nextGeneration()
                return ClientBootstrap(group: client.eventLoop)
                    .channelInitializer { server in
                        server.eventLoop.makeCompletedFuture {
                            try server.pipeline.syncOperations.addHandler(
                                Pipe(to: client, isMuted: { shared.isMuted(generation) })
                            )
                        }
                    }
                    .connect(host: target.host, port: target.port)
                    .flatMapThrowing { server in
                        try client.pipeline.syncOperations.addHandler(Pipe(to: server, isMuted: { false }))
                    }
                    .flatMap { client.setOption(.autoRead, value: true) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LossyProxy(channel: channel, switch: shared)
    }

    func muteConnections() { self.switch.muteConnections() }

    func stop() async throws { try await self.channel.close() }
}

/// Writes what it reads to another channel of the same loop.
private final class Pipe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let isMuted: @Sendable () -> Bool

    init(to other: any Channel, isMuted: @escaping @Sendable () -> Bool) {
        self.other = other
        self.isMuted = isMuted
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isMuted() else { return }
        self.other.writeAndFlush(self.unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { self.other.close(promise: nil) }
}
