internal import LogCore
internal import Logging
internal import Model
internal import Synchronization

/// Data of partitions that the metadata does not know. Nothing here deletes any of it.
extension FileLogEngine {
    /// See `RecoveringFileEngine.storedPartitions`.
    func storedPartitions() throws(LogError) -> [OffsetCheckpoint.Key] {
        var keys: Set<OffsetCheckpoint.Key>
        do throws(FileError) {
            keys = Set(try self.directory.partitionFolders())
        } catch {
            throw LogError(.storage, error.description)
        }
        self.points.withLock { points in
            keys.formUnion(points.recovery.offsets.keys)
            keys.formUnion(points.logStarts.offsets.keys)
        }
        return keys.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }

    /// See `RecoveringFileEngine.setAside`.
    func setAside(_ strangers: [OffsetCheckpoint.Key]) throws(LogError) {
        do throws(FileError) {
            var found: [(key: OffsetCheckpoint.Key, folder: Directory, owner: TopicID?)] = []
            for key in strangers {
                let folder = self.directory.root.directory(FileNames.folder(topic: key.topic, partition: key.partition))
                found.append((key, folder, try folder.topicID(key)))
            }
            try self.forget(
                found.map { ($0.key, TopicPartition(topicID: $0.owner ?? .zero, partition: $0.key.partition)) }
            )
            for (key, folder, owner) in found where try folder.isDirectory() {
                let name = try self.directory.renameForeign(key, owner: owner, engine: self)
                self.logger.warning("set aside what the metadata does not know", metadata: ["folder": "\(name)"])
            }
            try self.directory.root.synchronize()
        } catch {
            throw LogError(.storage, error.description)
        }
    }
}
