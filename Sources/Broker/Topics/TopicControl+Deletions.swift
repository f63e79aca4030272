internal import LogCore
internal import Logging
internal import Metadata
internal import Model

/// The data of deleted topics. The metadata remembers each deletion until the engine has carried it out, so that one
/// which a crash cut short is taken up at the next start.
extension TopicControl {
    /// Has the engine delete what this broker served of topics that are gone.
    func delete(_ topics: [HostedTopic]) async {
        guard !topics.isEmpty else { return }
        await self.delete(
            topics.flatMap { topic in
                topic.served.map { LogDeletion(partition: $0.partition, topicName: topic.name) }
            },
            of: topics.map(\.id)
        )
    }

    /// Takes up deletions that an earlier run did not finish. Before the topics of now are acquired: one may have the
    /// name of a deleted one.
    func resumeDeletions() async throws(MetadataError) {
        var deletions: [PendingDeletion] = []
        for entry in try await self.store.range(.prefix(MetadataKeys.deletions)).entries {
            deletions.append(try PendingDeletion.decode(entry))
        }
        guard !deletions.isEmpty else { return }
        await self.delete(
            deletions.flatMap { deletion in
                (0..<Int32(deletion.partitionCount)).map { number in
                    LogDeletion(
                        partition: TopicPartition(topicID: deletion.id, partition: number),
                        topicName: deletion.name
                    )
                }
            },
            of: deletions.map(\.id)
        )
    }

    private func delete(_ partitions: [LogDeletion], of topics: [TopicID]) async {
        await self.engine.delete(partitions) {
            // The engine's thread must not wait for the metadata.
            Task { await self.deletionsCleared(topics) }
        }
    }

    private func deletionsCleared(_ topics: [TopicID]) async {
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
