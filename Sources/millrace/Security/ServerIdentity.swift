internal import AdminServer
internal import Broker
internal import FoundationEssentials
internal import KinesisProtocol
internal import Logging
internal import Metadata
internal import Model
internal import Secrets
internal import Serving
internal import Text

/// Who the users of a server are and what they may do on the admin port: the stores of a running server.
struct ServerIdentity: Sendable {
    let keys: AccessKeyStore
    let access: AdminAccessStore
    let signatures: SignatureVerifier
    let localToken = LocalAdminToken()

    private init(keys: AccessKeyStore, access: AdminAccessStore) {
        self.keys = keys
        self.access = access
        self.signatures = SignatureVerifier(keys)
    }

    /// Reads what is stored. Secrets that cannot be opened end the start: a server that lets nobody in would tell it
    /// less clearly.
    static func open(
        _ configuration: ServeConfiguration,
        store: any MetadataStore,
        now: @escaping @Sendable () -> Int64,
        logger: Logger
    ) async throws(Failure) -> ServerIdentity {
        let security = configuration.security
        let keys = AccessKeyStore(
            in: store,
            source: SecretsKeyFile.source(
                option: security.secretsKeyFile,
                dataDirectory: configuration.dataDirectory,
                environment: ProcessInfo.processInfo.environment
            ),
            configured: StaticAccessKeys(configuration.kinesisCredentials.keys),
            requirement: security.kinesis
        )
        let access = AdminAccessStore(in: store, configuredRoles: security.roles, now: now)
        do throws(BrokerError) {
            try await keys.load()
            try await access.load()
            // What an interrupted change of the key left, or a new key in front of the variable's.
            if !keys.keys.isEmpty { _ = try await keys.sealAgain() }
        } catch {
            throw Failure(error.message)
        }
        return ServerIdentity(keys: keys, access: access)
    }

    func adminSettings(
        _ configuration: ServeConfiguration,
        _ address: ServeConfiguration.Address,
        clock: AdminClock,
        authentication: AuthenticationService,
        views: BrokerViews,
        audit log: any AuditLog
    ) -> AdminServer.Settings {
        let security = configuration.security
        var settings = AdminServer.Settings(
            host: address.host,
            port: address.port,
            users: AdminUsers(
                directory: self.access,
                passwords: StoredPasswords(authentication: authentication),
                signatures: SignatureVerifier(self.keys, services: ["millrace", "execute-api", "kinesis"]),
                localToken: self.localToken.secret
            ),
            clock: clock
        )
        settings.rules.hosts = security.adminHosts
        settings.rules.allowsRemoteChanges = security.allowsRemoteChanges
        settings.rules.anonymousRole = security.anonymousRole
        settings.guardsMetrics = security.guardsMetrics
        let audit = Self.audit(to: log)
        settings.audit = audit
        settings.routes =
            AccessRoutes(keys: self.keys, access: self.access, audit: audit, now: clock.now).routes
            + APIRoutes(views, audit: audit).routes
        return settings
    }

    private static func audit(to log: any AuditLog) -> AdminAudit {
        { act in
            guard log.isEnabled else { return }
            let principal = act.user.isEmpty ? Principal.anonymous : Principal(name: act.user)
            let unknown = Endpoint(host: "unknown", port: 0)
            log.record(
                AuditEvent(
                    AuditEvent.Kind(act),
                    session: Session(listener: "ADMIN", local: unknown, remote: act.remote, principal: principal),
                    face: "admin",
                    operation: act.action,
                    resource: act.resource,
                    outcome: act.refusal == nil ? .succeeded : .refused,
                    reason: act.refusal
                )
            )
        }
    }
}

extension AuditEvent.Kind {
    fileprivate init(_ act: AdminAct) {
        self =
            switch act.kind {
            case .login: .authentication
            case .change: .administration
            case .access: .authorization
            }
    }
}

/// The passwords of the users of Kafka's SASL listeners, for the admin port.
private struct StoredPasswords: PasswordVerifier {
    let authentication: AuthenticationService

    func verify(user: String, password: SecretBytes) async -> Bool {
        await self.authentication.verifyPassword(of: user, password) ?? false
    }

    func passwordName(of user: String) -> String? {
        self.authentication.credentials.user(user).map { Hex.text(SecretDigest.sha256($0.encoded()).prefix(16)) }
    }
}
