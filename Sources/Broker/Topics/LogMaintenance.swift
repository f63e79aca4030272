internal import LogCore
internal import Model
internal import Threads

/// Has the engine do what waits for the disk and serves no single partition, on a thread of its own: changes of topics
/// do not wait behind it.
actor LogMaintenance {
    private nonisolated let executor = ControlExecutor(name: "log-maintenance")
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    private let engine: any LogEngine

    init(engine: any LogEngine) { self.engine = engine }

    /// Removes expired records from every log.
    func applyRetention(now: Timestamp) { self.engine.applyRetention(now: now) }

    /// See `LogEngine.persistLogStarts`.
    func persistLogStarts() throws(LogError) { try self.engine.persistLogStarts() }
}
