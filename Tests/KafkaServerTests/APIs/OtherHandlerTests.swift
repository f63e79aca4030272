import KafkaProtocol
import LogCore
import LogTestSupport
import Model
import NIOCore
import RecordBatch
import Testing

@testable import KafkaServer

@Suite(.timeLimit(.minutes(20))) struct OtherHandlerTests {
    private static func deletion(_ offset: Int64, topic: String = HandlerHarness.topicName) -> DeleteRecordsRequest {
        DeleteRecordsRequest(
            topics: [
                DeleteRecordsRequest.Topic(
                    name: topic,
                    partitions: [DeleteRecordsRequest.Partition(partitionIndex: 0, offset: offset)]
                )
            ],
            timeoutMs: 1_000
        )
    }

    @Test func `records are deleted up to an offset, or up to the end`() async throws {
        try await HandlerHarness.run { harness in
            try harness.log(0).change { $0.batches = [9, 9, 9] }
            let some = try await harness.ask(Self.deletion(2), version: 2).topics[0].partitions[0]
            #expect(some.errorCode == .none && some.lowWatermark == 2)
            let all = try await harness.ask(Self.deletion(-1), version: 2).topics[0].partitions[0]
            #expect(all.lowWatermark == 3)
            let beyond = try await harness.ask(Self.deletion(4), version: 2).topics[0].partitions[0]
            #expect(beyond.errorCode == .offsetOutOfRange && beyond.lowWatermark == -1)
            let unknown = try await harness.ask(Self.deletion(1, topic: "nope"), version: 2).topics[0].partitions[0]
            #expect(unknown.errorCode == .unknownTopicOrPartition)
            for (code, expected) in ReadHandlerTests.errors {
                try harness.log(0).change { $0.error = LogError(code, "test") }
                let failed = try await harness.ask(Self.deletion(3), version: 2).topics[0].partitions[0]
                #expect(failed.errorCode == expected, "\(code)")
            }
        }
    }

    @Test func `the end of an epoch is answered to clients that know the leader`() async throws {
        try await HandlerHarness.run { harness in
            try harness.log(0).change { $0.batches = [9, 9] }
            func ask(_ current: Int32, topic: String = HandlerHarness.topicName) async throws
                -> OffsetForLeaderEpochResponse.Partition
            {
                let request = OffsetForLeaderEpochRequest(
                    replicaID: BrokerID(-1),
                    topics: [
                        OffsetForLeaderEpochRequest.Topic(
                            name: topic,
                            partitions: [
                                OffsetForLeaderEpochRequest.Partition(
                                    partitionIndex: 0,
                                    currentLeaderEpoch: LeaderEpoch(current),
                                    leaderEpoch: LeaderEpoch(0)
                                )
                            ]
                        )
                    ]
                )
                return try await harness.ask(request, version: 4).topics[0].partitions[0]
            }
            let end = try await ask(0)
            #expect(end.errorCode == .none && end.endOffset == 2 && end.leaderEpoch == LeaderEpoch(0))
            let answer1 = try await ask(3).errorCode
            #expect(answer1 == .unknownLeaderEpoch)
            let answer2 = try await ask(0, topic: "nope").errorCode
            #expect(answer2 == .unknownTopicOrPartition)
        }
    }

    private static func produce(_ topic: String = HandlerHarness.topicName, acks: Int16 = -1) throws -> ProduceRequest {
        var builder = RecordBatchBuilder(options: .init())
        builder.append(key: nil, value: ByteBuffer(string: "v"), timestamp: 1_700_000_000_000)
        let records = try builder.finishValidated().buffer
        return ProduceRequest(
            acks: acks,
            timeoutMs: 1_000,
            topics: [
                ProduceRequest.Topic(
                    name: topic,
                    partitions: [ProduceRequest.Partition(partitionIndex: 0, records: records)]
                )
            ]
        )
    }

    @Test func `a batch is appended, and an append that fails tells why`() async throws {
        try await HandlerHarness.run { harness in
            for base in 0..<2 as Range<Offset> {
                let answer = try await harness.ask(try Self.produce(), version: 9).topics[0].partitions[0]
                #expect(answer.errorCode == .none && answer.baseOffset == base)
            }
            let errors: [(LogError.Code, ErrorCode)] = [
                (.overloaded, .notEnoughReplicas), (.storage, .kafkaStorageError), (.diskFull, .kafkaStorageError),
                (.outOfOrderSequence, .outOfOrderSequenceNumber), (.closed, .notLeaderOrFollower),
                (.partitionGone, .unknownTopicOrPartition), (.batchTooLarge, .messageTooLarge),
            ]
            for (code, expected) in errors {
                try harness.log(0).change { $0.appendError = LogError(code, "test") }
                let failed = try await harness.ask(try Self.produce(), version: 9).topics[0].partitions[0]
                #expect(failed.errorCode == expected && failed.baseOffset == -1, "\(code)")
            }
            let unknown = try await harness.ask(try Self.produce("nope"), version: 9).topics[0].partitions[0]
            #expect(unknown.errorCode == .unknownTopicOrPartition)
            let acks = try await harness.ask(try Self.produce(acks: 2), version: 9).topics[0].partitions[0]
            #expect(acks.errorCode == .invalidRequiredAcks)
        }
    }

    @Test func `metadata describes topics that exist and refuses others`() async throws {
        try await HandlerHarness.run { harness in
            let request = MetadataRequest(
                topics: [HandlerHarness.topicName, "nope", "not a name"].map { MetadataRequest.Topic(name: $0) },
                allowAutoTopicCreation: true
            )
            let topics = try await harness.ask(request, version: 12).topics
            func topic(_ name: String) -> MetadataResponse.Topic? { topics.first { $0.name == name } }
            #expect(topic(HandlerHarness.topicName)?.errorCode == ErrorCode.none)
            #expect(topic(HandlerHarness.topicName)?.partitions.count == 2)
            #expect(topic("nope")?.errorCode == .unknownTopicOrPartition)
            #expect(topic("not a name")?.errorCode == .invalidTopic)
        }
    }

    @Test(arguments: [(nil, true), ([], true), (["retention.ms"], false)] as [([String]?, Bool)])
    func `no list of configurations, and an empty one, ask for all`(keys: [String]?, isAll: Bool) async throws {
        try await HandlerHarness.run { harness in
            let request = DescribeConfigsRequest(
                resources: [
                    DescribeConfigsRequest.Resource(
                        resourceType: 2,
                        resourceName: HandlerHarness.topicName,
                        configurationKeys: keys
                    )
                ]
            )
            let configs = try await harness.ask(request, version: 4).resources[0].configs
            #expect(isAll ? configs.count > 10 : configs.map(\.name) == ["retention.ms"])
        }
    }
}
