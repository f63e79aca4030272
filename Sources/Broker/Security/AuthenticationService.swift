package import Authentication
internal import Metadata
package import Model
package import NIOCore
package import Secrets

/// Verifies who clients are, against what is stored; makes and changes users and delegation tokens. Shared by all
/// connections.
package final class AuthenticationService: Sendable {
    package let credentials: CredentialStore
    package let hasher = PasswordHasher()
    /// Makes credentials of users who do not exist: the same on every broker and after every start.
    private let decoySecret: [UInt8]
    private let environment: BrokerEnvironment
    private let configs: @Sendable () -> BrokerConfigs

    /// - Parameter configs: the broker's properties of the moment.
    init(
        credentials: CredentialStore,
        decoySecret: [UInt8],
        environment: BrokerEnvironment,
        configs: @escaping @Sendable () -> BrokerConfigs
    ) {
        self.credentials = credentials
        self.decoySecret = decoySecret
        self.environment = environment
        self.configs = configs
    }

    // MARK: Authenticating

    /// The present, for a `SaslMachine`.
    package var time: SaslMachine.Time {
        SaslMachine.Time(wall: self.environment.now(), monotonic: self.environment.monotonicMilliseconds())
    }

    /// What a SCRAM exchange needs of a user or a delegation token; a decoy of those who are not known.
    package func lookUp(
        user: String,
        _ hash: ScramHash,
        isToken: Bool,
        listener: SaslListener? = nil
    ) -> ScramServer.Lookup {
        if !isToken, user == BrokerLogin.user, let broker = listener?.brokerLogin, hash == .sha256 {
            return .init(credential: broker.credential, account: .init(user: user))
        }
        if isToken {
            if let token = self.credentials.token(id: user), let credential = token.credentials[hash],
                self.isUsable(token)
            {
                return .init(
                    credential: credential,
                    account: .init(user: token.owner.name, expiresAt: token.expiresAt, isToken: true)
                )
            }
        } else if let credential = self.credentials.user(user)?.credentials[hash] {
            return .init(credential: credential, account: .init(user: user))
        }
        return .init(credential: .decoy(for: user, hash: hash, secret: self.decoySecret), account: nil)
    }

    private func isUsable(_ token: DelegationToken) -> Bool {
        !token.hasExpired(at: self.environment.now())
            && token.keyFingerprint == self.tokenSettings.keyFingerprint
    }

    /// Verifies a password of PLAIN: against the listener's `sasl.jaas.config`, or else against the stored user's SCRAM
    /// credential, by deriving it. Also for users who do not exist, or are in `sasl.jaas.config`, a key is derived, so
    /// that the time says little of who exists.
    ///
    /// - Parameter completion: called on the event loop; `nil`: too many passwords are waiting, there is no verdict.
    package func verifyPassword(
        of user: String,
        _ password: [UInt8],
        listener: SaslListener,
        on eventLoop: any EventLoop,
        _ completion: @escaping @Sendable (_ isRight: Bool?) -> Void
    ) {
        let configured = listener.current.plainUsers[user]
        let (hash, credential, isStored) = self.passwordCredential(of: user)
        let isAccepted = self.hasher.submit {
            var password = password
            let isSame = credential.isOf(password, hash: hash) && isStored
            let isConfigured = configured.map { CredentialBytes.areEqual($0, password) }
            CredentialBytes.erase(&password)
            let isRight = isConfigured ?? isSame
            eventLoop.execute { completion(isRight) }
        }
        if !isAccepted { completion(nil) }
    }

    /// Verifies a password of the admin port against the stored user's SCRAM credential, on the hasher's thread. Also
    /// for users who do not exist a key is derived.
    ///
    /// - Returns: `nil`: too many passwords are waiting, there is no verdict.
    package func verifyPassword(of user: String, _ password: SecretBytes) async -> Bool? {
        let (hash, credential, isStored) = self.passwordCredential(of: user)
        return await self.hasher.run {
            var bytes = password.withBytes { Array($0) }
            defer { CredentialBytes.erase(&bytes) }
            return credential.isOf(bytes, hash: hash) && isStored
        }
    }

    /// What a user's password is compared with; a decoy of those who have none.
    private func passwordCredential(of user: String) -> (hash: ScramHash, credential: ScramCredential, isStored: Bool) {
        let stored = self.credentials.user(user)?.credentials
        if let credential = stored?[.sha256] { return (.sha256, credential, true) }
        if let credential = stored?[.sha512] { return (.sha512, credential, true) }
        return (.sha256, .decoy(for: user, hash: .sha256, secret: self.decoySecret), false)
    }

    /// Random characters for a SCRAM exchange.
    package static let makeNonce: @Sendable () -> [UInt8] = { ScramServer.nonce(of: CredentialBytes.randomBytes(18)) }

    // MARK: Delegation tokens

    package var tokenSettings: DelegationTokenSettings {
        let configs = self.configs()
        return DelegationTokenSettings(
            secret: configs.string("delegation.token.secret.key").map { Array($0.utf8) },
            lifetimeMax: configs.int64("delegation.token.max.lifetime.ms"),
            expiryTime: configs.int64("delegation.token.expiry.time.ms")
        )
    }

    /// - Throws: `DelegationTokenError`.
    package func createToken(
        owner: Principal,
        requester: Principal,
        renewers: [Principal],
        lifetime: Int64
    ) async throws(DelegationTokenError) -> (token: DelegationToken, hmac: [UInt8]) {
        let settings = self.tokenSettings
        let id = self.environment.makeTopicID().description
        let now = self.environment.now()
        let salt = CredentialBytes.randomBytes(ScramCredential.saltBytes)
        let made = await self.hasher.run {
            () -> Result<(token: DelegationToken, hmac: [UInt8]), DelegationTokenError> in
            do throws(DelegationTokenError) {
                return .success(
                    try settings.makeToken(
                        id: id,
                        owner: owner,
                        requester: requester,
                        renewers: renewers,
                        lifetime: lifetime,
                        salt: salt,
                        now: now
                    )
                )
            } catch {
                return .failure(error)
            }
        }
        guard let made else { throw .unavailable }
        let (token, hmac) = try made.get()
        do {
            try await self.credentials.add(token)
        } catch {
            throw error as? DelegationTokenError ?? .unavailable
        }
        return (token, hmac)
    }

    /// - Returns: when the token expires now.
    package func renewToken(
        hmac: [UInt8],
        by principal: Principal,
        period: Int64
    ) async throws(DelegationTokenError) -> Timestamp {
        let settings = self.tokenSettings
        let now = self.environment.now()
        return try await self.alterToken(hmac: hmac, settings) { token throws(DelegationTokenError) in
            try settings.renewed(token, by: principal, period: period, now: now)
        } ?? now
    }

    /// - Returns: when the token expires now.
    package func expireToken(
        hmac: [UInt8],
        by principal: Principal,
        period: Int64
    ) async throws(DelegationTokenError) -> Timestamp {
        let settings = self.tokenSettings
        let now = self.environment.now()
        return try await self.alterToken(hmac: hmac, settings) { token throws(DelegationTokenError) in
            try settings.expired(token, by: principal, period: period, now: now)
        } ?? now
    }

    private func alterToken(
        hmac: [UInt8],
        _ settings: DelegationTokenSettings,
        _ edit: (DelegationToken) throws(DelegationTokenError) -> DelegationToken?
    ) async throws(DelegationTokenError) -> Timestamp? {
        guard settings.secret != nil else { throw .disabled }
        // An HMAC is short to compute, and renewals are few.
        let found = self.tokens.first { token in
            settings.hmac(of: token.id).map { CredentialBytes.areEqual($0, hmac) } ?? false
        }
        guard let found else { throw .notFound }
        var expiresAt: Timestamp?
        do {
            try await self.credentials.alterToken(id: found.id) { token throws(DelegationTokenError) in
                let edited = try edit(token)
                expiresAt = edited?.expiresAt
                return edited
            }
        } catch {
            throw error as? DelegationTokenError ?? .unavailable
        }
        return expiresAt
    }

    /// Those that were made with the present secret key.
    package var tokens: [DelegationToken] {
        let fingerprint = self.tokenSettings.keyFingerprint
        return self.credentials.tokens.filter { $0.keyFingerprint == fingerprint }
    }

    /// Removes tokens that have expired, again and again, until the task is cancelled.
    func removeExpiredTokens() async {
        while !Task.isCancelled {
            let interval = self.configs().int64("delegation.token.expiry.check.interval.ms")
            do { try await Task.sleep(for: .milliseconds(max(1, interval))) } catch { return }
            let now = self.environment.now()
            for token in self.credentials.tokens where token.hasExpired(at: now) {
                // Somebody may have renewed or removed it; then it is left alone.
                try? await self.credentials.alterToken(id: token.id) { $0.hasExpired(at: now) ? nil : $0 }
            }
        }
    }
}
