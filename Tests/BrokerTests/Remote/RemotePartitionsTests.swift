import KafkaProtocol
import LogCore
import LogTestSupport
import Model
import NIOCore
import NIOEmbedded
import Testing

@testable import Broker

/// Partitions that other brokers lead: what is asked, what is asked again, and what is not.
@Suite struct RemotePartitionsTests {
    private let loop = EmbeddedEventLoop()
    private let registry = TopicRegistry()
    private let topic = HostedTopic.placed("t", [.at(2)])

    private enum Outcome: Equatable {
        case appended(Int64)
        case ledHere
        case refused(BrokerError.Code)
        case unknown
    }

    private static func produced(_ code: ErrorCode, offset: Int64 = -1) -> ScriptedLinks.Reply {
        .response(
            ProduceResponse(topics: [
                .init(name: "t", partitions: [.init(partitionIndex: 0, errorCode: code, baseOffset: offset)])
            ])
        )
    }

    /// - Parameter moves: called before the loop's time passes.
    private func append(_ links: ScriptedLinks, moves: (TopicRegistry) -> Void = { _ in }) -> Outcome? {
        self.registry.publish(self.topic)
        let outcome = NIOLoopBoundBox<Outcome?>(nil, eventLoop: self.loop)
        RemotePartitions(links: links, topics: self.registry).append(
            ByteBuffer(string: "batch"),
            to: self.topic,
            0,
            deadline: self.loop.now + .seconds(5),
            on: self.loop
        ) { result in
            switch result {
            case .success(let append): outcome.value = .appended(append.baseOffset)
            case .failure(.ledHere): outcome.value = .ledHere
            case .failure(.refused(let error)): outcome.value = .refused(error.code)
            case .failure(.unknown): outcome.value = .unknown
            }
        }
        self.loop.run()
        moves(self.registry)
        self.loop.advanceTime(by: .seconds(6))
        return outcome.value
    }

    @Test func `an append is one durable Produce to the leader, by the topic's ID`() throws {
        let links = ScriptedLinks([Self.produced(.none, offset: 42)])
        #expect(self.append(links) == .appended(42))
        let sent = try #require(links.sent.first)
        #expect(links.sent.count == 1 && sent.broker == BrokerID(2))
        let request = try #require(sent.request as? ProduceRequest)
        #expect(request.acks == -1 && request.timeoutMs == 5000)
        #expect(request.topics.first?.topicID == self.topic.id)
        #expect(request.topics.first?.partitions.first?.records == ByteBuffer(string: "batch"))
    }

    @Test func `an append follows the partition to its next leader`() {
        let links = ScriptedLinks([Self.produced(.notLeaderOrFollower), Self.produced(.none, offset: 7)])
        let outcome = self.append(links) { registry in registry.publish(.placed("t", [.at(3, epoch: 2)])) }
        #expect(outcome == .appended(7))
        #expect(links.sent.map(\.broker) == [BrokerID(2), BrokerID(3)])
    }

    @Test func `an append whose answer is lost is not sent again`() {
        let links = ScriptedLinks([.failure(.unanswered("lost")), Self.produced(.none, offset: 7)])
        #expect(self.append(links) == .unknown)
        #expect(links.sent.count == 1)
    }

    @Test(arguments: [ErrorCode.requestTimedOut, .notEnoughReplicasAfterAppend, .kafkaStorageError])
    func `an append that may be in the log is not sent again`(code: ErrorCode) {
        let links = ScriptedLinks([Self.produced(code), Self.produced(.none, offset: 7)])
        #expect(self.append(links) == .unknown)
        #expect(links.sent.count == 1)
    }

    @Test func `an append that did not leave is sent again, until the deadline`() {
        let links = ScriptedLinks([.failure(.notSent("a")), .failure(.notSent("b")), Self.produced(.none, offset: 1)])
        #expect(self.append(links) == .appended(1))
        let never = ScriptedLinks()
        #expect(self.append(never) == .refused(.partitionNotReady))
        #expect((10...40).contains(never.sent.count), "it pauses longer each time: \(never.sent.count)")
    }

    @Test func `a refusal ends it, and a partition that comes here is used here`() {
        #expect(self.append(ScriptedLinks([Self.produced(.messageTooLarge)])) == .refused(.log(.batchTooLarge)))
        let here = ScriptedLinks([Self.produced(.notLeaderOrFollower)])
        let outcome = self.append(here) { $0.publish(.placed("t", [.here(.plain(MemoryPartitionLog(0)))])) }
        #expect(outcome == .ledHere)
        let gone = ScriptedLinks([Self.produced(.unknownTopicID)])
        #expect(self.append(gone) { $0.publish() } == .refused(.unknownTopicOrPartition))
    }

    @Test func `a read is repeated when its answer is lost, under the leader's epoch`() throws {
        self.registry.publish(self.topic)
        var batches = RecordsParts(ByteBuffer(string: "ab"))
        batches.append(ByteBuffer(string: "c"))
        let links = ScriptedLinks([
            .failure(.unanswered("lost")),
            .response(
                FetchResponse(topics: [
                    .init(
                        topicID: self.topic.id,
                        partitions: [
                            .init(
                                partitionIndex: 0,
                                highWatermark: 9,
                                lastStableOffset: 8,
                                logStartOffset: 1,
                                records: batches
                            )
                        ]
                    )
                ])
            ),
        ])
        let read = NIOLoopBoundBox<RemoteRead?>(nil, eventLoop: self.loop)
        RemotePartitions(links: links, topics: self.registry).read(
            RemoteReadRequest(offset: 3, bytesMax: 1000, isolation: .readCommitted),
            of: self.topic,
            0,
            deadline: self.loop.now + .seconds(5),
            on: self.loop
        ) { read.value = try? $0.get() }
        self.loop.run()
        self.loop.advanceTime(by: .seconds(1))
        let answer = try #require(read.value)
        #expect(answer.records == ByteBuffer(string: "abc"))
        #expect(answer.highWatermark == 9 && answer.lastStable == 8 && answer.logStart == 1)
        let request = try #require(links.sent.last?.request as? FetchRequest)
        #expect(request.isolationLevel == 1 && request.sessionEpoch == -1)
        let asked = try #require(request.topics.first?.partitions.first)
        #expect(asked.fetchOffset == 3 && asked.currentLeaderEpoch == LeaderEpoch(1))
    }

    @Test func `an offset is looked up by time`() throws {
        self.registry.publish(self.topic)
        let links = ScriptedLinks([
            .response(
                ListOffsetsResponse(topics: [
                    .init(
                        name: "t",
                        partitions: [
                            .init(partitionIndex: 0, timestamp: 11, offset: 5, leaderEpoch: LeaderEpoch(1))
                        ]
                    )
                ])
            )
        ])
        let found = NIOLoopBoundBox<RemoteOffset?>(nil, eventLoop: self.loop)
        RemotePartitions(links: links, topics: self.registry).offset(
            at: 10,
            in: self.topic,
            0,
            deadline: self.loop.now + .seconds(5),
            on: self.loop
        ) { found.value = try? $0.get() }
        self.loop.run()
        #expect(found.value == RemoteOffset(offset: 5, timestamp: 11, leaderEpoch: LeaderEpoch(1)))
    }
}
