import KafkaClient
import KafkaProtocol
import Model
import NIOCore
import RecordBatch
import Synchronization
import Testing

/// One topic with one partition, whose produce answers are scripted.
final class ScriptedTopic: Sendable {
    /// The batches that came in, as values of their records, with the base sequence and the producer.
    let batches = Mutex<[(values: [String], header: RecordBatchHeader)]>([])
    private let outcome: @Sendable (_ attempt: Int, _ header: RecordBatchHeader) -> ErrorCode

    init(outcome: @escaping @Sendable (_ attempt: Int, _ header: RecordBatchHeader) -> ErrorCode) {
        self.outcome = outcome
    }

    func answer(_ arrival: ScriptedBroker.Arrival, port: Int) -> ScriptedBroker.Answer {
        switch arrival.header.apiKey {
        case .apiVersions:
            return BrokerConnectionTests.versions(
                arrival,
                [.produce: 3...9, .metadata: 0...9, .initProducerID: 0...4]
            )
        case .metadata:
            return arrival.answer(
                MetadataResponse(
                    brokers: [.init(nodeID: BrokerID(1), host: "127.0.0.1", port: Int32(port))],
                    controllerID: BrokerID(1),
                    topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, leaderID: BrokerID(1))])]
                )
            )
        case .initProducerID:
            return arrival.answer(
                InitProducerIdResponse(
                    producerID: ProducerID(Int64(7 + arrival.index)),
                    producerEpoch: ProducerEpoch(0)
                )
            )
        default:
            return (try? self.produced(arrival)) ?? .close
        }
    }

    private func produced(_ arrival: ScriptedBroker.Arrival) throws -> ScriptedBroker.Answer {
        let request = try arrival.request(ProduceRequest.self)
        let records = request.topics.first?.partitions.first?.records ?? ByteBuffer()
        var reader = try RecordReader(records)
        var values: [String] = []
        while let record = try reader.next() { values.append(record.value.map { String(buffer: $0) } ?? "null") }
        let header = reader.header
        self.batches.withLock { $0.append((values, header)) }
        let code = self.outcome(arrival.index, header)
        if code == .networkException { return .close }
        return arrival.answer(
            ProduceResponse(topics: [.init(name: "t", partitions: [.init(partitionIndex: 0, errorCode: code)])])
        )
    }

    /// Sends values, one batch each, and gives the producer's counts.
    static func produce(
        _ values: [String],
        inFlightMax: Int = 1,
        batchBytes: Int = 1,
        outcome: @escaping @Sendable (_ attempt: Int, _ header: RecordBatchHeader) -> ErrorCode
    ) async throws -> (topic: ScriptedTopic, counts: DeliveryCounts, failure: ClientError?) {
        let topic = ScriptedTopic(outcome: outcome)
        var result: (DeliveryCounts, ClientError?)?
        try await ScriptedBroker.run {
            topic.answer($0, port: $1)
        } _: { broker in
            var clientSettings = ClientSettings()
            clientSettings.retryBackoff = .milliseconds(1)
            let cluster = KafkaCluster(
                bootstrap: [BrokerAddress(host: "127.0.0.1", port: broker.port)],
                settings: clientSettings
            )
            var settings = ProducerSettings()
            settings.batchBytes = batchBytes
            settings.batchesInFlightMax = inFlightMax
            let producer = try await Producer.start(cluster: cluster, settings: settings, clock: { 1 })
            try await producer.send(
                contentsOf: values.map { ProducerRecord(value: ByteBuffer(string: $0)) },
                to: "t"
            )
            await producer.close()
            result = (await producer.counts, await producer.firstFailure)
            await cluster.close()
        }
        let (counts, failure) = try #require(result)
        return (topic, counts, failure)
    }
}

@Suite(.timeLimit(.minutes(20)))
struct ProducerTests {
    @Test(arguments: [ErrorCode.notLeaderOrFollower, .requestTimedOut, .notEnoughReplicas, .networkException])
    func `a retriable failure is tried again with the same sequence`(code: ErrorCode) async throws {
        let (topic, counts, failure) = try await ScriptedTopic.produce(["a", "b"]) { attempt, _ in
            attempt == 0 ? code : .none
        }
        #expect(failure == nil)
        #expect(counts.acknowledged == 2 && counts.failed == 0 && counts.retries == 1)
        let batches = topic.batches.withLock { $0 }
        #expect(batches.map(\.values) == [["a"], ["a"], ["b"]])
        #expect(batches.map(\.header.baseSequence) == [0, 0, 1])
        #expect(Set(batches.map(\.header.producerID)) == [ProducerID(7)])
    }

    @Test func `a duplicate counts as written`() async throws {
        let (_, counts, failure) = try await ScriptedTopic.produce(["a"]) { _, _ in .duplicateSequenceNumber }
        #expect(failure == nil && counts.acknowledged == 1)
    }

    @Test func `batches behind one that failed keep their order`() async throws {
        // As a broker does it: the first fails, and then only what comes next in the sequence is taken.
        let values = (0..<40).map(String.init)
        let accepted = Mutex<[Int32]>([])
        let (topic, counts, failure) = try await ScriptedTopic.produce(values, inFlightMax: 5) { attempt, header in
            guard attempt > 0 else { return .notLeaderOrFollower }
            return accepted.withLock { accepted in
                guard header.baseSequence == Int32(accepted.count) else { return .outOfOrderSequenceNumber }
                accepted.append(header.baseSequence)
                return .none
            }
        }
        #expect(failure == nil)
        #expect(counts.acknowledged == 40 && counts.failed == 0)
        #expect(accepted.withLock { $0 } == (0..<40).map { Int32($0) })
        // Nothing is sent in vain but what was on the way when the first failed.
        #expect(topic.batches.withLock { $0.count } <= 45)
        #expect(topic.batches.withLock { $0 }.allSatisfy { $0.values == ["\($0.header.baseSequence)"] })
    }

    @Test func `after a batch that can never be written a new producer ID begins a new sequence`() async throws {
        let (topic, counts, failure) = try await ScriptedTopic.produce(["a", "b", "c"]) { attempt, _ in
            attempt == 1 ? .messageTooLarge : .none
        }
        #expect(failure?.serverCode == .messageTooLarge)
        #expect(counts.acknowledged == 2 && counts.failed == 1)
        let batches = topic.batches.withLock { $0 }
        #expect(batches.map(\.values) == [["a"], ["b"], ["c"]])
        #expect(batches.map(\.header.baseSequence) == [0, 1, 0])
        #expect(batches.map(\.header.producerID.rawValue) == [7, 7, 8])
    }

    @Test func `records are batched up to the size`() async throws {
        let values = (0..<100).map { "value-\($0)" }
        let (topic, counts, _) = try await ScriptedTopic.produce(values, batchBytes: 300) { _, _ in .none }
        #expect(counts.acknowledged == 100)
        let batches = topic.batches.withLock { $0 }
        #expect(batches.flatMap(\.values) == values)
        #expect(batches.count > 1 && batches.count < 20)
        #expect(batches.allSatisfy { $0.header.sizeInBytes <= 300 })
    }
}
