package import Model

/// Makes metadata again from what the folders of partitions say: each knows the name and the ID of its topic. Pure.
///
/// What folders do not know is lost: partitions without records, settings, tags, shards that were split or merged,
/// consumers, secrets. A topic has as many partitions as the largest number says; the coordinators' topics have at
/// least their default, for keys are hashed over all of them.
package struct TopicsFromFolders: Sendable {
    package struct Folder: Sendable, Hashable {
        package var topic: String
        package var partition: Int32
        package var topicID: TopicID

        package init(topic: String, partition: Int32, topicID: TopicID) {
            self.topic = topic
            self.partition = partition
            self.topicID = topicID
        }
    }

    /// The topics, in the order of their names.
    package private(set) var topics: [Topic] = []
    /// To be committed in this order.
    package private(set) var transactions: [MetadataTransaction] = []
    /// What the next producer ID must be at least; `nil` when no partition has a producer.
    package private(set) var nextProducerID: Int64?
    /// Names that folders give to more than one topic, or that no topic may have: a person has to decide.
    package private(set) var refused: [(name: String, reason: String)] = []

    /// Raises the next producer ID, so that none is granted twice; `nil` when that is not needed.
    ///
    /// - Parameter current: the entry of `MetadataKeys.nextProducerID`.
    package func producerIDs(after current: MetadataEntry?) -> MetadataTransaction? {
        guard let next = self.nextProducerID else { return nil }
        if let current {
            var reader = FieldReader(current.value[...])
            if let stored = try? reader.fixed64(), stored >= UInt64(next) { return nil }
        }
        var writer = FieldWriter()
        writer.fixed64(UInt64(next))
        return MetadataTransaction(
            compares: [.isUnchanged(MetadataKeys.nextProducerID, since: current?.modRevision ?? 0)],
            success: [.put(key: MetadataKeys.nextProducerID, value: writer.bytes)]
        )
    }

    /// Producer IDs that may have been granted and are in no partition.
    private static let producerIDMargin: Int64 = 1_000_000

    /// - Parameters:
    ///   - image: the topics that the metadata has still.
    ///   - coordinatorPartitions: how many partitions the coordinators' topics have at least.
    ///   - largestProducerID: in any partition; -1 without one.
    ///   - configs: settings of topics by name, where something else than the folders knows them.
    package init(
        _ folders: [Folder],
        in image: TopicsImage,
        clusterID: String,
        coordinatorPartitions: Int,
        largestProducerID: Int64,
        configs: [String: [String: String]] = [:],
        now: Timestamp
    ) {
        self.transactions.append(ClusterIdentity(clusterID: clusterID, createdAt: now).plan())
        if largestProducerID >= 0, largestProducerID < Int64.max - 2 * Self.producerIDMargin {
            self.nextProducerID = largestProducerID + 1 + Self.producerIDMargin
        }
        var image = image
        for (name, folders) in Dictionary(grouping: folders, by: \.topic).sorted(by: { $0.key < $1.key }) {
            guard let id = folders.first?.topicID, folders.allSatisfy({ $0.topicID == id }) else {
                self.refused.append((name, "its folders name more than one topic"))
                continue
            }
            let isInternal = TopicName.isKafkaInternal(name)
            let count = Int(folders.map(\.partition).max() ?? 0) + 1
            let creation = TopicCreation(
                name: name,
                id: id,
                partitionCount: isInternal ? max(count, coordinatorPartitions) : count,
                configs: isInternal
                    ? ["cleanup.policy": "compact", "segment.bytes": "104857600"] : configs[name] ?? [:],
                origin: .kafka
            )
            do throws(TopicPlanError) {
                let plan = try TopicPlanner.createTopic(creation, in: image, now: now)
                image.assume(plan.topic)
                self.topics.append(plan.topic)
                self.transactions.append(plan.transaction)
            } catch {
                self.refused.append((name, error.message))
            }
        }
    }
}
