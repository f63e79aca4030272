/// What the listeners of a server ask of clients, and what is to be said of those that ask nothing.
struct ListenerAudit {
    struct Listener: Sendable, Equatable {
        /// For example `kafka PLAINTEXT`.
        var name: String
        var host: String
        var port: Int
        var authenticates: Bool

        /// Whether it is reached from this machine alone.
        var isLoopback: Bool {
            let host = self.host.lowercased()
            return host == "localhost" || host == "::1" || host == "[::1]" || host.hasPrefix("127.")
        }
    }

    var listeners: [Listener]

    /// The one line that is logged when others than this machine reach a listener that asks nobody who he is.
    var warning: String? {
        let open = self.listeners.filter { !$0.authenticates && !$0.isLoopback }
        guard !open.isEmpty else { return nil }
        let places = open.map { "\($0.name) on \($0.host):\($0.port)" }.joined(separator: ", ")
        return "clients are not asked who they are: \(places). Everybody who reaches these addresses may read and "
            + "change everything; see docs/security.md, or listen on 127.0.0.1"
    }

    /// Why a server that has to authenticate does not start; `nil` when every listener does.
    var refusal: String? {
        let open = self.listeners.filter { !$0.authenticates }
        guard !open.isEmpty else { return nil }
        let places = open.map { "\($0.name) on \($0.host):\($0.port)" }.joined(separator: ", ")
        return "--require-authentication: \(places) would serve clients that do not say who they are; see "
            + "docs/security.md, or turn the listener off"
    }
}
