internal import Broker
internal import KafkaProtocol
internal import Model
internal import Serving

/// InitProducerId (key 22), versions 0–5.
///
/// | version | change |
/// | --- | --- |
/// | 3 | the producer's present ID and epoch, to continue after an error (KIP-360) |
/// | 4 | PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH |
/// | 5 | TRANSACTION_ABORTABLE (KIP-890) |
///
/// Difference from Kafka: transactions are not served yet; a transactional ID gets
/// TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which clients report at once instead of retrying for ever.
enum InitProducerIDAPI: KafkaAPI {
    typealias Request = InitProducerIdRequest
    typealias Response = InitProducerIdResponse

    static func start(_ request: InitProducerIdRequest, _ call: Call<InitProducerIdResponse>) {
        if let transactionalID = request.transactionalID {
            call.warn(.transactions, "transactional.id \(transactionalID) of client \(call.info.clientID)")
            call.answer(
                InitProducerIdResponse(
                    errorCode: transactionalID.isEmpty ? .invalidRequest : .transactionalIDAuthorizationFailed,
                    producerEpoch: .none
                )
            )
            return
        }
        call.answer {
            do throws(BrokerError) {
                let id = try await call.broker.producerIDs.allocate()
                return InitProducerIdResponse(producerID: id, producerEpoch: ProducerEpoch(0))
            } catch {
                return InitProducerIdResponse(errorCode: ErrorCode(error), producerEpoch: .none)
            }
        }
    }
}
