import FoundationEssentials
import KafkaProtocol
import LogCore
import LogTestSupport
import Logging
import Metadata
import MetadataSQLite
import Model
import NIOCore
import NIOEmbedded
import NIOPosix
import Serving

@testable import Broker
@testable import KafkaServer

/// API handlers behind a connection, over partitions in memory whose moments a test chooses.
struct HandlerHarness {
    let engine: MemoryLogEngine
    let topic: Topic
    private let channel: NIOAsyncTestingChannel
    let broker: Broker

    static let topicName = "orders"

    /// A broker with one topic of `partitions`, and a connection to it.
    ///
    /// - Parameter configs: the broker's properties beside the harness's own.
    static func run(
        partitions: Int = 2,
        configs: [(name: String, value: String)] = [],
        audit: any AuditLog = NoAuditLog(),
        _ body: @escaping @Sendable (HandlerHarness) async throws -> Void
    ) async throws {
        let path = FileManager.default.temporaryDirectory.path() + "/millrace-\(UInt64.random(in: 0...(.max))).sqlite"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let engine = MemoryLogEngine()
        let (broker, _) = try await Broker.start(
            settings: try BrokerSettings(
                configs: BrokerConfigs(parsing: [("auto.create.topics.enable", "false")] + configs)
            ),
            environment: BrokerEnvironment(
                logger: logger,
                now: { 1_700_000_000_000 },
                monotonicMilliseconds: { 0 },
                random: {
                    var generator = SystemRandomNumberGenerator()
                    return (generator.next(), generator.next())
                },
                audit: audit
            ),
            clusterID: "test",
            recovering: NothingToRecover(engine),
            store: try SQLiteMetadataStore(path: path),
            memory: ConnectionMemory(bytesMax: 64 << 20),
            eventLoops: Array(group.makeIterator())
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await broker.run() }
            let topic = try await broker.control.createTopic(
                TopicCreation(
                    name: Self.topicName,
                    id: broker.environment.makeTopicID(),
                    partitionCount: partitions,
                    origin: .kafka
                )
            )
            let harness = HandlerHarness(
                engine: engine,
                topic: topic,
                channel: NIOAsyncTestingChannel(),
                broker: broker
            )
            try await harness.connect(logger)
            try await body(harness)
            _ = try? await harness.channel.finish(acceptAlreadyClosed: true)
            tasks.cancelAll()
        }
        try await group.shutdownGracefully()
    }

    private func connect(_ logger: Logger) async throws {
        let services = Services(
            broker: self.broker,
            gate: OpenGate(),
            log: ConnectionLog(logger, face: "Kafka"),
            fetchSessions: FetchSessionCache(slots: 10)
        )
        let channel = self.channel
        try await channel.testingEventLoop.executeInContext {
            try channel.pipeline.syncOperations.addHandler(
                KafkaConnection(
                    services: services,
                    listener: "Kafka",
                    frameBytesMax: 1 << 20,
                    idleTime: .hours(24),
                    logger: logger
                )
            )
        }
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
    }

    func log(_ partition: Int32) throws -> MemoryPartitionLog {
        guard let log = self.engine.log(partition) else { throw ChannelError.inappropriateOperationForState }
        return log
    }

    func send(_ request: some KafkaRequest, version: Int16) async throws {
        var frame = ByteBuffer()
        request.encodeFrame(into: &frame, version: version, correlationID: 7, clientID: "test")
        try await self.channel.writeInbound(frame)
    }

    func receive<Response: KafkaResponse>(_ response: Response.Type, version: Int16) async throws -> Response {
        var frame = ByteBuffer()
        repeat {
            let part = try await self.channel.waitForOutboundWrite(as: ByteBuffer.self)
            frame.writeImmutableBuffer(part)
        } while frame.readableBytes < 4 + Int(frame.getInteger(at: 0, as: Int32.self) ?? 0)
        frame.moveReaderIndex(forwardBy: 4)
        _ = try ResponseHeader.decode(from: &frame, apiKey: Response.apiKey, apiVersion: version)
        return try Response.decode(from: &frame, version: version)
    }

    func ask<Request: KafkaRequest>(_ request: Request, version: Int16) async throws -> Request.Response {
        try await self.send(request, version: version)
        return try await self.receive(Request.Response.self, version: version)
    }

    /// Nothing has been answered.
    func isSilent() async throws -> Bool {
        await self.channel.testingEventLoop.run()
        return try await self.channel.readOutbound(as: ByteBuffer.self) == nil
    }

    /// Has all deadlines pass that are within an hour.
    func timePasses() async { await self.channel.testingEventLoop.advanceTime(to: .now() + .hours(1)) }
}
