import Testing

@testable import LogObjects

@Suite(.timeLimit(.minutes(20))) struct MaintenanceSimulationTests {
    @Test func `readers find what was committed under any checkpoints, merges, moves and deletions`() throws {
        var counts = MaintenanceSimulation.Counts()
        var acknowledged = 0
        for seed in UInt64(0)..<20 {
            var simulation = try MaintenanceSimulation(seed: seed)
            do {
                try simulation.run(steps: 700)
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
            counts += simulation.counts
            acknowledged += simulation.acknowledged.count
        }
        // Otherwise the checks would have had nothing to look at.
        #expect(acknowledged > 1_000)
        #expect(counts.fences > 40 && counts.moves > 30 && counts.forgotten > 40)
        #expect(counts.checkpoints > 200 && counts.merges > 20 && counts.indexes > 0)
        #expect(counts.deletions > 200 && counts.retries > 10 && counts.logStartMoves > 10)
    }

    @Test(
        arguments: [
            MaintenanceSimulation.Mistake.collectsByAge, .collectsBeforeFence, .trimsBeforeHeads, .swapsWithoutCompare,
        ]
    )
    func `each mistake that the protocol rules out is found`(mistake: MaintenanceSimulation.Mistake) throws {
        for seed in UInt64(0)..<300 {
            do {
                var simulation = try MaintenanceSimulation(seed: seed, mistake: mistake)
                try simulation.run(steps: 700)
            } catch {
                return
            }
        }
        Issue.record("not found")
    }
}
