/// A token that was verified: who it is of and until when it holds.
package struct VerifiedBearer: Sendable, Equatable {
    package var user: String
    /// Milliseconds since the epoch.
    package var expiresAt: Int64
    /// What the token may be used for, as it says.
    package var scopes: [String]

    package init(user: String, expiresAt: Int64, scopes: [String] = []) {
        self.user = user
        self.expiresAt = expiresAt
        self.scopes = scopes
    }
}

/// Why a token is refused; for the log, not for the client.
package struct BearerRefusal: Error, Sendable, Equatable {
    package var reason: String
    package init(_ reason: String) { self.reason = reason }
}

/// Verifies the tokens of OAUTHBEARER.
package protocol BearerVerifier: Sendable {
    /// - Parameter now: milliseconds since the epoch.
    func verify(_ token: String, now: Int64) async -> Result<VerifiedBearer, BearerRefusal>
}

/// One claim of a token, as JSON has it.
package enum ClaimValue: Sendable, Equatable {
    case text(String)
    case number(Double)
    case texts([String])
    case other
}

/// What a broker demands of a token whose signature is right: Kafka's `sasl.oauthbearer.*`.
package struct BearerRules: Sendable, Equatable {
    /// `sasl.oauthbearer.expected.issuer`; `nil`: any.
    package var issuer: String?
    /// `sasl.oauthbearer.expected.audience`: one of these has to be in the token; empty: any.
    package var audiences: [String] = []
    /// `sasl.oauthbearer.clock.skew.seconds`
    package var clockSkewSeconds: Int64 = 30
    /// `sasl.oauthbearer.scope.claim.name`
    package var scopeClaim = "scope"
    /// `sasl.oauthbearer.sub.claim.name`
    package var subjectClaim = "sub"

    package init() {}

    /// Longer than any time that a token may have; in seconds.
    private static let secondsMax = 1e12

    /// Checks the claims as Kafka does: an expiry and a time of issue must be there, a subject too; scopes are not
    /// required but must not be twice the same.
    ///
    /// - Parameter now: milliseconds since the epoch.
    package func check(_ claims: [String: ClaimValue], now: Int64) throws(BearerRefusal) -> VerifiedBearer {
        let skew = Double(self.clockSkewSeconds)
        let seconds = Double(now) / 1000
        guard let expiry = try Self.time("exp", claims) else { throw BearerRefusal("the token has no exp") }
        guard seconds < expiry + skew else { throw BearerRefusal("the token is expired") }
        if let start = try Self.time("nbf", claims), seconds < start - skew {
            throw BearerRefusal("the token is not valid yet (nbf)")
        }
        guard let issued = try Self.time("iat", claims) else { throw BearerRefusal("the token has no iat") }
        guard issued <= seconds + skew else { throw BearerRefusal("the token was issued in the future (iat)") }
        try self.checkOrigin(claims)
        guard case .text(let subject)? = claims[self.subjectClaim] else {
            throw BearerRefusal("the token has no text \(self.subjectClaim)")
        }
        let user = Self.trimmed(subject)
        guard !user.isEmpty, user.utf8.count <= ScramText.nameBytesMax else {
            throw BearerRefusal("the token's \(self.subjectClaim) is empty or too long")
        }
        return VerifiedBearer(user: user, expiresAt: Int64(expiry * 1000), scopes: try self.scopes(claims))
    }

    private func checkOrigin(_ claims: [String: ClaimValue]) throws(BearerRefusal) {
        if let issuer = self.issuer, claims["iss"] != .text(issuer) {
            throw BearerRefusal("the token is not of the issuer \(issuer)")
        }
        guard !self.audiences.isEmpty else { return }
        let theirs: [String] =
            switch claims["aud"] {
            case .text(let audience)?: [audience]
            case .texts(let audiences)?: audiences
            default: []
            }
        guard theirs.contains(where: self.audiences.contains) else {
            throw BearerRefusal("the token is not for this audience")
        }
    }

    private func scopes(_ claims: [String: ClaimValue]) throws(BearerRefusal) -> [String] {
        let given: [String] =
            switch claims[self.scopeClaim] {
            case .text(let scope)?: [scope]
            case .texts(let scopes)?: scopes
            default: []
            }
        let scopes = given.map(Self.trimmed)
        guard Set(scopes).count == scopes.count, !scopes.contains("") else {
            throw BearerRefusal("the token's \(self.scopeClaim) has an empty value, or one twice")
        }
        return scopes
    }

    private static func time(_ name: String, _ claims: [String: ClaimValue]) throws(BearerRefusal) -> Double? {
        guard let value = claims[name] else { return nil }
        guard case .number(let seconds) = value, seconds >= 0, seconds < Self.secondsMax else {
            throw BearerRefusal("the token's \(name) is not a time")
        }
        return seconds
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
