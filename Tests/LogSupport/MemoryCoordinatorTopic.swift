package import CoordinatorRuntime
package import LogCore
internal import Model

/// A coordinator's topic of logs in memory that outlives the services which use it.
// SAFETY: tests use one thread.
package final class MemoryCoordinatorTopic: CoordinatorTopic, @unchecked Sendable {
    package let name = "__memory"
    package let logs: [MemoryLog]
    package var exists = true
    package var failure: LogError?
    package var messageBytesMax = 1 << 20
    package var leaderEpoch: Int32 = 0
    /// Partitions open when `openAll` is called, and not before.
    package var isSlow = false
    private var waiting: [() -> Void] = []

    package init(partitionCount: Int = 1) { self.logs = (0..<partitionCount).map { _ in MemoryLog() } }

    package var partitionCount: Int32 { Int32(self.logs.count) }

    package func open(
        _ partition: Int32,
        completion: @escaping @Sendable (Result<CoordinatorPartition, LogError>) -> Void
    ) {
        if self.isSlow { return self.waiting.append { self.answer(partition, completion) } }
        self.answer(partition, completion)
    }

    /// Opens what was asked for while the topic was slow.
    package func openAll() {
        self.isSlow = false
        let waiting = self.waiting
        self.waiting = []
        for open in waiting { open() }
    }

    private func answer(
        _ partition: Int32,
        _ completion: @escaping @Sendable (Result<CoordinatorPartition, LogError>) -> Void
    ) {
        if let failure { return completion(.failure(failure)) }
        completion(
            .success(
                CoordinatorPartition(
                    log: self.logs[Int(partition)],
                    leaderEpoch: LeaderEpoch(self.leaderEpoch),
                    messageBytesMax: self.messageBytesMax
                )
            )
        )
    }
}
