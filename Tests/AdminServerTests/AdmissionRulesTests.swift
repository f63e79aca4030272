import Metadata
import Testing

@testable import AdminServer

/// Which requests come to a handler.
@Suite struct AdmissionRulesTests {
    private static func facts(
        change: Bool = false,
        host: String? = "127.0.0.1:8080",
        origin: String? = nil,
        site: String? = nil,
        mode: String? = nil,
        type: String? = "application/json",
        isLoopback: Bool = true,
        isSecure: Bool = false
    ) -> AdmissionFacts {
        AdmissionFacts(
            isChange: change,
            hosts: host.map { [$0] } ?? [],
            origin: origin,
            fetchSite: site,
            fetchMode: mode,
            contentType: type,
            hasBody: change,
            isLoopback: isLoopback,
            isSecure: isSecure
        )
    }

    private static func refusal(
        _ facts: AdmissionFacts,
        _ access: AdminRoute.Access = .role(.admin),
        _ rules: AdmissionRules = AdmissionRules()
    ) -> AdminRefusal? {
        do throws(AdminRefusal) {
            try rules.check(facts, access)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("localhost", true), ("LOCALHOST:8080", true), ("127.0.0.1", true), ("192.0.2.1:80", true),
            ("[::1]:8080", true),
            ("[::1]", true), ("millrace.example:1", true), ("evil.example", false), ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false), ("", false), ("localhost:", true), ("localhost:x", false),
            ("[::1", false),
            ("[::1]x", false), ("1.2.3", false), ("1.2.3.256", false), ("0x7f.0.0.1", false), ("user@localhost", false),
            ("localhost:8080:9", false),
        ]
    )
    func `a host is an address, localhost or a name that is listed`(_ host: String, _ isKnown: Bool) {
        var rules = AdmissionRules()
        rules.hosts = ["millrace.example"]
        #expect((Self.refusal(Self.facts(host: host), .role(.viewer), rules) == nil) == isKnown)
    }

    @Test func `there is one host, and health does not ask for it`() {
        #expect(Self.refusal(Self.facts(host: nil)) == .hostMissing)
        var twice = Self.facts()
        twice.hosts = ["localhost", "evil.example"]
        #expect(Self.refusal(twice) == .hostMissing)
        #expect(Self.refusal(Self.facts(host: "any.example"), .open) == nil)
    }

    @Test(
        arguments: [
            (nil, nil, nil, false, nil), ("same-origin", nil, nil, true, nil), ("none", nil, nil, false, nil),
            ("none", nil, nil, true, AdminRefusal.crossSite), ("cross-site", nil, "cors", false, .crossSite),
            ("cross-site", nil, "navigate", false, nil), ("cross-site", nil, "navigate", true, .crossSite),
            ("same-site", nil, "cors", false, .crossSite), ("same-site", nil, nil, true, .crossSite),
            (nil, "http://127.0.0.1:8080", nil, true, nil), (nil, "https://127.0.0.1:8080", nil, true, .crossSite),
            (nil, "http://evil.example", nil, true, .crossSite), (nil, "null", nil, true, .crossSite),
            (nil, "http://127.0.0.1:8081", nil, true, .crossSite), ("other", nil, nil, true, .crossSite),
            ("same-origin", "http://evil.example", nil, true, .crossSite),
        ] as [(String?, String?, String?, Bool, AdminRefusal?)]
    )
    func `another site's page changes nothing and reads nothing`(
        _ site: String?,
        _ origin: String?,
        _ mode: String?,
        _ change: Bool,
        _ refusal: AdminRefusal?
    ) {
        let facts = Self.facts(change: change, origin: origin, site: site, mode: mode)
        #expect(Self.refusal(facts) == refusal)
        #expect(Self.refusal(facts, .login) == refusal)
    }

    @Test(
        arguments: [
            ("application/json", true), ("application/json; charset=utf-8", true), ("Application/JSON", true),
            ("text/plain", false), ("application/x-www-form-urlencoded", false), ("multipart/form-data", false),
            (nil, false),
            ("application/jsonx", false),
        ] as [(String?, Bool)]
    )
    func `a body is JSON, which a form cannot send`(_ type: String?, _ isTaken: Bool) {
        #expect(Self.refusal(Self.facts(change: true, type: type)) == (isTaken ? nil : .notJSON))
    }

    @Test func `changes come from this machine, and logins from elsewhere over TLS`() {
        let far = Self.facts(change: true, isLoopback: false)
        #expect(Self.refusal(far) == .changeFromAfar)
        #expect(Self.refusal(Self.facts(isLoopback: false)) == nil, "reading is not a change")
        #expect(Self.refusal(far, .login) == .loginInPlainText)
        #expect(Self.refusal(Self.facts(change: true, isLoopback: false, isSecure: true), .login) == nil)
        var rules = AdmissionRules()
        rules.allowsRemoteChanges = true
        #expect(Self.refusal(far, .role(.admin), rules) == nil)
    }

    // MARK: Roles

    static let proofs: [AdminIdentity.Proof] = [
        .none, .session(id: "s"), .token(id: "t"), .localToken, .signature(accessKeyID: "a"),
    ]

    /// Every role, and none, against every role that a route asks for, by every proof.
    @Test(arguments: Self.proofs.indices) func `a role allows what is below it`(_ index: Int) {
        let proof = Self.proofs[index]
        for role in [nil] + AdminRole.allCases.map(Optional.some) {
            for wanted in AdminRole.allCases {
                let identity = AdminIdentity(user: "u", role: role, proof: proof)
                var refusal: AdminRefusal?
                do throws(AdminRefusal) {
                    try AdmissionRules().check(identity, Self.facts(), .role(wanted))
                } catch {
                    refusal = error
                }
                let isAllowed = role.map { $0 >= wanted } ?? false
                #expect(refusal == (isAllowed ? nil : proof == .none ? .notLoggedIn : .notAllowed))
            }
        }
    }

    @Test func `a session's cookie alone changes nothing`() {
        let identity = AdminIdentity(user: "u", role: .admin, proof: .session(id: "s"))
        for (site, origin, isAllowed) in [
            (nil, nil, false), ("same-origin", nil, true), (nil, "http://127.0.0.1:8080", true),
        ] as [(String?, String?, Bool)] {
            let facts = Self.facts(change: true, origin: origin, site: site)
            var refusal: AdminRefusal?
            do throws(AdminRefusal) {
                try AdmissionRules().check(identity, facts, .role(.admin))
            } catch {
                refusal = error
            }
            #expect(refusal == (isAllowed ? nil : .crossSite))
        }
    }

    @Test func `who brings nothing has a role on this machine only, and for reading only`() {
        var rules = AdmissionRules()
        #expect(rules.anonymous(Self.facts()).role == nil)
        rules.anonymousRole = .viewerWithoutRecords
        #expect(rules.anonymous(Self.facts()).role == .viewerWithoutRecords)
        #expect(rules.anonymous(Self.facts(isLoopback: false)).role == nil)
        #expect(rules.anonymous(Self.facts(change: true)).role == nil)
    }
}
