import Foundation
import Testing

@testable import Broker

/// `make interleave` runs more seeds, or one of them (docs/reliability.md).
@Suite struct CoordinatorInterleavingTests {
    private static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["MILLRACE_INTERLEAVING_SEED"].flatMap({ UInt64($0) }) { return seed..<seed + 1 }
        return 0..<(environment["MILLRACE_INTERLEAVING_SEEDS"].flatMap { UInt64($0) } ?? 100)
    }()

    @Test(arguments: Self.seeds)
    func `input is copied exactly once through zombies, late requests, lost answers and crashes`(seed: UInt64) {
        let simulation = CoordinatorInterleaving(seed: seed)
        if Self.seeds.count == 1 { simulation.trace = { print($0) } }
        let problems = simulation.run(steps: 3_000)
        #expect(problems.isEmpty, "seed \(seed): \(problems.prefix(5))")
        #expect(simulation.history.commits > 0, "seed \(seed) committed \(simulation.history.commits) transactions")
    }

    @Test(arguments: CoordinatorInterleaving.Fault.allCases.filter { $0 != .none })
    func `a wrong coordinator is found`(fault: CoordinatorInterleaving.Fault) {
        let found = (0..<20 as Range<UInt64>).contains { seed in
            !CoordinatorInterleaving(seed: seed, fault: fault).run(steps: 3_000).isEmpty
        }
        #expect(found)
    }

    @Test func `equal seeds do the same`() {
        let (first, second) = (CoordinatorInterleaving(seed: 7), CoordinatorInterleaving(seed: 7))
        #expect(first.run(steps: 1_000) == second.run(steps: 1_000))
        #expect(first.history.ended == second.history.ended && first.history.reads == second.history.reads)
    }
}
