import Broker
import KinesisProtocol
import LogCore
import Metadata
import Model
import NIOCore
import RecordBatch
import Synchronization
import Testing
import Text

@Suite struct ReadTests {
    private func put(_ harness: Harness, _ data: [String], stream: String = "s") throws {
        for text in data {
            let encoded = String(unsafeUninitializedCapacity: Base64.encodedCount(of: text.utf8.count)) { target in
                Array(text.utf8).withUnsafeBytes { Base64.encode($0, into: UnsafeMutableRawBufferPointer(target)) }
            }
            _ = try harness.succeed(
                "PutRecord",
                #"{"StreamName":"\#(stream)","Data":"\#(encoded)","PartitionKey":"k-\#(text)"}"#
            )
        }
    }

    private func iterator(_ harness: Harness, _ members: String, shard: String = "shardId-000000000000") throws
        -> String
    {
        try harness.succeed(
            "GetShardIterator",
            #"{"StreamName":"s","ShardId":"\#(shard)",\#(members)}"#
        )["ShardIterator"].text
    }

    private func get(_ harness: Harness, _ iterator: String, limit: Int = 10_000) throws -> JSON {
        try harness.succeed("GetRecords", #"{"ShardIterator":"\#(iterator)","Limit":\#(limit)}"#)
    }

    private func text(_ answer: JSON) -> [String] {
        answer["Records"].elements.map { record in
            Base64.decode(Array(record["Data"].text.utf8)).map { String(decoding: $0, as: UTF8.self) } ?? "?"
        }
    }

    @Test(arguments: [false, true])
    func `what was put is read back, page by page`(fromFile: Bool) throws {
        let harness = try Harness()
        try harness.createStream("s")
        harness.backend.log("s")?.state.withLock { $0.readsFromFile = fromFile }
        try self.put(harness, ["a", "b", "c", "d", "e"])
        var iterator = try self.iterator(harness, #""ShardIteratorType":"TRIM_HORIZON""#)
        let first = try self.get(harness, iterator, limit: 2)
        #expect(self.text(first) == ["a", "b"])
        #expect(first["Records"][0]["PartitionKey"].text == "k-a")
        #expect(first["Records"][0]["ApproximateArrivalTimestamp"] == .number("1700000000"))
        #expect(first["MillisBehindLatest"].text != "0")
        #expect(first["ChildShards"] == .missing)
        iterator = first["NextShardIterator"].text
        let rest = try self.get(harness, iterator)
        #expect(self.text(rest) == ["c", "d", "e"])
        #expect(rest["MillisBehindLatest"].text == "0")
        let empty = try self.get(harness, rest["NextShardIterator"].text)
        #expect(empty["Records"].count == 0)
        try self.put(harness, ["f"])
        #expect(self.text(try self.get(harness, empty["NextShardIterator"].text)) == ["f"])
    }

    @Test func `iterators begin where they are asked to`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        try self.put(harness, ["a", "b"])
        harness.backend.advance(milliseconds: 5000)
        try self.put(harness, ["c"])
        harness.backend.advance(milliseconds: 5000)
        let all = try self.get(harness, self.iterator(harness, #""ShardIteratorType":"TRIM_HORIZON""#))
        let second = all["Records"][1]["SequenceNumber"].text
        func from(_ members: String) throws -> [String] {
            self.text(try self.get(harness, self.iterator(harness, members)))
        }
        #expect(
            try from(#""ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"\#(second)""#) == ["b", "c"]
        )
        #expect(
            try from(#""ShardIteratorType":"AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":"\#(second)""#) == ["c"]
        )
        #expect(try from(#""ShardIteratorType":"LATEST""#).isEmpty)
        #expect(try from(#""ShardIteratorType":"AT_TIMESTAMP","Timestamp":1700000001"#) == ["c"])
        #expect(try from(#""ShardIteratorType":"AT_TIMESTAMP","Timestamp":1600000000"#) == ["a", "b", "c"])
        #expect(try from(#""ShardIteratorType":"AT_TIMESTAMP","Timestamp":1700000009.5"#).isEmpty)
    }

    @Test func `a record that arrives while a time is searched for is not skipped`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        try self.put(harness, ["old"])
        harness.backend.advance(milliseconds: 5000)
        let log = try #require(harness.backend.log("s"))
        let engine = try #require(harness.backend.engine as? MemoryEngine)
        engine.duringSearch.withLock { hook in
            hook = {
                var builder = RecordBatchBuilder()
                builder.append(key: nil, value: ByteBuffer(string: "new"), timestamp: 1_700_000_004_000)
                try? self.append(builder.finishUncompressed(), to: log)
            }
        }
        let iterator = try self.iterator(harness, #""ShardIteratorType":"AT_TIMESTAMP","Timestamp":1700000003"#)
        #expect(self.text(try self.get(harness, iterator)) == ["new"])
    }

    @Test func `iterators that cannot be are refused in AWS's words`() throws {
        let harness = try Harness()
        try harness.createStream("s", shards: 2)
        try harness.createStream("other")
        func fail(_ members: String, shard: String = "shardId-000000000000", stream: String = "s") throws -> String {
            try harness.fail(
                "GetShardIterator",
                #"{"StreamName":"\#(stream)","ShardId":"\#(shard)",\#(members)}"#
            )
        }
        let latest = #""ShardIteratorType":"LATEST""#
        #expect(
            try fail(latest, shard: "shard-5", stream: "none") == "ResourceNotFoundException: Shard "
                + "shardId-000000000005 in stream none under account 123456789012 does not exist"
        )
        #expect(
            try fail(latest, shard: "shard-5") == "ResourceNotFoundException: Shard "
                + "shardId-000000000005 in stream s under account 123456789012 does not exist"
        )
        #expect(
            try fail(latest, shard: "shardId-9") == "ResourceNotFoundException: Shard "
                + "shardId-000000000009 in stream s under account 123456789012 does not exist"
        )
        #expect(
            try fail(latest, shard: "ffa") == "ResourceNotFoundException: Could not find shard ffa in stream s "
                + "under account 123456789012."
        )
        #expect(
            try fail(#""ShardIteratorType":"AT_SEQUENCE_NUMBER""#) == "InvalidArgumentException: Must either "
                + "specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
                + "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER and "
                + "no StartingSequenceNumber."
        )
        #expect(
            try fail(latest + #","StartingSequenceNumber":"5""#).hasSuffix(
                "Request specified LATEST and also a StartingSequenceNumber."
            )
        )
        let at = #""ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"#
        #expect(
            try fail(at + #""5""#) == "InvalidArgumentException: Invalid StartingSequenceNumber. It encodes "
                + "shardId-000000000005, while it was used in a call to a shard with shardId-000000000000"
        )
        let foreign = SequenceNumber(shardCreated: 5, ordinal: 0, offset: 0).description
        #expect(
            try fail(at + "\"\(foreign)\"") == "InvalidArgumentException: StartingSequenceNumber \(foreign) used in "
                + "GetShardIterator on shard shardId-000000000000 in stream s under account 123456789012 is invalid "
                + "because it did not come from this stream."
        )
        #expect(
            try fail(#""ShardIteratorType":"AT_TIMESTAMP""#) == "InvalidArgumentException: Must specify "
                + "timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp "
                + "parameter."
        )
        #expect(
            try fail(#""ShardIteratorType":"AT_TIMESTAMP","Timestamp":1700000002"#) == "InvalidArgumentException: "
                + "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                + "timestampInMillis: 1700000002000, currentTimestampInMillis: 1700000000000"
        )
    }

    @Test func `iterators of a deleted stream do not open its successor`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        let iterator = try self.iterator(harness, #""ShardIteratorType":"TRIM_HORIZON""#)
        #expect(try harness.call("DescribeStream", #"{"StreamName":"s"}"#).status == 200)
        try harness.createStream("s")
        #expect(
            try harness.fail("GetRecords", #"{"ShardIterator":"\#(iterator)"}"#) == "ResourceNotFoundException: "
                + "Shard shardId-000000000000 in stream s under account 123456789012 does not exist"
        )
        #expect(
            try harness.fail("GetRecords", #"{"ShardIterator":"AAAA"}"#)
                == "InvalidArgumentException: Invalid ShardIterator."
        )
        let fresh = try self.iterator(harness, #""ShardIteratorType":"TRIM_HORIZON""#)
        harness.backend.advance(milliseconds: 300_001)
        #expect(try harness.fail("GetRecords", #"{"ShardIterator":"\#(fresh)"}"#).hasPrefix("ExpiredIteratorException"))
    }

    @Test func `a split shard ends with its children, and each child begins in its own place`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        try self.put(harness, ["a", "b"])
        harness.backend.advance(milliseconds: 1000)
        let topic = try #require(harness.backend.topic(named: "s")?.topic)
        let plan = try TopicPlanner.splitShard(
            topic,
            ordinal: 0,
            newStartingHash: 1 << 127,
            currentEnds: [2],
            now: harness.backend.now()
        )
        harness.backend.host(plan.committed(at: 2))
        try self.put(harness, ["c", "d", "e", "f"])
        let parent = try self.get(harness, self.iterator(harness, #""ShardIteratorType":"TRIM_HORIZON""#))
        #expect(self.text(parent) == ["a", "b"])
        #expect(parent["NextShardIterator"] == .missing)
        #expect(parent["MillisBehindLatest"].text == "0")
        #expect(
            parent["ChildShards"].elements.map { $0["ShardId"].text } == [
                "shardId-000000000001", "shardId-000000000002",
            ]
        )
        #expect(parent["ChildShards"].elements.allSatisfy { $0["ParentShards"][0].text == "shardId-000000000000" })
        #expect(parent["ChildShards"][1]["HashKeyRange"]["StartingHashKey"].text == "\(UInt128(1) << 127)")
        var found: [String] = []
        for shard in ["shardId-000000000001", "shardId-000000000002"] {
            let iterator = try self.iterator(harness, #""ShardIteratorType":"TRIM_HORIZON""#, shard: shard)
            found += self.text(try self.get(harness, iterator))
        }
        #expect(found.sorted() == ["c", "d", "e", "f"])
        let listed = try harness.succeed("ListShards", #"{"StreamName":"s"}"#)["Shards"]
        #expect(listed.count == 3)
        #expect(listed[0]["SequenceNumberRange"]["EndingSequenceNumber"] != .missing)
        #expect(listed[1]["ParentShardId"].text == "shardId-000000000000")
    }

    @Test func `aborted transactions and markers are not seen`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        let log = try #require(harness.backend.log("s"))
        func append(_ values: [String], producer: Int64) throws {
            var builder = RecordBatchBuilder(
                options: .init(
                    producerID: ProducerID(producer),
                    producerEpoch: ProducerEpoch(0),
                    baseSequence: 0,
                    isTransactional: producer >= 0
                )
            )
            for value in values {
                builder.append(key: nil, value: ByteBuffer(string: value), timestamp: 1_700_000_000_000)
            }
            try self.append(builder.finishUncompressed(), to: log)
        }
        try append(["a"], producer: 1)
        try append(["b"], producer: -1)
        let marker = ControlRecord(kind: .abort, coordinatorEpoch: 0)
        try self.append(
            marker.encodeBatch(
                producerID: ProducerID(1),
                producerEpoch: ProducerEpoch(0),
                timestamp: 1_700_000_000_000
            ),
            to: log
        )
        try append(["c"], producer: 1)
        try append(["open"], producer: 2)
        log.state.withLock { state in
            state.aborted = [AbortedTransaction(producerID: ProducerID(1), firstOffset: 0)]
            state.lastStable = 4
        }
        let answer = try self.get(harness, self.iterator(harness, #""ShardIteratorType":"TRIM_HORIZON""#))
        #expect(self.text(answer) == ["b", "c"])
        #expect(answer["Records"][0]["PartitionKey"].text == "null:")
        #expect(answer["MillisBehindLatest"].text == "0")
        log.state.withLock { $0.lastStable = 5 }
        #expect(self.text(try self.get(harness, answer["NextShardIterator"].text)) == ["open"])
    }

    private func append(_ batches: ValidatedBatches, to log: MemoryLog) throws {
        _ = try log.append(
            batches,
            options: AppendOptions(
                origin: .client,
                leaderEpoch: LeaderEpoch(0),
                now: 1_700_000_000_000,
                acknowledge: .durable
            ),
            waiter: nil
        )
    }

    @Test func `batches that cannot be decoded are skipped, and their readers continue`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        let log = try #require(harness.backend.log("s"))
        func batch(_ values: [String]) -> ValidatedBatches {
            var builder = RecordBatchBuilder()
            for value in values {
                builder.append(key: nil, value: ByteBuffer(string: value), timestamp: 1_700_000_000_000)
            }
            return builder.finishUncompressed()
        }
        for _ in 0..<2 {
            try self.append(batch(["good"]), to: log)
            try self.append(batch(["lost", "lost"]), to: log)
        }
        // The low byte of the attributes, at position 22, says that these are gzip.
        log.state.withLock { state in
            for index in [1, 3] { state.batches[index].bytes.setInteger(UInt8(1), at: 22) }
        }
        let answer = try self.get(harness, self.iterator(harness, #""ShardIteratorType":"TRIM_HORIZON""#))
        #expect(self.text(answer) == ["good", "good"])
        let places = answer["Records"].elements.map { record -> Offset? in
            guard case .record(let number) = ParsedSequenceNumber(record["SequenceNumber"].text) else { return nil }
            return number.offset
        }
        #expect(places == [0, 3])
        #expect(answer["MillisBehindLatest"].text == "0")
        try self.append(batch(["next"]), to: log)
        #expect(self.text(try self.get(harness, answer["NextShardIterator"].text)) == ["next"])
    }

    @Test(arguments: [Int32.max, -1, 0]) func `a wild offset delta carries no reader away`(delta: Int32) throws {
        let harness = try Harness()
        try harness.createStream("s")
        let log = try #require(harness.backend.log("s"))
        for values in [["a", "b"], ["c"]] {
            var builder = RecordBatchBuilder()
            for value in values { builder.append(key: nil, value: ByteBuffer(string: value), timestamp: 0) }
            try self.append(builder.finishUncompressed(), to: log)
        }
        // A record that the collector meets only in compressed batches: as long as it was, with another delta.
        log.state.withLock { state in
            let first = state.batches[0].bytes
            var body = ByteBuffer()
            let zigzag = UInt32(bitPattern: delta &* 2) ^ UInt32(bitPattern: delta >> 31)
            var rest = zigzag
            body.writeBytes([0, 0])
            while rest > 0x7F {
                body.writeInteger(UInt8(rest & 0x7F | 0x80))
                rest >>= 7
            }
            body.writeInteger(UInt8(rest))
            body.writeBytes([1, 2, UInt8(ascii: "b"), 0])
            var whole = ByteBuffer(bytes: first.readableBytesView.prefix(61 + 8))
            whole.writeInteger(UInt8(body.readableBytes * 2))
            whole.writeBuffer(&body)
            whole.setInteger(Int32(whole.readableBytes - 12), at: 8)
            state.batches[0].bytes = whole
        }
        let answer = try self.get(harness, self.iterator(harness, #""ShardIteratorType":"TRIM_HORIZON""#))
        #expect(self.text(answer) == ["a", "c"])
    }

    @Test func `keys that are no partition keys are shown by rule`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        let log = try #require(harness.backend.log("s"))
        var builder = RecordBatchBuilder()
        let long = String(repeating: "x", count: 257)
        let keys: [ByteBuffer] = [
            ByteBuffer(string: "é"), ByteBuffer(bytes: [0xFF, 0xFE]), ByteBuffer(string: long),
            ByteBuffer(string: String(repeating: "é", count: 256)), ByteBuffer(string: ""),
        ]
        for key in keys { builder.append(key: key, value: nil, timestamp: -1) }
        try self.append(builder.finishUncompressed(), to: log)
        let answer = try self.get(harness, self.iterator(harness, #""ShardIteratorType":"TRIM_HORIZON""#))
        let shown = answer["Records"].elements.map { $0["PartitionKey"].text }
        let digest = Array(long.utf8).withUnsafeBytes { SHA256Digest.hex($0) }
        #expect(shown == ["é", "base64://4=", "sha256:" + digest, String(repeating: "é", count: 256), "empty:"])
        #expect(answer["Records"].elements.allSatisfy { $0["Data"].text == "" })
        #expect(answer["Records"].elements.allSatisfy { $0["ApproximateArrivalTimestamp"] == .missing })
    }

    @Test func `an answer holds ten mebibytes, and one larger record goes alone`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        let log = try #require(harness.backend.log("s"))
        let sizes = [11 << 20, 4 << 20, 4 << 20, 4 << 20]
        for size in sizes {
            var builder = RecordBatchBuilder()
            builder.append(key: nil, value: ByteBuffer(repeating: 0, count: size), timestamp: 1_700_000_000_000)
            try self.append(builder.finishUncompressed(), to: log)
        }
        var iterator = try self.iterator(harness, #""ShardIteratorType":"TRIM_HORIZON""#)
        var counts: [Int] = []
        for _ in 0..<4 {
            let reply = try harness.call("GetRecords", #"{"ShardIterator":"\#(iterator)"}"#)
            let marker = "\"NextShardIterator\":\""
            counts.append(reply.body.ranges(of: "\"SequenceNumber\"").count)
            let start = try #require(reply.body.firstRange(of: marker)?.upperBound)
            iterator = String(reply.body[start...].prefix { $0 != "\"" })
        }
        #expect(counts == [1, 2, 1, 0])
    }
}
