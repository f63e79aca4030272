import Testing

@testable import Authentication

@Suite struct PlainMessageTests {
    @Test func `a user and a password are read`() throws {
        let message = try PlainMessage(Array("\0alice\0se cret".utf8))
        #expect(message.user == "alice")
        #expect(message.password == Array("se cret".utf8))
        #expect(try PlainMessage(Array("alice\0alice\0x".utf8)).user == "alice")
        #expect(PlainClient.message(user: "alice", password: "x") == Array("\0alice\0x".utf8))
    }

    @Test(arguments: [
        ("", "got 1"), ("alice", "got 1"), ("\0alice", "got 2"), ("\0alice\0x\0", "got 4"),
        ("\0a\0b\0c\0d\0e", "got 4"),
        ("\0\0x", "username not specified"), ("\0alice\0", "password not specified"),
        ("bob\0alice\0x", "different from username"),
    ]) func `a malformed message is refused with Kafka's words`(_ text: String, _ words: String) {
        let refusal = #expect(throws: SaslRefusal.self) { try PlainMessage(Array(text.utf8)) }
        #expect(refusal?.clientMessage.contains(words) == true)
    }

    @Test func `bytes that are not UTF-8 and long texts are refused`() {
        #expect(throws: SaslRefusal.self) { try PlainMessage([0, 0xFF, 0xFE, 0, 1]) }
        #expect(throws: SaslRefusal.self) { try PlainMessage([0] + [UInt8](repeating: 97, count: 2000) + [0, 1]) }
        #expect(throws: SaslRefusal.self) { try PlainMessage([0, 97, 0] + [UInt8](repeating: 97, count: 5000)) }
    }
}

@Suite struct BearerMessageTests {
    private func read(_ text: String) -> BearerMessage? {
        BearerMessage(Array(text.replacing("^", with: "\u{1}").utf8))
    }

    @Test func `a token is read`() throws {
        #expect(try #require(self.read("n,,^auth=Bearer a.b-_c^^")).token == "a.b-_c")
        #expect(try #require(self.read("n,,^auth=bearer  abc==^traceId=123^^")).token == "abc==")
        #expect(try #require(self.read("n,a=al=2Cice,^x=y^auth=BEARER t^^")).authorizationID == "al,ice")
    }

    @Test(arguments: [
        "", "n,,", "n,,^^", "n,,^auth=Bearer t^", "n,,auth=Bearer t^^", "y,,^auth=Bearer t^^", "n,,^auth=Basic t^^",
        "n,,^auth=Bearer^^", "n,,^auth=Bearer a b^^", "n,,^auth=Bearer t^auth=Bearer u^^", "n,,^auth=Bearer é^^",
        "n,,^a1=x^auth=Bearer t^^", "n,,^a=^auth=Bearer t^^", "n,,^auth=Bearer t^^^", "n,,^^auth=Bearer t^^",
        "n,b=c,^auth=Bearer t^^", "n,,^auth= Bearer t^^",
    ]) func `a malformed message is refused`(_ text: String) {
        #expect(self.read(text) == nil)
    }
}

@Suite struct BearerRulesTests {
    private let now: Int64 = 1_700_000_000_000
    private let good: [String: ClaimValue] = [
        "sub": .text(" alice "), "exp": .number(1_700_000_060), "iat": .number(1_699_999_000),
        "iss": .text("https://issuer"), "aud": .texts(["kafka", "other"]), "scope": .texts(["a", "b"]),
    ]
    private var rules: BearerRules {
        var rules = BearerRules()
        rules.issuer = "https://issuer"
        rules.audiences = ["millrace", "kafka"]
        return rules
    }

    private func check(_ changes: [String: ClaimValue?], _ rules: BearerRules? = nil) -> BearerRefusal? {
        var claims = self.good
        for (name, value) in changes { claims[name] = value }
        do throws(BearerRefusal) {
            _ = try (rules ?? self.rules).check(claims, now: self.now)
            return nil
        } catch {
            return error
        }
    }

    @Test func `claims that meet the rules give the user, the end and the scopes`() throws {
        let bearer = try self.rules.check(self.good, now: self.now)
        #expect(bearer == VerifiedBearer(user: "alice", expiresAt: 1_700_000_060_000, scopes: ["a", "b"]))
        #expect(self.check(["aud": .text("kafka"), "scope": .text("a b")]) == nil)
        #expect(self.check(["scope": Optional<ClaimValue>.none]) == nil)
    }

    @Test func `the clock skew counts on both sides`() {
        #expect(self.check(["exp": .number(1_699_999_971)]) == nil)
        #expect(self.check(["exp": .number(1_699_999_970)]) != nil)
        #expect(self.check(["nbf": .number(1_700_000_030)]) == nil)
        #expect(self.check(["nbf": .number(1_700_000_031)]) != nil)
        #expect(self.check(["iat": .number(1_700_000_031)]) != nil)
    }

    @Test func `each claim that is missing or wrong is refused`() {
        let wrong: [[String: ClaimValue?]] = [
            ["exp": Optional<ClaimValue>.none], ["iat": Optional<ClaimValue>.none], ["sub": Optional<ClaimValue>.none],
            ["iss": Optional<ClaimValue>.none], ["aud": Optional<ClaimValue>.none],
            ["exp": .text("1700000060")], ["exp": .number(-1)], ["exp": .number(1e300)], ["exp": .number(.nan)],
            ["sub": .text("  ")], ["sub": .number(1)], ["sub": .text(String(repeating: "a", count: 2000))],
            ["iss": .text("https://issuer/")], ["iss": .texts(["https://issuer"])], ["aud": .text("kafka2")],
            ["aud": .texts([])], ["aud": .number(1)], ["scope": .texts(["a", "a"])], ["scope": .texts([" "])],
            ["nbf": .text("x")],
        ]
        for changes in wrong { #expect(self.check(changes) != nil, "\(changes)") }
    }

    @Test func `other names of claims are honoured`() throws {
        var rules = self.rules
        rules.subjectClaim = "client_id"
        #expect(self.check([:], rules) != nil)
        #expect(self.check(["client_id": .text("bob")], rules) == nil)
    }
}

@Suite struct JaasLineTests {
    @Test func `users of PLAIN are read`() throws {
        let line = try JaasLine(
            """
            // of the brokers
            org.apache.kafka.common.security.plain.PlainLoginModule required
              username="admin" /* inter-broker */ password='x y'
              user_admin="admin-secret" user_alice="a\\"l=;\\u" user_b_b=plain-1;
            org.apache.kafka.common.security.scram.ScramLoginModule REQUIRED user_mallory="x";
            """
        )
        #expect(line.entries.map(\.module) == [JaasLine.plainModule, JaasLine.scramModule])
        #expect(line.entries[0].options["password"] == "x y")
        #expect(line.plainUsers == ["admin": "admin-secret", "alice": "a\"l=;u", "b_b": "plain-1"])
    }

    @Test(arguments: [
        "", ";", "a.B", "a.B required", "a.B needed;", "a.B required x;", "a.B required x=;", "a.B required x=\"y;",
        "a.B required =y;", "a.B required x=\"y\"", "/* a.B required;", "a.B required x=\"y\n\";", "a.B required x=y {",
        "a.B required x=\"\\", "\"", "'", "/", "a.B \"required\" x=\"y\" z",
    ]) func `a malformed line is refused`(_ text: String) {
        #expect(throws: JaasLine.Failure.self) { try JaasLine(text) }
    }

    @Test func `escapes are Java's`() throws {
        let line = try JaasLine(#"a.B required x="\t\n\\\"\101\7z\400";"#)
        #expect(line.entries[0].options["x"] == "\t\n\\\"A\u{7}z 0")
    }

    @Test func `a failure does not repeat a secret`() {
        let failure = #expect(throws: JaasLine.Failure.self) {
            try JaasLine("a.B required password=\"hunter2\" user_x")
        }
        #expect(failure?.reason.contains("hunter2") == false)
    }
}
