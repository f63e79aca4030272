internal import Authentication
internal import Broker
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Serving

// What a SASL listener adds: which requests are admitted, the tokens, and whose the connection is afterwards. The
// machine decides; its requests are of the class `control`, so that none begins before a token is answered.

/// How a token came, and so how it is answered.
enum SaslReply: Sendable {
    case request(Call<SaslAuthenticateResponse>)
    /// A frame of its own, after SaslHandshake version 0.
    case bare(RequestTicket)
}

extension KafkaConnection {
    /// The client has connected: it has to authenticate in time.
    func startSaslDeadline(on eventLoop: any EventLoop) {
        guard let sasl, let reference else { return }
        sasl.timer = eventLoop.assumeIsolated().scheduleTask(in: KafkaSasl.deadline) {
            guard let connection = reference.value, sasl.machine.login == nil else { return }
            connection.close(.unauthenticated, because: "the client did not authenticate in time")
        }
    }

    /// Whether a request may be carried out now.
    ///
    /// - Returns: `false`: it was answered, or the connection was closed.
    func admit(_ api: ServedAPI, _ info: RequestInfo, _ body: inout ByteBuffer, _ ticket: RequestTicket) -> Bool {
        guard let sasl, let eventLoop = self.context?.eventLoop else { return true }
        let request: SaslMachine.Request =
            switch api.key {
            case .apiVersions: .apiVersions
            case .saslHandshake: .saslHandshake
            case .saslAuthenticate: .saslAuthenticate
            default: .other
            }
        switch sasl.machine.requestArrived(request, now: sasl.service.time) {
        case .carryOut: return true
        case .close(let reason):
            self.close(.unauthenticated, because: "\(api.key): \(reason)")
        case .refuse(let reason):
            self.services.log.warn(
                .unauthenticated,
                "\(api.key): \(reason)",
                client: info.session.remote.host,
                on: eventLoop
            )
            self.endAfterAnswers()
            let start = api.start
            do throws(WireError) {
                try start(&body, info, self, ticket, eventLoop, self.services, .illegalSASLState)
            } catch {
                self.close(.malformed, because: "malformed request: \(error)")
            }
            // The end comes behind the answer; it is looked for once what has arrived is taken.
            if let reference = self.reference { eventLoop.execute { reference.value?.advance() } }
        }
        return false
    }

    // MARK: The handshake

    func saslHandshake(_ mechanism: String, _ call: Call<SaslHandshakeResponse>) {
        guard let sasl else {
            call.answer(SaslHandshakeResponse(errorCode: .illegalSASLState, mechanisms: []))
            return
        }
        let names = sasl.settings.mechanismNames
        let action = sasl.machine.handshakeRequested(
            mechanism,
            hasBareTokens: call.version == 0,
            now: sasl.service.time
        )
        switch action {
        case .accept: call.answer(SaslHandshakeResponse(errorCode: .none, mechanisms: names))
        case .illegalState: call.answer(SaslHandshakeResponse(errorCode: .illegalSASLState, mechanisms: []))
        case .unsupportedMechanism:
            self.authenticationFailed(
                SaslRefusal(clientMessage: "", reason: "the mechanism \(mechanism.prefix(64)) is not enabled")
            ) { call.answer(SaslHandshakeResponse(errorCode: .unsupportedSASLMechanism, mechanisms: names)) }
        }
    }

    // MARK: Tokens

    /// A frame that is a token, without a header.
    func receiveBareToken(_ frame: ByteBuffer, _ ticket: RequestTicket) {
        self.receiveToken(Array(frame.readableBytesView), .bare(ticket))
    }

    func receiveToken(_ token: [UInt8], _ reply: SaslReply) {
        guard let sasl else { return self.answerIllegalState(reply) }
        self.carryOut(sasl.machine.tokenReceived(token, now: sasl.service.time), reply)
    }

    private func carryOut(_ action: SaslMachine.Action, _ reply: SaslReply) {
        guard let sasl, let eventLoop = self.context?.eventLoop, let reference = self.reference else { return }
        switch action {
        case .lookUp(let user, let hash, let isToken):
            let lookup = sasl.service.lookUp(user: user, hash, isToken: isToken, listener: sasl.listener)
            self.carryOut(sasl.machine.credentialFound(lookup), reply)
        case .verifyPassword(let user, let password):
            sasl.service.verifyPassword(of: user, password, listener: sasl.listener, on: eventLoop) { isRight in
                reference.value?.passwordVerified(isRight, reply)
            }
        case .verifyBearer(let token):
            guard let bearers = sasl.listener.bearers else {
                self.bearerVerified(.failure(BearerRefusal("tokens are not verified here")), reply)
                return
            }
            let now = sasl.service.time.wall
            eventLoop.makeFutureWithTask { await bearers.verify(token, now: now) }.whenSuccess { result in
                reference.value?.bearerVerified(result, reply)
            }
        case .challenge(let bytes):
            self.answer(reply, bytes, lifetime: 0)
        case .authenticated(let login, let bytes, let lifetime):
            self.authenticated(login)
            self.answer(reply, bytes, lifetime: lifetime)
        case .refuse(let refusal):
            self.authenticationFailed(refusal) { [weak self] in self?.answerFailure(reply, refusal) }
        case .illegalState: self.answerIllegalState(reply)
        }
    }

    private func passwordVerified(_ isRight: Bool?, _ reply: SaslReply) {
        guard let sasl, !self.core.isClosed else { return }
        guard let isRight else {
            // Without a verdict: the client takes it for a lost connection and tries again.
            self.close(.unauthenticated, because: "\(PasswordHasher.jobsMax) passwords wait to be verified")
            return
        }
        self.carryOut(sasl.machine.passwordVerified(isRight, now: sasl.service.time), reply)
    }

    private func bearerVerified(_ result: Result<VerifiedBearer, BearerRefusal>, _ reply: SaslReply) {
        guard let sasl, !self.core.isClosed else { return }
        self.carryOut(sasl.machine.bearerVerified(result, now: sasl.service.time), reply)
    }

    private func authenticated(_ login: SaslMachine.Login) {
        guard let sasl, let session else { return }
        sasl.timer?.cancel()
        sasl.timer = nil
        self.frames.frameBytesMax = self.frameBytesMax
        self.replaceSession(
            session.authenticated(
                as: sasl.listener.isBroker(login) ? .broker : Principal(name: login.user),
                by: Session.Login(mechanism: login.mechanism.rawValue, isByToken: login.isByToken)
            )
        )
        self.metrics.authentications.add()
    }

    // MARK: Answers

    private func answer(_ reply: SaslReply, _ bytes: [UInt8], lifetime: Int64) {
        switch reply {
        case .request(let call):
            call.answer(
                SaslAuthenticateResponse(
                    errorCode: .none,
                    authBytes: ByteBuffer(bytes: bytes),
                    sessionLifetimeMs: lifetime
                )
            )
        case .bare(let ticket):
            var frame = ByteBuffer()
            frame.writeInteger(Int32(bytes.count))
            frame.writeBytes(bytes)
            self.finish(ticket, with: [frame])
        }
    }

    private func answerFailure(_ reply: SaslReply, _ refusal: SaslRefusal) {
        switch reply {
        case .request(let call):
            call.answer(
                SaslAuthenticateResponse(
                    errorCode: .saslAuthenticationFailed,
                    errorMessage: refusal.clientMessage,
                    authBytes: ByteBuffer()
                )
            )
        case .bare(let ticket): self.answerNothing(ticket, to: nil)
        }
    }

    private func answerIllegalState(_ reply: SaslReply) {
        switch reply {
        case .request(let call):
            call.answer(
                SaslAuthenticateResponse(
                    errorCode: .illegalSASLState,
                    errorMessage: "SaslAuthenticate request received after successful authentication",
                    authBytes: ByteBuffer()
                )
            )
        case .bare: self.close(.unauthenticated, because: "a SASL token came where none is expected")
        }
    }

    private func audit(_ refusal: SaslRefusal) {
        let audit = self.services.broker.environment.audit
        guard audit.isEnabled else { return }
        audit.record(
            AuditEvent(
                .authentication,
                session: self.session,
                face: "kafka",
                operation: "SaslAuthenticate",
                resource: refusal.user.map { "USER:\($0)" } ?? "",
                outcome: .refused,
                reason: refusal.reason
            )
        )
    }

    /// The client is answered, and the connection closed, after `connection.failed.authentication.delay.ms`: guesses
    /// take time. Nothing else of the connection begins meanwhile.
    private func authenticationFailed(_ refusal: SaslRefusal, _ answer: @escaping () -> Void) {
        guard let sasl, let context, let reference else { return }
        self.metrics.authenticationsFailed.add()
        let user = refusal.user.map { " of \($0.debugDescription)" } ?? ""
        self.services.log.warn(
            .failedAuthentication,
            "authentication\(user) failed: \(refusal.reason)",
            client: self.session?.remote.host ?? "",
            on: context.eventLoop
        )
        self.audit(refusal)
        sasl.timer?.cancel()
        let delay = TimeAmount.milliseconds(sasl.settings.failureDelayMilliseconds)
        sasl.timer = context.eventLoop.assumeIsolated().scheduleTask(in: delay) {
            guard let connection = reference.value, !connection.core.isClosed else { return }
            connection.endAfterAnswers()
            answer()
        }
    }
}
