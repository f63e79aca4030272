internal import Broker
internal import KafkaProtocol
internal import LogCore
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Serving

/// Produce (key 0), versions 3–13.
///
/// | version | change |
/// | --- | --- |
/// | 3 | transactional ID; only v2 record batches |
/// | 5 | log start offset in the response |
/// | 7 | zstd |
/// | 8 | per-record errors and messages |
/// | 9 | flexible |
/// | 10 | current leader in the response, for partitions that moved |
/// | 12 | implicit AddPartitionsToTxn |
/// | 13 | topic IDs instead of names |
///
/// ApiVersions advertises 0 as the lowest version, as Kafka does: librdkafka switches compression off otherwise
/// (KAFKA-18659). Versions 0–2 are refused by closing the connection.
///
/// Differences from Kafka: `acks=1` waits like Kafka for the leader's write, which on a journaled topic is the
/// durable moment itself.
enum ProduceAPI: KafkaAPI {
    typealias Request = ProduceRequest
    typealias Response = ProduceResponse

    static func start(_ request: ProduceRequest, _ call: Call<ProduceResponse>) {
        guard request.acks >= -1, request.acks <= 1 else {
            if let response = Self.errorResponse(to: request, .invalidRequiredAcks, version: call.version) {
                call.answer(response)
            }
            return
        }
        let operation = ProduceOperation(request: request, call: call)
        operation.run()
    }
}

/// One produce request on its way to durability. Lives on the connection's event loop.
final class ProduceOperation: Sendable {
    struct State {
        var response: ProduceResponse
        /// Appends that are not yet as durable as the client asked, and the start itself.
        var outstanding = 1
        var isAnswered = false
        /// When the last of its records had offsets.
        var assigned: NIODeadline
        /// Brokers that lead partitions which are not led here.
        var leaders: Set<BrokerID> = []
        /// Batches of transactions that the coordinator is asked about.
        var questions: [TransactionQuestion] = []
    }

    /// Tells which partition's append a completion belongs to.
    private final class PartitionWaiter: DurabilityWaiter {
        let operation: ProduceOperation
        let topicIndex: Int
        let partitionIndex: Int

        init(operation: ProduceOperation, topicIndex: Int, partitionIndex: Int) {
            self.operation = operation
            self.topicIndex = topicIndex
            self.partitionIndex = partitionIndex
        }

        var eventLoop: any EventLoop { self.operation.eventLoop }

        func appendCompleted(_ error: LogError?) {
            self.operation.completed(topicIndex: self.topicIndex, partitionIndex: self.partitionIndex, error)
        }
    }

    let eventLoop: any EventLoop
    let call: Call<ProduceResponse>
    let request: ProduceRequest
    let state: NIOLoopBoundBox<State>

    init(request: ProduceRequest, call: Call<ProduceResponse>) {
        self.request = request
        self.call = call
        self.eventLoop = call.eventLoop
        self.state = NIOLoopBoundBox(
            State(response: ProduceResponse(), assigned: call.info.started),
            eventLoop: call.eventLoop
        )
    }

    func run() {
        let now = self.call.broker.environment.now()
        let table = self.call.broker.topics.current
        self.state.value.response.topics.reserveCapacity(self.request.topics.count)
        for (topicIndex, topicData) in self.request.topics.enumerated() {
            let topic =
                self.call.version >= 13 ? table.topic(id: topicData.topicID) : table.topic(named: topicData.name)
            self.state.value.response.topics.append(
                ProduceResponse.Topic(name: topicData.name, topicID: topicData.topicID)
            )
            for (partitionIndex, partitionData) in topicData.partitions.enumerated() {
                let outcome = self.append(
                    partitionData,
                    to: topic,
                    now: now,
                    topicIndex: topicIndex,
                    partitionIndex: partitionIndex
                )
                self.state.value.response.topics[topicIndex].partitions.append(outcome)
            }
        }
        self.state.value.assigned = .now()
        if !self.state.value.questions.isEmpty { self.askCoordinator() }
        if self.request.acks != 0 { self.startTimeout() }
        self.oneDone()
    }

    private func append(
        _ data: ProduceRequest.Partition,
        to topic: HostedTopic?,
        now: Timestamp,
        topicIndex: Int,
        partitionIndex: Int
    ) -> ProduceResponse.Partition {
        var outcome = ProduceResponse.Partition(partitionIndex: data.partitionIndex, baseOffset: -1)
        let partition: HostedPartition
        do throws(BrokerError) {
            partition = try topic.partition(data.partitionIndex, isAskedByID: self.call.version >= 13)
        } catch {
            outcome.errorCode = ErrorCode(error)
            if let leader = error.leader {
                outcome.currentLeader = ProduceResponse.CurrentLeader(
                    leaderID: leader.broker,
                    leaderEpoch: leader.epoch
                )
                self.state.value.leaders.insert(leader.broker)
            }
            return outcome
        }
        guard !partition.isInternal else {
            // Kafka lets only its own coordinators write to its internal topics.
            outcome.errorCode = .invalidTopic
            outcome.errorMessage = "\(partition.topicName) is written by the broker only."
            return outcome
        }
        guard let records = data.records, records.readableBytes > 0 else {
            outcome.errorCode = .invalidRecord
            outcome.errorMessage = "The request has no record batch for the partition."
            return outcome
        }
        if self.request.transactionalID != nil, let producer = Self.transactionalProducer(of: records) {
            let admission = partition.admitTransaction(of: producer) {
                self.eventLoop.cross {
                    self.resume(data, in: partition, topicIndex: topicIndex, partitionIndex: partitionIndex)
                }
            }
            switch admission {
            case .open: break
            case .wait:
                self.state.value.outstanding += 1
                return outcome
            case .ask(let question):
                self.state.value.outstanding += 1
                self.state.value.questions.append(
                    TransactionQuestion(
                        question: question,
                        partition: partition,
                        data: data,
                        topicIndex: topicIndex,
                        partitionIndex: partitionIndex
                    )
                )
                return outcome
            }
        }
        self.append(records, to: partition, now: now, topicIndex, partitionIndex, &outcome)
        return outcome
    }

    func append(
        _ records: ByteBuffer,
        to partition: HostedPartition,
        now: Timestamp,
        _ topicIndex: Int,
        _ partitionIndex: Int,
        _ outcome: inout ProduceResponse.Partition
    ) {
        do {
            let waits = self.request.acks != 0
            if waits { self.state.value.outstanding += 1 }
            let batch = HostedPartition.ClientBatch(
                records,
                produceVersion: self.call.version,
                acknowledge: self.request.acks == 1 ? .written : .durable,
                now: now
            )
            let waiter =
                waits
                ? PartitionWaiter(operation: self, topicIndex: topicIndex, partitionIndex: partitionIndex) : nil
            guard let result = try partition.appendFromClient(batch, waiter: waiter) else {
                // What the waiter hears of is one thing to wait for, the validator's answer another.
                self.state.value.outstanding += 1
                partition.appendFromClient(batch, waiter: waiter, through: self.call.broker.validator) { result in
                    self.eventLoop.execute {
                        self.validated(topicIndex: topicIndex, partitionIndex: partitionIndex, result)
                    }
                }
                return
            }
            self.count(result, records)
            outcome.take(result)
        } catch {
            if self.request.acks != 0 { self.state.value.outstanding -= 1 }
            outcome.take(error)
        }
    }

    /// The validator is through with a batch that took long.
    private func validated(
        topicIndex: Int,
        partitionIndex: Int,
        _ result: Result<AppendResult, BrokerError>
    ) {
        self.state.value.assigned = .now()
        switch result {
        case .success(let result):
            if let records = self.request.topics[topicIndex].partitions[partitionIndex].records {
                self.count(result, records)
            }
            // It may have timed out, or failed to become durable, before this came.
            let outcome = self.state.value.response.topics[topicIndex].partitions[partitionIndex]
            if outcome.errorCode == .none {
                self.state.value.response.topics[topicIndex].partitions[partitionIndex].take(result)
            }
        case .failure(let error):
            if self.request.acks != 0 { self.state.value.outstanding -= 1 }
            if !self.state.value.isAnswered {
                self.state.value.response.topics[topicIndex].partitions[partitionIndex].take(error)
            }
        }
        self.oneDone()
    }

    private func count(_ result: AppendResult, _ records: ByteBuffer) {
        guard !result.isDuplicate else { return }
        let metrics = self.call.broker.metrics.kafka
        metrics.recordsAppended.add(Int(result.lastOffset - result.baseOffset + 1))
        metrics.recordBytesAppended.add(records.readableBytes)
    }

    private func startTimeout() {
        guard self.state.value.outstanding > 1 else { return }
        self.call.onDeadline(after: .milliseconds(Int64(max(0, self.request.timeoutMs)))) { self.timedOut() }
    }

    /// The records may still become durable: the client learns only that it is not known, as in Kafka.
    private func timedOut() {
        guard !self.state.value.isAnswered else { return }
        for topic in self.state.value.response.topics.indices {
            for partition in self.state.value.response.topics[topic].partitions.indices
            where self.state.value.response.topics[topic].partitions[partition].errorCode == .none {
                self.fail(topicIndex: topic, partitionIndex: partition, .requestTimedOut, nil)
            }
        }
        self.answer()
    }

    private func completed(topicIndex: Int, partitionIndex: Int, _ error: LogError?) {
        if let error, !self.state.value.isAnswered {
            self.fail(
                topicIndex: topicIndex,
                partitionIndex: partitionIndex,
                ErrorCode(BrokerError(error)),
                error.message
            )
        }
        self.oneDone()
    }

    func fail(topicIndex: Int, partitionIndex: Int, _ code: ErrorCode, _ message: String?) {
        let index = self.request.topics[topicIndex].partitions[partitionIndex].partitionIndex
        self.state.value.response.topics[topicIndex].partitions[partitionIndex] =
            ProduceResponse.Partition(
                partitionIndex: index,
                errorCode: code,
                baseOffset: -1,
                errorMessage: message
            )
    }

    func oneDone() {
        self.state.value.outstanding -= 1
        guard self.state.value.outstanding == 0, !self.state.value.isAnswered else { return }
        self.answer()
    }

    /// Tells the client where the leaders are that it should go to.
    private func addEndpoints() {
        guard self.call.version >= 10 else { return }
        let brokers = self.call.broker.brokers(for: self.call.session)
        self.state.value.response.nodeEndpoints =
            brokers.all.filter { self.state.value.leaders.contains($0.id) }.map { node in
                ProduceResponse.NodeEndpoint(nodeID: node.id, host: node.host, port: Int32(node.port), rack: node.rack)
            }
    }

    /// Where the time of the request went.
    private func countStages() {
        let (info, assigned) = (self.call.info, self.state.value.assigned)
        self.call.passed(.queue, from: info.arrived, to: info.started)
        self.call.passed(.append, from: info.started, to: assigned)
        if self.request.acks != 0 { self.call.passed(.durable, from: assigned, to: .now()) }
    }

    private func answer() {
        self.state.value.isAnswered = true
        self.countStages()
        if !self.state.value.leaders.isEmpty { self.addEndpoints() }
        guard self.request.acks == 0 else {
            self.call.answer(self.state.value.response)
            return
        }
        let failed = self.state.value.response.topics.lazy
            .flatMap { $0.partitions.lazy }
            .first { $0.errorCode != .none }
        if let failed {
            self.call.closeConnection(.failedAppend, because: "a produce with acks=0 failed with \(failed.errorCode)")
        } else {
            self.call.answerNothing()
        }
    }
}

extension ProduceResponse.Partition {
    fileprivate mutating func take(_ result: AppendResult) {
        self.baseOffset = result.baseOffset
        self.logAppendTimeMs = result.logAppendTime
        self.logStartOffset = result.logStartOffset
    }

    fileprivate mutating func take(_ error: BrokerError) {
        self.errorCode = ErrorCode(error)
        self.errorMessage = error.message
        self.recordErrors = error.invalidRecords.map { record in
            ProduceResponse.RecordError(batchIndex: record.index, batchIndexErrorMessage: record.message)
        }
    }
}
