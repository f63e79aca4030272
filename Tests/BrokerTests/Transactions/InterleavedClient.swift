import Coordination
import GroupCoordinator
import Model
import TransactionCoordinator

@testable import Broker

/// One instance of a producer that copies input exactly once.
struct InterleavedClient {
    /// What an operation came to.
    enum Answer: Sendable {
        case producer(TransactionalProducer)
        case offset(Offset)
        case membership(ConsumerHeartbeatResponse)
        case done
        /// Try the same again.
        case again
        /// The transaction cannot be continued.
        case refused
    }

    /// An operation under way.
    // SAFETY: one thread runs it all.
    final class Waiting: @unchecked Sendable {
        let life: Int
        var answer: Answer?
        /// The largest offset that was seen when it was asked for.
        var seenBefore: Offset = -1

        init(life: Int) { self.life = life }
    }

    enum Phase {
        case fresh
        /// A member learns what it owns.
        case polling
        case idle(InputPlace)
        case writing(Work)
        case ending(Work, commits: Bool)
    }

    /// One transaction. A step is repeated with the same partition and sequence until it is answered.
    struct Work {
        var number: Int
        var place: InputPlace
        var input: Offset
        /// Two records, then the offset.
        var step = 0
        var partition = 0
        var sequence: Int32?
    }

    static let membersGroup = "members"

    let transactionalID: String
    let version: Int16
    /// `nil` for those that share transactional IDs and have no group management.
    let member: MemberID?
    var memberEpoch: Int32 = 0
    var owned = PartitionSet()
    var producer = TransactionalProducer(id: .none, epoch: .none)
    var sequences: [Int: Int32] = [:]
    var phase = Phase.fresh
    var waiting: Waiting?

    init(sharing transactionalID: String, version: Int16) {
        self.transactionalID = transactionalID
        self.version = version
        self.member = nil
    }

    init(member: String) {
        self.transactionalID = "x-\(member)"
        self.version = 2
        self.member = MemberID(member)
    }

    /// Whether it has something to do: an answer has come, or it waits for none.
    var isReady: Bool { self.waiting.map { $0.answer != nil } ?? true }

    /// Begins the next transaction as this producer.
    mutating func becomes(_ producer: TransactionalProducer) {
        if producer != self.producer { self.sequences = [:] }
        self.producer = producer
        self.phase = self.member == nil ? .idle(InputPlace(group: self.transactionalID, partition: 0)) : .polling
    }
}

extension CoordinatorInterleaving {
    /// One step of a client: it takes its answer, or asks for the next thing.
    func act(_ index: Int) {
        var client = self.clients[index]
        defer { self.clients[index] = client }
        if let waiting = client.waiting {
            guard let answer = waiting.answer else { return }
            client.waiting = nil
            // Some answers are lost, and the client asks again.
            let isLost = self.chance(8)
            if !isLost { self.answered(&client, answer, seenBefore: waiting.seenBefore) }
            self.trace?("client \(index) \(isLost ? "loses" : "gets") \(answer), is \(client.phase)")
            return
        }
        let waiting = InterleavedClient.Waiting(life: self.life)
        switch client.phase {
        case .fresh:
            // Those that share an ID sleep for long, or they would do nothing but fence each other.
            guard self.chance(client.member == nil ? 2 : 60) else { return }
            self.initProducer(client.transactionalID, fresh: nil, waiting)
        case .polling: self.heartbeat(client, waiting)
        case .idle(let place): self.readOffset(of: place, waiting)
        case .writing(let work): client.phase = .writing(self.write(&client, work, waiting))
        case .ending(let work, let commits):
            self.trace?("client \(index) ends \(work.number): \(commits) as \(client.producer)")
            self.end(client, commits: commits, fresh: nil, waiting)
            if self.fault == .acknowledgesBeforeDurable {
                self.history.ended[work.number] = commits
                client.phase = .fresh
                return
            }
        }
        client.waiting = waiting
    }

    private func answered(_ client: inout InterleavedClient, _ answer: InterleavedClient.Answer, seenBefore: Offset) {
        switch (client.phase, answer) {
        case (_, .again): break
        case (.fresh, .producer(let producer)):
            self.current[client.transactionalID] = producer
            client.becomes(producer)
        case (.polling, .membership(let response)): self.heartbeatAnswered(&client, response)
        case (.idle(let place), .offset(let offset)): self.offsetRead(&client, place, offset, seenBefore: seenBefore)
        case (.writing(var work), .done):
            if work.step < 2 { self.history.acknowledged[work.number, default: []].insert(work.step) }
            work.step += 1
            work.sequence = nil
            client.phase = work.step < 3 ? .writing(work) : .ending(work, commits: self.chance(85))
        case (.writing(let work), .refused):
            client.phase = self.chance(70) ? .ending(work, commits: false) : .fresh
        case (.ending(let work, let commits), .producer(let producer)):
            self.history.ended[work.number] = commits
            client.becomes(producer)
            self.current[client.transactionalID] = producer
        default: client.phase = .fresh
        }
    }

    private func heartbeatAnswered(_ client: inout InterleavedClient, _ response: ConsumerHeartbeatResponse) {
        guard response.error == nil else {
            client.memberEpoch = 0
            client.owned = PartitionSet()
            return
        }
        client.memberEpoch = response.memberEpoch
        if let assignment = response.assignment { client.owned = assignment }
        for partition in client.owned.partitions.map(\.partition) {
            let claim = InterleavedHistory.Claim(partition: partition, epoch: client.memberEpoch)
            let owner = self.history.owners[claim] ?? client.transactionalID
            if owner != client.transactionalID {
                self.history.problems.append("\(owner) and \(client.transactionalID) own \(claim)")
            }
            self.history.owners[claim] = client.transactionalID
        }
        guard let partition = client.owned.partitions.randomElement(using: &self.random)?.partition, self.chance(70)
        else { return }
        client.phase = .idle(InputPlace(group: InterleavedClient.membersGroup, partition: partition))
    }

    private func offsetRead(
        _ client: inout InterleavedClient,
        _ place: InputPlace,
        _ offset: Offset,
        seenBefore: Offset
    ) {
        if offset < seenBefore {
            self.history.problems.append("\(place): the offset went from \(seenBefore) to \(offset)")
        }
        self.history.seen[place] = max(self.history.seen[place] ?? -1, offset)
        self.history.lastNumber += 1
        let work = InterleavedClient.Work(number: self.history.lastNumber, place: place, input: max(0, offset))
        self.history.input[work.number] = (place, work.input)
        client.phase = .writing(work)
    }
}
