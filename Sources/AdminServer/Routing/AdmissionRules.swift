package import Metadata

/// What is looked at of a request before its handler, as the transport found it.
struct AdmissionFacts: Sendable, Equatable {
    var isChange: Bool
    /// All values of `Host`.
    var hosts: [String] = []
    var origin: String?
    var fetchSite: String?
    var fetchMode: String?
    var contentType: String?
    var hasBody = false
    /// The client's end of the connection is this machine.
    var isLoopback = true
    var isSecure = false
}

/// Why a request to the admin port is refused before its handler.
package enum AdminRefusal: Error, Sendable, Equatable, CaseIterable {
    case hostMissing
    case hostUnknown
    case crossSite
    case notJSON
    case changeFromAfar
    case loginInPlainText
    case notLoggedIn
    case notAllowed
}

/// Decides whether a request comes to its handler: under which name the server was called, by which site, from where,
/// by whom. Sans-IO.
///
/// - `Host` has to be an address, `localhost` or a name that the configuration lists: a name of a foreign site that
///   resolves to this machine (DNS rebinding) is refused.
/// - A change has to come from the same origin, where a browser says so, and with a body of JSON, which another
///   site's form cannot send. A session's cookie alone, without a word of the browser, changes nothing.
/// - Changes come from this machine unless the configuration says otherwise.
package struct AdmissionRules: Sendable {
    /// Names under which the server may be called, in lower case, beside addresses and `localhost`.
    package var hosts: Set<String> = []
    package var allowsRemoteChanges = false
    /// What clients on this machine may do that do not say who they are.
    package var anonymousRole: AdminRole?

    package init() {}

    /// Everything that does not depend on who calls.
    ///
    /// - Parameter bodyTypes: the route's; see `AdminRoute.bodyTypes`.
    func check(
        _ facts: AdmissionFacts,
        _ access: AdminRoute.Access,
        bodyTypes: [String] = AdminRoute.bodyTypesDefault
    ) throws(AdminRefusal) {
        if access == .open { return }
        try self.checkHost(facts)
        try self.checkSite(facts)
        guard facts.isChange else { return }
        guard !facts.hasBody || Self.isOne(of: bodyTypes, facts.contentType) else { throw .notJSON }
        switch access {
        case .open: break
        case .login:
            guard facts.isLoopback || facts.isSecure else { throw .loginInPlainText }
        case .role:
            guard facts.isLoopback || self.allowsRemoteChanges else { throw .changeFromAfar }
        }
    }

    /// Whether who calls may.
    func check(
        _ identity: AdminIdentity,
        _ facts: AdmissionFacts,
        _ access: AdminRoute.Access
    ) throws(AdminRefusal) {
        guard case .role(let wanted) = access else { return }
        guard let role = identity.role, role >= wanted else {
            throw identity.proof == .none ? .notLoggedIn : .notAllowed
        }
        // A browser sends the cookie by itself; that it was asked to by our own pages it has to say.
        if case .session = identity.proof, facts.isChange {
            guard facts.fetchSite == "same-origin" || facts.origin != nil else { throw .crossSite }
        }
    }

    /// Who a client is that brings nothing.
    func anonymous(_ facts: AdmissionFacts) -> AdminIdentity {
        AdminIdentity(
            user: "ANONYMOUS",
            role: facts.isLoopback && !facts.isChange ? self.anonymousRole : nil,
            proof: .none
        )
    }

    private func checkHost(_ facts: AdmissionFacts) throws(AdminRefusal) {
        guard let host = facts.hosts.first, facts.hosts.count == 1 else { throw .hostMissing }
        guard let name = Self.name(ofHost: host) else { throw .hostUnknown }
        guard name == "localhost" || Self.isAddress(name) || self.hosts.contains(name) else { throw .hostUnknown }
    }

    private func checkSite(_ facts: AdmissionFacts) throws(AdminRefusal) {
        if let origin = facts.origin {
            let scheme = facts.isSecure ? "https://" : "http://"
            guard origin.lowercased() == scheme + (facts.hosts.first ?? "").lowercased() else { throw .crossSite }
        }
        switch facts.fetchSite {
        case nil, "same-origin": break
        case "none":
            // Typed by a person, or of a bookmark: never a change.
            guard !facts.isChange else { throw .crossSite }
        default:
            // A link elsewhere may lead here.
            guard !facts.isChange, facts.fetchMode == "navigate" else { throw .crossSite }
        }
    }

    /// In lower case, without the port and the brackets of an address; `nil` for what is not a host.
    static func name(ofHost host: String) -> String? {
        let host = host.lowercased()
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return nil }
            let rest = host[host.index(after: end)...]
            guard rest.isEmpty || Self.isPort(rest) else { return nil }
            return String(host[...end])
        }
        guard let colon = host.firstIndex(of: ":") else { return host.isEmpty ? nil : host }
        guard Self.isPort(host[colon...]), colon != host.startIndex else { return nil }
        return String(host[..<colon])
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.first == ":" && text.count <= 6 && text.dropFirst().allSatisfy { $0.isASCII && $0.isNumber }
    }

    /// Nobody can give an address another meaning.
    static func isAddress(_ name: String) -> Bool {
        if name.hasPrefix("["), name.hasSuffix("]") {
            return name.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func isOne(of types: [String], _ contentType: String?) -> Bool {
        guard let type = contentType?.prefix(while: { $0 != ";" }).lowercased() else { return false }
        return types.contains(type.filter { $0 != " " })
    }
}

extension AdminRefusal {
    /// What it is answered with.
    var answer: AdminAnswer { .error(self.status, self.code, self.message) }

    /// Of HTTP.
    package var status: Int {
        switch self {
        case .hostMissing: 400
        case .hostUnknown: 421
        case .crossSite, .changeFromAfar, .loginInPlainText, .notAllowed: 403
        case .notJSON: 415
        case .notLoggedIn: 401
        }
    }

    /// For programs.
    var code: String {
        switch self {
        case .hostMissing: "host-missing"
        case .hostUnknown: "host-unknown"
        case .crossSite: "cross-site"
        case .notJSON: "not-json"
        case .changeFromAfar: "local-only"
        case .loginInPlainText: "tls-required"
        case .notLoggedIn: "not-logged-in"
        case .notAllowed: "not-allowed"
        }
    }

    /// For people.
    package var message: String {
        switch self {
        case .hostMissing: "The request needs one Host header."
        case .hostUnknown:
            "This server is not known by the name in Host: use its address or localhost, or list the name with "
                + "--admin-hosts."
        case .crossSite: "Another site's page may not send this request."
        case .notJSON: "The body has to be JSON: Content-Type: application/json."
        case .changeFromAfar:
            "Changes are taken from the server's own machine only; --admin-remote-changes lifts that."
        case .loginInPlainText: "A login from another machine needs TLS."
        case .notLoggedIn: "Log in, or send a token: Authorization: Bearer TOKEN."
        case .notAllowed: "Your role does not allow this."
        }
    }
}
