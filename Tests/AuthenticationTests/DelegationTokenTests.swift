import Model
import Testing

@testable import Authentication

@Suite struct DelegationTokenTests {
    private let settings = DelegationTokenSettings(
        secret: Array("key".utf8),
        lifetimeMax: 7000,
        expiryTime: 1000
    )
    private let owner = Principal(name: "owner")
    private let renewer = Principal(name: "renewer")
    private let other = Principal(name: "other")

    private func make(lifetime: Int64 = -1) throws -> DelegationToken {
        try self.settings.makeToken(
            id: "id",
            owner: self.owner,
            requester: self.other,
            renewers: [self.renewer],
            lifetime: lifetime,
            salt: [1],
            now: 100
        ).token
    }

    @Test func `a token expires and ends as the settings say`() throws {
        let token = try self.make()
        #expect(token.expiresAt == 1100 && token.endsAt == 7100)
        let short = try self.make(lifetime: 500)
        #expect(short.expiresAt == 600 && short.endsAt == 600)
        #expect(try self.make(lifetime: .max).endsAt == 7100)
        #expect(!token.hasExpired(at: 1100) && token.hasExpired(at: 1101))
    }

    @Test func `the HMAC is the password of both SCRAM mechanisms`() throws {
        let (token, hmac) = try self.settings.makeToken(
            id: "id",
            owner: self.owner,
            requester: self.owner,
            renewers: [],
            lifetime: 0,
            salt: [1],
            now: 0
        )
        #expect(hmac == self.settings.hmac(of: "id") && hmac.count == 64)
        for hash in ScramHash.allCases {
            let isOf = token.credentials[hash]?.isOf(DelegationTokenSettings.password(of: hmac), hash: hash)
            #expect(isOf == true)
        }
    }

    @Test func `the owner and renewers renew until the end`() throws {
        var token = try self.make()
        #expect(try self.settings.renewed(token, by: self.owner, period: 0, now: 600).expiresAt == 1600)
        #expect(try self.settings.renewed(token, by: self.renewer, period: 10, now: 600).expiresAt == 610)
        #expect(try self.settings.renewed(token, by: self.renewer, period: .max, now: 600).expiresAt == 1600)
        token.expiresAt = 7000
        #expect(try self.settings.renewed(token, by: self.owner, period: 0, now: 6500).expiresAt == 7100)
        #expect(throws: DelegationTokenError.expired) {
            try self.settings.renewed(token, by: self.owner, period: 0, now: 7001)
        }
        #expect(throws: DelegationTokenError.ownerMismatch) {
            try self.settings.renewed(token, by: self.other, period: 0, now: 600)
        }
    }

    @Test func `the owner and renewers let it expire sooner or at once`() throws {
        let token = try self.make()
        #expect(try self.settings.expired(token, by: self.owner, period: -1, now: 9000) == nil)
        #expect(try self.settings.expired(token, by: self.renewer, period: 0, now: 200)?.expiresAt == 200)
        #expect(try self.settings.expired(token, by: self.owner, period: .max, now: 200)?.expiresAt == 7100)
        #expect(throws: DelegationTokenError.expired) {
            try self.settings.expired(token, by: self.owner, period: 0, now: 1101)
        }
        #expect(throws: DelegationTokenError.ownerMismatch) {
            try self.settings.expired(token, by: self.other, period: -1, now: 200)
        }
    }

    @Test func `without a secret key there are no tokens, and renewers are users`() {
        let disabled = DelegationTokenSettings(secret: nil, lifetimeMax: 1, expiryTime: 1)
        func make(_ settings: DelegationTokenSettings, _ renewers: [Principal]) throws {
            _ = try settings.makeToken(
                id: "id",
                owner: self.owner,
                requester: self.owner,
                renewers: renewers,
                lifetime: 0,
                salt: [1],
                now: 0
            )
        }
        #expect(throws: DelegationTokenError.disabled) { try make(disabled, []) }
        #expect(throws: DelegationTokenError.invalidPrincipalType) {
            try make(self.settings, [Principal(type: "Group", name: "g")])
        }
    }

    @Test func `another secret key has another fingerprint`() {
        let other = DelegationTokenSettings(secret: Array("kez".utf8), lifetimeMax: 1, expiryTime: 1)
        #expect(other.keyFingerprint != self.settings.keyFingerprint)
        #expect(other.keyFingerprint?.count == 8)
    }
}
