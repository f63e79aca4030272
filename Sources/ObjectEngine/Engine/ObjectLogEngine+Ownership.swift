package import LogCore
internal import LogObjects
internal import Logging
internal import Metadata
package import Model
internal import Synchronization
internal import Threads

/// Partitions go: released, deleted; and the engine ends.
extension ObjectLogEngine {
    /// See `LogEngine.release`. When it returns, all that was appended is committed: who acquires the partitions reads
    /// it from the commit records of this incarnation.
    package func release(_ partitions: [TopicPartition]) async {
        let logs = self.registry.withLock { registry in partitions.compactMap { registry.logs[$0] } }
        guard !logs.isEmpty else { return }
        // Appends are refused from here on; those before are committed.
        for log in logs { log.head.withLock { $0.state.makeAvailable(.closed) } }
        _ = await self.driver.drain()
        for log in logs {
            log.end(.closed, error: LogError(.closed, "the partition was released"))
            log.forget()
            self.compactions.forget(log.partition)
        }
        self.registry.withLock { registry in
            for log in logs { registry.logs[log.partition] = nil }
        }
    }

    /// See `LogEngine.delete`. Nobody takes a later partition for this one, since topic IDs are never used again; what
    /// etcd and the store have of it is garbage from now on.
    package func delete(_ partitions: [LogDeletion], whenCleared: @escaping @Sendable () -> Void) async {
        for deletion in partitions {
            guard let log = self.registry.withLock({ $0.logs.removeValue(forKey: deletion.partition) }) else {
                continue
            }
            log.end(.gone, error: LogError(.partitionGone, "the partition was deleted"))
            log.forget()
            self.compactions.forget(log.partition)
        }
        self.checkpoints.deleted(partitions.map(\.partition))
        self.deletedTopics.withLock { $0.formUnion(partitions.map(\.partition.topicID)) }
        whenCleared()
    }

    /// Topics of which partitions were deleted here since the last call, for `GarbageCollector`.
    package func takeDeletedTopics() -> [TopicID] {
        self.deletedTopics.withLock { topics in
            defer { topics = [] }
            return topics.sorted()
        }
    }

    /// See `LogEngine.applyRetention`. Blocking, for the log start offsets become durable.
    package func applyRetention(now: Timestamp) {
        for log in self.logs { log.applyRetention(now: now) }
        do throws(LogError) {
            try self.persistLogStarts()
        } catch {
            self.logger.error("log start offsets are not durable yet", metadata: ["error": "\(error.message)"])
        }
    }

    /// Commits what was appended and ends. Blocking; the partitions stay this incarnation's until it is fenced.
    package func close() throws(LogError) {
        let logs = self.registry.withLock { registry -> [ObjectPartitionLog]? in
            if registry.isClosed { return nil }
            registry.isClosed = true
            return Array(registry.logs.values)
        }
        guard let logs else { return }
        for log in logs { log.head.withLock { $0.state.makeAvailable(.closed) } }
        let drained = self.threads.makeSemaphore()
        let isCommitted = Mutex(false)
        self.driver.post(
            .drain { result in
                isCommitted.withLock { $0 = result }
                drained.signal()
            }
        )
        let isInTime = drained.wait(nanosecondsMax: self.settings.closeTimeout.nanoseconds)
        self.budget.set(.end)
        self.checkpoints.stop()
        self.compactions.stop()
        self.driver.end()
        for log in logs { log.end(.closed, error: LogError(.closed, "the log is closed")) }
        self.registry.withLock { $0.logs = [:] }
        guard isInTime, isCommitted.withLock({ $0 }) else {
            throw LogError(.storage, "what was appended last could not be committed")
        }
    }

    /// Ends as a crash would: nothing is written any more. For tests, and for a start that gives up.
    package func abandon() {
        let logs = self.registry.withLock { registry -> [ObjectPartitionLog]? in
            if registry.isClosed { return nil }
            registry.isClosed = true
            defer { registry.logs = [:] }
            return Array(registry.logs.values)
        }
        guard let logs else { return }
        self.checkpoints.stop()
        self.compactions.stop()
        self.driver.isAbandoned.store(true, ordering: .relaxed)
        self.budget.set(.end)
        self.driver.end()
        for log in logs { log.end(.closed, error: LogError(.closed, "the log is closed")) }
    }
}
