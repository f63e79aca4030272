internal import Broker
internal import KinesisProtocol
internal import NIOCore
internal import Quotas
internal import Serving

/// Decodes one request, has its operation carried out and encodes the output.
struct OperationCall {
    let request: KinesisRequest
    let client: ClientContext
    /// Whose request it is.
    let session: Session
    /// What the answer to a GetRecords may hold.
    let answerBytesMax: Int
    /// Who is charged for what is read, where there are quotas.
    let quotaClient: QuotaClient?
    /// Another broker has it carried out here.
    private let isForwarded: Bool
    /// Filled in when the input is decoded.
    private let act: OperationAct?

    init(
        request: KinesisRequest,
        client: ClientContext,
        session: Session,
        answerBytesMax: Int,
        quotaClient: QuotaClient?,
        isForwarded: Bool = false
    ) {
        self.isForwarded = isForwarded
        self.request = request
        self.client = client
        self.session = session
        self.answerBytesMax = answerBytesMax
        self.quotaClient = quotaClient
        let isAudited = request.operation.isAdministrative && client.audit.isEnabled
        self.act = isAudited ? OperationAct() : nil
    }

    private var service: KinesisService { self.client.service }
    private var eventLoop: any EventLoop { self.client.eventLoop }
    private var access: KinesisAccess { self.client.access(of: self.session, self.request.caller) }

    /// - Parameter respond: called once, on `eventLoop`, with the body of the answer.
    func run(_ respond: @escaping Respond<AnswerBody>) {
        let respond = self.audited(respond)
        do throws(KinesisError) {
            try self.service.limits.check(
                self.request.operation,
                by: self.request.caller,
                now: self.service.backend.now()
            )
            try self.dispatch(respond)
        } catch {
            respond(.failure(error))
        }
    }

    /// Has the outcome of an administrative operation noted.
    private func audited(_ respond: @escaping Respond<AnswerBody>) -> Respond<AnswerBody> {
        guard let act else { return respond }
        let (audit, session, operation) = (self.client.audit, self.session, self.request.operation)
        return { result in
            var event = AuditEvent(
                .administration,
                session: session,
                face: "kinesis",
                operation: operation.rawValue,
                resource: act.stream.map { "TOPIC:\($0)" } ?? "CLUSTER",
                outcome: .succeeded
            )
            if case .failure(let error) = result {
                event.outcome = error.code == .accessDenied ? .refused : .failed
                event.reason = error.code.rawValue
            }
            audit.record(event)
            respond(result)
        }
    }

    private func dispatch(_ respond: @escaping Respond<AnswerBody>) throws(KinesisError) {
        let service = self.service
        let caller = self.request.caller
        let client = self.client
        switch self.request.operation {
        case .putRecords:
            let input = try PutRecordsInput.decode(self.request.body, as: self.request.contentType)
            try self.authorize(input)
            service.putRecords(input, caller, router: { client.router(for: $0) }, on: self.eventLoop) {
                self.encode($0, respond)
            }
        case .putRecord:
            let input = try self.input(PutRecordInput.self)
            service.putRecord(input, caller, router: { client.router(for: $0) }, on: self.eventLoop) {
                self.encode($0, respond)
            }
        case .getRecords:
            let input = try self.input(GetRecordsInput.self)
            guard let peers = self.peers else { return self.getRecords(input, respond) }
            self.forward(through: peers, respond, place: { service.place(ofIterator: input.shardIterator ?? "") }) {
                self.getRecords(input, respond)
            }
        case .getShardIterator:
            let input = try self.input(GetShardIteratorInput.self)
            guard let peers = self.peers else { return self.getShardIterator(input, respond) }
            self.forward(through: peers, respond, place: { service.place(of: input.shardID, in: input.stream) }) {
                self.getShardIterator(input, respond)
            }
        case .subscribeToShard: self.subscribe(try self.input(), respond)
        default: try self.dispatchControl(respond)
        }
    }

    /// The operations that describe and change streams.
    private func dispatchControl(_ respond: @escaping Respond<AnswerBody>) throws(KinesisError) {
        let service = self.service
        let caller = self.request.caller
        switch self.request.operation {
        case .putRecords, .putRecord, .getRecords, .getShardIterator, .subscribeToShard:
            preconditionFailure("an operation on records came here")
        case .describeLimits:
            _ = try self.input(DescribeLimitsInput.self)
            self.encode(.success(service.describeLimits()), respond)
        case .listShards:
            self.encode(.success(try service.listShards(try self.input(), caller)), respond)
        case .listStreams:
            self.encode(.success(try service.listStreams(try self.input(), caller) { self.access.sees($0) }), respond)
        case .describeStream:
            self.encode(.success(try service.describeStream(try self.input(), caller)), respond)
        case .describeStreamSummary:
            self.encode(.success(try service.describeStreamSummary(try self.input(), caller)), respond)
        case .describeStreamConsumer:
            self.encode(.success(try service.describeStreamConsumer(try self.input(), caller)), respond)
        case .listStreamConsumers:
            self.encode(.success(try service.listStreamConsumers(try self.input(), caller)), respond)
        case .listTagsForStream:
            self.encode(.success(try service.listTagsForStream(try self.input(), caller)), respond)
        case .listTagsForResource:
            self.encode(.success(try service.listTagsForResource(try self.input(), caller)), respond)
        case .getResourcePolicy:
            self.encode(.success(try service.getResourcePolicy(try self.input(), caller)), respond)
        case .createStream:
            try self.change(respond, CreateStreamInput.self) { (input) throws(KinesisError) in
                try await service.createStream(input, caller)
            }
        case .deleteStream:
            try self.change(respond, DeleteStreamInput.self) { (input) throws(KinesisError) in
                try await service.deleteStream(input, caller)
            }
        case .splitShard:
            try self.change(respond, SplitShardInput.self) { (input) throws(KinesisError) in
                try await service.splitShard(input, caller)
            }
        case .mergeShards:
            try self.change(respond, MergeShardsInput.self) { (input) throws(KinesisError) in
                try await service.mergeShards(input, caller)
            }
        case .deregisterStreamConsumer:
            try self.change(respond, ConsumerReference.self) { (input) throws(KinesisError) in
                try await service.deregisterStreamConsumer(input, caller)
            }
        case .addTagsToStream:
            try self.change(respond, AddTagsToStreamInput.self) { (input) throws(KinesisError) in
                try await service.addTagsToStream(input, caller)
            }
        case .removeTagsFromStream:
            try self.change(respond, RemoveTagsFromStreamInput.self) { (input) throws(KinesisError) in
                try await service.removeTagsFromStream(input, caller)
            }
        case .tagResource:
            try self.change(respond, ResourceInput.self) { (input) throws(KinesisError) in
                try await service.tagResource(input, caller)
            }
        case .untagResource:
            try self.change(respond, ResourceInput.self) { (input) throws(KinesisError) in
                try await service.untagResource(input, caller)
            }
        case .putResourcePolicy:
            try self.change(respond, ResourceInput.self) { (input) throws(KinesisError) in
                try await service.putResourcePolicy(input, caller)
            }
        case .deleteResourcePolicy:
            try self.change(respond, ResourceInput.self) { (input) throws(KinesisError) in
                try await service.deleteResourcePolicy(input, caller)
            }
        case .increaseStreamRetentionPeriod:
            try self.change(respond, RetentionInput.self) { (input) throws(KinesisError) in
                try await service.increaseRetention(input, caller)
            }
        case .decreaseStreamRetentionPeriod:
            try self.change(respond, RetentionInput.self) { (input) throws(KinesisError) in
                try await service.decreaseRetention(input, caller)
            }
        case .startStreamEncryption:
            try self.change(respond, EncryptionInput.self) { (input) throws(KinesisError) in
                try await service.startEncryption(input, caller)
            }
        case .stopStreamEncryption:
            try self.change(respond, EncryptionInput.self) { (input) throws(KinesisError) in
                try await service.stopEncryption(input, caller)
            }
        case .updateStreamMode:
            try self.change(respond, UpdateStreamInput.self) { (input) throws(KinesisError) in
                try await service.updateStreamMode(input, caller)
            }
        case .updateMaxRecordSize:
            try self.change(respond, UpdateStreamInput.self) { (input) throws(KinesisError) in
                try await service.updateMaxRecordSize(input, caller)
            }
        case .updateStreamRecordDistributionStrategy:
            try self.change(respond, UpdateStreamInput.self) { (input) throws(KinesisError) in
                try await service.updateDistribution(input, caller)
            }
        case .updateShardCount:
            try self.changeAndTell(respond, UpdateShardCountInput.self) { (input) throws(KinesisError) in
                try await service.updateShardCount(input, caller)
            }
        case .registerStreamConsumer:
            try self.changeAndTell(respond, RegisterStreamConsumerInput.self) { (input) throws(KinesisError) in
                try await service.registerStreamConsumer(input, caller)
            }
        case .enableEnhancedMonitoring:
            try self.changeAndTell(respond, MonitoringInput.self) { (input) throws(KinesisError) in
                try await service.enableMonitoring(input, caller)
            }
        case .disableEnhancedMonitoring:
            try self.changeAndTell(respond, MonitoringInput.self) { (input) throws(KinesisError) in
                try await service.disableMonitoring(input, caller)
            }
        case .describeAccountSettings:
            try self.changeAndTell(respond, AccountSettingsInput.self) { (_) throws(KinesisError) in
                try await service.describeAccountSettings()
            }
        case .updateAccountSettings:
            try self.changeAndTell(respond, AccountSettingsInput.self) { (input) throws(KinesisError) in
                try await service.updateAccountSettings(input)
            }
        case .updateStreamWarmThroughput:
            try self.changeAndTell(respond, UpdateStreamInput.self) { (input) throws(KinesisError) in
                try await service.updateWarmThroughput(input, caller)
            }
        }
    }

    /// An operation without output that changes metadata.
    private func change<Input: AuthorizedInput>(
        _ respond: @escaping Respond<AnswerBody>,
        _ type: Input.Type,
        _ operation: @escaping @Sendable (Input) async throws(KinesisError) -> Void
    ) throws(KinesisError) {
        let input = try self.input(type)
        self.runTask(respond) { () throws(KinesisError) in try await operation(input) }
    }

    /// An operation that changes metadata and tells what came of it.
    private func changeAndTell<Input: AuthorizedInput, Output: OperationOutput & Sendable>(
        _ respond: @escaping Respond<AnswerBody>,
        _ type: Input.Type,
        _ operation: @escaping @Sendable (Input) async throws(KinesisError) -> Output
    ) throws(KinesisError) {
        let input = try self.input(type)
        self.runTask(respond, encoding: { self.whole($0) }) { () throws(KinesisError) in try await operation(input) }
    }

    private func subscribe(_ input: SubscribeToShardInput, _ respond: @escaping Respond<AnswerBody>) {
        let (caller, type) = (self.request.caller, self.request.contentType)
        switch type {
        case .json:
            self.service.subscribeToShard(
                input,
                caller,
                as: type,
                JSONWriter.self,
                client: self.client,
                access: self.access,
                chargedTo: self.quotaClient,
                respond: respond
            )
        case .cbor:
            self.service.subscribeToShard(
                input,
                caller,
                as: type,
                CBORWriter.self,
                client: self.client,
                access: self.access,
                chargedTo: self.quotaClient,
                respond: respond
            )
        }
    }

    /// The way to other brokers, for a request that came from a client.
    private var peers: (any PeerCalls)? { self.isForwarded ? nil : self.service.backend.peerCalls }

    /// Has the request carried out by the broker that leads its shard.
    private func forward(
        through peers: any PeerCalls,
        _ respond: @escaping Respond<AnswerBody>,
        place: @escaping () -> LedPlace,
        here run: @escaping () -> Void
    ) {
        let operation = ForwardedOperation(
            request: self.request,
            session: self.session,
            answerBytesMax: self.answerBytesMax
        )
        ForwardedCall.start(
            .operation(operation),
            peers: peers,
            isRepeatable: true,
            on: self.eventLoop,
            place: place,
            here: run
        ) { outcome in
            switch outcome {
            case .done(let body): respond(.success(.whole(body)))
            case .refused(let error): respond(.failure(error))
            case .unavailable, .unknown:
                respond(.failure(KinesisError(.serviceUnavailable, "No server leads the shard now. Try again.")))
            }
        }
    }

    private func getShardIterator(_ input: GetShardIteratorInput, _ respond: @escaping Respond<AnswerBody>) {
        self.service.getShardIterator(input, self.request.caller, on: self.eventLoop) { self.encode($0, respond) }
    }

    private func getRecords(_ input: GetRecordsInput, _ respond: @escaping Respond<AnswerBody>) {
        switch self.request.contentType {
        case .json: self.getRecords(input, JSONWriter.self) { respond($0.map { .chunked(JSONRecordsBody($0)) }) }
        case .cbor: self.getRecords(input, CBORWriter.self) { respond($0.map { .chunked(CBORRecordsBody($0)) }) }
        }
    }

    private func getRecords<Writer: ShapeWriter>(
        _ input: GetRecordsInput,
        _ writer: Writer.Type,
        _ respond: @escaping Respond<RecordsAnswer<Writer>>
    ) {
        GetRecordsOperation<Writer>.start(
            input,
            self.request.caller,
            service: self.service,
            answerBytesMax: self.answerBytesMax,
            access: self.access,
            reader: { self.client.reader(of: $0, self.request.caller, userAgent: self.request.userAgent) },
            logger: self.client.logger,
            on: self.eventLoop,
            respond: respond
        )
    }

    /// Decodes the input, unless its caller may not have the operation carried out.
    private func input<Input: AuthorizedInput>(_ type: Input.Type = Input.self) throws(KinesisError) -> Input {
        let input = try Input.decode(self.request.body, as: self.request.contentType)
        try self.authorize(input)
        return input
    }

    private func authorize(_ input: some AuthorizedInput) throws(KinesisError) {
        let access = self.access
        if access.isExempt, self.act == nil { return }
        let stream = try input.authorizedStream(self.service)
        self.act?.stream = stream
        try access.require(self.request.operation, on: stream, consumerARN: input.authorizedConsumer)
    }

    private func encode(
        _ result: Result<some OperationOutput, KinesisError>,
        _ respond: Respond<AnswerBody>
    ) {
        respond(result.map { self.whole($0) })
    }

    private func whole(_ output: some OperationOutput) -> AnswerBody {
        .whole(OutputEncoding.encode(output, as: self.request.contentType))
    }

    /// Runs an operation without output that changes metadata, off the loop.
    private func runTask(
        _ respond: @escaping Respond<AnswerBody>,
        _ operation: @escaping @Sendable () async throws(KinesisError) -> Void
    ) {
        self.runTask(respond, encoding: { _ in .whole(ByteBuffer()) }, operation)
    }

    /// Runs an operation that changes metadata, off the loop.
    private func runTask<Output: Sendable>(
        _ respond: @escaping Respond<AnswerBody>,
        encoding: @escaping (Output) -> AnswerBody,
        _ operation: @escaping @Sendable () async throws(KinesisError) -> Output
    ) {
        let bound = NIOLoopBound((respond: respond, encoding: encoding), eventLoop: self.eventLoop)
        self.eventLoop.makeFutureWithTask { () -> Result<Output, KinesisError> in
            do throws(KinesisError) {
                return .success(try await operation())
            } catch {
                return .failure(error)
            }
        }.whenComplete { outcome in
            let (respond, encoding) = bound.value
            switch outcome {
            case .success(let result): respond(result.map(encoding))
            case .failure: respond(.failure(.internalFailure))
            }
        }
    }
}

/// What an operation is about, for the audit log. Lives on the event loop.
private final class OperationAct {
    var stream: String?
}

/// Encodes a whole output.
enum OutputEncoding {
    static func encode(_ output: some OperationOutput, as contentType: ContentType) -> ByteBuffer {
        switch contentType {
        case .json:
            var writer = JSONWriter(into: ByteBufferAllocator().buffer(capacity: 1024))
            output.write(to: &writer)
            return writer.buffer
        case .cbor:
            var writer = CBORWriter(into: ByteBufferAllocator().buffer(capacity: 1024))
            output.write(to: &writer)
            return writer.buffer
        }
    }
}
