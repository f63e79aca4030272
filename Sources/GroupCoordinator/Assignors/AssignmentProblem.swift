package import Model

/// What an assignor decides about: topics, and members that want partitions of them.
package struct AssignmentProblem: Sendable {
    /// A topic that somebody subscribes to.
    package struct Topic: Sendable {
        package var id: TopicID
        package var partitionCount: Int

        package init(id: TopicID, partitionCount: Int) {
            self.id = id
            self.partitionCount = partitionCount
        }
    }

    /// A member of the group.
    package struct Member: Sendable {
        package var id: MemberID
        package var groupInstanceID: GroupInstanceID?
        /// Indices of `topics`, ascending. Members of one subscription share the array.
        package var topics: [Int]
        /// What it was meant to have until now.
        package var previous: PartitionSet

        package init(
            id: MemberID,
            groupInstanceID: GroupInstanceID? = nil,
            topics: [Int],
            previous: PartitionSet = PartitionSet()
        ) {
            self.id = id
            self.groupInstanceID = groupInstanceID
            self.topics = topics
            self.previous = previous
        }
    }

    /// By ID.
    package let topics: [Topic]
    /// By ID, so that assignments do not depend on hashing.
    package let members: [Member]
    /// Whether all members subscribe to the same topics.
    let isHomogeneous: Bool

    package init(topics: [Topic], members: [Member]) {
        self.topics = topics.sorted { $0.id < $1.id }
        self.members = members.sorted { $0.id < $1.id }
        let first = self.members.first?.topics
        self.isHomogeneous = self.members.allSatisfy { $0.topics == first }
    }

    /// The members that subscribe to each topic, in order.
    var subscribers: [[Int]] {
        var subscribers = [[Int]](repeating: [], count: self.topics.count)
        for (member, value) in self.members.enumerated() {
            for topic in value.topics { subscribers[topic].append(member) }
        }
        return subscribers
    }

    /// What members keep of their previous assignments: the members of `topics[t]`'s partitions, `nil` where nobody may
    /// keep one.
    func retained() -> [[Int?]] {
        var owners = self.topics.map { [Int?](repeating: nil, count: $0.partitionCount) }
        let indices = Dictionary(uniqueKeysWithValues: self.topics.enumerated().map { ($1.id, $0) })
        for (member, value) in self.members.enumerated() {
            for topic in value.previous.topics {
                guard let index = indices[topic.id], value.topics.binarySearch(index) else { continue }
                for partition in topic.partitions
                where partition >= 0 && Int(partition) < owners[index].count && owners[index][Int(partition)] == nil {
                    owners[index][Int(partition)] = member
                }
            }
        }
        return owners
    }

    /// The assignment that these owners make.
    func assignment(_ owners: [[Int?]]) -> [MemberID: PartitionSet] {
        var partitions = [[TopicPartition]](repeating: [], count: self.members.count)
        for (topic, owners) in owners.enumerated() {
            for (partition, owner) in owners.enumerated() {
                guard let owner else { continue }
                partitions[owner].append(TopicPartition(topicID: self.topics[topic].id, partition: Int32(partition)))
            }
        }
        return Dictionary(
            uniqueKeysWithValues: zip(self.members, partitions).map { ($0.id, PartitionSet($1)) }
        )
    }
}

/// The server-side assignors, by the names that consumers ask for them.
package enum GroupAssignor: String, Sendable, CaseIterable {
    /// Evenly, and with as little movement as that allows.
    case uniform
    /// Consecutive partitions, the same ones of every topic, so that topics can be joined.
    case range

    package func assign(_ problem: AssignmentProblem) -> [MemberID: PartitionSet] {
        guard !problem.members.isEmpty else { return [:] }
        switch self {
        case .uniform:
            var assignment = UniformAssignment(problem)
            return problem.assignment(assignment.compute())
        case .range:
            return problem.assignment(RangeAssignment.compute(problem))
        }
    }
}

extension Array where Element: Comparable {
    /// Whether a sorted array has an element.
    func binarySearch(_ element: Element) -> Bool {
        var low = 0
        var high = self.count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low < self.count && self[low] == element
    }
}
