import Broker
import KinesisProtocol
import Model
import NIOCore
import Serving
import Testing

@testable import KinesisServer

/// What brokers say to each other: round trips, and every cut of them.
@Suite struct PeerRequestTests {
    private static let session = Session(
        listener: "KINESIS",
        local: Endpoint(host: "localhost", port: 0),
        remote: Endpoint(host: "192.0.2.1", port: 5),
        tls: TLSSession(version: "TLSv1.3"),
        principal: Principal(name: "alice")
    )
    private static let caller = Caller(accessKeyID: "123456789012", region: "eu-west-1")
    private static let subscriber = SubscriberID(
        stream: TopicID(high: 1, low: 2),
        shard: 3,
        consumer: StreamConsumer(name: "c", created: 4),
        ticket: 5
    )

    private static var requests: [PeerRequest] {
        var payload = ByteBuffer(string: "kdatah")
        payload.moveReaderIndex(to: 0)
        var entry = PutEntry()
        entry.partitionKey = TextRange(bytes: ByteRange(start: 0, count: 1), scalarCount: 1)
        entry.data = ByteRange(start: 1, count: 4)
        entry.explicitHashKey = TextRange(bytes: ByteRange(start: 5, count: 1), scalarCount: 1)
        var bare = PutEntry()
        bare.data = ByteRange(start: 1, count: 0)
        var position = GetShardIteratorInput()
        position.stream.name = "s"
        position.shardID = "shardId-000000000003"
        position.shardIteratorType = "AT_TIMESTAMP"
        position.timestamp = 77
        return [
            .operation(
                ForwardedOperation(
                    request: KinesisRequest(
                        operation: .getRecords,
                        contentType: .cbor,
                        caller: Self.caller,
                        body: ByteBuffer(string: "body"),
                        userAgent: "agent"
                    ),
                    session: Self.session,
                    answerBytesMax: 9
                )
            ),
            .put(
                ForwardedPut(
                    stream: TopicID(high: 1, low: 2),
                    caller: Self.caller,
                    keylessHash: 6,
                    entries: [entry, bare],
                    payload: payload
                )
            ),
            .leaseTables(
                ForwardedLeaseCall(
                    operation: .putItem,
                    caller: Self.caller,
                    session: Self.session,
                    body: ByteBuffer(string: "{}")
                )
            ),
            .subscription(ForwardedSubscription(subscriber: Self.subscriber, caller: Self.caller, position: position)),
            .event(EventRequest(subscriber: Self.subscriber, contentType: .json, offset: 8, waitMilliseconds: 9)),
        ]
    }

    @Test func `a request is read as it was written, and no part of one is a request`() throws {
        for request in Self.requests {
            var bytes = request.encoded
            let subject = bytes.readInteger(as: UInt8.self)
            #expect(subject == PeerSubject.kinesis.rawValue)
            #expect(try PeerRequest(bytes).encoded == request.encoded)
            for length in 0..<bytes.readableBytes {
                let cut = try #require(bytes.getSlice(at: bytes.readerIndex, length: length))
                #expect(throws: PeerMessageError.self) { try PeerRequest(cut) }
            }
        }
    }

    @Test func `outcomes of a put are read as they were written`() throws {
        let outcomes: [PutOutcome] = [
            .stored(SequenceNumber(shardCreated: 1, ordinal: 2, offset: 3)), .misplaced,
            .refused(KinesisError(.provisionedThroughputExceeded, "rate")),
        ]
        let bytes = PutOutcome.encode(outcomes)
        #expect(try PutOutcome.decode(bytes, count: 3) == outcomes)
        for length in 0..<bytes.readableBytes {
            let cut = try #require(bytes.getSlice(at: 0, length: length))
            #expect(throws: PeerMessageError.self) { try PutOutcome.decode(cut, count: 3) }
        }
        #expect(throws: PeerMessageError.self) { try PutOutcome.decode(bytes, count: .max) }
    }

    @Test func `answers are read as they were written`() throws {
        guard case .done(let fields) = try PeerAnswer(PeerAnswer.done(ByteBuffer(string: "x")).encoded) else {
            Issue.record("not done")
            return
        }
        #expect(String(buffer: fields) == "x")
        let error = KinesisError(.expiredIterator, "old")
        guard case .refused(error) = try PeerAnswer(PeerAnswer.refused(error).encoded) else {
            Issue.record("not refused")
            return
        }
        guard case .notServed = try PeerAnswer(ByteBuffer()) else {
            Issue.record("a broker without the Kinesis face serves nothing")
            return
        }
        #expect(throws: PeerMessageError.self) { try PeerAnswer(ByteBuffer(bytes: [9])) }
        let event = EventAnswer(
            nextOffset: 1,
            recordCount: 2,
            bytes: 3,
            isAtEnd: true,
            millisBehindLatest: 4,
            pauseMilliseconds: 5,
            payload: ByteBuffer(string: "p")
        )
        #expect(try EventAnswer(event.encoded).encoded == event.encoded)
    }
}
