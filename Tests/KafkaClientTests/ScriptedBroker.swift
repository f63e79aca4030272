import KafkaProtocol
import NIOCore
import NIOPosix
import Synchronization

/// A broker on a real socket whose answers are a function of the request. Requests are answered one after another per
/// connection, unless the script holds an answer back.
final class ScriptedBroker: Sendable {
    /// What arrived: the header and the body's bytes.
    struct Arrival: Sendable {
        var header: RequestHeader
        var body: ByteBuffer
        var index: Int
    }

    enum Answer: Sendable {
        /// The bytes after the response header.
        case body(ByteBuffer)
        /// Sent after the next answer that is not held.
        case held(ByteBuffer)
        /// Sent as they are, instead of a response.
        case raw(ByteBuffer)
        case close
        case silence
    }

    typealias Script = @Sendable (Arrival) -> Answer

    private let channel: any Channel
    let port: Int
    private let log: ArrivalLog

    private init(channel: any Channel, port: Int, log: ArrivalLog) {
        self.channel = channel
        self.port = port
        self.log = log
    }

    var arrivals: [RequestHeader] { self.log.headers }

    func arrivals(of apiKey: APIKey) -> [RequestHeader] { self.arrivals.filter { $0.apiKey == apiKey } }

    static func run(
        _ script: @escaping @Sendable (Arrival, _ port: Int) -> Answer,
        _ body: (ScriptedBroker) async throws -> Void
    ) async throws {
        let log = ArrivalLog()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let port = channel.localAddress?.port ?? 0
                    try channel.pipeline.syncOperations.addHandler(
                        ScriptHandler(log: log) { script($0, port) }
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let broker = ScriptedBroker(channel: channel, port: channel.localAddress?.port ?? 0, log: log)
        do {
            try await body(broker)
        } catch {
            try? await channel.close()
            throw error
        }
        try? await channel.close()
    }
}

final class ArrivalLog: Sendable {
    private let state = Mutex<[RequestHeader]>([])

    var headers: [RequestHeader] { self.state.withLock { $0 } }

    /// Notes a request; how many of its API came before.
    func add(_ header: RequestHeader) -> Int {
        self.state.withLock { headers in
            defer { headers.append(header) }
            return headers.count { $0.apiKey == header.apiKey }
        }
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let log: ArrivalLog
    private let script: ScriptedBroker.Script
    private var received = ByteBuffer()
    private var held: [ByteBuffer] = []

    init(log: ArrivalLog, script: @escaping ScriptedBroker.Script) {
        self.log = log
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        self.received.writeBuffer(&bytes)
        while let length = self.received.getInteger(at: self.received.readerIndex, as: Int32.self),
            self.received.readableBytes >= 4 + Int(length)
        {
            self.received.moveReaderIndex(forwardBy: 4)
            guard var frame = self.received.readSlice(length: Int(length)),
                let header = try? RequestHeader.decode(from: &frame)
            else { return context.close(promise: nil) }
            self.answer(header, frame, context)
        }
    }

    private func answer(_ header: RequestHeader, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        let index = self.log.add(header)
        switch self.script(ScriptedBroker.Arrival(header: header, body: body, index: index)) {
        case .body(let answer):
            context.write(Self.wrapOutboundOut(Self.frame(header, answer)), promise: nil)
            for held in self.held { context.write(Self.wrapOutboundOut(held), promise: nil) }
            self.held = []
            context.flush()
        case .held(let answer):
            self.held.append(Self.frame(header, answer))
        case .raw(let bytes):
            context.writeAndFlush(Self.wrapOutboundOut(bytes), promise: nil)
        case .close:
            context.close(promise: nil)
        case .silence:
            break
        }
    }

    private static func frame(_ header: RequestHeader, _ body: ByteBuffer) -> ByteBuffer {
        var payload = ByteBuffer()
        ResponseHeader(correlationID: header.correlationID)
            .encode(into: &payload, apiKey: header.apiKey, apiVersion: header.apiVersion)
        payload.writeImmutableBuffer(body)
        var frame = ByteBuffer()
        frame.writeInteger(Int32(payload.readableBytes))
        frame.writeBuffer(&payload)
        return frame
    }
}

extension ScriptedBroker.Arrival {
    func request<Request: KafkaRequest>(_ type: Request.Type) throws -> Request {
        var bytes = self.body
        return try Request.decode(from: &bytes, version: self.header.apiVersion)
    }

    func answer(_ response: some KafkaResponse) -> ScriptedBroker.Answer {
        .body(self.bytes(response))
    }

    func bytes(_ response: some KafkaResponse, version: Int16? = nil) -> ByteBuffer {
        var bytes = ByteBuffer()
        response.encode(into: &bytes, version: version ?? self.header.apiVersion)
        return bytes
    }
}
