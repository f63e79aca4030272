internal import LogCore
internal import LogFiles
internal import Model
internal import Synchronization
internal import Threads

/// What was read of one partition from end to end.
struct PartitionReading {
    var records: [(offset: Offset, value: Int)] = []
    /// Offsets that were refused as damaged.
    var damaged: Set<Offset> = []
    var start: Offset
    var end: Offset
}

extension SimulatedClients {
    /// Files were damaged since the last process.
    ///
    /// - Parameter path: of the file.
    func damaged(_ path: String) {
        self.state.withLock { state in
            state.isDamaged = true
            // The end of the journal cannot be told from a write that a crash cut off.
            if path.contains("/journal/") { state.mayLoseTail = true }
            // What skips the journal is in one place alone until a checkpoint forces it. Damage there looks like a
            // write that a crash cut off, and the log ends before it with a warning.
            for index in state.histories.indices where path.contains("/\(state.histories[index].name)/") {
                state.histories[index].lostPower()
            }
        }
    }

    /// A partition does not serve in this process, or only later.
    func wentOffline() { self.state.withLock { $0.offline += 1 } }

    /// Whether anything was ever damaged.
    var isDamaged: Bool { self.state.withLock { $0.isDamaged } }

    /// Reads a partition from its start to its end, past what is damaged.
    ///
    /// - Returns: `nil` when it cannot be read and `isExcused` holds.
    func readWhole(
        _ engine: FileLogEngine,
        _ log: FilePartitionLog,
        _ name: String,
        _ failure: (String) -> SimulationFailure,
        isExcused: () -> Bool
    ) throws(SimulationFailure) -> PartitionReading? {
        let offsets = log.offsets
        var reading = PartitionReading(start: offsets.logStart, end: offsets.logEnd)
        var next = offsets.logStart
        while next < offsets.highWatermark {
            switch self.fetchAndWait(engine, log, next) {
            case .success(let found):
                guard let last = found.last else { throw failure("\(name): nothing is read at \(next)") }
                reading.records += found
                next = last.offset + 1
            case .failure(let error):
                if isExcused() { return nil }
                guard self.isDamaged, error.code == .corruptBatch else {
                    throw failure("\(name) cannot be read at \(next): \(error.message)")
                }
                self.scheduler.note("damaged \(name)", next)
                reading.damaged.insert(next)
                next += 1
            }
        }
        return reading
    }
}
