package import ClientTLS

/// How etcd is reached.
package struct EtcdSettings: Sendable {
    /// A user of etcd. Printed it shows its name alone.
    package struct Credentials: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
        package var name: String
        package var password: String

        package init(name: String, password: String) {
            self.name = name
            self.password = password
        }

        package var description: String { self.name }
        package var customMirror: Mirror { Mirror(self, children: ["name": self.name]) }
    }

    /// The members; each is tried in turn.
    package var endpoints: [EtcdEndpoint]
    /// Before every key, so that clusters can share an etcd. Ends with `/`.
    package var prefix: String
    /// `nil` for plain text. Made with `applicationProtocols: ["h2"]`.
    package var tls: ClientTLS?
    package var credentials: Credentials?
    /// How long one member has to answer before the next one is asked. An etcd whose leader was killed lets a request
    /// hang for seven seconds; another member answers as soon as there is a leader.
    package var attemptTimeout: Duration = .milliseconds(800)
    /// How long a call is repeated before it fails with `.unavailable`.
    package var callTimeout: Duration = .seconds(10)
    package var connectTimeout: Duration = .milliseconds(500)
    /// How often the watch asks whether the member lives, and how long that may take.
    package var watchProbeInterval: Duration = .milliseconds(500)
    package var watchSilenceMax: Duration = .milliseconds(1_500)

    package init(endpoints: [EtcdEndpoint], prefix: String) {
        self.endpoints = endpoints
        self.prefix = prefix
    }
}
