package import LogCore
internal import LogObjects
internal import Metadata
internal import Model
internal import ObjectStore
internal import Synchronization
internal import Threads

/// Log start offsets in the heads.
extension ObjectLogEngine {
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
        let updates = self.logs.compactMap { log -> HeadUpdate? in
            log.head.withLock { head in
                guard head.state.logStart > head.durable.head.logStart else { return nil }
                return .logStart(log.partition, head.state.logStart)
            }
        }
        if updates.isEmpty { return nil }
        do throws(MaintenanceFailure) {
            try await self.closeUnfinished(of: .logStarts, now: self.time.wallMilliseconds)
            try await self.update(updates, for: .logStarts, now: self.time.wallMilliseconds)
            return nil
        } catch {
            switch error {
            case .ended: return LogError(.closed, "another broker has taken over")
            case .metadata(let error): return LogError(.storage, error.message)
            case .store(let error): return LogError(.storage, error.message)
            case .damaged(let reason): return LogError(.storage, reason)
            }
        }
    }
}
