internal import Broker
internal import Coordination
internal import CoordinatorRuntime
internal import GroupCoordinator
internal import KafkaProtocol
internal import Metadata
internal import Model
internal import NIOCore
internal import TransactionCoordinator

/// TxnOffsetCommit (key 28), versions 0–5.
///
/// | version | change |
/// | --- | --- |
/// | 2 | leader epoch |
/// | 3 | member, instance and generation of the consumer, which are checked (KIP-447) |
/// | 4 | TRANSACTION_ABORTABLE (KIP-890) |
/// | 5 | adds the group's offsets to the transaction by itself |
enum TxnOffsetCommitAPI: KafkaAPI {
    typealias Request = TxnOffsetCommitRequest
    typealias Response = TxnOffsetCommitResponse

    static func start(_ request: TxnOffsetCommitRequest, _ call: Call<TxnOffsetCommitResponse>) {
        let broker = call.broker
        let place = TransactionPartition(
            topic: TopicName.consumerOffsets,
            partition: broker.groups.partition(of: request.groupID.rawValue)
        )
        let partition: HostedPartition
        do throws(BrokerError) {
            partition = try broker.topics.current.topic(named: place.topic).partition(place.partition)
        } catch {
            // The topic comes with the first group.
            broker.groups.prepare(request.groupID.rawValue)
            let isElsewhere = error.code == .notLeader
            call.answer(Self.refused(request, isElsewhere ? .notCoordinator : .coordinatorNotAvailable))
            return
        }
        let producer = TransactionalProducer(id: request.producerID, epoch: request.producerEpoch)
        let admission = partition.admitTransaction(of: producer) {
            call.eventLoop.execute { Self.commit(request, producer, in: partition, call) }
        }
        switch admission {
        case .open: Self.commit(request, producer, in: partition, call)
        case .wait: break
        case .ask(let question):
            let identity = TransactionalIdentity(
                transactionalID: request.transactionalID,
                producerID: producer.id,
                epoch: producer.epoch
            )
            let known = { @Sendable (error: TransactionError?) in
                let waiting = partition.transactionKnown(question, isOpen: error == nil)
                if let error {
                    call.answer(Self.refused(request, ErrorCode(committingOffsets: error, version: call.version)))
                } else {
                    Self.commit(request, producer, in: partition, call)
                }
                for resume in waiting { resume() }
            }
            if call.version >= 5 {
                broker.transactionMembership.add([place], to: identity, on: call.eventLoop, completion: known)
            } else {
                broker.transactionMembership.verify([place], in: identity, on: call.eventLoop) { error, missing in
                    known(error ?? (missing.isEmpty ? nil : .transactionAbortable))
                }
            }
        }
    }

    /// The coordinator has the group's offsets in the transaction.
    private static func commit(
        _ request: TxnOffsetCommitRequest,
        _ producer: TransactionalProducer,
        in partition: HostedPartition,
        _ call: Call<TxnOffsetCommitResponse>
    ) {
        let table = call.broker.topics.current
        var commit = CommitRequest(
            groupID: request.groupID,
            memberID: request.memberID,
            groupInstanceID: request.groupInstanceID,
            generationID: request.generationID,
            topics: []
        )
        // Partitions that do not exist are answered here.
        var known: Set<TransactionPartition> = []
        for topic in request.topics {
            let hosted = table.topic(named: topic.name)
            let partitions = topic.partitions.filter { hosted?.has($0.partitionIndex) == true }
            guard !partitions.isEmpty else { continue }
            for partition in partitions {
                known.insert(TransactionPartition(topic: topic.name, partition: partition.partitionIndex))
            }
            commit.topics.append(
                CommitRequest.Topic(
                    name: topic.name,
                    partitions: partitions.map {
                        CommitRequest.Partition(
                            index: $0.partitionIndex,
                            offset: $0.committedOffset,
                            leaderEpoch: $0.committedLeaderEpoch.rawValue,
                            metadata: $0.committedMetadata
                        )
                    }
                )
            )
        }
        call.broker.groups.write(commit.groupID.rawValue, on: call.eventLoop) { [commit] machine, context in
            // On the loop that ends transactions: none ends between this and the write.
            guard partition.hasOpenTransaction(of: producer) else { return commit.refused(.invalidTransactionState) }
            let outcome = machine.transactionalOffsetCommitRequested(commit, producer: producer, now: context.now)
            context.append(outcome.write)
            return outcome.response
        } completion: { [known] result in
            var errors: [TransactionPartition: ErrorCode] = [:]
            var whole: ErrorCode?
            switch result {
            case .success(let response):
                whole = response.error.map { ErrorCode($0) }
                for topic in response.topics {
                    for partition in topic.partitions {
                        let place = TransactionPartition(topic: topic.name, partition: partition.index)
                        errors[place] = ErrorCode(partition.error)
                    }
                }
            case .failure(let error): whole = ErrorCode(error)
            }
            call.answer(
                Self.response(to: request) { place in
                    guard known.contains(place) else { return .unknownTopicOrPartition }
                    return whole ?? errors[place] ?? .none
                }
            )
        }
    }

    private static func response(
        to request: TxnOffsetCommitRequest,
        _ error: (TransactionPartition) -> ErrorCode
    ) -> TxnOffsetCommitResponse {
        TxnOffsetCommitResponse(
            topics: request.topics.map { topic in
                .init(
                    name: topic.name,
                    partitions: topic.partitions.map {
                        .init(
                            partitionIndex: $0.partitionIndex,
                            errorCode: error(TransactionPartition(topic: topic.name, partition: $0.partitionIndex))
                        )
                    }
                )
            }
        )
    }

    private static func refused(_ request: TxnOffsetCommitRequest, _ error: ErrorCode) -> TxnOffsetCommitResponse {
        Self.response(to: request) { _ in error }
    }

    static func errorResponse(
        to request: TxnOffsetCommitRequest,
        _ error: ErrorCode,
        version: Int16
    ) -> TxnOffsetCommitResponse? {
        Self.refused(request, error)
    }
}
