import Broker
import LogCore
import Metadata
import Model
import Testing

@Suite struct TopicChangesTests {
    private func hosted(_ name: String, id: UInt64, partitions: Int = 1) -> HostedTopic {
        let topic = Topic(
            name: name,
            id: TopicID(high: 1, low: id),
            createdAt: 0,
            origin: .kafka,
            partitions: Array(repeating: Partition(), count: partitions),
            routing: .kafka,
            streamMode: .onDemand,
            shards: []
        )
        let offline = PartitionPlacement.offline(LogError(.storage, "offline"))
        return HostedTopic(topic: topic, placements: Array(repeating: offline, count: partitions))
    }

    @Test func `a publication names what it added, grew and removed, once`() {
        let gone = [self.hosted("goes", id: 4), self.hosted("again", id: 3)]
        let before = TopicTable(
            revision: 1,
            topics: [self.hosted("kept", id: 1), self.hosted("grows", id: 2)] + gone
        )
        let changes = TopicChanges(
            from: before,
            removed: gone,
            served: [
                self.hosted("new", id: 6), self.hosted("grows", id: 2, partitions: 3), self.hosted("again", id: 5),
            ]
        )
        #expect(changes.added.map(\.name) == ["again", "new"])
        #expect(changes.grown == [.init(name: "grows", id: TopicID(high: 1, low: 2), partitionCount: 3)])
        #expect(changes.removed.map(\.name) == ["again", "goes"])
        #expect(changes.removed.map(\.id.low) == [3, 4])
        #expect(TopicChanges(from: before, removed: [], served: []).isEmpty)
    }

    @Test func `a configuration that changed is not a change of topics`() {
        let before = TopicTable(revision: 1, topics: [self.hosted("t", id: 1)])
        #expect(TopicChanges(from: before, removed: [], served: [self.hosted("t", id: 1)]).isEmpty)
    }

    @Test func `changes that wait are merged, and what has gone since is not added`() {
        func topic(_ name: String, _ id: UInt64) -> TopicChanges.Topic {
            .init(name: name, id: TopicID(high: 1, low: id), partitionCount: 1)
        }
        var changes = TopicChanges(added: [topic("a", 1)], grown: [topic("b", 2)])
        changes.merge(TopicChanges(added: [topic("a", 3)], removed: [topic("a", 1), topic("b", 2)]))
        #expect(changes == TopicChanges(added: [topic("a", 3)], removed: [topic("a", 1), topic("b", 2)]))
    }
}
