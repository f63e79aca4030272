internal import AccessControl
internal import Authentication
internal import Broker
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Serving

// Delegation tokens (KIP-48). A client that is authenticated, and not by a token itself, makes tokens for itself; its
// owner and the renewers that it names renew them and let them expire.

extension Session {
    /// Whether the client may ask for tokens at all.
    var mayUseDelegationTokens: Bool {
        guard let login = self.login else { return self.tls != nil && self.principal != .anonymous }
        return !login.isByToken
    }
}

extension ErrorCode {
    init(_ error: DelegationTokenError) {
        self =
            switch error {
            case .disabled: .delegationTokenAuthDisabled
            case .requestNotAllowed: .delegationTokenRequestNotAllowed
            case .notFound: .delegationTokenNotFound
            case .expired: .delegationTokenExpired
            case .ownerMismatch: .delegationTokenOwnerMismatch
            case .invalidPrincipalType: .invalidPrincipalType
            case .authorizationFailed: .delegationTokenAuthorizationFailed
            case .tooMany: .policyViolation
            case .unavailable: .coordinatorNotAvailable
            }
    }
}

/// CreateDelegationToken (key 38), versions 1–3; for another owner from version 3 (KIP-373).
enum CreateDelegationTokenAPI: KafkaAPI {
    typealias Request = CreateDelegationTokenRequest
    typealias Response = CreateDelegationTokenResponse

    /// Of one token; each is kept with it.
    private static let renewersMax = 100

    static func start(_ request: CreateDelegationTokenRequest, _ call: Call<CreateDelegationTokenResponse>) {
        let requester = call.session.principal
        let owner = Self.owner(of: request, requester)
        guard call.session.mayUseDelegationTokens else {
            call.answer(Self.failure(.requestNotAllowed, owner, requester))
            return
        }
        // Without an authorizer nobody may act for another, who would be anybody.
        guard owner == requester || call.broker.authorizer.isEnabled else {
            call.answer(Self.failure(.authorizationFailed, owner, requester))
            return
        }
        guard request.renewers.count <= Self.renewersMax else {
            call.answer(Self.failure(.tooMany, owner, requester))
            return
        }
        let renewers = request.renewers.map { Principal(type: $0.principalType, name: $0.principalName) }
        let lifetime = request.maxLifetimeMs
        let service = call.broker.authentication
        call.answer {
            do throws(DelegationTokenError) {
                let (token, hmac) = try await service.createToken(
                    owner: owner,
                    requester: requester,
                    renewers: renewers,
                    lifetime: lifetime
                )
                var response = Self.response(.none, owner, requester)
                response.issueTimestampMs = token.issuedAt
                response.expiryTimestampMs = token.expiresAt
                response.maxTimestampMs = token.endsAt
                response.tokenID = token.id
                response.hmac = ByteBuffer(bytes: hmac)
                return response
            } catch {
                return Self.failure(error, owner, requester)
            }
        }
    }

    static func owner(of request: CreateDelegationTokenRequest, _ requester: Principal) -> Principal {
        guard let name = request.ownerPrincipalName, !name.isEmpty else { return requester }
        return Principal(type: request.ownerPrincipalType ?? "User", name: name)
    }

    static func failure(
        _ error: DelegationTokenError,
        _ owner: Principal,
        _ requester: Principal
    ) -> CreateDelegationTokenResponse {
        Self.response(ErrorCode(error), owner, requester)
    }

    private static func response(
        _ error: ErrorCode,
        _ owner: Principal,
        _ requester: Principal
    ) -> CreateDelegationTokenResponse {
        CreateDelegationTokenResponse(
            errorCode: error,
            principalType: owner.type,
            principalName: owner.name,
            tokenRequesterPrincipalType: requester.type,
            tokenRequesterPrincipalName: requester.name,
            issueTimestampMs: -1,
            expiryTimestampMs: -1,
            maxTimestampMs: -1,
            tokenID: "",
            hmac: ByteBuffer()
        )
    }

    static func errorResponse(
        to request: CreateDelegationTokenRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> CreateDelegationTokenResponse? {
        let owner = Self.owner(of: request, .anonymous)
        return Self.response(error, owner, owner)
    }
}

/// RenewDelegationToken (key 39), versions 1–2.
enum RenewDelegationTokenAPI: KafkaAPI {
    typealias Request = RenewDelegationTokenRequest
    typealias Response = RenewDelegationTokenResponse

    static func start(_ request: RenewDelegationTokenRequest, _ call: Call<RenewDelegationTokenResponse>) {
        guard call.session.mayUseDelegationTokens else {
            call.answer(.init(errorCode: .delegationTokenRequestNotAllowed, expiryTimestampMs: -1))
            return
        }
        let hmac = Array(request.hmac.readableBytesView)
        let (service, principal, period) = (call.broker.authentication, call.session.principal, request.renewPeriodMs)
        call.answer {
            do throws(DelegationTokenError) {
                let expiry = try await service.renewToken(hmac: hmac, by: principal, period: period)
                return .init(errorCode: .none, expiryTimestampMs: expiry)
            } catch {
                return .init(errorCode: ErrorCode(error), expiryTimestampMs: -1)
            }
        }
    }

    static func errorResponse(
        to request: RenewDelegationTokenRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> RenewDelegationTokenResponse? {
        .init(errorCode: error, expiryTimestampMs: -1)
    }
}

/// ExpireDelegationToken (key 40), versions 1–2: a negative period removes the token.
enum ExpireDelegationTokenAPI: KafkaAPI {
    typealias Request = ExpireDelegationTokenRequest
    typealias Response = ExpireDelegationTokenResponse

    static func start(_ request: ExpireDelegationTokenRequest, _ call: Call<ExpireDelegationTokenResponse>) {
        guard call.session.mayUseDelegationTokens else {
            call.answer(.init(errorCode: .delegationTokenRequestNotAllowed, expiryTimestampMs: -1))
            return
        }
        let hmac = Array(request.hmac.readableBytesView)
        let (service, principal) = (call.broker.authentication, call.session.principal)
        let period = request.expiryTimePeriodMs
        call.answer {
            do throws(DelegationTokenError) {
                let expiry = try await service.expireToken(hmac: hmac, by: principal, period: period)
                return .init(errorCode: .none, expiryTimestampMs: expiry)
            } catch {
                return .init(errorCode: ErrorCode(error), expiryTimestampMs: -1)
            }
        }
    }

    static func errorResponse(
        to request: ExpireDelegationTokenRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> ExpireDelegationTokenResponse? {
        .init(errorCode: error, expiryTimestampMs: -1)
    }
}

/// DescribeDelegationToken (key 41), versions 1–3: the tokens that the client owns, may renew or has the right to see,
/// of the owners and renewers that it names. `nil` names all, an empty list nobody.
enum DescribeDelegationTokenAPI: KafkaAPI {
    typealias Request = DescribeDelegationTokenRequest
    typealias Response = DescribeDelegationTokenResponse

    static func start(_ request: DescribeDelegationTokenRequest, _ call: Call<DescribeDelegationTokenResponse>) {
        guard call.session.mayUseDelegationTokens else {
            call.answer(.init(errorCode: .delegationTokenRequestNotAllowed, tokens: []))
            return
        }
        let settings = call.broker.authentication.tokenSettings
        guard settings.secret != nil else {
            call.answer(.init(errorCode: .delegationTokenAuthDisabled, tokens: []))
            return
        }
        let owners = request.owners.map { Set($0.map { Principal(type: $0.principalType, name: $0.principalName) }) }
        let tokens = call.broker.authentication.tokens.filter { token in
            (owners?.contains(where: token.mayBeRenewed) ?? true) && Self.mayDescribe(token, call)
        }
        call.answer(.init(errorCode: .none, tokens: tokens.map { Self.describe($0, settings) }))
    }

    private static func mayDescribe(
        _ token: DelegationToken,
        _ call: Call<DescribeDelegationTokenResponse>
    ) -> Bool {
        if token.mayBeRenewed(by: call.session.principal) { return true }
        // The answer has what a bearer needs: without an authorizer it is the owner's alone.
        guard call.broker.authorizer.isEnabled else { return false }
        let rights = call.info.rights
        return rights.allows(.describe, on: .delegationToken, token.id)
            || rights.allows(.describeTokens, on: .user, "\(token.owner)")
    }

    private static func describe(
        _ token: DelegationToken,
        _ settings: DelegationTokenSettings
    ) -> DescribeDelegationTokenResponse.Token {
        .init(
            principalType: token.owner.type,
            principalName: token.owner.name,
            tokenRequesterPrincipalType: token.requester.type,
            tokenRequesterPrincipalName: token.requester.name,
            issueTimestamp: token.issuedAt,
            expiryTimestamp: token.expiresAt,
            maxTimestamp: token.endsAt,
            tokenID: token.id,
            hmac: ByteBuffer(bytes: settings.hmac(of: token.id) ?? []),
            renewers: token.renewers.map { .init(principalType: $0.type, principalName: $0.name) }
        )
    }

    static func errorResponse(
        to request: DescribeDelegationTokenRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeDelegationTokenResponse? {
        .init(errorCode: error, tokens: [])
    }
}
