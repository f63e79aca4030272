import LogObjects
import Metadata
import Model
import TestSupport
import Testing

@testable import ClusterControl

@Suite struct ControllerMachineTests {
    private func partition(_ topic: TopicID, _ number: Int32) -> TopicPartition {
        TopicPartition(topicID: topic, partition: number)
    }

    @Test func `the first broker becomes the controller, and no second one`() throws {
        var cluster = ClusterFixture()
        let (first, second) = (cluster.join(1), cluster.join(2))
        var machine = cluster.machine(first)
        var rival = cluster.machine(second)
        let early = try cluster.image
        let asked = rival.imageChanged(early, now: 0)
        let late = try #require(asked)
        try cluster.expect(&machine, now: 0, does: [.campaign])
        #expect(machine.isController(try cluster.image))
        let outcome = try cluster.commit(late.transaction)
        #expect(!outcome.succeeded)
        rival.committed(outcome)
        try cluster.expect(&rival, now: 0, does: [])
        #expect(!rival.isController(try cluster.image))
    }

    @Test func `a fenced broker does not campaign`() throws {
        var cluster = ClusterFixture()
        let first = cluster.join(1)
        cluster.etcd.commit(TakeOver.fence(first))
        var machine = cluster.machine(first)
        try cluster.expect(&machine, now: 0, does: [])
    }

    @Test func `new partitions are spread over the brokers, each topic by itself`() throws {
        var cluster = ClusterFixture()
        let first = cluster.join(1)
        cluster.join(2)
        cluster.join(3)
        cluster.join(4, endpoints: [:])
        cluster.join(5, isDraining: true)
        cluster.makeController(first)
        let (small, large) = (try cluster.createTopic(1, partitions: 3), try cluster.createTopic(2, partitions: 6))
        var machine = cluster.machine(first)
        try cluster.expect(&machine, now: 0, does: [.assign(count: 9)])
        for (topic, each) in [(small, 1), (large, 2)] {
            var counts: [Int32: Int] = [:]
            for owner in try cluster.owners(of: topic).values { counts[owner.owner.broker.rawValue, default: 0] += 1 }
            #expect(counts == [1: each, 2: each, 3: each])
        }
    }

    @Test func `of equal brokers the one in the emptier rack gets a partition`() throws {
        var cluster = ClusterFixture()
        let first = cluster.join(1, rack: "a")
        cluster.join(2, rack: "a")
        cluster.join(3, rack: "b")
        cluster.makeController(first)
        let topic = try cluster.createTopic(1, partitions: 2)
        var machine = cluster.machine(first)
        _ = try cluster.run(&machine, now: 0)
        #expect(Set(try cluster.owners(of: topic).values.map(\.owner.broker.rawValue)) == [1, 3])
    }

    @Test func `many partitions are assigned in several transactions`() throws {
        var cluster = ClusterFixture()
        let first = cluster.join(1)
        cluster.makeController(first)
        _ = try cluster.createTopic(1, partitions: 250)
        var machine = cluster.machine(first)
        try cluster.expect(&machine, now: 0, does: [.assign(count: 100), .assign(count: 100), .assign(count: 50)])
    }

    @Test func `a broker that is gone is fenced before its partitions are given away`() throws {
        var cluster = ClusterFixture()
        let (first, second) = (cluster.join(1), cluster.join(2))
        cluster.makeController(first)
        let topic = try cluster.createTopic(1, partitions: 2)
        var machine = cluster.machine(first)
        _ = try cluster.run(&machine, now: 0)
        let lost = try #require(try cluster.owners(of: topic).first { $0.value.owner == second })
        cluster.lose(second)
        try cluster.expect(&machine, now: 0, does: [.fence(second), .assign(count: 1)])
        let now = try #require(try cluster.owners(of: topic)[lost.key])
        #expect(now.owner == first)
        #expect(now.epoch == LeaderEpoch(lost.value.epoch.rawValue + 1))
        #expect(now.predecessors == [second])
        #expect(try cluster.image.isFenced(second))
    }

    @Test func `a move that its owner did not live to end gives the partition an epoch that no client saw`() throws {
        var cluster = ClusterFixture()
        let (first, second) = (cluster.join(1), cluster.join(2))
        cluster.makeController(first)
        let topic = try cluster.createTopic(1, partitions: 1)
        let moved = self.partition(topic, 0)
        cluster.assign(moved, PartitionAssignment(epoch: LeaderEpoch(4), owner: second, target: BrokerID(1)))
        let shown = try #require(try cluster.image.leader(of: moved))
        #expect(shown.owner == first)
        #expect(shown.epoch == LeaderEpoch(5))
        // Nobody may write to it meanwhile, the target least of all.
        #expect(try cluster.image.owner(of: moved) == nil)
        cluster.lose(second)
        #expect(try cluster.image.leader(of: moved) == nil)
        var machine = cluster.machine(first)
        _ = try cluster.run(&machine, now: 0)
        #expect(try cluster.owners(of: topic)[0]?.epoch == LeaderEpoch(6))
    }

    @Test func `a broker that came back leads nothing of its earlier life`() throws {
        var cluster = ClusterFixture()
        let (first, second) = (cluster.join(1), cluster.join(2))
        cluster.makeController(first)
        let topic = try cluster.createTopic(1, partitions: 1)
        cluster.assign(self.partition(topic, 0), PartitionAssignment(epoch: LeaderEpoch(0), owner: second))
        cluster.lose(second)
        let again = cluster.join(2)
        #expect(again != second)
        #expect(try cluster.image.leader(of: self.partition(topic, 0)) == nil)
        var machine = cluster.machine(first)
        let done = try cluster.run(&machine, now: 0)
        #expect(done.first == .fence(second))
        #expect(try cluster.owners(of: topic)[0]?.predecessors == [second])
    }

    @Test func `assignments of topics that are gone are forgotten`() throws {
        var cluster = ClusterFixture()
        let first = cluster.join(1)
        cluster.makeController(first)
        let topic = TopicID(high: 9, low: 9)
        cluster.assign(self.partition(topic, 0), PartitionAssignment(epoch: LeaderEpoch(0), owner: first))
        var machine = cluster.machine(first)
        try cluster.expect(&machine, now: 0, does: [.forget(topic)])
        #expect(try cluster.image.assignments.isEmpty)
    }

    @Test func `a broker that drains is asked for everything, once`() throws {
        var cluster = ClusterFixture()
        let first = cluster.join(1)
        let second = cluster.join(2, isDraining: true)
        cluster.makeController(first)
        let topic = try cluster.createTopic(1, partitions: 3)
        for number: Int32 in 0..<3 {
            cluster.assign(self.partition(topic, number), PartitionAssignment(epoch: LeaderEpoch(0), owner: second))
        }
        var machine = cluster.machine(first)
        try cluster.expect(&machine, now: 0, does: [.move(count: 3)])
        #expect(try cluster.owners(of: topic).values.allSatisfy { $0.owner == second && $0.target == BrokerID(1) })
        try cluster.expect(&machine, now: 0, does: [])
        let image = try cluster.image
        for partition in Handover.asked(of: second, image) {
            let handover = try #require(Handover(of: partition, by: second, image))
            let outcome = try cluster.commit(handover.transaction)
            #expect(outcome.succeeded)
        }
        #expect(
            try cluster.owners(of: topic).values.allSatisfy {
                $0.owner == first && $0.epoch == LeaderEpoch(1) && $0.predecessors == [second] && $0.target == nil
            }
        )
    }

    @Test func `load is evened out after the brokers have been the same for a while`() throws {
        var cluster = ClusterFixture()
        let (first, second) = (cluster.join(1), cluster.join(2))
        cluster.makeController(first)
        let topic = try cluster.createTopic(1, partitions: 4)
        for number: Int32 in 0..<4 {
            cluster.assign(self.partition(topic, number), PartitionAssignment(epoch: LeaderEpoch(0), owner: first))
        }
        var machine = cluster.machine(first)
        try cluster.expect(&machine, now: 0, does: [])
        try cluster.expect(&machine, now: 4_999, does: [])
        try cluster.expect(&machine, now: 5_000, does: [.move(count: 2)])
        #expect(try cluster.owners(of: topic).values.count { $0.target == second.broker } == 2)
    }

    @Test func `an owner whose target is gone leads again, under an epoch that no client saw`() throws {
        var cluster = ClusterFixture()
        let first = cluster.join(1)
        let topic = try cluster.createTopic(1, partitions: 1)
        let moved = self.partition(topic, 0)
        cluster.assign(moved, PartitionAssignment(epoch: LeaderEpoch(0), owner: first, target: BrokerID(7)))
        let image = try cluster.image
        #expect(image.leader(of: moved) == nil)
        let handover = try #require(Handover(of: moved, by: first, image))
        cluster.etcd.commit(handover.transaction)
        let now = try #require(try cluster.owners(of: topic)[0])
        #expect(now.owner == first)
        #expect(now.epoch == LeaderEpoch(2))
        #expect(now.predecessors == [first])
    }

    @Test func `a fenced owner hands nothing over`() throws {
        var cluster = ClusterFixture()
        let (first, second) = (cluster.join(1), cluster.join(2))
        let topic = try cluster.createTopic(1, partitions: 1)
        let moved = self.partition(topic, 0)
        cluster.assign(moved, PartitionAssignment(epoch: LeaderEpoch(0), owner: first, target: second.broker))
        let handover = try #require(Handover(of: moved, by: first, try cluster.image))
        cluster.etcd.commit(TakeOver.fence(first))
        let outcome = try cluster.commit(handover.transaction)
        #expect(!outcome.succeeded)
        #expect(Handover(of: moved, by: second, try cluster.image) == nil)
    }

    // MARK: Events and states

    @Test func `one transaction is under way at a time, and the next one is made of an image that has it`() throws {
        var cluster = ClusterFixture()
        let first = cluster.join(1)
        var machine = cluster.machine(first)
        let before = try cluster.image
        let asked = machine.imageChanged(before, now: 0)
        let step = try #require(asked)
        check(machine.imageChanged(before, now: 0) == nil)
        machine.committed(try cluster.commit(step.transaction))
        check(machine.imageChanged(before, now: 0) == nil)
        _ = try cluster.createTopic(1, partitions: 1)
        let after = try cluster.image
        check(machine.imageChanged(after, now: 0)?.purpose == .assign(count: 1))
    }

    @Test func `a transaction without an outcome is followed by a pause`() throws {
        var cluster = ClusterFixture()
        let first = cluster.join(1)
        var machine = cluster.machine(first)
        let image = try cluster.image
        check(machine.imageChanged(image, now: 0) != nil)
        machine.commitFailed(now: 10)
        check(machine.imageChanged(image, now: 509) == nil)
        check(machine.imageChanged(image, now: 510)?.purpose == .campaign)
    }

    @Test func `an outcome of nothing is a fault of ours`() async {
        await #expect(processExitsWith: .failure) {
            var cluster = ClusterFixture()
            var machine = cluster.machine(cluster.join(1))
            machine.committed(MetadataOutcome(succeeded: true, revision: 1, responses: []))
        }
        await #expect(processExitsWith: .failure) {
            var cluster = ClusterFixture()
            var machine = cluster.machine(cluster.join(1))
            machine.commitFailed(now: 0)
        }
    }
}
