import KafkaProtocol
import LogCore
import LogTestSupport
import Logging
import Metadata
import Model
import NIOCore
import NIOEmbedded
import Testing
import TransactionCoordinator

@testable import Broker

/// What the leader of a partition asks the coordinator of a transaction on another broker.
@Suite struct TransactionMembershipTests {
    private static let identity = TransactionalIdentity(
        transactionalID: "id",
        producerID: ProducerID(7),
        epoch: ProducerEpoch(3)
    )
    private static let partitions: Set = [
        TransactionPartition(topic: "t", partition: 0), TransactionPartition(topic: "t", partition: 1),
    ]

    private struct Answer: Equatable {
        var error: TransactionError?
        var missing: Set<TransactionPartition> = []
    }

    private static func reply(_ codes: [ErrorCode], whole: ErrorCode = .none) -> ScriptedLinks.Reply {
        .response(
            AddPartitionsToTxnResponse(
                errorCode: whole,
                resultsByTransaction: [
                    .init(
                        transactionalID: "id",
                        topics: [
                            .init(
                                name: "t",
                                partitions: codes.enumerated().map {
                                    .init(partitionIndex: Int32($0), errorCode: $1)
                                }
                            )
                        ]
                    )
                ]
            )
        )
    }

    /// Adds, and verifies, with the same replies.
    private func ask(_ replies: [ScriptedLinks.Reply], verifiesOnly: Bool) -> (answer: Answer?, links: ScriptedLinks) {
        let loop = EmbeddedEventLoop()
        let registry = TopicRegistry()
        registry.publish(.placed(TopicName.transactionState, [.at(4)]))
        let links = ScriptedLinks(replies)
        let membership = TransactionMembership(
            transactions: TransactionService(
                topic: MemoryCoordinatorTopic(),
                engine: MemoryEngine(),
                settings: TransactionSettings(),
                markers: NoMarkers(),
                environment: BrokerEnvironment(
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                    now: { 1 },
                    monotonicMilliseconds: { 0 },
                    random: { (1, 1) }
                ),
                eventLoops: [loop]
            ),
            topics: registry,
            links: links
        )
        let answer = NIOLoopBoundBox<Answer?>(nil, eventLoop: loop)
        if verifiesOnly {
            membership.verify(Self.partitions, in: Self.identity, on: loop) {
                answer.value = Answer(error: $0, missing: $1)
            }
        } else {
            membership.add(Self.partitions, to: Self.identity, on: loop) { answer.value = Answer(error: $0) }
        }
        loop.run()
        loop.advanceTime(by: .seconds(10))
        return (answer.value, links)
    }

    private struct NoMarkers: TransactionMarkerWriter {
        func write(
            _ marker: TransactionEnd,
            to partitions: [TransactionPartition],
            on eventLoop: any EventLoop,
            completion: @escaping @Sendable ([MarkerResult]) -> Void
        ) {}
    }

    @Test(arguments: [true, false]) func `one request asks about all partitions`(verifiesOnly: Bool) throws {
        let (answer, links) = self.ask([Self.reply([.none, .none])], verifiesOnly: verifiesOnly)
        #expect(answer == Answer())
        let sent = try #require(links.sent.first)
        #expect(links.sent.count == 1 && sent.broker == BrokerID(4))
        let request = try #require(sent.request as? AddPartitionsToTxnRequest)
        let transaction = try #require(request.transactions.first)
        #expect(transaction.verifyOnly == verifiesOnly)
        #expect(transaction.transactionalID == "id" && transaction.producerID == ProducerID(7))
        #expect(transaction.producerEpoch == ProducerEpoch(3))
        #expect(transaction.topics.map(\.partitions) == [[0, 1]])
    }

    @Test func `a partition that is not in the transaction is told apart`() {
        let (answer, _) = self.ask([Self.reply([.none, .transactionAbortable])], verifiesOnly: true)
        #expect(answer == Answer(error: nil, missing: [TransactionPartition(topic: "t", partition: 1)]))
        let (added, _) = self.ask([Self.reply([.none, .transactionAbortable])], verifiesOnly: false)
        #expect(added == Answer(error: .transactionAbortable))
    }

    @Test func `a coordinator that moves, loads or loses its answer is asked again`() {
        let replies: [ScriptedLinks.Reply] = [
            Self.reply([.notCoordinator, .notCoordinator]),
            Self.reply([.coordinatorLoadInProgress, .coordinatorLoadInProgress]),
            .failure(.unanswered("lost")),
            .failure(.notSent("refused")),
            Self.reply([.unknownTopicOrPartition, .operationNotAttempted]),
            Self.reply([.none, .none]),
        ]
        let (answer, links) = self.ask(replies, verifiesOnly: false)
        #expect(answer == Answer())
        #expect(links.sent.count == 6)
    }

    @Test func `it is asked until the time is up, and then the client hears a retriable error`() {
        let (answer, links) = self.ask([], verifiesOnly: true)
        #expect(answer == Answer(error: .coordinatorNotAvailable))
        #expect(links.sent.count > 10)
        let (refused, _) = self.ask([Self.reply([], whole: .clusterAuthorizationFailed)], verifiesOnly: true)
        #expect(refused == Answer(error: .coordinatorNotAvailable))
    }

    @Test(arguments: [
        (ErrorCode.producerFenced, TransactionError.producerFenced), (.invalidProducerEpoch, .producerFenced),
        (.invalidProducerIDMapping, .invalidProducerIDMapping), (.concurrentTransactions, .concurrentTransactions),
        (.invalidRequest, .invalidRequest), (.unknownServerError, .unknownServerError),
    ])
    func `a verdict is passed on at once`(code: ErrorCode, error: TransactionError) {
        let (answer, links) = self.ask([Self.reply([code, code])], verifiesOnly: false)
        #expect(answer == Answer(error: error))
        #expect(links.sent.count == 1)
    }
}
