internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model

/// RegisterStreamConsumer, DeregisterStreamConsumer, DescribeStreamConsumer, ListStreamConsumers.
extension KinesisService {
    private static let consumersMax = 100

    func registerStreamConsumer(
        _ input: RegisterStreamConsumerInput,
        _ caller: Caller
    ) async throws(KinesisError) -> RegisterStreamConsumerOutput {
        let hosted = try self.stream(StreamReference(arn: input.streamARN), caller)
        let name = input.consumerName ?? ""
        let tags = input.tags ?? [:]
        try TagRules.check(tags, count: tags.count, stream: hosted.name, account: caller.account)
        let consumer = StreamConsumer(name: name, created: self.backend.now())
        let exists = KinesisError(
            .resourceInUse,
            "Consumer \(name) under stream \(caller.streamARN(hosted.name)) already exists."
        )
        guard StreamConsumer.named(name, of: hosted.topic) == nil else { throw exists }
        guard StreamConsumer.all(of: hosted.topic).count < StreamConsumer.countMax else {
            throw KinesisError(
                .limitExceeded,
                "Stream \(hosted.name) under account \(caller.account) has \(StreamConsumer.countMax) consumers, which is "
                    + "as many as there may be."
            )
        }
        let topic = try await self.change(hosted, caller) { consumer.add(to: &$0, tags: tags) }
        // Another call of that name may have come first.
        guard StreamConsumer.named(name, of: topic) == consumer else { throw exists }
        return RegisterStreamConsumerOutput(consumer: consumer.description(on: topic, for: caller))
    }

    func deregisterStreamConsumer(_ input: ConsumerReference, _ caller: Caller) async throws(KinesisError) {
        let (hosted, consumer) = try self.consumer(input, caller)
        try self.limits.check(.deregisterStreamConsumer, on: hosted, by: caller, now: self.backend.now())
        _ = try await self.change(hosted, caller) { consumer.remove(from: &$0) }
    }

    func describeStreamConsumer(
        _ input: ConsumerReference,
        _ caller: Caller
    ) throws(KinesisError) -> DescribeStreamConsumerOutput {
        let (hosted, consumer) = try self.consumer(input, caller)
        try self.limits.check(.describeStreamConsumer, on: hosted, by: caller, now: self.backend.now())
        return DescribeStreamConsumerOutput(
            consumer: consumer.description(on: hosted.topic, for: caller),
            streamARN: caller.streamARN(hosted.name)
        )
    }

    func listStreamConsumers(
        _ input: ListStreamConsumersInput,
        _ caller: Caller
    ) throws(KinesisError) -> ListStreamConsumersOutput {
        let hosted = try self.stream(StreamReference(arn: input.streamARN), caller)
        // Given in seconds by many clients, so compared in seconds.
        if let created = input.streamCreationTimestamp, created / 1000 != hosted.topic.createdAt / 1000 {
            throw KinesisError.streamNotFound(hosted.name, account: caller.account)
        }
        let now = self.backend.now()
        try self.limits.check(.listStreamConsumers, on: hosted, by: caller, now: now)
        var consumers = StreamConsumer.all(of: hosted.topic)
        if let token = input.nextToken {
            let page = try ConsumerPageToken(
                token,
                sealer: self.sealer,
                now: now,
                validity: self.settings.pageTokenValidityMilliseconds
            )
            guard page.streamID == hosted.id else { throw KinesisError(.invalidArgument, "NextToken is invalid.") }
            consumers.removeAll { $0.name <= page.after }
        }
        let page = consumers.prefix(min(Int(input.maxResults ?? Int32(Self.consumersMax)), Self.consumersMax))
        let token =
            page.count < consumers.count
            ? page.last.map { ConsumerPageToken(streamID: hosted.id, after: $0.name, minted: now) } : nil
        return ListStreamConsumersOutput(
            consumers: page.map { $0.description(on: hosted.topic, for: caller) },
            nextToken: token?.sealed(by: self.sealer)
        )
    }

    /// Changes a stream's own facts.
    ///
    /// - Returns: the stream as it is then.
    func change(
        _ hosted: HostedTopic,
        _ caller: Caller,
        _ edit: @escaping @Sendable (inout Topic) -> Void
    ) async throws(KinesisError) -> Topic {
        let id = hosted.id
        do {
            // Another stream may have its name by now.
            try await self.backend.update(hosted.name) { if $0.id == id { edit(&$0) } }
        } catch {
            throw KinesisError(error, stream: hosted.name, account: caller.account)
        }
        guard let changed = self.backend.topic(id: id) else {
            throw KinesisError.streamNotFound(hosted.name, account: caller.account)
        }
        return changed.topic
    }

    /// The consumer that a request names by its ARN, or by its name and its stream's.
    private func consumer(
        _ reference: ConsumerReference,
        _ caller: Caller
    ) throws(KinesisError) -> (HostedTopic, StreamConsumer) {
        if let arn = reference.consumerARN {
            return try self.consumer(arn: arn, caller)
        }
        guard let streamARN = reference.streamARN, let name = reference.consumerName else {
            throw KinesisError(
                .invalidArgument,
                "Either ConsumerARN or both StreamARN and ConsumerName should be provided."
            )
        }
        let hosted = try self.stream(StreamReference(arn: streamARN), caller)
        guard let consumer = StreamConsumer.named(name, of: hosted.topic) else {
            throw KinesisError(.resourceNotFound, "Consumer \(name), account \(caller.account) not found.")
        }
        return (hosted, consumer)
    }

    /// - Throws: `ResourceNotFoundException`, also for a consumer of that name that was registered at another time.
    func consumer(arn: String, _ caller: Caller) throws(KinesisError) -> (HostedTopic, StreamConsumer) {
        guard let parsed = ConsumerARN(text: arn),
            let hosted = self.backend.topic(named: parsed.stream.streamName), hosted.topic.isVisibleToKinesis,
            let consumer = StreamConsumer.named(parsed.name, of: hosted.topic),
            consumer.createdSecond == parsed.createdSecond
        else {
            throw KinesisError(.resourceNotFound, "Consumer \(arn), account \(caller.account) not found.")
        }
        return (hosted, consumer)
    }
}
