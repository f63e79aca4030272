internal import KafkaClient
internal import KafkaProtocol
internal import NIOCore

/// Reads partitions over connections of its own, each with one long-polling fetch on its way; on one event loop.
final class FetchEngine {
    struct ReaderPlan: Sendable {
        var broker: Int32
        /// Readers of one group together read everything once.
        var group: Int
        var partitions: [FetchSession.Partition]
    }

    struct Plan: Sendable {
        var topic: TopicTarget
        var readers: [ReaderPlan]
        var limits: FetchSession.Limits
        var checksCRC = false
        var keepsBatches = false
        /// Records that each group reads at most; `nil` without a bound.
        var groupRecordsMax: Int?
        var groupCount = 1
    }

    private final class Reader {
        let wire: Wire
        let group: Int
        var session: FetchSession
        var scanner: FetchScanner
        var correlationID: Int32 = 0
        var asked: UInt64 = 0
        var recordCount = 0
        var isDone = false

        init(wire: Wire, group: Int, session: FetchSession, scanner: FetchScanner) {
            self.wire = wire
            self.group = group
            self.session = session
            self.scanner = scanner
        }
    }

    private let plan: Plan
    private let loop: any EventLoop
    private var readers: [Reader] = []
    private var groupRecords: [Int]
    private var isEnded = false

    private(set) var recordCount = 0
    private(set) var batchBytes = 0
    private(set) var fetchCount = 0
    private(set) var lastRecord: UInt64 = 0
    /// What a partition answered, with the time of reading it.
    var onPartition: ((FetchedPartition, UInt64) throws(LoadFailure) -> Void)?
    /// A whole answer: how many nanoseconds it took, how many records it brought, the time.
    var onResponse: ((UInt64, Int, UInt64) -> Void)?
    /// Called once: every reader has come to its end, or reading has failed.
    var onFinished: ((Result<Void, LoadFailure>) -> Void)?

    init(plan: Plan, loop: any EventLoop) {
        self.plan = plan
        self.loop = loop
        self.groupRecords = Array(repeating: 0, count: plan.groupCount)
    }

    var connectionCount: Int { self.plan.readers.count }

    func connect(_ ready: @escaping (Result<Void, LoadFailure>) -> Void) {
        let addresses = self.plan.readers.compactMap { self.plan.topic.addresses[$0.broker] }
        precondition(addresses.count == self.plan.readers.count, "every leader has an address")
        Wire.connectAll(to: addresses, tls: self.plan.topic.tls, on: self.loop) { result in
            ready(result.map { self.install($0) })
        }
    }

    private func install(_ wires: [Wire]) {
        self.readers = zip(wires, self.plan.readers).map { wire, reader in
            Reader(
                wire: wire,
                group: reader.group,
                session: FetchSession(
                    topic: self.plan.topic.name,
                    partitions: reader.partitions,
                    limits: self.plan.limits
                ),
                scanner: FetchScanner(checksCRC: self.plan.checksCRC, keepsBatches: self.plan.keepsBatches)
            )
        }
        for reader in self.readers {
            reader.wire.onBytes = { [unowned reader] in try self.received(&$0, by: reader) }
            reader.wire.onEnd = { self.finish(.failure($0)) }
        }
    }

    /// Sends the first fetches.
    func start(at start: UInt64) {
        self.lastRecord = start
        for reader in self.readers { self.ask(reader) }
        self.finishIfDone()
    }

    /// Lets what is on its way come to nothing.
    func close() {
        self.isEnded = true
        for reader in self.readers { reader.wire.close() }
        self.readers = []
        self.onPartition = nil
        self.onResponse = nil
        self.onFinished = nil
    }

    private func ask(_ reader: Reader) {
        let isFull = self.plan.groupRecordsMax.map { self.groupRecords[reader.group] >= $0 } ?? false
        guard !self.isEnded, !reader.session.isDone, !isFull else {
            reader.isDone = true
            return
        }
        reader.correlationID = reader.correlationID == .max ? 1 : reader.correlationID + 1
        var frame = reader.wire.buffer(capacity: 256)
        reader.session.request().encodeFrame(
            into: &frame,
            version: FetchScanner.version,
            correlationID: reader.correlationID,
            clientID: "millrace-bench"
        )
        reader.asked = LoadClock.now
        reader.wire.write(frame)
        reader.wire.flush()
    }

    private func received(_ bytes: inout ByteBuffer, by reader: Reader) throws {
        while !self.isEnded, let event = try reader.scanner.next(in: &bytes) {
            switch event {
            case .partition(let partition): try self.took(partition, by: reader)
            case .end(let end): try self.ended(end, by: reader)
            }
        }
    }

    private func took(_ partition: FetchedPartition, by reader: Reader) throws(LoadFailure) {
        guard partition.errorCode == 0 else {
            let name = "partition \(self.plan.topic.name)-\(partition.partition)"
            throw LoadFailure(ClientError.server(ErrorCode(rawValue: partition.errorCode), name).message)
        }
        let now = LoadClock.now
        if let nextOffset = partition.nextOffset {
            reader.session.advance(partition.partition, to: nextOffset)
            self.lastRecord = now
        }
        reader.recordCount += partition.recordCount
        self.groupRecords[reader.group] += partition.recordCount
        self.recordCount += partition.recordCount
        self.batchBytes += partition.batchBytes
        try self.onPartition?(partition, now)
    }

    private func ended(_ end: FetchEnd, by reader: Reader) throws(LoadFailure) {
        guard end.correlationID == reader.correlationID else {
            throw LoadFailure("\(reader.wire.address) answered a request that was not sent")
        }
        try reader.session.ended(end)
        let now = LoadClock.now
        self.fetchCount += 1
        self.onResponse?(now - reader.asked, reader.recordCount, now)
        reader.recordCount = 0
        self.ask(reader)
        self.finishIfDone()
    }

    private func finishIfDone() {
        guard self.readers.allSatisfy(\.isDone) else { return }
        self.finish(.success(()))
    }

    private func finish(_ result: Result<Void, LoadFailure>) {
        guard !self.isEnded else { return }
        self.isEnded = true
        self.onFinished?(result)
    }
}

extension FetchEngine.ReaderPlan {
    /// Deals the partitions of each broker to its readers: at most `connectionsPerBroker` for each group.
    static func deal(
        _ partitions: [FetchSession.Partition],
        leaders: [Int32],
        connectionsPerBroker: Int,
        groups: Int
    ) -> [FetchEngine.ReaderPlan] {
        var byBroker: [Int32: [FetchSession.Partition]] = [:]
        for partition in partitions { byBroker[leaders[Int(partition.index)], default: []].append(partition) }
        var readers: [FetchEngine.ReaderPlan] = []
        for group in 0..<groups {
            for (broker, all) in byBroker.sorted(by: { $0.key < $1.key }) {
                let count = min(connectionsPerBroker, all.count)
                for place in 0..<count {
                    let mine = stride(from: place, to: all.count, by: count).map { all[$0] }
                    readers.append(FetchEngine.ReaderPlan(broker: broker, group: group, partitions: mine))
                }
            }
        }
        return readers
    }
}
