import Authentication
import Model
import TestSupport
import Testing
import Text

@testable import Metadata

@Suite struct CredentialCodecTests {
    private static let credential = ScramCredential(
        salt: [1, 2, 3],
        storedKey: [UInt8](repeating: 0xAA, count: 32),
        serverKey: [UInt8](repeating: 0xBB, count: 32),
        iterations: 4096
    )
    private static let longCredential = ScramCredential(
        salt: [9],
        storedKey: [UInt8](repeating: 0xCC, count: 64),
        serverKey: [UInt8](repeating: 0xDD, count: 64),
        iterations: 16384
    )
    private var user: StoredUser {
        StoredUser(credentials: [.sha256: Self.credential, .sha512: Self.longCredential])
    }
    private var token: DelegationToken {
        DelegationToken(
            id: "t-1",
            owner: Principal(name: "alice"),
            requester: Principal(name: "söder"),
            renewers: [Principal(name: "bob"), Principal(type: "Group", name: "x")],
            issuedAt: 1000,
            expiresAt: 2000,
            endsAt: .max,
            credentials: [.sha256: Self.credential],
            keyFingerprint: [1, 2, 3, 4, 5, 6, 7, 8]
        )
    }

    @Test func `a user comes back as stored`() throws {
        #expect(try StoredUser(decoding: self.user.encoded()) == self.user)
        #expect(try StoredUser(decoding: StoredUser().encoded()).isEmpty)
    }

    @Test func `a token comes back as stored`() throws {
        #expect(try DelegationToken(decoding: self.token.encoded(), id: "t-1") == self.token)
    }

    @Test func `the bytes of a user are those of the released format`() {
        let aa = String(repeating: "aa", count: 32)
        let bb = String(repeating: "bb", count: 32)
        let user = StoredUser(credentials: [.sha256: Self.credential])
        #expect(Hex.text(user.encoded()) == "0101" + "48" + "8020" + "03010203" + "20\(aa)" + "20\(bb)")
    }

    @Test func `the bytes of a token are those of the released format`() {
        var token = self.token
        token.credentials = [:]
        token.renewers = [Principal(name: "b")]
        token.requester = Principal(name: "r")
        token.endsAt = 3000
        let expected =
            "01" + "010b" + "0455736572" + "05616c696365" + "0207" + "0455736572" + "0172" + "0308" + "01"
            + "0455736572" + "0162" + "0406" + "d00f" + "a01f" + "f02e" + "0708" + "0102030405060708"
        #expect(Hex.text(token.encoded()) == expected)
    }

    @Test func `fields of newer software are written back with a user`() throws {
        var writer = FieldWriter()
        writer.raw(self.user.encoded())
        writer.field(99) { $0.text("of the future") }
        #expect(try StoredUser(decoding: writer.bytes).encoded() == writer.bytes)
    }

    @Test func `a newer format is refused as such`() {
        for bytes in [[UInt8(2)], [0]] {
            #expect(throws: MetadataError.self) { try StoredUser(decoding: bytes) }
            #expect(throws: MetadataError.self) { try DelegationToken(decoding: bytes, id: "x") }
        }
    }

    @Test func `truncated and damaged values are refused, never trapped`() {
        let values = [self.user.encoded(), self.token.encoded()]
        var random = SeededGenerator(seed: 7)
        for bytes in values {
            for position in bytes.indices {
                let cut = Array(bytes[..<position])
                _ = try? StoredUser(decoding: cut)
                #expect(throws: MetadataError.self) { try DelegationToken(decoding: cut, id: "x") }
                var damaged = bytes
                damaged[position] ^= UInt8.random(in: 1...255, using: &random)
                _ = try? StoredUser(decoding: damaged)
                _ = try? DelegationToken(decoding: damaged, id: "x")
            }
        }
    }

    @Test func `keys are told apart`() {
        for key in [CredentialKey.user("alice"), .user("a/b"), .user("token/x"), .token(id: "1"), .user("")] {
            #expect(CredentialKey(key.key) == key)
            #expect(key.key.hasPrefix(CredentialKey.all))
        }
        #expect(CredentialKey(MetadataKey("kv/credentials/other/x")) == nil)
        #expect(CredentialKey(MetadataKey("kv/brokers/1")) == nil)
    }
}
