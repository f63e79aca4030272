import Broker
import CoordinatorRuntime
import GroupCoordinator
import KafkaProtocol
import LogCore
import LogTestSupport
import Logging
import Metadata
import Model
import NIOCore
import NIOEmbedded
import Testing

@testable import KafkaServer

/// The group APIs over a coordinator on logs in memory.
private final class Bench {
    let loop = EmbeddedEventLoop()
    let topic = MemoryCoordinatorTopic()
    let groups: GroupService
    let topics: TopicTable

    init(isLoaded: Bool = true) {
        let loop = self.loop
        self.groups = GroupService(
            topic: self.topic,
            engine: MemoryEngine(),
            settings: GroupSettings(),
            environment: BrokerEnvironment(
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                now: { 1_700_000_000_000 + Int64(loop.now.uptimeNanoseconds / 1_000_000) },
                monotonicMilliseconds: { 0 },
                random: { (1, 2) }
            ),
            eventLoops: [loop]
        )
        let hosted = Topic(
            name: "t",
            id: TopicID(high: 1, low: 1),
            createdAt: 0,
            origin: .kafka,
            partitions: [Partition(), Partition()],
            routing: .kafka,
            streamMode: .onDemand,
            shards: []
        )
        let offline = PartitionPlacement.offline(LogError(.storage, "test"))
        self.topics = TopicTable(revision: 1, topics: [HostedTopic(topic: hosted, placements: [offline, offline])])
        if isLoaded {
            self.groups.prepareAll()
            self.loop.run()
        }
    }

    func ask<API: GroupAPI>(_ api: API.Type, _ request: API.Request, version: Int16) -> Answer<API.Response> {
        let answer = Answer<API.Response>()
        let call = GroupCall(
            version: version,
            clientID: "c",
            clientHost: "10.0.0.1",
            groups: self.groups,
            topics: self.topics,
            eventLoop: self.loop
        )
        API.serve(request, call) { answer.value = $0 }
        self.loop.run()
        return answer
    }

    func join(version: Int16 = 3) -> Answer<JoinGroupResponse> {
        var request = JoinGroupRequest()
        request.groupID = GroupID("g")
        request.sessionTimeoutMs = 10_000
        request.rebalanceTimeoutMs = 60_000
        request.protocolType = "consumer"
        request.protocols = [.init(name: "range", metadata: ByteBuffer(bytes: [0, 0, 0, 0, 0, 0]))]
        return self.ask(JoinGroupAPI.self, request, version: version)
    }

    func member() throws -> MemberID {
        let joined = self.join()
        self.loop.advanceTime(by: .seconds(3))
        return try #require(joined.value).memberID
    }

    func heartbeat(_ member: MemberID) -> ErrorCode? {
        let request = HeartbeatRequest(groupID: GroupID("g"), generationID: GenerationID(1), memberID: member)
        return self.ask(HeartbeatAPI.self, request, version: 4).value?.errorCode
    }

    func commit(partitions: [Int32]) -> Answer<OffsetCommitResponse> {
        var request = OffsetCommitRequest()
        request.groupID = GroupID("g")
        request.topics = [
            .init(
                name: "t",
                partitions: partitions.map { .init(partitionIndex: $0, committedOffset: 7) }
            )
        ]
        return self.ask(OffsetCommitAPI.self, request, version: 8)
    }
}

// SAFETY: tests use one thread.
private final class Answer<Value>: @unchecked Sendable {
    var value: Value?
}

@Suite struct GroupAPITests {
    @Test func `a member joins, syncs, commits, fetches, is described and leaves`() throws {
        let bench = Bench()
        let member = try bench.member()
        #expect(member.rawValue.hasPrefix("c-"))
        let sync = SyncGroupRequest(
            groupID: GroupID("g"),
            generationID: GenerationID(1),
            memberID: member,
            assignments: [.init(memberID: member, assignment: ByteBuffer(bytes: [42]))]
        )
        #expect(bench.ask(SyncGroupAPI.self, sync, version: 3).value?.assignment == ByteBuffer(bytes: [42]))
        #expect(bench.heartbeat(member) == ErrorCode.none)
        let described = bench.ask(DescribeGroupsAPI.self, .init(groupIDs: [GroupID("g")]), version: 5).value?.groups[0]
        #expect(described?.groupState == "Stable")
        #expect(described?.members.map(\.clientHost) == ["/10.0.0.1"])
        let listed = bench.ask(ListGroupsAPI.self, .init(), version: 5).value
        #expect(listed?.groups.map(\.groupID.rawValue) == ["g"])
        let busy = bench.ask(DeleteGroupsAPI.self, .init(groupIDs: [GroupID("g"), GroupID("h")]), version: 2).value
        #expect(busy?.groups.map(\.errorCode) == [.nonEmptyGroup, .groupIDNotFound])
        let leave = LeaveGroupRequest(groupID: GroupID("g"), memberID: member)
        #expect(bench.ask(LeaveGroupAPI.self, leave, version: 1).value?.errorCode == ErrorCode.none)
        #expect(bench.heartbeat(member) == .unknownMemberID)
    }

    @Test func `a commit answers what exists and what does not, and is fetched in every form`() {
        let bench = Bench()
        let committed = bench.commit(partitions: [0, 5]).value
        #expect(committed?.topics[0].partitions.map(\.errorCode) == [.none, .unknownTopicOrPartition])
        var old = OffsetFetchRequest()
        old.groupID = GroupID("g")
        old.topics = [.init(name: "t", partitionIndexes: [0, 1])]
        let legacy = bench.ask(OffsetFetchAPI.self, old, version: 7).value?.topics[0]
        #expect(legacy?.partitions.map(\.committedOffset) == [7, -1])
        let new = OffsetFetchRequest(groups: [.init(groupID: GroupID("g"), topics: nil)])
        let group = bench.ask(OffsetFetchAPI.self, new, version: 8).value?.groups[0]
        #expect(group?.topics.map(\.name) == ["t"])
        #expect(group?.topics[0].partitions.map(\.committedOffset) == [7])
    }

    @Test func `without a coordinator each API says so where its clients look`() {
        let bench = Bench(isLoaded: false)
        bench.topic.failure = LogError(.storage, "test")
        bench.groups.prepareAll()
        bench.loop.run()
        #expect(bench.join(version: 6).value?.errorCode == .coordinatorNotAvailable)
        #expect(bench.join(version: 6).value?.protocolName == "", "null comes with version 7")
        #expect(bench.join(version: 7).value?.protocolName == nil)
        #expect(bench.heartbeat(MemberID("m")) == .coordinatorNotAvailable)
        #expect(bench.commit(partitions: [0]).value?.topics[0].partitions[0].errorCode == .coordinatorNotAvailable)
        var fetch = OffsetFetchRequest()
        fetch.groupID = GroupID("g")
        fetch.topics = [.init(name: "t", partitionIndexes: [0])]
        let oldest = bench.ask(OffsetFetchAPI.self, fetch, version: 1).value
        #expect(oldest?.topics[0].partitions[0].errorCode == .notCoordinator, "older consumers retry no other")
        #expect(bench.ask(OffsetFetchAPI.self, fetch, version: 2).value?.errorCode == .notCoordinator)
        let described = bench.ask(DescribeGroupsAPI.self, .init(groupIDs: [GroupID("g")]), version: 5).value
        #expect(described?.groups[0].errorCode == .coordinatorNotAvailable)
        #expect(bench.ask(ListGroupsAPI.self, .init(), version: 5).value?.errorCode == .coordinatorNotAvailable)
        let deleted = bench.ask(DeleteGroupsAPI.self, .init(groupIDs: [GroupID("g")]), version: 2).value
        #expect(deleted?.groups[0].errorCode == .coordinatorNotAvailable)
    }

    @Test func `a heartbeat during a load is answered as if all were well`() {
        let bench = Bench(isLoaded: false)
        bench.groups.prepareAll()
        let request = HeartbeatRequest(
            groupID: GroupID("g"),
            generationID: GenerationID(1),
            memberID: MemberID("m")
        )
        let answer = Answer<HeartbeatResponse>()
        let call = GroupCall(
            version: 4,
            clientID: "c",
            clientHost: "",
            groups: bench.groups,
            topics: bench.topics,
            eventLoop: bench.loop
        )
        HeartbeatAPI.serve(request, call) { answer.value = $0 }
        #expect(answer.value?.errorCode == ErrorCode.none)
        bench.loop.run()
        #expect(bench.heartbeat(MemberID("m")) == .unknownMemberID)
    }

    /// Every answer whose record the log refuses is the refusal.
    @Test func `no answer is a success whose record was refused`() throws {
        let bench = Bench()
        let log = bench.topic.logs[0]
        let member = try bench.member()
        log.refusal = LogError(.diskFull, "test")
        let sync = SyncGroupRequest(
            groupID: GroupID("g"),
            generationID: GenerationID(1),
            memberID: member,
            assignments: [.init(memberID: member, assignment: ByteBuffer(bytes: [42]))]
        )
        #expect(bench.ask(SyncGroupAPI.self, sync, version: 3).value?.errorCode == .coordinatorNotAvailable)
        log.refusal = LogError(.diskFull, "test")
        let leave = LeaveGroupRequest(groupID: GroupID("g"), members: [.init(memberID: member)])
        #expect(bench.ask(LeaveGroupAPI.self, leave, version: 5).value?.errorCode == .coordinatorNotAvailable)
        log.refusal = LogError(.diskFull, "test")
        #expect(bench.commit(partitions: [0]).value?.topics[0].partitions[0].errorCode == .coordinatorNotAvailable)
        #expect(bench.commit(partitions: [0]).value?.topics[0].partitions[0].errorCode == ErrorCode.none)
        log.refusal = LogError(.diskFull, "test")
        var offsets = OffsetDeleteRequest()
        offsets.groupID = GroupID("g")
        offsets.topics = [.init(name: "t", partitions: [.init(partitionIndex: 0)])]
        #expect(bench.ask(OffsetDeleteAPI.self, offsets, version: 0).value?.errorCode == .coordinatorNotAvailable)
        log.refusal = LogError(.diskFull, "test")
        let deletion = bench.ask(DeleteGroupsAPI.self, .init(groupIDs: [GroupID("g")]), version: 2).value
        #expect(deletion?.groups[0].errorCode == .coordinatorNotAvailable)
        #expect(
            bench.ask(DeleteGroupsAPI.self, .init(groupIDs: [GroupID("g")]), version: 2).value?
                .groups[0].errorCode == ErrorCode.none
        )
    }

    @Test(arguments: [(5, .none, "Dead"), (6, .groupIDNotFound, "Dead")] as [(Int16, ErrorCode, String)])
    func `an unknown group is dead, or not found`(version: Int16, code: ErrorCode, state: String) {
        let described = Bench().ask(DescribeGroupsAPI.self, .init(groupIDs: [GroupID("x")]), version: version).value
        #expect(described?.groups[0].errorCode == code)
        #expect(described?.groups[0].groupState == state)
    }

    @Test func `listing groups makes no topic`() {
        let bench = Bench(isLoaded: false)
        bench.topic.exists = false
        let listed = bench.ask(ListGroupsAPI.self, .init(), version: 5).value
        #expect(listed?.errorCode == ErrorCode.none)
        #expect(listed?.groups.isEmpty == true)
    }
}
