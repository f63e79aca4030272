package import Model
package import NIOCore
internal import NIOSSL
package import Serving

/// What a connection's handshake is carried out with.
package struct HandshakeSettings: Sendable {
    /// Where failures are written, at most one of a kind in some seconds.
    package var log: ConnectionLog
    /// Where the handshake's buffers are counted; `nil`: nowhere.
    package var memory: ConnectionMemory?
    /// Where refusals are noted, of which face and of which listener; `nil`: nowhere.
    package var audit: (log: any AuditLog, face: String, listener: String)?
    /// A client that has not completed the handshake by then is closed.
    package var patience: TimeAmount
    /// What the log says to a client that speaks another protocol, by its first bytes; `nil` for one that is unknown.
    package var advice: @Sendable (ProtocolHint) -> String?

    package init(
        log: ConnectionLog,
        memory: ConnectionMemory? = nil,
        audit: (log: any AuditLog, face: String, listener: String)? = nil,
        patience: TimeAmount = .seconds(10),
        advice: @escaping @Sendable (ProtocolHint) -> String?
    ) {
        self.log = log
        self.memory = memory
        self.audit = audit
        self.patience = patience
        self.advice = advice
    }
}

extension ServerTLS {
    /// The plain text that is encrypted in one go: what is encrypted and not taken is bounded by it.
    package static let writeBytesMax = 128 << 10

    /// What a connection holds while it is open, for the bound on their number: BoringSSL's state, one buffer for each
    /// direction.
    package static let connectionBytes = 48 << 10

    /// Puts TLS in front of all handlers of a connection that was just accepted. Call it on the channel's loop.
    ///
    /// Until the handshake is done nothing reaches the handlers; then they get the event `ConnectionSecured`, before
    /// the first bytes. A client that does not complete it, or speaks no TLS, is closed, with a line in the log.
    package func secure(_ channel: any Channel, _ settings: HandshakeSettings) throws {
        let loaded = self.current
        var configuration = NIOSSLHandler.Configuration()
        // Encrypted answers are of all sizes; a connection keeps a buffer for small ones only.
        configuration.maximumPreservedOutboundBufferCapacity = 32 << 10
        let ssl = NIOSSLServerHandler(context: loaded.context, configuration: configuration)
        let handshake = HandshakeHandler(ssl, loaded.settings, settings)
        let records = FirstRecordHandler(handshake, settings)
        handshake.records = records
        try channel.pipeline.syncOperations.addHandlers([records, ssl, handshake], position: .first)
    }
}

/// A connection's handshake is done: an inbound event, before the first bytes of the client.
package struct ConnectionSecured: Sendable {
    package var tls: TLSSession
    /// `Principal.anonymous` without a certificate of the client.
    package var principal: Principal

    package init(tls: TLSSession, principal: Principal) {
        self.tls = tls
        self.principal = principal
    }
}

extension Session {
    /// The session from the end of the handshake on.
    package func secured(_ event: ConnectionSecured) -> Session {
        Session(
            listener: self.listener,
            local: self.local,
            remote: self.remote,
            tls: event.tls,
            principal: event.principal
        )
    }
}
