internal import CommandCore
internal import FoundationEssentials
internal import LogCore
internal import LogFiles
internal import Metadata
internal import MetadataSQLite
internal import Model
internal import NIOCore

extension ImportRun {
    /// Of the offsets topic that is made: the broker's default.
    private static let offsetsPartitions: Int32 = 50

    /// Writes the groups' offsets, moves the partitions to their places, makes the metadata, and lets the log engine
    /// start once on all of it.
    mutating func finish() async throws {
        guard let identity else { return }
        let folders =
            try self.writeOffsets()
            + self.rows.map { row in
                TopicsFromFolders.Folder(
                    topic: row.key.topic,
                    partition: row.key.partition,
                    topicID: self.topicIDs[row.key.topic] ?? .zero
                )
            }
        for name in Set(folders.map { "\($0.topic)-\($0.partition)" }) where self.work.has(name) {
            // An empty partition has no folder here.
            guard try !SegmentCopy.segments(of: self.work.directory(name)).isEmpty else { continue }
            try self.target.disk.rename(self.work.path(of: name), to: self.target.path(of: name))
        }
        let trimmed = self.rows.filter { $0.start > 0 }.map { ($0.key, $0.start) }
        if !trimmed.isEmpty {
            let checkpoint = OffsetCheckpoint(Dictionary(trimmed, uniquingKeysWith: { $1 }))
            try self.target.replace(FileNames.logStartOffsets, with: checkpoint.encoded())
        }
        let properties = DirectoryProperties(
            nodeID: BrokerID(self.nodeID),
            clusterID: identity.clusterID,
            directoryID: TopicID.random()
        )
        try self.target.replace(FileNames.properties, with: properties.encoded())
        try await self.makeMetadata(folders, clusterID: identity.clusterID)
        try self.target.synchronize()
        // The log engine takes the lock itself.
        self.lock?.release()
        try await RecoveryRun.run(self.target)
        try self.work.removeTree()
    }

    /// - Returns: the folders that were written.
    private mutating func writeOffsets() throws -> [TopicsFromFolders.Folder] {
        guard !self.offsets.commits.isEmpty else { return [] }
        let topicID = TopicID.random()
        let batches = self.offsets.batches(partitionCount: Self.offsetsPartitions, now: Clock.now)
        return try batches.map { partition, batches in
            let folder = "\(KafkaDirectory.offsetsTopic)-\(partition)"
            let directory = self.work.directory(folder)
            try directory.removeTree()
            try directory.create()
            let bytes = batches.reduce(into: [UInt8]()) { $0 += $1.readableBytesView }
            try directory.replace("00000000000000000000.log", with: bytes)
            try directory.replace(
                FileNames.partitionMetadata,
                with: PartitionMetadata(topicID: topicID).encoded(folder: folder)
            )
            return TopicsFromFolders.Folder(
                topic: KafkaDirectory.offsetsTopic,
                partition: partition,
                topicID: topicID
            )
        }
    }

    private mutating func makeMetadata(_ folders: [TopicsFromFolders.Folder], clusterID: String) async throws {
        var configs: [String: [String: String]] = [:]
        for topic in self.topicNames { configs[topic] = self.configs(of: topic) }
        let plan = TopicsFromFolders(
            folders,
            in: TopicsImage(),
            clusterID: clusterID,
            coordinatorPartitions: Int(Self.offsetsPartitions),
            largestProducerID: self.rows.map(\.largestProducerID).max() ?? -1,
            configs: configs,
            now: Clock.now
        )
        if let refused = plan.refused.first { throw Failure("topic \(refused.name): \(refused.reason)") }
        do throws(MetadataError) {
            let store = try SQLiteMetadataStore(path: self.target.path(of: Inspection.database))
            let current = try await store.get(MetadataKeys.nextProducerID).entry
            if let transaction = plan.producerIDs(after: current) { _ = try await store.commit(transaction) }
            for transaction in plan.transactions { _ = try await store.commit(transaction) }
            try await store.close()
        } catch {
            throw Failure(error.message)
        }
    }

    /// A topic's own settings; those that this server does not have, or does not take, are left out and named.
    private mutating func configs(of topic: String) -> [String: String] {
        guard self.hasMetadataLog else { return ["retention.ms": "-1"] }
        var kept: [String: String] = [:]
        for (name, value) in (self.metadata.configs[topic] ?? [:]).sorted(by: { $0.key < $1.key }) {
            do throws(ConfigError) {
                try TopicConfigs.validate(name: name, value: value)
                kept[name] = value
            } catch {
                self.notes.append("topic \(topic): \(name)=\(value) was left out: \(error.message)")
            }
        }
        return kept
    }
}
