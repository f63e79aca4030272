internal import ClientTLS
internal import CommandCore
internal import FoundationEssentials
internal import LoadGenerator
internal import NIOCore
internal import NIOHTTP1

/// Asks the admin port of a running server.
struct AdminClient: Sendable {
    private let endpoint: KinesisEndpoint
    private let tls: ClientTLS?
    /// `nil`: only what is open to everybody can be asked for.
    private let token: String?

    init(url: String, token: String?, files: ClientTLS.Files) throws {
        do {
            self.endpoint = try KinesisEndpoint(url)
        } catch {
            throw Failure("--admin takes http://HOST:PORT, not \(url)")
        }
        self.tls = self.endpoint.isSecure ? try ClientTLS(files) : nil
        self.token = token
    }

    /// Whether a server is there.
    func isReachable() async throws -> Bool {
        do {
            _ = try await self.exchange(.GET, "/health/live", ByteBuffer())
            return true
        } catch is HTTPExchange.Unreachable {
            return false
        }
    }

    /// A text, such as metrics or health, with the status that it came with.
    ///
    /// - Throws: `HTTPExchange.Unreachable`, `Failure`.
    func text(_ path: String) async throws -> (status: UInt, text: String) {
        let answer = try await self.exchange(.GET, path, ByteBuffer())
        return (answer.status, String(buffer: answer.body))
    }

    private struct ErrorBody: Decodable {
        struct Content: Decodable {
            var message: String
            var hint: String?
        }
        var error: Content
    }

    /// - Parameters:
    ///   - path: percent-encoded.
    ///   - body: of JSON.
    /// - Throws: `NotFound`, or `Failure` with what the server says.
    func call<Output: Decodable>(
        _ method: HTTPMethod,
        _ path: String,
        _ body: (some Encodable)?,
        as type: Output.Type
    ) async throws -> Output {
        let bytes = try await self.call(method, path, body)
        guard let output = try? JSONDecoder().decode(type, from: Data(bytes.readableBytesView)) else {
            throw Failure("the server answered something else than was expected; is it of another version?")
        }
        return output
    }

    @discardableResult
    func call(_ method: HTTPMethod, _ path: String, _ body: (some Encodable)?) async throws -> ByteBuffer {
        let bytes = try body.map { ByteBuffer(bytes: try JSONEncoder().encode($0)) } ?? ByteBuffer()
        let answer: HTTPExchange.Answer
        do {
            answer = try await self.exchange(method, path, bytes)
        } catch let error as HTTPExchange.Unreachable {
            throw Failure(error.description)
        }
        try Self.check(answer)
        return answer.body
    }

    /// Gets something that comes in parts and may have any length.
    ///
    /// - Throws: `NotFound`, or `Failure` with what the server says; what `onPart` throws.
    func download(_ path: String, accept: String, onPart: (ByteBuffer) throws -> Void) async throws {
        var head = self.head(.GET, path)
        head.headers.add(name: "Accept", value: accept)
        let address = (self.endpoint.host, self.endpoint.port)
        try Self.check(try await HTTPDownload.get(head, from: address, tls: self.tls, onPart: onPart))
    }

    private struct GroupBody: Decodable {
        var rebalances: [GroupRebalance]
    }

    /// Why a group rebalanced lately, the last time first.
    func rebalances(of groupID: String) async throws -> [GroupRebalance] {
        try await self.call(.GET, "/api/v1/groups/\(Self.segment(groupID))", NoBody?.none, as: GroupBody.self)
            .rebalances
    }

    private static func check(_ answer: HTTPExchange.Answer) throws {
        guard !(200..<300).contains(answer.status) else { return }
        let content = try? JSONDecoder().decode(ErrorBody.self, from: Data(answer.body.readableBytesView)).error
        var message = content?.message ?? "the server answered with status \(answer.status)"
        if let hint = content?.hint { message += " " + hint }
        if answer.status == 404 { throw NotFound(description: message) }
        throw Failure(message)
    }

    private func head(_ method: HTTPMethod, _ path: String) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "Host", value: self.endpoint.authority)
        if let token { head.headers.add(name: "Authorization", value: "Bearer \(token)") }
        return head
    }

    private func exchange(_ method: HTTPMethod, _ path: String, _ body: ByteBuffer) async throws -> HTTPExchange.Answer
    {
        var head = self.head(method, path)
        if body.readableBytes > 0 { head.headers.add(name: "Content-Type", value: "application/json") }
        return try await HTTPExchange.send(
            head,
            body,
            to: (self.endpoint.host, self.endpoint.port),
            tls: self.tls,
            as: .admin
        )
    }

    /// A name as one segment of a path.
    static func segment(_ name: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return name.utf8.reduce(into: "") { text, byte in
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
                text.append(character)
            } else {
                text += ["%", digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}

/// A call without a body.
struct NoBody: Encodable {}
