package import Metadata
package import Model
package import Secrets
internal import Text

/// What users may do on the admin port, and the tokens that stand for them there (decision 0055).
package final class AdminAccessStore: Sendable {
    private static let rolesMax = 10_000
    private static let tokensMax = 1_000
    private static let tokenPrefix = "mra_"
    /// The longest life of a token, in milliseconds: two years.
    package static let tokenLifeMax: Int64 = 731 * 86_400_000

    private let roles: IdentitySpace<AdminRole>
    private let tokens: IdentitySpace<AdminToken>
    /// Of the configuration: they hold beside those that are stored, and cannot be taken by a change.
    private let configuredRoles: [String: AdminRole]
    private let now: @Sendable () -> Timestamp

    package init(
        in store: any MetadataStore,
        configuredRoles: [String: AdminRole] = [:],
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.roles = IdentitySpace(
            AdminRole.space,
            in: store,
            valuesMax: Self.rolesMax,
            decode: { bytes, _ throws(MetadataError) in try AdminRole.decode(bytes) },
            encode: { Array($0.rawValue.utf8) }
        )
        self.tokens = IdentitySpace(
            AdminToken.space,
            in: store,
            valuesMax: Self.tokensMax,
            decode: { bytes, id throws(MetadataError) in try AdminToken.decode(bytes, id: id) },
            encode: { $0.encoded() }
        )
        self.configuredRoles = configuredRoles
        self.now = now
    }

    package func load() async throws(BrokerError) {
        do throws(MetadataError) {
            try await self.roles.load()
            try await self.tokens.load()
        } catch {
            throw BrokerError(error)
        }
    }

    package func followRoles() async throws(MetadataError) { try await self.roles.follow {} }
    package func followTokens() async throws(MetadataError) { try await self.tokens.follow {} }

    // MARK: Roles

    /// The higher one of the configured and the stored role; `nil` for a user without one.
    package func role(of user: String) -> AdminRole? {
        let stored = self.roles[user]
        guard let configured = self.configuredRoles[user] else { return stored }
        return stored.map { max($0, configured) } ?? configured
    }

    /// Every user who has a role, by name.
    package var allRoles: [(user: String, role: AdminRole, isConfigured: Bool)] {
        let users = Set(self.roles.all.keys).union(self.configuredRoles.keys).sorted()
        return users.compactMap { user in
            self.role(of: user).map { (user, $0, self.configuredRoles[user] != nil) }
        }
    }

    /// - Parameter role: `nil` takes the stored one away.
    package func setRole(_ role: AdminRole?, of user: String) async throws(BrokerError) {
        guard UserName.isValid(user) else { throw BrokerError(.invalidRequest, "\(user) is not the name of a user.") }
        try await self.roles.alter(user) { _ in role }
    }

    // MARK: Tokens

    /// By ID, those that are over included until they are removed.
    package var allTokens: [AdminToken] { self.tokens.all.values.sorted { $0.id < $1.id } }

    /// Makes a token for a user. It is told once: afterwards only its digest is stored.
    ///
    /// - Parameter lifeMilliseconds: at most `tokenLifeMax`.
    package func createToken(
        user: String,
        lifeMilliseconds: Int64
    ) async throws(BrokerError) -> (token: AdminToken, text: SecretBytes) {
        guard UserName.isValid(user) else { throw BrokerError(.invalidRequest, "\(user) is not the name of a user.") }
        guard (1...Self.tokenLifeMax).contains(lifeMilliseconds) else {
            throw BrokerError(.invalidRequest, "A token lives two years at most.")
        }
        let id = SecretBytes.random(count: 6).withBytes { Hex.text($0) }
        let secret = SecretBytes.random(count: 32).withBytes { Hex.text($0) }
        let text = SecretBytes(Array("\(Self.tokenPrefix)\(id)_\(secret)".utf8))
        let now = self.now()
        let token = AdminToken(
            id: id,
            user: user,
            digest: text.withBytes { SecretDigest.sha256(Array($0)) },
            createdAt: now,
            expiresAt: now + lifeMilliseconds
        )
        try await self.tokens.alter(id) { present throws(BrokerError) in
            guard present == nil else { throw BrokerError(.conflict, "The token's ID is taken; try again.") }
            return token
        }
        return (token, text)
    }

    package func deleteToken(_ id: String) async throws(BrokerError) {
        try await self.tokens.alter(id) { present throws(BrokerError) in
            guard present != nil else { throw BrokerError(.unknownTopicOrPartition, "There is no token \(id).") }
            return nil
        }
    }

    /// Whose token it is; `nil` for one that is unknown or over. The digests are compared in constant time.
    package func owner(ofToken text: String) -> (user: String, tokenID: String)? {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, text.hasPrefix(Self.tokenPrefix), let token = self.tokens[String(parts[1])],
            SecretBytes.areEqual(SecretDigest.sha256(Array(text.utf8)), token.digest), token.expiresAt > self.now()
        else { return nil }
        return (token.user, token.id)
    }

    package func hasToken(id: String) -> Bool { self.tokens[id].map { $0.expiresAt > self.now() } ?? false }
}
