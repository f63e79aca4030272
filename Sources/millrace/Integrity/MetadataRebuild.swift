internal import FoundationEssentials
internal import LogCore
internal import LogFiles
internal import Metadata
internal import MetadataSQLite
internal import Model

/// Makes the metadata again from the partitions' folders, when both copies are lost.
struct MetadataRebuild {
    let topics: TopicsFromFolders

    /// - Returns: `nil` when the directory does not say which cluster it belongs to.
    init?(_ report: DirectoryReport) {
        guard let clusterID = report.properties?.clusterID else { return nil }
        let folders = report.partitions.compactMap { partition -> TopicsFromFolders.Folder? in
            guard let key = FileNames.parseFolder(partition.name), let topicID = partition.topicID else { return nil }
            return TopicsFromFolders.Folder(topic: key.topic, partition: key.partition, topicID: topicID)
        }
        self.topics = TopicsFromFolders(
            folders,
            clusterID: clusterID,
            coordinatorPartitions: 50,
            largestProducerID: report.partitions.map(\.largestProducerID).max() ?? -1,
            now: Int64(Date().timeIntervalSince1970 * 1000)
        )
    }

    /// Makes a whole store beside the old one; its copy's rename is the moment at which it counts: a start, and the end
    /// of this repair, make the database from the copy.
    func apply(to root: Directory, _ repair: DirectoryRepair) async throws(Failure) {
        let folder = root.directory("metadata-rebuilt")
        do {
            try folder.removeTree()
            try folder.create()
            let path = folder.path(of: Inspection.database)
            let store = try SQLiteMetadataStore(path: path)
            for transaction in self.topics.transactions { _ = try await store.commit(transaction) }
            try await store.close()
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
}
