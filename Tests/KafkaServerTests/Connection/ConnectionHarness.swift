import FoundationEssentials
import KafkaProtocol
import LogCore
import LogFiles
import Logging
import Metadata
import MetadataSQLite
import Model
import NIOCore
import NIOEmbedded
import NIOPosix
import Serving
import Synchronization

@testable import Broker
@testable import KafkaServer

/// A Kafka connection over an embedded channel, with a real broker behind it.
///
/// Made, used and dropped by one thread: an embedded channel belongs to it.
final class ConnectionHarness {
    let channel = EmbeddedChannel()
    let memory: ConnectionMemory
    let quotas: ClientQuotas
    let fetchSessions: FetchSessionCache
    /// `nil` once no reference is left.
    private(set) weak var connection: KafkaConnection?

    fileprivate init(services: Services, isEncrypted: Bool) throws {
        self.memory = services.broker.memory
        self.quotas = services.broker.quotas
        self.fetchSessions = services.fetchSessions
        let connection = KafkaConnection(
            services: services,
            listener: "Kafka",
            frameBytesMax: 1 << 20,
            idleTime: .seconds(60),
            isEncrypted: isEncrypted,
            logger: services.broker.environment.logger
        )
        self.connection = connection
        try self.channel.pipeline.syncOperations.addHandler(connection)
        try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// Starts a broker without topics, and has `body` use one connection to it.
    static func withConnection(
        gate: any Gate = OpenGate(),
        isEncrypted: Bool = false,
        _ body: (ConnectionHarness) throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "millrace-\(UInt64.random(in: 0...(.max)))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let recovering = try FileLogEngine.start(
            path: directory.path() + "/log",
            properties: DirectoryProperties(
                nodeID: BrokerID(1),
                clusterID: "test",
                directoryID: TopicID(high: 1, low: 1)
            ),
            logger: logger
        )
        let (broker, engine) = try await Broker.start(
            settings: try BrokerSettings(configs: BrokerConfigs()),
            environment: BrokerEnvironment(
                logger: logger,
                now: { 1_700_000_000_000 },
                monotonicMilliseconds: { 0 },
                random: { (UInt64.random(in: 1...(.max)), 2) }
            ),
            clusterID: "test",
            recovering: recovering,
            store: try SQLiteMetadataStore(path: directory.path() + "/metadata.sqlite"),
            memory: ConnectionMemory(bytesMax: 64 << 20),
            eventLoops: Array(group.makeIterator())
        )
        try Self.use(
            Services(
                broker: broker,
                gate: gate,
                log: ConnectionLog(logger, face: "Kafka"),
                fetchSessions: FetchSessionCache(slots: 10)
            ),
            isEncrypted: isEncrypted,
            body
        )
        try engine.close()
        try await group.shutdownGracefully()
        try FileManager.default.removeItem(at: directory)
    }

    private static func use(
        _ services: Services,
        isEncrypted: Bool,
        _ body: (ConnectionHarness) throws -> Void
    ) throws {
        let harness = try ConnectionHarness(services: services, isEncrypted: isEncrypted)
        try body(harness)
        _ = try? harness.channel.finish(acceptAlreadyClosed: true)
    }

    func send(_ request: some KafkaRequest, version: Int16, correlationID: Int32 = 7) throws {
        var frame = ByteBuffer()
        request.encodeFrame(into: &frame, version: version, correlationID: correlationID, clientID: "test")
        try self.channel.writeInbound(frame)
    }

    /// The next answer, and the correlation ID on it; `nil` while none has been written.
    func receive<Response: KafkaResponse>(
        _ response: Response.Type,
        version: Int16
    ) throws -> (correlationID: Int32, response: Response)? {
        guard var frame = try self.channel.readOutbound(as: ByteBuffer.self) else { return nil }
        frame.moveReaderIndex(forwardBy: 4)
        let header = try ResponseHeader.decode(from: &frame, apiKey: Response.apiKey, apiVersion: version)
        return (header.correlationID, try Response.decode(from: &frame, version: version))
    }
}
