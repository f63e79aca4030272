internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Logging
internal import Model
internal import NIOCore
internal import Serving

/// Carries out what other brokers ask for on behalf of their clients. Nothing of it is passed on again: what this
/// broker does not lead is answered so.
final class KinesisPeerService: PeerService {
    /// What an answer to a forwarded GetRecords holds at most: other requests wait behind it on the same connection.
    private static let answerBytesMax = 4 << 20
    /// The least memory that one begins with.
    private static let answerBytesMin = 3 << 19

    private let service: KinesisService
    private let log: ConnectionLog
    private let logger: Logger

    init(service: KinesisService, log: ConnectionLog, logger: Logger) {
        self.service = service
        self.log = log
        self.logger = logger
    }

    func answer(
        _ request: ByteBuffer,
        on eventLoop: any EventLoop,
        respond: @escaping @Sendable (ByteBuffer) -> Void
    ) {
        func answer(_ answer: PeerAnswer) { respond(answer.encoded) }
        let decoded: PeerRequest
        do throws(PeerMessageError) {
            decoded = try PeerRequest(request)
        } catch {
            self.logger.warning("a broker sent a request that this version does not know")
            return answer(.refused(.internalFailure))
        }
        switch decoded {
        case .operation(let operation): self.carryOut(operation, on: eventLoop, answer)
        case .put(let put): self.carryOut(put, on: eventLoop, answer)
        case .leaseTables(let call): self.carryOut(call, on: eventLoop, answer)
        case .subscription(let subscription): self.carryOut(subscription, on: eventLoop, answer)
        case .event(let event):
            switch event.contentType {
            case .json: EventRead<JSONWriter>.start(event, service: self.service, on: eventLoop, respond: answer)
            case .cbor: EventRead<CBORWriter>.start(event, service: self.service, on: eventLoop, respond: answer)
            }
        }
    }

    private func client(_ session: Session, on eventLoop: any EventLoop) -> ClientContext {
        ClientContext(
            service: self.service,
            session: session,
            gate: OpenGate(),
            log: self.log,
            logger: self.logger,
            eventLoop: eventLoop
        )
    }

    private func carryOut(
        _ operation: ForwardedOperation,
        on eventLoop: any EventLoop,
        _ respond: @escaping (PeerAnswer) -> Void
    ) {
        let memory = self.service.backend.memory
        var granted = 0
        if operation.request.operation == .getRecords {
            let wanted = min(max(operation.answerBytesMax, Self.answerBytesMin), Self.answerBytesMax)
            // The other broker asks again in a while.
            guard let share = memory.grant(upTo: wanted, atLeast: Self.answerBytesMin) else {
                return respond(.notServed)
            }
            granted = share
        }
        let call = OperationCall(
            request: operation.request,
            client: self.client(operation.session, on: eventLoop),
            session: operation.session,
            answerBytesMax: granted,
            quotaClient: nil,
            isForwarded: true
        )
        call.run { result in
            switch result.flatMap(Self.bytes) {
            case .success(let body): respond(.done(body))
            // Its partition has moved, or moves.
            case .failure(let error) where error.code == .serviceUnavailable: respond(.notServed)
            case .failure(let error): respond(.refused(error))
            }
            memory.change(by: -granted)
        }
    }

    private static func bytes(_ body: AnswerBody) -> Result<ByteBuffer, KinesisError> {
        switch body {
        case .whole(let bytes): return .success(bytes)
        case .stream: return .failure(.internalFailure)
        case .chunked(let body):
            var bytes = ByteBufferAllocator().buffer(capacity: body.byteCount)
            do throws(ChunkedBodyError) {
                while body.bytesLeft > 0 { bytes.writeImmutableBuffer(try body.next(after: ByteBuffer())) }
            } catch {
                return .failure(.internalFailure)
            }
            return .success(bytes)
        }
    }

    private func carryOut(
        _ put: ForwardedPut,
        on eventLoop: any EventLoop,
        _ respond: @escaping (PeerAnswer) -> Void
    ) {
        // The other broker knows the stream: this one's metadata is behind, or ahead.
        guard let hosted = self.service.backend.topic(id: put.stream) else { return respond(.notServed) }
        let misplaced = MisplacedRecords()
        let count = put.entries.count
        do throws(KinesisError) {
            try self.service.putHere(
                put.entries,
                payload: put.payload,
                hosted,
                put.caller,
                StreamRouter(hosted.topic),
                keylessHash: put.keylessHash,
                misplaced: misplaced,
                eventLoop
            ) { result in
                respond(.done(PutOutcome.encode(PutOutcome.outcomes(of: result, count: count, misplaced))))
            }
        } catch {
            respond(.refused(error))
        }
    }

    private func carryOut(
        _ call: ForwardedLeaseCall,
        on eventLoop: any EventLoop,
        _ respond: @escaping (PeerAnswer) -> Void
    ) {
        guard self.service.place(ofLeaseTablesFor: call.operation) == .here else { return respond(.notServed) }
        let request = CompanionRequest(call: .leaseTables(call.operation), caller: call.caller, body: call.body)
        let client = self.client(call.session, on: eventLoop)
        request.runHere(call.operation, for: client, session: call.session) { answer in
            guard case .whole(let body) = answer.body else { return respond(.refused(.internalFailure)) }
            var fields = ByteBufferAllocator().buffer(capacity: body.readableBytes + 2)
            fields.writeInteger(UInt16(clamping: answer.status))
            fields.writeImmutableBuffer(body)
            respond(.done(fields))
        }
    }

    private func carryOut(
        _ subscription: ForwardedSubscription,
        on eventLoop: any EventLoop,
        _ respond: @escaping (PeerAnswer) -> Void
    ) {
        let service = self.service
        let place = service.place(of: subscription.position.shardID, in: subscription.position.stream)
        guard place == .here else { return respond(.notServed) }
        let subscriber = subscription.subscriber
        service.findStart(of: subscription.position, subscription.caller, on: eventLoop) { result in
            switch result {
            case .failure(let error) where error.code == .serviceUnavailable: respond(.notServed)
            case .failure(let error): respond(.refused(error))
            case .success(let (place, offset)):
                let hasBegun = service.subscriptions.begin(
                    subscriber.key,
                    Subscriptions.Ticket(number: subscriber.ticket),
                    isElsewhere: true,
                    now: eventLoop.now,
                    takenOver: {}
                )
                guard hasBegun, place.topic.id == subscriber.stream else {
                    return respond(.refused(.stillSubscribed(subscriber.consumer.name)))
                }
                var fields = ByteBuffer()
                fields.writeInteger(offset)
                respond(.done(fields))
            }
        }
    }
}
