internal import Model

/// Kafka's range assignor: topic by topic, each subscribed member (in the order of instance ID or member ID) gets a
/// run of consecutive partitions; the first members get one more when the number does not divide.
package enum RangeAssignor {
    package struct Member: Sendable {
        package var memberID: String
        /// Static members are ordered by it, before all others (KIP-345).
        package var instanceID: String?
        package var topics: [String]

        package init(memberID: String, instanceID: String? = nil, topics: [String]) {
            self.memberID = memberID
            self.instanceID = instanceID
            self.topics = topics
        }
    }

    /// - Parameter partitionCounts: of every topic that exists; others are left out.
    /// - Returns: by member ID, an entry for every member.
    package static func assign(
        _ members: [Member],
        partitionCounts: [String: Int]
    ) -> [String: [NamedPartition]] {
        var result = Dictionary(members.map { ($0.memberID, [NamedPartition]()) }, uniquingKeysWith: { $1 })
        for topic in Set(members.flatMap(\.topics)).sorted() {
            guard let count = partitionCounts[topic], count > 0 else { continue }
            let takers = members.filter { $0.topics.contains(topic) }.sorted(by: Self.isOrdered)
            let share = count / takers.count
            let extra = count % takers.count
            var next: Int32 = 0
            for (index, taker) in takers.enumerated() {
                for _ in 0..<(share + (index < extra ? 1 : 0)) {
                    result[taker.memberID]?.append(NamedPartition(topic: topic, partition: next))
                    next += 1
                }
            }
        }
        return result
    }

    private static func isOrdered(_ left: Member, _ right: Member) -> Bool {
        switch (left.instanceID, right.instanceID) {
        case (let left?, let right?): left < right
        case (_?, nil): true
        case (nil, _?): false
        case (nil, nil): left.memberID < right.memberID
        }
    }
}
