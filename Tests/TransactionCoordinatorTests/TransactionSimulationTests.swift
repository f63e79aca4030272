import Testing

@Suite struct TransactionSimulationTests {
    @Test(arguments: 0..<40)
    func `transactions are whole, and as their producers were told`(seed: Int) {
        var simulation = TransactionSimulation(seed: UInt64(seed))
        let problems = simulation.run(steps: 3_000)
        #expect(problems.isEmpty, "seed \(seed): \(problems.prefix(5))")
        #expect(simulation.acknowledged > 20, "seed \(seed) did nothing")
    }

    @Test(arguments: [TransactionSimulation.Fault.acknowledgesBeforeDurable, .skipsEpochCheck])
    func `a wrong coordinator is found`(fault: TransactionSimulation.Fault) {
        let found = (0..<20).contains { seed in
            var simulation = TransactionSimulation(seed: UInt64(seed), fault: fault)
            return !simulation.run(steps: 3_000).isEmpty
        }
        #expect(found)
    }
}
