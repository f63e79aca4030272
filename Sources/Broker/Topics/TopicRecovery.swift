internal import LogCore
internal import Logging
internal import Metadata
internal import Model
internal import Threads

/// The start of the control plane: ends an engine's recovery with the partitions that the metadata has.
///
/// Runs on the thread of the control plane, as opening logs may block.
actor TopicRecovery {
    /// What `TopicControl` continues with.
    struct Recovered<Engine: LogEngine>: Sendable {
        var engine: Engine
        var topics: RecoveredTopics
    }

    private nonisolated let executor: ControlExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    private let store: any MetadataStore
    private let ownership: any PartitionOwnership
    private let settings: BrokerSettings
    private let logger: Logger
    private let tasks: BackgroundTasks

    init(
        store: any MetadataStore,
        ownership: any PartitionOwnership,
        settings: BrokerSettings,
        logger: Logger,
        tasks: BackgroundTasks,
        executor: ControlExecutor
    ) {
        self.store = store
        self.ownership = ownership
        self.settings = settings
        self.logger = logger
        self.tasks = tasks
        self.executor = executor
    }

    /// Reads every topic, takes up deletions that an earlier run did not finish, and acquires the partitions of this
    /// broker.
    func recover<Recovering: RecoveringEngine & ~Copyable>(
        _ recovering: consuming Recovering
    ) async throws(BrokerError) -> Recovered<Recovering.Engine> {
        let image: TopicsImage
        do throws(MetadataError) {
            let notes = DeletionNotes(store: self.store, logger: self.logger)
            let (deletions, topics) = try await notes.pending()
            if !deletions.isEmpty {
                await recovering.delete(deletions) { [tasks] in
                    // The engine's thread must not wait for the metadata.
                    tasks.start { await notes.remove(topics) }
                }
            }
            image = try TopicsImage(try await self.store.range(.prefix(MetadataKeys.topics)))
        } catch {
            throw BrokerError(error)
        }
        let wanted = self.acquisitions(of: image)
        let recovered: RecoveredEngine<Recovering.Engine>
        do throws(LogError) {
            recovered = try await recovering.finish(acquiring: wanted)
        } catch {
            throw BrokerError(error)
        }
        var topics = RecoveredTopics(image: image)
        for (acquisition, log) in zip(wanted, recovered.logs) {
            topics.logs[acquisition.partition] = (acquisition.epoch, log)
        }
        return Recovered(engine: recovered.engine, topics: topics)
    }

    private func acquisitions(of image: TopicsImage) -> [LogAcquisition] {
        var wanted: [LogAcquisition] = []
        for topic in image.sortedTopics {
            let settings = self.settings.logSettings(for: topic)
            for (number, partition) in topic.partitions.enumerated() {
                let id = TopicPartition(topicID: topic.id, partition: Int32(number))
                guard
                    let leader = self.ownership.leader(of: id, recordedEpoch: partition.leaderEpoch),
                    leader.broker == self.settings.nodeID
                else { continue }
                wanted.append(
                    LogAcquisition(
                        partition: id,
                        topicName: topic.name,
                        settings: settings,
                        epoch: leader.epoch
                    )
                )
            }
        }
        return wanted
    }
}

/// The topics that a start found, and the logs that the recovery acquired for them.
struct RecoveredTopics: Sendable {
    var image: TopicsImage
    /// Each with the epoch that it was acquired for.
    var logs: [TopicPartition: (epoch: LeaderEpoch, result: Result<any PartitionLog, LogError>)] = [:]
}
