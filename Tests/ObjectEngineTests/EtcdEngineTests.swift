import EtcdTestSupport
import LogCore
import LogObjects
import MetadataEtcd
import Model
import Testing

@testable import ObjectEngine

/// The engine on a real etcd.
@Suite(
    .enabled(if: EtcdCluster.binary != nil, "etcd is not there: scripts/engines/etcd fetch"),
    .timeLimit(.minutes(20)),
    .serialized
)
struct EtcdEngineTests {
    @Test func `every record is there once and in order after all changes of owners`() async throws {
        let running = try await RunningStore(EtcdCluster.shared.value.settings())
        var scenario = FailoverScenario(seed: 11)
        scenario.losesAnswers = false
        try await scenario.run(on: ClusterFixture(running.store))
        await running.stop()
    }

    @Test func `a fenced owner acknowledges nothing more`() async throws {
        let running = try await RunningStore(EtcdCluster.shared.value.settings())
        let fixture = ClusterFixture(running.store)
        let (old, logs) = try await fixture.takeOver()
        try await logs[0].write(makeBatch(0..<5))
        let (new, successors) = try await fixture.takeOver()
        let waiter = TestWaiter()
        _ = try logs[0].append(makeBatch(5..<9), options: logs[0].options(), waiter: waiter)
        #expect(await waiter.wait()?.code == .closed)
        #expect(try await successors[0].numbers() == Array(0..<5))
        try? await old.shutDown()
        try await new.shutDown()
        await running.stop()
    }

    @Test func `deleted records stay deleted, and commits continue behind a rewritten ownership key`() async throws {
        let running = try await RunningStore(EtcdCluster.shared.value.settings())
        let fixture = ClusterFixture(running.store)
        let (first, logs) = try await fixture.takeOver()
        for start in 0..<4 { try await logs[0].write(makeBatch(start..<(start + 1))) }
        #expect(try logs[0].deleteRecords(before: 2) == 2)
        #expect(await first.saveLogStarts() == nil)
        try await logs[0].write(makeBatch(4..<5))
        first.abandon()
        let (second, successors) = try await fixture.takeOver()
        #expect(successors[0].offsets.logStart == 2)
        #expect(try await successors[0].numbers() == [2, 3, 4])
        try await second.shutDown()
        await running.stop()
    }
}
