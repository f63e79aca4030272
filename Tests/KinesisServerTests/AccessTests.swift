import AccessControl
import KinesisProtocol
import Logging
import Metadata
import Model
import Serving
import Synchronization
import Testing

@testable import Broker
@testable import KinesisServer

/// What callers of the Kinesis port may do: every operation in every state of its caller.
@Suite(.timeLimit(.minutes(20))) struct AccessTests {
    /// Takes every change.
    private final class EmptyStore: MetadataStore {
        private let revision = Atomic<Int64>(1)
        func get(_ key: MetadataKey) async throws(MetadataError) -> MetadataGetResult { .init(entry: nil, revision: 1) }
        func range(_ range: MetadataKeyRange, limit: Int) async throws(MetadataError) -> MetadataRangeResult {
            .init(entries: [], hasMore: false, revision: 1)
        }
        func commit(_ transaction: MetadataTransaction) async throws(MetadataError) -> MetadataOutcome {
            let revision = self.revision.wrappingAdd(1, ordering: .relaxed).newValue
            return .init(succeeded: true, revision: revision, responses: [])
        }
        func watch(_ range: MetadataKeyRange, from: MetadataRevision) -> MetadataWatch {
            MetadataWatch(from: from) { _ in nil }
        }
        func requestProgress() async throws(MetadataError) {}
        func openSession(timeToLive: Duration) async throws(MetadataError) -> MetadataSession {
            .init(id: .init(1), timeToLive: timeToLive)
        }
        func keepAlive(_ session: MetadataSessionID) async throws(MetadataError) {}
        func closeSession(_ session: MetadataSessionID) async throws(MetadataError) {}
    }

    private static func authorizer(superUsers: Set<Principal> = []) -> Authorizer {
        Authorizer(
            store: EmptyStore(),
            settings: .init(superUsers: superUsers),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    private static let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"

    /// A body of each operation that names the stream `s`; absent for those that name none.
    private static let bodies: [Operation: String] = [
        .putRecord: #"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#,
        .putRecords: #"{"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":"k"}]}"#,
        .getShardIterator:
            #"{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}"#,
        .subscribeToShard: #"{"ConsumerARN":"\#(arn)/consumer/c:1","ShardId":"shardId-000000000000","#
            + #""StartingPosition":{"Type":"LATEST"}}"#,
        .registerStreamConsumer: #"{"StreamARN":"\#(arn)","ConsumerName":"c"}"#,
        .deregisterStreamConsumer: #"{"StreamARN":"\#(arn)","ConsumerName":"c"}"#,
        .describeStreamConsumer: #"{"StreamARN":"\#(arn)","ConsumerName":"c"}"#,
        .listStreamConsumers: #"{"StreamARN":"\#(arn)"}"#,
        .describeStream: #"{"StreamName":"s"}"#,
        .describeStreamSummary: #"{"StreamName":"s"}"#,
        .listShards: #"{"StreamName":"s"}"#,
        .listTagsForStream: #"{"StreamName":"s"}"#,
        .listTagsForResource: #"{"ResourceARN":"\#(arn)"}"#,
        .splitShard:
            #"{"StreamName":"s","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"7"}"#,
        .mergeShards: #"{"StreamName":"s","ShardToMerge":"shardId-000000000000","#
            + #""AdjacentShardToMerge":"shardId-000000000001"}"#,
        .updateShardCount: #"{"StreamName":"s","TargetShardCount":2,"ScalingType":"UNIFORM_SCALING"}"#,
        .updateStreamMode: #"{"StreamARN":"\#(arn)","StreamModeDetails":{"StreamMode":"PROVISIONED"}}"#,
        .updateStreamWarmThroughput: #"{"StreamName":"s","WarmThroughputMiBps":1}"#,
        .addTagsToStream: #"{"StreamName":"s","Tags":{"a":"b"}}"#,
        .removeTagsFromStream: #"{"StreamName":"s","TagKeys":["a"]}"#,
        .tagResource: #"{"ResourceARN":"\#(arn)","Tags":{"a":"b"}}"#,
        .untagResource: #"{"ResourceARN":"\#(arn)","TagKeys":["a"]}"#,
        .increaseStreamRetentionPeriod: #"{"StreamName":"s","RetentionPeriodHours":48}"#,
        .decreaseStreamRetentionPeriod: #"{"StreamName":"s","RetentionPeriodHours":24}"#,
        .startStreamEncryption: #"{"StreamName":"s","EncryptionType":"KMS","KeyId":"k"}"#,
        .stopStreamEncryption: #"{"StreamName":"s","EncryptionType":"KMS","KeyId":"k"}"#,
        .enableEnhancedMonitoring: #"{"StreamName":"s","ShardLevelMetrics":["ALL"]}"#,
        .disableEnhancedMonitoring: #"{"StreamName":"s","ShardLevelMetrics":["ALL"]}"#,
        .updateMaxRecordSize: #"{"StreamARN":"\#(arn)","MaxRecordSizeInKiB":1024}"#,
        .updateStreamRecordDistributionStrategy:
            #"{"StreamARN":"\#(arn)","RecordDistributionStrategy":"AUTO"}"#,
        .getResourcePolicy: #"{"ResourceARN":"\#(arn)"}"#,
        .putResourcePolicy: #"{"ResourceARN":"\#(arn)","Policy":"{}"}"#,
        .deleteResourcePolicy: #"{"ResourceARN":"\#(arn)"}"#,
        .createStream: #"{"StreamName":"s","ShardCount":1}"#,
        .deleteStream: #"{"StreamName":"s"}"#,
        .listStreams: "{}", .describeLimits: "{}", .describeAccountSettings: "{}",
        .updateAccountSettings: #"{"MinimumThroughputBillingCommitment":{"Status":"DISABLED"}}"#,
    ]

    /// Whether the operation was refused for want of a right; its message, where it was.
    private static func refusal(_ operation: Operation, _ body: String, _ harness: Harness) throws -> String? {
        let answer = try harness.exchange(Harness.request(operation.rawValue, body))
        return answer.contains("AccessDeniedException") ? answer : nil
    }

    @Test func `there is a body for every operation, GetRecords apart`() {
        #expect(Set(Self.bodies.keys).union([.getRecords]) == Set(Operation.allCases))
    }

    @Test func `without rights every operation on a stream or the account is refused`() throws {
        for (operation, body) in Self.bodies {
            let harness = try Harness()
            harness.backend.authorizer = Self.authorizer()
            // Whether the stream exists or not.
            let unknown = try Self.refusal(operation, body, harness)
            try harness.createStream("s")
            let known = try Self.refusal(operation, body, harness)
            if operation == .listStreams {
                #expect(known == nil)
                #expect(try !harness.exchange(Harness.request("ListStreams", "{}")).contains(#""s""#))
            } else {
                #expect(unknown != nil && known != nil, "\(operation)")
            }
        }
    }

    @Test func `the refusal is AWS's`() throws {
        let harness = try Harness()
        harness.backend.authorizer = Self.authorizer()
        let answer = try #require(try Self.refusal(.putRecord, Self.bodies[.putRecord] ?? "", harness))
        #expect(
            answer.contains(
                "User: arn:aws:iam::123456789012:user/123456789012 is not authorized to perform: kinesis:PutRecord on "
                    + "resource: \(Self.arn) because no identity-based policy allows the kinesis:PutRecord action"
            )
        )
    }

    /// Each single right, on each resource, decides exactly as the table says.
    @Test func `each right allows what the table says and nothing else`() {
        let caller = Caller(accessKeyID: "123456789012", region: "eu-west-1")
        let session = Session(
            listener: "KINESIS",
            local: Endpoint(host: "l", port: 1),
            remote: Endpoint(host: "h", port: 1),
            principal: Principal(name: "a")
        )
        let service = KinesisService(backend: FakeBackend(), sealer: TokenSealer(key: [UInt8](0..<32)))
        let resources = [(ResourceType.topic, "s"), (.cluster, ResourceType.clusterName), (.group, "s")]
        for (type, name) in resources {
            for granted in ACLOperation.allCases {
                for permission in Permission.allCases {
                    var acls: Set = [ACL(permission, granted, on: type, name, to: session.principal)]
                    if permission == .deny {
                        for (type, name) in resources {
                            acls.insert(ACL(.allow, .all, on: type, name, to: session.principal))
                        }
                    }
                    let access = KinesisAccess(
                        rights: ACLSnapshot(acls).rights(of: session.principal, from: "h"),
                        authorizer: nil,
                        audit: NoAuditLog(),
                        session: session,
                        caller: caller,
                        service: service
                    )
                    for operation in Operation.allCases {
                        let expected =
                            switch operation.right {
                            case .filtered: true
                            case .stream(let needed): access.rights.allows(needed, onTopic: "s")
                            case .cluster(let needed): access.rights.allowsOnCluster(needed)
                            case .create:
                                access.rights.allowsOnCluster(.create) || access.rights.allows(.create, onTopic: "s")
                            }
                        let isAllowed = (try? access.require(operation, on: "s")) != nil
                        #expect(isAllowed == expected, "\(operation) with \(permission) \(granted) on \(type)")
                    }
                    for operation in LeaseTableOperation.allCases {
                        let expected = operation.right.map { access.rights.allows($0, on: .group, "s") } ?? true
                        #expect(((try? access.require(operation, on: "s")) != nil) == expected, "\(operation)")
                    }
                }
            }
        }
    }

    @Test func `a super user may do everything`() throws {
        for (operation, body) in Self.bodies {
            let harness = try Harness()
            harness.backend.authorizer = Self.authorizer(superUsers: [.anonymous])
            try harness.createStream("s")
            #expect(try Self.refusal(operation, body, harness) == nil, "\(operation)")
        }
    }

    private static let denial =
        #"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kinesis:*","Resource":"\#(arn)*","#
        + #""Principal":"*"}]}"#

    /// AWS: an explicit deny in a resource's policy wins over all that allows.
    @Test func `a policy's denial binds where there is no authorizer`() async throws {
        for (operation, body) in Self.bodies {
            let harness = try Harness()
            try harness.createStream("s")
            try await harness.backend.update("s") { $0.attributes[StreamAttributes.policy] = Self.denial }
            let isBound = if case .stream = operation.right { true } else { false }
            #expect((try Self.refusal(operation, body, harness) != nil) == isBound, "\(operation)")
        }
        let (harness, body) = try self.iterator(nil)
        #expect(try Self.refusal(.getRecords, body, harness) == nil)
        try await harness.backend.update("s") { $0.attributes[StreamAttributes.policy] = Self.denial }
        let answer = try #require(try Self.refusal(.getRecords, body, harness))
        #expect(answer.contains("on resource: \(Self.arn) with an explicit deny in a resource-based policy"))
    }

    @Test func `a policy's denial does not bind a super user`() async throws {
        for (operation, body) in Self.bodies {
            let harness = try Harness()
            harness.backend.authorizer = Self.authorizer(superUsers: [.anonymous])
            try harness.createStream("s")
            try await harness.backend.update("s") { $0.attributes[StreamAttributes.policy] = Self.denial }
            #expect(try Self.refusal(operation, body, harness) == nil, "\(operation)")
        }
    }

    @Test func `an iterator does not outlive the right to read`() async throws {
        let authorizer = Self.authorizer()
        try await authorizer.add([ACL(.allow, .read, on: .topic, "s", to: .anonymous)])
        let (harness, body) = try self.iterator(authorizer)
        #expect(try Self.refusal(.getRecords, body, harness) == nil)
        _ = try await authorizer.remove(matching: ACLFilter())
        #expect(try Self.refusal(.getRecords, body, harness) != nil)
    }

    private func iterator(_ authorizer: Authorizer?) throws -> (Harness, String) {
        let harness = try Harness()
        harness.backend.authorizer = authorizer
        try harness.createStream("s")
        let asked = Harness.request("GetShardIterator", Self.bodies[.getShardIterator] ?? "")
        let reply = try #require(Harness.parse(try harness.exchange(asked)).first)
        return (harness, #"{"ShardIterator":"\#(try JSON(reply.body)["ShardIterator"].text)"}"#)
    }

    @Test func `a list has what one may see`() async throws {
        let authorizer = Self.authorizer()
        try await authorizer.add([ACL(.allow, .write, on: .topic, "b", .prefixed, to: .everybody)])
        let harness = try self.streams(authorizer, ["a", "b1", "b2", "c"])
        let answer = try harness.exchange(Harness.request("ListStreams", "{}"))
        #expect(answer.contains(#""StreamNames":["b1","b2"]"#))
    }

    private func streams(_ authorizer: Authorizer, _ names: [String]) throws -> Harness {
        let harness = try Harness()
        harness.backend.authorizer = authorizer
        for name in names { try harness.createStream(name) }
        return harness
    }

    @Test func `the published table says what the code asks for`() throws {
        func text(_ right: OperationRight) -> String {
            switch right {
            case .stream(let needed): "\(needed.name) on the topic"
            case .create: "CREATE on the topic or the cluster"
            case .cluster(let needed): "\(needed.name) on the cluster"
            case .filtered: "DESCRIBE on each topic that is listed"
            }
        }
        var published: [String: Set<String>] = [:]
        for row in try CompatibilityTableTests.rows(under: "Rights") {
            published[row[0], default: []].formUnion(row[1].split(separator: ",").map { $0.filter { $0 != " " } })
        }
        for operation in Operation.allCases {
            let rows = published.filter { $0.value.contains(operation.rawValue) }.map(\.key)
            #expect(rows == [text(operation.right)], "\(operation)")
        }
        for operation in LeaseTableOperation.allCases {
            let needed = operation.right.map { "\($0.name) on the group" } ?? "DESCRIBE on each group that is listed"
            let rows = published.filter { $0.value.contains("dynamodb:" + operation.rawValue) }.map(\.key)
            #expect(rows == [needed], "\(operation)")
        }
    }
}
