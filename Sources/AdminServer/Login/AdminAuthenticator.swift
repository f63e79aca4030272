internal import KinesisProtocol
internal import Metadata
internal import NIOCore
internal import NIOHTTP1
internal import Secrets

/// Finds out who sends a request, by what the request brings. On event loops.
///
/// A request that brings something wrong is refused, and never taken for one that brings nothing.
struct AdminAuthenticator: Sendable {
    enum Failure: Error, Equatable {
        /// A cookie, a token or a signature that is not right, or not any more.
        case wrong(String)
        /// More than one of them: two readers could take it for two callers'.
        case ambiguous
    }

    /// A session's cookie. Behind TLS its name makes browsers refuse it from elsewhere.
    static func cookieName(isSecure: Bool) -> String { isSecure ? "__Host-millrace-session" : "millrace-session" }

    /// Of whom has the data directory. What it may do comes with its token, not with its name: a user of this name is
    /// another one.
    static let localUser = "local"
    private static let tokenBytesMax = 256

    let users: AdminUsers
    let seal: SessionSeal

    /// - Parameters:
    ///   - now: milliseconds since the epoch.
    ///   - anonymous: who it is that brings nothing.
    func identify(
        _ head: HTTPRequestHead,
        _ body: ByteBuffer,
        _ facts: AdmissionFacts,
        anonymous: AdminIdentity,
        now: Int64
    ) throws(Failure) -> AdminIdentity {
        let authorizations = head.headers["authorization"]
        let cookies = Self.cookies(head, name: Self.cookieName(isSecure: facts.isSecure))
        let isPresigned = head.uri.contains("X-Amz-Signature")
        guard authorizations.count + cookies.count + (isPresigned ? 1 : 0) <= 1 else { throw .ambiguous }
        if let cookie = cookies.first { return try self.identify(cookie: cookie, now: now) }
        if isPresigned { return try self.identify(signed: head, body, now: now) }
        guard let authorization = authorizations.first else { return anonymous }
        if authorization.hasPrefix("AWS4-") { return try self.identify(signed: head, body, now: now) }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", parts[1].utf8.count <= Self.tokenBytesMax else {
            throw .wrong("Authorization is neither a bearer token nor a signature.")
        }
        return try self.identify(token: String(parts[1]), facts)
    }

    private func identify(cookie: String, now: Int64) throws(Failure) -> AdminIdentity {
        guard let session = self.seal.open(cookie, now: now / 1000) else {
            throw .wrong("The session is over; log in again.")
        }
        let proof = AdminIdentity.Proof.session(id: session.id)
        switch session.source {
        case .localToken: return AdminIdentity(user: Self.localUser, role: .admin, proof: proof)
        case .token(let id) where !self.users.directory.hasToken(id: id):
            throw .wrong("The session's token is over.")
        case .password(let name) where self.users.passwords.passwordName(of: session.user) != name:
            throw .wrong("The session's password is not the user's any more; log in again.")
        case .token, .password: break
        }
        // Roles hold from the moment at which they are changed.
        return AdminIdentity(user: session.user, role: self.users.directory.role(of: session.user), proof: proof)
    }

    func identify(token: String, _ facts: AdmissionFacts) throws(Failure) -> AdminIdentity {
        if facts.isLoopback, let local = self.users.localToken,
            local.withBytes({ SecretBytes.areEqual($0, token.utf8) })
        {
            return AdminIdentity(user: Self.localUser, role: .admin, proof: .localToken)
        }
        guard let owner = self.users.directory.owner(ofToken: token) else {
            throw .wrong("The token is unknown or over.")
        }
        return AdminIdentity(
            user: owner.user,
            role: self.users.directory.role(of: owner.user),
            proof: .token(id: owner.tokenID)
        )
    }

    private func identify(signed head: HTTPRequestHead, _ body: ByteBuffer, now: Int64) throws(Failure) -> AdminIdentity
    {
        guard let signatures = self.users.signatures else { throw .wrong("Signed requests are not served here.") }
        let uri = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = SignedParts(
            method: head.method.rawValue,
            path: String(uri[0]),
            query: uri.count > 1 ? String(uri[1]) : "",
            headers: head.headers.map { ($0.name, $0.value) }
        )
        do throws(KinesisError) {
            let signer = try signatures.verify(
                parts,
                bodyDigest: { body.withUnsafeReadableBytes { SHA256Digest.hex($0) } },
                now: now
            )
            return AdminIdentity(
                user: signer.user,
                role: self.users.directory.role(of: signer.user),
                proof: .signature(accessKeyID: signer.accessKeyID)
            )
        } catch {
            throw .wrong("\(error.code.rawValue): \(error.message ?? "")")
        }
    }

    /// The values of a cookie: more than one when somebody tries to put another in front.
    private static func cookies(_ head: HTTPRequestHead, name: String) -> [String] {
        head.headers["cookie"].flatMap { header in
            header.split(separator: ";").compactMap { part in
                let pair = part.drop { $0 == " " }.split(
                    separator: "=",
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                return pair.count == 2 && pair[0] == name ? String(pair[1]) : nil
            }
        }
    }
}
