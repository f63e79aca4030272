internal import LogCore
internal import Logging
package import Metadata
internal import Model
internal import NIOCore

/// Changes of a topic's shards. Each closes the shards that end at an exact offset first and commits after that
/// (decision 0023).
extension TopicControl {
    /// How long records before the end of a closing shard may take to become durable.
    private static let durabilityWaitMax = TimeAmount.seconds(5)
    /// How long a change waits for logs of the topic that are being acquired, as those of a change just before it are.
    private static let logWaitMax = TimeAmount.seconds(5)

    /// How often a change is tried in a cluster, where another broker may take a moment to follow the metadata.
    private static let sharedAttemptsMax = 20
    private static let sharedPause = Duration.milliseconds(100)

    /// Adds partitions (splits the widest shards).
    package func createPartitions(
        of name: String,
        count: Int,
        validateOnly: Bool = false
    ) async throws(BrokerError) -> Topic {
        try await self.reshape(name, validateOnly: validateOnly) { topic, ends, now throws(TopicPlanError) in
            try TopicPlanner.createPartitions(topic, newCount: count, currentEnds: ends, now: now)
        }
    }

    /// Kinesis `SplitShard`: the left child stays in the shard's partition, the right one gets a sealed or a new one.
    ///
    /// - Parameter newStartingHash: where the right child begins; strictly inside the shard's range.
    package func splitShard(
        of name: String,
        ordinal: Int32,
        newStartingHash: UInt128
    ) async throws(BrokerError) -> Topic {
        try await self.reshape(name, validateOnly: false) { topic, ends, now throws(TopicPlanError) in
            try TopicPlanner.splitShard(
                topic,
                ordinal: ordinal,
                newStartingHash: newStartingHash,
                currentEnds: ends,
                now: now
            )
        }
    }

    /// What a partition calls when a Kafka producer writes to it first: from then on the topic refuses merges, which
    /// would close a partition to that producer. Topics that Kafka routes are never merged.
    func marker(for topic: Topic) -> (@Sendable () -> Void)? {
        guard topic.routing == .md5, !topic.isWrittenByKafka, !topic.isInternal else { return nil }
        let id = topic.id
        return { [weak self] in
            guard let self else { return }
            // Once in the life of a partition, not per request.
            self.tasks.start { await self.markWrittenByKafka(id) }
        }
    }

    private func markWrittenByKafka(_ id: TopicID) async {
        for _ in 0..<Self.attemptsMax {
            guard var topic = self.image[id: id], !topic.isWrittenByKafka else { return }
            topic.isWrittenByKafka = true
            do throws(BrokerError) {
                let outcome = try await self.commit(try Self.replacement(topic))
                try await self.applied(outcome.revision, isWatched: outcome.succeeded)
                if outcome.succeeded { return }
            } catch {
                // The partition knows it, and the first batch after the next start marks it again.
                self.logger.warning("a topic could not be marked as written by Kafka: \(error.message)")
                return
            }
        }
    }

    private static func replacement(_ topic: Topic) throws(BrokerError) -> MetadataTransaction {
        do {
            return try TopicPlanner.replace(topic).transaction
        } catch {
            throw BrokerError(error)
        }
    }

    /// The topic as plans of merges must see it: a producer's first batch may not be in the metadata yet.
    private func marked(_ hosted: HostedTopic) -> Topic {
        var topic = hosted.topic
        if hosted.served.contains(where: \.wasWrittenByClients) { topic.isWrittenByKafka = true }
        return topic
    }

    /// Kinesis `MergeShards`: the child stays in the first shard's partition, the other's partition is sealed.
    package func mergeShards(of name: String, ordinal: Int32, adjacent: Int32) async throws(BrokerError) -> Topic {
        try await self.reshape(name, validateOnly: false) { topic, ends, now throws(TopicPlanError) in
            try TopicPlanner.mergeShards(topic, ordinal: ordinal, adjacent: adjacent, currentEnds: ends, now: now)
        }
    }

    /// Kinesis `UpdateShardCount` with `UNIFORM_SCALING`.
    package func updateShardCount(of name: String, target: Int) async throws(BrokerError) -> Topic {
        try await self.reshape(name, validateOnly: false) { topic, ends, now throws(TopicPlanError) in
            try TopicPlanner.updateShardCount(topic, target: target, currentEnds: ends, now: now)
        }
    }

    private typealias ShardPlan = @Sendable (Topic, [Offset], Timestamp) throws(TopicPlanError) -> TopicPlan

    /// A shard that takes no more puts, and the leader of its partition.
    private struct ClosedShard {
        var ordinal: Int32
        var partition: LedPartition
        var end: Offset
        var epoch: LeaderEpoch
    }

    /// Where a change of shards finds a partition.
    private enum LedPartition {
        case here(HostedPartition)
        case peer(RemoteShards)
    }

    /// - Parameter change: the number of the change, by which other brokers know it.
    /// - Throws: when nobody leads the partition, or its log is offline: nobody knows where its shard would end.
    private func led(_ number: Int32, of hosted: HostedTopic, change: UInt64) throws(BrokerError) -> LedPartition {
        if case .elsewhere(let leader)? = hosted.placement(number), let calls = self.peers.calls {
            let partition = TopicPartition(topicID: hosted.id, partition: number)
            return .peer(
                RemoteShards(partition, leader: leader, change: change, calls: calls, eventLoop: self.eventLoop)
            )
        }
        return .here(try hosted.partition(number))
    }

    private func reshape(
        _ name: String,
        validateOnly: Bool,
        _ plan: ShardPlan
    ) async throws(BrokerError) -> Topic {
        await self.logsSettled(of: name, within: Self.logWaitMax)
        for _ in 0..<(self.ownership.isShared ? Self.sharedAttemptsMax : Self.attemptsMax) {
            // What is served, not what is known: the gates of the partitions go by it.
            guard let hosted = self.registry.topic(named: name) else {
                throw BrokerError(.unknownTopicOrPartition, "There is no topic \(name).")
            }
            if self.reshaping.contains(hosted.id) {
                await withCheckedContinuation { self.reshapeWaiters.append($0) }
                continue
            }
            self.reshaping.insert(hosted.id)
            defer { self.endReshaping(of: hosted.id) }
            do throws(BrokerError) {
                if let done = try await self.reshape(hosted, validateOnly: validateOnly, plan) { return done }
            } catch {
                // A partition moves, or its leader's metadata is behind.
                guard error.code == .conflict, self.ownership.isShared else { throw error }
            }
            if self.ownership.isShared { try? await Task.sleep(for: Self.sharedPause) }
        }
        throw Self.conflict(name)
    }

    private func endReshaping(of topic: TopicID) {
        self.reshaping.remove(topic)
        defer { self.reshapeWaiters = [] }
        for waiter in self.reshapeWaiters { waiter.resume() }
    }

    /// - Returns: `nil` when another change came first, which is served then.
    private func reshape(
        _ hosted: HostedTopic,
        validateOnly: Bool,
        _ plan: ShardPlan
    ) async throws(BrokerError) -> Topic? {
        let topic = self.marked(hosted)
        // Which shards end does not depend on where the logs end.
        var ends = topic.partitions.indices.map { number in
            hosted.placements[number].hosted?.log.offsets.logEnd ?? 0
        }
        let draft = try self.planned(topic, ends, plan)
        let ending = topic.openShards.filter { draft.topic.shard(ordinal: $0.ordinal)?.isOpen == false }
        let change = self.environment.random().0
        for shard in ending { _ = try self.led(shard.partition, of: hosted, change: change) }
        guard !self.ownership.isShared || ending.count <= Self.sharedClosingsMax else {
            throw BrokerError(
                .limitExceeded,
                "\(ending.count) shards would end; one change of a cluster ends \(Self.sharedClosingsMax) at the most."
            )
        }
        // A partition that is opened again continues where it ended, and that too is known here only.
        let reopened = topic.partitions.indices.filter { number in
            topic.partitions[number].isSealed && !draft.topic.partitions[number].isSealed
        }
        for number in reopened { _ = try self.led(Int32(number), of: hosted, change: change) }
        if validateOnly { return draft.topic }

        var closed: [ClosedShard] = []
        var exact: TopicPlan
        do throws(BrokerError) {
            var planned = topic
            for shard in ending {
                let seals = draft.topic.partitions[Int(shard.partition)].isSealed
                let place = try self.led(shard.partition, of: hosted, change: change)
                guard let end = try await self.close(shard, seals: seals, at: place, &planned, &closed) else {
                    await self.reopen(closed)
                    try await self.applied(self.image.revision, isWatched: true)
                    return nil
                }
                ends[Int(shard.partition)] = end
            }
            // The metadata must not name an end that a power cut takes away.
            for shard in closed { try await self.awaitDurability(of: shard.partition, until: shard.end) }
            var owners = closed.map { (number: topic.shard(ordinal: $0.ordinal)?.partition ?? 0, epoch: $0.epoch) }
            for number in reopened {
                let place = try self.led(Int32(number), of: hosted, change: change)
                let epoch: LeaderEpoch
                switch place {
                case .here(let partition):
                    ends[number] = partition.log.offsets.logEnd
                    epoch = partition.leaderEpoch
                case .peer(let shards): (ends[number], epoch) = try await shards.end()
                }
                try await self.awaitDurability(of: place, until: ends[number])
                owners.append((Int32(number), epoch))
            }
            exact = try self.planned(planned, ends, plan)
            try self.bind(&exact, to: owners, of: topic)
        } catch {
            await self.reopen(closed)
            throw error
        }
        return try await self.commit(exact, from: hosted.topic, closing: closed)
    }

    /// Shards that may end in one change of a cluster: each adds a compare to its transaction, of which etcd takes 128.
    private static let sharedClosingsMax = 100

    /// - Parameters:
    ///   - topic: is marked as written by Kafka's producers, if the partition knows.
    ///   - closed: gets the shard.
    /// - Returns: where it ends; `nil` when it takes no puts (any more).
    private func close(
        _ shard: Shard,
        seals: Bool,
        at place: LedPartition,
        _ topic: inout Topic,
        _ closed: inout [ClosedShard]
    ) async throws(BrokerError) -> Offset? {
        switch place {
        case .here(let partition):
            guard let end = partition.closeShard(shard.ordinal, seals: seals) else { return nil }
            let epoch = partition.leaderEpoch
            closed.append(ClosedShard(ordinal: shard.ordinal, partition: place, end: end, epoch: epoch))
            return end
        case .peer(let shards):
            let answer: RemoteShards.Closed?
            do throws(BrokerError) {
                answer = try await shards.close(shard.ordinal, seals: seals)
            } catch {
                // It may be closed all the same.
                await shards.reopen(shard.ordinal)
                throw error
            }
            guard let answer else { return nil }
            if answer.isWrittenByKafka { topic.isWrittenByKafka = true }
            closed.append(ClosedShard(ordinal: shard.ordinal, partition: place, end: answer.end, epoch: answer.epoch))
            return answer.end
        }
    }

    /// Has the transaction refused if a partition whose end it names gets another owner first, who might append under
    /// the shard that ends.
    private func bind(
        _ plan: inout TopicPlan,
        to owners: [(number: Int32, epoch: LeaderEpoch)],
        of topic: Topic
    ) throws(BrokerError) {
        for (number, epoch) in owners {
            let partition = TopicPartition(topicID: topic.id, partition: number)
            guard let compares = self.ownership.compares(thatLeader: epoch, owns: partition) else {
                throw BrokerError(
                    .conflict,
                    "Partition \(number) of \(topic.name) is moving to another broker; try again."
                )
            }
            plan.transaction.compares += compares
        }
    }

    private func planned(_ topic: Topic, _ ends: [Offset], _ plan: ShardPlan) throws(BrokerError) -> TopicPlan {
        let planned: TopicPlan
        do {
            planned = try plan(topic, ends, self.environment.now())
        } catch {
            throw BrokerError(error)
        }
        var left = self.partitionsLeft
        let added = planned.topic.partitions.count - topic.partitions.count
        if added > 0 { try self.checkRoom(for: added, of: topic.name, left: &left) }
        return planned
    }

    private func commit(
        _ plan: TopicPlan,
        from topic: Topic,
        closing closed: [ClosedShard]
    ) async throws(BrokerError) -> Topic? {
        let outcome: MetadataOutcome
        do throws(BrokerError) {
            outcome = try await self.commit(plan.transaction)
        } catch {
            // Nobody knows whether it took place. It cannot any more once the topic was written again.
            if await self.rewrite(topic) { await self.reopen(closed) }
            throw error
        }
        if !outcome.succeeded { await self.reopen(closed) }
        try await self.applied(outcome.revision, isWatched: outcome.succeeded)
        return outcome.succeeded ? plan.committed(at: outcome.revision) : nil
    }

    /// Stores a topic as it was, so that no change which was planned from it can be committed any more.
    ///
    /// - Returns: `false` when that cannot be said: the topic has changed, or the store does not answer. The watch
    ///   then tells what became of its shards.
    func rewrite(_ topic: Topic) async -> Bool {
        for _ in 0..<Self.attemptsMax {
            guard let plan = try? TopicPlanner.replace(topic) else { return false }
            do throws(MetadataError) {
                return try await self.store.commit(plan.transaction).succeeded
            } catch {
                guard error.code == .unavailable else { return false }
            }
        }
        self.logger.error(
            "the shards of a topic stay closed until the metadata can be reached",
            metadata: ["topic": "\(topic.name)"]
        )
        return false
    }

    private func reopen(_ closed: [ClosedShard]) async {
        for shard in closed {
            switch shard.partition {
            case .here(let partition): partition.cancelShardClosing(shard.ordinal)
            case .peer(let shards): await shards.reopen(shard.ordinal)
            }
        }
    }

    private func awaitDurability(of place: LedPartition, until end: Offset) async throws(BrokerError) {
        switch place {
        case .here(let partition): try await self.awaitDurability(of: partition, until: end)
        case .peer(let shards): try await shards.awaitDurability(until: end)
        }
    }

    func awaitDurability(of partition: HostedPartition, until end: Offset) async throws(BrokerError) {
        let log = partition.log
        if log.offsets.highWatermark >= end { return }
        let eventLoop = self.eventLoop
        await withCheckedContinuation { continuation in
            let waiter = ReadWaiter(eventLoop: eventLoop) { continuation.resume() }
            log.addReadWaiter(waiter, after: end - 1, isolation: .readUncommitted)
            eventLoop.scheduleTask(in: Self.durabilityWaitMax) {
                guard waiter.claim() else { return }
                log.removeReadWaiter(waiter)
                waiter.run()
            }
        }
        guard log.offsets.highWatermark >= end else {
            throw BrokerError(
                .timedOut,
                "The last records of partition \(partition.partition.partition) are not durable; try again."
            )
        }
    }
}
