import Authentication
import BearerTokens
import Metadata
import Model
import NIOCore

extension FuzzTarget {
    static let authentication: [FuzzTarget] = [
        FuzzTarget(name: "sasl", seeds: Self.saslSeeds, read: Self.readSasl),
        FuzzTarget(name: "jaas", seeds: Self.jaasSeeds, read: Self.readJaas),
        FuzzTarget(name: "bearer-tokens", seeds: Self.bearerSeeds, read: Self.readBearer),
        FuzzTarget(name: "credentials", seeds: Self.credentialSeeds, read: Self.readCredential),
    ]

    // MARK: Tokens of clients

    private static func saslSeeds() -> [ByteBuffer] {
        [
            .choosing(0, ByteBuffer(string: "\0alice\0secret")),
            .choosing(1, ByteBuffer(string: "n,a=al=2Cice,n=al=2Cice,r=fyko+d2lbb,tokenauth=true")),
            .choosing(2, ByteBuffer(string: "c=biws,r=xnonce,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
            .choosing(3, ByteBuffer(string: "n,,\u{1}auth=Bearer aaa.bbb.ccc\u{1}traceId=1\u{1}\u{1}")),
            .choosing(4, ByteBuffer(string: "r=cdef,s=QSXCR+Q6sek8bf92,i=4096")),
        ]
    }

    /// The first byte chooses in which state the token comes.
    private static func readSasl(_ input: ByteBuffer) {
        guard let (choice, rest) = input.split() else { return }
        let token = rest.allBytes
        if choice % 5 == 4 {
            // As a client; few iterations, so that no input is slow.
            guard !String(decoding: token, as: UTF8.self).contains("i=") || token.count < 40 else { return }
            var client = ScramClient(hash: .sha256, user: "u", password: "p", nonce: Array("c".utf8))
            _ = try? client.serverFirstReceived(token)
            return
        }
        let mechanism: SaslMechanism = [.plain, .scramSHA256, .scramSHA512, .oauthBearer][choice % 5]
        let now = SaslMachine.Time(wall: 1, monotonic: 1)
        var machine = SaslMachine(.init(mechanisms: SaslMechanism.allCases)) { Array("nonce".utf8) }
        _ = machine.requestArrived(.saslHandshake, now: now)
        _ = machine.handshakeRequested(mechanism.rawValue, hasBareTokens: choice % 2 == 1, now: now)
        if mechanism == .scramSHA512 {
            // The token is the final message.
            _ = machine.tokenReceived(Array("n,,n=u,r=x".utf8), now: now)
            let credential = ScramCredential.decoy(for: "u", hash: .sha512, secret: [1])
            _ = machine.credentialFound(.init(credential: credential, account: .init(user: "u")))
        }
        let action = machine.tokenReceived(token, now: now)
        if case .authenticated = action { Self.require(false, "nobody knows this key") }
        if case .lookUp(let user, let hash, _) = action {
            Self.require(!user.isEmpty && !user.utf8.contains(0), "a user without a name")
            _ = machine.credentialFound(
                .init(credential: .decoy(for: user, hash: hash, secret: [1]), account: nil)
            )
        }
        let login = machine.login
        Self.require(login == nil, "authenticated without a proof")
    }

    private static func bearerSeeds() -> [ByteBuffer] {
        let modulus = String(repeating: "A", count: 340) + "AQ"
        let point = String(repeating: "B", count: 43)
        return [
            .choosing(0, ByteBuffer(string: "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJhIn0.c2ln")),
            .choosing(0, ByteBuffer(string: "eyJhbGciOiJub25lIn0.e30.AA")),
            .choosing(
                1,
                ByteBuffer(
                    string: #"{"sub":"alice","iss":"https://i","aud":["a","b"],"iat":1699999000,"nbf":1.5e9,"#
                        + #""exp":1700000600,"scope":["x","y"],"more":{"a":[1,null]}}"#
                )
            ),
            .choosing(
                2,
                ByteBuffer(
                    string: #"{"keys":[{"kty":"RSA","use":"sig","kid":"k","n":"\#(modulus)","e":"AQAB"},"#
                        + #"{"kty":"EC","crv":"P-256","x":"\#(point)","y":"\#(point)","alg":"ES256"},"#
                        + #"{"kty":"OKP","crv":"Ed25519","x":"\#(point)"},{"kty":"oct","k":"AAAA"},{"kty":"Future"}]}"#
                )
            ),
        ]
    }

    /// The first byte chooses: a whole token, the claims of one, a set of keys.
    private static func readBearer(_ input: ByteBuffer) {
        guard let (choice, rest) = input.split() else { return }
        let bytes = rest.allBytes
        switch choice % 3 {
        case 0:
            guard let header = try? TokenReading.header(of: bytes) else { return }
            Self.require((header.keyID ?? "").utf8.count <= 1000, "a name of a key without end")
        case 1:
            guard let claims = TokenReading.claims(of: bytes) else { return }
            var rules = BearerRules()
            rules.audiences = ["a"]
            let now: Int64 = 1_700_000_000_000
            guard let verified = try? rules.check(claims, now: now) else { return }
            Self.require(!verified.user.isEmpty, "a user without a name")
            Self.require(verified.expiresAt + rules.clockSkewSeconds * 1000 >= now, "an expired token")
        default:
            guard let count = try? TokenReading.usableKeys(of: bytes) else { return }
            Self.require(count <= bytes.count, "keys out of nothing")
        }
    }

    // MARK: Settings

    private static func jaasSeeds() -> [ByteBuffer] {
        [
            ByteBuffer(string: "\(JaasLine.plainModule) required user_alice=\"s\\\"e\\101\" user_bob='x'; // end"),
            ByteBuffer(string: "a.B optional /* c */ x=y z=\"1\"; c.D REQUISITE;"),
        ]
    }

    private static func readJaas(_ input: ByteBuffer) {
        guard let line = try? JaasLine(String(decoding: input.allBytes, as: UTF8.self)) else { return }
        Self.require(!line.entries.isEmpty, "a line without a module")
        _ = line.plainUsers
    }

    // MARK: What is stored

    private static func credentialSeeds() -> [ByteBuffer] {
        let credential = ScramCredential.decoy(for: "u", hash: .sha256, secret: [1])
        let user = StoredUser(credentials: [.sha256: credential])
        let token = DelegationToken(
            id: "t",
            owner: Principal(name: "a"),
            requester: Principal(name: "b"),
            renewers: [Principal(name: "c")],
            issuedAt: 1,
            expiresAt: 2,
            endsAt: 3,
            credentials: [.sha256: credential],
            keyFingerprint: [1, 2, 3]
        )
        return [
            .choosing(0, ByteBuffer(bytes: user.encoded())), .choosing(1, ByteBuffer(bytes: token.encoded())),
            .choosing(2, ByteBuffer(bytes: CredentialKey.user("alice").key.bytes)),
        ]
    }

    private static func readCredential(_ input: ByteBuffer) {
        guard let (choice, rest) = input.split() else { return }
        let bytes = rest.allBytes
        switch choice % 3 {
        case 0:
            guard let user = try? StoredUser(decoding: bytes) else { return }
            Self.require((try? StoredUser(decoding: user.encoded())) == user, "a user changes when written")
        case 1:
            guard let token = try? DelegationToken(decoding: bytes, id: "t") else { return }
            let again = try? DelegationToken(decoding: token.encoded(), id: "t")
            Self.require(again == token, "a token changes when written")
        default:
            guard let key = CredentialKey(MetadataKey(bytes: bytes)) else { return }
            Self.require(CredentialKey(key.key) == key, "a key of a credential is another's")
        }
    }
}
