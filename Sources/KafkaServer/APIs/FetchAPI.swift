internal import Broker
internal import KafkaProtocol
internal import LogCore
internal import Model
internal import NIOCore
internal import Serving

/// Fetch (key 1), versions 4–18.
///
/// | version | change |
/// | --- | --- |
/// | 4 | isolation level, last stable offset, aborted transactions |
/// | 5 | log start offset |
/// | 7 | incremental sessions (KIP-227) |
/// | 9 | current leader epoch (KIP-320) |
/// | 11 | rack (KIP-392); every read is served here, so there is never a preferred replica |
/// | 12 | flexible; last fetched epoch and diverging epoch |
/// | 13 | topic IDs |
/// | 15–18 | fields of followers |
///
/// Differences from Kafka: there are no followers to serve, so a request with a replica ID gets
/// NOT_LEADER_OR_FOLLOWER for each partition.
enum FetchAPI: KafkaAPI {
    typealias Request = FetchRequest
    typealias Response = FetchResponse

    typealias Asked = (key: FetchPartitionKey, partition: FetchSessionPartition)

    /// Into which session an answer goes.
    enum Session: Sendable {
        /// Everything is answered, nothing is remembered.
        case none
        /// Newly opened: everything is answered.
        case opened(Int32)
        /// Only news is answered.
        case incremental(Int32)

        var id: Int32 {
            switch self {
            case .none: 0
            case .opened(let id), .incremental(let id): id
            }
        }
    }

    static func start(_ request: FetchRequest, _ call: Call<FetchResponse>) {
        let session: Session
        let asked: [Asked]
        do throws(FetchSessionCache.Refusal) {
            (session, asked) = try Self.resolve(request, call)
        } catch {
            call.answer(FetchResponse(errorCode: Self.errorCode(error), sessionID: request.sessionID))
            return
        }
        FetchAnswer(request: request, session: session, asked: asked, call: call).start(call.fetchBody)
    }

    private static func resolve(
        _ request: FetchRequest,
        _ call: Call<FetchResponse>
    ) throws(FetchSessionCache.Refusal) -> (Session, [Asked]) {
        let sessions = call.services.fetchSessions
        let usesTopicIDs = call.version >= 13
        let now = call.broker.environment.monotonicMilliseconds()
        let asked = Self.asked(request)
        switch request.sessionEpoch {
        case -1:
            if request.sessionID != 0 { sessions.close(request.sessionID) }
            return (.none, asked)
        case 0:
            if request.sessionID != 0 { sessions.close(request.sessionID) }
            let random = call.broker.environment.random
            let id = sessions.open(usesTopicIDs: usesTopicIDs, partitions: asked, now: now) {
                Int32(truncatingIfNeeded: random().0 & 0x7FFF_FFFF)
            }
            return (id.map(Session.opened) ?? .none, asked)
        default:
            let all = try sessions.resume(
                request.sessionID,
                epoch: request.sessionEpoch,
                usesTopicIDs: usesTopicIDs,
                changed: asked,
                forgotten: Self.forgotten(request),
                now: now
            )
            return (all.isEmpty ? .none : .incremental(request.sessionID), all)
        }
    }

    static func asked(_ request: FetchRequest) -> [Asked] {
        var asked: [Asked] = []
        for topic in request.topics {
            for partition in topic.partitions {
                asked.append(
                    (
                        FetchPartitionKey(
                            topicName: topic.name,
                            topicID: topic.topicID,
                            partition: partition.partitionIndex
                        ),
                        FetchSessionPartition(
                            fetchOffset: partition.fetchOffset,
                            bytesMax: partition.partitionMaxBytes,
                            currentLeaderEpoch: partition.currentLeaderEpoch.rawValue,
                            lastFetchedEpoch: partition.lastFetchedEpoch.rawValue,
                            logStartOffset: partition.logStartOffset
                        )
                    )
                )
            }
        }
        return asked
    }

    private static func forgotten(_ request: FetchRequest) -> Set<FetchPartitionKey> {
        var keys: Set<FetchPartitionKey> = []
        for topic in request.forgottenTopics {
            for partition in topic.partitions {
                keys.insert(
                    FetchPartitionKey(topicName: topic.name, topicID: topic.topicID, partition: partition)
                )
            }
        }
        return keys
    }

    private static func errorCode(_ refusal: FetchSessionCache.Refusal) -> ErrorCode {
        switch refusal {
        case .unknownSession: .fetchSessionIDNotFound
        case .wrongEpoch: .invalidFetchSessionEpoch
        case .topicIDsInconsistent: .fetchSessionTopicIDError
        }
    }
}

/// One fetch request on its way to its answer.
final class FetchAnswer: Sendable {
    typealias PartitionData = FetchResponse.Partition

    let request: FetchRequest
    let session: FetchAPI.Session
    let asked: [FetchAPI.Asked]
    let call: Call<FetchResponse>

    /// What is read, and what is refused without reading.
    private struct Plan {
        var limits: FetchOperation.Limits
        var targets: [FetchTarget] = []
        /// Of each target in `asked`.
        var indices: [Int] = []
        var refused: [Int: PartitionData] = [:]
    }

    init(
        request: FetchRequest,
        session: FetchAPI.Session,
        asked: [FetchAPI.Asked],
        call: Call<FetchResponse>
    ) {
        self.request = request
        self.session = session
        self.asked = asked
        self.call = call
    }

    /// - Parameter body: the request as it came, without its header.
    func start(_ body: ByteBuffer) {
        let plan = self.plan()
        let operation = FetchOperation.start(
            plan.targets,
            limits: plan.limits,
            engine: self.call.broker.engine,
            memory: self.call.broker.memory,
            on: self.call.eventLoop
        ) { self.answer($0, plan, to: self.call) }
        if !operation.isFinished { self.wait(for: operation, plan, body) }
    }

    private func plan() -> Plan {
        var plan = Plan(
            limits: FetchOperation.Limits(
                bytesMin: Int(max(0, self.request.minBytes)),
                bytesMax: min(
                    Int(max(0, self.request.maxBytes)),
                    self.call.broker.settings.fetchBytesMax,
                    self.call.broker.memory.answerBytesMax
                ),
                waitMax: .milliseconds(Int64(max(0, self.request.maxWaitMs))),
                isolation: self.request.isolationLevel == 1 ? .readCommitted : .readUncommitted
            )
        )
        let table = self.call.broker.topics.current
        for (index, asked) in self.asked.enumerated() {
            switch self.target(asked, in: table) {
            case .success(let target):
                plan.targets.append(target)
                plan.indices.append(index)
            case .failure(let refusal):
                plan.refused[index] = refusal.data
            }
        }
        // An error is news: Kafka does not wait then.
        if !plan.refused.isEmpty || plan.targets.isEmpty { plan.limits.waitMax = .zero }
        return plan
    }

    private func wait(for operation: FetchOperation, _ plan: Plan, _ body: ByteBuffer) {
        self.call.onClose { operation.cancel() }
        self.call.onDeadline(after: plan.limits.waitMax) {
            guard operation.park() else {
                operation.timedOut()
                return
            }
            let frame = self.answer(operation.outcomes, plan, to: self.call)
            self.call.park(
                ParkedFetch(operation, of: self, body, waitMax: plan.limits.waitMax, idleFrame: frame) { call, order in
                    operation.resume(readingIn: order) { self.answer($0, plan, to: call) }
                }
            )
        }
    }

    private struct Refusal: Error {
        var data: PartitionData
    }

    private func target(_ asked: FetchAPI.Asked, in table: TopicTable) -> Result<FetchTarget, Refusal> {
        func refuse(_ code: ErrorCode) -> Result<FetchTarget, Refusal> {
            .failure(Refusal(data: Self.errorData(asked.key.partition, code)))
        }
        let usesIDs = self.call.version >= 13
        let topic = usesIDs ? table.topic(id: asked.key.topicID) : table.topic(named: asked.key.topicName)
        let partition: HostedPartition
        do throws(BrokerError) {
            partition = try topic.partition(asked.key.partition, isAskedByID: usesIDs)
        } catch {
            var data = Self.errorData(asked.key.partition, ErrorCode(error))
            if let leader = error.leader {
                data.currentLeader = FetchResponse.CurrentLeader(leaderID: leader.broker, leaderEpoch: leader.epoch)
            }
            return .failure(Refusal(data: data))
        }
        if self.request.replicaID.rawValue >= 0 || self.request.replicaState.replicaID.rawValue >= 0 {
            return refuse(.notLeaderOrFollower)
        }
        if asked.partition.currentLeaderEpoch >= 0 {
            let leaderEpoch = partition.leaderEpoch.rawValue
            if asked.partition.currentLeaderEpoch < leaderEpoch { return refuse(.fencedLeaderEpoch) }
            if asked.partition.currentLeaderEpoch > leaderEpoch { return refuse(.unknownLeaderEpoch) }
        }
        if let diverging = Self.diverging(asked.partition, in: partition) {
            var data = Self.errorData(asked.key.partition, .none)
            data.divergingEpoch = diverging
            data.set(partition.log.offsets)
            return .failure(Refusal(data: data))
        }
        return .success(
            FetchTarget(
                partition: partition,
                offset: asked.partition.fetchOffset,
                bytesMax: Int(max(0, asked.partition.bytesMax))
            )
        )
    }

    /// Tells a reader whose log went another way where the two part (KIP-595).
    private static func diverging(
        _ asked: FetchSessionPartition,
        in partition: HostedPartition
    ) -> FetchResponse.DivergingEpoch? {
        guard asked.lastFetchedEpoch >= 0,
            let end = partition.log.endOffset(for: LeaderEpoch(asked.lastFetchedEpoch)),
            end.epoch.rawValue < asked.lastFetchedEpoch || end.endOffset < asked.fetchOffset
        else { return nil }
        return FetchResponse.DivergingEpoch(epoch: end.epoch, endOffset: end.endOffset)
    }

    private func partitionData(
        _ target: FetchTarget,
        _ outcome: FetchOutcome,
        isReadCommitted: Bool
    ) -> PartitionData {
        let number = target.partition.partition.partition
        switch outcome {
        case .success(let records):
            self.call.broker.metrics.kafka.recordBytesRead.add(records.bytes)
            var data = PartitionData(partitionIndex: number, records: RecordsParts(records.parts))
            data.set(records.offsets)
            if isReadCommitted {
                data.abortedTransactions = records.abortedTransactions.map {
                    FetchResponse.AbortedTransaction(
                        producerID: $0.producerID,
                        firstOffset: $0.firstOffset
                    )
                }
            }
            return data
        case .failure(let error):
            var data = Self.errorData(number, ErrorCode(error.code))
            if error.code == .offsetOutOfRange { data.set(target.partition.log.offsets) }
            return data
        }
    }

    private static func errorData(_ partition: Int32, _ code: ErrorCode) -> PartitionData {
        PartitionData(
            partitionIndex: partition,
            errorCode: code,
            highWatermark: -1,
            lastStableOffset: -1,
            logStartOffset: -1,
            records: RecordsParts()
        )
    }

    @discardableResult
    private func answer(_ outcomes: [FetchOutcome], _ plan: Plan, to call: Call<FetchResponse>) -> ByteBuffer? {
        var data = plan.refused
        let isReadCommitted = plan.limits.isolation == .readCommitted
        for (index, (target, outcome)) in zip(plan.indices, zip(plan.targets, outcomes)) {
            data[index] = self.partitionData(target, outcome, isReadCommitted: isReadCommitted)
        }
        return self.answer(data, to: call)
    }

    private func answer(_ data: [Int: PartitionData], to call: Call<FetchResponse>) -> ByteBuffer? {
        var selected = [Bool](repeating: true, count: self.asked.count)
        switch self.session {
        case .none: break
        case .opened(let id): _ = self.select(id, data)
        case .incremental(let id): selected = self.select(id, data)
        }
        var response = FetchResponse(sessionID: self.session.id)
        if call.version >= 16 {
            response.nodeEndpoints = self.endpoints(named: data.values.lazy.map(\.currentLeader), call)
        }
        for (index, asked) in self.asked.enumerated() where selected[index] {
            guard let partition = data[index] else { continue }
            if let last = response.topics.last, last.name == asked.key.topicName,
                last.topicID == asked.key.topicID
            {
                response.topics[response.topics.count - 1].partitions.append(partition)
            } else {
                response.topics.append(
                    FetchResponse.Topic(
                        name: asked.key.topicName,
                        topicID: asked.key.topicID,
                        partitions: [partition]
                    )
                )
            }
        }
        return call.answer(response)
    }

    /// Where the leaders are that an answer sends its client to.
    private func endpoints(
        named leaders: some Sequence<FetchResponse.CurrentLeader>,
        _ call: Call<FetchResponse>
    ) -> [FetchResponse.NodeEndpoint] {
        let ids = Set(leaders.lazy.map(\.leaderID).filter { $0.rawValue >= 0 })
        if ids.isEmpty { return [] }
        let brokers = call.broker.brokers(reachedAt: call.session.local.host, port: call.session.local.port)
        return brokers.all.filter { ids.contains($0.id) }.map { node in
            FetchResponse.NodeEndpoint(nodeID: node.id, host: node.host, port: Int32(node.port), rack: node.rack)
        }
    }

    private func select(_ id: Int32, _ data: [Int: PartitionData]) -> [Bool] {
        let answers = self.asked.enumerated().map { index, asked in
            let partition = data[index]
            return FetchSession.Answer(
                key: asked.key,
                recordBytes: partition?.records?.readableBytes ?? 0,
                highWatermark: partition?.highWatermark ?? -1,
                logStartOffset: partition?.logStartOffset ?? -1,
                isError: partition.map { $0.errorCode != .none } ?? true,
                hasOtherNews: partition.map { $0.divergingEpoch.epoch.rawValue >= 0 } ?? false
            )
        }
        return self.call.services.fetchSessions.select(id, answers: answers)
    }
}

extension FetchResponse.Partition {
    fileprivate mutating func set(_ offsets: LogOffsets) {
        self.highWatermark = offsets.highWatermark
        self.lastStableOffset = offsets.lastStable
        self.logStartOffset = offsets.logStart
    }
}
