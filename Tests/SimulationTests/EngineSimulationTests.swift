import Foundation
import Testing

@testable import Simulation

/// Runs of the log engine under a seed, at each harshness. `MILLRACE_SIMULATION_SEEDS` says how many of each,
/// `MILLRACE_SIMULATION_SEED` which one alone, `MILLRACE_SIMULATION_HARSHNESS` which harshness alone.
@Suite(.timeLimit(.minutes(60)))
struct EngineSimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let only = Self.environment["MILLRACE_SIMULATION_SEED"].flatMap { UInt64($0) }
    private static let count = Self.environment["MILLRACE_SIMULATION_SEEDS"].flatMap { UInt64($0) } ?? 500
    /// See `EngineSimulation`.
    private static let harshnesses =
        Self.environment["MILLRACE_SIMULATION_HARSHNESS"].flatMap { Int($0) }.map { [$0] } ?? [2, 3, 4, 5]
    /// Names each seed, so that a trap is known by its seed.
    private static let isVerbose = Self.environment["MILLRACE_SIMULATION_VERBOSE"] != nil
    /// Prints everything when one seed is replayed.
    private static let trace: (@Sendable (String) -> Void)? = {
        guard Self.only != nil else { return nil }
        return { line in print(line) }
    }()
    /// Few, so that the tests that run at the same time have a turn.
    private static let partCount: UInt64 = 2

    private static func seeds(of part: UInt64) -> [UInt64] {
        Array(stride(from: part, to: Self.count, by: Int(Self.partCount)))
    }

    @Test(arguments: Self.harshnesses, 0..<Self.partCount)
    func `what was acknowledged is there after every crash, and nothing else`(harshness: Int, part: UInt64) {
        var total = SimulationReport(seed: 0)
        let seeds = Self.only.map { part == 0 ? [$0] : [] } ?? Self.seeds(of: part)
        for seed in seeds {
            if Self.isVerbose { print("seed \(seed)") }
            do throws(SimulationFailure) {
                total.add(try EngineSimulation(seed: seed, harshness: harshness, trace: Self.trace).run())
            } catch {
                Issue.record("\(error)")
            }
        }
        print("simulation: harshness \(harshness), \(total)")
    }

    /// A transaction index lost entries (848 at harshness 6, 94, 101, 528, 759), a failed write left a folder without
    /// its owner (565).
    @Test(arguments: [(848, 6), (94, 7), (101, 7), (528, 7), (565, 7), (759, 7)] as [(UInt64, Int)])
    func `seeds that once met damage that nobody noticed hold`(seed: UInt64, harshness: Int) {
        do throws(SimulationFailure) {
            _ = try EngineSimulation(seed: seed, harshness: harshness).run()
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test(arguments: [3, 17, 91] as [UInt64])
    func `a seed is the same run every time`(seed: UInt64) throws {
        #expect(
            try EngineSimulation(seed: seed, harshness: 6).run() == EngineSimulation(seed: seed, harshness: 6).run()
        )
    }
}

extension SimulationReport {
    fileprivate mutating func add(_ other: SimulationReport) {
        self.eventHash ^= other.eventHash
        self.starts += other.starts
        self.kills += other.kills
        self.powerCuts += other.powerCuts
        self.batches += other.batches
        self.acknowledged += other.acknowledged
        self.refused += other.refused
        self.reads += other.reads
        self.compared += other.compared
        self.deletions += other.deletions
        self.damages += other.damages
        self.damagedOffsets += other.damagedOffsets
        self.offline += other.offline
        self.refusedStarts += other.refusedStarts
        self.diskCalls += other.diskCalls
    }
}
