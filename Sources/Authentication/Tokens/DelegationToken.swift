package import Model
internal import Text

/// A token with which its bearer acts as its owner for some time (KIP-48), made and renewed by clients that have
/// authenticated in another way.
///
/// The bearer authenticates with SCRAM: the user is the token's ID, the password its HMAC in base64, and the extension
/// `tokenauth=true` tells it from a user. The HMAC follows from the ID and `delegation.token.secret.key`; it is not
/// kept.
package struct DelegationToken: Sendable, Hashable {
    /// A random UUID.
    package var id: String
    package var owner: Principal
    /// Who asked for it.
    package var requester: Principal
    /// Who may renew it besides its owner.
    package var renewers: [Principal]
    /// All times are milliseconds since the epoch.
    package var issuedAt: Timestamp
    package var expiresAt: Timestamp
    /// It cannot be renewed beyond this.
    package var endsAt: Timestamp
    /// Of its HMAC.
    package var credentials: [ScramHash: ScramCredential]
    /// Tells whether the token was made with the present secret key.
    package var keyFingerprint: [UInt8]

    package init(
        id: String,
        owner: Principal,
        requester: Principal,
        renewers: [Principal],
        issuedAt: Timestamp,
        expiresAt: Timestamp,
        endsAt: Timestamp,
        credentials: [ScramHash: ScramCredential],
        keyFingerprint: [UInt8]
    ) {
        self.id = id
        self.owner = owner
        self.requester = requester
        self.renewers = renewers
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.endsAt = endsAt
        self.credentials = credentials
        self.keyFingerprint = keyFingerprint
    }

    package func hasExpired(at now: Timestamp) -> Bool { self.expiresAt < now || self.endsAt < now }

    package func mayBeRenewed(by principal: Principal) -> Bool {
        self.owner == principal || self.renewers.contains(principal)
    }
}

/// Why a request about delegation tokens fails; the names of Kafka's errors.
package enum DelegationTokenError: Error, Sendable, Hashable, CaseIterable {
    /// `delegation.token.secret.key` is not set.
    case disabled
    /// The connection is not authenticated, or is by a token itself.
    case requestNotAllowed
    case notFound
    case expired
    case ownerMismatch
    case invalidPrincipalType
    case authorizationFailed
    /// As many tokens as this server keeps.
    case tooMany
    /// The metadata could not be changed. Retriable.
    case unavailable
}

/// The broker's settings of delegation tokens.
package struct DelegationTokenSettings: Sendable, Equatable {
    /// `delegation.token.secret.key` in UTF-8; `nil`: there are no tokens.
    package var secret: [UInt8]?
    /// `delegation.token.max.lifetime.ms`
    package var lifetimeMax: Int64
    /// `delegation.token.expiry.time.ms`
    package var expiryTime: Int64

    package init(secret: [UInt8]?, lifetimeMax: Int64, expiryTime: Int64) {
        self.secret = secret
        self.lifetimeMax = lifetimeMax
        self.expiryTime = expiryTime
    }

    /// The HMAC of a token; `nil` without a secret key.
    package func hmac(of tokenID: String) -> [UInt8]? {
        self.secret.map { ScramHash.sha512.code(key: $0, of: Array(tokenID.utf8)) }
    }

    /// Of the secret key, without anything of it.
    package var keyFingerprint: [UInt8]? {
        self.hmac(of: "millrace: fingerprint of delegation.token.secret.key").map { Array($0.prefix(8)) }
    }

    /// What a bearer of a token gives as its password.
    package static func password(of hmac: [UInt8]) -> [UInt8] { ScramText.base64(hmac) }

    /// A new token. Derives keys for milliseconds; never on an event loop.
    ///
    /// - Parameters:
    ///   - lifetime: milliseconds that the client asks for; 0 and less: as long as may be.
    ///   - salt: random bytes.
    package func makeToken(
        id: String,
        owner: Principal,
        requester: Principal,
        renewers: [Principal],
        lifetime: Int64,
        salt: [UInt8],
        now: Timestamp
    ) throws(DelegationTokenError) -> (token: DelegationToken, hmac: [UInt8]) {
        guard let hmac = self.hmac(of: id), let fingerprint = self.keyFingerprint else { throw .disabled }
        guard renewers.allSatisfy({ $0.type == "User" }) else { throw .invalidPrincipalType }
        let endsAt = Self.sum(now, lifetime > 0 ? min(lifetime, self.lifetimeMax) : self.lifetimeMax)
        var credentials: [ScramHash: ScramCredential] = [:]
        for hash in ScramHash.allCases {
            credentials[hash] = ScramCredential(
                hash: hash,
                password: Self.password(of: hmac),
                salt: salt,
                iterations: ScramHash.iterations.lowerBound
            )
        }
        let token = DelegationToken(
            id: id,
            owner: owner,
            requester: requester,
            renewers: renewers,
            issuedAt: now,
            expiresAt: min(endsAt, Self.sum(now, self.expiryTime)),
            endsAt: endsAt,
            credentials: credentials,
            keyFingerprint: fingerprint
        )
        return (token, hmac)
    }

    /// A token with a later expiry.
    ///
    /// - Parameter period: milliseconds from now; 0 and less: as long as may be at once.
    package func renewed(
        _ token: DelegationToken,
        by principal: Principal,
        period: Int64,
        now: Timestamp
    ) throws(DelegationTokenError) -> DelegationToken {
        if token.hasExpired(at: now) { throw .expired }
        guard token.mayBeRenewed(by: principal) else { throw .ownerMismatch }
        var renewed = token
        let time = period > 0 ? min(period, self.expiryTime) : self.expiryTime
        renewed.expiresAt = min(token.endsAt, Self.sum(now, time))
        return renewed
    }

    /// A token with another expiry, which may be sooner.
    ///
    /// - Parameter period: milliseconds from now; below 0: at once.
    /// - Returns: `nil`: the token is to be removed.
    package func expired(
        _ token: DelegationToken,
        by principal: Principal,
        period: Int64,
        now: Timestamp
    ) throws(DelegationTokenError) -> DelegationToken? {
        guard token.mayBeRenewed(by: principal) else { throw .ownerMismatch }
        if period < 0 { return nil }
        if token.hasExpired(at: now) { throw .expired }
        var changed = token
        changed.expiresAt = min(token.endsAt, Self.sum(now, period))
        return changed
    }

    private static func sum(_ now: Timestamp, _ time: Int64) -> Timestamp {
        let (sum, isTooMuch) = now.addingReportingOverflow(time)
        return isTooMuch ? .max : sum
    }
}
