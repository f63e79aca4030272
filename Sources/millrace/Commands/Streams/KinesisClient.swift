internal import FoundationEssentials
internal import KinesisProtocol
internal import LoadGenerator
internal import NIOCore
internal import NIOHTTP1
internal import Text

/// The stream operations of the Kinesis API, JSON 1.1 over HTTP or HTTPS.
struct KinesisClient: Sendable {
    struct Stream: Sendable {
        var name: String
        var arn: String?
        var status: String?
        var mode: String?
        var retentionHours: Int?
    }

    struct Shard: Sendable {
        var id: String
        var firstHashKey: String
        var lastHashKey: String
        var firstSequenceNumber: String
        var isOpen: Bool
        var parents: [String]
    }

    private let access: KinesisAccess

    init(_ access: KinesisAccess) { self.access = access }

    func listStreams() async throws -> [Stream] {
        struct Answer: Decodable {
            var StreamNames: [String]
            var HasMoreStreams: Bool
            var StreamSummaries: [Summary]?
        }
        var streams: [Stream] = []
        while true {
            let last = streams.last?.name
            let answer: Answer = try await self.call("ListStreams") { json in
                if let last {
                    json.key("ExclusiveStartStreamName")
                    json.string(last)
                }
            }
            let summaries = Dictionary(
                (answer.StreamSummaries ?? []).map { ($0.StreamName, $0.stream) },
                uniquingKeysWith: { $1 }
            )
            streams += answer.StreamNames.map { summaries[$0] ?? Stream(name: $0) }
            guard answer.HasMoreStreams, !answer.StreamNames.isEmpty else { return streams }
        }
    }

    func describeStream(_ name: String) async throws -> Stream {
        struct Answer: Decodable {
            var StreamDescriptionSummary: Summary
        }
        let answer: Answer = try await self.call("DescribeStreamSummary") { Self.writeName(name, to: &$0) }
        return answer.StreamDescriptionSummary.stream
    }

    func listShards(_ name: String) async throws -> [Shard] {
        struct Answer: Decodable {
            var Shards: [WireShard]
            var NextToken: String?
        }
        var shards: [Shard] = []
        var token: String?
        repeat {
            let next = token
            let answer: Answer = try await self.call("ListShards") { json in
                // A token stands for the stream as well, and both together are refused.
                if let next {
                    json.key("NextToken")
                    json.string(next)
                } else {
                    Self.writeName(name, to: &json)
                }
            }
            shards += answer.Shards.map(\.shard)
            token = answer.NextToken
        } while token != nil
        return shards
    }

    func createStream(_ name: String, shards: Int?, mode: String) async throws {
        let _: Empty = try await self.call("CreateStream") { json in
            Self.writeName(name, to: &json)
            if let shards {
                json.key("ShardCount")
                json.number(shards)
            }
            json.key("StreamModeDetails")
            json.object { json in
                json.key("StreamMode")
                json.string(mode)
            }
        }
    }

    func deleteStream(_ name: String) async throws {
        let _: Empty = try await self.call("DeleteStream") { Self.writeName(name, to: &$0) }
    }

    func updateShardCount(_ name: String, target: Int) async throws {
        let _: Empty = try await self.call("UpdateShardCount") { json in
            Self.writeName(name, to: &json)
            json.key("TargetShardCount")
            json.number(target)
            json.key("ScalingType")
            json.string("UNIFORM_SCALING")
        }
    }

    func splitShard(_ name: String, shard: String, newStartingHashKey: String) async throws {
        let _: Empty = try await self.call("SplitShard") { json in
            Self.writeName(name, to: &json)
            json.key("ShardToSplit")
            json.string(shard)
            json.key("NewStartingHashKey")
            json.string(newStartingHashKey)
        }
    }

    func mergeShards(_ name: String, shard: String, adjacent: String) async throws {
        let _: Empty = try await self.call("MergeShards") { json in
            Self.writeName(name, to: &json)
            json.key("ShardToMerge")
            json.string(shard)
            json.key("AdjacentShardToMerge")
            json.string(adjacent)
        }
    }

    // MARK: - Shapes

    struct Empty: Decodable {}

    private struct Summary: Decodable {
        struct ModeDetails: Decodable {
            var StreamMode: String
        }

        var StreamName: String
        var StreamARN: String?
        var StreamStatus: String?
        var StreamModeDetails: ModeDetails?
        var RetentionPeriodHours: Int?

        var stream: Stream {
            Stream(
                name: self.StreamName,
                arn: self.StreamARN,
                status: self.StreamStatus,
                mode: self.StreamModeDetails?.StreamMode,
                retentionHours: self.RetentionPeriodHours
            )
        }
    }

    private struct WireShard: Decodable {
        struct HashRange: Decodable {
            var StartingHashKey: String
            var EndingHashKey: String
        }

        struct SequenceRange: Decodable {
            var StartingSequenceNumber: String
            var EndingSequenceNumber: String?
        }

        var ShardId: String
        var HashKeyRange: HashRange
        var SequenceNumberRange: SequenceRange
        var ParentShardId: String?
        var AdjacentParentShardId: String?

        var shard: Shard {
            Shard(
                id: self.ShardId,
                firstHashKey: self.HashKeyRange.StartingHashKey,
                lastHashKey: self.HashKeyRange.EndingHashKey,
                firstSequenceNumber: self.SequenceNumberRange.StartingSequenceNumber,
                isOpen: self.SequenceNumberRange.EndingSequenceNumber == nil,
                parents: [self.ParentShardId, self.AdjacentParentShardId].compactMap { $0 }
            )
        }
    }

    private struct WireError: Decodable {
        var type: String?
        var message: String?
        var Message: String?

        enum CodingKeys: String, CodingKey {
            case type = "__type"
            case message, Message
        }
    }

    // MARK: - Calling

    static func writeName(_ name: String, to json: inout JSONLine) {
        json.key("StreamName")
        json.string(name)
    }

    func call<Answer: Decodable>(
        _ operation: String,
        _ members: (inout JSONLine) -> Void
    ) async throws -> Answer {
        let answer = try await self.exchange(operation, members)
        let data = Data(answer.body.readableBytesView)
        guard answer.status == 200 else { throw Self.error(operation, answer.status, data) }
        do {
            return try JSONDecoder().decode(Answer.self, from: data.isEmpty ? Data("{}".utf8) : data)
        } catch {
            throw Failure(
                "\(self.access.endpoint.address) did not answer \(operation) as a Kinesis endpoint does; "
                    + "give the address of a Kinesis listener with --endpoint"
            )
        }
    }

    /// The server's clock in milliseconds, by the `Date` of an answer; `nil` when it has none.
    func serverTime() async throws -> Int64? {
        let answer = try await self.exchange("ListStreams") { _ in }
        return answer.headers.first(name: "Date").flatMap { CalendarTime.timestamp(httpDate: $0) }
    }

    private func exchange(
        _ operation: String,
        _ members: (inout JSONLine) -> Void
    ) async throws -> HTTPExchange.Answer {
        var json = JSONLine()
        json.object(members)
        let digest = json.bytes.withUnsafeBytes { SHA256Digest.hex($0) }
        var signer = self.access.signer
        let headers = [
            (name: "Content-Type", value: "application/x-amz-json-1.1"),
            (name: "X-Amz-Target", value: "Kinesis_20131202.\(operation)"),
        ]
        let signed = signer.sign(
            path: self.access.endpoint.path,
            headers: headers + [(name: "Host", value: self.access.endpoint.authority)],
            bodyDigest: digest,
            at: Int64(Date().timeIntervalSince1970 * 1000)
        )
        return try await HTTPExchange.post(
            to: self.access,
            headers: (headers + signed).map { ($0.name, $0.value) } + [("User-Agent", "millrace/\(Version.number)")],
            body: ByteBuffer(bytes: json.bytes)
        )
    }

    private static func error(_ operation: String, _ status: UInt, _ data: Data) -> any Error {
        guard let error = try? JSONDecoder().decode(WireError.self, from: data), let type = error.type else {
            return Failure(
                "\(operation) was answered with HTTP status \(status); give the address of a Kinesis listener with --endpoint"
            )
        }
        let name = type.split(separator: "#").last.map(String.init) ?? type
        let text = "\(error.message ?? error.Message ?? operation) (\(name))"
        return name == "ResourceNotFoundException"
            ? NotFound(description: text) : Refused(code: name, description: text)
    }

    /// The endpoint has refused a call.
    struct Refused: Error, CustomStringConvertible {
        /// `ProvisionedThroughputExceededException` and so on.
        var code: String
        var description: String

        /// Tried again a little later it may be answered.
        var isThrottling: Bool {
            [
                "ProvisionedThroughputExceededException", "LimitExceededException", "ThrottlingException",
                "ServiceUnavailable", "InternalFailure",
            ].contains(self.code)
        }
    }
}
