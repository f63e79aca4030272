import Testing

@testable import Authentication

@Suite struct ScramMessageTests {
    private func first(_ text: String) -> ScramClientFirst? { ScramClientFirst(Array(text.utf8)) }

    @Test func `escapes of a name are undone`() throws {
        let message = try #require(self.first("n,,n=a=2Cb=3Dc,r=x"))
        #expect(message.user == "a,b=c")
        #expect(ScramText.escaped("a,b=c") == Array("a=2Cb=3Dc".utf8))
    }

    @Test func `the identity and extensions are read`() throws {
        let message = try #require(self.first("n,a=bob,n=bob,r=x,tokenauth=true,other=1"))
        #expect(message.authorizationID == "bob")
        #expect(message.isTokenAuthentication)
        #expect(message.header == Array("n,a=bob,".utf8))
        #expect(message.bare == Array("n=bob,r=x,tokenauth=true,other=1".utf8))
        #expect(try #require(self.first("n,,n=bob,r=x,tokenauth=no")).isTokenAuthentication == false)
    }

    @Test(arguments: [
        "", "n", "n,", "n,,", "y,,n=u,r=x", "p=tls-unique,,n=u,r=x", "n,b=u,n=u,r=x", "n,,u,r=x", "n,,n=,r=x",
        "n,,n=u,r=",
        "n,,n=u", "n,,r=x,n=u", "n,,m=x,n=u,r=x", "n,,n=u,r=x,m=y", "n,,n=u=,r=x", "n,,n=u=2,r=x", "n,,n=u=2c,r=x",
        "n,,n=u\0,r=x", "n,,n=u,r=x y", "n,,n=u,r=x,=y", "n,,n=u,r=x,a=", "n,,n=u,r=x,", "n,a=,n=u,r=x", "n,,n=u,r=é",
    ]) func `a malformed first message is refused`(_ text: String) {
        #expect(self.first(text) == nil)
    }

    @Test func `names and nonces have a length`() {
        #expect(self.first("n,,n=\(String(repeating: "u", count: 1025)),r=x") == nil)
        #expect(self.first("n,,n=u,r=\(String(repeating: "x", count: 1025))") == nil)
        #expect(self.first("n,,n=u,r=x" + String(repeating: ",a=b", count: 17)) == nil)
    }

    @Test(arguments: [
        "", "c=biws", "c=biws,r=x", "c=biws,r=x,p=", "c=biws,r=x,p=A", "c=bi*s,r=x,p=AAAA", "r=x,c=biws,p=AAAA",
        "c=biws,r=x,p=AAAA,a=b", "c=biws,r=x,=,p=AAAA", "c=biws,r=,p=AAAA", "c=biws,r=x,p=A===",
    ]) func `a malformed final message is refused or wrong`(_ text: String) {
        // An empty proof is well-formed base64; it cannot be right.
        if let final = ScramClientFinal(Array(text.utf8)) { #expect(final.proof.isEmpty) }
    }

    @Test func `the final message signs what came before the proof`() throws {
        let final = try #require(ScramClientFinal(Array("c=biws,r=xy,e=f,p=AAAA".utf8)))
        #expect(final.withoutProof == Array("c=biws,r=xy,e=f".utf8))
        #expect(final.channelBinding == Array("n,,".utf8))
        #expect(final.proof == [0, 0, 0])
    }

    @Test(arguments: [
        ("c=eSws", "another header"), ("c=biws", "another nonce"),
    ]) func `a final message of another exchange is refused`(_ binding: String, _ why: String) {
        var server = ScramServer(hash: .sha256, nonce: Array("s".utf8))
        _ = server.firstReceived(Array("n,,n=u,r=c".utf8))
        let credential = ScramCredential.decoy(for: "u", hash: .sha256, secret: [1])
        _ = server.credentialFound(.init(credential: credential, account: .init(user: "u")))
        let nonce = why == "another nonce" ? "other" : "cs"
        guard case .refuse = server.finalReceived(Array("\(binding),r=\(nonce),p=AAAA".utf8)) else {
            Issue.record("accepted with \(why)")
            return
        }
    }

    @Test func `a user who does not exist goes through the same exchange`() throws {
        let secret: [UInt8] = [9, 9]
        let decoy = ScramCredential.decoy(for: "nobody", hash: .sha512, secret: secret)
        #expect(decoy == ScramCredential.decoy(for: "nobody", hash: .sha512, secret: secret))
        #expect(decoy != ScramCredential.decoy(for: "nobody2", hash: .sha512, secret: secret))
        #expect(decoy.isWellFormed(for: .sha512))
        #expect(decoy.salt.count == ScramCredential.saltBytes)
        var server = ScramServer(hash: .sha512, nonce: Array("s".utf8))
        var client = ScramClient(hash: .sha512, user: "nobody", password: "x", nonce: Array("c".utf8))
        #expect(server.firstReceived(client.firstMessage) == .lookUp(user: "nobody", isToken: false))
        let answer = server.credentialFound(.init(credential: decoy, account: nil))
        let final = try client.serverFirstReceived(answer)
        #expect(server.finalReceived(final) == .refuse(.wrongCredentials(.scramSHA512, user: "nobody")))
    }
}
