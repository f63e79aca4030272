package import LogCore

/// An `ObjectLogEngine` before it has acquired anything. There is nothing to replay: what a partition's log is, its
/// acquisition finds out.
package struct RecoveringObjectEngine: ~Copyable, RecoveringEngine {
    /// `nil` once the recovery has ended.
    private var engine: ObjectLogEngine?

    init(_ engine: ObjectLogEngine) { self.engine = engine }

    deinit { self.engine?.abandon() }

    private var recovering: ObjectLogEngine {
        guard let engine = self.engine else { preconditionFailure("the recovery has ended") }
        return engine
    }

    package borrowing func delete(_ partitions: [LogDeletion], whenCleared: @escaping @Sendable () -> Void) async {
        await self.recovering.delete(partitions, whenCleared: whenCleared)
    }

    package consuming func finish(
        acquiring wanted: [LogAcquisition]
    ) async throws(LogError) -> RecoveredEngine<ObjectLogEngine> {
        let engine = self.recovering
        self.engine = nil
        return RecoveredEngine(engine: engine, logs: wanted.isEmpty ? [] : await engine.acquire(wanted))
    }
}
