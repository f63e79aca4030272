import GroupCoordinator
import Model
import Testing

/// The server-side assignors: what they promise, under seeds and against all assignments of small problems.
@Suite struct AssignorTests {
    /// `counts[t]` partitions of topic t; `subscriptions[m]` the topics of member m.
    static func problem(
        _ counts: [Int],
        _ subscriptions: [[Int]],
        previous: [MemberID: PartitionSet] = [:]
    ) -> AssignmentProblem {
        AssignmentProblem(
            topics: counts.enumerated().map { .init(id: TopicID(high: 0, low: UInt64($0)), partitionCount: $1) },
            members: subscriptions.enumerated().map { index, topics in
                let id = MemberID("m\(index + 10)")
                return .init(id: id, topics: topics, previous: previous[id] ?? PartitionSet())
            }
        )
    }

    /// Every partition that somebody subscribes to has one owner, who subscribes to it.
    static func check(
        _ assignment: [MemberID: PartitionSet],
        _ problem: AssignmentProblem,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var owners: [TopicPartition: MemberID] = [:]
        for member in problem.members {
            for partition in assignment[member.id]?.partitions ?? [] {
                #expect(owners[partition] == nil, "two owners", sourceLocation: sourceLocation)
                owners[partition] = member.id
                let subscribed = member.topics.contains { problem.topics[$0].id == partition.topicID }
                #expect(subscribed, "not subscribed", sourceLocation: sourceLocation)
            }
        }
        let wanted = Set(problem.members.flatMap(\.topics)).reduce(0) { $0 + problem.topics[$1].partitionCount }
        #expect(owners.count == wanted, "all partitions", sourceLocation: sourceLocation)
    }

    static func loads(_ assignment: [MemberID: PartitionSet], _ problem: AssignmentProblem) -> [Int] {
        problem.members.map { assignment[$0.id]?.count ?? 0 }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `uniform is even and moves no more than it must`(seed: UInt64) {
        var random = Seeded(seed)
        var counts = (0..<random.next(in: 1...4)).map { _ in random.next(in: 1...12) }
        var members = random.next(in: 1...8)
        var previous: [MemberID: PartitionSet] = [:]
        for _ in 0..<6 {
            let all = Array(counts.indices)
            let problem = Self.problem(counts, Array(repeating: all, count: members), previous: previous)
            let assignment = GroupAssignor.uniform.assign(problem)
            Self.check(assignment, problem)
            let loads = Self.loads(assignment, problem)
            #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 1)
            #expect(GroupAssignor.uniform.assign(problem) == assignment, "the same problem, the same answer")
            // What a member keeps is what it had, up to its share: no assignment with these loads keeps more.
            for member in problem.members {
                let kept = Set(member.previous.partitions).intersection(assignment[member.id]?.partitions ?? [])
                let had = member.previous.count
                #expect(kept.count == min(had, assignment[member.id]?.count ?? 0))
            }
            previous = assignment
            switch random.next(in: 0...2) {
            case 0:
                members = max(1, members + random.next(in: -2...2))
                previous = previous.filter { id, _ in problem.members.prefix(members).contains { $0.id == id } }
            case 1: counts[0] += random.next(in: 1...5)
            default: break
            }
        }
    }

    @Test(arguments: 0..<150 as Range<UInt64>)
    func `uniform with different subscriptions is as even as any assignment`(seed: UInt64) {
        var random = Seeded(seed)
        let counts = (0..<random.next(in: 1...3)).map { _ in random.next(in: 1...2) }
        let subscriptions = (0..<random.next(in: 1...4)).map { _ in
            let topics = counts.indices.filter { _ in random.next(in: 0...1) == 0 }
            return topics.isEmpty ? [0] : topics
        }
        let problem = Self.problem(counts, subscriptions)
        let assignment = GroupAssignor.uniform.assign(problem)
        Self.check(assignment, problem)
        let sum = Self.loads(assignment, problem).reduce(0) { $0 + $1 * $1 }
        #expect(sum == Self.smallestSum(problem), "\(problem)")
        // Nothing moves when nothing changes.
        let again = Self.problem(counts, subscriptions, previous: assignment)
        #expect(GroupAssignor.uniform.assign(again) == assignment)
    }

    /// The smallest sum of squared loads of all assignments.
    private static func smallestSum(_ problem: AssignmentProblem) -> Int {
        var choices: [[Int]] = []
        for (topic, value) in problem.topics.enumerated() {
            let subscribers = problem.members.indices.filter { problem.members[$0].topics.contains(topic) }
            guard !subscribers.isEmpty else { continue }
            choices += Array(repeating: subscribers, count: value.partitionCount)
        }
        var smallest = Int.max
        func choose(_ index: Int, _ loads: inout [Int]) {
            guard index < choices.count else {
                smallest = min(smallest, loads.reduce(0) { $0 + $1 * $1 })
                return
            }
            for member in choices[index] {
                loads[member] += 1
                choose(index + 1, &loads)
                loads[member] -= 1
            }
        }
        var loads = [Int](repeating: 0, count: problem.members.count)
        choose(0, &loads)
        return smallest
    }

    @Test func `uniform spreads each topic`() {
        let problem = Self.problem([4, 4], [[0, 1], [0, 1]])
        let assignment = GroupAssignor.uniform.assign(problem)
        #expect(assignment.values.allSatisfy { $0.topics.map(\.partitions.count) == [2, 2] })
    }

    @Test func `range gives consecutive partitions, the same of every topic`() {
        let problem = Self.problem([5, 5], [[0, 1], [0, 1]])
        let assignment = GroupAssignor.range.assign(problem)
        Self.check(assignment, problem)
        #expect(assignment["m10"]?.topics.map(\.partitions) == [[0, 1, 2], [0, 1, 2]])
        #expect(assignment["m11"]?.topics.map(\.partitions) == [[3, 4], [3, 4]])
    }

    @Test func `range puts static members first, by their instance`() {
        let problem = AssignmentProblem(
            topics: [.init(id: .zero, partitionCount: 3)],
            members: [
                .init(id: "a", topics: [0]),
                .init(id: "y", groupInstanceID: GroupInstanceID("2"), topics: [0]),
                .init(id: "z", groupInstanceID: GroupInstanceID("1"), topics: [0]),
            ]
        )
        let assignment = GroupAssignor.range.assign(problem)
        #expect(["z", "y", "a"].map { assignment[$0]?.topics.first?.partitions } == [[0], [1], [2]])
    }

    @Test(arguments: GroupAssignor.allCases, 0..<50 as Range<UInt64>)
    func `no partition is lost or doubled, from any earlier assignment`(assignor: GroupAssignor, seed: UInt64) {
        var random = Seeded(seed)
        let counts = (0..<random.next(in: 1...5)).map { _ in random.next(in: 0...9) }
        let subscriptions = (0..<random.next(in: 1...9)).map { _ in
            counts.indices.filter { _ in random.next(in: 0...2) > 0 }
        }
        var previous: [MemberID: PartitionSet] = [:]
        for index in subscriptions.indices {
            // Two members may claim one, and partitions may be gone.
            previous[MemberID("m\(index + 10)")] = PartitionSet(
                (0..<random.next(in: 0...6)).map { _ in
                    TopicPartition(
                        topicID: TopicID(high: 0, low: UInt64(random.next(in: 0...6))),
                        partition: Int32(random.next(in: -1...12))
                    )
                }
            )
        }
        let problem = Self.problem(counts, subscriptions, previous: previous)
        Self.check(assignor.assign(problem), problem)
    }

    @Test func `a thousand members with different subscriptions are assigned in bounded time`() {
        let subscriptions = (0..<1_000).map { [$0 % 20, 20 + $0 % 7].sorted() }
        let problem = Self.problem(Array(repeating: 100, count: 27), subscriptions)
        Self.check(GroupAssignor.uniform.assign(problem), problem)
    }
}

/// A small random source for tests.
struct Seeded {
    private var state: UInt64

    init(_ seed: UInt64) { self.state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        self.state = self.state &+ 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func next(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(self.next() % UInt64(range.count))
    }
}
