import LogCore
import Logging
import Model
import RecordBatch
import Synchronization
import Testing

@testable import LogFiles
@testable import Simulation

/// The scrubber's own thread, under the simulated clock and disk.
@Suite(.timeLimit(.minutes(20))) struct ScrubberSimulationTests {
    @Test func `the scrubber keeps to its rate and ends with the engine`() throws {
        let scheduler = SimulatedScheduler(seed: 3)
        let disk = SimulatedDisk(seed: 4, on: scheduler)
        var settings = EngineSettings()
        settings.journal.fileBytes = 64 << 10
        settings.journal.prepareAfterBytes = .max
        settings.reserveBytes = 0
        settings.readerCount = 1
        settings.scrubBytesPerSecond = 100
        settings.scrubIntervalMilliseconds = 3_600_000
        let recovering = try FileLogEngine.start(
            path: "/data",
            properties: EngineSimulation.properties,
            settings: settings,
            environment: EngineEnvironment(disk: disk, time: scheduler, threads: scheduler, random: { 7 }),
            logger: Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let recovered = try recovering.finish(
            opening: [
                LogAcquisition(
                    partition: TopicPartition(topicID: TopicID(high: 1, low: 1), partition: 0),
                    topicName: "orders",
                    settings: LogSettings(),
                    epoch: LeaderEpoch(0)
                )
            ]
        )
        let log = try #require(try recovered.logs[0].get() as? FilePartitionLog)
        for number in 0..<20 {
            var builder = RecordBatchBuilder()
            builder.append(key: nil, value: SimulatedClients.bytes(of: number, count: 500), timestamp: 1)
            let options = AppendOptions(origin: .client, leaderEpoch: LeaderEpoch(0), now: 1, acknowledge: .durable)
            _ = try log.append(try builder.finishValidated(), options: options, waiter: nil as (any DurabilityWaiter)?)
            scheduler.sleep(nanoseconds: 200_000_000)
        }
        // A minute before the first pass, which then takes a second for every hundred bytes.
        scheduler.sleep(nanoseconds: 30_000_000_000)
        #expect(recovered.engine.scrubProgress?.bytesVerified == 0)
        scheduler.sleep(nanoseconds: 60_000_000_000)
        let early = try #require(recovered.engine.scrubProgress)
        #expect(early.bytesVerified > 0 && early.bytesVerified < 6_000)
        #expect(early.passes == 0)
        scheduler.sleep(nanoseconds: 200_000_000_000)
        let late = try #require(recovered.engine.scrubProgress)
        #expect(late.bytesVerified == log.sizeBytes)
        #expect(late.passes == 1)
        #expect(late.damagedRangesFound == 0)
        try recovered.engine.close()
    }
}
