import Broker
import KinesisProtocol
import Metadata
import Testing

@Suite struct StreamTests {
    @Test func `a described stream is AWS's`() throws {
        let harness = try Harness()
        try harness.createStream("s", shards: 3)
        let answer = try harness.succeed("DescribeStream", #"{"StreamName":"s"}"#)["StreamDescription"]
        #expect(answer["StreamARN"].text == "arn:aws:kinesis:eu-west-1:123456789012:stream/s")
        #expect(answer["StreamStatus"].text == "ACTIVE")
        #expect(answer["HasMoreShards"] == .bool(false))
        #expect(answer["EncryptionType"].text == "NONE")
        #expect(answer["EnhancedMonitoring"] == .list([.object(["ShardLevelMetrics": .list([])])]))
        #expect(answer["StreamCreationTimestamp"] == .number("1700000000"))
        #expect(answer["StreamModeDetails"]["StreamMode"].text == "PROVISIONED")
        let ranges = answer["Shards"].elements.map { $0["HashKeyRange"] }
        #expect(
            ranges.map { $0["StartingHashKey"].text } == [
                "0", "113427455640312821154458202477256070485", "226854911280625642308916404954512140970",
            ]
        )
        #expect(ranges[2]["EndingHashKey"].text == "340282366920938463463374607431768211455")
        #expect(answer["Shards"][0]["SequenceNumberRange"]["EndingSequenceNumber"] == .missing)
        #expect(answer["Shards"][0]["ParentShardId"] == .missing)
        let summary = try harness.succeed(
            "DescribeStreamSummary",
            #"{"StreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/s"}"#
        )["StreamDescriptionSummary"]
        #expect(summary["OpenShardCount"].text == "3")
        #expect(summary["MaxRecordSizeInKiB"].text == "1024")
        #expect(summary["StreamId"] == .missing)
    }

    @Test func `pages of shards`() throws {
        let harness = try Harness()
        try harness.createStream("s", shards: 5)
        let first = try harness.succeed("DescribeStream", #"{"StreamName":"s","Limit":2}"#)["StreamDescription"]
        #expect(first["Shards"].count == 2)
        #expect(first["HasMoreShards"] == .bool(true))
        let last = try harness.succeed(
            "DescribeStream",
            #"{"StreamName":"s","ExclusiveStartShardId":"shardId-000000000001"}"#
        )["StreamDescription"]
        #expect(last["Shards"].count == 3)
        var ids: [String] = []
        var answer = try harness.succeed("ListShards", #"{"StreamName":"s","MaxResults":2}"#)
        while true {
            ids += answer["Shards"].elements.map { $0["ShardId"].text }
            guard answer["NextToken"] != .missing else { break }
            answer = try harness.succeed(
                "ListShards",
                #"{"NextToken":"\#(answer["NextToken"].text)","MaxResults":2}"#
            )
        }
        #expect(ids == (0..<5).map { "shardId-00000000000\($0)" })
        #expect(
            try harness.fail("ListShards", #"{"NextToken":"AAAA"}"#).hasPrefix("InvalidArgumentException")
        )
    }

    @Test(arguments: [
        (#"{}"#, "Either NextToken or StreamName should be provided."),
        (#"{"StreamName":"s","NextToken":"AAAA"}"#, "NextToken and StreamName cannot be provided together."),
        (
            #"{"NextToken":"AAAA","ExclusiveStartShardId":"shardId-0"}"#,
            "NextToken and ExclusiveStartShardId cannot be provided together."
        ),
    ])
    func `members of ListShards that exclude one another`(_ body: String, _ message: String) throws {
        let harness = try Harness()
        try harness.createStream("s")
        #expect(try harness.fail("ListShards", body) == "InvalidArgumentException: \(message)")
    }

    @Test(arguments: ["a;b", #"a\tb"#, #"a\nb"#, "a,b"])
    func `a tag that cannot be there is not removed either`(_ key: String) async throws {
        let harness = try Harness()
        try harness.createStream("s")
        let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"
        for (operation, stream) in [
            ("RemoveTagsFromStream", #""StreamName":"s""#), ("UntagResource", #""ResourceARN":"\#(arn)""#),
        ] {
            let body = #"{\#(stream),"TagKeys":["\#(key)"]}"#
            let answer = try JSON(try await harness.callAndWait(operation, body).body)
            #expect(answer["__type"].text == "InvalidArgumentException", "\(operation)")
            #expect(answer["message"].text.hasPrefix("Some tags contain invalid characters."), "\(operation)")
        }
    }

    @Test func `shard filters over a lineage`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        harness.backend.advance(milliseconds: 10_000)
        let topic = try #require(harness.backend.topic(named: "s")?.topic)
        let plan = try TopicPlanner.splitShard(
            topic,
            ordinal: 0,
            newStartingHash: 1 << 127,
            currentEnds: [7],
            now: harness.backend.now()
        )
        harness.backend.host(plan.committed(at: 2))
        harness.backend.advance(milliseconds: 10_000)
        func ids(_ filter: String) throws -> [String] {
            try harness.succeed("ListShards", #"{"StreamName":"s","ShardFilter":{\#(filter)}}"#)["Shards"].elements
                .map { String($0["ShardId"].text.suffix(1)) }
        }
        #expect(try ids(#""Type":"AT_LATEST""#) == ["1", "2"])
        #expect(try ids(#""Type":"AT_TRIM_HORIZON""#) == ["0"])
        #expect(try ids(#""Type":"FROM_TRIM_HORIZON""#) == ["0", "1", "2"])
        #expect(try ids(#""Type":"AT_TIMESTAMP","Timestamp":1700000005"#) == ["0"])
        // Both ends count: the parent closed at this moment, its children opened at it.
        #expect(try ids(#""Type":"AT_TIMESTAMP","Timestamp":1700000010"#) == ["0", "1", "2"])
        #expect(try ids(#""Type":"AT_TIMESTAMP","Timestamp":1700000010.001"#) == ["1", "2"])
        #expect(try ids(#""Type":"FROM_TIMESTAMP","Timestamp":1700000010"#) == ["0", "1", "2"])
        #expect(try ids(#""Type":"FROM_TIMESTAMP","Timestamp":1700000010.001"#) == ["1", "2"])
        #expect(try ids(#""Type":"FROM_TIMESTAMP","Timestamp":1700000005"#) == ["0", "1", "2"])
        #expect(try ids(#""Type":"FROM_TIMESTAMP","Timestamp":1700000015"#) == ["1", "2"])
        // AFTER_SHARD_ID and ExclusiveStartShardId are the same thing, for every spelling of the shard.
        for (named, expected) in [
            ("shardId-000000000001", ["2"]), ("shardId-1", ["2"]), ("shard-0", ["1", "2"]), ("shardId-7", []),
            ("a", ["0", "1", "2"]), ("z", []),
        ] {
            #expect(try ids(#""Type":"AFTER_SHARD_ID","ShardId":"\#(named)""#) == expected)
            let members = #"{"StreamName":"s","ExclusiveStartShardId":"\#(named)"}"#
            for shards in [
                try harness.succeed("ListShards", members)["Shards"],
                try harness.succeed("DescribeStream", members)["StreamDescription"]["Shards"],
            ] { #expect(shards.elements.map { String($0["ShardId"].text.suffix(1)) } == expected) }
        }
        #expect(
            try harness.fail("ListShards", #"{"StreamName":"s","ShardFilter":{"Type":"AFTER_SHARD_ID"}}"#)
                .hasPrefix("InvalidArgumentException")
        )
    }

    @Test func `pages of streams hide topics that are not streams`() throws {
        let harness = try Harness()
        for name in ["b", "a", "c", "__internal"] { try harness.createStream(name) }
        let first = try harness.succeed("ListStreams", #"{"Limit":2}"#)
        #expect(first["StreamNames"] == .list([.text("a"), .text("b")]))
        #expect(first["HasMoreStreams"] == .bool(true))
        #expect(first["StreamSummaries"][1]["StreamName"].text == "b")
        let second = try harness.succeed("ListStreams", #"{"NextToken":"\#(first["NextToken"].text)"}"#)
        #expect(second["StreamNames"] == .list([.text("c")]))
        #expect(second["HasMoreStreams"] == .bool(false))
        let after = try harness.succeed("ListStreams", #"{"ExclusiveStartStreamName":"a"}"#)
        #expect(after["StreamNames"] == .list([.text("b"), .text("c")]))
        #expect(try harness.call("DescribeStream", #"{"StreamName":"__internal"}"#).status == 400)
    }

    @Test func `a page of streams holds at most a hundred, also when more is asked for`() throws {
        let harness = try Harness()
        for index in 0..<101 { try harness.createStream("s\(index)") }
        for limit in [#"{}"#, #"{"Limit":101}"#, #"{"Limit":10000}"#] {
            let answer = try harness.succeed("ListStreams", limit)
            #expect(answer["StreamNames"].count == 100)
            #expect(answer["HasMoreStreams"] == .bool(true))
        }
    }

    private func create(_ harness: Harness, _ members: String) async throws -> String {
        let reply = try await harness.callAndWait("CreateStream", "{\(members)}")
        return reply.status == 200 ? "" : reply.body
    }

    @Test(.timeLimit(.minutes(20))) func `a stream that distributes by itself is on demand`() async throws {
        let harness = try Harness()
        for members in [#""ShardCount":1"#, #""ShardCount":1,"StreamModeDetails":{"StreamMode":"PROVISIONED"}"#] {
            #expect(
                try await self.create(harness, #""StreamName":"p","RecordDistributionStrategy":"AUTO",\#(members)"#)
                    .contains("InvalidArgumentException")
            )
        }
        #expect(harness.backend.topic(named: "p") == nil)
        let mode = #""StreamModeDetails":{"StreamMode":"ON_DEMAND"}"#
        #expect(try await self.create(harness, #""StreamName":"a","RecordDistributionStrategy":"AUTO",\#(mode)"#) == "")
        #expect(try await self.create(harness, #""StreamName":"u",\#(mode)"#) == "")
        #expect(try await self.create(harness, #""StreamName":"p","ShardCount":1"#) == "")
        for (name, strategy) in [("a", "AUTO"), ("u", "USER_PARTITION_KEY"), ("p", "")] {
            let summary = try harness.succeed("DescribeStreamSummary", #"{"StreamName":"\#(name)"}"#)
            #expect(summary["StreamDescriptionSummary"]["RecordDistributionStrategy"].text == strategy)
        }
    }

    @Test(.timeLimit(.minutes(20))) func `names that AWS allows and Kafka forbids are refused with the reason`()
        async throws
    {
        let harness = try Harness()
        for (name, reason) in [(".", "'.' is not allowed"), ("..", "'..' is not allowed"), ("__x", "begin with __")] {
            let answer = try await self.create(harness, #""StreamName":"\#(name)","ShardCount":1"#)
            #expect(answer.contains("InvalidArgumentException"))
            #expect(answer.contains(reason))
        }
    }

    @Test func `a topic of Kafka describes itself as on demand, its ranges as no promise`() throws {
        let harness = try Harness()
        try harness.createStream("t", shards: 2, origin: .kafka)
        let summary = try harness.succeed("DescribeStreamSummary", #"{"StreamName":"t"}"#)["StreamDescriptionSummary"]
        #expect(summary["StreamModeDetails"]["StreamMode"].text == "ON_DEMAND")
        #expect(summary["RecordDistributionStrategy"].text == "AUTO")
        #expect(summary["RetentionPeriodHours"].text == "168")
    }
}
