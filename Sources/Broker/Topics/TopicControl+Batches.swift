internal import LogCore
internal import Logging
package import Metadata
package import Model

/// Topics are made and deleted many at a time: a transaction holds as many as the store takes, and the table of topics
/// is published once for each.
extension TopicControl {
    /// Creates a topic or stream (`mapping.md`: the same act).
    ///
    /// - Parameter validateOnly: only checks whether it could be done.
    package func createTopic(
        _ creation: TopicCreation,
        validateOnly: Bool = false
    ) async throws(BrokerError) -> Topic {
        try await self.createTopics([creation], validateOnly: validateOnly)[0].get()
    }

    /// Creates topics, each for itself: one that is refused does not concern the others.
    ///
    /// - Returns: one result for each, in order.
    package func createTopics(
        _ creations: [TopicCreation],
        validateOnly: Bool = false
    ) async -> [Result<Topic, BrokerError>] {
        var results = Outcomes<Topic>(count: creations.count)
        for _ in 0..<Self.attemptsMax where !results.isComplete {
            // Plans see those before them: two of one request may collide.
            var image = self.image
            let now = self.environment.now()
            var partitionsLeft = self.partitionsLeft
            var plans: [TopicPlan] = []
            var places: [Int] = []
            for index in results.open {
                do throws(BrokerError) {
                    let plan = try Self.planned { () throws(TopicPlanError) in
                        try TopicPlanner.createTopic(creations[index], in: image, now: now)
                    }
                    let count = plan.topic.partitions.count
                    try self.checkRoom(for: count, of: plan.topic.name, left: &partitionsLeft)
                    image.assume(plan.topic)
                    if validateOnly {
                        results[index] = .success(plan.topic)
                    } else {
                        plans.append(plan)
                        places.append(index)
                    }
                } catch {
                    results[index] = .failure(error)
                    // The metadata is ahead of what is served: who hears that a topic exists finds it.
                    results.revision = max(results.revision, self.image.revision)
                }
            }
            var done = 0
            for batch in TopicPlanner.batches(creating: plans) {
                let batchPlaces = places[done..<(done + batch.topics.count)]
                done += batch.topics.count
                await self.commit(batch.transaction, of: batchPlaces, to: &results) { index, revision in
                    var topic = batch.topics[index]
                    topic.modRevision = revision
                    return topic
                }
            }
            await self.served(&results)
        }
        return results.finished { Self.conflict(creations[$0].name) }
    }

    private static func planned(_ plan: () throws(TopicPlanError) -> TopicPlan) throws(BrokerError) -> TopicPlan {
        do throws(TopicPlanError) {
            return try plan()
        } catch {
            throw BrokerError(error)
        }
    }

    /// Deletes a topic or stream with its data.
    ///
    /// - Parameter id: refuses to delete another incarnation of the name; `nil` deletes whichever there is.
    package func deleteTopic(named name: String, id: TopicID? = nil) async throws(BrokerError) {
        try await self.deleteTopics([(name, id)])[0].get()
    }

    /// Deletes topics with their data, each for itself, as `deleteTopic`.
    ///
    /// - Returns: one result for each, in order.
    package func deleteTopics(_ names: [(name: String, id: TopicID?)]) async -> [Result<Void, BrokerError>] {
        var results = Outcomes<Void>(count: names.count)
        for _ in 0..<Self.attemptsMax where !results.isComplete {
            var image = self.image
            var topics: [Topic] = []
            var places: [Int] = []
            for index in results.open {
                do throws(BrokerError) {
                    let topic = try Self.topic(names[index], in: image)
                    image.assumeDeleted(topic)
                    topics.append(topic)
                    places.append(index)
                } catch {
                    results[index] = .failure(error)
                }
            }
            var retired = self.image.retired
            for start in stride(from: 0, to: topics.count, by: TopicPlanner.batchMax) {
                let range = start..<min(start + TopicPlanner.batchMax, topics.count)
                let plan = TopicPlanner.deleteTopics(
                    Array(topics[range]),
                    retired: retired,
                    now: self.environment.now()
                )
                let outcome = await self.commit(plan.transaction, of: places[range], to: &results) { _, _ in }
                // The next batch adds to what this one wrote.
                guard let outcome, outcome.succeeded else { break }
                retired = plan.retired
                retired.modRevision = outcome.revision
            }
            await self.served(&results)
        }
        return results.finished { Self.conflict(names[$0].name) }
    }

    private static func topic(
        _ asked: (name: String, id: TopicID?),
        in image: TopicsImage
    ) throws(BrokerError) -> Topic {
        guard let topic = image[name: asked.name] else {
            throw BrokerError(.unknownTopicOrPartition, "There is no topic \(asked.name).")
        }
        if let id = asked.id, topic.id != id {
            throw BrokerError(.unknownTopicID, "Topic \(asked.name) has another ID by now.")
        }
        return topic
    }

    /// What became of each part of a request that is carried out in several transactions.
    private struct Outcomes<Value: Sendable> {
        private var results: [Result<Value, BrokerError>?]
        /// Up to where the changes are committed that are not served yet, and whether the watch delivers that.
        var revision: MetadataRevision = 0
        var isWatched = true

        init(count: Int) { self.results = [Result<Value, BrokerError>?](repeating: nil, count: count) }

        /// Parts without a result.
        var open: [Int] { self.results.indices.filter { self.results[$0] == nil } }
        var isComplete: Bool { self.results.allSatisfy { $0 != nil } }

        subscript(index: Int) -> Result<Value, BrokerError>? {
            get { self.results[index] }
            set { self.results[index] = newValue }
        }

        /// Committed changes are not served after all.
        mutating func failCommitted(_ error: BrokerError) {
            for index in self.results.indices {
                if case .failure? = self.results[index] { continue }
                self.results[index] = .failure(error)
            }
        }

        func finished(_ conflict: (Int) -> BrokerError) -> [Result<Value, BrokerError>] {
            self.results.enumerated().map { $1 ?? .failure(conflict($0)) }
        }
    }

    /// Commits a part of a request. Those whose compares failed stay open.
    ///
    /// - Parameter value: of a part, by its position in `places`, and the revision that it has.
    @discardableResult
    private func commit<Value: Sendable>(
        _ transaction: MetadataTransaction,
        of places: ArraySlice<Int>,
        to results: inout Outcomes<Value>,
        value: (Int, MetadataRevision) -> Value
    ) async -> MetadataOutcome? {
        do throws(BrokerError) {
            let outcome = try await self.commit(transaction)
            if outcome.revision > results.revision {
                results.revision = outcome.revision
                results.isWatched = outcome.succeeded
            }
            guard outcome.succeeded else { return outcome }
            for (position, index) in places.enumerated() {
                results[index] = .success(value(position, outcome.revision))
            }
            return outcome
        } catch {
            for index in places { results[index] = .failure(error) }
            return nil
        }
    }

    /// Waits until everything that was committed is served, and what others committed first is known.
    private func served<Value: Sendable>(_ results: inout Outcomes<Value>) async {
        guard results.revision > 0 else { return }
        do throws(BrokerError) {
            try await self.applied(results.revision, isWatched: results.isWatched)
        } catch {
            results.failCommitted(error)
        }
    }
}
