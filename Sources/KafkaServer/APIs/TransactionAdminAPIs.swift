internal import Broker
internal import CoordinatorRuntime
internal import GroupCoordinator
internal import KafkaProtocol
internal import Metadata
internal import Model
internal import Text
internal import TransactionCoordinator

/// DescribeTransactions (key 65), version 0: where transactions stand (KIP-664).
enum DescribeTransactionsAPI: KafkaAPI {
    typealias Request = DescribeTransactionsRequest
    typealias Response = DescribeTransactionsResponse

    static func start(_ request: DescribeTransactionsRequest, _ call: Call<DescribeTransactionsResponse>) {
        call.broker.transactions.readEach(request.transactionalIDs, key: { $0 }, on: call.eventLoop) { machine, id in
            machine.description(of: id)
        } completion: { results in
            call.answer(
                DescribeTransactionsResponse(
                    transactionStates: zip(request.transactionalIDs, results).map { id, result in
                        switch result {
                        case .success(.success(let metadata)): Self.describe(id, metadata)
                        case .success(.failure(let error)): Self.refused(id, ErrorCode(error))
                        case .failure(let error): Self.refused(id, ErrorCode(TransactionError(error)))
                        }
                    }
                )
            )
        }
    }

    private static func describe(
        _ id: String,
        _ metadata: TransactionMetadata
    ) -> DescribeTransactionsResponse.TransactionState {
        var topics: [DescribeTransactionsResponse.Topic] = []
        for partition in metadata.partitions.sorted() {
            if topics.last?.topic != partition.topic { topics.append(.init(topic: partition.topic, partitions: [])) }
            topics[topics.count - 1].partitions.append(partition.partition)
        }
        return .init(
            errorCode: .none,
            transactionalID: id,
            transactionState: metadata.status.name,
            transactionTimeoutMs: metadata.timeoutMilliseconds,
            transactionStartTimeMs: metadata.start,
            producerID: metadata.producerID,
            producerEpoch: metadata.producerEpoch,
            topics: topics
        )
    }

    private static func refused(_ id: String, _ error: ErrorCode) -> DescribeTransactionsResponse.TransactionState {
        .init(
            errorCode: error,
            transactionalID: id,
            transactionState: "",
            transactionTimeoutMs: 0,
            transactionStartTimeMs: 0,
            producerID: ProducerID(0),
            producerEpoch: ProducerEpoch(0)
        )
    }

    static func errorResponse(
        to request: DescribeTransactionsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> DescribeTransactionsResponse? {
        DescribeTransactionsResponse(transactionStates: request.transactionalIDs.map { Self.refused($0, error) })
    }
}

/// ListTransactions (key 66), versions 0–2: the transactional IDs that this broker coordinates (KIP-664).
///
/// | version | change |
/// | --- | --- |
/// | 1 | only those that have been open for longer than a duration (KIP-994) |
/// | 2 | only those whose ID as a whole matches a regular expression (KIP-1152) |
enum ListTransactionsAPI: KafkaAPI {
    typealias Request = ListTransactionsRequest
    typealias Response = ListTransactionsResponse

    /// The work of matching the IDs of one partition of `__transaction_state`: states of the expression that are
    /// visited.
    private static let stepsMax = 50_000_000

    static func start(_ request: ListTransactionsRequest, _ call: Call<ListTransactionsResponse>) {
        var filter = TransactionFilter()
        let unknown = request.stateFilters.filter { TransactionStatus(name: $0) == nil }
        filter.statuses = Set(request.stateFilters.compactMap { TransactionStatus(name: $0) })
        filter.matchesNoStatus = !request.stateFilters.isEmpty && filter.statuses.isEmpty
        filter.producerIDs = Set(request.producerIDFilters.map { ProducerID($0) })
        filter.durationMilliseconds = request.durationFilter
        var pattern: RegularExpression?
        if let text = request.transactionalIDPattern, !text.isEmpty {
            guard let expression = try? RegularExpression(text) else {
                call.answer(ListTransactionsResponse(errorCode: .invalidRegularExpression))
                return
            }
            pattern = expression
        }
        let now = call.broker.environment.now()
        call.broker.transactions.readAll(on: call.eventLoop) { [filter, pattern] machine in
            var steps = 0
            return machine.listing(filter, now: now).filter { id, _ in
                guard let pattern else { return true }
                return steps < Self.stepsMax && pattern.matches(id, steps: &steps)
            }.map { id, metadata in
                ListTransactionsResponse.TransactionState(
                    transactionalID: id,
                    producerID: metadata.producerID,
                    transactionState: metadata.status.name
                )
            }
        } completion: { result in
            switch result {
            case .success(let parts):
                call.answer(
                    ListTransactionsResponse(
                        errorCode: .none,
                        unknownStateFilters: unknown,
                        transactionStates: parts.flatMap { $0 }
                    )
                )
            case .failure(let error):
                call.answer(ListTransactionsResponse(errorCode: ErrorCode(TransactionError(error))))
            }
        }
    }

    static func errorResponse(
        to request: ListTransactionsRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> ListTransactionsResponse? {
        ListTransactionsResponse(errorCode: error)
    }
}
