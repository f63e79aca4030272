package import Model

/// Several topics in one transaction.
package struct TopicBatch: Sendable, Equatable {
    package var transaction: MetadataTransaction
    /// What is made or deleted, in the order of the request.
    package var topics: [Topic]
}

extension TopicPlanner {
    /// Topics in one transaction: two compares and two or three writes for each, and one of either for the list of
    /// deleted ones (`MetadataLimits.operationsMax`).
    package static let batchMax = 40

    /// Topics that are made together; plan each with `createTopic` on an image that has those before it.
    ///
    /// Of two that share a transaction neither can come first without the other: when the commit's compares fail, plan
    /// each again.
    package static func batches(creating plans: [TopicPlan]) -> [TopicBatch] {
        var batches: [TopicBatch] = []
        var bytes = 0
        for plan in plans {
            let size = plan.transaction.success.reduce(0) { sum, operation in
                guard case .put(let key, let value, _) = operation else { return sum }
                return sum + value.count + 2 * key.bytes.count
            }
            if batches.last.map({ $0.topics.count >= Self.batchMax }) ?? true
                || bytes + size > MetadataLimits.transactionBytesMax - 4096
            {
                batches.append(TopicBatch(transaction: MetadataTransaction(success: []), topics: []))
                bytes = 0
            }
            bytes += size
            let last = batches.count - 1
            var transaction = plan.transaction
            // All of them compare the list of deleted topics; once is enough.
            if !batches[last].topics.isEmpty {
                transaction.compares.removeAll { $0.key == MetadataKeys.retiredStreams }
            }
            batches[last].transaction.merge(transaction)
            batches[last].topics.append(plan.topic)
        }
        return batches
    }

    /// Deletes topics in one transaction; at most `batchMax`.
    ///
    /// - Parameter retired: the list of deleted topics as it is stored; `TopicsImage.retired`.
    /// - Returns: the transaction, and the list as it is after it, without its new revision.
    package static func deleteTopics(
        _ topics: [Topic],
        retired: RetiredStreams,
        now: Timestamp
    ) -> (transaction: MetadataTransaction, retired: RetiredStreams) {
        var retired = retired
        let key = MetadataKeys.retiredStreams
        var transaction = MetadataTransaction(
            compares: [.isUnchanged(key, since: retired.modRevision)],
            success: []
        )
        for topic in topics {
            retired.retire(topic, now: now)
            let topicKey = MetadataKeys.topic(name: topic.name)
            transaction.compares.append(.isUnchanged(topicKey, since: topic.modRevision))
            transaction.success += [
                .delete(.key(topicKey)), .delete(.key(MetadataKeys.topicID(topic.id))),
                .put(key: MetadataKeys.deletion(topic.id), value: PendingDeletion(topic).encoded()),
            ]
        }
        transaction.success.append(.put(key: key, value: retired.encoded()))
        return (transaction, retired)
    }
}
