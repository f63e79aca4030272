internal import LogCore
internal import Logging
internal import Metadata
internal import Model

/// What has expired: records in the logs, and closed shards in the metadata.
extension TopicControl {
    /// Removes expired records, then the closed shards that are left empty.
    func applyRetention() async {
        await self.maintenance.applyRetention(now: self.environment.now())
        for topic in self.registry.current.sorted where topic.topic.shards.contains(where: { !$0.isOpen }) {
            await self.trimShards(of: topic)
        }
    }

    /// Makes deleted records stay deleted. Waits for the disk.
    nonisolated func persistLogStarts() async throws(LogError) { try await self.maintenance.persistLogStarts() }

    /// A shard goes once every record in it has expired and was closed for as long as records are kept.
    private func trimShards(of hosted: HostedTopic) async {
        let now = self.environment.now()
        let retention = self.settings.configs.settings(for: hosted.topic).int64("retention.ms")
        let (closedBefore, overflow) = now.subtractingReportingOverflow(retention)
        guard retention >= 0, !overflow else { return }
        // Of a partition that is not here nobody knows whether its records are gone.
        let starts = hosted.placements.map { $0.hosted?.log.offsets.logStart ?? 0 }
        do {
            guard
                let plan = try TopicPlanner.trimShards(hosted.topic, logStarts: starts, closedBefore: closedBefore)
            else { return }
            // A change that came first is as good a reason to wait for the next run as any.
            let outcome = try await self.commit(plan.transaction)
            try await self.applied(outcome.revision, isWatched: outcome.succeeded)
        } catch {
            self.logger.warning(
                "closed shards stay in the metadata for now",
                metadata: ["topic": "\(hosted.name)", "error": "\(error)"]
            )
        }
    }
}
