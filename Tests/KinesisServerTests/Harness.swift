import Broker
import KinesisProtocol
import KinesisServer
import Logging
import Metadata
import Model
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Serving
import Synchronization
import Testing

/// Keeps what is logged.
final class KeptLines: Sendable {
    let lines = Mutex<[String]>([])

    struct Handler: LogHandler {
        let kept: KeptLines
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.warning

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            self.kept.lines.withLock { $0.append("\(event.message) \(event.metadata?["reason"]?.description ?? "")") }
        }
    }
}

/// One connection of the Kinesis port over an embedded channel, and the streams behind it.
final class Harness {
    let backend = FakeBackend()
    let channel = EmbeddedChannel()
    private let lines = KeptLines()
    /// Makes a channel a connection of the port.
    private let configure: @Sendable (any Channel) throws -> Void

    /// What has been logged at the level of a warning or above, with its reasons.
    var warnings: [String] { self.lines.lines.withLock { $0 } }

    struct Reply {
        var status: Int
        var headers: HTTPHeaders
        var body: String
    }

    static let authorization =
        "AWS4-HMAC-SHA256 Credential=123456789012/20261123/eu-west-1/kinesis/aws4_request, "
        + "SignedHeaders=host, Signature=00"

    init(
        gate: any Gate = OpenGate(),
        verifier: SignatureVerifier? = nil,
        idleTimeout: TimeAmount = .seconds(60),
        hasLimits: Bool = false
    ) throws {
        let lines = self.lines
        let logger = Logger(label: "test", factory: { _ in KeptLines.Handler(kept: lines) })
        var settings = KinesisService.Settings()
        settings.hasLimits = hasLimits
        let service = KinesisService(
            backend: self.backend,
            sealer: TokenSealer(key: [UInt8](0..<32)),
            settings: settings
        )
        self.configure = { channel in
            try KinesisServer.configure(
                channel,
                service: service,
                gate: gate,
                verifier: verifier,
                idleTimeout: idleTimeout,
                log: ConnectionLog(logger, face: "Kinesis"),
                logger: logger
            )
        }
        try self.configure(self.channel)
        try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func createStream(_ name: String, shards: Int = 1, origin: TopicOrigin = .kinesis) throws {
        try self.backend.createNow(
            TopicCreation(
                name: name,
                id: self.backend.makeTopicID(),
                partitionCount: shards,
                origin: origin,
                streamMode: .provisioned
            )
        )
    }

    static func request(_ operation: String, _ body: String, headers: [String] = []) -> String {
        var lines = [
            "POST / HTTP/1.1", "Host: localhost", "Content-Type: application/x-amz-json-1.1",
            "X-Amz-Target: Kinesis_20131202.\(operation)", "X-Amz-Date: 20261123T000000Z",
            "Authorization: \(Self.authorization)", "Content-Length: \(body.utf8.count)",
        ]
        lines.append(contentsOf: headers)
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// Writes bytes to the connection and returns everything that it answers.
    func exchange(_ text: String) throws -> String {
        try self.channel.writeInbound(ByteBuffer(string: text))
        return try self.received()
    }

    func received() throws -> String {
        self.channel.embeddedEventLoop.run()
        var answer = ""
        while let part = try self.channel.readOutbound(as: ByteBuffer.self) { answer += String(buffer: part) }
        return answer
    }

    func call(_ operation: String, _ body: String) throws -> Reply {
        try #require(Self.parse(try self.exchange(Self.request(operation, body))).first)
    }

    /// As `call`, of an operation that changes metadata: it answers from a task of its own, off the connection's loop.
    ///
    /// Over a connection of its own whose loop other threads may enter: an embedded one may not be.
    func callAndWait(_ operation: String, _ body: String) async throws -> Reply {
        let channel = NIOAsyncTestingChannel()
        let configure = self.configure
        try await channel.testingEventLoop.executeInContext { try configure(channel) }
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
        try await channel.writeInbound(ByteBuffer(string: Self.request(operation, body)))
        var answer = ""
        while true {
            answer += String(buffer: try await channel.waitForOutboundWrite(as: ByteBuffer.self))
            guard let reply = Self.parse(answer).first else { continue }
            let length = reply.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            guard reply.body.utf8.count == length else { continue }
            try await channel.close()
            return reply
        }
    }

    /// The body of an answer that must be a success.
    func succeed(_ operation: String, _ body: String) throws -> JSON {
        let reply = try self.call(operation, body)
        try #require(reply.status == 200, "\(reply.body)")
        return try JSON(reply.body)
    }

    /// `Code: message` of an answer that must be an error.
    func fail(_ operation: String, _ body: String) throws -> String {
        let reply = try self.call(operation, body)
        #expect(reply.status >= 400)
        let json = try JSON(reply.body)
        return "\(json["__type"].text): \(json["message"].text)"
    }

    static func parse(_ text: String) -> [Reply] {
        var replies: [Reply] = []
        var rest = Substring(text)
        while let end = rest.firstRange(of: "\r\n\r\n") {
            let lines = rest[..<end.lowerBound].split(separator: "\r\n")
            var headers = HTTPHeaders()
            for line in lines.dropFirst() {
                let pair = line.split(separator: ":", maxSplits: 1)
                headers.add(name: String(pair[0]), value: pair[1].trimmingPrefix(" ").description)
            }
            rest = rest[end.upperBound...]
            let length = headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            let body = String(decoding: rest.utf8.prefix(length), as: UTF8.self)
            rest = Substring(String(decoding: rest.utf8.dropFirst(length), as: UTF8.self))
            let status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
            replies.append(Reply(status: status, headers: headers, body: body))
        }
        return replies
    }
}

/// An answer's JSON as a tree, read with the reader under test's own strictness.
indirect enum JSON: Equatable {
    case text(String)
    case number(String)
    case bool(Bool)
    case list([JSON])
    case object([String: JSON])
    case missing

    init(_ text: String) throws {
        if text.isEmpty {
            self = .missing
            return
        }
        var parser = Parser(bytes: Array(text.utf8))
        self = try parser.value()
    }

    subscript(_ name: String) -> JSON {
        if case .object(let members) = self { return members[name] ?? .missing }
        return .missing
    }

    subscript(_ index: Int) -> JSON {
        if case .list(let elements) = self, index < elements.count { return elements[index] }
        return .missing
    }

    var count: Int { if case .list(let elements) = self { elements.count } else { 0 } }
    var elements: [JSON] { if case .list(let elements) = self { elements } else { [] } }
    var text: String {
        switch self {
        case .text(let text), .number(let text): text
        case .bool(let value): "\(value)"
        default: ""
        }
    }

    struct Malformed: Error {}

    private struct Parser {
        var bytes: [UInt8]
        var position = 0

        mutating func value() throws -> JSON {
            guard self.position < self.bytes.count else { throw Malformed() }
            switch self.bytes[self.position] {
            case UInt8(ascii: "{"):
                var members: [String: JSON] = [:]
                try self.sequence(end: UInt8(ascii: "}")) { parser in
                    let name = try parser.string()
                    parser.position += 1
                    members[name] = try parser.value()
                }
                return .object(members)
            case UInt8(ascii: "["):
                var elements: [JSON] = []
                try self.sequence(end: UInt8(ascii: "]")) { elements.append(try $0.value()) }
                return .list(elements)
            case UInt8(ascii: "\""): return .text(try self.string())
            default:
                let start = self.position
                while self.position < self.bytes.count, !",]}".utf8.contains(self.bytes[self.position]) {
                    self.position += 1
                }
                let word = String(decoding: self.bytes[start..<self.position], as: UTF8.self)
                if word == "true" || word == "false" { return .bool(word == "true") }
                guard Double(word) != nil else { throw Malformed() }
                return .number(word)
            }
        }

        mutating func sequence(end: UInt8, _ element: (inout Parser) throws -> Void) throws {
            self.position += 1
            if self.bytes[self.position] == end {
                self.position += 1
                return
            }
            while true {
                try element(&self)
                let byte = self.bytes[self.position]
                self.position += 1
                if byte == end { return }
                guard byte == UInt8(ascii: ",") else { throw Malformed() }
            }
        }

        mutating func string() throws -> String {
            self.position += 1
            var text: [UInt8] = []
            while self.bytes[self.position] != UInt8(ascii: "\"") {
                if self.bytes[self.position] == UInt8(ascii: "\\") {
                    self.position += 1
                    let escape = self.bytes[self.position]
                    text.append(escape == UInt8(ascii: "n") ? 0x0A : escape)
                } else {
                    text.append(self.bytes[self.position])
                }
                self.position += 1
            }
            self.position += 1
            return String(decoding: text, as: UTF8.self)
        }
    }
}
