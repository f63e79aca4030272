import Broker
import KinesisProtocol
import LogCore
import Logging
import Metadata
import Model
import NIOCore
import NIOEmbedded
import Serving
import Synchronization
import Testing

@testable import KinesisServer

/// Two brokers in one process: a client talks to the first one.
@Suite struct ForwardingTests {
    private static let other = BrokerID(2)

    /// The way from the first broker to the second, which a test can break.
    final class Way: PeerCalls {
        enum Fault {
            case notSent
            case answerLost
        }

        let service: any PeerService
        let fault = Mutex<Fault?>(nil)
        let requests = Mutex(0)

        init(_ service: any PeerService) { self.service = service }

        func call(
            _ broker: BrokerID,
            _ request: ByteBuffer,
            within limit: TimeAmount,
            on eventLoop: any EventLoop,
            completion: @escaping @Sendable (Result<ByteBuffer, PeerCallError>) -> Void
        ) {
            self.requests.withLock { $0 += 1 }
            let fault = self.fault.withLock { $0 }
            guard fault != .notSent else {
                return eventLoop.execute { completion(.failure(PeerCallError(mayHaveRun: false, "refused"))) }
            }
            var request = request
            let subject = request.readInteger(as: UInt8.self)
            #expect(subject == PeerSubject.kinesis.rawValue)
            self.service.answer(request, on: eventLoop) { answer in
                eventLoop.execute {
                    completion(fault == nil ? .success(answer) : .failure(PeerCallError(mayHaveRun: true, "lost")))
                }
            }
        }
    }

    private struct Pair {
        let first: Harness
        let second = FakeBackend()
        let way: Way

        init() throws {
            self.first = try Harness()
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let service = KinesisService(backend: self.second, sealer: TokenSealer(key: [UInt8](0..<32)))
            self.way = Way(
                KinesisPeerService(service: service, log: ConnectionLog(logger, face: "Kinesis"), logger: logger)
            )
            self.first.backend.join(self.way)
        }

        /// The same stream at both; the second broker leads its odd shards.
        func createStream(_ name: String, shards: Int) throws {
            try self.first.createStream(name, shards: shards)
            try self.second.createNow(
                TopicCreation(
                    name: name,
                    id: self.second.makeTopicID(),
                    partitionCount: shards,
                    origin: .kinesis,
                    streamMode: .provisioned
                )
            )
            #expect(self.first.backend.topic(named: name)?.id == self.second.topic(named: name)?.id)
            let (odd, even) = ((0..<Int32(shards)).filter { $0 % 2 == 1 }, (0..<Int32(shards)).filter { $0 % 2 == 0 })
            self.first.backend.lead(Dictionary(uniqueKeysWithValues: odd.map { ($0, ForwardingTests.other) }))
            self.second.lead(Dictionary(uniqueKeysWithValues: even.map { ($0, BrokerID(1)) }))
        }

        func iterator(_ shard: Int, _ type: String = "TRIM_HORIZON") throws -> String {
            let id = "shardId-00000000000\(shard)"
            let body = #"{"StreamName":"s","ShardId":"\#(id)","ShardIteratorType":"\#(type)"}"#
            return try self.first.succeed("GetShardIterator", body)["ShardIterator"].text
        }

        func put(_ keys: [Int]) throws -> JSON {
            let records = keys.map { #"{"Data":"AA==","PartitionKey":"k\#($0)"}"# }.joined(separator: ",")
            return try self.first.succeed("PutRecords", #"{"StreamName":"s","Records":[\#(records)]}"#)
        }

        func read(_ shard: Int) throws -> [String] {
            let body = #"{"ShardIterator":"\#(try self.iterator(shard))"}"#
            return try self.first.succeed("GetRecords", body)["Records"].elements.map { $0["PartitionKey"].text }
        }
    }

    @Test func `records of a put go to both brokers and are answered and read in order`() throws {
        let pair = try Pair()
        try pair.createStream("s", shards: 4)
        let answer = try pair.put(Array(0..<40))
        #expect(answer["FailedRecordCount"].text == "0")
        var expected: [Int: [String]] = [:]
        for (index, record) in answer["Records"].elements.enumerated() {
            let shard = try #require(Int(record["ShardId"].text.suffix(1)))
            expected[shard, default: []].append("k\(index)")
        }
        #expect(expected.keys.sorted() == [0, 1, 2, 3])
        for shard in 0..<4 { #expect(try pair.read(shard) == expected[shard], "\(shard)") }
        #expect(pair.first.backend.log("s", 0)?.offsets.logEnd ?? 0 > 0)
        #expect(pair.second.log("s", 1)?.offsets.logEnd ?? 0 > 0)
        #expect(pair.second.log("s", 0) == nil)
    }

    @Test func `a put waits for a broker that cannot be reached, and for a leader`() throws {
        let pair = try Pair()
        try pair.createStream("s", shards: 2)
        pair.way.fault.withLock { $0 = .notSent }
        let keys = (0..<10).map { #"{"Data":"AA==","PartitionKey":"k\#($0)"}"# }.joined(separator: ",")
        let request = Harness.request("PutRecords", #"{"StreamName":"s","Records":[\#(keys)]}"#)
        #expect(try pair.first.exchange(request) == "")
        pair.first.backend.lead([:], leaderless: [1])
        pair.first.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try pair.first.received() == "")
        // It comes to the first broker.
        pair.first.backend.lead([:])
        pair.first.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        let reply = try #require(Harness.parse(try pair.first.received()).first)
        #expect(try JSON(reply.body)["FailedRecordCount"].text == "0")
    }

    @Test func `records whose broker does not answer are refused, and the others are stored`() throws {
        let pair = try Pair()
        try pair.createStream("s", shards: 2)
        pair.way.fault.withLock { $0 = .answerLost }
        let answer = try pair.put(Array(0..<10))
        let codes = answer["Records"].elements.map { $0["ErrorCode"].text }
        #expect(Set(codes) == ["", "InternalFailure"])
        #expect(answer["FailedRecordCount"].text == "\(codes.count { !$0.isEmpty })")
        #expect(pair.way.requests.withLock { $0 } == 1, "nothing is put twice")
        let single = #"{"StreamName":"s","Data":"AA==","PartitionKey":"k","ExplicitHashKey":"\#(UInt128.max)"}"#
        #expect(try pair.first.fail("PutRecord", single).hasPrefix("InternalFailure"))
    }

    @Test func `a read of another broker's shard is repeated until it is answered`() throws {
        let pair = try Pair()
        try pair.createStream("s", shards: 2)
        _ = try pair.put(Array(0..<10))
        let iterator = try pair.iterator(1)
        pair.way.fault.withLock { $0 = .answerLost }
        let request = Harness.request("GetRecords", #"{"ShardIterator":"\#(iterator)"}"#)
        #expect(try pair.first.exchange(request) == "")
        pair.way.fault.withLock { $0 = nil }
        // Nor does the other broker lead it at the moment.
        pair.second.lead([:], leaderless: [1])
        pair.first.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try pair.first.received() == "")
        pair.second.lead([:])
        pair.first.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        let reply = try #require(Harness.parse(try pair.first.received()).first)
        #expect(reply.status == 200)
    }

    @Test func `errors of another broker are those of the operation`() throws {
        let pair = try Pair()
        try pair.createStream("s", shards: 2)
        let body = #"{"StreamName":"s","ShardId":"shardId-000000000001","ShardIteratorType":"AT_SEQUENCE_NUMBER"}"#
        #expect(try pair.first.fail("GetShardIterator", body).contains("InvalidArgumentException"))
    }

    @Test func `a request that another broker sent is not passed on`() throws {
        let pair = try Pair()
        try pair.createStream("s", shards: 2)
        let iterator = try pair.iterator(1)
        // Each believes that the other one leads it.
        pair.second.join(pair.way)
        pair.second.lead([1: BrokerID(1)])
        let before = pair.way.requests.withLock { $0 }
        let request = Harness.request("GetRecords", #"{"ShardIterator":"\#(iterator)"}"#)
        #expect(try pair.first.exchange(request) == "")
        #expect(pair.way.requests.withLock { $0 } == before + 1)
        pair.second.lead([:])
        pair.first.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try #require(Harness.parse(try pair.first.received()).first).status == 200)
    }
}
