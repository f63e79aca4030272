internal import AccessControl
internal import Broker
internal import KinesisProtocol
internal import Logging
internal import Model
internal import NIOCore
internal import NIOHTTP1
internal import ServerTLS
internal import Serving

/// What the requests of one connection have in common. Lives on the connection's event loop.
final class ClientContext {
    let service: KinesisService
    private(set) var session: Session
    let gate: any Gate
    /// Of the access keys that may call; `nil` lets everybody in, and so does one that requires nothing.
    let verifier: SignatureVerifier?
    /// Warnings that clients can cause.
    let log: ConnectionLog
    let logger: Logger
    let eventLoop: any EventLoop
    /// Where the event loop's requests are counted.
    let stripe: RequestMetrics.Stripe
    /// A connection names the same credential again and again.
    var lastCaller = LastCaller()
    /// Of the request before.
    private var lastRights: (session: Session, rights: Rights)?
    /// Of the request before that was verified.
    private var lastSession: Session?
    /// As whom GetRecords was last called, and what that is followed by.
    private var lastReader: (accessKeyID: String, userAgent: String?, reader: ShardReaders.Reader)?
    /// The router of the stream that was last put to.
    private var lastRouter: (topic: HostedTopic, router: StreamRouter)?

    init(
        service: KinesisService,
        session: Session,
        gate: any Gate,
        verifier: SignatureVerifier? = nil,
        log: ConnectionLog,
        logger: Logger,
        eventLoop: any EventLoop
    ) {
        self.service = service
        self.session = session
        self.gate = gate
        self.verifier = verifier
        self.log = log
        self.logger = logger
        self.eventLoop = eventLoop
        self.stripe = service.backend.kinesisMetrics.requestMetrics.stripe(of: eventLoop)
    }

    var memory: ConnectionMemory { self.service.backend.memory }
    var metrics: BrokerMetrics.Face { self.service.backend.kinesisMetrics }

    /// The handshake of TLS is done.
    func secured(_ event: ConnectionSecured) { self.session = self.session.secured(event) }

    /// Whose request this is.
    ///
    /// - Throws: AWS's error when signatures are required and the request is not signed by one of the access keys.
    func authenticate(_ head: HTTPRequestHead, _ body: ByteBuffer) throws(KinesisError) -> Session {
        guard let verifier, verifier.isRequired else { return self.session }
        let uri = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = SignedParts(
            method: head.method.rawValue,
            path: String(uri[0]),
            query: uri.count > 1 ? String(uri[1]) : "",
            headers: head.headers.map { ($0.name, $0.value) }
        )
        let signer = try verifier.verify(
            parts,
            bodyDigest: { body.withUnsafeReadableBytes { SHA256Digest.hex($0) } },
            now: self.service.backend.now()
        )
        if let lastSession, lastSession.principal.name == signer.user { return lastSession }
        let session = Session(
            listener: self.session.listener,
            local: self.session.local,
            remote: self.session.remote,
            tls: self.session.tls,
            principal: Principal(name: signer.user)
        )
        self.lastSession = session
        return session
    }

    var audit: any AuditLog { self.service.backend.audit }

    /// What the principal of a request may do now. Its rights are kept until its ACLs, or the principal, are others.
    func access(of session: Session, _ caller: Caller) -> KinesisAccess {
        let authorizer = self.service.backend.aclAuthorizer
        var rights = Rights.unrestricted
        if let authorizer {
            if let last = self.lastRights, last.session === session, last.rights.version == authorizer.version {
                rights = last.rights
            } else {
                rights = authorizer.rights(of: session.principal, from: session.remote.host)
                self.lastRights = (session, rights)
            }
        }
        return KinesisAccess(
            rights: rights,
            authorizer: authorizer,
            audit: self.audit,
            session: session,
            caller: caller,
            service: self.service
        )
    }

    /// Notes that a request was not signed rightly.
    ///
    /// - Parameter target: `X-Amz-Target`, as it came.
    func noteUnauthenticated(_ error: KinesisError, target: String?) {
        guard self.audit.isEnabled else { return }
        self.audit.record(
            AuditEvent(
                .authentication,
                session: self.session,
                face: "kinesis",
                operation: String((target ?? "").prefix(64)),
                outcome: .refused,
                // The message repeats what came, the signature included.
                reason: error.code.rawValue
            )
        )
    }

    /// Who calls GetRecords: the access key and the product that the user agent begins with.
    func reader(of stream: TopicID, _ caller: Caller, userAgent: String?) -> ShardReaders.Reader {
        if let last = self.lastReader, last.reader.key.stream == stream, last.accessKeyID == caller.accessKeyID,
            last.userAgent == userAgent
        {
            return last.reader
        }
        // Clients choose both: bounded, and of one word.
        let product = (userAgent ?? "").prefix { $0 != " " }.prefix(64)
        let key = caller.accessKeyID.isEmpty ? "anonymous" : String(caller.accessKeyID.prefix(64))
        let name = product.isEmpty ? key : "\(key) \(product)"
        let reader = self.service.backend.shardReaders.reader(.init(stream: stream, name: name, kind: .getRecords))
        self.lastReader = (caller.accessKeyID, userAgent, reader)
        return reader
    }

    func router(for topic: HostedTopic) -> StreamRouter {
        if let lastRouter, lastRouter.topic === topic { return lastRouter.router }
        let made = StreamRouter(topic.topic)
        self.lastRouter = (topic, made)
        return made
    }

    /// - Parameter reason: one sentence, what happened and what helps.
    func warn(_ kind: ConnectionLog.Kind, _ reason: @autoclosure () -> String) {
        self.log.warn(kind, reason(), client: self.session.remote.host, on: self.eventLoop)
    }
}
