internal import LogCore
internal import Logging
internal import Metadata
internal import Model

/// From metadata to partitions: who is acquired, released and deleted when topics change.
extension TopicControl {
    /// What one step has the engine do, and what the registry shows after it.
    private struct Step {
        var lost: [TopicPartition] = []
        /// Partitions that are not served here any more.
        var gone: [HostedPartition] = []
        var removed: [HostedTopic] = []
        var topics: [Draft] = []
        var released: [TopicPartition] = []
        var deleted: [HostedTopic] = []
        var acquisitions: [LogAcquisition] = []
    }

    /// A topic on its way to being served.
    private struct Draft {
        var topic: Topic
        var settings: LogSettings
        var partitions: [Partition]

        enum Partition {
            case kept(HostedPartition)
            case elsewhere(PartitionLeader)
            /// The index of its acquisition.
            case acquired(Int)
        }
    }

    /// Has the engine do what follows from the metadata, then lets the registry show it.
    func serve(_ image: TopicsImage, touched: Touched) async -> TopicChanges {
        let previous = self.registry.current
        let step = self.step(from: previous, to: image, touched)
        // A log that is taken for a newer epoch is given up first.
        if !step.released.isEmpty { await self.engine.release(step.released) }
        let logs = await self.acquire(step.acquisitions)
        let topics = step.topics.map { self.host($0, logs) }
        let kept = topics.lazy.flatMap(\.served)
        if !topics.isEmpty || !step.removed.isEmpty {
            self.registry.publish(
                TopicTable(previous, revision: image.revision, removed: step.removed, changed: topics)
            )
        }
        for partition in kept { partition.resumePuts() }
        for partition in step.gone { partition.resumePuts(isGone: true) }
        // After publishing, so that nobody finds a partition that is being deleted.
        await self.delete(step.deleted)
        return TopicChanges(from: previous, removed: step.removed, served: topics, lost: step.lost)
    }

    private func acquire(_ wanted: [LogAcquisition]) async -> [Result<any PartitionLog, LogError>] {
        let recovered = wanted.compactMap { self.recovered[$0.partition] }
        // At a start all of them are there; later none is.
        if recovered.count == wanted.count { return recovered }
        return await self.engine.acquire(wanted)
    }

    /// Has the engine delete what this broker served of topics that are gone.
    private func delete(_ topics: [HostedTopic]) async {
        guard !topics.isEmpty else { return }
        let notes = DeletionNotes(store: self.store, logger: self.logger)
        let ids = topics.map(\.id)
        await self.engine.delete(
            topics.flatMap { topic in
                topic.served.map { LogDeletion(partition: $0.partition, topicName: topic.name) }
            }
        ) {
            // The engine's thread must not wait for the metadata.
            Task { await notes.remove(ids) }
        }
    }

    private func step(from previous: TopicTable, to image: TopicsImage, _ touched: Touched) -> Step {
        var step = Step()
        let names: Set<String>
        switch touched {
        case .names(let touched): names = touched
        case .all: names = Set(image.sortedNames).union(previous.all.lazy.map(\.name))
        }
        for name in names.sorted() {
            let topic = image[name: name]
            var old = previous.topic(named: name)
            if let gone = old, gone.id != topic?.id {
                step.removed.append(gone)
                step.deleted.append(gone)
                step.gone += gone.served
                old = nil
            }
            if let topic { self.add(topic, old, to: &step) }
        }
        return step
    }

    private func add(_ topic: Topic, _ old: HostedTopic?, to step: inout Step) {
        var draft = Draft(topic: topic, settings: self.settings.logSettings(for: topic), partitions: [])
        var isMoved = false
        for (number, partition) in topic.partitions.enumerated() {
            let id = TopicPartition(topicID: topic.id, partition: Int32(number))
            let leader = PartitionLeader(broker: self.ownership.leader(of: id), epoch: partition.leaderEpoch)
            let placement = old.flatMap { number < $0.placements.count ? $0.placements[number] : nil }
            let isLedHere = leader.broker == self.settings.nodeID
            if case .here(let hosted)? = placement {
                if isLedHere, hosted.leaderEpoch == leader.epoch {
                    draft.partitions.append(.kept(hosted))
                    continue
                }
                step.released.append(id)
                step.lost.append(id)
                step.gone.append(hosted)
                isMoved = true
            }
            guard isLedHere else {
                if case .elsewhere(leader)? = placement {} else { isMoved = true }
                draft.partitions.append(.elsewhere(leader))
                continue
            }
            draft.partitions.append(.acquired(step.acquisitions.count))
            step.acquisitions.append(
                LogAcquisition(
                    partition: id,
                    topicName: topic.name,
                    settings: draft.settings,
                    epoch: leader.epoch
                )
            )
            isMoved = true
        }
        if isMoved || old?.topic != topic { step.topics.append(draft) }
    }

    private func host(_ draft: Draft, _ logs: [Result<any PartitionLog, LogError>]) -> HostedTopic {
        let topic = draft.topic
        var placements: [PartitionPlacement] = []
        placements.reserveCapacity(draft.partitions.count)
        let shards = ShardGate.states(of: topic)
        for (number, (partition, metadata)) in zip(draft.partitions, topic.partitions).enumerated() {
            let rules = self.settings.rules(for: topic, partition: metadata, log: draft.settings)
            switch partition {
            case .kept(let hosted):
                hosted.update(rules)
                hosted.update(shards[number])
                hosted.log.update(draft.settings)
                placements.append(.here(hosted))
            case .elsewhere(let leader):
                placements.append(.elsewhere(leader))
            case .acquired(let index):
                switch logs[index] {
                case .success(let log):
                    let hosted = HostedPartition(
                        topicName: topic.name,
                        log: log,
                        isInternal: topic.isInternal,
                        rules: rules,
                        shard: shards[number],
                        onFirstClientBatch: self.marker(for: topic)
                    )
                    placements.append(.here(hosted))
                case .failure(let error):
                    self.logger.error(
                        "partition \(topic.name)-\(number) is offline: \(error.message)",
                        metadata: ["topic": "\(topic.name)", "partition": "\(number)"]
                    )
                    placements.append(.offline(error))
                }
            }
        }
        return HostedTopic(topic: topic, placements: placements)
    }
}
