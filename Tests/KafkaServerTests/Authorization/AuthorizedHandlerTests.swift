import AccessControl
import KafkaProtocol
import LogTestSupport
import Metadata
import Model
import NIOCore
import Serving
import Synchronization
import Testing

@testable import Broker
@testable import KafkaServer

/// What clients of a server with an authorizer see. The client of these tests is `User:ANONYMOUS`.
@Suite(.timeLimit(.minutes(20))) struct AuthorizedHandlerTests {
    private typealias Entry = AccessControl.ACL

    private static let on = [(name: "authorizer.class.name", value: "true")]
    private static let asSuperUser = Self.on + [(name: "super.users", value: " User:a ; User:ANONYMOUS")]
    private static let topic = HandlerHarness.topicName

    private static func allow(_ operation: ACLOperation, _ name: String = Self.topic) -> Entry {
        ACL(.allow, operation, on: .topic, name, to: .anonymous)
    }

    private static func fetch(wait: Int32) -> FetchRequest {
        FetchRequest(
            maxWaitMs: wait,
            minBytes: 1,
            maxBytes: 1 << 20,
            topics: [
                .init(
                    name: Self.topic,
                    partitions: [.init(partitionIndex: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20)]
                )
            ]
        )
    }

    // MARK: Reading

    @Test func `a fetch needs READ, and says nothing of topics that one may not read`() async throws {
        try await HandlerHarness.run(configs: Self.on) { harness in
            try harness.log(0).add(30)
            var request = Self.fetch(wait: 0)
            request.topics.append(.init(name: "unknown", partitions: [.init(partitionIndex: 0)]))
            let refused = try await harness.ask(request, version: 12).topics
            #expect(
                refused.map { $0.partitions[0].errorCode } == [.topicAuthorizationFailed, .topicAuthorizationFailed]
            )
            #expect(refused[0].partitions[0].records?.readableBytes ?? 0 == 0)
            #expect(refused[0].partitions[0].highWatermark == -1)

            try await harness.broker.authorizer.add([Self.allow(.read)])
            let allowed = try await harness.ask(request, version: 12).topics
            #expect(allowed.map { $0.partitions[0].errorCode } == [.none, .topicAuthorizationFailed])
            #expect(allowed[0].partitions[0].records?.readableBytes == 30)
        }
    }

    @Test func `a waiting fetch gives nothing when its right is taken away meanwhile`() async throws {
        try await HandlerHarness.run(configs: Self.on) { harness in
            let authorizer = harness.broker.authorizer
            try await authorizer.add([Self.allow(.read)])
            try await harness.send(Self.fetch(wait: 30_000), version: 12)
            #expect(try await harness.isSilent())
            _ = try await authorizer.remove(matching: ACLFilter())
            try harness.log(0).add(30)
            let answer = try await harness.receive(FetchResponse.self, version: 12).topics[0].partitions[0]
            #expect(answer.errorCode == .topicAuthorizationFailed)
            #expect(answer.records?.readableBytes ?? 0 == 0)
            #expect(answer.highWatermark == -1)
        }
    }

    @Test func `a repeated fetch is looked at again when ACLs have changed`() async throws {
        try await HandlerHarness.run(configs: Self.on) { harness in
            let authorizer = harness.broker.authorizer
            try await authorizer.add([Self.allow(.read)])
            try await harness.send(Self.fetch(wait: 30_000), version: 12)
            #expect(try await harness.isSilent())
            await harness.timePasses()
            let idle = try await harness.receive(FetchResponse.self, version: 12)
            #expect(idle.topics[0].partitions[0].errorCode == .none)
            _ = try await authorizer.remove(matching: ACLFilter())
            let answer = try await harness.ask(Self.fetch(wait: 30_000), version: 12)
            #expect(answer.topics[0].partitions[0].errorCode == .topicAuthorizationFailed)
        }
    }

    // MARK: Topics

    @Test func `topics that one may not describe are not seen`() async throws {
        try await HandlerHarness.run(configs: Self.on) { harness in
            #expect(try await harness.ask(MetadataRequest(topics: nil), version: 12).topics == [])
            let named = MetadataRequest(topics: [.init(name: Self.topic), .init(name: "unknown")])
            let refused = try await harness.ask(named, version: 12).topics
            // The same for one that exists and one that does not, without an ID.
            #expect(refused.map(\.errorCode) == [.topicAuthorizationFailed, .topicAuthorizationFailed])
            #expect(refused.map(\.topicID) == [.zero, .zero])
            let pages = DescribeTopicPartitionsRequest(topics: [])
            #expect(try await harness.ask(pages, version: 0).topics == [])

            try await harness.broker.authorizer.add([Self.allow(.write), Self.allow(.alterConfigs)])
            var all = MetadataRequest(topics: nil)
            all.includeTopicAuthorizedOperations = true
            let seen = try await harness.ask(all, version: 12).topics
            #expect(seen.map(\.name) == [Self.topic])
            let operations: OperationSet = [.write, .describe, .alterConfigs, .describeConfigs]
            #expect(seen[0].topicAuthorizedOperations == operations.rawValue)
            #expect(
                try await harness.ask(named, version: 12).topics.map(\.errorCode) == [.none, .topicAuthorizationFailed]
            )
            #expect(try await harness.ask(pages, version: 0).topics.map(\.name) == [Self.topic])
        }
    }

    @Test func `creating needs CREATE, and the settings of the new topic DESCRIBE_CONFIGS`() async throws {
        try await HandlerHarness.run(configs: Self.on) { harness in
            let request = CreateTopicsRequest(topics: [
                .init(name: "new-1", numPartitions: 1, replicationFactor: 1), .init(name: "other"),
            ])
            try await harness.broker.authorizer.add([
                ACL(.allow, .create, on: .topic, "new-", .prefixed, to: .anonymous)
            ])
            let topics = try await harness.ask(request, version: 7).topics
            let byName = Dictionary(uniqueKeysWithValues: topics.map { ($0.name, $0) })
            #expect(byName["new-1"]?.errorCode == ErrorCode.none)
            #expect(byName["new-1"]?.topicConfigErrorCode == .topicAuthorizationFailed)
            #expect(byName["new-1"]?.configs == [])
            #expect(byName["other"]?.errorCode == .topicAuthorizationFailed)
            #expect(harness.broker.topics.topic(named: "other") == nil)
        }
    }

    // MARK: ACLs

    private static func creation(
        _ type: Int8 = 2,
        _ name: String = "t",
        _ pattern: Int8 = 3,
        principal: String = "User:b",
        operation: Int8 = 3,
        permission: Int8 = 3
    ) -> CreateAclsRequest.Creation {
        .init(
            resourceType: type,
            resourceName: name,
            resourcePatternType: pattern,
            principal: principal,
            host: "*",
            operation: operation,
            permissionType: permission
        )
    }

    @Test func `ACLs are created once, described by pattern and deleted by filter`() async throws {
        try await HandlerHarness.run(configs: Self.asSuperUser) { harness in
            let creations = [
                Self.creation(), Self.creation(), Self.creation(operation: 4), Self.creation(3, "g", 4, permission: 2),
            ]
            let created = try await harness.ask(CreateAclsRequest(creations: creations), version: 3)
            #expect(created.results.map(\.errorCode) == [.none, .none, .none, .none])
            let everything = DescribeAclsRequest(
                resourceTypeFilter: 1,
                resourceNameFilter: nil,
                patternTypeFilter: 1,
                principalFilter: nil,
                hostFilter: nil,
                operation: 1,
                permissionType: 1
            )
            let described = try await harness.ask(everything, version: 3).resources
            #expect(described.count == 2)
            #expect(described.first { $0.resourceType == 2 }?.acls.count == 2)
            let filter = DeleteAclsRequest.Filter(
                resourceTypeFilter: 2,
                resourceNameFilter: "t",
                patternTypeFilter: 2,
                principalFilter: nil,
                hostFilter: nil,
                operation: 1,
                permissionType: 1
            )
            let deleted = try await harness.ask(DeleteAclsRequest(filters: [filter, filter]), version: 3)
            #expect(deleted.filterResults.map(\.matchingAcls.count) == [2, 0])
            #expect(harness.broker.authorizer.aclCount == 1)
        }
    }

    @Test func `what is not an ACL is refused, and the others of the request are kept`() async throws {
        try await HandlerHarness.run(configs: Self.asSuperUser) { harness in
            let creations = [
                Self.creation(1), Self.creation(99), Self.creation(2, ""), Self.creation(4, "other"),
                Self.creation(2, "t", 1), Self.creation(2, "t", 2), Self.creation(principal: "alice"),
                Self.creation(operation: 1), Self.creation(operation: 0), Self.creation(permission: 1),
                Self.creation(2, String(repeating: "x", count: 5_000)), Self.creation(),
            ]
            let results = try await harness.ask(CreateAclsRequest(creations: creations), version: 3).results
            #expect(results.dropLast().allSatisfy { $0.errorCode == .invalidRequest && $0.errorMessage != nil })
            #expect(results.last?.errorCode == ErrorCode.none)
            #expect(harness.broker.authorizer.aclCount == 1)
        }
    }

    @Test func `without an authorizer ACLs are disabled`() async throws {
        try await HandlerHarness.run { harness in
            #expect(try await harness.ask(DescribeAclsRequest(), version: 3).errorCode == .securityDisabled)
            let created = try await harness.ask(CreateAclsRequest(creations: [Self.creation()]), version: 3)
            #expect(created.results.map(\.errorCode) == [.securityDisabled])
            let deleted = try await harness.ask(DeleteAclsRequest(filters: [.init()]), version: 3)
            #expect(deleted.filterResults.map(\.errorCode) == [.securityDisabled])
        }
    }

    // MARK: The audit log

    private final class Events: AuditLog {
        let all = Mutex<[AuditEvent]>([])
        var isEnabled: Bool { true }
        func record(_ event: AuditEvent) { self.all.withLock { $0.append(event) } }
        var texts: [String] {
            self.all.withLock { $0.map { "\($0.kind) \($0.operation) \($0.resource) \($0.outcome)" } }
        }
    }

    @Test func `acts and refusals are noted, reads are not`() async throws {
        let events = Events()
        try await HandlerHarness.run(configs: Self.on, audit: events) { harness in
            try await harness.broker.authorizer.add([Self.allow(.create, "a"), Self.allow(.describe)])
            _ = try await harness.ask(MetadataRequest(topics: [.init(name: Self.topic)]), version: 12)
            _ = try await harness.ask(MetadataRequest(topics: nil), version: 12)
            #expect(events.texts == [])
            let request = CreateTopicsRequest(topics: [
                .init(name: "a", numPartitions: 1, replicationFactor: 1), .init(name: "b"),
            ])
            _ = try await harness.ask(request, version: 7)
            #expect(
                events.texts.sorted() == [
                    "administration CreateTopics TOPIC:a succeeded", "administration CreateTopics TOPIC:b refused",
                    "authorization CreateTopics TOPIC:b refused",
                ]
            )
        }
    }

    /// Every API that makes, changes or deletes something is audited: a new one must be looked at here.
    @Test func `administrative APIs are those that change something`() {
        let unaudited: Set<APIKey> = [
            // What clients do all day.
            .produce, .offsetCommit, .joinGroup, .heartbeat, .leaveGroup, .syncGroup, .initProducerID,
            .addPartitionsToTxn, .addOffsetsToTxn, .endTxn, .txnOffsetCommit, .consumerGroupHeartbeat,
            .pushTelemetry,
        ]
        #expect(ServedAPI.all.filter(\.isAdministrative).allSatisfy { !unaudited.contains($0.key) })
        #expect(ServedAPI.all.filter(\.isAdministrative).count >= 14)
    }
}
