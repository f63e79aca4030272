package import ClientTLS

/// What all parts of the client share. The defaults are those of Kafka's own clients unless a line says otherwise.
package struct ClientSettings: Sendable {
    /// `client.id`.
    package var clientID = "millrace"
    package var softwareVersion = "0"
    /// `nil` for connections in plain text.
    package var tls: ClientTLS?
    /// As whom to authenticate by SASL; `nil`: not at all.
    package var login: ClientLogin?
    /// How long a connection may take: `socket.connection.setup.timeout.ms`.
    package var connectTimeout: Duration = .seconds(10)
    /// How long a response may take, beyond the time that the request itself asks the broker to wait.
    package var requestTimeout: Duration = .seconds(30)
    /// How long an operation is tried again on retriable errors.
    package var retryTimeout: Duration = .seconds(30)
    /// The first pause before trying again; doubles up to `retryBackoffMax`.
    package var retryBackoff: Duration = .milliseconds(100)
    package var retryBackoffMax: Duration = .seconds(1)
    /// A longer response means that the peer does not speak Kafka's protocol.
    package var responseBytesMax = 256 << 20

    package init() {}

    /// The pause before attempt `attempt` + 1, the first being 0.
    package func backoff(afterAttempt attempt: Int) -> Duration {
        min(self.retryBackoff * (1 << min(attempt, 16)), self.retryBackoffMax)
    }
}

extension Duration {
    /// Whole milliseconds, as requests carry times.
    var wireMilliseconds: Int32 {
        let (seconds, attoseconds) = self.components
        return Int32(
            clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue + attoseconds / 1_000_000_000_000_000
        )
    }
}
