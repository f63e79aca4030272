internal import FoundationEssentials
internal import LogCore
internal import LogFiles
internal import Metadata
internal import MetadataSQLite
internal import Model

/// Makes topics again from the partitions' folders that the metadata does not know: all of them when both copies of it
/// are lost.
struct MetadataRebuild {
    let topics: TopicsFromFolders
    /// Neither copy can be used.
    private let isLost: Bool

    /// - Returns: `nil` when every folder is known, or the directory does not say which cluster it belongs to.
    init?(_ found: Inspection) {
        let image = found.topics?.image ?? TopicsImage()
        let deleting = Set(found.topics?.deletions.map(\.name) ?? [])
        let folders = found.report.partitions.compactMap { partition -> TopicsFromFolders.Folder? in
            guard let key = FileNames.parseFolder(partition.name), let topicID = partition.topicID,
                image[name: key.topic] == nil, !deleting.contains(key.topic)
            else { return nil }
            return TopicsFromFolders.Folder(topic: key.topic, partition: key.partition, topicID: topicID)
        }
        guard let clusterID = found.report.properties?.clusterID, !folders.isEmpty else { return nil }
        self.isLost = found.topics == nil
        self.topics = TopicsFromFolders(
            folders,
            in: image,
            clusterID: clusterID,
            coordinatorPartitions: 50,
            largestProducerID: found.report.partitions.map(\.largestProducerID).max() ?? -1,
            now: Int64(Date().timeIntervalSince1970 * 1000)
        )
    }

    func apply(to root: Directory, _ repair: DirectoryRepair) async throws(Failure) {
        do {
            guard self.isLost else { return try await self.fill(root.path(of: Inspection.database)) }
            // A whole store beside the old one. Its copy's rename is the moment at which it counts: a start, and the
            // end of this repair, make the database from the copy.
            let folder = root.directory("metadata-rebuilt")
            try folder.removeTree()
            try folder.create()
            try await self.fill(folder.path(of: Inspection.database))
            for suffix in ["", "-wal", "-journal"] where root.has(Inspection.database + suffix) {
                try repair.perform(.setAsideFile(Inspection.database + suffix))
            }
            if root.has(Inspection.mirror) { try repair.perform(.setAsideFile(Inspection.mirror)) }
            try root.disk.rename(folder.path(of: Inspection.mirror), to: root.path(of: Inspection.mirror))
            try root.synchronize()
            try folder.removeTree()
        } catch let error as MetadataError {
            throw Failure(error.message)
        } catch let error as LogError {
            throw Failure(error.message)
        } catch {
            throw Failure("\(error)")
        }
    }

    private func fill(_ path: String) async throws {
        let store = try SQLiteMetadataStore(path: path)
        let current = try await store.get(MetadataKeys.nextProducerID).entry
        if let transaction = self.topics.producerIDs(after: current) { _ = try await store.commit(transaction) }
        for transaction in self.topics.transactions { _ = try await store.commit(transaction) }
        try await store.close()
    }
}
