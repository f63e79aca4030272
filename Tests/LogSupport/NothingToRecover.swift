package import LogCore

/// The start of an engine that keeps nothing across restarts: its recovery only acquires.
package struct NothingToRecover<Engine: LogEngine>: ~Copyable, RecoveringEngine {
    private let engine: Engine

    package init(_ engine: Engine) { self.engine = engine }

    package borrowing func delete(
        _ partitions: [LogDeletion],
        whenCleared: @escaping @Sendable () -> Void
    ) async {
        await self.engine.delete(partitions, whenCleared: whenCleared)
    }

    package consuming func finish(
        acquiring wanted: [LogAcquisition]
    ) async throws(LogError) -> RecoveredEngine<Engine> {
        let engine = self.engine
        if wanted.isEmpty { return RecoveredEngine(engine: engine, logs: []) }
        return RecoveredEngine(engine: engine, logs: await engine.acquire(wanted))
    }
}
