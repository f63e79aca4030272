internal import LogCore
package import Metadata
internal import Model

/// The changes of topics, for both protocols. Each returns once the change is served by this broker.
extension TopicControl {
    /// How often a change is planned again when another one came first.
    static let attemptsMax = 16

    /// Changes the overrides of a topic's configuration.
    ///
    /// - Parameter edit: takes the present overrides and returns the new ones; may run more than once.
    package func alterConfigs(
        of name: String,
        validateOnly: Bool = false,
        edit: @Sendable ([String: String]) throws(BrokerError) -> [String: String]
    ) async throws(BrokerError) -> Topic {
        guard let topic = self.image[name: name] else {
            throw BrokerError(.unknownTopicOrPartition, "There is no topic \(name).")
        }
        // The edit's own refusals do not depend on races; run it once to let them out with their own type.
        let configs = try edit(topic.configs)
        return try await self.change(name, validateOnly: validateOnly) { topic, _ throws(TopicPlanError) in
            let edited = (try? edit(topic.configs)) ?? configs
            return try TopicPlanner.alterConfigs(topic, configs: edited)
        }
    }

    /// Changes other facts of a topic (tags, mode, attributes).
    package func update(
        _ name: String,
        edit: @Sendable (inout Topic) -> Void
    ) async throws(BrokerError) -> Topic {
        try await self.change(name, validateOnly: false) { topic, _ throws(TopicPlanError) in
            var changed = topic
            edit(&changed)
            return try TopicPlanner.replace(changed)
        }
    }

    private func change(
        _ name: String,
        validateOnly: Bool,
        plan: @Sendable (Topic, Timestamp) throws(TopicPlanError) -> TopicPlan
    ) async throws(BrokerError) -> Topic {
        for _ in 0..<Self.attemptsMax {
            guard let topic = self.image[name: name] else {
                throw BrokerError(.unknownTopicOrPartition, "There is no topic \(name).")
            }
            let planned: TopicPlan
            do {
                planned = try plan(topic, self.environment.now())
            } catch {
                throw BrokerError(error)
            }
            if let done = try await self.carryOut(planned, validateOnly: validateOnly) { return done }
        }
        throw Self.conflict(name)
    }

    /// Commits a plan and waits until it is served; `nil` when another change came first (which is served then).
    private func carryOut(_ plan: TopicPlan, validateOnly: Bool) async throws(BrokerError) -> Topic? {
        if validateOnly { return plan.topic }
        let outcome = try await self.commit(plan.transaction)
        try await self.applied(outcome.revision, isWatched: outcome.succeeded)
        return outcome.succeeded ? plan.committed(at: outcome.revision) : nil
    }

    func commit(_ transaction: MetadataTransaction) async throws(BrokerError) -> MetadataOutcome {
        do {
            return try await self.store.commit(transaction)
        } catch {
            throw BrokerError(error)
        }
    }

    static func conflict(_ what: String) -> BrokerError {
        BrokerError(.conflict, "Other changes of \(what) kept coming first; try again.")
    }
}
