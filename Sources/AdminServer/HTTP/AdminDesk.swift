internal import Metadata
internal import NIOCore
internal import NIOHTTP1
internal import Serving

/// What becomes of a request to the admin port: its route, whether it is admitted, who sends it, its handler.
///
/// Does no I/O: the transport gives it whole requests and gets answers.
struct AdminDesk: Sendable {
    /// The next step of a request whose head has come.
    enum HeadAction: Sendable {
        /// Take a body of at most so many bytes.
        case receive(bytesMax: Int)
        case answer(AdminAnswer)
    }

    enum Action: Sendable {
        case answer(AdminAnswer)
        case run(@Sendable (AdminRequest) async -> AdminAnswer, AdminRequest)
    }

    let router: AdminRouter
    let rules: AdmissionRules
    let authenticator: AdminAuthenticator
    let audit: AdminAudit
    let clock: AdminClock
    /// Those of all connections.
    let streams = OpenStreams(limit: AdminServer.streamsMax)

    // MARK: Events

    /// A head has come. What can be refused without the body is.
    func began(_ head: HTTPRequestHead, from connection: AdminConnection) -> HeadAction {
        switch self.resolve(head) {
        case .notFound: return .answer(.error(404, "not-found", "There is no such path; / lists what there is."))
        case .methodNotAllowed(let allow):
            var answer = AdminAnswer.error(405, "method-not-allowed", "This path is served with \(allow).")
            answer.headers = [("allow", allow)]
            return .answer(answer)
        case .found(let route, _, _):
            do throws(AdminRefusal) {
                try self.rules.check(Self.facts(head, connection), route.access, bodyTypes: route.bodyTypes)
            } catch {
                return .answer(Self.answer(error, on: route, head))
            }
            guard Self.contentLength(head) ?? 0 <= route.bodyBytesMax else { return .answer(Self.tooLarge) }
            return .receive(bytesMax: route.bodyBytesMax)
        }
    }

    /// The whole request has come, of which `began` said that it is to be received.
    func completed(_ head: HTTPRequestHead, _ body: ByteBuffer, from connection: AdminConnection) -> Action {
        guard case .found(let route, let path, let parameters) = self.resolve(head) else {
            preconditionFailure("a request was received that has no route")
        }
        let facts = Self.facts(head, connection)
        guard let query = PercentEncoding.parameters(Self.target(head).query) else {
            return .answer(.error(400, "bad-query", "The query is not encoded as a query is."))
        }
        let identity: AdminIdentity
        switch self.identify(head, body, facts, route) {
        case .success(let found): identity = found
        case .failure(let answer): return .answer(answer.answer)
        }
        let request = AdminRequest(
            method: route.method,
            path: path,
            parameters: parameters,
            query: query,
            body: body,
            identity: identity,
            remote: connection.remote,
            isSecure: connection.isSecure,
            accept: head.headers.first(name: "accept"),
            contentType: head.headers.first(name: "content-type"),
            lastEventID: head.headers.first(name: "last-event-id")
        )
        do throws(AdminRefusal) {
            try self.rules.check(identity, facts, route.access)
        } catch {
            self.audit(
                AdminAct(
                    .access,
                    "\(route.method.rawValue) \(route.pattern)",
                    by: identity.proof == .none ? "" : identity.user,
                    request,
                    refusal: "\(error)"
                )
            )
            return .answer(Self.answer(error, on: route, head))
        }
        switch route.handler {
        case .immediate(let handler): return .answer(handler(request))
        case .task(let handler): return .run(handler, request)
        }
    }

    // MARK: Who calls

    private struct Refused: Error { var answer: AdminAnswer }

    private func identify(
        _ head: HTTPRequestHead,
        _ body: ByteBuffer,
        _ facts: AdmissionFacts,
        _ route: AdminRoute
    ) -> Result<AdminIdentity, Refused> {
        let anonymous = self.rules.anonymous(facts)
        if route.access == .open { return .success(anonymous) }
        do throws(AdminAuthenticator.Failure) {
            return .success(
                try self.authenticator.identify(head, body, facts, anonymous: anonymous, now: self.clock.now())
            )
        } catch {
            // Who logs in may have a cookie of an earlier session.
            if route.access == .login { return .success(anonymous) }
            if case .wrong = error, route.onRefusal != nil {
                // A page: its reader's session is over, and without the cookie is who never had one.
                var answer = Self.answer(.notLoggedIn, on: route, head)
                answer.headers.append(("set-cookie", LoginRoutes.cookie("", isSecure: facts.isSecure, seconds: 0)))
                return .failure(Refused(answer: answer))
            }
            let answer: AdminAnswer =
                switch error {
                case .wrong(let reason): .error(401, "not-logged-in", reason)
                case .ambiguous: .error(400, "ambiguous", "Send one of: a session's cookie, a token, a signature.")
                }
            return .failure(Refused(answer: Self.challenge(answer)))
        }
    }

    /// As the route says refusals, or as JSON.
    private static func answer(_ refusal: AdminRefusal, on route: AdminRoute, _ head: HTTPRequestHead) -> AdminAnswer {
        route.onRefusal.map { $0(refusal, head.uri) } ?? Self.challenge(refusal.answer)
    }

    private static func challenge(_ answer: AdminAnswer) -> AdminAnswer {
        guard answer.status == 401 else { return answer }
        var answer = answer
        answer.headers.append(("www-authenticate", "Bearer realm=\"millrace\""))
        return answer
    }

    // MARK: Reading heads

    static let tooManyStreams = AdminAnswer.error(
        503,
        "too-many-streams",
        "\(AdminServer.streamsMax) streams are open already.",
        hint: "Close one, or ask for a page instead of a stream."
    )
    static let tooLarge = AdminAnswer.error(413, "too-large", "The body is longer than this path takes.")

    private func resolve(_ head: HTTPRequestHead) -> AdminRouter.Resolution {
        self.router.resolve(method: head.method.rawValue, target: Self.target(head).path)
    }

    private static func target(_ head: HTTPRequestHead) -> (path: Substring, query: Substring) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return (parts[0], parts.count > 1 ? parts[1] : "")
    }

    private static func contentLength(_ head: HTTPRequestHead) -> Int? {
        head.headers.first(name: "content-length").flatMap { Int($0) }
    }

    private static func facts(_ head: HTTPRequestHead, _ connection: AdminConnection) -> AdmissionFacts {
        AdmissionFacts(
            isChange: head.method != .GET && head.method != .HEAD,
            hosts: head.headers["host"],
            origin: head.headers.first(name: "origin"),
            fetchSite: head.headers.first(name: "sec-fetch-site")?.lowercased(),
            fetchMode: head.headers.first(name: "sec-fetch-mode")?.lowercased(),
            contentType: head.headers.first(name: "content-type"),
            hasBody: (Self.contentLength(head) ?? 0) > 0 || head.headers.contains(name: "transfer-encoding"),
            isLoopback: Self.isLoopback(connection.remote.host),
            isSecure: connection.isSecure
        )
    }

    static func isLoopback(_ host: String) -> Bool {
        host == "::1" || host.hasPrefix("127.") || host.hasPrefix("::ffff:127.")
    }
}

/// What is known of a connection to the admin port.
struct AdminConnection: Sendable {
    var remote: Endpoint
    var isSecure: Bool
}
