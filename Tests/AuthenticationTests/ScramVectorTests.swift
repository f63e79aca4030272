import TestSupport
import Testing
import Text

@testable import Authentication

@Suite struct ScramVectorTests {
    /// One published exchange.
    struct Vector: Sendable, CustomTestStringConvertible {
        var source: String
        var hash: ScramHash
        var clientNonce: String
        var serverNonce: String
        var salt: String
        var proof: String
        var signature: String
        var testDescription: String { self.source }
    }

    /// User `user`, password `pencil`, 4096 iterations in all of them. RFC 5802's own is of SHA-1, which Kafka and
    /// this server do not have.
    static let vectors = [
        Vector(
            source: "RFC 7677",
            hash: .sha256,
            clientNonce: "rOprNGfwEbeRWgbNEkqO",
            serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
            proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            signature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        ),
        Vector(
            source: "SCRAM-SHA-512 draft",
            hash: .sha512,
            clientNonce: "rOprNGfwEbeRWgbNEkqO",
            serverNonce: "02431b08-2f89-4bad-a4e6-80c0564ec865",
            salt: "Yin2FuHTt/M0kJWb0t9OI32n2VmOGi3m+JfjOvuDF88=",
            proof: "Hc5yec3NmCD7t+kFRw4/3yD6/F3SQHc7AVYschRja+Bc3sbdjlA0eH1OjJc0DD4ghn1tnXN5/Wr6qm9xmaHt4A==",
            signature: "BQuhnKHqYDwQWS5jAw4sZed+C9KFUALsbrq81bB0mh+bcUUbbMPNNmBIupnS2AmyyDnG5CTBQtkjJ9kyY4kzmw=="
        ),
    ]

    @Test(arguments: Self.vectors) func `the server goes through a published exchange`(_ vector: Vector) throws {
        let salt = try #require(Base64.decode(Array(vector.salt.utf8)))
        let credential = ScramCredential(
            hash: vector.hash,
            password: Array("pencil".utf8),
            salt: salt,
            iterations: 4096
        )
        var server = ScramServer(hash: vector.hash, nonce: Array(vector.serverNonce.utf8))
        let first = server.firstReceived(Array("n,,n=user,r=\(vector.clientNonce)".utf8))
        #expect(first == .lookUp(user: "user", isToken: false))
        let nonce = vector.clientNonce + vector.serverNonce
        let answer = server.credentialFound(.init(credential: credential, account: .init(user: "user")))
        #expect(String(decoding: answer, as: UTF8.self) == "r=\(nonce),s=\(vector.salt),i=4096")
        let final = server.finalReceived(Array("c=biws,r=\(nonce),p=\(vector.proof)".utf8))
        #expect(final == .succeed(message: Array("v=\(vector.signature)".utf8), .init(user: "user")))
    }

    @Test(arguments: Self.vectors) func `the client goes through a published exchange`(_ vector: Vector) throws {
        let nonce = vector.clientNonce + vector.serverNonce
        var client = ScramClient(
            hash: vector.hash,
            user: "user",
            password: "pencil",
            nonce: Array(vector.clientNonce.utf8)
        )
        #expect(String(decoding: client.firstMessage, as: UTF8.self) == "n,,n=user,r=\(vector.clientNonce)")
        let final = try client.serverFirstReceived(Array("r=\(nonce),s=\(vector.salt),i=4096".utf8))
        #expect(String(decoding: final, as: UTF8.self) == "c=biws,r=\(nonce),p=\(vector.proof)")
        var impostor = client
        #expect(throws: ScramClient.Failure.self) { try impostor.serverFinalReceived(Array("v=AAAA".utf8)) }
        try client.serverFinalReceived(Array("v=\(vector.signature)".utf8))
    }

    @Test func `key derivation gives RFC 7914's vectors`() {
        let first = ScramHash.sha256.saltedPassword(Array("passwd".utf8), salt: Array("salt".utf8), iterations: 1)
        #expect(Hex.text(first) == "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc")
        let second = ScramHash.sha256.saltedPassword(
            Array("Password".utf8),
            salt: Array("NaCl".utf8),
            iterations: 80000
        )
        #expect(Hex.text(second) == "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56")
    }

    @Test(arguments: ScramHash.allCases) func `a password is told from another`(_ hash: ScramHash) {
        let credential = ScramCredential(hash: hash, password: Array("right".utf8), salt: [1, 2], iterations: 4096)
        #expect(credential.isOf(Array("right".utf8), hash: hash))
        #expect(!credential.isOf(Array("wrong".utf8), hash: hash))
        #expect(!credential.isOf([], hash: hash))
        #expect(credential.isWellFormed(for: hash))
        #expect(!"\(credential)".contains("storedKey"))
    }

    @Test func `a client refuses a server that asks for too little or too much work`() throws {
        for iterations in ["1", "4095", "1000001", "99999999999999999999", "-1", ""] {
            var client = ScramClient(hash: .sha256, user: "u", password: "p", nonce: Array("abc".utf8))
            #expect(throws: ScramClient.Failure.self) {
                try client.serverFirstReceived(Array("r=abcd,s=AAAA,i=\(iterations)".utf8))
            }
        }
    }
}
