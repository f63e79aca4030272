package import LogCore
package import Model
package import NIOCore
package import Synchronization

/// Holds the reads of `MemoryPartitionLog`s until a test lets them go.
package final class MemoryLogEngine: LogEngine {
    package typealias Completion = @Sendable ([Result<FetchedRecords, LogError>]) -> Void

    package struct State {
        package var held: [(reads: [DeferredRead], completion: Completion)] = []
        /// Refuses reads.
        package var isBusy = false
        package var awaiting: [@Sendable () -> Void] = []
        /// How often `findOffsets` was called.
        package var searches = 0
        /// What a search finds.
        package var find: @Sendable (OffsetSearch) -> Result<TimestampedOffset?, LogError> = { _ in .success(nil) }
        package var logs: [TopicPartition: MemoryPartitionLog] = [:]
    }

    package let state = Mutex(State())

    package init() {}

    package var heldReads: Int { self.state.withLock { $0.held.count } }

    package func perform(_ reads: [DeferredRead], completion: @escaping Completion) {
        let isBusy = self.state.withLock { state in
            if !state.isBusy { state.held.append((reads, completion)) }
            return state.isBusy
        }
        if isBusy { completion(reads.map { _ in .failure(LogError(.readersBusy, "test")) }) }
    }

    /// Carries out what is held.
    package func release() {
        let held = self.state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for (reads, completion) in held {
            completion(
                reads.map { read in
                    Result { () throws(LogError) in
                        guard let log = read.log as? MemoryPartitionLog else { throw LogError(.storage, "another log") }
                        return try log.records(read.request)
                    }
                }
            )
        }
    }

    package func onReadRelief(on eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.state.withLock { state in state.awaiting.append { eventLoop.execute(action) } }
    }

    /// There is room for reads.
    package func relieve() {
        let awaiting = self.state.withLock { state in
            state.isBusy = false
            defer { state.awaiting = [] }
            return state.awaiting
        }
        for action in awaiting { action() }
    }

    package func findOffsets(
        _ searches: [OffsetSearch],
        completion: @escaping @Sendable ([Result<TimestampedOffset?, LogError>]) -> Void
    ) {
        let (isBusy, find) = self.state.withLock { state in
            state.searches += 1
            return (state.isBusy, state.find)
        }
        completion(searches.map { isBusy ? .failure(LogError(.readersBusy, "test")) : find($0) })
    }

    /// The log of a partition that is open.
    package func log(_ partition: Int32) -> MemoryPartitionLog? {
        self.state.withLock { state in state.logs.values.first { $0.partition.partition == partition } }
    }

    package func acquire(_ wanted: [LogAcquisition]) async -> [Result<any PartitionLog, LogError>] {
        wanted.map { acquisition in
            let log = MemoryPartitionLog(acquisition.partition)
            self.state.withLock { $0.logs[acquisition.partition] = log }
            return .success(log)
        }
    }

    package func release(_ partitions: [TopicPartition]) async { self.end(partitions, .closed) }

    package func delete(_ partitions: [LogDeletion], whenCleared: @escaping @Sendable () -> Void) async {
        self.end(partitions.map(\.partition), .partitionGone)
        whenCleared()
    }

    private func end(_ partitions: [TopicPartition], _ code: LogError.Code) {
        for partition in partitions {
            self.state.withLock { $0.logs.removeValue(forKey: partition) }?.fail(code)
        }
    }

    package func applyRetention(now: Timestamp) {}
    package func close() throws(LogError) {}
}
