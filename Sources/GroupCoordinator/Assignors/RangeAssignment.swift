internal import Model

/// Each subscriber of a topic gets consecutive partitions of it; the first ones get one more when they do not divide.
///
/// Members with an instance ID come first, by it, then the others by member ID: a static member gets the same
/// partitions after each restart. Topics with as many partitions and the same subscribers are assigned alike. Not
/// sticky beyond that, as in Kafka. Takes time in the number of members, their topics, and partitions.
enum RangeAssignment {
    static func compute(_ problem: AssignmentProblem) -> [[Int?]] {
        let order = problem.members.indices.sorted { Self.precedes(problem.members[$0], problem.members[$1]) }
        var rank = [Int](repeating: 0, count: order.count)
        for (position, member) in order.enumerated() { rank[member] = position }
        return zip(problem.topics, problem.subscribers).map { topic, subscribers in
            var owners = [Int?](repeating: nil, count: topic.partitionCount)
            guard !subscribers.isEmpty else { return owners }
            let share = topic.partitionCount / subscribers.count
            let rest = topic.partitionCount % subscribers.count
            var next = 0
            for (position, member) in subscribers.sorted(by: { rank[$0] < rank[$1] }).enumerated() {
                let end = next + share + (position < rest ? 1 : 0)
                while next < end {
                    owners[next] = member
                    next += 1
                }
            }
            return owners
        }
    }

    private static func precedes(_ left: AssignmentProblem.Member, _ right: AssignmentProblem.Member) -> Bool {
        switch (left.groupInstanceID, right.groupInstanceID) {
        case (let left?, let right?): left.rawValue < right.rawValue
        case (.some, nil): true
        case (nil, .some): false
        case (nil, nil): left.id < right.id
        }
    }
}
