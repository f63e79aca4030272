import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A store that speaks enough of S3 for the client, over a real socket, and misbehaves when it is told to.
final class MisbehavingStore: Sendable {
    /// What happens to one request.
    enum Fault: Sendable {
        /// Refused with a status and a code; nothing is done.
        case refuse(Int, String)
        /// Done, and then the connection is closed in place of the answer.
        case loseAnswer
        /// Done, and then refused with 500.
        case failAfterwards
        /// The answer's body ends early, and the connection with it.
        case truncate
        /// Another range than the one that was asked for.
        case wrongRange
        /// Nothing is answered.
        case silence
        /// The connection ends with the answer, without a word.
        case closeAfterwards
    }

    struct State {
        var objects: [String: [UInt8]] = [:]
        var uploads: [String: [Int: [UInt8]]] = [:]
        var faults: [Fault] = []
        var requests: [String] = []
        var keepsConditions = true
    }

    let state = Mutex(State())
    private let channel: Mutex<(any Channel)?> = Mutex(nil)

    static func start() async throws -> MisbehavingStore {
        let store = MisbehavingStore()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(StoreHandler(store))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        store.channel.withLock { $0 = channel }
        return store
    }

    var port: Int { self.channel.withLock { $0?.localAddress?.port ?? 0 } }

    func fail(_ faults: Fault...) { self.state.withLock { $0.faults += faults } }

    var requestCount: Int { self.state.withLock { $0.requests.count } }

    func stop() async throws { try await self.channel.withLock { $0 }?.close() }

    fileprivate struct Answer {
        var status: Int
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        var fault: Fault?
    }

    fileprivate func answer(to head: HTTPRequestHead, _ body: [UInt8]) -> Answer {
        self.state.withLock { state in
            state.requests.append("\(head.method) \(head.uri)")
            let fault = state.faults.isEmpty ? nil : state.faults.removeFirst()
            if case .refuse(let status, let code) = fault {
                return Answer(status: status, body: Self.error(code))
            }
            var answer = Self.carryOut(head, body, &state)
            answer.fault = fault
            if case .failAfterwards = fault { return Answer(status: 500, body: Self.error("InternalError")) }
            return answer
        }
    }

    private static func error(_ code: String) -> [UInt8] {
        Array("<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>told to</Message></Error>".utf8)
    }

    private static func carryOut(_ head: HTTPRequestHead, _ body: [UInt8], _ state: inout State) -> Answer {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = (parts.count > 1 ? String(parts[1]) : "").split(separator: "&").reduce(into: [String: String]()) {
            let pair = $1.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            $0[pair[0]] = pair.count > 1 ? pair[1].removingPercentEncoding : ""
        }
        let name = String(parts[0].dropFirst("/bucket/".count)).removingPercentEncoding ?? ""
        switch head.method {
        case .PUT:
            if let id = query["uploadId"], let number = query["partNumber"].flatMap({ Int($0) }) {
                state.uploads[id]?[number] = body
                return Answer(status: 200, headers: [("ETag", "\"\(number)\"")])
            }
            if head.headers.contains(name: "If-None-Match"), state.keepsConditions, state.objects[name] != nil {
                return Answer(status: 412, body: Self.error("PreconditionFailed"))
            }
            state.objects[name] = body
            return Answer(status: 200)
        case .POST where query["uploads"] != nil:
            let id = "upload&\(state.uploads.count)"
            state.uploads[id] = [:]
            let escaped = id.replacing("&", with: "&amp;")
            return Answer(status: 200, body: Array("<R><UploadId>\(escaped)</UploadId></R>".utf8))
        case .POST where query["uploadId"] != nil:
            guard let uploaded = state.uploads.removeValue(forKey: query["uploadId"] ?? "") else {
                return Answer(status: 404, body: Self.error("NoSuchUpload"))
            }
            state.objects[name] = uploaded.sorted { $0.key < $1.key }.flatMap(\.value)
            return Answer(status: 200, body: Array("<CompleteMultipartUploadResult/>".utf8))
        case .POST:
            for key in String(decoding: body, as: UTF8.self).split(separator: "<Key>").dropFirst() {
                state.objects[String(key.prefix { $0 != "<" })] = nil
            }
            return Answer(status: 200, body: Array("<DeleteResult></DeleteResult>".utf8))
        case .DELETE:
            return Answer(status: state.uploads.removeValue(forKey: query["uploadId"] ?? "") == nil ? 404 : 204)
        case .GET where name.isEmpty: return Self.list(query, state)
        default:
            guard let object = state.objects[name] else { return Answer(status: 404, body: Self.error("NoSuchKey")) }
            return Self.read(object, head)
        }
    }

    private static func list(_ query: [String: String], _ state: State) -> Answer {
        let after = query["start-after"] ?? ""
        let names = state.objects.keys.filter { $0.hasPrefix(query["prefix"] ?? "") && $0 > after }.sorted()
        var text = "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        text += "<IsTruncated>\(names.count > 3)</IsTruncated>"
        for name in names.prefix(3) {
            let escaped = name.replacing("&", with: "&amp;")
            text += "<Contents><Key>\(escaped)</Key><Size>\(state.objects[name]?.count ?? 0)</Size></Contents>"
        }
        return Answer(status: 200, body: Array((text + "</ListBucketResult>").utf8))
    }

    private static func read(_ object: [UInt8], _ head: HTTPRequestHead) -> Answer {
        guard let range = head.headers.first(name: "Range") else { return Answer(status: 200, body: object) }
        let bounds = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard bounds[0] < object.count else { return Answer(status: 416, body: Self.error("InvalidRange")) }
        let end = min(bounds[1] + 1, object.count)
        return Answer(
            status: 206,
            headers: [("Content-Range", "bytes \(bounds[0])-\(end - 1)/\(object.count)")],
            body: Array(object[bounds[0]..<end])
        )
    }
}

private final class StoreHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let store: MisbehavingStore
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ store: MisbehavingStore) { self.store = store }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            self.body = []
        case .body(let bytes): self.body += Array(bytes.readableBytesView)
        case .end:
            guard let head else { return }
            self.send(self.store.answer(to: head, self.body), head, context)
        }
    }

    private func send(_ answer: MisbehavingStore.Answer, _ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var answer = answer
        switch answer.fault {
        case .silence: return
        case .loseAnswer:
            context.close(promise: nil)
            return
        case .wrongRange: answer.headers = [("Content-Range", "bytes 99-\(98 + answer.body.count)/1000")]
        default: break
        }
        var headers = HTTPHeaders(answer.headers)
        headers.add(name: "Content-Length", value: "\(answer.body.count)")
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status), headers: headers)
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        if case .truncate = answer.fault { answer.body.removeLast(answer.body.count / 2 + 1) }
        if request.method != .HEAD {
            context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        }
        switch answer.fault {
        case .truncate:
            context.flush()
            context.close(promise: nil)
        case .closeAfterwards:
            context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
            context.close(promise: nil)
        default: context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
