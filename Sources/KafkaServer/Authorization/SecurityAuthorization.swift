internal import AccessControl
internal import Authentication
internal import Broker
internal import KafkaProtocol
internal import Model
internal import Serving

// The APIs of who clients are: SASL, passwords, delegation tokens.

extension SaslHandshakeAPI {
    /// What a client says before it is known; the connection's `SaslMachine` decides.
    static func authorize(
        _ request: inout SaslHandshakeRequest,
        _ access: Access
    ) -> Authorization<SaslHandshakeResponse> { .granted }
}

extension SaslAuthenticateAPI {
    /// As `SaslHandshake`.
    static func authorize(
        _ request: inout SaslAuthenticateRequest,
        _ access: Access
    ) -> Authorization<SaslAuthenticateResponse> { .granted }
}

extension DescribeUserScramCredentialsAPI {
    static func authorize(
        _ request: inout DescribeUserScramCredentialsRequest,
        _ access: Access
    ) -> Authorization<DescribeUserScramCredentialsResponse> { access.requireOnCluster(.describe) }
}

extension AlterUserScramCredentialsAPI {
    static var isAdministrative: Bool { true }

    static func authorize(
        _ request: inout AlterUserScramCredentialsRequest,
        _ access: Access
    ) -> Authorization<AlterUserScramCredentialsResponse> { access.requireOnCluster(.alter) }

    static func acts(
        _ request: AlterUserScramCredentialsRequest,
        _ response: AlterUserScramCredentialsResponse
    ) -> [AuditedAct]? {
        response.results.map { AuditedAct("USER:\($0.user)", $0.errorCode, $0.errorMessage) }
    }
}

extension CreateDelegationTokenAPI {
    static var isAdministrative: Bool { true }

    /// Everybody may make tokens of their own; of another owner those who may create tokens of that user (KIP-373).
    static func authorize(
        _ request: inout CreateDelegationTokenRequest,
        _ access: Access
    ) -> Authorization<CreateDelegationTokenResponse> {
        let owner = Self.owner(of: request, access.session.principal)
        guard owner != access.session.principal, !access.allows(.createTokens, on: .user, "\(owner)") else {
            return .granted
        }
        return .answered(Self.failure(.authorizationFailed, owner, access.session.principal))
    }

    static func acts(
        _ request: CreateDelegationTokenRequest,
        _ response: CreateDelegationTokenResponse
    ) -> [AuditedAct]? {
        let owner = "\(response.principalType):\(response.principalName)"
        return [
            AuditedAct("DELEGATION_TOKEN:\(response.tokenID)", response.errorCode, "of \(owner): \(response.errorCode)")
        ]
    }
}

extension RenewDelegationTokenAPI {
    /// The token's owner and renewers may; the handler knows them.
    static func authorize(
        _ request: inout RenewDelegationTokenRequest,
        _ access: Access
    ) -> Authorization<RenewDelegationTokenResponse> { .granted }
}

extension ExpireDelegationTokenAPI {
    static var isAdministrative: Bool { true }

    /// As `RenewDelegationToken`.
    static func authorize(
        _ request: inout ExpireDelegationTokenRequest,
        _ access: Access
    ) -> Authorization<ExpireDelegationTokenResponse> { .granted }

    static func acts(
        _ request: ExpireDelegationTokenRequest,
        _ response: ExpireDelegationTokenResponse
    ) -> [AuditedAct]? {
        // The request has the token's HMAC, which is a secret.
        [AuditedAct("DELEGATION_TOKEN:", response.errorCode)]
    }
}

extension DescribeDelegationTokenAPI {
    /// Which tokens a client sees is decided for each of them.
    static func authorize(
        _ request: inout DescribeDelegationTokenRequest,
        _ access: Access
    ) -> Authorization<DescribeDelegationTokenResponse> { .granted }
}
