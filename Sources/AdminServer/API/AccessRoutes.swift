package import Broker
internal import FoundationEssentials
internal import Metadata
internal import Model
internal import NIOCore
internal import Secrets
internal import Text

extension AdminAccessStore: AdminDirectory {}

/// Access keys, roles and tokens of the admin port: who may do what. All of it asks for the role `admin`.
///
/// | method and path | body | answer |
/// | --- | --- | --- |
/// | `GET /api/v1/access-keys` | | `{"accessKeys":[{"accessKeyID","user","isEnabled","createdAt"}]}`, of `?user=` |
/// | `POST /api/v1/access-keys` | `{"user"}` | 201, the key with its `secretAccessKey`: told once |
/// | `POST /api/v1/access-keys/{id}/enable`, `…/disable` | | the key |
/// | `DELETE /api/v1/access-keys/{id}` | | 204 |
/// | `POST /api/v1/secrets-key/rotate` | | `{"keyID","secrets"}` |
/// | `GET /api/v1/admin-roles` | | `{"roles":[{"user","role","isConfigured"}]}` |
/// | `PUT /api/v1/admin-roles/{user}` | `{"role"}` | 204 |
/// | `DELETE /api/v1/admin-roles/{user}` | | 204 |
/// | `GET /api/v1/admin-tokens` | | `{"tokens":[{"tokenID","user","createdAt","expiresAt"}]}` |
/// | `POST /api/v1/admin-tokens` | `{"user","lifeSeconds"}` | 201, the token with its text in `token`: told once |
/// | `DELETE /api/v1/admin-tokens/{id}` | | 204 |
///
/// Times are milliseconds since the epoch.
package struct AccessRoutes: Sendable {
    private struct UserInput: Decodable {
        var user: String
        var lifeSeconds: Int64?
    }

    private struct RoleInput: Decodable { var role: String }

    private let keys: AccessKeyStore
    private let access: AdminAccessStore
    private let audit: AdminAudit
    private let now: @Sendable () -> Int64

    package init(
        keys: AccessKeyStore,
        access: AdminAccessStore,
        audit: @escaping AdminAudit,
        now: @escaping @Sendable () -> Int64
    ) {
        self.keys = keys
        self.access = access
        self.audit = audit
        self.now = now
    }

    package var routes: [AdminRoute] {
        [
            self.route(
                .get,
                "/api/v1/access-keys",
                RouteDocumentation(
                    "listAccessKeys",
                    "Access keys, of all users or of one.",
                    parameters: [.init("user", .string, "Only this user's.")],
                    success: .init(Self.keysSchema),
                    errors: [404, 409]
                )
            ) { self.listKeys($0) },
            self.route(
                .post,
                "/api/v1/access-keys",
                RouteDocumentation(
                    "createAccessKey",
                    "Makes an access key. Its secret is told once.",
                    body: Self.userSchema,
                    success: .init(status: 201, Self.keySchema),
                    errors: [404, 409]
                )
            ) { request throws(BrokerError) in
                try await self.createKey(request)
            },
            self.route(
                .post,
                "/api/v1/access-keys/{id}/enable",
                RouteDocumentation(
                    "enableAccessKey",
                    "Lets an access key be used again.",
                    success: .init(Self.keySchema),
                    errors: [404, 409]
                )
            ) { request throws(BrokerError) in
                try await self.setEnabled(true, request)
            },
            self.route(
                .post,
                "/api/v1/access-keys/{id}/disable",
                RouteDocumentation(
                    "disableAccessKey",
                    "Keeps an access key from being used.",
                    success: .init(Self.keySchema),
                    errors: [404, 409]
                )
            ) { request throws(BrokerError) in
                try await self.setEnabled(false, request)
            },
            self.route(
                .delete,
                "/api/v1/access-keys/{id}",
                RouteDocumentation(
                    "deleteAccessKey",
                    "Deletes an access key.",
                    success: .init(status: 204, nil),
                    errors: [404, 409]
                )
            ) { request throws(BrokerError) in
                try await self.deleteKey(request)
            },
            self.route(
                .post,
                "/api/v1/secrets-key/rotate",
                RouteDocumentation(
                    "rotateSecretsKey",
                    "Seals all secrets by the newest secrets key.",
                    success: .init(.object([.init("keyID", .string), .init("secrets", .integer())])),
                    errors: [404, 409]
                )
            ) { request throws(BrokerError) in
                try await self.rotate(request)
            },
            self.route(
                .get,
                "/api/v1/admin-roles",
                RouteDocumentation(
                    "listRoles",
                    "Who has which role on this port.",
                    success: .init(Self.rolesSchema),
                    errors: [404, 409]
                )
            ) { _ in self.listRoles() },
            self.route(
                .put,
                "/api/v1/admin-roles/{user}",
                RouteDocumentation(
                    "setRole",
                    "Gives a user a role.",
                    body: .object([.init("role", .choice(AdminRole.allCases.map(\.rawValue)))]),
                    success: .init(status: 204, nil),
                    errors: [404, 409]
                )
            ) { request throws(BrokerError) in
                try await self.setRole(request)
            },
            self.route(
                .delete,
                "/api/v1/admin-roles/{user}",
                RouteDocumentation(
                    "removeRole",
                    "Takes a role away.",
                    success: .init(status: 204, nil),
                    errors: [404, 409]
                )
            ) { request throws(BrokerError) in
                try await self.removeRole(request)
            },
            self.route(
                .get,
                "/api/v1/admin-tokens",
                RouteDocumentation(
                    "listTokens",
                    "Tokens of this port.",
                    success: .init(Self.tokensSchema),
                    errors: [404, 409]
                )
            ) { _ in self.listTokens() },
            self.route(
                .post,
                "/api/v1/admin-tokens",
                RouteDocumentation(
                    "createToken",
                    "Makes a token. Its text is told once.",
                    body: Self.userSchema,
                    success: .init(status: 201, Self.tokenSchema),
                    errors: [404, 409]
                )
            ) { request throws(BrokerError) in
                try await self.createToken(request)
            },
            self.route(
                .delete,
                "/api/v1/admin-tokens/{id}",
                RouteDocumentation(
                    "deleteToken",
                    "Deletes a token.",
                    success: .init(status: 204, nil),
                    errors: [404, 409]
                )
            ) { request throws(BrokerError) in
                try await self.deleteToken(request)
            },
        ]
    }

    private func route(
        _ method: AdminMethod,
        _ pattern: String,
        _ documentation: RouteDocumentation,
        _ handle: @escaping @Sendable (AdminRequest) async throws(BrokerError) -> AdminAnswer
    ) -> AdminRoute {
        AdminRoute(
            method,
            pattern,
            access: .role(.admin),
            documentation: documentation,
            handler: .task { request in
                do throws(BrokerError) {
                    return try await handle(request)
                } catch {
                    let answer = AdminAnswer(error)
                    self.audit(
                        AdminAct(
                            .change,
                            "\(method.rawValue) \(pattern)",
                            by: request.identity.user,
                            request,
                            refusal: error.message
                        )
                    )
                    return answer
                }
            }
        )
    }

    private static func decode<Input: Decodable>(_ request: AdminRequest) throws(BrokerError) -> Input {
        guard let input = try? JSONDecoder().decode(Input.self, from: Data(request.body.readableBytesView)) else {
            throw BrokerError(.invalidRequest, "The body is not what this path takes.")
        }
        return input
    }

    private static func parameter(_ name: String, _ request: AdminRequest) -> String { request.parameters[name] ?? "" }

    private static func user(_ text: String) throws(BrokerError) -> String {
        guard let user = UserName.parse(text) else {
            throw BrokerError(.invalidRequest, "\(text.prefix(64)) is not the name of a user.")
        }
        return user
    }

    // MARK: Access keys

    private func listKeys(_ request: AdminRequest) -> AdminAnswer {
        let keys = self.keys.keys.filter { key in request.query("user").map { $0 == key.user } ?? true }
        return .json { json in
            json.object { json in
                json.key("accessKeys")
                json.array { json in for key in keys { Self.write(key, nil, to: &json) } }
            }
        }
    }

    private func createKey(_ request: AdminRequest) async throws(BrokerError) -> AdminAnswer {
        let input: UserInput = try Self.decode(request)
        let (key, secret) = try await self.keys.create(user: try Self.user(input.user), now: self.now())
        self.audit(
            AdminAct(
                .change,
                "create access key",
                by: request.identity.user,
                request,
                on: "ACCESS_KEY:\(key.id) of USER:\(key.user)"
            )
        )
        return .json(status: 201) { Self.write(key, secret, to: &$0) }
    }

    private func setEnabled(_ isEnabled: Bool, _ request: AdminRequest) async throws(BrokerError) -> AdminAnswer {
        let key = try await self.keys.setEnabled(isEnabled, of: Self.parameter("id", request))
        let action = isEnabled ? "enable access key" : "disable access key"
        self.audit(
            AdminAct(
                .change,
                action,
                by: request.identity.user,
                request,
                on: "ACCESS_KEY:\(key.id) of USER:\(key.user)"
            )
        )
        return .json { Self.write(key, nil, to: &$0) }
    }

    private func deleteKey(_ request: AdminRequest) async throws(BrokerError) -> AdminAnswer {
        let key = try await self.keys.delete(Self.parameter("id", request))
        self.audit(
            AdminAct(
                .change,
                "delete access key",
                by: request.identity.user,
                request,
                on: "ACCESS_KEY:\(key.id) of USER:\(key.user)"
            )
        )
        return .noContent
    }

    private func rotate(_ request: AdminRequest) async throws(BrokerError) -> AdminAnswer {
        let (keyID, secrets) = try await self.keys.rotateSecretsKey()
        self.audit(AdminAct(.change, "rotate secrets key", by: request.identity.user, request, on: keyID))
        return .json { json in
            json.object { json in
                json.key("keyID")
                json.string(keyID)
                json.key("secrets")
                json.number(secrets)
            }
        }
    }

    private static func write(_ key: AccessKey, _ secret: SecretBytes?, to json: inout JSONLine) {
        json.object { json in
            json.key("accessKeyID")
            json.string(key.id)
            json.key("user")
            json.string(key.user)
            json.key("isEnabled")
            json.boolean(key.isEnabled)
            json.key("createdAt")
            json.number(key.createdAt)
            if let secret {
                json.key("secretAccessKey")
                json.string(secret.withBytes { String(decoding: $0, as: UTF8.self) })
            }
        }
    }

    // MARK: Roles

    private func listRoles() -> AdminAnswer {
        .json { json in
            json.object { json in
                json.key("roles")
                json.array { json in
                    for (user, role, isConfigured) in self.access.allRoles {
                        json.object { json in
                            json.key("user")
                            json.string(user)
                            json.key("role")
                            json.string(role.rawValue)
                            json.key("isConfigured")
                            json.boolean(isConfigured)
                        }
                    }
                }
            }
        }
    }

    private func setRole(_ request: AdminRequest) async throws(BrokerError) -> AdminAnswer {
        let input: RoleInput = try Self.decode(request)
        guard let role = AdminRole(rawValue: input.role) else {
            throw BrokerError(.invalidRequest, "A role is one of: \(AdminRole.names).")
        }
        let user = try Self.user(Self.parameter("user", request))
        try await self.access.setRole(role, of: user)
        self.audit(
            AdminAct(.change, "set role", by: request.identity.user, request, on: "USER:\(user) \(role.rawValue)")
        )
        return .noContent
    }

    private func removeRole(_ request: AdminRequest) async throws(BrokerError) -> AdminAnswer {
        let user = try Self.user(Self.parameter("user", request))
        try await self.access.setRole(nil, of: user)
        self.audit(AdminAct(.change, "remove role", by: request.identity.user, request, on: "USER:\(user)"))
        return .noContent
    }

    // MARK: Tokens

    private func listTokens() -> AdminAnswer {
        .json { json in
            json.object { json in
                json.key("tokens")
                json.array { json in for token in self.access.allTokens { Self.write(token, nil, to: &json) } }
            }
        }
    }

    private func createToken(_ request: AdminRequest) async throws(BrokerError) -> AdminAnswer {
        let input: UserInput = try Self.decode(request)
        let seconds = input.lifeSeconds ?? 30 * 86_400
        guard seconds > 0, seconds <= AdminAccessStore.tokenLifeMax / 1000 else {
            throw BrokerError(.invalidRequest, "A token lives from a second to two years.")
        }
        let (token, text) = try await self.access.createToken(
            user: try Self.user(input.user),
            lifeMilliseconds: seconds * 1000
        )
        self.audit(
            AdminAct(
                .change,
                "create admin token",
                by: request.identity.user,
                request,
                on: "ADMIN_TOKEN:\(token.id) of USER:\(token.user)"
            )
        )
        return .json(status: 201) { Self.write(token, text, to: &$0) }
    }

    private func deleteToken(_ request: AdminRequest) async throws(BrokerError) -> AdminAnswer {
        let id = Self.parameter("id", request)
        try await self.access.deleteToken(id)
        self.audit(AdminAct(.change, "delete admin token", by: request.identity.user, request, on: "ADMIN_TOKEN:\(id)"))
        return .noContent
    }

    private static func write(_ token: AdminToken, _ text: SecretBytes?, to json: inout JSONLine) {
        json.object { json in
            json.key("tokenID")
            json.string(token.id)
            json.key("user")
            json.string(token.user)
            json.key("createdAt")
            json.number(token.createdAt)
            json.key("expiresAt")
            json.number(token.expiresAt)
            if let text {
                json.key("token")
                json.string(text.withBytes { String(decoding: $0, as: UTF8.self) })
            }
        }
    }
}

extension AdminAnswer {
    init(_ error: BrokerError) { self = APIProblem(error).answer }
}
