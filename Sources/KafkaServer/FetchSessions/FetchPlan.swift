internal import AccessControl
internal import Broker
internal import KafkaProtocol
internal import LogCore
internal import Model
internal import NIOCore
internal import Quotas
internal import Serving

/// What a fetch request reads, what of it is refused without reading, and how outcomes become an answer.
struct FetchPlan: Sendable {
    typealias PartitionData = FetchResponse.Partition

    let request: FetchRequest
    let session: FetchAPI.Session
    let asked: [FetchAPI.Asked]
    private(set) var limits: FetchOperation.Limits
    private(set) var targets: [FetchTarget] = []
    /// What the client might do when it asked.
    let rights: Rights
    private let access: Access
    private let version: Int16
    private let broker: Broker
    private let sessions: FetchSessionCache
    /// Of each target in `asked`.
    private var indices: [Int] = []
    private var refused: [Int: PartitionData] = [:]

    init(
        _ request: FetchRequest,
        session: FetchAPI.Session,
        asked: [FetchAPI.Asked],
        _ call: Call<FetchResponse>
    ) {
        self.request = request
        self.session = session
        self.asked = asked
        self.version = call.version
        self.rights = call.info.rights
        self.access = call.access(.fetch)
        self.broker = call.broker
        self.sessions = call.services.fetchSessions
        self.limits = FetchOperation.Limits(
            bytesMin: Int(max(0, request.minBytes)),
            bytesMax: min(
                Int(max(0, request.maxBytes)),
                call.broker.settings.fetchBytesMax,
                call.broker.memory.answerBytesMax
            ),
            waitMax: .milliseconds(Int64(max(0, request.maxWaitMs))),
            isolation: request.isolationLevel == 1 ? .readCommitted : .readUncommitted
        )
        let table = call.broker.topics.current
        for (index, asked) in asked.enumerated() {
            switch self.target(asked, in: table) {
            case .success(let target):
                self.targets.append(target)
                self.indices.append(index)
            case .failure(let refusal):
                self.refused[index] = refusal.data
            }
        }
        // More would be throttled for sure, each time again.
        if let burst = call.broker.quotas.burst(.consumerByteRate, of: call.info.quotaClient) {
            self.limits.bytesMax = min(self.limits.bytesMax, Int(exactly: burst.rounded(.down)) ?? .max)
            self.limits.bytesMin = min(self.limits.bytesMin, self.limits.bytesMax)
        }
        // An error is news: Kafka does not wait then.
        if !self.refused.isEmpty || self.targets.isEmpty { self.limits.waitMax = .zero }
    }

    private struct Refusal: Error {
        var data: PartitionData
    }

    private func target(_ asked: FetchAPI.Asked, in table: TopicTable) -> Result<FetchTarget, Refusal> {
        func refuse(_ code: ErrorCode) -> Result<FetchTarget, Refusal> {
            .failure(Refusal(data: Self.errorData(asked.key.partition, code)))
        }
        let usesIDs = self.version >= 13
        let topic = usesIDs ? table.topic(id: asked.key.topicID) : table.topic(named: asked.key.topicName)
        // Before it is said whether the topic exists; an ID that stands for none says nothing.
        if let name = usesIDs ? topic?.name : asked.key.topicName, !self.mayRead(name) {
            return refuse(.topicAuthorizationFailed)
        }
        let partition: HostedPartition
        do throws(BrokerError) {
            partition = try topic.partition(asked.key.partition, isAskedByID: usesIDs)
        } catch {
            var data = Self.errorData(asked.key.partition, ErrorCode(reading: error, usesTopicIDs: usesIDs))
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

    private func mayRead(_ topic: String) -> Bool {
        if self.rights.isUnrestricted { return true }
        // What followers need instead.
        let isFollower = self.request.replicaID.rawValue >= 0 || self.request.replicaState.replicaID.rawValue >= 0
        return isFollower ? self.access.allowsOnCluster(.clusterAction) : self.access.allows(.read, onTopic: topic)
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
            self.broker.metrics.kafka.recordBytesRead.add(records.bytes)
            target.partition.traffic.read(by: .kafka, bytes: records.bytes, records: records.recordCount)
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
            var data = Self.errorData(
                number,
                ErrorCode(reading: error.code, usesTopicIDs: self.version >= 13)
            )
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

    /// Takes note of the answer in the session.
    func response(to outcomes: [FetchOutcome], _ call: Call<FetchResponse>) -> FetchResponse {
        var data = self.refused
        let isReadCommitted = self.limits.isolation == .readCommitted
        // ACLs may have changed while the request waited.
        let rights = self.broker.authorizer.current(self.rights)
        for (index, (target, outcome)) in zip(self.indices, zip(self.targets, outcomes)) {
            if rights !== self.rights, !rights.allows(.read, onTopic: target.partition.topicName) {
                data[index] = Self.errorData(target.partition.partition.partition, .topicAuthorizationFailed)
                continue
            }
            data[index] = self.partitionData(target, outcome, isReadCommitted: isReadCommitted)
        }
        return self.response(data, call)
    }

    /// The answer to a client that has exceeded a quota: nothing, as from Kafka. A session that would begin with it
    /// does not, and one that there is does not change.
    func throttledResponse(_ pause: Int32) -> FetchResponse {
        switch self.session {
        case .none: return FetchResponse(throttleTimeMs: pause)
        case .opened(let id):
            self.sessions.close(id)
            return FetchResponse(throttleTimeMs: pause)
        case .incremental(let id): return FetchResponse(throttleTimeMs: pause, sessionID: id)
        }
    }

    private func response(_ data: [Int: PartitionData], _ call: Call<FetchResponse>) -> FetchResponse {
        var selected = [Bool](repeating: true, count: self.asked.count)
        switch self.session {
        case .none: break
        case .opened(let id): _ = self.select(id, data)
        case .incremental(let id): selected = self.select(id, data)
        }
        var response = FetchResponse(sessionID: self.session.id)
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
        if call.version >= 16 {
            response.nodeEndpoints = self.endpoints(named: data.values.lazy.map(\.currentLeader), call)
        }
        return response
    }

    /// Where the leaders are that an answer sends its client to.
    private func endpoints(
        named leaders: some Sequence<FetchResponse.CurrentLeader>,
        _ call: Call<FetchResponse>
    ) -> [FetchResponse.NodeEndpoint] {
        let ids = Set(leaders.lazy.map(\.leaderID).filter { $0.rawValue >= 0 })
        if ids.isEmpty { return [] }
        let brokers = call.broker.brokers(for: call.session)
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
        return self.sessions.select(id, answers: answers)
    }
}

extension FetchOutcome {
    /// Of the records that were read.
    var recordBytes: Int {
        switch self {
        case .success(let records): records.bytes
        case .failure: 0
        }
    }
}

extension FetchResponse.Partition {
    fileprivate mutating func set(_ offsets: LogOffsets) {
        self.highWatermark = offsets.highWatermark
        self.lastStableOffset = offsets.lastStable
        self.logStartOffset = offsets.logStart
    }
}
