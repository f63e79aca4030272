import LogCore
import Metadata
import Model
import Synchronization
import Testing

@testable import Broker

/// The control plane of a broker that shares its partitions with others.
@Suite(.timeLimit(.minutes(20))) struct SharedOwnershipTests {
    private static func code(_ body: () throws -> Void) -> BrokerError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? BrokerError)?.code
        }
    }

    @Test func `a partition whose leader is gone is released, and refused with an error that clients retry`()
        async throws
    {
        let fixture = try ControlFixture()
        try await fixture.start()
        let topic = try await fixture.create("a")
        let id = TopicPartition(topicID: topic.id, partition: 0)
        fixture.engine.forgetCalls()
        fixture.owners.takeLeader(of: id)
        await fixture.control.ownershipChanged(of: [topic.id])
        #expect(fixture.engine.calls == [.release([id])])
        #expect(Self.code { _ = try fixture.partition("a") } == .partitionNotReady)
        fixture.engine.forgetCalls()
        // Nothing has changed for it.
        await fixture.control.ownershipChanged()
        #expect(fixture.engine.calls == [])
        fixture.owners.give(id, to: nil)
        await fixture.control.ownershipChanged(of: [topic.id])
        #expect(fixture.engine.calls == [.acquire([id])])
        #expect(throws: Never.self) { try fixture.partition("a") }
        await fixture.stop()
    }

    @Test func `who waits for a partition's log waits for its leader as well`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        let topic = try await fixture.create("a")
        let id = TopicPartition(topicID: topic.id, partition: 0)
        fixture.owners.takeLeader(of: id)
        await fixture.control.ownershipChanged()
        let isSettled = Mutex(false)
        let waiter = Task {
            await fixture.control.settled(0, of: "a")
            isSettled.withLock { $0 = true }
        }
        await fixture.control.ownershipChanged()
        #expect(!isSettled.withLock { $0 })
        fixture.owners.give(id, to: BrokerID(7))
        await fixture.control.ownershipChanged()
        await waiter.value
        await fixture.stop()
    }

    @Test func `the epoch is the assignment's, not the topic's`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        let topic = try await fixture.create("a", partitions: 2)
        let (here, there) = (
            TopicPartition(topicID: topic.id, partition: 0), TopicPartition(topicID: topic.id, partition: 1)
        )
        fixture.owners.set(LeaderEpoch(5), of: here)
        fixture.owners.set(LeaderEpoch(9), of: there)
        fixture.owners.give(there, to: BrokerID(7))
        fixture.engine.forgetCalls()
        await fixture.control.ownershipChanged()
        #expect(fixture.engine.calls == [.release([here, there]), .acquire([here])])
        #expect(try fixture.partition("a").leaderEpoch == LeaderEpoch(5))
        let hosted = try #require(fixture.registry.topic(named: "a"))
        #expect(hosted.leaderEpoch(of: 0) == LeaderEpoch(5))
        #expect(hosted.leaderEpoch(of: 1) == LeaderEpoch(9))
        // A change of the topic does not bring its own epoch back.
        _ = try await fixture.control.update("a") { $0.tags["x"] = "y" }
        #expect(try fixture.partition("a").leaderEpoch == LeaderEpoch(5))
        await fixture.stop()
    }

    @Test func `a partition is relinquished when its log is released`() async throws {
        let fixture = try ControlFixture()
        try await fixture.start()
        fixture.engine.hold(["slow"])
        async let creation = fixture.create("slow")
        await fixture.passGrace { fixture.isAcquiring("slow") }
        let topic = try await creation
        let id = TopicPartition(topicID: topic.id, partition: 0)
        fixture.owners.give(id, to: BrokerID(7))
        await fixture.control.ownershipChanged()
        // The log that is on its way is released when it comes.
        let isRelinquished = Mutex(false)
        let waiter = Task {
            let result = await fixture.control.relinquished([id])
            isRelinquished.withLock { $0 = result }
        }
        await fixture.control.ownershipChanged()
        #expect(!isRelinquished.withLock { $0 })
        fixture.engine.letGo()
        await waiter.value
        #expect(isRelinquished.withLock { $0 })
        #expect(fixture.engine.calls.last == .release([id]))
        let again = await fixture.control.relinquished([id])
        #expect(again)
        await fixture.stop()
        let stopped = await fixture.control.relinquished([id])
        #expect(!stopped)
    }
}
