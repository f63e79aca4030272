internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore

/// Shards of this broker that are closed for changes which other brokers make (decision 0072).
extension TopicControl {
    /// How long a change of another broker may take before this broker makes sure that it does not take place.
    private static let closingPatience = TimeAmount.seconds(20)
    private static let closingRetryPause = TimeAmount.seconds(5)

    func answer(_ request: ShardClosingRequest) async -> ShardClosingAnswer {
        guard let hosted = self.registry.topic(id: request.partition.topicID),
            let partition = hosted.placement(request.partition.partition)?.hosted
        else { return .notLed }
        switch request.action {
        case .close(let ordinal, let seals):
            guard let end = partition.closeShard(ordinal, seals: seals) else { return .notOpen }
            self.remoteClosings[request.partition] = request.change
            self.resolve(ordinal, request, after: Self.closingPatience)
            return self.done(end, of: partition, hosted)
        case .reopen(let ordinal):
            // Another change may have closed it since.
            guard self.remoteClosings[request.partition] == request.change else { return .notOpen }
            self.remoteClosings[request.partition] = nil
            partition.cancelShardClosing(ordinal)
            return self.done(partition.log.offsets.logEnd, of: partition, hosted)
        case .end: return self.done(partition.log.offsets.logEnd, of: partition, hosted)
        case .awaitDurability(let end):
            do throws(BrokerError) {
                try await self.awaitDurability(of: partition, until: end)
            } catch {
                return .notDurable
            }
            return self.done(end, of: partition, hosted)
        }
    }

    private func done(_ end: Offset, of partition: HostedPartition, _ hosted: HostedTopic) -> ShardClosingAnswer {
        .done(
            end: end,
            epoch: partition.leaderEpoch,
            isWrittenByKafka: hosted.topic.isWrittenByKafka || partition.wasWrittenByClients
        )
    }

    private func resolve(_ ordinal: Int32, _ request: ShardClosingRequest, after pause: TimeAmount) {
        self.eventLoop.scheduleTask(in: pause) { [tasks] in
            tasks.start { await self.resolve(ordinal, request) }
        }
    }

    /// The other broker said nothing more: it may have stopped between the closing and the commit. Once the topic is
    /// written again, its change cannot be committed any more, and the shard may open.
    private func resolve(_ ordinal: Int32, _ request: ShardClosingRequest) async {
        guard !self.isStopped, self.remoteClosings[request.partition] == request.change else { return }
        guard let hosted = self.registry.topic(id: request.partition.topicID),
            let partition = hosted.placement(request.partition.partition)?.hosted,
            partition.isClosing(ordinal), let topic = self.image[id: hosted.id]
        else {
            self.remoteClosings[request.partition] = nil
            return
        }
        // When the metadata has the change it is published in a moment, and the gate follows it.
        guard topic.shard(ordinal: ordinal)?.isOpen == true, await self.rewrite(topic) else {
            return self.resolve(ordinal, request, after: Self.closingRetryPause)
        }
        guard self.remoteClosings[request.partition] == request.change else { return }
        self.remoteClosings[request.partition] = nil
        partition.cancelShardClosing(ordinal)
    }
}

/// Answers brokers that change the shards of topics of which this one leads partitions.
final class ShardClosingService: PeerService {
    private let control: TopicControl
    private let tasks: BackgroundTasks

    init(control: TopicControl, tasks: BackgroundTasks) {
        self.control = control
        self.tasks = tasks
    }

    func answer(
        _ request: ByteBuffer,
        on eventLoop: any EventLoop,
        respond: @escaping @Sendable (ByteBuffer) -> Void
    ) {
        guard let request = ShardClosingRequest(request) else { return respond(ShardClosingAnswer.notLed.encoded) }
        let control = self.control
        let isStarted = self.tasks.start { respond(await control.answer(request).encoded) }
        if !isStarted { respond(ShardClosingAnswer.notLed.encoded) }
    }
}
