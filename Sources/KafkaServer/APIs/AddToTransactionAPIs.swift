internal import Broker
internal import CoordinatorRuntime
internal import KafkaProtocol
internal import Metadata
internal import Model
internal import NIOCore
internal import TransactionCoordinator

/// AddPartitionsToTxn (key 24), versions 0–5.
///
/// | version | change |
/// | --- | --- |
/// | 2 | PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH |
/// | 4 | several transactions, verification only (between brokers) |
/// | 5 | TRANSACTION_ABORTABLE (KIP-890) |
enum AddPartitionsToTxnAPI: KafkaAPI {
    typealias Request = AddPartitionsToTxnRequest
    typealias Response = AddPartitionsToTxnResponse

    static func start(_ request: AddPartitionsToTxnRequest, _ call: Call<AddPartitionsToTxnResponse>) {
        guard call.version >= 4 else {
            let transaction = AddPartitionsToTxnRequest.Transaction(
                transactionalID: request.transactionalID,
                producerID: request.producerID,
                producerEpoch: request.producerEpoch,
                topics: request.topics
            )
            Self.serve(transaction, call) { call.answer(AddPartitionsToTxnResponse(topics: $0)) }
            return
        }
        guard !request.transactions.isEmpty else {
            call.answer(AddPartitionsToTxnResponse())
            return
        }
        let gathered = NIOLoopBoundBox(
            (results: [Int: [AddPartitionsToTxnResponse.TopicResult]](), missing: request.transactions.count),
            eventLoop: call.eventLoop
        )
        for (index, transaction) in request.transactions.enumerated() {
            Self.serve(transaction, call) { topics in
                gathered.value.results[index] = topics
                gathered.value.missing -= 1
                guard gathered.value.missing == 0 else { return }
                let results = gathered.value.results
                call.answer(
                    AddPartitionsToTxnResponse(
                        resultsByTransaction: request.transactions.enumerated().map { index, transaction in
                            AddPartitionsToTxnResponse.TransactionResult(
                                transactionalID: transaction.transactionalID,
                                topics: results[index] ?? []
                            )
                        }
                    )
                )
            }
        }
    }

    /// Nothing is added when one of the partitions does not exist; the others then hear that nothing was tried.
    private static func serve(
        _ transaction: AddPartitionsToTxnRequest.Transaction,
        _ call: Call<AddPartitionsToTxnResponse>,
        completion: @escaping @Sendable ([AddPartitionsToTxnResponse.TopicResult]) -> Void
    ) {
        let table = call.broker.topics.current
        var partitions: Set<TransactionPartition> = []
        var unknown: Set<TransactionPartition> = []
        for topic in transaction.topics {
            let hosted = table.topic(named: topic.name)
            for index in topic.partitions {
                let partition = TransactionPartition(topic: topic.name, partition: index)
                if hosted?.has(index) == true {
                    partitions.insert(partition)
                } else {
                    unknown.insert(partition)
                }
            }
        }
        let identity = TransactionalIdentity(
            transactionalID: transaction.transactionalID,
            producerID: transaction.producerID,
            epoch: transaction.producerEpoch
        )
        let knowsFenced = call.version >= 2
        if !unknown.isEmpty, !transaction.verifyOnly {
            completion(
                Self.results(transaction.topics) {
                    unknown.contains($0) ? .unknownTopicOrPartition : .operationNotAttempted
                }
            )
        } else if transaction.verifyOnly {
            call.broker.transactions.verify(partitions.union(unknown), in: identity, on: call.eventLoop) {
                (error, missing) in
                let notIn: ErrorCode = call.version >= 5 ? .transactionAbortable : .invalidTxnState
                completion(
                    Self.results(transaction.topics) {
                        error != nil
                            ? ErrorCode(error, knowsFenced: knowsFenced) : missing.contains($0) ? notIn : .none
                    }
                )
            }
        } else {
            call.broker.transactions.add(
                partitions,
                to: identity,
                // Brokers add for clients that produce without adding.
                clientVersion: call.version >= 4 ? 2 : 0,
                on: call.eventLoop
            ) { error in
                completion(Self.results(transaction.topics) { _ in ErrorCode(error, knowsFenced: knowsFenced) })
            }
        }
    }

    private static func results(
        _ topics: [AddPartitionsToTxnRequest.Topic],
        _ error: (TransactionPartition) -> ErrorCode
    ) -> [AddPartitionsToTxnResponse.TopicResult] {
        topics.map { topic in
            AddPartitionsToTxnResponse.TopicResult(
                name: topic.name,
                partitions: topic.partitions.map {
                    .init(
                        partitionIndex: $0,
                        errorCode: error(TransactionPartition(topic: topic.name, partition: $0))
                    )
                }
            )
        }
    }

    static func errorResponse(
        to request: AddPartitionsToTxnRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> AddPartitionsToTxnResponse? {
        guard version < 4 else { return AddPartitionsToTxnResponse(errorCode: error) }
        return AddPartitionsToTxnResponse(topics: Self.results(request.topics) { _ in error })
    }
}

/// AddOffsetsToTxn (key 25), versions 0–4.
///
/// | version | change |
/// | --- | --- |
/// | 2 | PRODUCER_FENCED instead of INVALID_PRODUCER_EPOCH |
/// | 4 | TRANSACTION_ABORTABLE (KIP-890) |
enum AddOffsetsToTxnAPI: KafkaAPI {
    typealias Request = AddOffsetsToTxnRequest
    typealias Response = AddOffsetsToTxnResponse

    static func start(_ request: AddOffsetsToTxnRequest, _ call: Call<AddOffsetsToTxnResponse>) {
        let broker = call.broker
        let partition = TransactionPartition(
            topic: TopicName.consumerOffsets,
            partition: broker.groups.partition(of: request.groupID.rawValue)
        )
        // The commit that follows finds its group loaded.
        broker.groups.prepare(request.groupID.rawValue)
        broker.transactions.add(
            [partition],
            to: TransactionalIdentity(
                transactionalID: request.transactionalID,
                producerID: request.producerID,
                epoch: request.producerEpoch
            ),
            clientVersion: 0,
            on: call.eventLoop
        ) { call.answer(AddOffsetsToTxnResponse(errorCode: ErrorCode($0, knowsFenced: call.version >= 2))) }
    }

    static func errorResponse(
        to request: AddOffsetsToTxnRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> AddOffsetsToTxnResponse? {
        AddOffsetsToTxnResponse(errorCode: error)
    }
}
