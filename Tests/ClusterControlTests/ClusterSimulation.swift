import LogObjects
import Metadata
import Model
import TestSupport

@testable import ClusterControl

/// Three brokers and an etcd under one seed: registration, election, assignment, moves and fail-over by the real
/// machines, in every order of their events.
///
/// A broker hears of changes late, sends transactions that are carried out late, or whose answers are lost, loses its
/// session without knowing it, stands still, is killed at any moment and starts again. It writes to the partitions that
/// it believes to own; what is written must show one owner for each epoch, and epochs that grow.
struct ClusterSimulation {
    /// What an implementation could do wrong; each must be found.
    enum Mistake: CaseIterable {
        /// The owner hands a partition over while it still writes to it.
        case handsOverBeforeRelease
        /// The controller takes a broker without a session for fenced.
        case assignsWithoutFence
        /// A broker writes by its lease alone.
        case writesWithoutFence
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// A transaction of a broker that is not carried out yet.
    private struct Pending {
        enum Kind {
            case registration
            case controller
            case handover(TopicPartition)
            case write(TopicPartition, LeaderEpoch, Incarnation)
        }

        var kind: Kind
        var transaction: MetadataTransaction
    }

    private struct Broker {
        var instance: UInt64
        var session: MetadataSessionID
        var registration: RegistrationMachine
        var incarnation: Incarnation?
        var membership: MembershipMachine?
        var controller: ControllerMachine?
        var image = ClusterImage()
        var pending: [Pending] = []
    }

    private var generator: SeededGenerator
    private let mistake: Mistake?
    private var etcd = ClusterEtcd()
    private var brokers: [BrokerID: Broker] = [:]
    private var now: Int64 = 0
    private var lastWrites: [TopicPartition: (epoch: LeaderEpoch, owner: Incarnation)] = [:]
    private var topicCount = 0
    /// A broker that stands still.
    private var paused: BrokerID?
    private var lostSessions: [MetadataSessionID] = []
    private(set) var writeCount = 0
    private(set) var moveCount = 0
    private static let ids = [BrokerID(1), BrokerID(2), BrokerID(3)]

    init(seed: UInt64, mistake: Mistake? = nil) {
        self.generator = SeededGenerator(seed: seed)
        self.mistake = mistake
        for id in Self.ids { self.start(id) }
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self.generator) < percent }

    /// Bad weather, then good weather until nothing changes.
    mutating func run(steps: Int) throws {
        for _ in 0..<steps { try self.step() }
        try self.settle()
    }

    private mutating func step() throws {
        self.now += Int64.random(in: 0..<200, using: &self.generator)
        let id = Self.ids[Int.random(in: 0..<3, using: &self.generator)]
        if let paused {
            if self.chance(1) { self.paused = nil }
            // It does nothing, while what it has sent is on its way.
            if paused == id { return }
        }
        switch Int.random(in: 0..<1000, using: &self.generator) {
        case 0..<4: self.createTopic()
        case 4..<6: self.deleteTopic()
        case 6..<9: if let session = self.brokers[id]?.session { self.etcd.closeSession(session) }
        case 9..<12: self.start(id)
        case 12..<14: self.drain(id)
        case 1_000 - 3..<1_000: self.pause(id)
        case 14..<24: if let lost = self.lostSessions.popLast() { self.etcd.closeSession(lost) }
        case 24..<300: self.deliver(id)
        case 300..<600: try self.carryOut(id, isLossy: true)
        case 600..<700: self.passTime(id)
        default: self.write(id)
        }
    }

    /// Everybody lives, answers arrive, and time passes.
    private mutating func settle() throws {
        for id in Self.ids { self.start(id) }
        for lost in self.lostSessions { self.etcd.closeSession(lost) }
        var quiet = 0
        for _ in 0..<20_000 where quiet < 40 {
            let before = self.etcd.revision
            self.now += 300
            for id in Self.ids {
                while self.brokers[id]?.pending.isEmpty == false { try self.carryOut(id, isLossy: false) }
                while self.deliver(id) {}
                self.passTime(id)
            }
            quiet = self.etcd.revision == before ? quiet + 1 : 0
        }
        guard quiet >= 40 else { throw Failure(description: "the cluster does not come to rest") }
        guard let image = self.brokers[Self.ids[0]]?.image else { return }
        var counts: [BrokerID: Int] = [:]
        for topic in image.topics.sortedTopics {
            for number in topic.partitions.indices {
                let partition = TopicPartition(topicID: topic.id, partition: Int32(number))
                guard let stored = image.assignments[partition], image.isActive(stored.assignment.owner),
                    stored.assignment.target == nil
                else { throw Failure(description: "\(topic.name)-\(number) has no owner in the end") }
                counts[stored.assignment.owner.broker, default: 0] += 1
            }
        }
        let loads = Self.ids.map { counts[$0] ?? 0 }
        guard (loads.max() ?? 0) - (loads.min() ?? 0) <= 1 else {
            throw Failure(description: "the load is uneven in the end: \(loads)")
        }
        let known = Set(image.topics.sortedTopics.map(\.id))
        guard image.assignments.keys.allSatisfy({ known.contains($0.topicID) }) else {
            throw Failure(description: "an assignment has no topic")
        }
    }

    // MARK: Brokers

    /// The process is killed if it runs, and starts on the same data directory.
    private mutating func start(_ id: BrokerID) {
        // What the process had runs out some time.
        if let lost = self.brokers[id]?.session { self.lostSessions.append(lost) }
        let session = self.etcd.openSession()
        let instance = UInt64(id.rawValue)
        let machine = RegistrationMachine(id, Self.registration(id), session: session, deadline: self.now + 10_000)
        self.brokers[id] = Broker(instance: instance, session: session, registration: machine)
        guard var broker = self.brokers[id] else { return }
        let action = broker.registration.started()
        self.perform(action, &broker, id)
        self.brokers[id] = broker
    }

    private static func registration(_ id: BrokerID, isDraining: Bool = false) -> BrokerRegistration {
        BrokerRegistration(
            instance: UInt64(id.rawValue),
            endpoints: ["PLAINTEXT": .init(host: "127.0.0.1", port: 9090 + Int(id.rawValue))],
            rack: "r\(id.rawValue % 2)",
            isDraining: isDraining
        )
    }

    private mutating func perform(_ action: RegistrationMachine.Action, _ broker: inout Broker, _ id: BrokerID) {
        switch action {
        case .look:
            let entry = self.etcd.entries[BrokerRegistration.key(id)]
            let next = broker.registration.found(entry, now: self.now)
            self.perform(next, &broker, id)
        case .commit(let transaction):
            broker.pending.append(Pending(kind: .registration, transaction: transaction))
        case .closeSession(let session):
            self.etcd.closeSession(session)
            let next = broker.registration.sessionClosed()
            self.perform(next, &broker, id)
        case .serve(let incarnation):
            broker.incarnation = incarnation
            broker.membership = MembershipMachine(incarnation, timeToLive: 9_000, now: self.now)
            broker.controller = ControllerMachine(own: incarnation, session: broker.session)
            guard let image = try? ClusterImage(ClusterImage.ranges.map(self.etcd.range)) else { return }
            broker.image = image
        case .refuse:
            // Its session had ended: a supervisor starts it again.
            broker.incarnation = nil
        }
    }

    /// The process stops for longer than its session lasts, with much to do.
    private mutating func pause(_ id: BrokerID) {
        guard self.paused == nil, let session = self.brokers[id]?.session else { return }
        for _ in 0..<8 { self.write(id) }
        self.paused = id
        self.etcd.closeSession(session)
    }

    private mutating func drain(_ id: BrokerID) {
        guard let broker = self.brokers[id], let incarnation = broker.incarnation else { return }
        let key = BrokerRegistration.key(id)
        self.etcd.commit(
            MetadataTransaction(
                compares: [MetadataCompare(key, .equal, .createRevision(incarnation.number))],
                success: [
                    .put(
                        key: key,
                        value: Self.registration(id, isDraining: true).encoded,
                        session: self.etcd.isOpen(broker.session) ? broker.session : nil
                    )
                ]
            )
        )
    }

    /// What the broker's watch has next.
    @discardableResult
    private mutating func deliver(_ id: BrokerID) -> Bool {
        guard var broker = self.brokers[id], broker.incarnation != nil,
            let batch = self.etcd.batch(after: broker.image.revision)
        else { return false }
        do {
            try broker.image.apply(batch)
        } catch {
            preconditionFailure("\(error)")
        }
        if case .end? = broker.membership?.imageChanged(broker.image) {
            self.start(id)
            return true
        }
        if let step = broker.controller?.imageChanged(self.controllerImage(broker.image), now: self.now) {
            broker.pending.append(Pending(kind: .controller, transaction: step.transaction))
        }
        self.handOver(&broker)
        self.brokers[id] = broker
        return true
    }

    private func controllerImage(_ image: ClusterImage) -> ClusterImage {
        guard self.mistake == .assignsWithoutFence else { return image }
        var image = image
        image.assumeFencedWhereNotLive()
        return image
    }

    private mutating func handOver(_ broker: inout Broker) {
        guard let own = broker.incarnation else { return }
        for partition in Handover.asked(of: own, broker.image) {
            let isBusy = broker.pending.contains { pending in
                switch pending.kind {
                case .handover(partition): true
                // The log is released once what was appended is durable.
                case .write(partition, _, _): self.mistake != .handsOverBeforeRelease
                default: false
                }
            }
            guard !isBusy, let handover = Handover(of: partition, by: own, broker.image) else { continue }
            broker.pending.append(Pending(kind: .handover(partition), transaction: handover.transaction))
        }
    }

    private mutating func passTime(_ id: BrokerID) {
        guard var broker = self.brokers[id], broker.incarnation != nil else { return }
        if case .keepAlive? = broker.membership?.timePassed(now: self.now) {
            if self.etcd.isOpen(broker.session) {
                _ = broker.membership?.keptAlive(sentAt: self.now)
            } else {
                _ = broker.membership?.keepAliveFailed(isSessionGone: true, now: self.now)
                return self.start(id)
            }
        }
        if let step = broker.controller?.imageChanged(self.controllerImage(broker.image), now: self.now) {
            broker.pending.append(Pending(kind: .controller, transaction: step.transaction))
        }
        self.handOver(&broker)
        self.brokers[id] = broker
    }

    /// The broker appends to a partition that it leads as far as it knows.
    private mutating func write(_ id: BrokerID) {
        guard var broker = self.brokers[id], let own = broker.incarnation else { return }
        let led = broker.image.assignments.keys
            .filter { broker.image.owner(of: $0)?.owner == own }
            .sorted { ($0.topicID.low, $0.partition) < ($1.topicID.low, $1.partition) }
        guard let partition = led.randomElement(using: &self.generator),
            let epoch = broker.image.owner(of: partition)?.epoch
        else { return }
        let ownership = EngineKeys.ownership(own)
        broker.pending.append(
            Pending(
                kind: .write(partition, epoch, own),
                transaction: MetadataTransaction(
                    compares: self.mistake == .writesWithoutFence
                        ? [] : [MetadataCompare(ownership, .equal, .value(OwnershipState.active.value))],
                    success: [.put(key: MetadataKey("w"), value: [])]
                )
            )
        )
        self.brokers[id] = broker
    }

    /// One of the broker's transactions takes place, or not, and it hears of it, or not.
    private mutating func carryOut(_ id: BrokerID, isLossy: Bool) throws {
        guard var broker = self.brokers[id], !broker.pending.isEmpty else { return }
        let position = isLossy ? Int.random(in: 0..<broker.pending.count, using: &self.generator) : 0
        let pending = broker.pending.remove(at: position)
        let isDropped = isLossy && self.chance(5)
        let isAnswerLost = isLossy && self.chance(5)
        let outcome = isDropped ? nil : self.etcd.commit(pending.transaction)
        if case .write(let partition, let epoch, let owner) = pending.kind, outcome?.succeeded == true {
            try self.written(partition, epoch, owner)
        }
        if case .handover = pending.kind, outcome?.succeeded == true { self.moveCount += 1 }
        let heard = isAnswerLost ? nil : outcome
        switch pending.kind {
        case .registration:
            let action = heard.map { broker.registration.committed($0) } ?? broker.registration.commitFailed()
            self.perform(action, &broker, id)
        case .controller:
            if let heard {
                broker.controller?.committed(heard)
            } else {
                broker.controller?.commitFailed(now: self.now)
            }
        case .handover, .write: break
        }
        self.brokers[id] = broker
        if case .registration = pending.kind, broker.incarnation == nil, broker.pending.isEmpty { self.start(id) }
    }

    private mutating func written(_ partition: TopicPartition, _ epoch: LeaderEpoch, _ owner: Incarnation) throws {
        self.writeCount += 1
        if let last = self.lastWrites[partition] {
            guard epoch >= last.epoch else {
                throw Failure(description: "\(owner) wrote to \(partition) under \(epoch), after \(last)")
            }
            guard epoch > last.epoch || owner == last.owner else {
                throw Failure(description: "\(owner) and \(last.owner) wrote to \(partition) under \(epoch)")
            }
        }
        self.lastWrites[partition] = (epoch, owner)
    }

    // MARK: Topics

    private mutating func createTopic() {
        guard self.topicCount < 12 else { return }
        self.topicCount += 1
        let creation = TopicCreation(
            name: "topic\(self.topicCount)",
            id: TopicID(high: 1, low: UInt64(self.topicCount)),
            partitionCount: Int.random(in: 1...7, using: &self.generator),
            origin: .kafka
        )
        guard let image = try? TopicsImage(self.etcd.range(.prefix(MetadataKeys.topics))),
            let plan = try? TopicPlanner.createTopic(creation, in: image, now: 1_700_000_000_000)
        else { return }
        self.etcd.commit(plan.transaction)
    }

    private mutating func deleteTopic() {
        guard let image = try? TopicsImage(self.etcd.range(.prefix(MetadataKeys.topics))),
            let topic = image.sortedTopics.randomElement(using: &self.generator)
        else { return }
        self.etcd.commit(
            MetadataTransaction(success: [.delete(.key(MetadataKeys.topic(name: topic.name)))])
        )
    }
}
