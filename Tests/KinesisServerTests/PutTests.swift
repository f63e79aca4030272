import Broker
import KinesisProtocol
import LogCore
import Metadata
import Model
import NIOCore
import NIOEmbedded
import RecordBatch
import Synchronization
import Testing
import Text

@Suite struct PutTests {
    private func records(_ harness: Harness, _ stream: String, _ partition: Int32) throws -> [Record] {
        let log = try #require(harness.backend.log(stream, partition))
        var records: [Record] = []
        for batch in log.state.withLock({ $0.batches.map(\.bytes) }) {
            var reader = try RecordReader(batch)
            while let record = try reader.next() { records.append(record) }
        }
        return records
    }

    @Test func `records go to the shards of their hash keys, one batch each, in request order`() throws {
        let harness = try Harness()
        try harness.createStream("s", shards: 3)
        let entries = (0..<60).map { #"{"Data":"YWJj","PartitionKey":"key-\#($0)"}"# }.joined(separator: ",")
        let answer = try harness.succeed("PutRecords", #"{"StreamName":"s","Records":[\#(entries)]}"#)
        #expect(answer["FailedRecordCount"] == .number("0"))
        #expect(answer["Records"].count == 60)
        let shards = try #require(harness.backend.topic(named: "s")?.topic.shards)
        var next: [Int64] = [0, 0, 0]
        for (index, result) in answer["Records"].elements.enumerated() {
            let hash = Array("key-\(index)".utf8).withUnsafeBytes { HashKey(partitionKey: $0) }
            let shard = try #require(shards.first { $0.hashRange.contains(hash.value) })
            #expect(result["ShardId"].text == shard.id)
            guard case .record(let number) = ParsedSequenceNumber(result["SequenceNumber"].text) else {
                Issue.record("no sequence number of ours")
                return
            }
            #expect(number.offset == next[Int(shard.partition)])
            #expect(number.shardCreated == UInt64(shard.createdSecond))
            next[Int(shard.partition)] += 1
        }
        #expect(next.allSatisfy { $0 > 0 })
        for partition in 0..<3 {
            #expect(harness.backend.log("s", Int32(partition))?.state.withLock { $0.batches.count } == 1)
        }
    }

    @Test func `key, data and explicit hash key are stored`() throws {
        let harness = try Harness()
        try harness.createStream("s", shards: 2)
        let last = "340282366920938463463374607431768211455"
        let answer = try harness.succeed(
            "PutRecord",
            #"{"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"ké","ExplicitHashKey":"\#(last)"}"#
        )
        #expect(answer["ShardId"].text == "shardId-000000000001")
        let record = try #require(try self.records(harness, "s", 1).first)
        #expect(record.key.map { String(buffer: $0) } == "ké")
        #expect(record.value.map { String(buffer: $0) } == "hello")
        #expect(record.timestamp == 1_700_000_000_000)
        let headers = record.headers.map { ($0.key, $0.value.map { String(buffer: $0) } ?? "") }
        #expect(headers.map(\.0) == ["kinesis.explicit-hash-key"])
        #expect(headers.map(\.1) == [last])
        let low = try harness.succeed(
            "PutRecord",
            #"{"StreamName":"s","Data":"","PartitionKey":"k","ExplicitHashKey":"0"}"#
        )
        #expect(low["ShardId"].text == "shardId-000000000000")
    }

    @Test func `topics of Kafka are routed by Kafka's partitioner, but explicit keys and aggregates by hash`() throws {
        let harness = try Harness()
        try harness.createStream("t", shards: 5, origin: .kafka)
        var message: [UInt8] = [0x0A, 0x01, 0x61]
        var aggregate: [UInt8] = [0xF3, 0x89, 0x9A, 0xC2] + message
        withUnsafeBytes(of: message.withUnsafeBytes { MD5.digest($0) }.bigEndian) { aggregate.append(contentsOf: $0) }
        message.removeAll()
        let encoded = String(unsafeUninitializedCapacity: Base64.encodedCount(of: aggregate.count)) { target in
            aggregate.withUnsafeBytes { Base64.encode($0, into: UnsafeMutableRawBufferPointer(target)) }
        }
        let topic = try #require(harness.backend.topic(named: "t")?.topic)
        for index in 0..<20 {
            let key = "key-\(index)"
            let partition = Array(key.utf8).withUnsafeBytes { Murmur2.partition(for: $0, of: 5) }
            let hash = Array(key.utf8).withUnsafeBytes { HashKey(partitionKey: $0) }
            let plain = try harness.succeed("PutRecord", #"{"StreamName":"t","Data":"YQ==","PartitionKey":"\#(key)"}"#)
            #expect(plain["ShardId"].text == topic.openShard(partition: Int32(partition))?.id)
            let packed = try harness.succeed(
                "PutRecord",
                #"{"StreamName":"t","Data":"\#(encoded)","PartitionKey":"\#(key)"}"#
            )
            #expect(packed["ShardId"].text == topic.openShard(hash: hash.value)?.id)
        }
    }

    @Test func `limits hold with AWS's words`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        #expect(
            try harness.fail("PutRecord", #"{"StreamName":"n","Data":"","PartitionKey":"k"}"#)
                == "ResourceNotFoundException: Stream n under account 123456789012 not found."
        )
        #expect(
            try harness.fail(
                "PutRecord",
                #"{"StreamName":"s","Data":"","PartitionKey":"k","ExplicitHashKey":"340282366920938463463374607431768211456"}"#
            ) == "InvalidArgumentException: Invalid ExplicitHashKey. ExplicitHashKey must be in the range: "
                + "[0, 2^128-1]. Specified value was 340282366920938463463374607431768211456"
        )
        #expect(
            try harness.fail(
                "PutRecord",
                #"{"StreamName":"s","Data":"","PartitionKey":"k","SequenceNumberForOrdering":"99999999999999999999999999999999999999999999999999999999"}"#
            ).hasPrefix("InvalidArgumentException: ExclusiveMinimumSequenceNumber 999")
        )
        #expect(
            try harness.fail("PutRecord", #"{"StreamName":"s","Data":"","PartitionKey":"k","DryRun":true}"#)
                .hasPrefix("DryRunOperationException")
        )
        #expect(harness.backend.log("s")?.offsets.logEnd == 0)
    }

    @Test func `a record counts with its key, against what the stream allows`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        // 1 MiB less one byte: 349,525 times three bytes.
        let data = String(repeating: "AAAA", count: 349_525)
        #expect(
            try harness.call("PutRecord", #"{"StreamName":"s","Data":"\#(data)","PartitionKey":"k"}"#).status == 200
        )
        #expect(
            try harness.fail("PutRecord", #"{"StreamName":"s","Data":"\#(data)","PartitionKey":"kk"}"#)
                == "ValidationException: 1 validation error detected: Value 'kk' at 'partitionKey' failed to satisfy "
                + "constraint: Member and data must together have length less than or equal to 1048576, and have 1048577"
        )
    }

    private func createAutoStream(_ harness: Harness, configs: [String: String] = [:]) throws {
        try harness.backend.createNow(
            TopicCreation(
                name: "auto",
                id: harness.backend.makeTopicID(),
                partitionCount: 4,
                configs: configs.merging(["shard.routing": "kafka"]) { first, _ in first },
                origin: .kinesis,
                streamMode: .onDemand
            )
        )
    }

    @Test func `a stream that distributes by itself takes records without partition keys`() throws {
        let harness = try Harness()
        try self.createAutoStream(harness)
        var shards: Set<String> = []
        for _ in 0..<200 {
            let put = #"{"StreamName":"auto","Records":[{"Data":"YQ=="},{"Data":"Yg=="},{"Data":"Yw=="}]}"#
            let answer = try harness.succeed("PutRecords", put)
            #expect(answer["FailedRecordCount"].text == "0")
            #expect(Set(answer["Records"].elements.map { $0["ShardId"].text }).count == 1, "one batch for one put")
            shards.insert(answer["Records"][0]["ShardId"].text)
        }
        #expect(shards.count == 4)
        let one = try harness.succeed("PutRecord", #"{"StreamName":"auto","Data":"YQ==","ExplicitHashKey":"0"}"#)
        #expect(one["ShardId"].text == "shardId-000000000000")
        let keys = try (0..<4).flatMap { try self.records(harness, "auto", $0) }.map(\.key)
        #expect(keys.count == 601)
        #expect(keys.allSatisfy { $0 == nil })
    }

    @Test func `other streams require a partition key, and so does a compacted one`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        try self.createAutoStream(harness, configs: ["cleanup.policy": "compact"])
        #expect(
            try harness.fail("PutRecord", #"{"StreamName":"s","Data":""}"#)
                == "ValidationException: 1 validation error detected: Value null at 'partitionKey' failed to satisfy "
                + "constraint: Member must not be null"
        )
        #expect(
            try harness.fail(
                "PutRecords",
                #"{"StreamName":"s","Records":[{"Data":"","PartitionKey":"k"},{"Data":""}]}"#
            )
                == "ValidationException: 1 validation error detected: Value null at 'records.2.member.partitionKey' "
                + "failed to satisfy constraint: Member must not be null"
        )
        #expect(
            try harness.fail("PutRecord", #"{"StreamName":"auto","Data":""}"#)
                == "InvalidArgumentException: Stream auto is compacted by key: its records need a partition key."
        )
    }

    @Test func `a stream that distributes by itself refuses to order records`() throws {
        let harness = try Harness()
        try self.createAutoStream(harness)
        let put = #"{"StreamName":"auto","Data":"","PartitionKey":"k","SequenceNumberForOrdering":"0"}"#
        #expect(
            try harness.fail("PutRecord", put).hasPrefix(
                "InvalidArgumentException: SequenceNumberForOrdering cannot be used in PutRecord on stream auto"
            )
        )
    }

    @Test func `a put larger than a batch may be becomes several`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        let data = String(repeating: "AAAA", count: 100_000)
        let entry = #"{"Data":"\#(data)","PartitionKey":"k"}"#
        let body = #"{"StreamName":"s","Records":[\#([entry, entry, entry, entry, entry].joined(separator: ","))]}"#
        let answer = try harness.succeed("PutRecords", body)
        #expect(answer["FailedRecordCount"].text == "0")
        let log = try #require(harness.backend.log("s"))
        #expect(log.state.withLock { $0.batches.map(\.header.recordCount) } == [3, 2])
        let offsets = answer["Records"].elements.compactMap { result -> Int64? in
            guard case .record(let number) = ParsedSequenceNumber(result["SequenceNumber"].text) else { return nil }
            return number.offset
        }
        #expect(offsets == [0, 1, 2, 3, 4])
    }

    @Test func `failures are told per record`() throws {
        let harness = try Harness()
        try harness.createStream("s", shards: 2)
        harness.backend.log("s", 0)?.state.withLock { $0.appendError = LogError(.overloaded, "full") }
        let half = "170141183460469231731687303715884105728"
        let body = """
            {"StreamName":"s","Records":[{"Data":"","PartitionKey":"a","ExplicitHashKey":"0"},\
            {"Data":"","PartitionKey":"a","ExplicitHashKey":"\(half)"}]}
            """
        let answer = try harness.succeed("PutRecords", body)
        #expect(answer["FailedRecordCount"].text == "1")
        #expect(answer["Records"][0]["ErrorCode"].text == "ProvisionedThroughputExceededException")
        #expect(answer["Records"][0]["SequenceNumber"] == .missing)
        #expect(answer["Records"][1]["ShardId"].text == "shardId-000000000001")
    }

    @Test func `a batch that fails to become durable fails its records`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        let log = try #require(harness.backend.log("s"))
        log.state.withLock { $0.isHolding = true }
        let body = #"{"StreamName":"s","Records":[{"Data":"","PartitionKey":"a"},{"Data":"","PartitionKey":"b"}]}"#
        _ = try harness.exchange(Harness.request("PutRecords", body))
        log.release(LogError(.diskFull, "no room"))
        let reply = try #require(Harness.parse(try harness.received()).first)
        #expect(reply.status == 200)
        let answer = try JSON(reply.body)
        #expect(answer["FailedRecordCount"].text == "2")
        #expect(answer["Records"][0]["ErrorCode"].text == "InternalFailure")
        _ = try harness.exchange(
            Harness.request("PutRecord", #"{"StreamName":"s","Data":"","PartitionKey":"a"}"#)
        )
        log.release(LogError(.storage, "broken"))
        #expect(Harness.parse(try harness.received()).first?.status == 500)
    }

    // MARK: Logs on their way

    /// A stream of three shards, of which the last two have no log yet.
    private static func harnessOfNewShards() throws -> Harness {
        let harness = try Harness()
        harness.backend.holdLogs([1, 2])
        try harness.createStream("s", shards: 3)
        return harness
    }

    private static let keys = (0..<60).map { #"{"Data":"YWJj","PartitionKey":"key-\#($0)"}"# }.joined(separator: ",")

    @Test func `records for a shard whose log is being opened wait for it`() throws {
        let harness = try Self.harnessOfNewShards()
        let body = #"{"StreamName":"s","Records":[\#(Self.keys)]}"#
        #expect(try harness.exchange(Harness.request("PutRecords", body)).isEmpty)
        harness.backend.logsArrive(of: "s")
        let reply = try #require(Harness.parse(try harness.received()).first)
        let answer = try JSON(reply.body)
        #expect(answer["FailedRecordCount"] == .number("0"))
        #expect(answer["Records"].count == 60)
        for partition in 0..<3 {
            #expect(harness.backend.log("s", Int32(partition))?.state.withLock { $0.batches.count } == 1)
        }
    }

    @Test func `a log that does not come fails its records alone, after ten seconds`() throws {
        let harness = try Self.harnessOfNewShards()
        let body = #"{"StreamName":"s","Records":[\#(Self.keys)]}"#
        #expect(try harness.exchange(Harness.request("PutRecords", body)).isEmpty)
        harness.channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        let reply = try #require(Harness.parse(try harness.received()).first)
        let results = try JSON(reply.body)["Records"].elements
        let stored = results.filter { $0["ErrorCode"] == .missing }
        #expect(stored.allSatisfy { $0["ShardId"].text == "shardId-000000000000" })
        #expect(!stored.isEmpty)
        let failed = results.filter { $0["ErrorCode"] != .missing }
        #expect(failed.count == 60 - stored.count)
        #expect(failed.allSatisfy { $0["ErrorCode"].text == "InternalFailure" })
        #expect(failed.allSatisfy { $0["ErrorMessage"].text.hasSuffix("is not available on this server now.") })
        // When it comes after all, the records were answered and stay out.
        harness.backend.logsArrive(of: "s")
        #expect(try harness.received().isEmpty)
        #expect(harness.backend.log("s", 1)?.state.withLock { $0.batches.isEmpty } == true)
    }
}
