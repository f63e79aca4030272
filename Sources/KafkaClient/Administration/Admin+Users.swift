package import Authentication
internal import KafkaProtocol
internal import NIOCore

/// A user who authenticates with a password, as an administrator sees it.
package struct UserDescription: Sendable, Equatable {
    package var name: String
    /// Iterations by mechanism.
    package var mechanisms: [(mechanism: SaslMechanism, iterations: Int32)]

    package static func == (left: UserDescription, right: UserDescription) -> Bool {
        left.name == right.name && left.mechanisms.map(\.mechanism) == right.mechanisms.map(\.mechanism)
            && left.mechanisms.map(\.iterations) == right.mechanisms.map(\.iterations)
    }
}

/// A delegation token, as its owner sees it.
package struct TokenDescription: Sendable, Equatable {
    package var id: String
    /// In base64: the password of its bearer.
    package var hmac: String
    /// As `User:alice`.
    package var owner: String
    package var requester: String
    package var renewers: [String]
    /// Milliseconds since the epoch.
    package var issuedAt: Int64
    package var expiresAt: Int64
    package var endsAt: Int64
}

extension Admin {
    // MARK: - Users

    /// All users who authenticate with a password, by name.
    package func listUsers() async throws -> [UserDescription] {
        let response = try await self.retryingUnless([]) {
            try await self.cluster.controllerConnection().send(DescribeUserScramCredentialsRequest(users: nil))
        }
        guard response.errorCode == .none else {
            throw ClientError.server(response.errorCode, "users", message: response.errorMessage)
        }
        return response.results.filter { $0.errorCode == .none }.map { result in
            UserDescription(
                name: result.user,
                mechanisms: result.credentialInfos.compactMap { info in
                    UInt8(exactly: info.mechanism).flatMap(ScramHash.init(rawValue:)).map {
                        ($0.mechanism, info.iterations)
                    }
                }
            )
        }
        .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Sets a user's password for one mechanism; makes the user if there is none. The password itself is not sent.
    ///
    /// - Parameter iterations: 4096 to 16384.
    package func setPassword(
        of user: String,
        _ password: String,
        hash: ScramHash,
        iterations: Int = ScramHash.iterations.lowerBound
    ) async throws {
        let salt = CredentialBytes.randomBytes(ScramCredential.saltBytes)
        let salted = hash.saltedPassword(Array(password.utf8), salt: salt, iterations: iterations)
        var request = AlterUserScramCredentialsRequest(deletions: [], upsertions: [])
        request.upsertions.append(
            .init(
                name: user,
                mechanism: Int8(hash.rawValue),
                iterations: Int32(clamping: iterations),
                salt: ByteBuffer(bytes: salt),
                saltedPassword: ByteBuffer(bytes: salted)
            )
        )
        try await self.alter(request, user)
    }

    /// Removes a user's password for one mechanism.
    ///
    /// - Throws: `ClientError` with `.server(.resourceNotFound)` when there is none.
    package func removePassword(of user: String, hash: ScramHash) async throws {
        let deletion = AlterUserScramCredentialsRequest.Deletion(name: user, mechanism: Int8(hash.rawValue))
        try await self.alter(AlterUserScramCredentialsRequest(deletions: [deletion], upsertions: []), user)
    }

    private func alter(_ request: AlterUserScramCredentialsRequest, _ user: String) async throws {
        try await self.retryingUnless([.resourceNotFound, .unacceptableCredential]) {
            let response = try await self.cluster.controllerConnection().send(request)
            guard let result = response.results.first else {
                throw ClientError(.malformedResponse, "the broker did not answer for user \(user)")
            }
            guard result.errorCode == .none else {
                throw ClientError.server(result.errorCode, "user \(user)", message: result.errorMessage)
            }
        }
    }

    // MARK: - Delegation tokens

    /// Makes a token of the user that the client is authenticated as.
    ///
    /// - Parameter lifetimeMilliseconds: `nil`: as long as the broker allows.
    package func createToken(renewers: [String], lifetimeMilliseconds: Int64?) async throws -> TokenDescription {
        // Not tried again: each answer that is lost would leave a token behind.
        let response = try await self.cluster.controllerConnection().send(
            CreateDelegationTokenRequest(
                renewers: renewers.map { .init(principalType: "User", principalName: $0) },
                maxLifetimeMs: lifetimeMilliseconds ?? -1
            )
        )
        guard response.errorCode == .none else { throw ClientError.server(response.errorCode, "delegation token") }
        let owner = "\(response.principalType):\(response.principalName)"
        return TokenDescription(
            id: response.tokenID,
            hmac: Self.base64(response.hmac),
            owner: owner,
            requester: owner,
            renewers: renewers.map { "User:" + $0 },
            issuedAt: response.issueTimestampMs,
            expiresAt: response.expiryTimestampMs,
            endsAt: response.maxTimestampMs
        )
    }

    /// - Returns: when the token expires now.
    package func renewToken(hmac: [UInt8], periodMilliseconds: Int64?) async throws -> Int64 {
        let response = try await self.cluster.controllerConnection().send(
            RenewDelegationTokenRequest(hmac: ByteBuffer(bytes: hmac), renewPeriodMs: periodMilliseconds ?? -1)
        )
        guard response.errorCode == .none else { throw ClientError.server(response.errorCode, "delegation token") }
        return response.expiryTimestampMs
    }

    /// - Parameter periodMilliseconds: `nil`: at once.
    /// - Returns: when the token expires now.
    package func expireToken(hmac: [UInt8], periodMilliseconds: Int64?) async throws -> Int64 {
        let response = try await self.cluster.controllerConnection().send(
            ExpireDelegationTokenRequest(hmac: ByteBuffer(bytes: hmac), expiryTimePeriodMs: periodMilliseconds ?? -1)
        )
        guard response.errorCode == .none else { throw ClientError.server(response.errorCode, "delegation token") }
        return response.expiryTimestampMs
    }

    /// The tokens that the client's user owns or may renew, the oldest first.
    package func listTokens() async throws -> [TokenDescription] {
        let response = try await self.retryingUnless([]) {
            try await self.cluster.controllerConnection().send(DescribeDelegationTokenRequest(owners: nil))
        }
        guard response.errorCode == .none else { throw ClientError.server(response.errorCode, "delegation tokens") }
        return response.tokens.map { token in
            TokenDescription(
                id: token.tokenID,
                hmac: Self.base64(token.hmac),
                owner: "\(token.principalType):\(token.principalName)",
                requester: "\(token.tokenRequesterPrincipalType):\(token.tokenRequesterPrincipalName)",
                renewers: token.renewers.map { "\($0.principalType):\($0.principalName)" },
                issuedAt: token.issueTimestamp,
                expiresAt: token.expiryTimestamp,
                endsAt: token.maxTimestamp
            )
        }
        .sorted { ($0.issuedAt, $0.id) < ($1.issuedAt, $1.id) }
    }

    private static func base64(_ bytes: ByteBuffer) -> String {
        String(decoding: DelegationTokenSettings.password(of: Array(bytes.readableBytesView)), as: UTF8.self)
    }
}
