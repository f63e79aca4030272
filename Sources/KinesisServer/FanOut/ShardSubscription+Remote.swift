internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model
internal import NIOCore
internal import Serving

/// A subscription to a shard that another broker leads: that broker makes its events, one at a request.
extension ShardSubscription {
    /// How long another broker may take to answer. It does not wait for records: what is asked of it next over the
    /// same connection would wait behind that.
    private static var remotePatience: TimeAmount { .seconds(5) }
    /// How soon it is asked again while it has nothing, at first and after a while.
    private static var remotePauseMin: TimeAmount { .milliseconds(25) }
    private static var remotePauseMax: TimeAmount { .milliseconds(200) }
    /// How often it is looked whether there is a leader again.
    private static var leaderPause: TimeAmount { .milliseconds(100) }

    /// The look when another broker leads the shard, or nobody does at the moment.
    ///
    /// - Returns: `nil` when the shard is led here.
    func lookElsewhere(
        through peers: any PeerCalls,
        _ hosted: HostedTopic,
        _ shard: Shard,
        _ ready: @escaping () -> Void
    ) throws(KinesisError) -> StreamPart? {
        if let remote = self.remote.take() { return try self.take(remote, hosted, shard, ready) }
        switch hosted.place(of: shard.partition) {
        case .here:
            let continues = self.service.subscriptions.resume(
                self.key,
                self.ticket,
                isElsewhere: false,
                now: self.client.eventLoop.now,
                takenOver: self.takeOver
            )
            guard continues else { throw .takenOver }
            return nil
        case .peer(let broker):
            guard !self.client.memory.isExhausted, self.machine.mayRead(now: self.client.eventLoop.now) else {
                return self.sendNothing(again: Self.metadataPause, shard, ready)
            }
            self.ask(broker, through: peers)
            self.ready = ready
            return .later
        case .unsettled: return self.sendNothing(again: Self.leaderPause, shard, ready)
        }
    }

    private func ask(_ broker: BrokerID, through peers: any PeerCalls) {
        self.machine.readBegan()
        // What is read here by and by, should the shard come here, begins where the other broker stopped.
        self.collector = nil
        let request = EventRequest(
            subscriber: SubscriberID(
                stream: self.streamID,
                shard: self.ordinal,
                consumer: self.consumer,
                ticket: self.ticket.number
            ),
            contentType: self.contentType,
            offset: self.nextOffset,
            waitMilliseconds: 0
        )
        let bound = NIOLoopBound(self, eventLoop: self.client.eventLoop)
        peers.call(
            broker,
            PeerRequest.event(request).encoded,
            within: Self.remotePatience,
            on: self.client.eventLoop
        ) { result in
            bound.value.asked(
                result.flatMap { bytes in
                    do throws(PeerMessageError) {
                        return .success(try PeerAnswer(bytes))
                    } catch {
                        return .failure(PeerCallError(mayHaveRun: true, "a malformed answer"))
                    }
                }
            )
        }
    }

    private func asked(_ result: Result<PeerAnswer, PeerCallError>) {
        guard self.machine.readEnded() else { return }
        self.remote = result
        self.offerPart()
    }

    private func take(
        _ answer: Result<PeerAnswer, PeerCallError>,
        _ hosted: HostedTopic,
        _ shard: Shard,
        _ ready: @escaping () -> Void
    ) throws(KinesisError) -> StreamPart {
        guard case .success(let answer) = answer else {
            return self.sendNothing(again: Self.leaderPause, shard, ready)
        }
        switch answer {
        case .notServed: return self.sendNothing(again: Self.leaderPause, shard, ready)
        case .refused(let error): throw error
        case .done(let fields):
            guard let event = try? EventAnswer(fields) else { throw .internalFailure }
            return self.send(event, ready)
        }
    }

    private func send(_ event: EventAnswer, _ ready: @escaping () -> Void) -> StreamPart {
        let now = self.client.eventLoop.now
        self.nextOffset = max(self.nextOffset, event.nextOffset)
        self.millisBehindLatest = event.millisBehindLatest
        let pause = min(max(self.remotePause + self.remotePause, Self.remotePauseMin), Self.remotePauseMax)
        self.remotePause = event.recordCount > 0 ? .zero : pause
        switch self.machine.looked(
            hasRecords: event.recordCount > 0,
            isAtEnd: event.isAtEnd,
            now: now,
            again: self.remotePause
        ) {
        case .wait(let until): return self.pause(until: until, ready)
        case .send:
            if event.isAtEnd { self.finish() }
            if event.recordCount > 0 {
                let pause = max(event.pauseMilliseconds, self.charge(event.bytes))
                self.machine.paused(until: now + .milliseconds(pause))
            }
            return self.whole(event.payload)
        }
    }

    /// Nothing can be read of the shard at the moment. The client hears of the subscription all the same.
    private func sendNothing(again: TimeAmount, _ shard: Shard, _ ready: @escaping () -> Void) -> StreamPart {
        switch self.machine.looked(hasRecords: false, isAtEnd: false, now: self.client.eventLoop.now, again: again) {
        case .wait(let until): return self.pause(until: until, ready)
        case .send:
            var writer = Writer(into: ByteBuffer())
            GetRecordsOutput.begin(&writer)
            SubscribeToShardEvent.end(
                &writer,
                continuation: StreamView.continuation(of: shard, at: self.nextOffset),
                millisBehindLatest: self.millisBehindLatest,
                childShards: []
            )
            return self.whole(writer.buffer)
        }
    }

    private func pause(until: NIODeadline, _ ready: @escaping () -> Void) -> StreamPart {
        self.ready = ready
        self.timer = self.client.eventLoop.assumeIsolated().scheduleTask(deadline: until) { self.wake() }
        return .later
    }

    private func whole(_ payload: ByteBuffer) -> StreamPart {
        self.machine.wrotePart(isWhole: true)
        return .bytes(self.message("SubscribeToShardEvent", payload: payload))
    }
}

extension KinesisError {
    /// The end of a subscription whose consumer subscribed again.
    static let takenOver = KinesisError(
        .resourceInUse,
        "Another active subscription exists for this consumer and shard: a later call has taken it over."
    )
}
