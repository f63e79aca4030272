import Testing

@testable import Authentication

@Suite struct SaslMachineTests {
    private static let settings = SaslMachine.Settings(mechanisms: SaslMechanism.allCases)
    private static let start = SaslMachine.Time(wall: 1_700_000_000_000, monotonic: 0)

    private func time(_ milliseconds: Int64) -> SaslMachine.Time {
        SaslMachine.Time(wall: Self.start.wall + milliseconds, monotonic: milliseconds)
    }

    /// Where a machine may be.
    enum Place: CaseIterable {
        case new
        case askedVersions
        case plain
        case scramFirst
        case scramFinal
        case bearer
        case bearerRefused
        case bareTokens
        case verifyingPassword
        case verifyingBearer
        case lookingUp
        case authenticated
        case reauthenticating
        case otherMechanism
        case failed
    }

    private func machine(
        _ mechanisms: [SaslMechanism] = SaslMechanism.allCases,
        lifetimes: [SaslMechanism: Int64] = [:]
    ) -> SaslMachine {
        SaslMachine(.init(mechanisms: mechanisms, sessionLifetimes: lifetimes)) { Array("nonce".utf8) }
    }

    private func handshake(
        _ machine: inout SaslMachine,
        _ mechanism: SaslMechanism,
        isBare: Bool = false,
        at time: Int64 = 0
    ) {
        _ = machine.requestArrived(.saslHandshake, now: self.time(time))
        let action = machine.handshakeRequested(mechanism.rawValue, hasBareTokens: isBare, now: self.time(time))
        #expect(action == .accept)
    }

    private func send(_ machine: inout SaslMachine, _ text: String) {
        _ = machine.tokenReceived(Array(text.utf8), now: Self.start)
    }

    private func machine(in place: Place) -> SaslMachine {
        var machine = self.machine()
        switch place {
        case .new: break
        case .askedVersions: _ = machine.requestArrived(.apiVersions, now: Self.start)
        case .plain: self.handshake(&machine, .plain)
        case .scramFirst: self.handshake(&machine, .scramSHA256)
        case .lookingUp, .scramFinal:
            self.handshake(&machine, .scramSHA256)
            self.send(&machine, "n,,n=alice,r=x")
            if place == .scramFinal {
                _ = machine.credentialFound(
                    .init(credential: .decoy(for: "alice", hash: .sha256, secret: [1]), account: nil)
                )
            }
        case .bearer: self.handshake(&machine, .oauthBearer)
        case .verifyingBearer, .bearerRefused:
            self.handshake(&machine, .oauthBearer)
            self.send(&machine, "n,,\u{1}auth=Bearer t\u{1}\u{1}")
            if place == .bearerRefused {
                _ = machine.bearerVerified(.failure(BearerRefusal("bad")), now: Self.start)
            }
        case .bareTokens: self.handshake(&machine, .plain, isBare: true)
        case .verifyingPassword, .authenticated, .reauthenticating, .otherMechanism:
            self.handshake(&machine, .plain)
            self.send(&machine, "\0alice\0secret")
            if place != .verifyingPassword { _ = machine.passwordVerified(true, now: Self.start) }
            if place == .reauthenticating { self.handshake(&machine, .plain, at: 5000) }
            if place == .otherMechanism { self.handshake(&machine, .scramSHA256, at: 5000) }
        case .failed: machine.closed()
        }
        return machine
    }

    @Test(arguments: Place.allCases, SaslMachine.Request.allCases)
    func `every request in every state is carried out, refused or ends the connection`(
        _ place: Place,
        _ request: SaslMachine.Request
    ) {
        var machine = self.machine(in: place)
        let admission = machine.requestArrived(request, now: self.time(6000))
        let isCarriedOut: Bool
        switch place {
        case .new: isCarriedOut = request == .apiVersions || request == .saslHandshake
        case .askedVersions: isCarriedOut = request == .saslHandshake
        case .plain, .scramFirst, .scramFinal, .bearer, .bearerRefused, .reauthenticating, .otherMechanism:
            isCarriedOut = request == .saslAuthenticate
        case .authenticated: isCarriedOut = true
        case .bareTokens, .verifyingPassword, .verifyingBearer, .lookingUp, .failed: isCarriedOut = false
        }
        #expect((admission == .carryOut) == isCarriedOut)
        guard !isCarriedOut else { return }
        // What was refused once stays refused.
        for request in SaslMachine.Request.allCases {
            guard case .close = machine.requestArrived(request, now: self.time(6000)) else {
                Issue.record("\(request) is admitted after a refusal in \(place)")
                continue
            }
        }
        let (login, expectsBareToken) = (machine.login, machine.expectsBareToken)
        #expect(login == nil && !expectsBareToken)
    }

    @Test(arguments: Place.allCases) func `a handshake is accepted before and after authentication only`(
        _ place: Place
    ) {
        var machine = self.machine(in: place)
        let action = machine.handshakeRequested("PLAIN", hasBareTokens: false, now: self.time(9000))
        switch place {
        case .new, .askedVersions, .authenticated: #expect(action == .accept)
        default: #expect(action == .illegalState)
        }
    }

    @Test(arguments: Place.allCases) func `a token is taken in the middle of an exchange only`(_ place: Place) {
        var machine = self.machine(in: place)
        let action = machine.tokenReceived(Array("\0alice\0secret".utf8), now: self.time(6000))
        switch place {
        case .plain, .bareTokens, .reauthenticating:
            #expect(action == .verifyPassword(user: "alice", Array("secret".utf8)))
        case .scramFirst, .scramFinal, .bearer, .bearerRefused, .otherMechanism:
            guard case .refuse = action else {
                Issue.record("\(action) in \(place)")
                return
            }
            #expect(machine.login == nil)
        case .new, .askedVersions, .verifyingPassword, .verifyingBearer, .lookingUp, .authenticated, .failed:
            #expect(action == .illegalState)
        }
    }

    @Test func `reports of a connection that has failed are ignored`() {
        var machine = self.machine(in: .failed)
        #expect(machine.passwordVerified(true, now: Self.start) == .illegalState)
        #expect(
            machine.bearerVerified(.success(.init(user: "a", expiresAt: 1)), now: Self.start) == .illegalState
        )
        let lookup = ScramServer.Lookup(
            credential: .decoy(for: "a", hash: .sha256, secret: []),
            account: .init(user: "a")
        )
        #expect(machine.credentialFound(lookup) == .illegalState)
        #expect(machine.login == nil)
    }

    @Test func `a right password authenticates`() {
        var machine = self.machine(in: .verifyingPassword)
        guard case .authenticated(let login, let answer, let lifetime) = machine.passwordVerified(true, now: Self.start)
        else {
            Issue.record("not authenticated")
            return
        }
        #expect(login == .init(user: "alice", mechanism: .plain, isByToken: false, endsAt: nil))
        #expect(answer.isEmpty && lifetime == 0)
        #expect(machine.login == login)
    }

    @Test func `a wrong password does not say whether the user exists`() {
        var machine = self.machine(in: .verifyingPassword)
        guard case .refuse(let refusal) = machine.passwordVerified(false, now: Self.start) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.clientMessage == "Authentication failed: Invalid username or password")
        #expect(refusal.user == "alice")
    }

    @Test func `mechanisms that are not enabled or not known are refused`() {
        for name in ["SCRAM-SHA-256", "GSSAPI", "", "plain", "SCRAM-SHA-1"] {
            var machine = self.machine([.plain])
            _ = machine.requestArrived(.saslHandshake, now: Self.start)
            #expect(machine.handshakeRequested(name, hasBareTokens: false, now: Self.start) == .unsupportedMechanism)
            guard case .close = machine.requestArrived(.saslHandshake, now: Self.start) else {
                Issue.record("a second handshake after \(name)")
                continue
            }
        }
    }

    private func authenticate(_ machine: inout SaslMachine, as user: String, at time: Int64) -> SaslMachine.Action {
        self.handshake(&machine, .plain, at: time)
        let admission = machine.requestArrived(.saslAuthenticate, now: self.time(time))
        #expect(admission == .carryOut)
        _ = machine.tokenReceived(Array("\0\(user)\0x".utf8), now: self.time(time))
        return machine.passwordVerified(true, now: self.time(time))
    }

    @Test func `a session ends and can be renewed by the same user with the same mechanism`() {
        var machine = self.machine(lifetimes: [.plain: 60_000])
        guard case .authenticated(let first, _, let lifetime) = self.authenticate(&machine, as: "alice", at: 0) else {
            Issue.record("not authenticated")
            return
        }
        #expect(first.endsAt == 60_000 && lifetime == 60_000)
        #expect(machine.requestArrived(.other, now: self.time(59_999)) == .carryOut)
        // Also after its end, as long as nothing else has come.
        guard case .authenticated(let second, _, _) = self.authenticate(&machine, as: "alice", at: 70_000) else {
            Issue.record("not authenticated again")
            return
        }
        #expect(second.endsAt == 130_000)
        guard case .refuse(let refusal) = self.authenticate(&machine, as: "bob", at: 80_000) else {
            Issue.record("another user took the connection over")
            return
        }
        #expect(refusal.clientMessage.contains("Cannot change principals during re-authentication"))
        #expect(machine.login == nil)
    }

    @Test func `a request after the end of the session closes the connection`() {
        for request in [SaslMachine.Request.other, .apiVersions, .saslAuthenticate] {
            var machine = self.machine(lifetimes: [.plain: 1000])
            _ = machine.requestArrived(.saslHandshake, now: Self.start)
            _ = machine.handshakeRequested("PLAIN", hasBareTokens: false, now: Self.start)
            _ = machine.tokenReceived(Array("\0a\0b".utf8), now: Self.start)
            _ = machine.passwordVerified(true, now: Self.start)
            guard case .close = machine.requestArrived(request, now: self.time(1000)) else {
                Issue.record("\(request) after the end")
                continue
            }
        }
    }

    @Test func `re-authentication happens at most once in a second`() {
        var machine = self.machine(in: .reauthenticating)
        _ = machine.tokenReceived(Array("\0alice\0secret".utf8), now: self.time(5000))
        _ = machine.passwordVerified(true, now: self.time(5000))
        #expect(machine.handshakeRequested("PLAIN", hasBareTokens: false, now: self.time(5999)) == .illegalState)
        #expect(machine.login?.user == "alice")
        #expect(machine.handshakeRequested("PLAIN", hasBareTokens: false, now: self.time(6000)) == .accept)
    }

    @Test func `the user remains while the connection re-authenticates, and not when that fails`() {
        var machine = self.machine(in: .reauthenticating)
        #expect(machine.login?.user == "alice")
        guard case .refuse = machine.requestArrived(.other, now: self.time(5001)) else {
            Issue.record("a request was carried out in the middle of a re-authentication")
            return
        }
        #expect(machine.login == nil)
    }

    @Test func `a token in another mechanism than before is refused`() {
        var machine = self.machine(in: .otherMechanism)
        guard case .refuse(let refusal) = machine.tokenReceived(Array("n,,n=alice,r=x".utf8), now: self.time(5000))
        else {
            Issue.record("another mechanism was accepted")
            return
        }
        #expect(refusal.clientMessage.contains("not supported for re-authentication of mechanism 'PLAIN'"))
    }

    @Test func `a refused bearer token is told, acknowledged and then refused`() {
        var machine = self.machine(in: .verifyingBearer)
        let told = machine.bearerVerified(.failure(BearerRefusal("expired")), now: Self.start)
        #expect(told == .challenge(Array(#"{"status":"invalid_token"}"#.utf8)))
        #expect(machine.requestArrived(.saslAuthenticate, now: Self.start) == .carryOut)
        // Also a second token, which would be a second guess.
        guard
            case .refuse(let refusal) = machine.tokenReceived(
                Array("n,,\u{1}auth=Bearer u\u{1}\u{1}".utf8),
                now: Self.start
            )
        else {
            Issue.record("a second token was verified")
            return
        }
        #expect(refusal.reason == "expired")
    }

    @Test func `the sooner of the token's end and the longest session counts`() {
        for (longest, expected) in [(nil, 30_000), (20_000, 20_000), (40_000, 30_000)] as [(Int64?, Int64)] {
            var machine = self.machine(lifetimes: longest.map { [.oauthBearer: $0] } ?? [:])
            _ = machine.requestArrived(.saslHandshake, now: Self.start)
            _ = machine.handshakeRequested("OAUTHBEARER", hasBareTokens: false, now: Self.start)
            _ = machine.tokenReceived(Array("n,,\u{1}auth=Bearer t\u{1}\u{1}".utf8), now: Self.start)
            let bearer = VerifiedBearer(user: "svc", expiresAt: Self.start.wall + 30_000)
            guard
                case .authenticated(let login, _, let lifetime) = machine.bearerVerified(
                    .success(bearer),
                    now: Self.start
                )
            else {
                Issue.record("not authenticated")
                continue
            }
            #expect(lifetime == expected && login.endsAt == expected)
        }
    }

    @Test func `a bearer that asks to be somebody else is refused`() {
        var machine = self.machine(in: .bearer)
        _ = machine.tokenReceived(Array("n,a=root,\u{1}auth=Bearer t\u{1}\u{1}".utf8), now: Self.start)
        guard case .refuse = machine.bearerVerified(.success(.init(user: "svc", expiresAt: 1)), now: Self.start) else {
            Issue.record("accepted")
            return
        }
    }

    @Test func `a delegation token authenticates its owner until it expires`() throws {
        let token = ScramCredential(hash: .sha256, password: Array("hmac".utf8), salt: [1, 2, 3], iterations: 4096)
        var machine = self.machine()
        var client = ScramClient(
            hash: .sha256,
            user: "token-1",
            password: "hmac",
            nonce: Array("c".utf8),
            isToken: true
        )
        _ = machine.requestArrived(.saslHandshake, now: Self.start)
        _ = machine.handshakeRequested("SCRAM-SHA-256", hasBareTokens: false, now: Self.start)
        #expect(
            machine.tokenReceived(client.firstMessage, now: Self.start)
                == .lookUp(user: "token-1", .sha256, isToken: true)
        )
        let account = ScramServer.Account(user: "owner", expiresAt: Self.start.wall + 5000, isToken: true)
        guard case .challenge(let first) = machine.credentialFound(.init(credential: token, account: account)) else {
            Issue.record("no challenge")
            return
        }
        let final = try client.serverFirstReceived(first)
        guard case .authenticated(let login, let answer, let lifetime) = machine.tokenReceived(final, now: Self.start)
        else {
            Issue.record("not authenticated")
            return
        }
        try client.serverFinalReceived(answer)
        #expect(login.user == "owner" && login.isByToken && lifetime == 5000)
    }
}
