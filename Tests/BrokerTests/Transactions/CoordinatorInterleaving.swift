import Coordination
import CoordinatorRuntime
import GroupCoordinator
import LogCore
import LogTestSupport
import Logging
import Metadata
import Model
import NIOCore
import NIOEmbedded
import RecordBatch
import TestSupport
import TransactionCoordinator

@testable import Broker

/// Both coordinators over their runtimes, with their topics and three data partitions in memory, under one seed.
///
/// Every client copies input exactly once: it reads the committed offset of its group, writes two records for that
/// input, commits the next offset and ends the transaction. Six clients share three transactional IDs, so that one of
/// each pair is a zombie when it wakes. Three more are members of one group of the consumer protocol, each with a
/// transactional ID of its own (KIP-447). Appends become durable late or are refused, markers are late, fail, or their
/// answers are lost, EndTxn comes a second time on another connection, and the broker crashes at any step.
// SAFETY: one thread runs it all.
final class CoordinatorInterleaving: @unchecked Sendable {
    /// A coordinator that is wrong on purpose, to show that the checker finds it.
    enum Fault: Sendable, CaseIterable {
        case none
        /// EndTxn is acknowledged when it arrives.
        case acknowledgesBeforeDurable
        /// Any producer that names the transactional ID is taken for the current one.
        case skipsEpochCheck
        /// A member's offsets are taken at any epoch.
        case skipsMemberEpochCheck
    }

    static let offsetsPlace = TransactionPartition(topic: TopicName.consumerOffsets, partition: 0)
    static let inputTopic = TopicChanges.Topic(name: "input", id: TopicID(high: 7, low: 7), partitionCount: 3)
    static let partitionCount = 3

    var random: SeededGenerator
    let fault: Fault
    let loop = EmbeddedEventLoop()
    private let transactionTopic = MemoryCoordinatorTopic()
    private let offsetsTopic = MemoryCoordinatorTopic()
    let logs = (0..<CoordinatorInterleaving.partitionCount).map { _ in MemoryLog() }
    /// Crashes so far; nobody gets what an earlier life answers.
    private(set) var life = 0
    private(set) var partitions: [HostedPartition]
    private(set) var offsets: HostedPartition
    private(set) var groups: GroupService
    private(set) var transactions: TransactionService
    private let courier = MarkerCourier()
    var clients: [InterleavedClient] = []
    var history = InterleavedHistory()
    /// Gets a line for each event.
    var trace: ((String) -> Void)?
    /// EndTxn requests that are still on some connection.
    var late: [EndTransactionRequest] = []
    /// The producer that each transactional ID was given last.
    var current: [String: TransactionalProducer] = [:]
    private var lastProducerID: Int64 = 1_000

    init(seed: UInt64, fault: Fault = .none) {
        self.random = SeededGenerator(seed: seed)
        self.fault = fault
        for log in self.logs + self.transactionTopic.logs + self.offsetsTopic.logs {
            log.checksProducers = true
            log.isDurableAtOnce = false
        }
        (self.groups, self.transactions) = Self.makeServices(
            self.loop,
            self.transactionTopic,
            self.offsetsTopic,
            self.courier
        )
        self.offsets = Self.host(self.offsetsTopic.logs[0], TopicName.consumerOffsets, isInternal: true)
        self.partitions = self.logs.map { Self.host($0, "p", isInternal: false) }
        for index in 0..<6 {
            self.clients.append(InterleavedClient(sharing: "t\(index / 2)", version: index < 4 ? 2 : 0))
        }
        for index in 0..<3 { self.clients.append(InterleavedClient(member: "m\(index)")) }
        self.prepareServices()
    }

    private static func makeServices(
        _ loop: EmbeddedEventLoop,
        _ transactionTopic: MemoryCoordinatorTopic,
        _ offsetsTopic: MemoryCoordinatorTopic,
        _ courier: MarkerCourier
    ) -> (GroupService, TransactionService) {
        let environment = BrokerEnvironment(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { Self.time(on: loop) },
            monotonicMilliseconds: { 0 },
            random: { (1, 1) }
        )
        return (
            GroupService(
                topic: offsetsTopic,
                engine: MemoryEngine(),
                settings: GroupSettings(),
                surroundings: InputTopic(),
                environment: environment,
                eventLoops: [loop]
            ),
            TransactionService(
                topic: transactionTopic,
                engine: MemoryEngine(),
                settings: TransactionSettings(),
                markers: courier,
                environment: environment,
                eventLoops: [loop]
            )
        )
    }

    private static func host(_ log: MemoryLog, _ topic: String, isInternal: Bool) -> HostedPartition {
        HostedPartition(
            topicName: topic,
            log: log,
            isInternal: isInternal,
            rules: .init(
                leaderEpoch: LeaderEpoch(0),
                isSealed: false,
                messageBytesMax: 1 << 20,
                needsKeys: false,
                timestampBeforeMillisecondsMax: .max,
                timestampAfterMillisecondsMax: .max,
                isLogAppendTime: false
            ),
            shard: .open(ordinal: 0, start: 0)
        )
    }

    private func prepareServices() {
        self.courier.life = self.life
        self.groups.prepareAll()
        self.transactions.prepareAll()
        self.loop.run()
    }

    private static func time(on loop: EmbeddedEventLoop) -> Timestamp {
        1_700_000_000_000 + Int64(loop.now.uptimeNanoseconds / 1_000_000)
    }

    var now: Timestamp { Self.time(on: self.loop) }

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self.random) < percent }

    func freshProducerID() -> ProducerID {
        self.lastProducerID += 1
        return ProducerID(self.lastProducerID)
    }

    private var allLogs: [MemoryLog] { self.logs + self.transactionTopic.logs + self.offsetsTopic.logs }

    // MARK: Steps

    /// Returns what is wrong, if anything is.
    func run(steps: Int) -> [String] {
        for _ in 0..<steps { self.step() }
        self.settle()
        return self.problems()
    }

    private func step() {
        switch Int.random(in: 0..<200, using: &self.random) {
        case 0: self.crash()
        case 1..<3: self.fail()
        case 3..<70: self.makeDurable()
        case 70..<96: self.deliverMarkers(failing: self.chance(20))
        case 96: self.advanceTime(milliseconds: Int64.random(in: 0..<50_000, using: &self.random))
        case 97..<104: self.advanceTime(milliseconds: Int64.random(in: 0..<1_000, using: &self.random))
        case 104..<108: self.deliverLate()
        default:
            let ready = self.clients.indices.filter { self.clients[$0].isReady }
            if let index = ready.randomElement(using: &self.random) { self.act(index) }
        }
        self.loop.run()
    }

    private func advanceTime(milliseconds: Int64) { self.loop.advanceTime(by: .milliseconds(milliseconds)) }

    private func makeDurable() {
        let log = self.allLogs[Int.random(in: 0..<self.allLogs.count, using: &self.random)]
        log.makeDurable(Int.random(in: 1..<12, using: &self.random))
    }

    /// What is not durable is lost, and answers with it. Markers may still be on their way.
    private func crash() {
        self.life += 1
        self.trace?("crash \(self.life)")
        for log in self.allLogs { log.crash() }
        self.groups.close(on: self.loop) {}
        self.transactions.close(on: self.loop) {}
        self.loop.run()
        // Also what the services wrote when they were closed.
        for log in self.allLogs { log.crash() }
        for topic in [self.transactionTopic, self.offsetsTopic] { topic.leaderEpoch += 1 }
        for index in self.clients.indices { self.clients[index].waiting = nil }
        (self.groups, self.transactions) = Self.makeServices(
            self.loop,
            self.transactionTopic,
            self.offsetsTopic,
            self.courier
        )
        self.offsets = Self.host(self.offsetsTopic.logs[0], TopicName.consumerOffsets, isInternal: true)
        self.partitions = self.logs.map { Self.host($0, "p", isInternal: false) }
        self.prepareServices()
    }

    /// Storage refuses an append, or loses what a coordinator has in flight.
    private func fail() {
        let log = self.allLogs[Int.random(in: 0..<self.allLogs.count, using: &self.random)]
        if self.chance(50) {
            log.refusal = LogError(self.chance(50) ? .diskFull : .overloaded, "test")
            self.trace?("refuse log \(self.allLogs.firstIndex { $0 === log } ?? -1)")
        } else {
            let topic = self.chance(50) ? self.transactionTopic : self.offsetsTopic
            topic.logs[0].lose(LogError(.storage, "test"))
            self.trace?("lose \(topic === self.offsetsTopic ? "offsets" : "transactions")")
        }
    }

    private func deliverLate() {
        guard !self.late.isEmpty else { return }
        let request = self.late.remove(at: Int.random(in: 0..<self.late.count, using: &self.random))
        self.trace?("late \(request)")
        self.transactions.park(request.identity.transactionalID, on: self.loop) { machine, context, token in
            context.perform(machine.endRequested(request, fresh: nil, token: token, now: context.now))
        } completion: { _ in
        }
    }

    /// No more failures: what is open runs out, what is decided is completed.
    private func settle() {
        self.trace?("settle")
        for log in self.allLogs {
            log.refusal = nil
            log.isDurableAtOnce = true
            log.makeDurable()
        }
        for _ in 0..<20 {
            self.loop.run()
            for request in self.courier.takeAll() { self.deliver(request, failing: false) }
            self.loop.run()
            self.advanceTime(milliseconds: 70_000)
        }
    }

    // MARK: Markers

    private func deliverMarkers(failing: Bool) {
        guard self.courier.count > 0 else { return }
        let index = Int.random(in: 0..<self.courier.count, using: &self.random)
        self.deliver(self.courier.take(index), failing: failing)
    }

    private func deliver(_ request: MarkerCourier.Request, failing: Bool) {
        let life = self.life
        let answers = MarkerAnswers(count: request.partitions.count) { [unowned self] results in
            self.trace?("markers \(request.marker) of life \(request.life): \(results)")
            // The coordinator that asked may be gone.
            if request.life == life, life == self.life { request.completion(results) }
        }
        self.trace?("deliver \(request.marker) to \(request.partitions.map { "\($0.topic)-\($0.partition)" })")
        for (index, place) in request.partitions.enumerated() {
            if failing, self.chance(40) {
                answers.put(.failed(.timedOut), at: index)
                continue
            }
            // The marker arrives, and its answer may be lost.
            let isLost = failing && self.chance(30)
            if place == Self.offsetsPlace {
                let offsets = self.offsets
                self.groups.endTransaction(request.marker, in: 0, on: self.loop) {
                    offsets.transactionEnded(producer: request.marker.producerID)
                } completion: { result in
                    let outcome = (try? result.get()).map { MarkerResult.ended($0) }
                    answers.put(isLost ? .failed(.timedOut) : outcome ?? .failed(.timedOut), at: index)
                }
                continue
            }
            let waiter = ClosureWaiter(self.loop) { error in
                answers.put(error == nil && !isLost ? .ended(.written) : .failed(.timedOut), at: index)
            }
            do throws(BrokerError) {
                let outcome = try self.partitions[Int(place.partition)].appendMarker(
                    request.marker,
                    now: self.now,
                    waiter: waiter
                )
                switch outcome {
                case .written, .alreadyEnded: break
                case .fenced, .coordinatorFenced:
                    answers.put(isLost ? .failed(.timedOut) : .ended(outcome), at: index)
                }
            } catch {
                answers.put(.failed(.timedOut), at: index)
            }
        }
    }
}

/// The cluster's only topic that groups subscribe to.
private struct InputTopic: GroupSurroundings {
    func topic(named name: String) -> TopicChanges.Topic? {
        name == CoordinatorInterleaving.inputTopic.name ? CoordinatorInterleaving.inputTopic : nil
    }

    func topic(id: TopicID) -> TopicChanges.Topic? {
        id == CoordinatorInterleaving.inputTopic.id ? CoordinatorInterleaving.inputTopic : nil
    }

    var topicNames: [String] { [CoordinatorInterleaving.inputTopic.name] }
    func overrides(of groupID: GroupID) -> GroupOverrides { GroupOverrides() }
}
