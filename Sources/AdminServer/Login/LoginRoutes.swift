internal import FoundationEssentials
internal import Metadata
internal import NIOCore
internal import Secrets
internal import Serving
internal import Synchronization
internal import Text

/// `POST /api/v1/login`, `POST /api/v1/logout`, `GET /api/v1/session`.
final class LoginRoutes: Sendable {
    /// Either a user and a password, or a token: what a person pastes from the data directory or was given.
    private struct Input: Decodable {
        var user: String?
        var password: String?
        var token: String?
    }

    private static let bodyBytesMax = 4096
    private static let passwordBytesMax = 1024

    private let authenticator: AdminAuthenticator
    private let audit: AdminAudit
    private let clock: AdminClock
    private let machine = Mutex(LoginMachine())

    init(_ authenticator: AdminAuthenticator, audit: @escaping AdminAudit, clock: AdminClock) {
        self.authenticator = authenticator
        self.audit = audit
        self.clock = clock
    }

    var routes: [AdminRoute] {
        [
            AdminRoute(
                .post,
                "/api/v1/login",
                access: .login,
                bodyBytesMax: Self.bodyBytesMax,
                documentation: RouteDocumentation(
                    "logIn",
                    "Begins a session: by user and password, or by a token.",
                    body: .object([
                        .init("user", .string, isRequired: false), .init("password", .string, isRequired: false),
                        .init("token", .string, isRequired: false),
                    ]),
                    success: .init(.object([.init("user", .string), .init("expiresAt", .integer(), "In seconds.")]))
                ),
                handler: .task { await self.logIn($0) }
            ),
            AdminRoute(
                .post,
                "/api/v1/logout",
                access: .login,
                documentation: RouteDocumentation("logOut", "Ends the session.", success: .init(status: 204, nil)),
                handler: .immediate { self.logOut($0) }
            ),
            AdminRoute(
                .get,
                "/api/v1/session",
                access: .login,
                documentation: RouteDocumentation(
                    "getSession",
                    "Who calls, and what they may do.",
                    success: .init(
                        .object([.init("user", .nullable(.string)), .init("role", .nullable(.string))])
                    )
                ),
                handler: .immediate { Self.describe($0.identity) }
            ),
        ]
    }

    private func logIn(_ request: AdminRequest) async -> AdminAnswer {
        guard var input = try? JSONDecoder().decode(Input.self, from: Data(request.body.readableBytesView)) else {
            return .error(400, "bad-request", "The body is {\"user\":…,\"password\":…} or {\"token\":…}.")
        }
        let user = input.token == nil ? input.user ?? "" : ""
        guard input.token != nil || (!user.isEmpty && user.utf8.count <= 256), input.token?.utf8.count ?? 0 <= 256,
            input.password?.utf8.count ?? 0 <= Self.passwordBytesMax
        else { return .error(400, "bad-request", "The body is {\"user\":…,\"password\":…} or {\"token\":…}.") }
        let subject = input.token == nil ? user : nil
        let address = request.remote.host
        let decision = self.machine.withLock { machine in
            machine.attempted(user: subject, address: address, now: self.clock.monotonicMilliseconds())
        }
        if case .refuse(let wait) = decision {
            self.audit(AdminAct(.login, "login", by: user, request, refusal: "too many attempts"))
            var answer = AdminAnswer.error(429, "too-many-attempts", "Too many attempts; wait a moment.")
            answer.headers = [("retry-after", String(max(1, (wait + 999) / 1000)))]
            return answer
        }
        let identified = await self.identify(&input, user, request)
        self.machine.withLock { machine in
            machine.verified(
                identified != nil,
                user: subject,
                address: address,
                now: self.clock.monotonicMilliseconds()
            )
        }
        guard let identified else {
            self.audit(AdminAct(.login, "login", by: user, request, refusal: "wrong user, password or token"))
            // The same for all reasons: what is wrong is nobody's business.
            return .error(401, "login-failed", "The user, the password or the token is wrong.")
        }
        let (session, text) = self.authenticator.seal.begin(
            user: identified.user,
            source: identified.source,
            now: self.clock.now() / 1000
        )
        self.audit(AdminAct(.login, "login", by: identified.user, request))
        var answer = AdminAnswer.json { json in
            json.object { json in
                json.key("user")
                json.string(identified.user)
                json.key("expiresAt")
                json.number(session.expires)
            }
        }
        answer.headers = [
            ("set-cookie", Self.cookie(text, isSecure: request.isSecure, seconds: SessionSeal.lifetimeSeconds))
        ]
        return answer
    }

    /// Whose credentials they are; `nil` when they are nobody's. A user without a role does not log in: the answer to
    /// the right password of one would tell that it was right.
    private func identify(
        _ input: inout Input,
        _ user: String,
        _ request: AdminRequest
    ) async -> (user: String, source: SessionSeal.Source)? {
        if let token = input.token {
            let facts = AdmissionFacts(isChange: true, isLoopback: AdminDesk.isLoopback(request.remote.host))
            guard let identity = try? self.authenticator.identify(token: token, facts), identity.role != nil else {
                return nil
            }
            if case .token(let id) = identity.proof { return (identity.user, .token(id: id)) }
            return (identity.user, .localToken)
        }
        let password = SecretBytes(Array((input.password ?? "").utf8))
        input.password = nil
        let passwords = self.authenticator.users.passwords
        // Asked before it is verified: one that is changed meanwhile begins no session.
        let name = passwords.passwordName(of: user)
        let isRight = await passwords.verify(user: user, password: password)
        guard isRight, let name, self.authenticator.users.directory.role(of: user) != nil else { return nil }
        return (user, .password(name: name))
    }

    private func logOut(_ request: AdminRequest) -> AdminAnswer {
        if case .session(let id) = request.identity.proof {
            self.authenticator.seal.end(id: id, now: self.clock.now() / 1000)
            self.audit(AdminAct(.login, "logout", by: request.identity.user, request))
        }
        var answer = AdminAnswer.noContent
        answer.headers = [("set-cookie", Self.cookie("", isSecure: request.isSecure, seconds: 0))]
        return answer
    }

    private static func describe(_ identity: AdminIdentity) -> AdminAnswer {
        .json { json in
            json.object { json in
                json.key("user")
                json.string(identity.proof == .none ? nil : identity.user)
                json.key("role")
                json.string(identity.role?.rawValue)
            }
        }
    }

    static func cookie(_ value: String, isSecure: Bool, seconds: Int64) -> String {
        "\(AdminAuthenticator.cookieName(isSecure: isSecure))=\(value); Path=/; Max-Age=\(seconds); HttpOnly; "
            + "SameSite=Strict" + (isSecure ? "; Secure" : "")
    }
}
