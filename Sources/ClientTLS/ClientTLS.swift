package import NIOCore
package import NIOPosix
internal import NIOSSL
internal import NIOTLS

/// TLS of a client: whom it trusts, and as whom it presents itself.
///
/// The only place that knows the TLS library. Certificates are always verified: the chain up to a trusted authority,
/// the time, and the name or the address that was connected to. No option turns that off; a private
/// authority is trusted by naming its file.
package struct ClientTLS: Sendable {
    /// PEM files of a client.
    package struct Files: Sendable, Equatable {
        /// The authorities to trust, in place of the system's.
        package var authorities: String?
        /// The client's certificate and those that vouch for it, for servers that ask for one.
        package var certificate: String?
        /// The key of `certificate`; `nil` when it is in the same file.
        package var key: String?

        package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
            self.authorities = authorities
            self.certificate = certificate
            self.key = key
        }
    }

    private let context: NIOSSLContext

    /// Reads the files and the system's authorities.
    ///
    /// - Parameter applicationProtocols: to offer, the best first (ALPN); `h2` for HTTP/2.
    /// - Throws: `TLSFailure` that names the file.
    package init(_ files: Files = Files(), applicationProtocols: [String] = []) throws(TLSFailure) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = applicationProtocols
        configuration.minimumTLSVersion = .tlsv12
        // A command that is done waits for the server's farewell, which not every server sends.
        configuration.shutdownTimeout = .seconds(1)
        if let path = files.authorities {
            configuration.trustRoots = .certificates(try Self.certificates(in: path))
        }
        if let path = files.certificate {
            configuration.certificateChain = try Self.certificates(in: path).map { .certificate($0) }
            configuration.privateKey = .privateKey(try Self.key(in: files.key ?? path))
        } else if let path = files.key {
            throw TLSFailure("the key \(path) is of no use without its certificate")
        }
        do {
            self.context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSFailure("TLS cannot be set up: \(TLSFailure(explaining: error))")
        }
    }

    private static func certificates(in path: String) throws(TLSFailure) -> [NIOSSLCertificate] {
        do {
            let certificates = try NIOSSLCertificate.fromPEMFile(path)
            guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
            return certificates
        } catch {
            throw TLSFailure("\(path) cannot be read or holds no certificate in PEM")
        }
    }

    private static func key(in path: String) throws(TLSFailure) -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(file: path, format: .pem)
        } catch {
            throw TLSFailure("\(path) cannot be read or holds no unencrypted private key in PEM")
        }
    }

    /// Puts TLS below the handlers that `channel` gets; called while it is being set up.
    fileprivate func secure(_ channel: any Channel, host: String) throws {
        let handler: NIOSSLClientHandler
        do {
            handler = try NIOSSLClientHandler(context: self.context, serverHostname: host)
        } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
            // Then the certificate has to be for the address that the connection is to.
            handler = try NIOSSLClientHandler(context: self.context, serverHostname: nil)
        }
        try channel.pipeline.syncOperations.addHandlers(handler, HandshakeHandler(loop: channel.eventLoop))
    }

    /// Completes when the handshake has; called on the channel's loop as soon as it is connected.
    fileprivate static func handshake(of channel: any Channel) -> EventLoopFuture<Void> {
        do {
            return try channel.pipeline.syncOperations.handler(type: HandshakeHandler.self).completion
        } catch {
            return channel.eventLoop.makeFailedFuture(TLSFailure.closed)
        }
    }
}

extension ClientBootstrap {
    /// Connects; with TLS the future completes after the handshake.
    ///
    /// - Parameters:
    ///   - tls: `nil` for a connection in plain text.
    ///   - setUp: adds the connection's own handlers; called on its loop before it is connected.
    /// - Returns: fails with NIO's errors, and with `TLSFailure`.
    package func connect(
        host: String,
        port: Int,
        tls: ClientTLS?,
        _ setUp: @escaping @Sendable (any Channel) throws -> Void = { _ in }
    ) -> EventLoopFuture<any Channel> {
        let connected = self.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try tls?.secure(channel, host: host)
                try setUp(channel)
            }
        }
        .connect(host: host, port: port)
        guard tls != nil else { return connected }
        return connected.flatMap { channel in ClientTLS.handshake(of: channel).map { channel } }
    }
}

/// Tells when the handshake is done or has failed, and turns what the TLS library reports into `TLSFailure`s.
private final class HandshakeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private static let patience = TimeAmount.seconds(10)

    private let promise: EventLoopPromise<Void>
    private var timer: Scheduled<Void>?
    private var isDone = false

    var completion: EventLoopFuture<Void> { self.promise.futureResult }

    init(loop: any EventLoop) {
        self.promise = loop.makePromise()
        // Of the connections that are tried for one host name all but one end without anybody looking.
        self.promise.futureResult.whenFailure { _ in }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) {
            self.finish(.failure(TLSFailure.silent))
            context.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { self.finish(.success(())) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Both protocols tell where an answer ends: an end without TLS's own farewell cuts nothing short unnoticed, and
        // many servers leave it out.
        if self.isDone, case NIOSSLError.uncleanShutdown = error { return }
        let failure = TLSFailure(explaining: error)
        self.finish(.failure(failure))
        context.fireErrorCaught(failure)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.finish(.failure(TLSFailure.closed))
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.finish(.failure(TLSFailure.closed))
    }

    private func finish(_ result: Result<Void, any Error>) {
        self.timer?.cancel()
        self.timer = nil
        guard !self.isDone else { return }
        self.isDone = true
        self.promise.completeWith(result)
    }
}

extension ClientTLS {
    /// When the certificate of a server that a connection is to ends, in seconds since the epoch; `nil` without TLS.
    package static func certificateExpiry(of channel: any Channel) async -> Int64? {
        let expiry = try? await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.nioSSL_peerCertificate().map { Int64($0.notValidAfter) }
        }
        .get()
        return expiry ?? nil
    }
}
