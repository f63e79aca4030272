/// A log engine between its start and the end of its recovery.
///
/// The order of a start is this type: the partitions that the metadata knows are acquired together with the end of the
/// recovery, and only then there is an engine, and logs, that can be appended to or read. A value that is dropped
/// before that ends as a crash would, and leaves what it found.
package protocol RecoveringEngine: ~Copyable, Sendable {
    associatedtype Engine: LogEngine

    /// As `LogEngine.delete`: takes up deletions that an earlier run did not finish. They come first, as a partition
    /// that is acquired may have the name of a deleted one.
    borrowing func delete(_ partitions: [LogDeletion], whenCleared: @escaping @Sendable () -> Void) async

    /// Ends the recovery: acquires every partition that this broker leads, as `LogEngine.acquire`, and brings all of
    /// them to where the last run left them. What the engine has of others is dropped.
    ///
    /// Runs on the caller's executor and may block it.
    ///
    /// - Throws: when nothing can be recovered. One partition that cannot is a failure among the results.
    consuming func finish(acquiring wanted: [LogAcquisition]) async throws(LogError) -> RecoveredEngine<Engine>
}

/// An engine that serves, with the partitions that its recovery acquired.
package struct RecoveredEngine<Engine: LogEngine>: Sendable {
    package let engine: Engine
    /// One for each partition that was asked for, in order.
    package let logs: [Result<any PartitionLog, LogError>]

    package init(engine: Engine, logs: [Result<any PartitionLog, LogError>]) {
        self.engine = engine
        self.logs = logs
    }
}
