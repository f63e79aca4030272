internal import AccessControl
internal import Broker
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import Quotas
internal import Serving

/// What is known of a request besides its body.
struct RequestInfo: Sendable {
    var header: RequestHeader
    var session: Session
    /// What the session's principal may do, as of the request's begin.
    var rights: Rights
    /// When it had arrived whole, as far as it was looked at: requests behind one that waits are not.
    var arrived: NIODeadline
    /// When it was dispatched.
    var started: NIODeadline
    /// What the client is told to pause because of the request's bytes.
    var pauseMilliseconds: Int32 = 0

    var version: Int16 { self.header.apiVersion }
    var clientID: String { self.header.clientID ?? "" }
    var quotaClient: QuotaClient { QuotaClient(user: self.session.principal.name, clientID: self.clientID) }
}

/// One request that waits for its answer. Answer exactly once, on `eventLoop`.
struct Call<Response: KafkaResponse>: Sendable {
    let info: RequestInfo
    let services: Services
    let eventLoop: any EventLoop
    let connection: NIOLoopBound<KafkaConnection>
    private let ticket: RequestTicket
    /// Changes the answer on its way: for what is refused of the request, and for the audit log.
    private var amend: (@Sendable (inout Response) -> Void)?

    init(
        info: RequestInfo,
        services: Services,
        eventLoop: any EventLoop,
        connection: KafkaConnection,
        ticket: RequestTicket
    ) {
        self.info = info
        self.services = services
        self.eventLoop = eventLoop
        self.connection = NIOLoopBound(connection, eventLoop: eventLoop)
        self.ticket = ticket
    }

    var broker: Broker { self.services.broker }
    var version: Int16 { self.info.version }
    var session: Session { self.info.session }

    /// The same call, whose answer is changed on its way.
    func amended(_ change: @escaping @Sendable (inout Response) -> Void) -> Call {
        var call = self
        if let first = self.amend {
            call.amend = { response in
                first(&response)
                change(&response)
            }
        } else {
            call.amend = change
        }
        return call
    }

    /// Asks what the client may do.
    func access(_ api: APIKey) -> Access {
        Access(
            rights: self.info.rights,
            broker: self.broker,
            session: self.session,
            version: self.version,
            operation: api.name
        )
    }

    /// - Returns: the encoded frame, if it is one buffer.
    @discardableResult
    func answer(_ response: Response) -> ByteBuffer? {
        guard let amend else { return self.connection.value.answer(self.ticket, with: response, to: self.info) }
        var amended = response
        amend(&amended)
        return self.connection.value.answer(self.ticket, with: amended, to: self.info)
    }

    /// Answers with the frame of an earlier answer to the same request.
    func answer(frame: ByteBuffer) {
        self.connection.value.answer(self.ticket, withFrame: frame, to: self.info)
    }

    /// What the client said of itself, for the subscriptions of its metrics (KIP-714).
    func clientAttributes(instanceID: TopicID) -> ClientTelemetryStore.Attributes {
        var attributes = [
            "client_instance_id": "\(instanceID)", "client_id": self.info.clientID,
            "client_source_address": self.session.remote.host, "client_source_port": "\(self.session.remote.port)",
        ]
        if let software = self.connection.value.software {
            attributes["client_software_name"] = software.name
            attributes["client_software_version"] = software.version
        }
        return attributes
    }

    /// The client says what it is (KIP-511).
    func identified(as software: ClientSoftware) { self.connection.value.software = software }

    /// acks=0: the client waits for nothing.
    func answerNothing() {
        self.connection.value.answerNothing(self.ticket, to: self.info)
    }

    /// How long a part of a produce took.
    func passed(_ stage: RequestMetrics.ProduceStage, from begin: NIODeadline, to end: NIODeadline) {
        self.connection.value.stripe?.passed(stage, nanoseconds: (end - begin).nanoseconds)
    }

    /// acks=0 and it failed: Kafka closes the connection so that the client notices.
    func closeConnection(_ kind: ConnectionLog.Kind, because reason: @autoclosure () -> String) {
        self.connection.value.close(kind, because: reason())
    }

    /// Writes a warning that this client caused, at most one of a kind in some seconds.
    func warn(_ kind: ConnectionLog.Kind, _ reason: @autoclosure () -> String) {
        self.services.log.warn(kind, reason(), client: self.session.remote.host, on: self.eventLoop)
    }

    /// For control-plane requests: runs `work` off the event loop and answers with what it returns.
    func answer(with work: @escaping @Sendable () async -> Response) {
        self.eventLoop.makeFutureWithTask(work).whenSuccess { self.answer($0) }
    }

    /// Has something done when the request is not answered by then.
    func onDeadline(after time: TimeAmount, _ expire: @escaping @Sendable () -> Void) {
        self.onDeadline(at: .now() + time, expire)
    }

    /// Has something done when the request is not answered by then.
    func onDeadline(at deadline: NIODeadline, _ expire: @escaping @Sendable () -> Void) {
        self.connection.value.onDeadline(deadline, of: self.ticket, expire)
    }

    /// Keeps something that must be cancelled when the connection closes before the answer.
    func onClose(_ cancel: @escaping @Sendable () -> Void) {
        self.connection.value.onClose(of: self.ticket, cancel)
    }
}

extension Call where Response == FetchResponse {
    /// The connection's fetch, which outlives a request.
    var connectionFetch: ConnectionFetch { self.connection.value.fetch }

    /// What quotas say of an answer with so many bytes of records. Ask once, and answer with nothing when it is
    /// above 0.
    ///
    /// - Returns: milliseconds that the client must pause.
    func pause(forRecordBytes bytes: @autoclosure () -> Int) -> Int32 {
        guard self.broker.quotas.isLimitingRequests else { return 0 }
        return self.connection.value.fetchAnswered(self.info, bytes: bytes())
    }
}

/// What a client is, as it says (KIP-511).
struct ClientSoftware: Sendable, Equatable {
    var name: String
    var version: String
}

/// What every API handler works with. One for all connections: a call keeps one reference to it.
final class Services: Sendable {
    let broker: Broker
    /// Asked before a request is dispatched.
    let gate: any Gate
    let log: ConnectionLog
    let fetchSessions: FetchSessionCache

    init(broker: Broker, gate: any Gate, log: ConnectionLog, fetchSessions: FetchSessionCache) {
        self.broker = broker
        self.gate = gate
        self.log = log
        self.fetchSessions = fetchSessions
    }
}
