internal import LogCore
internal import Threads

/// Has the engine carry out transfers, on a thread of its own: an engine may block the thread that calls it. Pieces of
/// work of an engine that waits without blocking overlap.
actor LogTransferRunner {
    private nonisolated let executor = ControlExecutor(name: "log-transfers")
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    private let engine: any LogEngine

    init(engine: any LogEngine) { self.engine = engine }

    /// - Parameter whenCleared: called once the data of what was deleted is gone, on a thread of the engine.
    /// - Returns: a result for each acquisition, in order.
    func perform(
        _ work: LogTransfers.Work,
        whenCleared: @escaping @Sendable () -> Void
    ) async -> [Result<any PartitionLog, LogError>] {
        if !work.releases.isEmpty { await self.engine.release(work.releases) }
        if !work.deletions.isEmpty { await self.engine.delete(work.deletions, whenCleared: whenCleared) }
        if work.acquisitions.isEmpty { return [] }
        return await self.engine.acquire(work.acquisitions)
    }
}
