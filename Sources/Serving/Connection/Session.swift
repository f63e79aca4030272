package import Model
package import NIOCore

/// One end of a connection, as a host without brackets or port, and a port.
package struct Endpoint: Sendable, Hashable {
    package var host: String
    /// 0 where the transport has no ports.
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// - Parameter host: stands for an address that is unknown or has no IP.
    package init(_ address: SocketAddress?, else host: String) {
        self.init(host: address?.ipAddress ?? host, port: address?.port ?? 0)
    }
}

/// What TLS established for a connection. A listener that speaks plaintext has none.
package struct TLSSession: Sendable, Hashable {
    /// As negotiated, for example `TLSv1.3`.
    package var version: String
    /// The distinguished name in the client's certificate, when it presented one.
    package var peerName: String?

    package init(version: String, peerName: String? = nil) {
        self.version = version
        self.peerName = peerName
    }
}

/// What is known of a connection and of the client behind it. It reaches the gate and every handler of both faces.
///
/// Immutable, so that a request keeps the session under which it was admitted: an authentication later on makes a new
/// session for the requests after it.
package final class Session: Sendable {
    /// The listener that accepted the connection, for example `KAFKA`.
    package let listener: String
    /// The address and port of this server that the client connected to.
    package let local: Endpoint
    /// The client's end. Group descriptions and logs show its host.
    package let remote: Endpoint
    package let tls: TLSSession?
    package let principal: Principal
    /// How the principal has authenticated by SASL; `nil`: it has not.
    package let login: Login?

    /// An authentication by SASL.
    package struct Login: Sendable, Hashable {
        /// For example `SCRAM-SHA-256`.
        package var mechanism: String
        /// By a delegation token.
        package var isByToken: Bool

        package init(mechanism: String, isByToken: Bool = false) {
            self.mechanism = mechanism
            self.isByToken = isByToken
        }
    }

    package init(
        listener: String,
        local: Endpoint,
        remote: Endpoint,
        tls: TLSSession? = nil,
        principal: Principal = .anonymous,
        login: Login? = nil
    ) {
        self.listener = listener
        self.local = local
        self.remote = remote
        self.tls = tls
        self.principal = principal
        self.login = login
    }

    /// The session of the same connection after an authentication.
    package func authenticated(as principal: Principal, by login: Login) -> Session {
        Session(
            listener: self.listener,
            local: self.local,
            remote: self.remote,
            tls: self.tls,
            principal: principal,
            login: login
        )
    }

    /// The session of a connection that was just accepted, before any authentication.
    package convenience init(listener: String, of channel: any Channel) {
        self.init(
            listener: listener,
            local: Endpoint(channel.localAddress, else: "localhost"),
            remote: Endpoint(channel.remoteAddress, else: "unknown")
        )
    }
}
