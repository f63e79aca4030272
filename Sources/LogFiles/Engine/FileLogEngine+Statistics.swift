package import LogCore
internal import Model
internal import Synchronization
internal import Threads

/// Bytes of segments that were deleted, by reason.
struct DeletedBytes: ~Copyable, Sendable {
    private let counts: InlineArray<3, Atomic<UInt64>>

    init() { self.counts = InlineArray { _ in Atomic(0) } }

    private static func index(_ reason: LogEngineStatistics.DeletionReason) -> Int {
        switch reason {
        case .retention: 0
        case .deleteRecords: 1
        case .topic: 2
        }
    }

    func add(_ bytes: Int64, _ reason: LogEngineStatistics.DeletionReason) {
        self.counts[Self.index(reason)].wrappingAdd(UInt64(max(0, bytes)), ordering: .relaxed)
    }

    var current: [(reason: LogEngineStatistics.DeletionReason, bytes: UInt64)] {
        LogEngineStatistics.DeletionReason.allCases.map {
            ($0, self.counts[Self.index($0)].load(ordering: .relaxed))
        }
    }
}

extension FileLogEngine {
    package var statistics: LogEngineStatistics? {
        var statistics = LogEngineStatistics()
        statistics.journalWrites = self.journal.writes.counts
        statistics.journalWrittenBytes = self.journal.writtenBytes.load(ordering: .relaxed)
        statistics.journalQueuedBytes = self.journal.queuedBytes
        let dirtySince = self.keeperState.withLock { $0.dirtySince }
        if dirtySince > 0 {
            let milliseconds = self.environment.time.monotonicMilliseconds - dirtySince
            statistics.checkpointAgeSeconds = Double(max(0, milliseconds)) / 1000
        }
        statistics.deletedBytes = self.deletedBytes.current
        let retained = self.retained.withLock { $0.bytes }
        statistics.pools = [
            .init(name: "log_tail", limitBytes: self.settings.tailBytesMax, usedBytes: Int64(retained)),
            .init(
                name: "log_unwritten",
                limitBytes: self.budget.unwrittenBytesMax,
                usedBytes: self.budget.unwrittenBytes
            ),
        ]
        return statistics
    }
}
