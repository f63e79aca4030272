import Broker
import Coordination
import CoordinatorRuntime
import GroupCoordinator
import KafkaProtocol
import LogCore
import LogTestSupport
import Logging
import Model
import NIOCore
import NIOEmbedded
import RecordBatch
import Testing

/// A service over logs in memory, on an event loop whose time the test moves.
private final class Bench {
    let loop = EmbeddedEventLoop()
    let topic: MemoryCoordinatorTopic
    private(set) var service: GroupService

    init(partitions: Int = 1, isLoaded: Bool = true) {
        self.topic = MemoryCoordinatorTopic(partitionCount: partitions)
        self.service = Self.service(self.topic, self.loop)
        if isLoaded {
            self.service.prepareAll()
            self.loop.run()
        }
    }

    private static func service(_ topic: MemoryCoordinatorTopic, _ loop: EmbeddedEventLoop) -> GroupService {
        let environment = BrokerEnvironment(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { 1_700_000_000_000 + Int64(loop.now.uptimeNanoseconds / 1_000_000) },
            monotonicMilliseconds: { 0 },
            random: { (0x0123_4567_89AB_CDEF, 0x0123_4567_89AB_CDEF) }
        )
        return GroupService(
            topic: topic,
            engine: MemoryEngine(),
            settings: GroupSettings(),
            environment: environment,
            eventLoops: [loop]
        )
    }

    /// A new service on what is durable.
    func restart(afterPrepare: (GroupService) -> Void = { _ in }) {
        self.service.close(on: self.loop) {}
        self.loop.run()
        self.service = Self.service(self.topic, self.loop)
        self.service.prepareAll()
        afterPrepare(self.service)
        self.loop.run()
    }

    func join(_ member: String = "", client: String = "c") -> Box<JoinResponse> {
        let box = Box<JoinResponse>()
        let request = JoinRequest(
            groupID: GroupID("g"),
            memberID: MemberID(member),
            clientID: client,
            clientHost: "/127.0.0.1",
            sessionTimeoutMilliseconds: 10_000,
            rebalanceTimeoutMilliseconds: 60_000,
            protocolType: "consumer",
            protocols: [GroupProtocol(name: "range", metadata: [0, 0, 0, 0, 0, 0])],
            requiresKnownMemberID: false,
            supportsSkippingAssignment: true
        )
        self.service.park("g", on: self.loop) { machine, context, token in
            let uuid = request.memberID.rawValue.isEmpty ? context.makeUUID() : ""
            context.perform(machine.joinRequested(request, token: token, uuid: uuid, now: context.now))
        } completion: { result in
            switch result {
            case .success(.join(let response)): box.value = response
            case .success(.sync): break
            case .failure(let error):
                box.value = JoinResponse(error: GroupError(error), memberID: request.memberID)
            }
        }
        self.loop.run()
        return box
    }

    func sync(_ member: MemberID, generation: Int32 = 1) -> Box<SyncResponse> {
        let box = Box<SyncResponse>()
        let request = SyncRequest(
            groupID: GroupID("g"),
            generationID: GenerationID(generation),
            memberID: member,
            assignments: [(member, [42])]
        )
        self.service.park("g", on: self.loop) { machine, context, token in
            context.perform(machine.syncRequested(request, token: token, now: context.now))
        } completion: { result in
            switch result {
            case .success(.sync(let response)): box.value = response
            case .success(.join): break
            case .failure(let error): box.value = SyncResponse(error: GroupError(error))
            }
        }
        self.loop.run()
        return box
    }

    func heartbeat(_ member: MemberID, generation: Int32 = 1) -> GroupError? {
        let box = Box<GroupError?>()
        let request = MemberHeartbeat(
            groupID: GroupID("g"),
            generationID: GenerationID(generation),
            memberID: member
        )
        self.service.write("g", on: self.loop, release: .atOnce) { machine, context in
            let outcome = machine.heartbeatReceived(request)
            if let timeout = outcome.sessionTimeout { context.startTimer(.session("g", member), after: timeout) }
            return outcome.error
        } completion: { result in
            switch result {
            case .success(let error): box.value = .some(error)
            case .failure(.coordinatorLoadInProgress): box.value = .some(nil)
            case .failure(let error): box.value = .some(GroupError(error))
            }
        }
        self.loop.run()
        return box.value ?? .unknownServerError
    }

    func leave(_ member: MemberID) -> Box<Result<LeaveResponse, CoordinatorError>> {
        let box = Box<Result<LeaveResponse, CoordinatorError>>()
        let request = LeaveRequest(groupID: "g", members: [.init(memberID: member)])
        self.service.write("g", on: self.loop) { machine, context in
            let (response, actions) = machine.leaveRequested(request, now: context.now)
            context.perform(actions)
            return response
        } completion: {
            box.value = $0
        }
        self.loop.run()
        return box
    }

    func commit(_ offset: Offset, group: String = "g", metadata: String? = nil) -> Box<OffsetChangeResponse> {
        let box = Box<OffsetChangeResponse>()
        let partition = CommitRequest.Partition(index: 0, offset: offset, metadata: metadata)
        let request = CommitRequest(groupID: GroupID(group), topics: [.init(name: "t", partitions: [partition])])
        self.service.write(group, on: self.loop) { machine, context in
            let outcome = machine.offsetCommitRequested(request, now: context.now)
            context.append(outcome.write)
            return outcome.response
        } completion: { result in
            switch result {
            case .success(let response): box.value = response
            case .failure(let error): box.value = request.refused(GroupError(error))
            }
        }
        return box
    }

    func offsets(_ groups: [String] = ["g"]) -> Box<[OffsetAnswer]> {
        let box = Box<[OffsetAnswer]>()
        self.service.readEach(groups, key: { $0 }, on: self.loop) { machine, group in
            machine.offsetsRequested(OffsetQuery(groupID: GroupID(group), topics: nil))
        } completion: { results in
            box.value = zip(groups, results).map { group, result in
                switch result {
                case .success(let answer): answer
                case .failure(let error): OffsetAnswer(groupID: GroupID(group), error: GroupError(error))
                }
            }
        }
        self.loop.run()
        return box
    }

    func list() -> Box<Result<[GroupListing], CoordinatorError>> {
        let box = Box<Result<[GroupListing], CoordinatorError>>()
        self.service.readAll(on: self.loop) { machine in
            machine.listing(states: [], types: [])
        } completion: {
            box.value = $0.map { Array($0.joined()) }
        }
        self.loop.run()
        return box
    }

    /// A stable group of one member; returns its ID.
    func stable() throws -> MemberID {
        let join = self.join()
        self.loop.advanceTime(by: .seconds(3))
        let member = try #require(join.value).memberID
        #expect(self.sync(member).value?.assignment == [42])
        return member
    }
}

/// What a completion said.
// SAFETY: tests use one thread.
private final class Box<Value>: @unchecked Sendable {
    var value: Value?
}

@Suite struct GroupServiceTests {
    /// Known values of Java's `String.hashCode`.
    @Test(
        arguments: [
            ("", 0), ("a", 97 % 50), ("hello", 99_162_322 % 50), ("polygenelubricants", 0), ("é", 233 % 50),
        ] as [(String, Int32)]
    )
    func `a group's partition is Java's hash without sign modulo the count`(group: String, partition: Int32) {
        #expect(GroupService.partition(of: group, count: 50) == partition)
    }

    @Test func `a group forms, and a member ID carries a UUID`() throws {
        let bench = Bench()
        let member = try bench.stable()
        #expect(member.rawValue == "c-01234567-89ab-4def-8123-456789abcdef")
        #expect(bench.heartbeat(member) == nil)
        #expect(bench.heartbeat(member, generation: 2) == .illegalGeneration)
    }

    @Test func `what is decided in one turn of the loop goes out in one batch`() throws {
        let bench = Bench()
        let log = bench.topic.logs[0]
        let boxes = (0..<10).map { bench.commit(Offset($0), group: "g\($0)") }
        #expect(log.batches.isEmpty)
        bench.loop.run()
        #expect(log.batches.count == 1)
        #expect(log.batches[0].end == 10)
        #expect(boxes.allSatisfy { $0.value?.topics[0].partitions[0].error == nil && $0.value != nil })
        let header = try RecordBatchValidation.validate(log.batches[0].bytes, context: .replay).headers[0]
        #expect(header.recordCount == 10)
    }

    @Test func `answers wait until records are durable`() throws {
        let bench = Bench()
        let log = bench.topic.logs[0]
        log.isDurableAtOnce = false
        let commit = bench.commit(7)
        let read = bench.offsets()
        bench.loop.run()
        #expect(commit.value == nil)
        #expect(read.value == nil, "a reader must not see what a power cut can take back")
        log.makeDurable()
        bench.loop.run()
        #expect(commit.value?.topics[0].partitions[0].error == nil)
        #expect(read.value?[0].topics[0].partitions[0].offset == 7)
    }

    @Test func `a session is as long as its heartbeats, by a timer that is not scheduled for each`() throws {
        let bench = Bench()
        let member = try bench.stable()
        for _ in 0..<20 {
            bench.loop.advanceTime(by: .seconds(9))
            #expect(bench.heartbeat(member) == nil)
        }
        bench.loop.advanceTime(by: .milliseconds(9_999))
        #expect(bench.heartbeat(member) == nil)
        bench.loop.advanceTime(by: .seconds(10))
        #expect(bench.heartbeat(member) == .unknownMemberID)
    }

    @Test func `a restart is not a rebalance`() throws {
        let bench = Bench()
        let member = try bench.stable()
        _ = bench.commit(7, group: "h")
        bench.restart()
        #expect(bench.heartbeat(member) == nil)
        #expect(bench.sync(member).value?.assignment == [42])
        #expect(bench.offsets(["h"]).value?[0].topics[0].partitions[0].offset == 7)
        bench.loop.advanceTime(by: .seconds(10))
        #expect(bench.heartbeat(member) == .unknownMemberID)
    }

    @Test func `requests during a load are told so`() {
        let bench = Bench(isLoaded: false)
        let commit = bench.commit(7)
        #expect(commit.value?.error == .coordinatorLoadInProgress)
        bench.loop.run()
        let second = bench.commit(7)
        bench.loop.run()
        #expect(second.value?.error == nil)
    }

    @Test(
        arguments: zip(
            [.diskFull, .overloaded, .storage, .closed, .batchTooLarge] as [LogError.Code],
            [
                .coordinatorNotAvailable, .coordinatorNotAvailable, .notCoordinator, .notCoordinator,
                .unknownServerError,
            ] as [GroupError]
        )
    )
    func `a refused append is rolled back and the group continues`(code: LogError.Code, expected: GroupError) throws {
        let bench = Bench()
        let member = try bench.stable()
        _ = bench.commit(1, group: "h")
        bench.loop.run()
        bench.topic.logs[0].refusal = LogError(code, "test")
        let failed = bench.commit(2, group: "h")
        bench.loop.run()
        #expect(failed.value?.topics[0].partitions[0].error == expected)
        #expect(bench.offsets(["h"]).value?[0].topics[0].partitions[0].offset == 1)
        #expect(bench.heartbeat(member) == nil)
        let again = bench.commit(3, group: "h")
        bench.loop.run()
        #expect(again.value?.error == nil)
        #expect(bench.offsets(["h"]).value?[0].topics[0].partitions[0].offset == 3)
    }

    @Test func `records that can never be durable fail the shard, which loads again`() throws {
        let bench = Bench()
        let log = bench.topic.logs[0]
        let member = try bench.stable()
        _ = bench.commit(1, group: "h")
        bench.loop.run()
        log.isDurableAtOnce = false
        let commit = bench.commit(2, group: "h")
        let parked = bench.join(client: "other")
        bench.loop.run()
        log.lose(LogError(.storage, "test"))
        bench.loop.run()
        #expect(commit.value?.error == .notCoordinator)
        #expect(parked.value?.error == .notCoordinator)
        #expect(bench.heartbeat(member) == .coordinatorNotAvailable)
        log.isDurableAtOnce = true
        bench.loop.advanceTime(by: .seconds(1))
        #expect(bench.heartbeat(member) == nil, "loading")
        bench.loop.run()
        #expect(bench.heartbeat(member) == nil)
        #expect(bench.offsets(["h"]).value?[0].topics[0].partitions[0].offset == 1)
    }

    @Test func `a record that is too large fails alone`() throws {
        let bench = Bench(isLoaded: false)
        bench.topic.messageBytesMax = 400
        bench.service.prepareAll()
        bench.loop.run()
        let small = bench.commit(1)
        let large = bench.commit(2, group: "h", metadata: String(repeating: "x", count: 400))
        let many = (0..<5).map {
            bench.commit(Offset($0), group: "m\($0)", metadata: String(repeating: "x", count: 200))
        }
        bench.loop.run()
        #expect(small.value?.error == nil)
        #expect(large.value?.error == .unknownServerError)
        #expect(many.allSatisfy { $0.value?.error == nil && $0.value != nil })
        #expect(bench.topic.logs[0].batches.count == 5)
        bench.restart()
        #expect(bench.offsets(["m4"]).value?[0].topics[0].partitions[0].offset == 4)
        #expect(bench.offsets(["h"]).value?[0].topics.isEmpty == true)
    }

    @Test(arguments: [true, false])
    func `a leave whose record cannot be written is not a success`(isTooLarge: Bool) throws {
        let bench = Bench(isLoaded: false)
        bench.service.prepareAll()
        bench.loop.run()
        let member = try bench.stable()
        if isTooLarge {
            bench.topic.messageBytesMax = 10
            bench.restart()
        } else {
            bench.topic.logs[0].refusal = LogError(.diskFull, "test")
        }
        let left = bench.leave(member)
        #expect(left.value == .failure(isTooLarge ? .unknownServerError : .coordinatorNotAvailable))
        bench.topic.messageBytesMax = 1 << 20
        bench.restart()
        #expect(bench.heartbeat(member) == nil, "a restart finds the member that did not leave")
    }

    @Test func `a deleted topic takes the groups' offsets along, also when it goes during a load`() throws {
        let bench = Bench()
        _ = bench.commit(1)
        bench.loop.run()
        let removed = TopicChanges(removed: [.init(name: "t", id: .zero, partitionCount: 1)])
        bench.service.topicsChanged(TopicChanges(added: removed.removed, grown: removed.removed))
        bench.loop.run()
        #expect(bench.offsets().value?[0].topics.count == 1)
        bench.service.topicsChanged(removed)
        bench.loop.run()
        #expect(bench.offsets().value?[0].topics.isEmpty == true)
        _ = bench.commit(2)
        bench.loop.run()
        bench.restart(afterPrepare: { $0.topicsChanged(removed) })
        #expect(bench.offsets().value?[0].topics.isEmpty == true)
    }

    @Test func `a load that fails is tried again after a while`() {
        let bench = Bench(isLoaded: false)
        bench.topic.failure = LogError(.storage, "test")
        bench.service.prepareAll()
        bench.loop.run()
        #expect(bench.commit(1).value?.error == .coordinatorNotAvailable)
        bench.topic.failure = nil
        bench.loop.advanceTime(by: .seconds(1))
        #expect(bench.commit(1).value?.error == .coordinatorLoadInProgress)
        bench.loop.run()
        let commit = bench.commit(1)
        bench.loop.run()
        #expect(commit.value?.error == nil)
    }

    @Test func `several groups are asked shard by shard and answered in order`() {
        let bench = Bench(partitions: 7)
        let groups = (0..<20).map { "group-\($0)" }
        for (index, group) in groups.enumerated() { _ = bench.commit(Offset(index), group: group) }
        bench.loop.run()
        let answers = bench.offsets(groups).value
        #expect(answers?.map(\.groupID.rawValue) == groups)
        #expect(answers?.map { $0.topics[0].partitions[0].offset } == Array(0..<20))
        #expect((try? bench.list().value?.get())?.count == 20)
        let deleted = Box<[GroupError?]>()
        bench.service.writeEach(["group-3", "nobody"], key: { $0 }, on: bench.loop) { machine, context, groups in
            let (deletions, write) = machine.groupDeletionRequested(groups.map { GroupID($0) }, now: context.now)
            context.append(write)
            return deletions
        } completion: {
            deleted.value = $0.map { try? $0.get().error }
        }
        bench.loop.run()
        #expect(deleted.value == [nil, .groupIDNotFound])
        let described = Box<[GroupState?]>()
        bench.service.readEach(["group-3", "group-4"], key: { $0 }, on: bench.loop) { machine, group in
            machine.description(of: GroupID(group)).state
        } completion: {
            described.value = $0.map { try? $0.get() }
        }
        bench.loop.run()
        #expect(described.value == [.dead, .empty])
    }

    @Test func `a listing waits for partitions that are being loaded`() {
        let bench = Bench(partitions: 3, isLoaded: false)
        bench.topic.isSlow = true
        let listed = bench.list()
        #expect(listed.value == nil)
        #expect(bench.commit(7).value?.error == .coordinatorLoadInProgress, "what concerns one group does not wait")
        bench.topic.openAll()
        bench.loop.run()
        #expect((try? listed.value?.get()) == [])
    }

    @Test func `a listing that has waited long says that groups are being loaded`() {
        let bench = Bench(partitions: 3, isLoaded: false)
        bench.topic.isSlow = true
        let listed = bench.list()
        bench.loop.advanceTime(by: .milliseconds(4_999))
        #expect(listed.value == nil)
        bench.loop.advanceTime(by: .milliseconds(1))
        #expect(listed.value?.error == .coordinatorLoadInProgress)
        bench.topic.openAll()
        bench.loop.run()
        #expect((try? bench.list().value?.get()) == [], "the load was not disturbed")
    }

    @Test func `a load that fails ends the wait of a listing`() {
        let bench = Bench(partitions: 2, isLoaded: false)
        bench.topic.isSlow = true
        let listed = bench.list()
        bench.topic.failure = LogError(.storage, "test")
        bench.topic.openAll()
        bench.loop.run()
        #expect(listed.value?.error == .coordinatorNotAvailable)
    }

    @Test func `a listing leaves out what another broker coordinates`() {
        let bench = Bench(partitions: 2)
        bench.service.leadershipLost(1)
        bench.loop.run()
        #expect((try? bench.list().value?.get()) == [])
        bench.service.close(on: bench.loop) {}
        bench.loop.run()
        #expect(bench.list().value?.error == .notCoordinator, "a broker that stops does not say that there are none")
    }

    @Test func `leadership that is lost during a load ends the wait of a listing`() {
        let bench = Bench(isLoaded: false)
        bench.topic.isSlow = true
        let listed = bench.list()
        bench.service.leadershipLost(0)
        bench.loop.run()
        #expect((try? listed.value?.get()) == [])
    }

    @Test func `a write with patience waits for the load that it starts, and one more than may wait is refused`() {
        let bench = Bench(isLoaded: false)
        bench.topic.isSlow = true
        let answers = Box<[Result<Int, CoordinatorError>]>()
        answers.value = []
        for number in 0...1_024 {
            bench.service.write("g", on: bench.loop, patience: .seconds(10)) { _, _ in
                number
            } completion: {
                answers.value?.append($0)
            }
        }
        bench.loop.run()
        #expect(answers.value?.map(\.error) == [.coordinatorLoadInProgress])
        bench.topic.openAll()
        bench.loop.run()
        #expect(answers.value?.dropFirst().compactMap { try? $0.get() } == Array(0..<1_024), "in their order")
    }

    @Test func `listing groups does not create the topic`() {
        let bench = Bench(isLoaded: false)
        bench.topic.exists = false
        #expect((try? bench.list().value?.get()) == [])
    }

    /// Kafka: a coordinator that nobody has looked for has no context, and its requests get NOT_COORDINATOR.
    @Test func `without the topic only FindCoordinator makes a coordinator`() {
        let bench = Bench(isLoaded: false)
        bench.topic.exists = false
        #expect(bench.join().value?.error == .notCoordinator)
        #expect(bench.commit(1).value?.error == .notCoordinator)
        #expect(bench.heartbeat(MemberID("m")) == .notCoordinator)
        #expect(bench.offsets().value?.map(\.error) == [.notCoordinator])
        bench.loop.run()
        #expect(bench.commit(1).value?.error == .notCoordinator)
        bench.service.prepare("g")
        #expect(bench.commit(1).value?.error == .coordinatorLoadInProgress)
        bench.loop.run()
        #expect(bench.heartbeat(MemberID("m")) == .unknownMemberID)
    }

    @Test func `offsets expire in the background`() {
        let bench = Bench()
        _ = bench.commit(1)
        bench.loop.run()
        bench.loop.advanceTime(by: .minutes(10_080 + 20))
        #expect(bench.offsets().value?[0].topics.isEmpty == true)
        bench.restart()
        #expect(bench.offsets().value?[0].topics.isEmpty == true)
    }

    @Test func `closing answers what waits`() throws {
        let bench = Bench()
        let join = bench.join()
        let closed = Box<Bool>()
        bench.service.close(on: bench.loop) { closed.value = true }
        bench.loop.run()
        #expect(join.value?.error == .notCoordinator)
        #expect(closed.value == true)
        #expect(bench.join().value?.error == .notCoordinator)
    }

    /// Bytes as Kafka writes them: what its tools read from our log.
    @Test func `records have Kafka's formats`() throws {
        let bench = Bench()
        _ = bench.commit(258, metadata: "m")
        bench.loop.run()
        var reader = try RecordReader(bench.topic.logs[0].batches[0].bytes)
        let record = try #require(try reader.next())
        let key: [UInt8] = [0, 1, 0, 1, 0x67, 0, 1, 0x74, 0, 0, 0, 0]
        #expect(record.key.map { Array($0.readableBytesView) } == key)
        let value = try #require(record.value.map { Array($0.readableBytesView) })
        let head: [UInt8] = [0, 3, 0, 0, 0, 0, 0, 0, 1, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1, 0x6D]
        #expect(Array(value.prefix(head.count)) == head)
        #expect(value.count == head.count + 8)
    }
}

extension GroupID: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}

extension Result where Failure == CoordinatorError {
    fileprivate var error: CoordinatorError? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}
