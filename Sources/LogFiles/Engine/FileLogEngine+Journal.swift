internal import LogCore
internal import Logging
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Synchronization
internal import Threads

extension FileLogEngine {
    /// Entries of one partition within a round.
    private struct Touched {
        let log: FilePartitionLog
        var end: Offset
        var count: Int
    }

    /// The journal answered a round. Runs on its thread, with no lock held.
    func answered(_ round: JournalRound) {
        if self.isAbandoned.load(ordering: .relaxed) { return }
        var touched: [Touched] = []
        var indexes: [ObjectIdentifier: Int] = [:]
        for entry in round.entries {
            // Neighbours of one partition are the common case and need no hashing.
            if let last = touched.last, last.log === entry.owner {
                touched[touched.count - 1].end = entry.nextOffset
                touched[touched.count - 1].count += 1
            } else if let index = indexes[ObjectIdentifier(entry.owner)] {
                touched[index].end = entry.nextOffset
                touched[index].count += 1
            } else if let log = entry.owner as? FilePartitionLog {
                indexes[ObjectIdentifier(log)] = touched.count
                touched.append(Touched(log: log, end: entry.nextOffset, count: 1))
            }
        }
        if let error = round.error {
            self.refused(touched, error)
        } else {
            self.becameDurable(touched, bytes: round.entries.reduce(0) { $0 + $1.byteCount })
            self.answeredEnd.withLock { $0 = max($0, round.end) }
        }
        if self.registry.withLock({ $0.isClosed || $0.isReleasing }) { self.roundAnswered.signal() }
    }

    private func becameDurable(_ touched: [Touched], bytes: Int) {
        var wakeups = Wakeups()
        var toWrite: [FilePartitionLog] = []
        for item in touched {
            if item.log.journaled(to: item.end, count: item.count, &wakeups) { toWrite.append(item.log) }
        }
        // Acknowledgements first: the segments can wait.
        wakeups.send()
        self.gather(toWrite, bytes: bytes)
    }

    private func refused(_ touched: [Touched], _ error: JournalError) {
        switch error {
        case .diskFull, .transient: break
        case .closed: self.budget.set(.end)
        case .storage, .incompatible:
            self.budget.set(.end)
            self.failed(error.description)
        }
        for item in touched {
            switch error {
            case .diskFull:
                if item.log.refusedByJournal(count: item.count) {
                    item.log.rollBackUndurable(LogError(.diskFull, error.description))
                }
            case .transient:
                if item.log.refusedByJournal(count: item.count) {
                    item.log.rollBackUndurable(LogError(.overloaded, error.description))
                }
            case .closed:
                item.log.end(.closed, error: LogError(.closed, error.description))
            case .storage, .incompatible:
                item.log.goOffline(LogError(.storage, error.description))
            }
        }
    }
}

extension FilePartitionLog {
    /// The order in which partitions are worked on, the same in every run.
    func isBefore(_ other: FilePartitionLog) -> Bool {
        let (left, right) = (self.partition, other.partition)
        return (left.topicID.high, left.topicID.low, left.partition)
            < (right.topicID.high, right.topicID.low, right.partition)
    }
}
