internal import Broker
internal import KinesisProtocol
internal import LeaseTables
internal import NIOCore
internal import NIOHTTP1
internal import Serving

/// A request of a service that Kinesis consumers use beside Kinesis: DynamoDB for their leases, CloudWatch for their
/// metrics, and what asks whether the server is up.
///
/// KCL's three clients all speak to this port. What is not one of these is a request of Kinesis.
struct CompanionRequest {
    enum Call {
        case leaseTables(LeaseTableOperation)
        /// PutMetricData.
        case metrics(MetricsEncoding)
    }

    var call: Call
    var caller: Caller
    var body: ByteBuffer

    /// As the gate knows it.
    var operationName: String {
        switch self.call {
        case .leaseTables(let operation): "dynamodb:" + operation.rawValue
        case .metrics: "cloudwatch:PutMetricData"
        }
    }

    enum Reading {
        case accepted(CompanionRequest)
        case answered(Answer)
    }

    /// `nil` for a request of Kinesis.
    ///
    /// - Parameters:
    ///   - lastCaller: of the request before on the same connection.
    ///   - isReady: whether health checks are to pass.
    static func read(
        _ head: HTTPRequestHead,
        _ body: ByteBuffer,
        lastCaller: inout LastCaller,
        isReady: Bool
    ) -> Reading? {
        if head.method == .GET { return HealthAnswer.answer(to: head.uri, isReady: isReady).map { .answered($0) } }
        guard head.method == .POST else { return nil }
        if let target = head.headers.first(name: "x-amz-target"), target.hasPrefix(LeaseTableOperation.targetPrefix) {
            return self.leaseTables(String(target.dropFirst(LeaseTableOperation.targetPrefix.count))) {
                () throws(KinesisError) in
                CompanionRequest(
                    call: .leaseTables(.getItem),
                    caller: try Self.caller(head, &lastCaller),
                    body: body
                )
            }
        }
        guard let metrics = MetricsCall.recognize(head, body) else { return nil }
        switch metrics {
        case .putMetricData(let encoding):
            do throws(KinesisError) {
                let caller = try Self.caller(head, &lastCaller)
                return .accepted(CompanionRequest(call: .metrics(encoding), caller: caller, body: body))
            } catch {
                return .answered(MetricsCall.refusal(error.code.rawValue, error.message, encoding))
            }
        case .other(let name, let encoding):
            return .answered(
                MetricsCall.refusal(
                    "InvalidAction",
                    "\(name.prefix(64)) is not served: this server takes the metrics of Kinesis clients and is not CloudWatch.",
                    encoding
                )
            )
        }
    }

    private static func leaseTables(
        _ name: String,
        _ make: () throws(KinesisError) -> CompanionRequest
    ) -> Reading {
        do throws(KinesisError) {
            var request = try make()
            guard let operation = LeaseTableOperation(rawValue: name) else {
                return .answered(LeaseTableError(notServed: name).answer)
            }
            request.call = .leaseTables(operation)
            return .accepted(request)
        } catch {
            return .answered(LeaseTableError(error).answer)
        }
    }

    private static func caller(_ head: HTTPRequestHead, _ last: inout LastCaller) throws(KinesisError) -> Caller {
        let query = head.uri.utf8.firstIndex(of: UInt8(ascii: "?")).map { head.uri[head.uri.index(after: $0)...] }
        let credentials = Credentials(
            authorization: head.headers.first(name: "authorization"),
            query: String(query ?? ""),
            hasDate: head.headers.contains(name: "x-amz-date") || head.headers.contains(name: "date"),
            regionSet: head.headers.first(name: "x-amz-region-set")
        )
        return try credentials.caller(after: &last)
    }
}

extension LeaseTableError {
    static let contentType = "application/x-amz-json-1.0"

    var answer: Answer {
        Answer(leaseTables: self.encoded(), status: self.status)
    }
}

extension Answer {
    /// With the checksum that DynamoDB's clients verify.
    init(leaseTables body: ByteBuffer, status: Int = 200) {
        self.init(status: status, contentType: LeaseTableError.contentType, body: .whole(body))
        self.headers = [("x-amz-crc32", String(CRC32.checksum(of: body)))]
    }
}

extension CompanionRequest {
    /// The answer to a request that is refused before it is carried out.
    func refusal(_ error: KinesisError) -> Answer {
        switch self.call {
        case .leaseTables: LeaseTableError(error).answer
        case .metrics(let encoding): MetricsCall.refusal(error.code.rawValue, error.message, encoding)
        }
    }

    /// - Parameter respond: called once, on the connection's event loop.
    func run(for client: ClientContext, session: Session, _ respond: @escaping (Answer) -> Void) {
        switch self.call {
        case .metrics(let encoding): respond(MetricsCall.answer(self.body, encoding))
        case .leaseTables(let operation):
            if let peers = client.service.backend.peerCalls {
                return self.forward(operation, through: peers, for: client, session: session, respond)
            }
            self.runHere(operation, for: client, session: session, respond)
        }
    }

    /// Has the request decided by the broker that leads the lease tables.
    private func forward(
        _ operation: LeaseTableOperation,
        through peers: any PeerCalls,
        for client: ClientContext,
        session: Session,
        _ respond: @escaping (Answer) -> Void
    ) {
        let call = ForwardedLeaseCall(operation: operation, caller: self.caller, session: session, body: self.body)
        ForwardedCall.start(
            .leaseTables(call),
            peers: peers,
            isRepeatable: operation.isReading,
            on: client.eventLoop,
            place: { client.service.place(ofLeaseTablesFor: operation) },
            here: { self.runHere(operation, for: client, session: session, respond) }
        ) { outcome in
            switch outcome {
            case .done(var fields):
                let status = fields.readInteger(as: UInt16.self) ?? 500
                respond(Answer(leaseTables: fields, status: Int(status)))
            case .refused(let error): respond(LeaseTableError(error).answer)
            case .unavailable, .unknown: respond(LeaseTableError.unavailable.answer)
            }
        }
    }

    /// - Parameter respond: called once, on the connection's event loop.
    func runHere(
        _ operation: LeaseTableOperation,
        for client: ClientContext,
        session: Session,
        _ respond: @escaping (Answer) -> Void
    ) {
        let call = LeaseTableCall(
            operation: operation,
            body: self.body,
            caller: self.caller,
            access: client.access(of: session, self.caller),
            service: client.service.backend.leaseTableService,
            eventLoop: client.eventLoop
        )
        call.run { result in
            switch result {
            case .success(let body): respond(Answer(leaseTables: body))
            case .failure(let error):
                if error.status >= 500 { client.warn(.failedRequest, error.message ?? error.type) }
                respond(error.answer)
            }
        }
    }
}
