import Metadata
import Testing

@Suite(.timeLimit(.minutes(20))) struct ReshardingTests {
    private static let middle = "170141183460469231731687303715884105728"

    @Test func `a split closes the parent and tiles its range`() async throws {
        let harness = try Harness()
        try harness.createStream("s")
        harness.backend.advance(milliseconds: 5_000)
        let answer = try await harness.callAndWait(
            "SplitShard",
            #"{"StreamName":"s","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"\#(Self.middle)"}"#
        )
        #expect(answer.status == 200)
        #expect(answer.body.isEmpty)
        let shards = try harness.succeed("ListShards", #"{"StreamName":"s"}"#)["Shards"].elements
        #expect(shards.map { $0["ShardId"].text.suffix(1) } == ["0", "1", "2"])
        #expect(shards[0]["SequenceNumberRange"]["EndingSequenceNumber"] != .missing)
        #expect(shards[1]["ParentShardId"].text == "shardId-000000000000")
        #expect(shards[2]["HashKeyRange"]["StartingHashKey"].text == Self.middle)
        #expect(shards[1]["AdjacentParentShardId"] == .missing)
    }

    @Test func `a merge names both parents`() async throws {
        let harness = try Harness()
        try harness.createStream("s", shards: 2)
        let answer = try await harness.callAndWait(
            "MergeShards",
            #"{"StreamName":"s","ShardToMerge":"shardId-000000000000","AdjacentShardToMerge":"shardId-000000000001"}"#
        )
        #expect(answer.status == 200)
        let shards = try harness.succeed("ListShards", #"{"StreamName":"s"}"#)["Shards"].elements
        #expect(shards.count == 3)
        #expect(shards[2]["ParentShardId"].text == "shardId-000000000000")
        #expect(shards[2]["AdjacentParentShardId"].text == "shardId-000000000001")
    }

    @Test func `the shard count is changed and both counts are answered`() async throws {
        let harness = try Harness()
        try harness.createStream("s", shards: 2)
        let body = #"{"StreamName":"s","TargetShardCount":3,"ScalingType":"UNIFORM_SCALING"}"#
        let answer = try JSON(try await harness.callAndWait("UpdateShardCount", body).body)
        #expect(answer["StreamName"].text == "s")
        #expect(answer["CurrentShardCount"].text == "2")
        #expect(answer["TargetShardCount"].text == "3")
        #expect(answer["StreamARN"].text == "arn:aws:kinesis:eu-west-1:123456789012:stream/s")
        let summary = try harness.succeed("DescribeStreamSummary", #"{"StreamName":"s"}"#)["StreamDescriptionSummary"]
        #expect(summary["OpenShardCount"].text == "3")
    }

    @Test(arguments: [
        (
            "SplitShard", #"{"StreamName":"s","ShardToSplit":"shard-0","NewStartingHashKey":"1"}"#,
            "InvalidArgumentException: NewStartingHashKey 1 used in SplitShard() on shard shardId-000000000000 in stream "
                + "s under account 123456789012 is not both greater than one plus the shard's StartingHashKey 0 and "
                + "less than the shard's EndingHashKey 170141183460469231731687303715884105727."
        ),
        (
            "SplitShard", #"{"StreamName":"s","ShardToSplit":"shardId-5","NewStartingHashKey":"7"}"#,
            "ResourceNotFoundException: Could not find shard shardId-000000000005 in stream s under account "
                + "123456789012."
        ),
        (
            "SplitShard", #"{"StreamName":"s","ShardToSplit":"2.14E4","NewStartingHashKey":"7"}"#,
            "ResourceNotFoundException: Could not find shard 2.14E4 in stream s under account 123456789012."
        ),
        (
            "SplitShard", #"{"StreamName":"absent","ShardToSplit":"shardId-0","NewStartingHashKey":"7"}"#,
            "ResourceNotFoundException: Stream absent under account 123456789012 not found."
        ),
        // A name that no shard can have is refused before the stream is looked for.
        (
            "SplitShard", #"{"StreamName":"absent","ShardToSplit":"ABKLFD8","NewStartingHashKey":"7"}"#,
            "ResourceNotFoundException: Could not find shard ABKLFD8 in stream absent under account 123456789012."
        ),
        (
            "MergeShards", #"{"StreamName":"absent","ShardToMerge":"0","AdjacentShardToMerge":"2147483648"}"#,
            "ResourceNotFoundException: Could not find shard 2147483648 in stream absent under account 123456789012."
        ),
        (
            "MergeShards", #"{"StreamName":"absent","ShardToMerge":"2.14E4","AdjacentShardToMerge":"0"}"#,
            "ResourceNotFoundException: Could not find shard 2.14E4 in stream absent under account 123456789012."
        ),
        (
            "SplitShard", #"{"StreamName":"s","ShardToSplit":"shard-0","NewStartingHashKey":"sth"}"#,
            "ValidationException: 1 validation error detected: Value 'sth' at 'newStartingHashKey' failed to satisfy "
                + #"constraint: Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})"#
        ),
        (
            "MergeShards", #"{"StreamName":"s","ShardToMerge":"shard-1","AdjacentShardToMerge":"shard-0"}"#,
            "InvalidArgumentException: Shards shardId-000000000001 and shardId-000000000000 in stream s under account "
                + "123456789012 are not an adjacent pair of shards eligible for merging"
        ),
        (
            "UpdateShardCount", #"{"StreamName":"s","TargetShardCount":4,"ScalingType":"TWICE"}"#,
            "ValidationException: 1 validation error detected: Value 'TWICE' at 'scalingType' failed to satisfy "
                + "constraint: Member must satisfy enum value set: [UNIFORM_SCALING]"
        ),
        (
            "UpdateShardCount", #"{"StreamName":"s","TargetShardCount":100000,"ScalingType":"UNIFORM_SCALING"}"#,
            "LimitExceededException: Target shard count or number of open shards cannot be greater than 10000. Current "
                + "open shard count: 2, Target shard count: 100000"
        ),
    ])
    func `what AWS refuses is refused in its words`(operation: String, body: String, expected: String) async throws {
        let harness = try Harness()
        try harness.createStream("s", shards: 2)
        let answer = try await harness.callAndWait(operation, body)
        #expect(answer.status == 400)
        let json = try JSON(answer.body)
        #expect("\(json["__type"].text): \(json["message"].text)" == expected)
    }

    @Test func `a closed shard is changed no more`() async throws {
        let harness = try Harness()
        try harness.createStream("s")
        let body = #"{"StreamName":"s","ShardToSplit":"shardId-0","NewStartingHashKey":"\#(Self.middle)"}"#
        let first = try await harness.callAndWait("SplitShard", body)
        #expect(first.status == 200)
        let again = try JSON(try await harness.callAndWait("SplitShard", body).body)
        #expect(
            again["message"].text
                == "Shard shardId-000000000000 in stream s under account 123456789012 has already been "
                + "merged or split, and thus is not eligible for merging or splitting."
        )
    }

    @Test func `a stream whose shards the server chooses refuses`() async throws {
        let harness = try Harness()
        try harness.createStream("topic", origin: .kafka)
        let body = #"{"StreamName":"topic","TargetShardCount":2,"ScalingType":"UNIFORM_SCALING"}"#
        let answer = try JSON(try await harness.callAndWait("UpdateShardCount", body).body)
        #expect(answer["__type"].text == "ValidationException")
    }
}
