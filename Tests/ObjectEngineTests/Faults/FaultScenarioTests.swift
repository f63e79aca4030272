import Foundation
import Testing

@testable import ObjectEngine

/// `MILLRACE_FAULT_SEEDS`: how many seeds; `MILLRACE_FAULT_SEED`: one alone, to look at it.
@Suite(.timeLimit(.minutes(60))) struct FaultScenarioTests {
    private static let environment = ProcessInfo.processInfo.environment

    private static func number(_ name: String) -> UInt64? { Self.environment[name].flatMap { UInt64($0) } }

    /// Runs scenarios, several at a time: they mostly wait.
    private static func run(
        _ seeds: Range<UInt64>,
        _ mistake: Mistake? = nil,
        until isEnough: @escaping @Sendable ([String]) -> Bool = { _ in false }
    ) async -> (found: [(seed: UInt64, problems: [String])], points: Set<FaultPoint>) {
        await withTaskGroup(of: (UInt64, [String], Set<FaultPoint>).self) { group in
            var found: [(seed: UInt64, problems: [String])] = []
            var points: Set<FaultPoint> = []
            var next = seeds.lowerBound
            for _ in 0..<8 where next < seeds.upperBound {
                let seed = next
                group.addTask { await Self.run(seed, mistake) }
                next += 1
            }
            var isDone = false
            while let (seed, problems, reached) = await group.next() {
                points.formUnion(reached)
                if !problems.isEmpty { found.append((seed, problems)) }
                if isEnough(problems) { isDone = true }
                guard !isDone, next < seeds.upperBound else { continue }
                let seed = next
                group.addTask { await Self.run(seed, mistake) }
                next += 1
            }
            return (found, points)
        }
    }

    private static func run(_ seed: UInt64, _ mistake: Mistake?) async -> (UInt64, [String], Set<FaultPoint>) {
        let scenario = FaultScenario(seed: seed, mistake: mistake)
        let problems = await scenario.run()
        return (seed, problems, scenario.points)
    }

    @Test func `nothing acknowledged is lost, doubled or reordered, wherever a broker ends`() async {
        let seeds: Range<UInt64>
        if let one = Self.number("MILLRACE_FAULT_SEED") {
            seeds = one..<one + 1
        } else {
            seeds = 1..<1 + (Self.number("MILLRACE_FAULT_SEEDS") ?? 500)
        }
        let began = ContinuousClock.now
        let (found, points) = await Self.run(seeds)
        if seeds.count >= 5_000 {
            let missing = Set(FaultPoint.allCases).subtracting(points)
            #expect(missing.isEmpty, "no broker ended at \(missing.map(\.rawValue).sorted())")
        }
        for (seed, problems) in found {
            Issue.record("MILLRACE_FAULT_SEED=\(seed): \(problems.joined(separator: "; "))")
        }
        if Self.environment["MILLRACE_SIMULATION_VERBOSE"] != nil {
            print("\(seeds.count) fault scenarios in \(ContinuousClock.now - began)")
        }
    }

    @Test(arguments: Mistake.allCases)
    func `a mistake is found`(_ mistake: Mistake) async {
        let (found, _) = await Self.run(1..<200, mistake) { problems in
            problems.contains { $0.hasPrefix("lost:") || $0.hasPrefix("two contents:") || $0.hasPrefix("stopped:") }
        }
        #expect(!found.isEmpty, "\(mistake.rawValue) is not found")
        if Self.environment["MILLRACE_SIMULATION_VERBOSE"] != nil {
            print("\(mistake.rawValue): \(found.first?.problems.first ?? "")")
        }
    }
}
