import KafkaProtocol
import LogCore
import LogTestSupport
import Metadata
import Model
import Synchronization
import Testing

@testable import KafkaServer

/// What the APIs that read answer, for each thing that can happen to a partition.
@Suite(.timeLimit(.minutes(20))) struct ReadHandlerTests {
    /// Every error of a log, and the code that consumers get: only codes that each of them handles.
    static let errors: [(LogError.Code, ErrorCode)] = [
        (.offsetOutOfRange, .offsetOutOfRange), (.corruptBatch, .corruptMessage),
        (.fencedLeaderEpoch, .fencedLeaderEpoch), (.diskFull, .kafkaStorageError), (.storage, .kafkaStorageError),
        (.overloaded, .notLeaderOrFollower), (.closed, .notLeaderOrFollower),
        (.partitionGone, .unknownTopicOrPartition), (.unknownProducerID, .unknownServerError),
    ]

    private static func fetch(
        _ harness: HandlerHarness,
        version: Int16,
        partitions: [Int32] = [0],
        topic: String = HandlerHarness.topicName,
        id: TopicID? = nil,
        epoch: Int32 = -1,
        wait: Int32 = 0
    ) -> FetchRequest {
        FetchRequest(
            maxWaitMs: wait,
            minBytes: 1,
            maxBytes: 1 << 20,
            topics: [
                FetchRequest.Topic(
                    name: version < 13 ? topic : "",
                    topicID: version < 13 ? .zero : id ?? harness.topic.id,
                    partitions: partitions.map {
                        FetchRequest.Partition(
                            partitionIndex: $0,
                            currentLeaderEpoch: LeaderEpoch(epoch),
                            fetchOffset: 0,
                            partitionMaxBytes: 1 << 20
                        )
                    }
                )
            ]
        )
    }

    @Test(arguments: [12, 13, 18] as [Int16])
    func `a fetch gives records, and the error of each partition beside them`(version: Int16) async throws {
        try await HandlerHarness.run { harness in
            try harness.log(0).add(30)
            let good = try await harness.ask(Self.fetch(harness, version: version), version: version)
            #expect(good.topics[0].partitions[0].records?.readableBytes == 30)
            #expect(good.topics[0].partitions[0].highWatermark == 1)
            for (code, expected) in Self.errors {
                try harness.log(1).change { $0.error = LogError(code, "test") }
                let request = Self.fetch(harness, version: version, partitions: [0, 1])
                let answer = try await harness.ask(request, version: version).topics[0].partitions
                #expect(answer[0].errorCode == .none && answer[0].records?.readableBytes == 30)
                #expect(
                    answer[1].errorCode
                        == (code == .partitionGone && version >= 13 ? .unknownTopicID : expected),
                    "\(code)"
                )
            }
        }
    }

    @Test func `a fetch of what is not here is refused at once`() async throws {
        try await HandlerHarness.run { harness in
            func code(_ request: FetchRequest, _ version: Int16) async throws -> ErrorCode {
                try await harness.ask(request, version: version).topics[0].partitions[0].errorCode
            }
            let wait = 60_000 as Int32
            let unknown = Self.fetch(harness, version: 12, topic: "nope", wait: wait)
            let answer1 = try await code(unknown, 12)
            #expect(answer1 == .unknownTopicOrPartition)
            let unknownID = Self.fetch(harness, version: 13, id: TopicID(high: 9, low: 9), wait: wait)
            let answer2 = try await code(unknownID, 13)
            #expect(answer2 == .unknownTopicID)
            let beyond = Self.fetch(harness, version: 12, partitions: [9], wait: wait)
            let answer3 = try await code(beyond, 12)
            #expect(answer3 == .unknownTopicOrPartition)
            let newer = Self.fetch(harness, version: 12, epoch: 5, wait: wait)
            let answer4 = try await code(newer, 12)
            #expect(answer4 == .unknownLeaderEpoch)
            var follower = Self.fetch(harness, version: 12, wait: wait)
            follower.replicaID = BrokerID(2)
            let answer5 = try await code(follower, 12)
            #expect(answer5 == .notLeaderOrFollower)
        }
    }

    @Test func `a topic that is deleted ends the fetch that waits for it`() async throws {
        try await HandlerHarness.run { harness in
            try await harness.send(Self.fetch(harness, version: 12, partitions: [0, 1], wait: 60_000), version: 12)
            #expect(try await harness.isSilent())
            try harness.log(1).fail(.partitionGone)
            let answer = try await harness.receive(FetchResponse.self, version: 12).topics[0].partitions
            #expect(answer.map(\.errorCode) == [.none, .unknownTopicOrPartition])
        }
    }

    @Test func `a fetch whose readers are busy until its time is up is answered with nothing`() async throws {
        try await HandlerHarness.run { harness in
            try harness.log(0).change { state in
                state.batches = [30]
                state.isDeferred = true
            }
            harness.engine.state.withLock { $0.isBusy = true }
            try await harness.send(Self.fetch(harness, version: 12, wait: 500), version: 12)
            #expect(try await harness.isSilent())
            await harness.timePasses()
            let answer = try await harness.receive(FetchResponse.self, version: 12).topics[0].partitions[0]
            #expect(answer.errorCode == .none && answer.records?.readableBytes == 0)
        }
    }

    private static func offsets(
        _ timestamps: [Int64],
        epoch: Int32 = -1,
        topic: String = HandlerHarness.topicName,
        timeout: Int32 = 0
    ) -> ListOffsetsRequest {
        ListOffsetsRequest(
            replicaID: BrokerID(-1),
            topics: [
                ListOffsetsRequest.Topic(
                    name: topic,
                    partitions: timestamps.enumerated().map { index, timestamp in
                        ListOffsetsRequest.Partition(
                            partitionIndex: Int32(index),
                            currentLeaderEpoch: LeaderEpoch(epoch),
                            timestamp: timestamp
                        )
                    }
                )
            ],
            timeoutMs: timeout
        )
    }

    @Test func `offsets by time are found in one crossing for all partitions`() async throws {
        try await HandlerHarness.run(partitions: 100) { harness in
            harness.engine.state.withLock { state in
                state.find = { search in
                    .success(
                        TimestampedOffset(
                            offset: Offset(search.log.partition.partition),
                            timestamp: 5_000,
                            leaderEpoch: LeaderEpoch(0)
                        )
                    )
                }
            }
            let times = (0..<100).map { _ in 4_000 as Int64 }
            let answer = try await harness.ask(Self.offsets(times, timeout: 1_000), version: 10)
            #expect(answer.topics[0].partitions.map(\.offset) == (0..<100).map { Offset($0) })
            #expect(harness.engine.state.withLock { $0.searches } == 1)
        }
    }

    @Test func `the ends of a partition need no search`() async throws {
        try await HandlerHarness.run { harness in
            for log in [try harness.log(0), try harness.log(1)] { log.change { $0.batches = [9, 9, 9] } }
            try harness.log(1).change { $0.logStart = 1 }
            let latest = try await harness.ask(Self.offsets([-1, -2]), version: 9).topics[0].partitions
            #expect(latest.map(\.offset) == [3, 1])
            let tiered = try await harness.ask(Self.offsets([-4, -5]), version: 9).topics[0].partitions
            #expect(tiered.map(\.offset) == [0, -1])
            #expect(harness.engine.state.withLock { $0.searches } == 0)
        }
    }

    @Test func `records that come while it is searched are found`() async throws {
        try await HandlerHarness.run { harness in
            harness.engine.state.withLock { state in
                state.find = { search in
                    (search.log as? MemoryPartitionLog)?.add(10)
                    return .success(TimestampedOffset(offset: 0, timestamp: 9_000, leaderEpoch: nil))
                }
            }
            let answer = try await harness.ask(Self.offsets([8_000]), version: 9).topics[0].partitions[0]
            #expect(answer.offset == 0 && answer.timestamp == 9_000)
        }
    }

    @Test func `a search that fails tells a code that consumers know`() async throws {
        try await HandlerHarness.run { harness in
            for (code, expected) in Self.errors {
                harness.engine.state.withLock { $0.find = { _ in .failure(LogError(code, "test")) } }
                let answer = try await harness.ask(Self.offsets([8_000]), version: 9).topics[0].partitions[0]
                #expect(answer.errorCode == expected, "\(code)")
            }
        }
    }

    @Test func `a search waits for readers that are busy`() async throws {
        try await HandlerHarness.run { harness in
            harness.engine.state.withLock { $0.isBusy = true }
            try await harness.send(Self.offsets([8_000, -3], timeout: 60_000), version: 10)
            #expect(try await harness.isSilent())
            harness.engine.relieve()
            let answer = try await harness.receive(ListOffsetsResponse.self, version: 10).topics[0].partitions
            #expect(answer.map(\.errorCode) == [.none, .none])
            #expect(answer.map(\.offset) == [-1, -1])
        }
    }

    @Test(arguments: [9, 10] as [Int16])
    func `a search that gets no turn in time says that it timed out`(version: Int16) async throws {
        try await HandlerHarness.run { harness in
            harness.engine.state.withLock { $0.isBusy = true }
            try harness.log(1).add(9)
            let request = Self.offsets([8_000, -1], timeout: version >= 10 ? 500 : 0)
            try await harness.send(request, version: version)
            #expect(try await harness.isSilent())
            await harness.timePasses()
            let answer = try await harness.receive(ListOffsetsResponse.self, version: version).topics[0].partitions
            #expect(answer.map(\.errorCode) == [.requestTimedOut, .none])
            #expect(answer[1].offset == 1)
            // The next one is not answered by the old search.
            harness.engine.relieve()
            let next = try await harness.ask(Self.offsets([-1], timeout: request.timeoutMs), version: version)
            #expect(next.topics[0].partitions[0].offset == 0)
        }
    }

    @Test func `a question that a version does not know, and a partition that is not here, are refused`() async throws {
        try await HandlerHarness.run { harness in
            func codes(_ request: ListOffsetsRequest, _ version: Int16) async throws -> [ErrorCode] {
                try await harness.ask(request, version: version).topics[0].partitions.map(\.errorCode)
            }
            let answer6 = try await codes(Self.offsets([-3, -4]), 6)
            #expect(answer6 == [.unsupportedVersion, .unsupportedVersion])
            let answer7 = try await codes(Self.offsets([-6, -5]), 10)
            #expect(answer7 == [.unsupportedVersion, .none])
            let answer8 = try await codes(Self.offsets([-1, -1, -1]), 9)
            #expect(answer8 == [.none, .none, .unknownTopicOrPartition])
            let answer9 = try await codes(Self.offsets([-1], topic: "nope"), 9)
            #expect(answer9 == [.unknownTopicOrPartition])
            let answer10 = try await codes(Self.offsets([-1], epoch: 3), 9)
            #expect(answer10 == [.unknownLeaderEpoch])
        }
    }
}
