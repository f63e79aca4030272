/// Decides what one connection of a SASL listener may do, from its first request to its end. Sans-IO.
///
/// ```
///                    handshake            tokens                          handshake (KIP-368)
///  handshakeExpected ─────────► exchanging ──────► authenticated(until) ─────────────► exchanging
///          │                     │      ▲              │
///          │ anything else       │      │ verified     │ a request after its end
///          ▼                     ▼      │              ▼
///        failed ◄───────────── verifying             failed
/// ```
///
/// Bad input is the peer's error: it ends in `failed`, with an answer where the protocol has one, and the connection is
/// closed. The shell looks up users, has secrets verified elsewhere and reports back; a report that nobody asked for is
/// our bug.
package struct SaslMachine: ~Copyable {
    /// What a listener offers.
    package struct Settings: Sendable, Equatable {
        /// `sasl.enabled.mechanisms`, those that are served, in their order.
        package var mechanisms: [SaslMechanism]
        /// `connections.max.reauth.ms` in milliseconds, where it is set; by mechanism.
        package var sessionLifetimes: [SaslMechanism: Int64]

        package init(mechanisms: [SaslMechanism], sessionLifetimes: [SaslMechanism: Int64] = [:]) {
            self.mechanisms = mechanisms
            self.sessionLifetimes = sessionLifetimes
        }
    }

    /// The present, by both clocks, in milliseconds: expiries of tokens are dates, sessions have a length.
    package struct Time: Sendable, Equatable {
        /// Since the epoch.
        package var wall: Int64
        /// Never goes back.
        package var monotonic: Int64

        package init(wall: Int64, monotonic: Int64) {
            self.wall = wall
            self.monotonic = monotonic
        }
    }

    /// Who a connection belongs to.
    package struct Login: Sendable, Equatable {
        package var user: String
        package var mechanism: SaslMechanism
        /// By a delegation token, with which no further tokens can be had.
        package var isByToken: Bool
        /// When the session ends, by the monotonic clock; `nil`: never.
        package var endsAt: Int64?
    }

    /// The kinds of requests that matter here.
    package enum Request: Sendable, Hashable, CaseIterable {
        case apiVersions
        case saslHandshake
        case saslAuthenticate
        case other
    }

    private struct Exchange: Sendable {
        enum Step: Sendable {
            case plain
            case scram(ScramServer)
            case bearer
            /// The client was told; it has to acknowledge.
            case bearerRefused(SaslRefusal)
            /// Re-authentication by another mechanism: its first token is refused.
            case otherMechanism(SaslRefusal)
        }

        var mechanism: SaslMechanism
        /// Tokens come as frames of their own, without a header: after SaslHandshake version 0.
        var hasBareTokens: Bool
        var step: Step
        /// Who must remain; `nil` the first time.
        var previous: Login?
    }

    private enum State: Sendable {
        case handshakeExpected(hasAskedVersions: Bool)
        case exchanging(Exchange)
        /// A user is looked up, or a secret verified.
        case verifying(Exchange, asserted: String?)
        case authenticated(Login, reauthenticatedAt: Int64?)
        case failed
    }

    /// A connection re-authenticates at most once in a second, as in Kafka; in milliseconds.
    package static let reauthenticationIntervalMin: Int64 = 1000

    private let settings: Settings
    private let makeNonce: @Sendable () -> [UInt8]
    private var state = State.handshakeExpected(hasAskedVersions: false)

    /// - Parameter makeNonce: makes random printable characters; see `ScramServer.nonce(of:)`.
    package init(_ settings: Settings, makeNonce: @escaping @Sendable () -> [UInt8]) {
        self.settings = settings
        self.makeNonce = makeNonce
    }

    /// Who the connection belongs to now; also while it re-authenticates.
    package var login: Login? {
        switch self.state {
        case .authenticated(let login, _): login
        case .exchanging(let exchange), .verifying(let exchange, _): exchange.previous
        case .handshakeExpected, .failed: nil
        }
    }

    /// Whether the next frame is a token without a header.
    package var expectsBareToken: Bool {
        if case .exchanging(let exchange) = self.state { return exchange.hasBareTokens }
        return false
    }

    // MARK: Requests

    package enum Admission: Sendable, Equatable {
        case carryOut
        /// Answer the request with ILLEGAL_SASL_STATE and close the connection.
        case refuse(reason: String)
        case close(reason: String)
    }

    /// A request has arrived; only its header has been read.
    package mutating func requestArrived(_ request: Request, now: Time) -> Admission {
        switch self.state {
        case .handshakeExpected(let hasAskedVersions):
            switch request {
            case .apiVersions where !hasAskedVersions:
                self.state = .handshakeExpected(hasAskedVersions: true)
                return .carryOut
            case .saslHandshake: return .carryOut
            case .apiVersions, .saslAuthenticate, .other:
                self.state = .failed
                return .close(reason: "a request came before the SASL handshake")
            }
        case .exchanging(let exchange):
            if request == .saslAuthenticate, !exchange.hasBareTokens { return .carryOut }
            self.state = .failed
            return .refuse(reason: "a request came in the middle of a SASL exchange")
        case .verifying:
            self.state = .failed
            return .close(reason: "a request came while a SASL token was verified")
        case .authenticated(let login, _):
            if request != .saslHandshake, let endsAt = login.endsAt, now.monotonic >= endsAt {
                self.state = .failed
                return .close(reason: "the session is over and the client did not authenticate again")
            }
            return .carryOut
        case .failed: return .close(reason: "the authentication has failed")
        }
    }

    package enum HandshakeAction: Sendable, Equatable {
        /// The exchange begins.
        case accept
        /// Answer with UNSUPPORTED_SASL_MECHANISM and close the connection.
        case unsupportedMechanism
        /// Answer with ILLEGAL_SASL_STATE; the connection stays as it was.
        case illegalState
    }

    /// SaslHandshake, of a request that was admitted.
    ///
    /// - Parameter hasBareTokens: version 0.
    package mutating func handshakeRequested(
        _ mechanism: String,
        hasBareTokens: Bool,
        now: Time
    ) -> HandshakeAction {
        let previous: Login?
        switch self.state {
        case .handshakeExpected: previous = nil
        case .authenticated(let login, let reauthenticatedAt):
            if let reauthenticatedAt, now.monotonic - reauthenticatedAt < Self.reauthenticationIntervalMin {
                return .illegalState
            }
            self.state = .authenticated(login, reauthenticatedAt: now.monotonic)
            previous = login
        case .exchanging, .verifying, .failed: return .illegalState
        }
        guard let chosen = SaslMechanism(rawValue: mechanism), self.settings.mechanisms.contains(chosen) else {
            self.state = .failed
            return .unsupportedMechanism
        }
        self.state = .exchanging(
            Exchange(
                mechanism: chosen,
                hasBareTokens: hasBareTokens,
                step: self.firstStep(chosen, previous),
                previous: previous
            )
        )
        return .accept
    }

    private func firstStep(_ mechanism: SaslMechanism, _ previous: Login?) -> Exchange.Step {
        if let previous, previous.mechanism != mechanism {
            let message =
                "SASL mechanism '\(mechanism.rawValue)' requested by client is not supported for re-authentication of "
                + "mechanism '\(previous.mechanism.rawValue)'"
            return .otherMechanism(SaslRefusal(clientMessage: message, reason: message, user: previous.user))
        }
        switch mechanism {
        case .plain: return .plain
        case .oauthBearer: return .bearer
        case .scramSHA256, .scramSHA512:
            return .scram(ScramServer(hash: mechanism.scramHash ?? .sha256, nonce: self.makeNonce()))
        }
    }

    // MARK: Tokens

    package enum Action: Sendable, Equatable {
        /// Report with `credentialFound`.
        case lookUp(user: String, ScramHash, isToken: Bool)
        /// Off the event loop; report with `passwordVerified`.
        case verifyPassword(user: String, [UInt8])
        /// Report with `bearerVerified`.
        case verifyBearer(token: String)
        /// Answer with these bytes; another token follows.
        case challenge([UInt8])
        /// Answer with these bytes. The connection is the user's from the next request on.
        case authenticated(Login, answer: [UInt8], lifetime: Int64)
        /// Answer with SASL_AUTHENTICATION_FAILED after `connection.failed.authentication.delay.ms`; then close.
        case refuse(SaslRefusal)
        /// Answer with ILLEGAL_SASL_STATE; the connection stays as it was.
        case illegalState
    }

    /// A token has arrived, in a SaslAuthenticate that was admitted or as a frame of its own.
    package mutating func tokenReceived(_ token: [UInt8], now: Time) -> Action {
        guard case .exchanging(var exchange) = self.state else { return .illegalState }
        switch exchange.step {
        case .plain:
            do throws(SaslRefusal) {
                let message = try PlainMessage(token)
                self.state = .verifying(exchange, asserted: message.user)
                return .verifyPassword(user: message.user, message.password)
            } catch {
                return self.refuse(error)
            }
        case .scram(var server) where server.expectsFinal:
            switch server.finalReceived(token) {
            case .refuse(let refusal): return self.refuse(refusal)
            case .succeed(let message, let account):
                return self.succeed(exchange, account, answer: message, now: now)
            }
        case .scram(var server):
            switch server.firstReceived(token) {
            case .refuse(let refusal): return self.refuse(refusal)
            case .lookUp(let user, let isToken):
                exchange.step = .scram(server)
                self.state = .verifying(exchange, asserted: user)
                return .lookUp(user: user, server.hash, isToken: isToken)
            }
        case .bearer:
            guard let message = BearerMessage(token) else {
                return self.refuse(.malformed(.oauthBearer, "the first message of an OAUTHBEARER client is malformed"))
            }
            let asserted = message.authorizationID.isEmpty ? nil : message.authorizationID
            self.state = .verifying(exchange, asserted: asserted)
            return .verifyBearer(token: message.token)
        case .bearerRefused(let refusal), .otherMechanism(let refusal):
            return self.refuse(refusal)
        }
    }

    /// What `lookUp` asked for.
    package mutating func credentialFound(_ lookup: ScramServer.Lookup) -> Action {
        guard case .verifying(var exchange, _) = self.state, case .scram(var server) = exchange.step else {
            return self.lateReport()
        }
        let message = server.credentialFound(lookup)
        exchange.step = .scram(server)
        self.state = .exchanging(exchange)
        return .challenge(message)
    }

    /// What `verifyPassword` asked for.
    package mutating func passwordVerified(_ isRight: Bool, now: Time) -> Action {
        guard case .verifying(let exchange, let user?) = self.state, case .plain = exchange.step else {
            return self.lateReport()
        }
        guard isRight else { return self.refuse(PlainMessage.wrong(user: user)) }
        return self.succeed(exchange, ScramServer.Account(user: user), answer: [], now: now)
    }

    /// What `verifyBearer` asked for.
    package mutating func bearerVerified(_ result: Result<VerifiedBearer, BearerRefusal>, now: Time) -> Action {
        guard case .verifying(var exchange, let asserted) = self.state, case .bearer = exchange.step else {
            return self.lateReport()
        }
        switch result {
        case .failure(let refusal):
            // RFC 7628 §3.2.3: the client is told in a challenge, acknowledges it and is refused then.
            let status = #"{"status":"invalid_token"}"#
            exchange.step = .bearerRefused(
                SaslRefusal(clientMessage: status, reason: refusal.reason, user: asserted)
            )
            self.state = .exchanging(exchange)
            return .challenge(Array(status.utf8))
        case .success(let bearer):
            if let asserted, asserted != bearer.user {
                return self.refuse(
                    SaslRefusal(
                        clientMessage:
                            "Authentication failed: Client requested an authorization id (\(asserted)) that is "
                            + "different from the token's principal name (\(bearer.user))",
                        reason: "the client wants to act as \(asserted)",
                        user: bearer.user
                    )
                )
            }
            let account = ScramServer.Account(user: bearer.user, expiresAt: bearer.expiresAt)
            return self.succeed(exchange, account, answer: [], now: now)
        }
    }

    /// The connection ends: nothing is admitted any more.
    package mutating func closed() { self.state = .failed }

    private mutating func succeed(
        _ exchange: Exchange,
        _ account: ScramServer.Account,
        answer: [UInt8],
        now: Time
    ) -> Action {
        if let previous = exchange.previous, previous.user != account.user {
            let message =
                "Cannot change principals during re-authentication from User.\(previous.user): User.\(account.user)"
            return self.refuse(SaslRefusal(clientMessage: message, reason: message, user: account.user))
        }
        let lifetimes = [
            account.expiresAt.map { max(0, $0 - now.wall) }, self.settings.sessionLifetimes[exchange.mechanism],
        ]
        let lifetime = lifetimes.compactMap { $0 }.min()
        let login = Login(
            user: account.user,
            mechanism: exchange.mechanism,
            isByToken: account.isToken,
            endsAt: lifetime.map { now.monotonic + min($0, Int64.max / 2) }
        )
        self.state = .authenticated(login, reauthenticatedAt: exchange.previous == nil ? nil : now.monotonic)
        return .authenticated(login, answer: answer, lifetime: lifetime ?? 0)
    }

    private mutating func refuse(_ refusal: SaslRefusal) -> Action {
        self.state = .failed
        return .refuse(refusal)
    }

    /// The connection failed while a secret was verified; anything else is our bug.
    private func lateReport() -> Action {
        guard case .failed = self.state else { preconditionFailure("a report that nobody asked for") }
        return .illegalState
    }
}
