import Broker
import ClusterControl
import CoordinatorRuntime
import LogObjects
import Metadata
import MetadataSQLite
import Model
import Testing

@testable import ClusterMember

@Suite(.timeLimit(.minutes(20))) struct ClusterMemberTests {
    private static func creation(_ name: String, partitions: Int) -> TopicCreation {
        TopicCreation(
            name: name,
            id: TopicID(high: 2, low: .random(in: 1 ... .max)),
            partitionCount: partitions,
            origin: .kafka
        )
    }

    @Test func `brokers agree on leaders, and one's partitions go to the others when its session ends`() async throws {
        let cluster = try TestCluster()
        let members = [try await cluster.join(1), try await cluster.join(2), try await cluster.join(3)]
        try await cluster.run(members) {
            _ = try await members[0].broker.control.createTopic(Self.creation("a", partitions: 6))
            try await TestCluster.until {
                let seen = members.map { TestCluster.leaders(of: "a", at: $0) }
                return seen[0].count == 6 && !seen[0].contains(nil) && seen[1] == seen[0] && seen[2] == seen[0]
            }
            let before = TestCluster.leaders(of: "a", at: members[0])
            #expect([1, 2, 3].allSatisfy { id in before.count { $0 == id } == 2 })
            // Clients of any broker are shown all three, by the listener that they came through.
            for member in members {
                let view = member.broker.brokerRegistry.view(listener: "PLAINTEXT", reachedAt: "x", port: 1)
                #expect(view.all.map(\.id.rawValue) == [1, 2, 3])
                #expect(view.all.map(\.host) == ["h1", "h2", "h3"])
            }
            let lost = members[2]
            try await cluster.store.closeSession(lost.member.session.id)
            try await TestCluster.until {
                let seen = members[..<2].map { TestCluster.leaders(of: "a", at: $0) }
                return seen[0].allSatisfy { $0 == 1 || $0 == 2 } && seen[1] == seen[0]
            }
            let image = members[0].member.image
            #expect(image.isFenced(lost.member.own))
            let moved = image.assignments.values.filter { $0.assignment.predecessors == [lost.member.own] }
            #expect(moved.count == 2)
            #expect(moved.allSatisfy { $0.assignment.epoch == LeaderEpoch(1) })
            let topic = try #require(members[0].broker.topics.topic(named: "a"))
            #expect((0..<6).count { topic.leaderEpoch(of: Int32($0)) == LeaderEpoch(1) } == 2)
        }
    }

    @Test func `a member that was fenced ends`() async throws {
        let cluster = try TestCluster()
        let member = try await cluster.join(1)
        try await cluster.run([member]) {
            _ = try await cluster.store.commit(TakeOver.fence(member.member.own))
            await #expect(throws: ClusterError.self) {
                try await member.member.run(
                    control: member.broker.control,
                    brokers: member.broker.brokerRegistry,
                    topics: member.broker.topics
                )
            }
        }
    }

    @Test func `a broker that drains hands everything over and releases it first`() async throws {
        let cluster = try TestCluster()
        let members = [try await cluster.join(1), try await cluster.join(2)]
        try await cluster.run(members) {
            _ = try await members[1].broker.control.createTopic(Self.creation("a", partitions: 4))
            try await TestCluster.until {
                let seen = members.map { TestCluster.leaders(of: "a", at: $0) }
                return seen[0].count == 4 && !seen[0].contains(nil) && seen[1] == seen[0]
            }
            await members[0].member.drain(within: .seconds(600))
            #expect(members[0].member.image.owned(by: members[0].member.own).isEmpty)
            try await TestCluster.until { TestCluster.leaders(of: "a", at: members[1]).allSatisfy { $0 == 2 } }
            try await TestCluster.until { TestCluster.leaders(of: "a", at: members[0]).allSatisfy { $0 == 2 } }
            let assignments = members[1].member.image.assignments.values.map(\.assignment)
            #expect(assignments.count { $0.predecessors == [members[0].member.own] } == 2)
            await members[0].member.leave()
            try await TestCluster.until { members[1].member.image.brokers.count == 1 }
        }
    }

    @Test func `a broker that joins later gets its share`() async throws {
        let cluster = try TestCluster()
        let first = try await cluster.join(1)
        let second = try await cluster.join(2)
        try await cluster.run([first]) {
            _ = try await first.broker.control.createTopic(Self.creation("a", partitions: 4))
            try await TestCluster.until {
                let leaders = TestCluster.leaders(of: "a", at: first)
                return leaders.count == 4 && leaders.allSatisfy { $0 == 1 }
            }
            let later = try await TestCluster.shared(second, with: cluster) {
                try await TestCluster.until {
                    TestCluster.leaders(of: "a", at: first).count { $0 == 2 } == 2
                        && TestCluster.leaders(of: "a", at: second).count { $0 == 2 } == 2
                }
            }
            #expect(later)
        }
    }

    @Test func `a group's coordinator is the broker that leads its partition`() async throws {
        let cluster = try TestCluster()
        let members = [try await cluster.join(1), try await cluster.join(2), try await cluster.join(3)]
        try await cluster.run(members) {
            #expect(members[0].broker.groupCoordinator(of: "g") == nil)
            members[0].broker.groups.prepareAll()
            try await TestCluster.until {
                let found = members.map { $0.broker.groupCoordinator(of: "g") }
                return found[0] != nil && found[1] == found[0] && found[2] == found[0]
            }
            let name = TopicName.consumerOffsets
            try await TestCluster.until { !TestCluster.leaders(of: name, at: members[0]).contains(nil) }
            #expect(Set(TestCluster.leaders(of: name, at: members[0])) == [1, 2, 3])
        }
    }

    @Test func `a restart of the same instance is another incarnation`() async throws {
        let cluster = try TestCluster()
        let first = try await cluster.join(1)
        let again = try await cluster.join(1)
        #expect(again.member.own > first.member.own)
        try await cluster.run([again]) {}
    }
}
