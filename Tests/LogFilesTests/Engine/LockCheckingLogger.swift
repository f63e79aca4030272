import Logging
import Synchronization
import Testing

@testable import LogFiles

/// Partitions whose head must not be locked when a line is logged: writing a line may wait for a pipe that nobody
/// reads, and every client of the partition with it.
final class WatchedHeads: Sendable {
    private struct Weak {
        weak var log: FilePartitionLog?
    }

    private let logs = Mutex<[Weak]>([])

    func watch(_ logs: [FilePartitionLog]) {
        self.logs.withLock { $0 += logs.map { Weak(log: $0) } }
    }

    /// The name of a partition whose head is locked, and stays so for as long as `patience`: others hold it for
    /// microseconds, and the thread that logs would hold it for good.
    func locked(patience: Duration) -> String? {
        for log in self.logs.withLock({ $0.compactMap(\.log) }) where !Self.isFree(log, patience) { return log.name }
        return nil
    }

    private static func isFree(_ log: FilePartitionLog, _ patience: Duration) -> Bool {
        let end = ContinuousClock.now + patience
        repeat {
            if log.head.withLockIfAvailable({ _ in true }) != nil { return true }
        } while ContinuousClock.now < end
        return false
    }
}

/// Drops every line, of every level, and records an issue for one that is logged under the lock of a head.
struct LockCheckingLogHandler: LogHandler {
    let heads: WatchedHeads
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        guard let name = self.heads.locked(patience: .seconds(20)) else { return }
        Issue.record("“\(event.message)” is logged under the lock of \(name) (\(event.file):\(event.line))")
    }
}

@Suite struct LockCheckingLoggerTests {
    /// What the log lines of every other suite here are checked with.
    @Test func `a head that is locked by the thread that logs is noticed`() throws {
        let fixture = try EngineFixture()
        let (engine, logs) = try fixture.startWithLogs()
        #expect(fixture.heads.locked(patience: .seconds(20)) == nil)
        let found = logs[0].head.withLock { _ in fixture.heads.locked(patience: .milliseconds(20)) }
        #expect(found == logs[0].name)
        try engine.close()
    }
}
