import Coordination
import Model
import Testing
import TransactionCoordinator

@Suite struct TransactionMachineTests {
    private static let partition = TransactionPartition(topic: "a", partition: 0)
    private static let other = TransactionPartition(topic: "b", partition: 3)
    private static let producer = TransactionalProducer(id: ProducerID(7), epoch: ProducerEpoch(5))
    private static let states: [TransactionStatus] = [
        .empty, .ongoing, .prepareCommit, .prepareAbort, .completeCommit, .completeAbort,
    ]

    /// A machine that has loaded one transaction in a state, with the epoch that its producer has.
    private static func make(
        in status: TransactionStatus,
        version: Int16 = 0,
        epoch: Int16 = 5,
        settings: TransactionSettings = TransactionSettings()
    ) -> TransactionHarness {
        let hasPartitions = status == .ongoing || status.isPrepared
        return TransactionHarness(
            settings: settings,
            log: [
                TransactionRecord(
                    transactionalID: "t",
                    value: TransactionMetadata(
                        producerID: producer.id,
                        producerEpoch: ProducerEpoch(epoch),
                        timeoutMilliseconds: 60_000,
                        status: status,
                        partitions: hasPartitions ? [partition] : [],
                        lastUpdate: 1_700_000_000_000,
                        start: hasPartitions ? 1_700_000_000_000 : -1,
                        clientVersion: version
                    )
                )
            ]
        )
    }

    private static func at(_ epoch: Int16) -> TransactionalProducer {
        TransactionalProducer(id: producer.id, epoch: ProducerEpoch(epoch))
    }

    // MARK: Every event in every state

    @Test(arguments: states)
    func `InitProducerId renews at rest, aborts what is open, and waits for what is being ended`(
        status: TransactionStatus
    ) {
        var harness = Self.make(in: status)
        harness.dropEffects()
        let answer = harness.initProducer()
        switch status {
        case .empty, .completeCommit, .completeAbort:
            #expect(answer == .producer(Self.at(6)))
            #expect(harness.status() == .empty)
        case .ongoing:
            #expect(answer == .refused(.concurrentTransactions))
            #expect(harness.status() == .prepareAbort)
            #expect(harness.machine.recorded["t"]?.producerEpoch == ProducerEpoch(6))
            harness.writeMarkers()
            #expect(harness.initProducer() == .producer(Self.at(7)))
        default:
            #expect(answer == .refused(.concurrentTransactions))
            #expect(harness.status() == status)
        }
    }

    @Test(arguments: states)
    func `partitions are added unless the transaction before is being ended`(status: TransactionStatus) {
        var harness = Self.make(in: status)
        let error = harness.add([Self.other], Self.producer)
        if status.isPrepared {
            #expect(error == .concurrentTransactions)
            #expect(harness.status() == status)
        } else {
            #expect(error == nil)
            #expect(harness.status() == .ongoing)
            let expected: Set = status == .ongoing ? [Self.partition, Self.other] : [Self.other]
            #expect(harness.machine.recorded["t"]?.partitions == expected)
        }
        // The epoch is looked at before the state.
        #expect(harness.add([Self.other], Self.at(4)) == .producerFenced)
        #expect(harness.add([Self.other], Self.at(6)) == .producerFenced)
        let stranger = TransactionalProducer(id: ProducerID(8), epoch: ProducerEpoch(5))
        #expect(harness.add([Self.other], stranger) == .invalidProducerIDMapping)
        #expect(harness.add([Self.other], Self.producer, "unknown") == .invalidProducerIDMapping)
        #expect(harness.add([Self.other], Self.producer, "") == .invalidRequest)
    }

    @Test(arguments: states, [true, false])
    func `EndTxn of version 1 clients in every state`(status: TransactionStatus, commits: Bool) {
        var harness = Self.make(in: status)
        harness.dropEffects()
        let token = harness.end(commits, Self.producer)
        switch status {
        case .ongoing:
            #expect(harness.replies[token] == nil)
            #expect(harness.status() == (commits ? .prepareCommit : .prepareAbort))
            harness.writeMarkers()
            #expect(harness.replies[token] == .producer(Self.producer))
            #expect(harness.status() == (commits ? .completeCommit : .completeAbort))
        case .prepareCommit, .prepareAbort:
            let isSame = commits == (status == .prepareCommit)
            #expect(harness.replies[token] == .refused(isSame ? .concurrentTransactions : .invalidTransactionState))
        case .completeCommit, .completeAbort:
            let isSame = commits == (status == .completeCommit)
            #expect(
                harness.replies[token] == (isSame ? .producer(Self.producer) : .refused(.invalidTransactionState))
            )
        default:
            #expect(harness.replies[token] == .refused(.invalidTransactionState))
        }
        let zombie = harness.end(commits, Self.at(4))
        #expect(harness.replies[zombie] == .refused(.producerFenced))
    }

    @Test(arguments: states, [true, false])
    func `EndTxn of version 2 clients in every state`(status: TransactionStatus, commits: Bool) {
        var harness = Self.make(in: status, version: 2)
        harness.dropEffects()
        let token = harness.end(commits, Self.producer, version: 2)
        switch status {
        case .ongoing:
            harness.writeMarkers()
            #expect(harness.replies[token] == .producer(Self.at(6)))
            // The answer was lost: the retry names the epoch of before.
            let retry = harness.end(commits, Self.producer, version: 2)
            #expect(harness.replies[retry] == .producer(Self.at(6)))
            let opposite = harness.end(!commits, Self.producer, version: 2)
            #expect(harness.replies[opposite] == .refused(.invalidTransactionState))
        case .prepareCommit, .prepareAbort:
            #expect(harness.replies[token] == .refused(.producerFenced))
            let retry = harness.end(commits, Self.at(4), version: 2)
            let isSame = commits == (status == .prepareCommit)
            #expect(harness.replies[retry] == .refused(isSame ? .concurrentTransactions : .invalidTransactionState))
        default:
            // Nothing was added: it may be aborted, not committed.
            if commits {
                #expect(harness.replies[token] == .refused(.invalidTransactionState))
            } else {
                harness.writeMarkers()
                #expect(harness.replies[token] == .producer(Self.at(6)))
                #expect(harness.status() == .completeAbort)
            }
        }
        let zombie = harness.end(commits, Self.at(2), version: 2)
        #expect(harness.replies[zombie] == .refused(.producerFenced))
    }

    @Test(arguments: states)
    func `verification names partitions that are not in the transaction`(status: TransactionStatus) {
        let harness = Self.make(in: status)
        let identity = TransactionalIdentity(
            transactionalID: "t",
            producerID: Self.producer.id,
            epoch: Self.producer.epoch
        )
        let outcome = harness.machine.verification(of: [Self.partition, Self.other], by: identity)
        switch status {
        case .prepareCommit, .prepareAbort: #expect(outcome.error == .concurrentTransactions)
        case .ongoing: #expect(outcome.missing == [Self.other])
        default: #expect(outcome.missing == [Self.partition, Self.other])
        }
    }

    @Test(arguments: states)
    func `a timeout aborts an open transaction only, and fences its producer`(status: TransactionStatus) {
        var harness = Self.make(in: status)
        harness.dropEffects()
        let before = harness.machine.recorded
        harness.run(harness.machine.timerFired(.timeout(transactionalID: "t"), now: harness.now + 60_000))
        if status == .ongoing {
            #expect(harness.status() == .prepareAbort)
            #expect(harness.effects.map(\.producer) == [Self.at(6)])
            let late = harness.end(true, Self.producer)
            #expect(harness.replies[late] == .refused(.producerFenced))
        } else {
            #expect(harness.machine.recorded == before)
        }
    }

    @Test(arguments: states)
    func `markers of an earlier transaction change nothing`(status: TransactionStatus) {
        var harness = Self.make(in: status)
        let before = harness.machine.recorded
        let stale = MarkerRequest(
            transactionalID: "t",
            producer: Self.at(4),
            commits: true,
            partitions: [],
            transactionVersion: 0
        )
        harness.run(harness.machine.markersWritten(stale, failed: [], now: harness.now))
        #expect(harness.machine.recorded == before)
    }

    @Test(arguments: states)
    func `a load completes what was decided and keeps the time of what is open`(status: TransactionStatus) {
        var harness = Self.make(in: status)
        #expect(harness.effects.map(\.partitions) == (status.isPrepared ? [[Self.partition]] : []))
        harness.writeMarkers()
        if status == .prepareCommit { #expect(harness.status() == .completeCommit) }
        if status == .prepareAbort { #expect(harness.status() == .completeAbort) }
        harness.advance(milliseconds: 60_001)
        if status == .ongoing { #expect(harness.status() == .prepareAbort) }
    }

    @Test(arguments: states)
    func `a dismissed machine answers what waits`(status: TransactionStatus) {
        var harness = Self.make(in: status)
        harness.holdsWrites = true
        let token = harness.end(true, Self.producer)
        let waits = harness.replies[token] == nil
        #expect(waits == (status == .ongoing))
        harness.run(harness.machine.dismissed(.notCoordinator, now: harness.now))
        if waits { #expect(harness.replies[token] == .refused(.notCoordinator)) }
    }

    @Test(arguments: states)
    func `a transactional ID at rest expires`(status: TransactionStatus) {
        var harness = Self.make(in: status)
        harness.dropEffects()
        harness.now += 604_800_000
        harness.run(harness.machine.timerFired(.expiry, now: harness.now))
        let isBusy = status == .ongoing || status.isPrepared
        #expect((harness.status() == nil) == !isBusy)
        // A tombstone: a reload does not find it either.
        if !isBusy { #expect(harness.log.last == TransactionRecord(transactionalID: "t", value: nil)) }
    }

    // MARK: Ends

    @Test func `the answer to EndTxn waits until the decision is durable`() {
        var harness = Self.make(in: .ongoing)
        harness.holdsWrites = true
        let token = harness.end(true, Self.producer)
        harness.writeMarkers()
        #expect(harness.replies.isEmpty)
        #expect(harness.effects.isEmpty)
        harness.completeWrites()
        #expect(harness.effects.count == 1)
        harness.writeMarkers()
        #expect(harness.replies[token] == .producer(Self.producer))
    }

    @Test func `a decision that the log refuses leaves the transaction open`() {
        var harness = Self.make(in: .ongoing)
        harness.holdsWrites = true
        let token = harness.end(true, Self.producer)
        harness.failWrites()
        #expect(harness.replies[token] == .refused(.coordinatorNotAvailable))
        #expect(harness.status() == .ongoing)
        harness.holdsWrites = false
        let again = harness.end(true, Self.producer)
        harness.writeMarkers()
        #expect(harness.replies[again] == .producer(Self.producer))
    }

    @Test func `markers that fail are tried again, and the client is answered meanwhile`() {
        var harness = Self.make(in: .ongoing)
        #expect(harness.add([Self.other], Self.producer) == nil)
        let token = harness.end(true, Self.producer)
        harness.writeMarkers(failing: [Self.other])
        #expect(harness.replies[token] == .producer(Self.producer))
        #expect(harness.status() == .prepareCommit)
        #expect(harness.add([Self.other], Self.producer) == .concurrentTransactions)
        harness.advance(milliseconds: 1_000)
        #expect(harness.effects.map(\.partitions) == [[Self.other]])
        harness.writeMarkers()
        #expect(harness.status() == .completeCommit)
    }

    @Test func `a completion that the log refuses is tried again`() {
        var harness = Self.make(in: .ongoing)
        _ = harness.end(true, Self.producer)
        harness.holdsWrites = true
        harness.writeMarkers()
        harness.failWrites()
        #expect(harness.status() == .prepareCommit)
        harness.holdsWrites = false
        harness.advance(milliseconds: 1_000)
        harness.writeMarkers()
        #expect(harness.status() == .completeCommit)
    }

    // MARK: Epochs

    @Test func `epochs that are used up lead to another producer ID`() {
        var harness = Self.make(in: .empty, epoch: Int16.max - 1)
        #expect(harness.initProducer() == .producer(.init(id: ProducerID(1_001), epoch: ProducerEpoch(0))))
    }

    @Test func `a transaction that uses up the epochs gives its producer another ID`() {
        let last = Self.at(Int16.max - 1)
        var harness = Self.make(in: .ongoing, version: 2, epoch: Int16.max - 1)
        let token = harness.end(true, last, version: 2)
        #expect(harness.effects.map(\.producer) == [Self.at(Int16.max)])
        harness.writeMarkers()
        let renewed = TransactionalProducer(id: ProducerID(1_001), epoch: ProducerEpoch(0))
        #expect(harness.replies[token] == .producer(renewed))
        let retry = harness.end(true, last, version: 2)
        #expect(harness.replies[retry] == .producer(renewed))
    }

    @Test func `a producer that continues keeps its ID, its retry gets the same epoch, and others are fenced`() {
        var harness = Self.make(in: .empty)
        #expect(harness.initProducer(expected: Self.producer) == .producer(Self.at(6)))
        #expect(harness.initProducer(expected: Self.producer) == .producer(Self.at(6)))
        #expect(harness.initProducer(expected: Self.at(3)) == .refused(.producerFenced))
        #expect(harness.initProducer() == .producer(Self.at(7)))
        #expect(harness.initProducer(expected: Self.at(6)) == .refused(.producerFenced))
    }

    @Test func `timeouts out of bounds are refused`() {
        var harness = TransactionHarness()
        #expect(harness.initProducer(timeout: 0) == .refused(.invalidTransactionTimeout))
        #expect(harness.initProducer(timeout: 900_001) == .refused(.invalidTransactionTimeout))
        let made = TransactionalProducer(id: ProducerID(1_001), epoch: ProducerEpoch(0))
        #expect(harness.initProducer(timeout: 900_000) == .producer(made))
        #expect(harness.initProducer("") == .refused(.invalidRequest))
        #expect(harness.initProducer(String(repeating: "x", count: 40_000)) == .refused(.invalidRequest))
    }

    @Test func `listing filters by state, producer and age`() {
        let harness = Self.make(in: .ongoing)
        func ids(_ change: (inout TransactionFilter) -> Void) -> [String] {
            var filter = TransactionFilter()
            change(&filter)
            return harness.machine.listing(filter, now: harness.now + 5_000).map(\.id)
        }
        #expect(ids { _ in } == ["t"])
        #expect(ids { $0.statuses = [.empty] } == [])
        #expect(ids { $0.matchesNoStatus = true } == [])
        #expect(ids { $0.producerIDs = [ProducerID(7)] } == ["t"])
        #expect(ids { $0.producerIDs = [ProducerID(8)] } == [])
        #expect(ids { $0.durationMilliseconds = 4_000 } == ["t"])
        #expect(ids { $0.durationMilliseconds = 6_000 } == [])
    }
}
