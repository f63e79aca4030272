internal import LogCore
internal import Logging
internal import Metadata
internal import Model

/// The metadata's notes of topics whose data is being deleted. They stay until the engine has carried the deletion out,
/// so that one which a crash cut short is taken up at the next start.
struct DeletionNotes: Sendable {
    let store: any MetadataStore
    let logger: Logger

    /// What is noted: the partitions, and the topics that they were of.
    func pending() async throws(MetadataError) -> (partitions: [LogDeletion], topics: [TopicID]) {
        var partitions: [LogDeletion] = []
        var topics: [TopicID] = []
        for entry in try await self.store.range(.prefix(MetadataKeys.deletions)).entries {
            let deletion = try PendingDeletion.decode(entry)
            topics.append(deletion.id)
            for number in 0..<Int32(deletion.partitionCount) {
                partitions.append(
                    LogDeletion(
                        partition: TopicPartition(topicID: deletion.id, partition: number),
                        topicName: deletion.name
                    )
                )
            }
        }
        return (partitions, topics)
    }

    /// The data of these topics is gone.
    func remove(_ topics: [TopicID]) async {
        for start in stride(from: 0, to: topics.count, by: MetadataLimits.operationsMax) {
            let part = topics[start..<min(start + MetadataLimits.operationsMax, topics.count)]
            do throws(MetadataError) {
                _ = try await self.store.commit(
                    MetadataTransaction(success: part.map { .delete(.key(MetadataKeys.deletion($0))) })
                )
            } catch {
                // The next start finds nothing to delete and says so again.
                self.logger.debug("a deletion stays noted", metadata: ["error": "\(error)"])
            }
        }
    }
}
