import KinesisProtocol
import Metadata
import NIOCore
import NIOHTTP1
import Secrets
import Serving
import Synchronization
import Testing

@testable import AdminServer

/// Requests from their head to their answer: who is let in by what, and what is written down of it.
@Suite struct AdminDeskTests {
    private struct Directory: AdminDirectory {
        func role(of user: String) -> AdminRole? {
            switch user {
            case "vera": .viewer
            case "anna": .admin
            default: nil
            }
        }

        func owner(ofToken token: String) -> (user: String, tokenID: String)? {
            token.hasPrefix("token-") ? (String(token.dropFirst(6)), "id") : nil
        }

        func hasToken(id: String) -> Bool { true }
    }

    private final class Removed: Sendable {
        private let names = Mutex<Set<String>>([])
        func insert(_ name: String) { _ = self.names.withLock { $0.insert(name) } }
        func withLock(_ body: (Set<String>) -> Bool) -> Bool { self.names.withLock { body($0) } }
    }

    private struct Passwords: PasswordVerifier {
        func verify(user: String, password: SecretBytes) async -> Bool {
            password.withBytes { String(decoding: $0, as: UTF8.self) } == "right-" + user
        }

        func passwordName(of user: String) -> String? {
            if self.removed.withLock({ $0.contains(user) }) { return nil }
            return self.changed.withLock({ $0.contains(user) }) ? "second" : "first"
        }

        let removed: Removed
        let changed: Removed
    }

    private final class Acts: Sendable {
        let all = Mutex<[AdminAct]>([])
        var texts: [String] {
            self.all.withLock { $0.map { "\($0.action) \($0.user) \($0.resource) \($0.refusal ?? "done")" } }
        }
    }

    private static let now: Int64 = 1_440_938_160_000
    private static let keys = RequestSigner.Keys(accessKeyID: "AKIA", secretAccessKey: "secret")
    private let acts = Acts()
    private let removed = Removed()
    private let changed = Removed()
    private let local = SecretBytes(Array("mrl_local".utf8))

    private func desk(guardsMetrics: Bool = false, _ change: (inout AdmissionRules) -> Void = { _ in }) -> AdminDesk {
        var users = AdminUsers(
            directory: Directory(),
            passwords: Passwords(removed: self.removed, changed: self.changed),
            signatures: SignatureVerifier(StaticAccessKeys([(Self.keys, "vera")]), services: ["millrace"]),
            localToken: self.local
        )
        users.localToken = self.local
        let clock = AdminClock(now: { Self.now }, monotonicMilliseconds: { 0 })
        var settings = AdminServer.Settings(host: "", port: 0, users: users, clock: clock)
        change(&settings.rules)
        settings.guardsMetrics = guardsMetrics
        settings.audit = { [acts] act in acts.all.withLock { $0.append(act) } }
        var page = AdminRoute(.get, "/page", access: .role(.viewer), handler: .immediate { _ in .text("page") })
        page.onRefusal = { .text("\($0) \($1)", status: 303) }
        settings.routes = [
            page, AdminRoute(.get, "/who", access: .role(.viewer), handler: .immediate { .text($0.identity.user) }),
            AdminRoute(.post, "/change", access: .role(.admin), handler: .task { .text($0.identity.user) }),
        ]
        let sources = AdminServer.Sources(unreadiness: { nil }, damage: { ["damaged"] }, metrics: { "m 1\n" })
        return AdminServer.makeDesk(settings, sources)
    }

    private static let near = AdminConnection(remote: Endpoint(host: "127.0.0.1", port: 1), isSecure: false)
    private static let far = AdminConnection(remote: Endpoint(host: "192.0.2.1", port: 1), isSecure: false)
    private static let farSecure = AdminConnection(remote: Endpoint(host: "192.0.2.1", port: 1), isSecure: true)

    private func ask(
        _ desk: AdminDesk,
        _ method: HTTPMethod,
        _ path: String,
        _ headers: [(String, String)] = [],
        body: String = "",
        from connection: AdminConnection = near
    ) async -> AdminAnswer {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        if !headers.contains(where: { $0.0 == "host" }) { head.headers.add(name: "host", value: "localhost") }
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        if !body.isEmpty {
            head.headers.add(name: "content-type", value: "application/json")
            head.headers.add(name: "content-length", value: "\(body.utf8.count)")
        }
        switch desk.began(head, from: connection) {
        case .answer(let answer): return answer
        case .receive: break
        }
        switch desk.completed(head, ByteBuffer(string: body), from: connection) {
        case .answer(let answer): return answer
        case .run(let handler, let request): return await handler(request)
        }
    }

    private static func text(_ answer: AdminAnswer) -> String { String(buffer: answer.body) }

    private func logIn(_ desk: AdminDesk, _ body: String, from connection: AdminConnection = near) async -> AdminAnswer
    {
        await self.ask(desk, .POST, "/api/v1/login", body: body, from: connection)
    }

    private static func cookie(_ answer: AdminAnswer) -> String? {
        answer.headers.first { $0.name == "set-cookie" }.map { String($0.value.prefix { $0 != ";" }) }
    }

    @Test func `health and metrics are there for everybody, under every name`() async {
        let desk = self.desk()
        for (path, text) in [("/health/live", "live\n"), ("/health/ready", "ready\ndamaged\n"), ("/metrics", "m 1\n")] {
            let answer = await self.ask(
                desk,
                .GET,
                path,
                [("host", "prometheus.example"), ("sec-fetch-site", "cross-site")]
            )
            #expect(answer.status == 200 && Self.text(answer) == text)
        }
        let guarded = self.desk(guardsMetrics: true)
        #expect(await self.ask(guarded, .GET, "/metrics").status == 401)
        #expect(await self.ask(guarded, .GET, "/metrics", [("authorization", "Bearer token-vera")]).status == 200)
        #expect(await self.ask(guarded, .GET, "/health/live").status == 200)
    }

    @Test(
        arguments: [
            ("Bearer token-vera", "200 vera"), ("bearer token-anna", "200 anna"), ("Bearer mrl_local", "200 local"),
            ("Bearer token-nobody", "403"), ("Bearer x", "401"), ("Basic dmVyYTp4", "401"), ("Bearer", "401"),
            ("Bearer ", "401"), ("token-vera", "401"), ("AWS4-HMAC-SHA256 x", "401"),
            ("Bearer " + String(repeating: "x", count: 1000), "401"),
        ]
    )
    func `a token is its owner, and a wrong one nobody`(_ authorization: String, _ outcome: String) async {
        let answer = await self.ask(self.desk(), .GET, "/who", [("authorization", authorization)])
        let text = answer.status == 200 ? "200 " + Self.text(answer) : "\(answer.status)"
        #expect(text == outcome)
        #expect((answer.status == 401) == answer.headers.contains { $0.name == "www-authenticate" })
    }

    @Test func `the local token is good on this machine only`() async {
        let headers = [("authorization", "Bearer mrl_local")]
        #expect(await self.ask(self.desk(), .GET, "/who", headers, from: Self.far).status == 401)
        #expect(await self.logIn(self.desk(), #"{"token":"mrl_local"}"#, from: Self.farSecure).status == 401)
    }

    @Test func `who brings two things is refused`() async {
        for headers in [
            [("authorization", "Bearer token-vera"), ("authorization", "Bearer token-anna")],
            [("authorization", "Bearer token-vera"), ("cookie", "millrace-session=x")],
            [("cookie", "millrace-session=a; millrace-session=b")],
            [("cookie", "millrace-session=a"), ("cookie", "x=y;millrace-session=b")],
        ] {
            #expect(await self.ask(self.desk(), .GET, "/who", headers).status == 400)
        }
    }

    @Test func `a signed request is its access key's user`() async {
        var signer = RequestSigner(keys: Self.keys, region: "eu-west-1", service: "millrace")
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let added = signer.sign(
            method: "GET",
            path: "/who",
            headers: [(name: "Host", value: "localhost")],
            bodyDigest: empty,
            at: Self.now
        )
        let headers = added.map { ($0.name, $0.value) }
        #expect(Self.text(await self.ask(self.desk(), .GET, "/who", headers)) == "vera")
        #expect(await self.ask(self.desk(), .GET, "/api/v1/session?x=1", headers).status == 200)
        #expect(await self.ask(self.desk(), .GET, "/who?x=1", headers).status == 401, "of another query")
    }

    @Test func `a page says refusals itself, and takes the cookie of a session that is over`() async {
        let desk = self.desk()
        let refused = await self.ask(desk, .GET, "/page?a=b")
        #expect(refused.status == 303 && Self.text(refused) == "notLoggedIn /page?a=b")
        #expect(Self.cookie(refused) == nil)
        #expect(self.acts.texts == ["GET /page   notLoggedIn"])
        let over = await self.ask(desk, .GET, "/page", [("cookie", "millrace-session=over")])
        #expect(over.status == 303 && Self.text(over) == "notLoggedIn /page")
        #expect(over.headers.contains { $0.name == "set-cookie" && $0.value.contains("Max-Age=0") })
        let foreign = await self.ask(desk, .GET, "/page", [("host", "evil.example")])
        #expect(Self.text(foreign) == "hostUnknown /page")
        #expect(await self.ask(desk, .GET, "/page", [("authorization", "Bearer token-vera")]).status == 200)
        // Where a client shows two things it is not known which one is over.
        let both = [("authorization", "Bearer token-vera"), ("cookie", "millrace-session=x")]
        #expect(await self.ask(desk, .GET, "/page", both).status == 400)
    }

    // MARK: Logins

    @Test func `a login gives a session, which ends with a logout`() async throws {
        let desk = self.desk()
        let answer = await self.logIn(desk, #"{"user":"vera","password":"right-vera"}"#)
        #expect(answer.status == 200)
        let header = try #require(answer.headers.first { $0.name == "set-cookie" }).value
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=28800"] {
            #expect(header.contains(attribute))
        }
        let cookie = try #require(Self.cookie(answer))
        let session = await self.ask(desk, .GET, "/who", [("cookie", cookie)])
        #expect(Self.text(session) == "vera")
        let logout = await self.ask(
            desk,
            .POST,
            "/api/v1/logout",
            [("cookie", cookie), ("sec-fetch-site", "same-origin")]
        )
        #expect(logout.status == 204)
        #expect(await self.ask(desk, .GET, "/who", [("cookie", cookie)]).status == 401)
        #expect(self.acts.texts == ["login vera  done", "logout vera  done"])
    }

    @Test func `who is removed loses the sessions that began with the password`() async throws {
        let desk = self.desk()
        let cookie = try #require(Self.cookie(await self.logIn(desk, #"{"user":"vera","password":"right-vera"}"#)))
        #expect(await self.ask(desk, .GET, "/who", [("cookie", cookie)]).status == 200)
        self.removed.insert("vera")
        #expect(await self.ask(desk, .GET, "/who", [("cookie", cookie)]).status == 401)
    }

    @Test func `a new password ends the sessions that began with the old one`() async throws {
        let desk = self.desk()
        let body = #"{"user":"vera","password":"right-vera"}"#
        let cookie = try #require(Self.cookie(await self.logIn(desk, body)))
        self.changed.insert("anna")
        #expect(await self.ask(desk, .GET, "/who", [("cookie", cookie)]).status == 200)
        self.changed.insert("vera")
        #expect(await self.ask(desk, .GET, "/who", [("cookie", cookie)]).status == 401)
        let newer = try #require(Self.cookie(await self.logIn(desk, body)))
        #expect(await self.ask(desk, .GET, "/who", [("cookie", newer)]).status == 200)
    }

    @Test func `over TLS the cookie is bound to it`() async throws {
        let desk = self.desk()
        let answer = await self.logIn(desk, #"{"user":"vera","password":"right-vera"}"#, from: Self.farSecure)
        let header = try #require(answer.headers.first { $0.name == "set-cookie" }).value
        #expect(header.hasPrefix("__Host-millrace-session=") && header.hasSuffix("; Secure"))
        let cookie = try #require(Self.cookie(answer))
        #expect(Self.text(await self.ask(desk, .GET, "/who", [("cookie", cookie)], from: Self.farSecure)) == "vera")
        #expect(await self.ask(desk, .GET, "/who", [("cookie", cookie)]).status == 401, "in plain text it is another")
        let plain = await self.logIn(desk, #"{"user":"vera","password":"right-vera"}"#, from: Self.far)
        #expect(plain.status == 403)
    }

    @Test(
        arguments: [
            #"{"user":"vera","password":"wrong"}"#, #"{"user":"nobody","password":"right-nobody"}"#,
            #"{"user":"vera"}"#, #"{"token":"x"}"#, #"{"token":"token-nobody"}"#,
            #"{"user":"local","password":"right-local"}"#,
        ]
    )
    func `all that is wrong with a login is answered alike`(_ body: String) async {
        let answer = await self.logIn(self.desk(), body)
        #expect(answer.status == 401)
        #expect(Self.text(answer).contains("The user, the password or the token is wrong."))
        #expect(self.acts.texts.allSatisfy { $0.hasSuffix("wrong user, password or token") })
        #expect(!self.acts.texts.contains { $0.contains("right-") || $0.contains("token-nobody") })
    }

    @Test(arguments: ["", "{}", "[]", "x", #"{"user":""}"#, #"{"user":1}"#, String(repeating: "[", count: 4000)])
    func `what is not a login is told so`(_ body: String) async {
        #expect(await self.logIn(self.desk(), body).status == 400)
    }

    @Test func `too many failures are slowed down, also for the right password`() async {
        let desk = self.desk()
        for _ in 0...LoginMachine.userFailuresFree {
            #expect(await self.logIn(desk, #"{"user":"vera","password":"wrong"}"#).status == 401)
        }
        let answer = await self.logIn(desk, #"{"user":"vera","password":"right-vera"}"#)
        #expect(answer.status == 429)
        #expect(answer.headers.contains { $0.name == "retry-after" && $0.value == "1" })
    }

    @Test func `a stale cookie does not keep anybody from logging in`() async {
        let headers = [("cookie", "millrace-session=1.00.9999999999.p.61.00")]
        let desk = self.desk()
        #expect(await self.ask(desk, .GET, "/who", headers).status == 401)
        let body = #"{"user":"vera","password":"right-vera"}"#
        #expect(await self.ask(desk, .POST, "/api/v1/login", headers, body: body).status == 200)
    }

    // MARK: Changes

    @Test func `a change needs the role, a place near and no cookie alone`() async throws {
        let desk = self.desk()
        let anna = [("authorization", "Bearer token-anna")]
        #expect(await self.ask(desk, .POST, "/change", anna).status == 200)
        #expect(await self.ask(desk, .POST, "/change", anna, from: Self.far).status == 403)
        #expect(await self.ask(desk, .POST, "/change", [("authorization", "Bearer token-vera")]).status == 403)
        #expect(await self.ask(desk, .POST, "/change").status == 401)
        let cookie = try #require(Self.cookie(await self.logIn(desk, #"{"user":"anna","password":"right-anna"}"#)))
        #expect(await self.ask(desk, .POST, "/change", [("cookie", cookie)]).status == 403)
        let same = [("cookie", cookie), ("sec-fetch-site", "same-origin")]
        #expect(await self.ask(desk, .POST, "/change", same).status == 200)
        let cross = [("cookie", cookie), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]
        #expect(await self.ask(desk, .POST, "/change", cross).status == 403)
        #expect(self.acts.texts.contains("POST /change vera  notAllowed"))
    }

    @Test func `other methods, other paths and long bodies are refused before they are read`() async {
        let desk = self.desk()
        let method = await self.ask(desk, .PATCH, "/change")
        #expect(method.status == 405 && method.headers.contains { $0.name == "allow" && $0.value == "POST" })
        #expect(await self.ask(desk, .GET, "/nowhere").status == 404)
        let long = String(repeating: " ", count: 5000)
        #expect(await self.logIn(desk, long).status == 413)
        #expect(await self.ask(desk, .GET, "/who?a=%zz", [("authorization", "Bearer token-vera")]).status == 400)
    }
}

/// What a session's cookie holds.
@Suite struct SessionSealTests {
    private let seal = SessionSeal()

    @Test(
        arguments: [SessionSeal.Source.password(name: "0f."), .localToken, .token(id: "4a.b"), .token(id: "")],
        ["alice", "é.ü", String(repeating: "x", count: 256)]
    )
    func `a session is read as it began, until its time is over`(_ source: SessionSeal.Source, _ user: String) {
        let (session, text) = self.seal.begin(user: user, source: source, now: 100)
        #expect(self.seal.open(text, now: 100) == session)
        #expect(self.seal.open(text, now: session.expires - 1) == session)
        #expect(self.seal.open(text, now: session.expires) == nil)
        #expect(SessionSeal().open(text, now: 100) == nil, "another process has another key")
        self.seal.end(id: session.id, now: 100)
        #expect(self.seal.open(text, now: 100) == nil)
    }

    @Test func `every changed character is refused`() {
        let (_, text) = self.seal.begin(user: "alice", source: .password(name: "first"), now: 100)
        let characters = Array(text)
        for index in characters.indices {
            var changed = characters
            changed[index] = changed[index] == "0" ? "1" : "0"
            #expect(self.seal.open(String(changed), now: 100) == nil, "character \(index)")
            #expect(self.seal.open(String(characters[..<index]), now: 100) == nil)
        }
        for other in ["", ".", text + "0", text + ".", "2" + text.dropFirst(), String(repeating: "a", count: 5000)] {
            #expect(self.seal.open(other, now: 100) == nil)
        }
    }
}
