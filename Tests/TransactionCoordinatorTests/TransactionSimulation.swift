import Coordination
import Model
import TransactionCoordinator

/// Producers, zombies, late and repeated EndTxn, refused and slow writes, failing markers and crashes at any step, all
/// under one seed. Afterwards each transaction must be whole, and as its producer was told.
struct TransactionSimulation {
    /// A coordinator that is wrong on purpose, to show that the checker finds it.
    enum Fault: Sendable {
        case none
        case acknowledgesBeforeDurable
        case skipsEpochCheck
    }

    private struct Random {
        var state: UInt64
        mutating func next() -> UInt64 {
            self.state &+= 0x9E37_79B9_7F4A_7C15
            var value = self.state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
        mutating func below(_ bound: Int) -> Int { Int(self.next() % UInt64(bound)) }
        mutating func chance(_ percent: Int) -> Bool { self.below(100) < percent }
    }

    private enum Fate { case pending, committed, aborted }

    private struct StoredRecord {
        var producer: TransactionalProducer
        var key: Int
        var fate = Fate.pending
    }

    private struct SimulatedPartition {
        var records: [StoredRecord] = []
        var epochs: [ProducerID: ProducerEpoch] = [:]
    }

    private struct Client {
        enum Phase { case fresh, idle, open(key: Int, count: Int), ending(key: Int, commits: Bool, token: UInt64?) }
        var id: String
        var version: Int16
        var producer = TransactionalProducer(id: .none, epoch: .none)
        var phase = Phase.fresh
    }

    private var random: Random
    private let fault: Fault
    private var harness = TransactionHarness()
    private var partitions = [SimulatedPartition](repeating: SimulatedPartition(), count: 3)
    private var clients: [Client] = []
    /// EndTxn requests of version 2 clients that are still on some connection.
    private var late: [(id: String, producer: TransactionalProducer, commits: Bool)] = []
    private var lastKey = 0
    private var produced: [Int: Int] = [:]
    private var told: [Int: Bool] = [:]
    private(set) var acknowledged = 0

    init(seed: UInt64, fault: Fault = .none) {
        self.random = Random(state: seed)
        self.fault = fault
        self.harness.holdsWrites = true
        // Two instances for each transactional ID: one of them is a zombie most of the time.
        for index in 0..<6 {
            self.clients.append(Client(id: "t\(index / 2)", version: index < 4 ? 2 : 0))
        }
    }

    /// Returns what is wrong, if anything is.
    mutating func run(steps: Int) -> [String] {
        for _ in 0..<steps { self.step() }
        self.settle()
        return self.problems()
    }

    private mutating func step() {
        switch self.random.below(100) {
        case 0..<3: self.crash()
        case 3..<6: self.harness.failWrites()
        case 6..<30: self.harness.completeWrites()
        case 30..<45: self.deliverMarkers(failing: self.random.chance(20))
        case 45..<48: self.harness.advance(milliseconds: Int64(self.random.below(40_000)))
        case 48..<52: self.deliverLate()
        default: self.act(self.random.below(self.clients.count))
        }
    }

    /// What is not durable is lost, and so are answers and markers on their way.
    private mutating func crash() {
        let log = self.harness.log
        let (now, id) = (self.harness.now, self.harness.nextProducerID)
        self.harness = TransactionHarness(log: log)
        self.harness.now = now
        self.harness.nextProducerID = id + 100
        self.harness.holdsWrites = true
        for index in self.clients.indices {
            if case .ending(let key, let commits, _) = self.clients[index].phase {
                self.clients[index].phase = .ending(key: key, commits: commits, token: nil)
            }
        }
    }

    private mutating func deliverMarkers(failing: Bool) {
        var failed: [TransactionPartition] = []
        for request in self.harness.effects {
            for place in request.partitions {
                if failing, self.random.chance(50) {
                    failed.append(place)
                } else {
                    self.mark(Int(place.partition), request)
                }
            }
        }
        self.harness.writeMarkers(failing: failed)
    }

    private mutating func mark(_ partition: Int, _ request: MarkerRequest) {
        let known = self.partitions[partition].epochs[request.producer.id] ?? .none
        guard request.producer.epoch >= known else { return }
        self.partitions[partition].epochs[request.producer.id] = request.producer.epoch
        for index in self.partitions[partition].records.indices
        where self.partitions[partition].records[index].producer.id == request.producer.id
            && self.partitions[partition].records[index].fate == .pending
        {
            self.partitions[partition].records[index].fate = request.commits ? .committed : .aborted
        }
    }

    /// What the coordinator takes the producer for.
    private func claimed(_ producer: TransactionalProducer, _ id: String) -> TransactionalProducer {
        guard case .skipsEpochCheck = self.fault, let current = self.harness.machine.recorded[id] else {
            return producer
        }
        return TransactionalProducer(id: current.producerID, epoch: current.producerEpoch)
    }

    private mutating func deliverLate() {
        guard !self.late.isEmpty else { return }
        let request = self.late.remove(at: self.random.below(self.late.count))
        _ = self.harness.end(request.commits, self.claimed(request.producer, request.id), request.id, version: 2)
    }

    private mutating func act(_ index: Int) {
        var client = self.clients[index]
        defer { self.clients[index] = client }
        switch client.phase {
        case .fresh:
            guard self.random.chance(20) else { return }
            // The answer is held until the record is durable, and leaves the client without one otherwise.
            guard case .producer(let producer) = self.harness.initProducer(client.id) else { return }
            guard self.random.chance(80) else { return }
            self.harness.completeWrites()
            client.producer = producer
            client.phase = .idle
        case .idle:
            self.lastKey += 1
            client.phase = .open(key: self.lastKey, count: 0)
        case .open(let key, let count):
            if count >= 2, self.random.chance(50) {
                client.phase = .ending(key: key, commits: self.random.chance(70), token: nil)
            } else {
                self.produce(&client, key: key, count: count)
            }
        case .ending(let key, let commits, let token):
            self.end(&client, key: key, commits: commits, token: token)
        }
    }

    private mutating func produce(_ client: inout Client, key: Int, count: Int) {
        let number = self.random.below(self.partitions.count)
        let place = TransactionPartition(topic: "p", partition: Int32(number))
        let error = self.harness.add(
            [place],
            self.claimed(client.producer, client.id),
            client.id,
            version: client.version
        )
        switch error {
        case nil: break
        case .concurrentTransactions: return
        default:
            client.phase = .fresh
            return
        }
        // The answer to the addition waits for its record, and a crash would lose both.
        self.harness.completeWrites()
        guard client.producer.epoch >= self.partitions[number].epochs[client.producer.id] ?? .none else {
            client.phase = .fresh
            return
        }
        self.partitions[number].epochs[client.producer.id] = client.producer.epoch
        self.partitions[number].records.append(StoredRecord(producer: client.producer, key: key))
        self.produced[key, default: 0] += 1
        client.phase = .open(key: key, count: count + 1)
    }

    private mutating func end(_ client: inout Client, key: Int, commits: Bool, token: UInt64?) {
        guard let token else {
            let token = self.harness.end(
                commits,
                self.claimed(client.producer, client.id),
                client.id,
                version: client.version
            )
            if client.version >= 2, self.random.chance(20) {
                self.late.append((client.id, client.producer, commits))
            }
            client.phase = .ending(key: key, commits: commits, token: token)
            if case .acknowledgesBeforeDurable = self.fault, self.harness.replies[token] == nil {
                self.acknowledge(&client, key: key, commits: commits, client.producer)
            }
            return
        }
        guard let answer = self.harness.replies[token] else { return }
        if self.random.chance(15) {
            // The answer was lost.
            client.phase = .ending(key: key, commits: commits, token: nil)
            return
        }
        switch answer {
        case .producer(let producer): self.acknowledge(&client, key: key, commits: commits, producer)
        case .refused(.concurrentTransactions), .refused(.coordinatorNotAvailable), .refused(.notCoordinator),
            .refused(.coordinatorLoadInProgress):
            client.phase = .ending(key: key, commits: commits, token: nil)
        case .refused, .needsProducerID:
            client.phase = .fresh
        }
    }

    private mutating func acknowledge(
        _ client: inout Client,
        key: Int,
        commits: Bool,
        _ producer: TransactionalProducer
    ) {
        self.told[key] = commits
        self.acknowledged += 1
        client.producer = producer
        client.phase = .idle
    }

    /// No more crashes: what is open runs out, what is decided is completed.
    private mutating func settle() {
        for _ in 0..<20 {
            self.harness.completeWrites()
            self.deliverMarkers(failing: false)
            self.harness.completeWrites()
            self.harness.advance(milliseconds: 70_000)
        }
    }

    private func problems() -> [String] {
        var found: [String] = []
        var fates: [Int: [Fate]] = [:]
        for partition in self.partitions {
            for record in partition.records { fates[record.key, default: []].append(record.fate) }
        }
        for (key, fates) in fates.sorted(by: { $0.key < $1.key }) {
            let committed = fates.count { $0 == .committed }
            if fates.contains(.pending) { found.append("transaction \(key) hangs") }
            if committed != 0, committed != fates.count { found.append("transaction \(key) is torn") }
            switch self.told[key] {
            case true: if committed != self.produced[key] { found.append("committed transaction \(key) is lost") }
            case false: if committed != 0 { found.append("aborted transaction \(key) is read") }
            case nil: break
            }
        }
        // What a restart finds is what the machine has.
        let reloaded = TransactionHarness(log: self.harness.log)
        for (id, metadata) in self.harness.machine.recorded {
            var expected = metadata
            expected.lastProducerEpoch = reloaded.machine.recorded[id]?.lastProducerEpoch ?? .none
            if reloaded.machine.recorded[id] != expected { found.append("\(id) is not what its records say") }
        }
        return found
    }
}
