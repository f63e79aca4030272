package import LogCore
internal import LogObjects
internal import Metadata
internal import Model
internal import Synchronization
internal import Threads

/// Log start offsets in the heads.
extension ObjectLogEngine {
    /// Heads in one transaction: each takes a compare and a write, beside those of the ownership key.
    static let headsPerTransaction = 100

    /// See `LogEngine.persistLogStarts`. Blocking: not for an event loop or Swift's pool.
    package func persistLogStarts() throws(LogError) {
        let done = self.threads.makeSemaphore()
        let failure = Mutex<LogError?>(nil)
        Task {
            let error = await self.saveLogStarts()
            failure.withLock { $0 = error }
            done.signal()
        }
        done.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// Writes the heads whose log start offset moved since they were written.
    func saveLogStarts() async -> LogError? {
        // Others change heads as well: what they were in the way of is written in the next round.
        for _ in 0..<16 {
            let moved = self.logs.compactMap {
                log -> (log: ObjectPartitionLog, was: DurableHead, head: PartitionHead)? in
                log.head.withLock { head in
                    guard head.state.logStart > head.durable.head.logStart else { return nil }
                    var changed = head.durable.head
                    changed.logStart = head.state.logStart
                    return (log, head.durable, changed)
                }
            }
            if moved.isEmpty { return nil }
            for start in stride(from: 0, to: moved.count, by: Self.headsPerTransaction) {
                let some = moved[start..<min(start + Self.headsPerTransaction, moved.count)]
                let decision = await self.driver.run { completion in
                    MaintenanceRequest(
                        compares: some.map {
                            .isUnchanged(EngineKeys.head($0.log.partition), since: $0.was.revision)
                        },
                        operations: some.map {
                            .put(key: EngineKeys.head($0.log.partition), value: $0.head.encoded())
                        },
                        completion: completion
                    )
                }
                switch decision {
                case .done(let revision):
                    for (log, _, head) in some {
                        log.head.withLock { $0.durable = DurableHead(head: head, revision: revision) }
                    }
                case .conflict: continue
                case .fenced: return LogError(.closed, "another broker has taken over")
                }
            }
        }
        return LogError(.storage, "heads change too often to write log start offsets")
    }
}
