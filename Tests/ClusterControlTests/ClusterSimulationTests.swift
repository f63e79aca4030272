import Testing

@testable import ClusterControl

@Suite struct ClusterSimulationTests {
    @Test(arguments: 0..<25)
    func `every partition has one owner for each epoch, and an owner in the end`(seed: UInt64) throws {
        var simulation = ClusterSimulation(seed: seed)
        try simulation.run(steps: 2_000)
        #expect(simulation.writeCount > 20)
    }

    @Test func `partitions are moved while they are written to`() throws {
        var moves = 0
        for seed: UInt64 in 0..<6 {
            var simulation = ClusterSimulation(seed: seed)
            try simulation.run(steps: 2_000)
            moves += simulation.moveCount
        }
        #expect(moves > 5)
    }

    @Test(arguments: ClusterSimulation.Mistake.allCases)
    func `what the protocol rules out is found`(mistake: ClusterSimulation.Mistake) {
        let isFound = (0..<60).contains { seed in
            var simulation = ClusterSimulation(seed: UInt64(seed), mistake: mistake)
            do {
                try simulation.run(steps: 2_000)
                return false
            } catch {
                return true
            }
        }
        #expect(isFound)
    }
}
