import LogCore
import Metadata
import Testing

/// What clients see of `kinesis.limits=aws`.
@Suite struct StreamLimitsTests {
    private func limited(shards: Int = 1) async throws -> Harness {
        let harness = try Harness()
        try harness.createStream("s", shards: shards)
        try await harness.backend.alterConfigs(of: "s") { $0.merging(["kinesis.limits": "aws"]) { $1 } }
        return harness
    }

    private static let text = "Rate exceeded for shard shardId-000000000000 in stream s under account 123456789012."

    private func put(_ count: Int, _ harness: Harness, key: Int = 0) throws -> [JSON] {
        let entries = (0..<count).map { #"{"Data":"YQ==","PartitionKey":"k\#($0 + key)"}"# }.joined(separator: ",")
        let answer = try harness.succeed("PutRecords", #"{"StreamName":"s","Records":[\#(entries)]}"#)
        let failed = answer["Records"].elements.filter { $0["ErrorCode"] != .missing }
        #expect(answer["FailedRecordCount"].text == String(failed.count))
        return answer["Records"].elements
    }

    @Test func `records beyond the budget of their shard fail one by one`() async throws {
        let harness = try await self.limited(shards: 2)
        var results: [JSON] = []
        for turn in 0..<5 { results += try self.put(500, harness, key: turn * 500) }
        let failed = results.filter { $0["ErrorCode"] != .missing }
        #expect(failed.count == 500, "two shards take a thousand records each")
        for result in failed {
            #expect(result["ErrorCode"].text == "ProvisionedThroughputExceededException")
            #expect(result["ErrorMessage"].text.hasPrefix("Rate exceeded for shard shardId-00000000000"))
            #expect(result["SequenceNumber"] == .missing && result["ShardId"] == .missing)
        }
        let stored = (0..<2).compactMap { harness.backend.log("s", Int32($0))?.offsets.logEnd }
        #expect(stored == [1000, 1000])
        harness.backend.advance(milliseconds: 1000)
        #expect(try self.put(500, harness).allSatisfy { $0["ErrorCode"] == .missing })
    }

    @Test func `a single record beyond the budget is an error of PutRecord, and a result of PutRecords`() async throws {
        let harness = try await self.limited()
        for _ in 0..<2 { _ = try self.put(500, harness) }
        let record = #"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#
        #expect(try harness.fail("PutRecord", record) == "ProvisionedThroughputExceededException: \(Self.text)")
        let result = try #require(try self.put(1, harness).first)
        #expect(result["ErrorMessage"].text == Self.text)
    }

    @Test func `reads and iterators beyond the budget are refused`() async throws {
        let harness = try await self.limited()
        let ask = #"{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}"#
        var iterator = ""
        for _ in 0..<5 { iterator = try harness.succeed("GetShardIterator", ask)["ShardIterator"].text }
        let refusal = "ProvisionedThroughputExceededException: \(Self.text)"
        #expect(try harness.fail("GetShardIterator", ask) == refusal)
        let read = #"{"ShardIterator":"\#(iterator)"}"#
        for _ in 0..<5 { _ = try harness.succeed("GetRecords", read) }
        #expect(try harness.fail("GetRecords", read) == refusal)
        harness.backend.advance(milliseconds: 200)
        _ = try harness.succeed("GetRecords", read)
        #expect(try harness.fail("GetRecords", read) == refusal)
    }

    @Test func `an operation on a stream has the stream's rate`() async throws {
        let harness = try await self.limited()
        for _ in 0..<1000 { _ = try harness.succeed("ListShards", #"{"StreamName":"s"}"#) }
        #expect(
            try harness.fail("ListShards", #"{"StreamName":"s"}"#)
                == "LimitExceededException: Rate exceeded for stream s under account 123456789012."
        )
        for _ in 0..<30 { _ = try harness.succeed("DescribeStream", #"{"StreamName":"s"}"#) }
    }

    @Test func `limits of the server hold for operations, and a stream may have none`() async throws {
        let harness = try Harness(hasLimits: true)
        try harness.createStream("s")
        for _ in 0..<10 { _ = try harness.succeed("DescribeStream", #"{"StreamName":"s"}"#) }
        let refusal = try harness.fail("DescribeStream", #"{"StreamName":"s"}"#)
        #expect(refusal == "LimitExceededException: Rate exceeded for account 123456789012.")
        _ = try harness.succeed("DescribeStreamSummary", #"{"StreamName":"s"}"#)
        try await harness.backend.alterConfigs(of: "s") { $0.merging(["kinesis.limits": "off"]) { $1 } }
        for _ in 0..<3 { #expect(try self.put(500, harness).allSatisfy { $0["ErrorCode"] == .missing }) }
    }

    @Test func `without limits nothing is refused`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        for _ in 0..<6 { #expect(try self.put(500, harness).allSatisfy { $0["ErrorCode"] == .missing }) }
        for _ in 0..<50 { _ = try harness.succeed("ListStreams", "{}") }
    }
}
