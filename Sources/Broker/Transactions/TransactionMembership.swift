internal import Coordination
internal import CoordinatorRuntime
internal import KafkaProtocol
internal import Metadata
internal import Model
package import NIOCore
package import TransactionCoordinator

/// Has partitions added to transactions, or asks whether they are in them, for the brokers that lead them: at the
/// transaction's coordinator, wherever it is (KIP-890).
package struct TransactionMembership: Sendable {
    /// How long a coordinator is looked for and asked. Clients try again what ends with a retriable error.
    private static let patience = TimeAmount.seconds(5)
    private static let firstPause = TimeAmount.milliseconds(10)
    private static let pauseMax = TimeAmount.milliseconds(200)

    let transactions: TransactionService
    let topics: TopicRegistry
    let links: any BrokerLinks

    /// One question until it is answered.
    private struct Question: Sendable {
        var partitions: Set<TransactionPartition>
        var identity: TransactionalIdentity
        var verifiesOnly: Bool
        var deadline: NIODeadline
        var eventLoop: any EventLoop
        var completion: @Sendable (TransactionError?, Set<TransactionPartition>) -> Void
    }

    /// Adds partitions to a producer's transaction, which begins with the first. Completes on `eventLoop`.
    package func add(
        _ partitions: Set<TransactionPartition>,
        to identity: TransactionalIdentity,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (TransactionError?) -> Void
    ) {
        self.ask(
            Question(
                partitions: partitions,
                identity: identity,
                verifiesOnly: false,
                deadline: eventLoop.now + Self.patience,
                eventLoop: eventLoop
            ) { (error: TransactionError?, missing: Set<TransactionPartition>) in
                completion(error ?? (missing.isEmpty ? nil : .transactionAbortable))
            },
            pause: Self.firstPause
        )
    }

    /// Asks whether partitions are in a producer's transaction. Completes on `eventLoop` with an error for all of them,
    /// or with those that are not.
    package func verify(
        _ partitions: Set<TransactionPartition>,
        in identity: TransactionalIdentity,
        on eventLoop: any EventLoop,
        completion: @escaping @Sendable (TransactionError?, Set<TransactionPartition>) -> Void
    ) {
        self.ask(
            Question(
                partitions: partitions,
                identity: identity,
                verifiesOnly: true,
                deadline: eventLoop.now + Self.patience,
                eventLoop: eventLoop,
                completion: completion
            ),
            pause: Self.firstPause
        )
    }

    private func ask(_ question: Question, pause: TimeAmount) {
        let number = self.transactions.partition(of: question.identity.transactionalID)
        let placement = self.topics.topic(named: TopicName.transactionState)?.placement(number)
        guard case .elsewhere(let leader)? = placement else { return self.askHere(question) }
        self.links.send(
            Self.request(question),
            to: leader.broker,
            bytes: question.partitions.count * 64,
            deadline: question.deadline,
            on: question.eventLoop
        ) { (result: Result<AddPartitionsToTxnResponse, LinkError>) in
            switch result {
            case .success(let response): self.answered(question, Self.answer(response, to: question), pause: pause)
            case .failure: self.answered(question, Answer(error: .coordinatorNotAvailable), pause: pause)
            }
        }
    }

    private struct Answer {
        var error: TransactionError?
        var missing: Set<TransactionPartition> = []
    }

    private func answered(_ question: Question, _ answer: Answer, pause: TimeAmount) {
        switch answer.error {
        // It moved, or loads. Adding twice is adding once.
        case .notCoordinator, .coordinatorNotAvailable, .coordinatorLoadInProgress:
            guard question.eventLoop.now + pause < question.deadline else { break }
            question.eventLoop.scheduleTask(in: pause) {
                let next = TimeAmount.nanoseconds(min(pause.nanoseconds * 2, Self.pauseMax.nanoseconds))
                self.ask(question, pause: next)
            }
            return
        default: break
        }
        question.completion(answer.error, answer.missing)
    }

    private func askHere(_ question: Question) {
        guard !question.verifiesOnly else {
            return self.transactions.verify(
                question.partitions,
                in: question.identity,
                on: question.eventLoop,
                completion: question.completion
            )
        }
        self.transactions.add(
            question.partitions,
            to: question.identity,
            clientVersion: 2,
            on: question.eventLoop
        ) { question.completion($0, []) }
    }

    private static func request(_ question: Question) -> AddPartitionsToTxnRequest {
        let topics = Dictionary(grouping: question.partitions, by: \.topic).sorted { $0.key < $1.key }
        return AddPartitionsToTxnRequest(transactions: [
            .init(
                transactionalID: question.identity.transactionalID,
                producerID: question.identity.producer.id,
                producerEpoch: question.identity.producer.epoch,
                verifyOnly: question.verifiesOnly,
                topics: topics.map { name, places in
                    .init(name: name, partitions: places.map(\.partition).sorted())
                }
            )
        ])
    }

    private static func answer(
        _ response: AddPartitionsToTxnResponse,
        to question: Question
    ) -> Answer {
        guard response.errorCode == .none,
            let answer = response.resultsByTransaction.first(where: {
                $0.transactionalID == question.identity.transactionalID
            })
        else { return Answer(error: .coordinatorNotAvailable) }
        var unanswered = question.partitions
        var missing: Set<TransactionPartition> = []
        for topic in answer.topics {
            for partition in topic.partitions {
                let place = TransactionPartition(topic: topic.name, partition: partition.partitionIndex)
                guard unanswered.remove(place) != nil else { continue }
                switch partition.errorCode {
                case .none: break
                case .transactionAbortable, .invalidTxnState: missing.insert(place)
                default: return Answer(error: TransactionError(answered: partition.errorCode))
                }
            }
        }
        return unanswered.isEmpty ? Answer(missing: missing) : Answer(error: .unknownServerError)
    }
}

extension TransactionError {
    /// What a coordinator elsewhere answered, other than NONE.
    init(answered code: ErrorCode) {
        switch code {
        case .coordinatorLoadInProgress: self = .coordinatorLoadInProgress
        // A partition that it does not know is one that its metadata does not have yet.
        case .coordinatorNotAvailable, .unknownTopicOrPartition, .operationNotAttempted, .notLeaderOrFollower:
            self = .coordinatorNotAvailable
        case .notCoordinator: self = .notCoordinator
        case .invalidRequest: self = .invalidRequest
        case .invalidProducerIDMapping: self = .invalidProducerIDMapping
        case .producerFenced, .invalidProducerEpoch: self = .producerFenced
        case .concurrentTransactions: self = .concurrentTransactions
        case .invalidTxnState: self = .invalidTransactionState
        case .transactionAbortable: self = .transactionAbortable
        default: self = .unknownServerError
        }
    }
}
