internal import Authentication
internal import KafkaProtocol
internal import NIOCore

// SASL of a connection: the handshake, then tokens, before any other request.

extension BrokerConnection {
    /// - Throws: `ClientError.unauthenticated` with the broker's words, and what `send` throws.
    func authenticate(_ login: ClientLogin) async throws {
        let handshake: SaslHandshakeResponse
        do {
            handshake = try await self.send(SaslHandshakeRequest(mechanism: login.mechanism.rawValue))
        } catch let error as ClientError where error.code == .unsupportedVersion {
            throw ClientError(.unauthenticated, "\(self.address) does not serve SASL")
        }
        switch handshake.errorCode {
        case .none: break
        case .unsupportedSASLMechanism:
            throw ClientError(
                .unauthenticated,
                "\(self.address) does not offer \(login.mechanism.rawValue); it offers "
                    + handshake.mechanisms.joined(separator: ", ")
            )
        case .illegalSASLState:
            throw ClientError(.unauthenticated, "the listener \(self.address) has no SASL: leave out --user")
        case let code: throw ClientError.server(code, "SASL handshake")
        }
        guard let hash = login.mechanism.scramHash else {
            _ = try await self.token(PlainClient.message(user: login.user, password: login.password))
            return
        }
        var client = ScramClient(
            hash: hash,
            user: login.user,
            password: login.password,
            nonce: ScramServer.nonce(of: CredentialBytes.randomBytes(18)),
            isToken: login.isToken
        )
        do {
            let first = try await self.token(client.firstMessage)
            let final = try await self.token(try client.serverFirstReceived(first))
            try client.serverFinalReceived(final)
        } catch let failure as ScramClient.Failure {
            throw ClientError(.unauthenticated, "\(self.address): \(failure)")
        }
    }

    private func token(_ bytes: [UInt8]) async throws -> [UInt8] {
        let response = try await self.send(SaslAuthenticateRequest(authBytes: ByteBuffer(bytes: bytes)))
        guard response.errorCode == .none else {
            throw ClientError(
                .unauthenticated,
                "\(self.address): \(response.errorMessage ?? response.errorCode.message) (\(response.errorCode.name))"
            )
        }
        return Array(response.authBytes.readableBytesView)
    }
}
