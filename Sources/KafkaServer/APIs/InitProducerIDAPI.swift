internal import Broker
internal import Coordination
internal import CoordinatorRuntime
internal import KafkaProtocol
internal import Model
internal import NIOCore
internal import TransactionCoordinator

/// InitProducerId (key 22), versions 0–5.
///
/// | version | change |
/// | --- | --- |
/// | 3 | the producer's present ID and epoch, to continue after an error (KIP-360) |
/// | 4 | PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH |
/// | 5 | TRANSACTION_ABORTABLE (KIP-890) |
enum InitProducerIDAPI: KafkaAPI {
    typealias Request = InitProducerIdRequest
    typealias Response = InitProducerIdResponse

    static func start(_ request: InitProducerIdRequest, _ call: Call<InitProducerIdResponse>) {
        guard let transactionalID = request.transactionalID else {
            call.broker.withFreshProducerID(on: call.eventLoop) { result in
                switch result {
                case .success(let id):
                    call.answer(InitProducerIdResponse(producerID: id, producerEpoch: ProducerEpoch(0)))
                case .failure(let error):
                    call.answer(InitProducerIdResponse(errorCode: ErrorCode(error), producerEpoch: .none))
                }
            }
            return
        }
        // Both or neither.
        guard (request.producerID == .none) == (request.producerEpoch == .none) else {
            call.answer(InitProducerIdResponse(errorCode: .invalidRequest, producerEpoch: .none))
            return
        }
        let expected = TransactionalProducer(id: request.producerID, epoch: request.producerEpoch)
        Self.initialize(
            InitProducerRequest(
                transactionalID: transactionalID,
                timeoutMilliseconds: request.transactionTimeoutMs,
                expected: request.producerID == .none ? nil : expected
            ),
            fresh: nil,
            call
        )
    }

    private static func initialize(
        _ request: InitProducerRequest,
        fresh: ProducerID?,
        _ call: Call<InitProducerIdResponse>
    ) {
        call.broker.transactions.write(request.transactionalID, on: call.eventLoop) { machine, context in
            let outcome = machine.initProducerRequested(request, fresh: fresh, now: context.now)
            context.append(outcome.write)
            return outcome.answer
        } completion: { result in
            switch result {
            case .success(.producer(let producer)):
                call.answer(InitProducerIdResponse(producerID: producer.id, producerEpoch: producer.epoch))
            case .success(.refused(let error)):
                Self.refuse(ErrorCode(error, knowsFenced: call.version >= 4), call)
            case .failure(let error):
                Self.refuse(ErrorCode(TransactionError(error)), call)
            case .success(.needsProducerID):
                call.broker.withFreshProducerID(on: call.eventLoop) { result in
                    switch result {
                    case .success(let id): Self.initialize(request, fresh: id, call)
                    case .failure(let error): Self.refuse(ErrorCode(error), call)
                    }
                }
            }
        }
    }

    private static func refuse(_ error: ErrorCode, _ call: Call<InitProducerIdResponse>) {
        call.answer(InitProducerIdResponse(errorCode: error, producerEpoch: .none))
    }
}

extension Broker {
    /// Allocates a producer ID, which takes a transaction of the metadata now and then. Completes on `eventLoop`.
    func withFreshProducerID(
        on eventLoop: any EventLoop,
        _ completion: @escaping @Sendable (Result<ProducerID, BrokerError>) -> Void
    ) {
        eventLoop.makeFutureWithTask { () async -> Result<ProducerID, BrokerError> in
            do throws(BrokerError) {
                return .success(try await self.producerIDs.allocate())
            } catch {
                return .failure(error)
            }
        }
        .whenSuccess(completion)
    }
}
