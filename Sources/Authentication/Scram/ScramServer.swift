/// The server's side of one SCRAM exchange (RFC 5802). Sans-IO; costs four short HMACs, so that it may run on an event
/// loop: the costly derivation is the client's.
///
/// ```
/// clientFirst ── firstReceived ──► lookup ── credentialFound ──► clientFinal ── finalReceived ──► ended
/// ```
///
/// Bad input is the peer's error and ends the exchange. A call in another state is our bug.
package struct ScramServer: Sendable {
    /// What is known of the user that a client claims to be.
    package struct Account: Sendable, Equatable {
        /// Who is authenticated by it: the user, or the owner of a delegation token.
        package var user: String
        /// When a delegation token expires, in milliseconds since the epoch.
        package var expiresAt: Int64?
        package var isToken: Bool

        package init(user: String, expiresAt: Int64? = nil, isToken: Bool = false) {
            self.user = user
            self.expiresAt = expiresAt
            self.isToken = isToken
        }
    }

    /// The answer to a lookup. One who is not known has a decoy, so that the exchange takes the same path and time.
    package struct Lookup: Sendable {
        package var credential: ScramCredential
        package var account: Account?

        package init(credential: ScramCredential, account: Account?) {
            self.credential = credential
            self.account = account
        }
    }

    private enum State: Sendable {
        case clientFirst
        case lookup(ScramClientFirst)
        case clientFinal(first: ScramClientFirst, serverFirst: [UInt8], nonce: [UInt8], Lookup)
        case ended
    }

    package let hash: ScramHash
    private let serverNonce: [UInt8]
    private var state = State.clientFirst

    /// - Parameter nonce: random printable characters without a comma; `ScramServer.nonce(of:)` makes them.
    package init(hash: ScramHash, nonce: [UInt8]) {
        self.hash = hash
        self.serverNonce = nonce
    }

    /// Printable characters of random bytes.
    package static func nonce(of random: [UInt8]) -> [UInt8] { ScramText.base64(random) }

    package enum FirstAction: Sendable, Equatable {
        case lookUp(user: String, isToken: Bool)
        case refuse(SaslRefusal)
    }

    package mutating func firstReceived(_ message: [UInt8]) -> FirstAction {
        guard case .clientFirst = self.state else { preconditionFailure("a SCRAM exchange began twice") }
        self.state = .ended
        guard let first = ScramClientFirst(message) else {
            return .refuse(.malformed(self.hash.mechanism, "the first message of a SCRAM client is malformed"))
        }
        guard first.authorizationID.isEmpty || first.authorizationID == first.user else {
            return .refuse(.otherIdentity(user: first.user))
        }
        self.state = .lookup(first)
        return .lookUp(user: first.user, isToken: first.isTokenAuthentication)
    }

    /// - Returns: the server's first message.
    package mutating func credentialFound(_ lookup: Lookup) -> [UInt8] {
        guard case .lookup(let first) = self.state else { preconditionFailure("no SCRAM credential was asked for") }
        let nonce = first.nonce + self.serverNonce
        var message = Array("r=".utf8) + nonce + Array(",s=".utf8)
        message += ScramText.base64(lookup.credential.salt)
        message += Array(",i=\(lookup.credential.iterations)".utf8)
        self.state = .clientFinal(first: first, serverFirst: message, nonce: nonce, lookup)
        return message
    }

    package enum FinalAction: Sendable, Equatable {
        /// The proof is right; the message proves the server to the client.
        case succeed(message: [UInt8], Account)
        case refuse(SaslRefusal)
    }

    package mutating func finalReceived(_ message: [UInt8]) -> FinalAction {
        guard case .clientFinal(let first, let serverFirst, let nonce, let lookup) = self.state else {
            preconditionFailure("a final SCRAM message was not expected")
        }
        self.state = .ended
        guard let final = ScramClientFinal(message) else {
            return .refuse(.malformed(self.hash.mechanism, "the final message of a SCRAM client is malformed"))
        }
        guard final.nonce == nonce, final.channelBinding == first.header else {
            return .refuse(
                .malformed(self.hash.mechanism, "the final message of a SCRAM client is of another exchange")
            )
        }
        let comma = [ScramText.comma]
        let signed = first.bare + comma + serverFirst + comma + final.withoutProof
        let credential = lookup.credential
        let signature = self.hash.code(key: credential.storedKey, of: signed)
        // A proof of another length has another digest.
        let clientKey = ScramText.xor(final.proof, signature)
        let isRight =
            final.proof.count == self.hash.byteCount
            && CredentialBytes.areEqual(self.hash.digest(clientKey), credential.storedKey)
        let serverSignature = self.hash.code(key: credential.serverKey, of: signed)
        guard isRight, let account = lookup.account else {
            return .refuse(.wrongCredentials(self.hash.mechanism, user: first.user))
        }
        return .succeed(message: Array("v=".utf8) + ScramText.base64(serverSignature), account)
    }

    /// Whether the next message is the client's final one.
    package var expectsFinal: Bool {
        if case .clientFinal = self.state { return true }
        return false
    }
}
