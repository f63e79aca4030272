internal import LogCore
internal import Logging
internal import Metadata
internal import Model

/// From metadata to partitions: who is acquired, released and deleted when topics change.
extension TopicControl {
    /// What follows from the metadata for the topics that were touched.
    private struct Step {
        var lost: [TopicPartition] = []
        /// Partitions that are not served here any more.
        var gone: [HostedPartition] = []
        var removed: [HostedTopic] = []
        var topics: [Draft] = []
        /// What the engine is to do, by topic name.
        var demands: [String: LogTransfers.Demand] = [:]
    }

    /// A topic on its way to being served.
    private struct Draft {
        var topic: Topic
        var settings: LogSettings
        var partitions: [Partition]

        enum Partition {
            case kept(HostedPartition)
            case elsewhere(PartitionLeader)
            case unassigned
            /// Its log may have arrived when the topic is published.
            case acquiring(LeaderEpoch)
        }
    }

    /// Has the engine do what follows from the metadata, and publishes it.
    func serve(_ image: TopicsImage, touched: Touched) async -> TopicChanges {
        let previous = self.registry.current
        let step = self.step(from: previous, to: image, touched)
        var table = previous
        if !step.removed.isEmpty {
            // Before the engine deletes them, so that nobody finds a partition that is being deleted.
            table = TopicTable(table, revision: image.revision, removed: step.removed, changed: [])
            self.registry.publish(table)
        }
        await self.transfer(step.demands)
        let topics = step.topics.map { self.host($0) }
        if !topics.isEmpty {
            self.registry.publish(TopicTable(table, revision: image.revision, removed: [], changed: topics))
        }
        for topic in topics {
            for partition in topic.served { partition.published() }
        }
        for partition in step.gone { partition.unpublished() }
        return TopicChanges(from: previous, removed: step.removed, served: topics, lost: step.lost)
    }

    private func step(from previous: TopicTable, to image: TopicsImage, _ touched: Touched) -> Step {
        var step = Step()
        let isReconfigured = self.takeReconfiguration()
        let names: Set<String>
        switch touched {
        case .names(let touched): names = touched
        case .all: names = Set(image.sortedNames).union(previous.all.lazy.map(\.name))
        }
        for name in names.sorted() {
            let topic = image[name: name]
            var old = previous.topic(named: name)
            var demand = LogTransfers.Demand()
            if let gone = old, gone.id != topic?.id {
                step.removed.append(gone)
                step.gone += gone.served
                demand.deletions = self.deletions(of: gone)
                old = nil
            }
            if let topic {
                self.add(topic, old, at: image.revision, isReconfigured: isReconfigured, to: &step, &demand)
            }
            step.demands[name] = demand
        }
        return step
    }

    /// The data of a topic that is gone, of every partition that this broker led, whether its log is here or not.
    private func deletions(of topic: HostedTopic) -> [LogDeletion] {
        topic.placements.indices.compactMap { number in
            switch topic.placements[number] {
            case .elsewhere, .unassigned: return nil
            case .here, .acquiring, .offline: break
            }
            let partition = TopicPartition(topicID: topic.id, partition: Int32(number))
            self.arrivals[partition] = nil
            return LogDeletion(partition: partition, topicName: topic.name)
        }
    }

    private func add(
        _ topic: Topic,
        _ old: HostedTopic?,
        at revision: MetadataRevision,
        isReconfigured: Bool,
        to step: inout Step,
        _ demand: inout LogTransfers.Demand
    ) {
        var draft = Draft(topic: topic, settings: self.settings.logSettings(for: topic), partitions: [])
        var isMoved = isReconfigured
        for (number, partition) in topic.partitions.enumerated() {
            let id = TopicPartition(topicID: topic.id, partition: Int32(number))
            let leader = self.ownership.leader(of: id, recordedEpoch: partition.leaderEpoch)
            let placement = old?.placement(Int32(number))
            let isLedHere = leader?.broker == self.settings.nodeID
            if case .here(let hosted)? = placement {
                if isLedHere, hosted.leaderEpoch == leader?.epoch {
                    draft.partitions.append(.kept(hosted))
                    continue
                }
                demand.releases.append(id)
                step.lost.append(id)
                step.gone.append(hosted)
                isMoved = true
            }
            // Of another epoch: it was on its way when the leader changed.
            if let arrival = self.arrivals[id], !isLedHere || arrival.epoch != leader?.epoch {
                self.arrivals[id] = nil
                if arrival.isOpen { demand.releases.append(id) }
            }
            // What the topic was when it was given to this broker is not known here yet: its shards may have ended
            // since. `ownershipChanged` places it again.
            let isAhead = isLedHere && self.ownership.assignedAt(id) > revision
            guard let leader, !isAhead else {
                if case .unassigned? = placement {} else { isMoved = true }
                draft.partitions.append(.unassigned)
                continue
            }
            guard isLedHere else {
                if case .elsewhere(leader)? = placement {} else { isMoved = true }
                draft.partitions.append(.elsewhere(leader))
                continue
            }
            draft.partitions.append(.acquiring(leader.epoch))
            let isUnderWay = self.transfers.isAcquiring(id, for: leader.epoch)
            if case .acquiring(leader.epoch)? = placement, isUnderWay { continue }
            isMoved = true
            if isUnderWay || self.arrivals[id] != nil { continue }
            demand.acquisitions.append(
                LogAcquisition(
                    partition: id,
                    topicName: topic.name,
                    settings: draft.settings,
                    epoch: leader.epoch
                )
            )
        }
        if isMoved || old?.topic != topic { step.topics.append(draft) }
    }

    private func host(_ draft: Draft) -> HostedTopic {
        let topic = draft.topic
        var placements: [PartitionPlacement] = []
        placements.reserveCapacity(draft.partitions.count)
        let shards = ShardGate.states(of: topic)
        for (number, (partition, metadata)) in zip(draft.partitions, topic.partitions).enumerated() {
            func rules(_ epoch: LeaderEpoch) -> HostedPartition.Rules {
                self.settings.rules(for: topic, partition: metadata, epoch: epoch, log: draft.settings)
            }
            switch partition {
            case .kept(let hosted):
                hosted.update(rules(hosted.leaderEpoch))
                hosted.update(shards[number])
                hosted.log.update(draft.settings)
                placements.append(.here(hosted))
            case .elsewhere(let leader):
                placements.append(.elsewhere(leader))
            case .unassigned:
                placements.append(.unassigned)
            case .acquiring(let epoch):
                let id = TopicPartition(topicID: topic.id, partition: Int32(number))
                switch self.takeArrival(id, epoch) {
                case nil:
                    placements.append(.acquiring(epoch))
                case .success(let log)?:
                    // The settings may have changed while it was acquired.
                    log.update(draft.settings)
                    let hosted = HostedPartition(
                        topicName: topic.name,
                        log: log,
                        isInternal: topic.isInternal,
                        rules: rules(epoch),
                        shard: shards[number],
                        onFirstClientBatch: self.marker(for: topic)
                    )
                    placements.append(.here(hosted))
                case .failure(let error)?:
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
