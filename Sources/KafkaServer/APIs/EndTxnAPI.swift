internal import Broker
internal import Coordination
internal import CoordinatorRuntime
internal import KafkaProtocol
internal import LogCore
internal import Model
internal import NIOCore
internal import TransactionCoordinator

/// EndTxn (key 26), versions 0–5.
///
/// | version | change |
/// | --- | --- |
/// | 2 | PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH |
/// | 4 | TRANSACTION_ABORTABLE (KIP-890) |
/// | 5 | the epoch grows with each transaction, and is answered; a transaction without partitions may be aborted |
///
/// Difference from Kafka: the answer comes when the markers were tried, not before. A client's next transaction and
/// its own readers then find this one ended.
enum EndTxnAPI: KafkaAPI {
    typealias Request = EndTxnRequest
    typealias Response = EndTxnResponse

    static func start(_ request: EndTxnRequest, _ call: Call<EndTxnResponse>) {
        Self.end(
            EndTransactionRequest(
                identity: TransactionalIdentity(
                    transactionalID: request.transactionalID,
                    producerID: request.producerID,
                    epoch: request.producerEpoch
                ),
                commits: request.committed,
                clientVersion: call.version >= 5 ? 2 : 0
            ),
            fresh: nil,
            call
        )
    }

    private static func end(_ request: EndTransactionRequest, fresh: ProducerID?, _ call: Call<EndTxnResponse>) {
        call.broker.transactions.park(request.identity.transactionalID, on: call.eventLoop) { machine, context, token in
            context.perform(machine.endRequested(request, fresh: fresh, token: token, now: context.now))
        } completion: { result in
            switch result {
            case .success(.producer(let producer)):
                call.answer(EndTxnResponse(errorCode: .none, producerID: producer.id, producerEpoch: producer.epoch))
            case .success(.refused(let error)):
                Self.refuse(ErrorCode(error, knowsFenced: call.version >= 2), call)
            case .failure(let error):
                Self.refuse(ErrorCode(TransactionError(error)), call)
            case .success(.needsProducerID):
                call.broker.withFreshProducerID(on: call.eventLoop) { result in
                    switch result {
                    case .success(let id): Self.end(request, fresh: id, call)
                    case .failure(let error): Self.refuse(ErrorCode(error), call)
                    }
                }
            }
        }
    }

    private static func refuse(_ error: ErrorCode, _ call: Call<EndTxnResponse>) {
        call.answer(EndTxnResponse(errorCode: error))
    }

    static func errorResponse(to request: EndTxnRequest, _ error: ErrorCode, version: Int16) -> EndTxnResponse? {
        EndTxnResponse(errorCode: error)
    }
}

/// WriteTxnMarkers (key 27), versions 1–2: between brokers, and from `Admin.abortTransaction` for transactions that
/// hang.
///
/// | version | change |
/// | --- | --- |
/// | 2 | whether the producer's epoch is a new one (KIP-890) |
enum WriteTxnMarkersAPI: KafkaAPI {
    typealias Request = WriteTxnMarkersRequest
    typealias Response = WriteTxnMarkersResponse

    static func start(_ request: WriteTxnMarkersRequest, _ call: Call<WriteTxnMarkersResponse>) {
        guard !request.markers.isEmpty else {
            call.answer(WriteTxnMarkersResponse())
            return
        }
        let gathered = NIOLoopBoundBox(
            (results: [Int: [MarkerResult]](), missing: request.markers.count),
            eventLoop: call.eventLoop
        )
        for (index, marker) in request.markers.enumerated() {
            call.broker.markers.write(
                TransactionEnd(
                    producerID: marker.producerID,
                    producerEpoch: marker.producerEpoch,
                    commits: marker.transactionResult,
                    coordinatorEpoch: marker.coordinatorEpoch,
                    transactionVersion: Int16(marker.transactionVersion)
                ),
                to: marker.topics.flatMap { topic in
                    topic.partitionIndexes.map { TransactionPartition(topic: topic.name, partition: $0) }
                },
                on: call.eventLoop
            ) { results in
                gathered.value.results[index] = results
                gathered.value.missing -= 1
                if gathered.value.missing == 0 { call.answer(Self.response(to: request, gathered.value.results)) }
            }
        }
    }

    private static func response(
        to request: WriteTxnMarkersRequest,
        _ results: [Int: [MarkerResult]]
    ) -> WriteTxnMarkersResponse {
        WriteTxnMarkersResponse(
            markers: request.markers.enumerated().map { index, marker in
                var results = (results[index] ?? [])[...]
                return Self.result(marker) { results.popFirst().map { ErrorCode($0) } ?? .unknownServerError }
            }
        )
    }

    private static func result(
        _ marker: WriteTxnMarkersRequest.Marker,
        _ nextError: () -> ErrorCode
    ) -> WriteTxnMarkersResponse.MarkerResult {
        WriteTxnMarkersResponse.MarkerResult(
            producerID: marker.producerID,
            topics: marker.topics.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitionIndexes.map { .init(partitionIndex: $0, errorCode: nextError()) }
                )
            }
        )
    }

    static func errorResponse(
        to request: WriteTxnMarkersRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> WriteTxnMarkersResponse? {
        WriteTxnMarkersResponse(markers: request.markers.map { Self.result($0) { error } })
    }
}
