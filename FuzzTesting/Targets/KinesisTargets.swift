import KinesisProtocol
import Model
import NIOCore
import NIOHTTP1

@testable import KinesisServer

extension FuzzTarget {
    static let kinesis: [FuzzTarget] = [
        FuzzTarget(name: "kinesis-json", seeds: { Self.shapeSeeds(Self.jsonSeeds) }) { Self.readShape($0, .json) },
        FuzzTarget(name: "kinesis-cbor", seeds: { Self.shapeSeeds(Self.cborSeeds) }) { Self.readShape($0, .cbor) },
        FuzzTarget(name: "kinesis-request", seeds: Self.requestSeeds, read: Self.readRequest),
        FuzzTarget(name: "kinesis-tokens", seeds: Self.tokenSeeds, read: Self.readToken),
        FuzzTarget(name: "kinesis-text", seeds: Self.textSeeds, read: Self.readText),
    ]

    // MARK: Bodies

    private typealias Decode = @Sendable (ByteBuffer, ContentType) -> Void

    private static func decode<Input: OperationInput>(_ type: Input.Type) -> Decode {
        { body, contentType in _ = try? Input.decode(body, as: contentType) }
    }

    /// Every input of an operation.
    private static let shapes: [Decode] = [
        { body, contentType in _ = try? PutRecordsInput.decode(body, as: contentType) },
        Self.decode(PutRecordInput.self), Self.decode(GetRecordsInput.self), Self.decode(GetShardIteratorInput.self),
        Self.decode(CreateStreamInput.self), Self.decode(DeleteStreamInput.self), Self.decode(ListStreamsInput.self),
        Self.decode(DescribeStreamInput.self), Self.decode(DescribeStreamSummaryInput.self),
        Self.decode(ListShardsInput.self), Self.decode(SplitShardInput.self), Self.decode(MergeShardsInput.self),
        Self.decode(UpdateShardCountInput.self), Self.decode(RetentionInput.self), Self.decode(EncryptionInput.self),
        Self.decode(MonitoringInput.self), Self.decode(UpdateStreamInput.self), Self.decode(DescribeLimitsInput.self),
        Self.decode(AddTagsToStreamInput.self), Self.decode(RemoveTagsFromStreamInput.self),
        Self.decode(ListTagsForStreamInput.self), Self.decode(ResourceInput.self),
        Self.decode(RegisterStreamConsumerInput.self), Self.decode(ConsumerReference.self),
        Self.decode(ListStreamConsumersInput.self), Self.decode(SubscribeToShardInput.self),
    ]

    /// The first byte chooses the operation.
    private static func readShape(_ input: ByteBuffer, _ contentType: ContentType) {
        guard let (choice, body) = input.split() else { return }
        Self.shapes[choice % Self.shapes.count](body, contentType)
    }

    private static func shapeSeeds(_ bodies: [ByteBuffer]) -> [ByteBuffer] {
        Self.shapes.indices.flatMap { index in bodies.map { .choosing(index, $0) } }
    }

    private static let jsonSeeds: [ByteBuffer] = [
        #"{"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"k","ExplicitHashKey":"123","SequenceNumberForOrdering":"#
            + #""49590338271490256608559692538361571095921575989136588898"}"#,
        #"{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","Records":[{"Data":"","PartitionKey":"\u00e9"},"#
            + #"{"PartitionKey":"k","Data":"eA==","ExplicitHashKey":null}]}"#,
        #"{"ShardIterator":"AAAA","Limit":1e3,"ShardId":"shardId-000000000001","ShardIteratorType":"AT_TIMESTAMP","#
            + #""Timestamp":1.7e9,"StartingSequenceNumber":"12"}"#,
        #"{"StreamName":"s","ShardCount":2,"StreamModeDetails":{"StreamMode":"ON_DEMAND"},"Tags":{"a":"b"},"#
            + #""TagKeys":["a"],"RetentionPeriodHours":24,"EncryptionType":"KMS","KeyId":"k","ShardLevelMetrics":["ALL"]}"#,
        #"{"ConsumerARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1","StartingPosition":"#
            + #"{"Type":"LATEST","Timestamp":"2023-01-01T00:00:00Z"},"NextToken":"x","MaxResults":7,"#
            + #""ShardFilter":{"Type":"AT_LATEST","ShardId":"s"},"Unknown":[[{"a":[true,false,null,-1.5e-7]}]]}"#,
    ].map { ByteBuffer(string: $0) }

    /// The same members, written by the writer of answers.
    private static let cborSeeds: [ByteBuffer] = [
        [
            0xA4, 0x6A, 0x53, 0x74, 0x72, 0x65, 0x61, 0x6D, 0x4E, 0x61, 0x6D, 0x65, 0x61, 0x73, 0x64, 0x44, 0x61, 0x74,
            0x61, 0x43, 0x01, 0x02, 0x03, 0x6C, 0x50, 0x61, 0x72, 0x74, 0x69, 0x74, 0x69, 0x6F, 0x6E, 0x4B, 0x65, 0x79,
            0x61, 0x6B, 0x65, 0x4C, 0x69, 0x6D, 0x69, 0x74, 0x19, 0x01, 0x00,
        ],
        [
            0xBF, 0x67, 0x52, 0x65, 0x63, 0x6F, 0x72, 0x64, 0x73, 0x9F, 0xBF, 0x64, 0x44, 0x61, 0x74, 0x61, 0x5F, 0x41,
            0x01, 0x41, 0x02, 0xFF, 0xFF, 0xFF, 0x69, 0x54, 0x69, 0x6D, 0x65, 0x73, 0x74, 0x61, 0x6D, 0x70, 0xC1, 0xFB,
            0x41, 0xD9, 0x54, 0xFC, 0x40, 0x00, 0x00, 0x00, 0x64, 0x54, 0x61, 0x67, 0x73, 0xA1, 0x61, 0x61, 0x61, 0x62,
            0xFF,
        ],
    ].map { ByteBuffer(bytes: $0) }

    // MARK: Heads

    private static let headers = ["x-amz-target", "content-type", "authorization", "x-amz-date"]

    private static func requestSeeds() -> [ByteBuffer] {
        let credential = "AWS4-HMAC-SHA256 Credential=KEY/20230101/us-east-1/kinesis/aws4_request, "
        return [
            "Kinesis_20131202.PutRecord\napplication/x-amz-json-1.1\n\(credential)SignedHeaders=host, Signature=0a\n"
                + "20230101T000000Z\n/\n{}",
            "Kinesis_20131202.Nothing\napplication/x-amz-cbor-1.1; q=1\n\n\n"
                + "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2Fb&X-Amz-Signature=1&X-Amz-SignedHeaders=h"
                + "&X-Amz-Date=2\n{}",
        ].map { ByteBuffer(string: $0) }
    }

    /// Lines: a value for each header, the target, the body.
    private static func readRequest(_ input: ByteBuffer) {
        var lines = String(buffer: input).split(separator: "\n", maxSplits: 5, omittingEmptySubsequences: false)
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")
        for name in Self.headers where !lines.isEmpty {
            head.headers.add(name: name, value: String(lines.removeFirst()))
        }
        if !lines.isEmpty { head.uri = String(lines.removeFirst()) }
        let body = ByteBuffer(string: lines.first.map(String.init) ?? "")
        var last = LastCaller()
        guard case .accepted(let request) = KinesisRequest.read(head, body, lastCaller: &last) else { return }
        // The second request of a connection takes a shorter way.
        guard case .accepted(let again) = KinesisRequest.read(head, body, lastCaller: &last) else {
            return Self.require(false, "the same head is taken once and refused then")
        }
        Self.require(again.caller == request.caller, "the same head has two callers")
    }

    // MARK: Tokens and text

    private static let sealer = TokenSealer(key: [UInt8](repeating: 7, count: TokenSealer.keyBytes))
    private static let purposes: [TokenSealer.Purpose] = [.shardIterator, .listShards, .listStreams, .listConsumers]

    private static func tokenSeeds() -> [ByteBuffer] {
        let id = TopicID(high: 1, low: 2)
        let iterator = ShardIterator(streamID: id, streamName: "s", ordinal: 3, offset: 4, minted: 5)
        let page = ShardPageToken(streamID: id, streamName: "s", after: 1, filter: nil, minted: 9)
        let tokens = [
            iterator.sealed(by: Self.sealer), page.sealed(by: Self.sealer),
            StreamPageToken(after: "s", minted: 1).sealed(by: Self.sealer),
            ConsumerPageToken(streamID: id, after: "c", minted: 1).sealed(by: Self.sealer),
        ]
        var seeds: [ByteBuffer] = []
        for (index, token) in tokens.enumerated() {
            seeds.append(.choosing(index + 4, ByteBuffer(string: token)))
            let payload = Self.sealer.open(token, for: Self.purposes[index]) ?? []
            seeds.append(.choosing(index, ByteBuffer(bytes: payload)))
        }
        return seeds
    }

    /// The first byte names the kind; below 4 the payload is sealed first, as a token that was given out would be.
    private static func readToken(_ input: ByteBuffer) {
        guard let (choice, rest) = input.split() else { return }
        let kind = choice % 4
        let token =
            choice & 4 == 0 ? Self.sealer.seal(rest.allBytes, for: Self.purposes[kind]) : String(buffer: rest)
        switch kind {
        case 0: _ = try? ShardIterator(token, sealer: Self.sealer, now: 10, validity: 1_000)
        case 1: _ = try? ShardPageToken(token, sealer: Self.sealer, now: 10, validity: 1_000)
        case 2: _ = try? StreamPageToken(token, sealer: Self.sealer, now: 10, validity: 1_000)
        default: _ = try? ConsumerPageToken(token, sealer: Self.sealer, now: 10, validity: 1_000)
        }
    }

    private static func textSeeds() -> [ByteBuffer] {
        let number = SequenceNumber(shardCreated: 1_700_000_000, ordinal: 3, offset: 77)
        return [
            "\(number)", "49590338271490256608559692538361571095921575989136588898", "shardId-000000000012",
            "arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1",
            "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/name", "2023-01-01T00:00:00.123Z",
            "Kinesis_20131202.GetRecords",
        ].map { ByteBuffer(string: $0) }
    }

    private static func readText(_ input: ByteBuffer) {
        let text = String(buffer: input)
        switch ParsedSequenceNumber(text) {
        case .record(let number): Self.require("\(number)" == text, "\(text) is written as \(number)")
        case .placeBefore, .foreign, .invalid: break
        }
        if let arn = StreamARN(text: text) { Self.require("\(arn)" == text, "\(text) is written as \(arn)") }
        if let arn = ConsumerARN(text: text) {
            Self.require(ConsumerARN(text: "\(arn)") == arn, "\(text) is written as \(arn)")
        }
        _ = Operation(target: text)
        _ = ContentType(header: text)
    }
}
