import LogCore
import LogObjects
import Model
import Synchronization
import TestSupport
import Testing

@testable import ObjectEngine

/// Idempotent producers on several partitions, one after the other of their batches until it is acknowledged, while
/// owners are replaced, killed, or left behind believing that they still own; answers of etcd and of the store get
/// lost. In the end every partition must have every record once, in order.
struct FailoverScenario {
    var partitions: Int32 = 3
    var batches = 60
    var takeOvers = 8
    var seed: UInt64
    var losesAnswers = true
    var settings = ClusterFixture.quick

    private final class Owners: Sendable {
        let logs = Mutex<[ObjectPartitionLog]>([])
        let isOver = Mutex(false)
    }

    func run(on fixture: ClusterFixture) async throws {
        var random = SeededGenerator(seed: self.seed)
        let owners = Owners()
        var (engine, logs) = try await fixture.takeOver(self.partitions, settings: self.settings)
        owners.logs.withLock { $0 = logs }
        var leftBehind: [ObjectLogEngine] = []
        try await withThrowingTaskGroup(of: Void.self) { group in
            for partition in 0..<Int(self.partitions) {
                group.addTask { try await self.produce(to: partition, owners) }
            }
            for _ in 0..<self.takeOvers {
                try await Task.sleep(for: .milliseconds(Int.random(in: 5...30, using: &random)))
                if self.losesAnswers {
                    fixture.memory.loseNext((0..<3).map { _ in Bool.random(using: &random) })
                    fixture.objects.state.withLock { state in
                        state.putLosses = (0..<3).map { _ in Bool.random(using: &random) }
                    }
                }
                // The controller's own transactions are not what is tried here.
                switch Int.random(in: 0..<3, using: &random) {
                case 0: engine.abandon()
                case 1: leftBehind.append(engine)
                default: try? await engine.shutDown()
                }
                fixture.memory.state.withLock { $0.losses = [] }
                (engine, logs) = try await fixture.takeOver(self.partitions, settings: self.settings)
                owners.logs.withLock { $0 = logs }
            }
            try await group.waitForAll()
        }
        for log in logs {
            #expect(try await log.numbers() == Array(0..<self.batches * 2))
            #expect(log.producers.map(\.lastSequence) == [Int32(self.batches * 2 - 1)])
        }
        try await engine.shutDown()
        for old in leftBehind { try? await old.shutDown() }
    }

    private func produce(to partition: Int, _ owners: Owners) async throws {
        for number in 0..<self.batches {
            let first = number * 2
            let batch = try makeBatch(first..<(first + 2), producer: Producer(id: 7, sequence: Int32(first)))
            var isAcknowledged = false
            while !isAcknowledged {
                let log = owners.logs.withLock { $0[partition] }
                let waiter = TestWaiter()
                do throws(LogError) {
                    _ = try log.append(batch, options: log.options(), waiter: waiter)
                    isAcknowledged = await waiter.wait() == nil
                } catch {
                    guard error.code == .closed || error.code == .overloaded else {
                        throw FixtureError.failed("partition \(partition), batch \(number): \(error)")
                    }
                }
                if !isAcknowledged { try await Task.sleep(for: .milliseconds(1)) }
            }
        }
    }
}

@Suite(.timeLimit(.minutes(20)), .serialized)
struct FailoverScenarioTests {
    @Test(arguments: [UInt64(21), 22, 23, 24])
    func `checkpoints change nothing of that`(seed: UInt64) async throws {
        var scenario = FailoverScenario(seed: seed)
        scenario.settings.checkpointRecords = 2
        scenario.settings.commitRecordsMax = 6
        scenario.settings.writeCacheBytesMax = 400
        try await scenario.run(on: ClusterFixture())
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func `every record is there once and in order after all changes of owners`(seed: UInt64) async throws {
        try await FailoverScenario(seed: seed).run(on: ClusterFixture())
    }
}
