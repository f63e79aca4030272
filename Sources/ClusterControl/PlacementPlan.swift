internal import LogObjects
internal import Metadata
package import Model

/// Which broker gets which partition: a pure function of the cluster's image.
///
/// A partition stays where it is unless its owner is gone, drains, or has at least two partitions more than the broker
/// that has the fewest. A partition without an owner goes to the broker that has the fewest partitions of its topic, of
/// those to one in the rack that has the fewest of the topic, of those to the one with the fewest partitions at all.
package struct PlacementPlan {
    /// A broker that may get partitions, and what it has.
    private struct Candidate {
        var broker: LiveBroker
        var count = 0
        var ofTopic: [TopicID: Int] = [:]
    }

    private var candidates: [Candidate]
    private var rackCounts: [TopicID: [String: Int]] = [:]

    package init(_ image: ClusterImage) {
        self.candidates = image.brokers.values
            .filter { $0.isServing && !$0.registration.isDraining && image.isActive($0.incarnation) }
            .sorted { $0.id.rawValue < $1.id.rawValue }
            .map { Candidate(broker: $0) }
        let positions = Dictionary(
            uniqueKeysWithValues: self.candidates.indices.map { (self.candidates[$0].broker.id, $0) }
        )
        for (partition, stored) in image.assignments {
            let assignment = stored.assignment
            // One that is on its way counts where it will be.
            let home = assignment.target ?? (image.isLive(assignment.owner) ? assignment.owner.broker : nil)
            if let home, let position = positions[home] { self.take(partition, at: position) }
        }
    }

    /// Brokers that may get partitions.
    package var candidateCount: Int { self.candidates.count }

    private mutating func take(_ partition: TopicPartition, at position: Int, _ change: Int = 1) {
        self.candidates[position].count += change
        self.candidates[position].ofTopic[partition.topicID, default: 0] += change
        if let rack = self.candidates[position].broker.registration.rack {
            self.rackCounts[partition.topicID, default: [:]][rack, default: 0] += change
        }
    }

    /// The broker for a partition that has none, which counts as its own from now on; `nil` when there is no broker.
    package mutating func place(_ partition: TopicPartition) -> LiveBroker? {
        func rank(_ candidate: Candidate) -> (Int, Int, Int, Int32) {
            let rack = candidate.broker.registration.rack
            return (
                candidate.ofTopic[partition.topicID] ?? 0,
                rack.flatMap { self.rackCounts[partition.topicID]?[$0] } ?? 0,
                candidate.count,
                candidate.broker.id.rawValue
            )
        }
        let best = self.candidates.indices.min { rank(self.candidates[$0]) < rank(self.candidates[$1]) }
        guard let best else { return nil }
        self.take(partition, at: best)
        return self.candidates[best].broker
    }

    /// Moves that make the load even: from the broker with the most partitions to the one with the fewest, while they
    /// are two or more apart, of the topic that lies least evenly on the two.
    ///
    /// - Parameter countMax: at most as many.
    package mutating func moves(_ image: ClusterImage, countMax: Int) -> [(partition: TopicPartition, to: BrokerID)] {
        var moves: [(partition: TopicPartition, to: BrokerID)] = []
        guard self.candidates.count > 1 else { return moves }
        var movable: [BrokerID: [TopicPartition]] = [:]
        for (partition, stored) in image.assignments where stored.assignment.target == nil {
            movable[stored.assignment.owner.broker, default: []].append(partition)
        }
        for broker in movable.keys {
            movable[broker]?.sort { PartitionAssignment.key($0) < PartitionAssignment.key($1) }
        }
        while moves.count < countMax {
            let most = self.candidates.indices.max { self.rank($0) < self.rank($1) }
            let fewest = self.candidates.indices.min { self.rank($0) < self.rank($1) }
            guard let most, let fewest, self.candidates[most].count - self.candidates[fewest].count >= 2 else { break }
            let (from, to) = (self.candidates[most], self.candidates[fewest])
            func surplus(_ partition: TopicPartition) -> Int {
                (from.ofTopic[partition.topicID] ?? 0) - (to.ofTopic[partition.topicID] ?? 0)
            }
            guard let choices = movable[from.broker.id], !choices.isEmpty else { break }
            // The first of equals, so that the plan is the same for the same image.
            var best = 0
            for index in choices.indices where surplus(choices[index]) > surplus(choices[best]) { best = index }
            let partition = choices[best]
            movable[from.broker.id]?.remove(at: best)
            self.take(partition, at: most, -1)
            self.take(partition, at: fewest)
            moves.append((partition, to.broker.id))
        }
        return moves
    }

    private func rank(_ position: Int) -> (Int, Int32) {
        // Of equals the lower ID has the fewer.
        (self.candidates[position].count, self.candidates[position].broker.id.rawValue)
    }
}
