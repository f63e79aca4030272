import Testing

@testable import LogObjects

@Suite(.timeLimit(.minutes(20))) struct EngineSimulationTests {
    @Test func `nothing acknowledged is lost, doubled or reordered under any faults and take-overs`() throws {
        var acknowledged = 0
        var fenced = 0
        for seed in UInt64(0)..<40 {
            var simulation = try EngineSimulation(seed: seed)
            do {
                try simulation.run(steps: 600)
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
            acknowledged += simulation.acknowledged.count
            fenced += simulation.fencedCount
        }
        // Otherwise the checks would have had nothing to look at.
        #expect(acknowledged > 2_000)
        #expect(fenced > 100)
    }

    @Test(
        arguments: [
            EngineSimulation.Mistake.commitsWithoutFence, .readsBeforeFence, .collectsByAge, .guessesOutcomes,
        ]
    )
    func `each mistake that the protocol rules out is found`(mistake: EngineSimulation.Mistake) throws {
        for seed in UInt64(0)..<300 {
            do {
                var simulation = try EngineSimulation(seed: seed, mistake: mistake)
                try simulation.run(steps: 600)
            } catch {
                return
            }
        }
        Issue.record("not found")
    }
}
