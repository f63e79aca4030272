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
    /// Names that folders give to more than one topic, or that no topic may have: a person has to decide.
    package private(set) var refused: [(name: String, reason: String)] = []

    /// Producer IDs that may have been granted and are in no partition.
    private static let producerIDMargin: Int64 = 1_000_000

    /// - Parameters:
    ///   - coordinatorPartitions: how many partitions the coordinators' topics have at least.
    ///   - largestProducerID: in any partition; -1 without one.
    package init(
        _ folders: [Folder],
        clusterID: String,
        coordinatorPartitions: Int,
        largestProducerID: Int64,
        now: Timestamp
    ) {
        self.transactions.append(ClusterIdentity(clusterID: clusterID, createdAt: now).plan())
        let first = max(0, largestProducerID + 1)
        if largestProducerID >= 0, first <= Int64.max - Self.producerIDMargin {
            var writer = FieldWriter()
            writer.fixed64(UInt64(first + Self.producerIDMargin))
            self.transactions.append(
                MetadataTransaction(success: [.put(key: MetadataKeys.nextProducerID, value: writer.bytes)])
            )
        }
        var image = TopicsImage()
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
                configs: isInternal ? ["cleanup.policy": "compact", "segment.bytes": "104857600"] : [:],
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
