internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import NIOCore
internal import NIOHTTP1
internal import Quotas
internal import Serving
internal import Synchronization

/// One request of the Kinesis API and its answer, over any transport: gathers the body, has the request
/// admitted and carried out, and gives the transport the answer.
///
/// Decides nothing itself: `ExchangeMachine` does. Data operations run on the loop; administrative ones in a task that
/// is waited for.
final class KinesisExchange: Exchange {
    /// The least memory that a GetRecords begins with: a record of the default size and what surrounds it.
    private static let answerBytesMin = 3 << 19

    private let client: ClientContext
    /// Owns this exchange.
    private weak var transport: (any ExchangeTransport)?
    private var machine = ExchangeMachine()
    /// Of the request that comes in.
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    /// Whose request it is, once that is known.
    private var session: Session?
    private var crossOrigin = ResponseHead.CrossOrigin.none
    /// Read and admitted; waits for memory or for the log.
    private var heldRequest: AdmittedRequest?
    /// What was granted for the answer, until the transport has it.
    private var share: ConnectionShare
    /// Its place among those who wait for memory.
    private var claim: MemoryClaim?
    /// What was granted for the answer.
    private var answerBytesMax = 0
    /// When the request had arrived whole.
    private var arrived: NIODeadline?
    /// The request's operation, as the metrics number it.
    private var operationNumber = KinesisMetrics.unknownOperation
    /// Who is charged for the request under way, where there are quotas.
    private var quotaClient: QuotaClient?

    init(of client: ClientContext, on transport: any ExchangeTransport) {
        self.client = client
        self.transport = transport
        self.share = ConnectionShare(of: client.memory)
    }

    // MARK: The request comes in

    func begin(_ head: HTTPRequestHead) {
        self.head = head
        self.crossOrigin = ResponseHead.CrossOrigin(head)
        switch self.machine.began(announced: Self.contentLength(head)) {
        case .take, .ignore: break
        case .refuseTooLarge: self.refuseTooLarge()
        }
    }

    func receive(_ bytes: ByteBuffer) {
        switch self.machine.bodyReceived(bytes.readableBytes) {
        case .take: self.append(bytes)
        case .refuseTooLarge: self.refuseTooLarge()
        case .ignore: break
        }
    }

    private func append(_ bytes: ByteBuffer) {
        guard self.body.readableBytes > 0 else {
            self.body = bytes
            return
        }
        // Makes room for what was announced, but never more than a few times what has come.
        let announced = self.head.flatMap(Self.contentLength) ?? 0
        let wanted = min(announced, self.body.readableBytes * 8)
        if wanted > self.body.capacity { self.body.reserveCapacity(wanted) }
        self.body.writeImmutableBuffer(bytes)
    }

    private static func contentLength(_ head: HTTPRequestHead) -> Int? {
        head.headers.first(name: "content-length").flatMap { Int($0) }
    }

    func end() {
        guard self.machine.bodyEnded(), let head = self.head.take() else { return }
        let body = self.body
        self.body = ByteBuffer()
        self.client.metrics.bytesReceived.add(body.readableBytes)
        self.arrived = .now()
        self.operationNumber = KinesisMetrics.unknownOperation
        if case .preflight = self.crossOrigin {
            self.answer(Answer(status: 200, contentType: nil, body: .whole(ByteBuffer())))
            return
        }
        let session: Session
        do throws(KinesisError) {
            // What is not a POST is not a call, and is answered so.
            session = head.method == .POST ? try self.client.authenticate(head, body) : self.client.session
        } catch {
            self.client.metrics.authenticationsFailed.add()
            self.client.noteUnauthenticated(error, target: head.headers.first(name: "x-amz-target"))
            self.fail(error, Self.contentType(head))
            return
        }
        self.session = session
        let isReady = self.client.service.isReady.load(ordering: .acquiring)
        switch CompanionRequest.read(head, body, lastCaller: &self.client.lastCaller, isReady: isReady) {
        case nil: break
        case .accepted(let request)?:
            self.operationNumber = KinesisMetrics.number(of: request.call)
            return self.admit(request, of: session)
        case .answered(let answer)?: return self.answer(answer)
        }
        switch KinesisRequest.read(head, body, lastCaller: &self.client.lastCaller) {
        case .accepted(let request):
            self.operationNumber = KinesisMetrics.number(of: request.operation)
            self.admit(request, of: session)
        case .refused(let error, let contentType): self.fail(error, contentType)
        case .notServed(let answer):
            self.client.metrics.requestsFailed.add()
            self.answer(answer)
        }
    }

    // MARK: Admission

    /// The one place where a request is refused before it is carried out.
    private func admit(_ request: KinesisRequest, of session: Session) {
        let decision = self.decide(
            request.operation.rawValue,
            of: request.caller,
            in: session,
            bytes: request.body.readableBytes
        )
        switch decision {
        case .permit: self.charge(request, of: session)
        case .refuse(let refusal):
            self.fail(
                KinesisError(refusal, of: "kinesis:" + request.operation.rawValue, by: request.caller),
                request.contentType
            )
        }
    }

    /// The same of a request for leases or metrics.
    private func admit(_ request: CompanionRequest, of session: Session) {
        let decision = self.decide(
            request.operationName,
            of: request.caller,
            in: session,
            bytes: request.body.readableBytes
        )
        switch decision {
        case .permit: break
        case .refuse(let refusal):
            let error = KinesisError(refusal, of: request.operationName, by: request.caller)
            return self.answer(request.refusal(error))
        }
        let need: ExchangeMachine.Need =
            switch request.call {
            case .leaseTables(let operation) where operation.answersWithPage:
                .room(RecordCollector<JSONWriter>.heldBytesMax)
            case .leaseTables, .metrics: .nothing
            }
        self.carryOut(.companion(request), self.machine.requestRead(need))
    }

    private func decide(_ operation: String, of caller: Caller, in session: Session, bytes: Int) -> GateDecision {
        self.client.gate.decide(
            GateRequest(
                session: session,
                operation: operation,
                clientID: caller.accessKeyID,
                bytes: bytes
            )
        )
    }

    /// Begins a request that may be carried out, within the quotas of its principal.
    private func charge(_ request: KinesisRequest, of session: Session) {
        guard let quotas = self.client.service.backend.clientQuotas else { return self.start(request) }
        // A subscription may outlive the moment without quotas.
        guard quotas.isLimitingRequests || request.operation == .subscribeToShard else {
            self.quotaClient = nil
            return self.start(request)
        }
        let client = Self.quotaClient(session, request.caller)
        if let refusal = self.quotaRefusal(of: request, client, quotas) {
            return self.fail(refusal, request.contentType)
        }
        self.quotaClient = client
        self.start(request)
    }

    private func start(_ request: KinesisRequest) {
        let need: ExchangeMachine.Need =
            switch request.operation {
            case .putRecord, .putRecords: self.client.service.backend.engine.isCongested ? .log : .nothing
            case .getRecords: .room(RecordCollector<JSONWriter>.heldBytesMax)
            default: .nothing
            }
        self.carryOut(.kinesis(request), self.machine.requestRead(need))
    }

    private func carryOut(_ request: AdmittedRequest, _ action: ExchangeMachine.StartAction) {
        switch action {
        case .run: self.run(request)
        case .acquire(let need):
            if self.acquire(need) {
                self.carryOut(request, self.machine.acquired())
            } else {
                self.heldRequest = request
                self.wait(for: need)
            }
        case .ignore: break
        }
    }

    private func acquire(_ need: ExchangeMachine.Need) -> Bool {
        switch need {
        case .nothing: true
        case .room(let wanted):
            self.adopt(self.client.memory.grant(upTo: wanted, atLeast: Self.answerBytesMin))
        case .log: !self.client.service.backend.engine.isCongested
        }
    }

    private func adopt(_ granted: Int?) -> Bool {
        guard let granted else { return false }
        self.share.adoptAnswer(granted)
        self.answerBytesMax = granted
        return true
    }

    private func wait(for need: ExchangeMachine.Need) {
        let eventLoop = self.client.eventLoop
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        switch need {
        case .nothing: break
        case .log: self.client.service.backend.engine.onRelief(on: eventLoop) { bound.value.relieved() }
        case .room(let wanted):
            self.claim = self.client.memory.whenGranted(
                upTo: wanted,
                atLeast: Self.answerBytesMin,
                on: eventLoop
            ) { bound.value.granted($0) }
        }
    }

    private func granted(_ bytes: Int) {
        self.claim = nil
        guard let request = self.heldRequest.take() else {
            self.client.memory.change(by: -bytes)
            return
        }
        _ = self.adopt(bytes)
        self.carryOut(request, self.machine.acquired())
    }

    private func relieved() {
        guard let request = self.heldRequest.take() else { return }
        self.carryOut(request, self.machine.relieved())
    }

    private func run(_ request: AdmittedRequest) {
        self.stopWaiting()
        switch request {
        case .kinesis(let request): self.run(request)
        case .companion(let request):
            request.run(for: self.client, session: self.session ?? self.client.session) { self.answer($0) }
        }
    }

    private func run(_ request: KinesisRequest) {
        let call = OperationCall(
            request: request,
            client: self.client,
            session: self.session ?? self.client.session,
            answerBytesMax: self.answerBytesMax,
            quotaClient: self.quotaClient
        )
        let contentType = request.contentType
        call.run { result in
            switch result {
            case .success(let body):
                if let quotaClient = self.quotaClient, let quotas = self.client.service.backend.clientQuotas {
                    self.charge(body, of: request, to: quotaClient, quotas)
                }
                var type = contentType.rawValue
                if case .stream = body { type = EventStreamMessage.contentType }
                self.answer(Answer(status: 200, contentType: type, body: body))
            case .failure(let error): self.fail(error, contentType)
            }
        }
    }

    private func stopWaiting() {
        self.claim?.cancel()
        self.claim = nil
        self.heldRequest = nil
    }

    // MARK: The answer

    private func refuseTooLarge() {
        self.answer(Answer(status: 413, contentType: nil, body: .whole(ByteBuffer())))
    }

    func refuse(_ error: KinesisError) {
        self.fail(error, self.head.map(Self.contentType) ?? .json)
    }

    /// How an error is told to a request of which no more is known.
    private static func contentType(_ head: HTTPRequestHead) -> ContentType {
        head.headers.first(name: "content-type").flatMap(ContentType.init(header:)) ?? .json
    }

    private func fail(_ error: KinesisError, _ contentType: ContentType) {
        self.client.metrics.requestsFailed.add()
        self.client.metrics.requestMetrics.failed(self.operationNumber, code: KinesisMetrics.number(of: error.code))
        if error.status >= 500 { self.client.warn(.failedRequest, "\(error.code.rawValue): \(error.message ?? "")") }
        let body = AnswerBody.whole(OutputEncoding.encode(error, as: contentType))
        self.answer(Answer(status: error.status, contentType: contentType.rawValue, body: body))
    }

    private func answer(_ answer: Answer) {
        switch self.machine.answered() {
        case .send: self.send(answer)
        case .ignore: break
        }
    }

    private func send(_ answer: Answer) {
        self.client.metrics.requests.add()
        if let arrived = self.arrived.take() {
            self.client.stripe.answered(self.operationNumber, nanoseconds: (.now() - arrived).nanoseconds)
        }
        self.head = nil
        self.body = ByteBuffer()
        var answer = answer
        answer.crossOrigin = self.crossOrigin
        answer.countedBytes = self.share.yieldAnswer()
        self.transport?.send(answer)
    }

    func finished() { _ = self.machine.finished() }

    func cancel() {
        guard self.machine.cancelled() else { return }
        self.stopWaiting()
        self.head = nil
        self.body = ByteBuffer()
        self.share.hold(0)
    }
}

extension ResponseHead.CrossOrigin {
    /// What browsers send beside what they always may, for the case that they do not say.
    private static let headersDefault =
        "authorization,content-type,x-amz-date,x-amz-security-token,x-amz-target,x-amz-user-agent,"
        + "x-amz-content-sha256,amz-sdk-invocation-id,amz-sdk-request"
    private static let headersBytesMax = 1024

    init(_ head: HTTPRequestHead) {
        guard head.headers.contains(name: "origin") else {
            self = .none
            return
        }
        guard head.method == .OPTIONS else {
            self = .allowed
            return
        }
        let asked = head.headers.first(name: "access-control-request-headers") ?? ""
        let isList =
            !asked.isEmpty && asked.utf8.count <= Self.headersBytesMax
            && asked.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        self = .preflight(headers: isList ? asked : Self.headersDefault)
    }
}
