internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Logging
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Serving

/// One SubscribeToShard under way: the body of its answer, made as records arrive and as the client takes it.
///
/// ```
/// opening ──initial response──► idle ──records, or 4.5 s──► sending ──whole──► idle
///                                │ ▲                                            ┊
///            a read of a file ──┤ └── read, woken, timer                        ┊ five minutes, end of the shard,
///            reading, waiting ◄─┘                                               ▼ taken over, consumer gone
///                                                                              over
/// ```
///
/// It reads the log as GetRecords does and holds batches by reference. Nothing is read ahead: what the client has not
/// taken is at most one event and what its transport buffers. Lives on the event loop of its connection.
final class ShardSubscription<Writer: ShapeWriter>: StreamedBody {
    /// What one event holds at most; one batch goes beyond it.
    private static var eventBytesMax: Int { 1 << 20 }
    /// Clients give up after ten seconds without an event; AWS sends one at least every five.
    private static var heartbeat: TimeAmount { .milliseconds(4500) }
    private static var duration: TimeAmount { .minutes(5) }
    /// How often the metadata is looked at while nothing arrives: the shard may have been closed.
    private static var metadataPause: TimeAmount { .seconds(1) }
    /// How often the metadata is looked at again between the end of a shard and its publication.
    private static var closingPause: TimeAmount { .milliseconds(20) }

    private enum State {
        case opening
        /// Looks at the log when the client takes more.
        case idle
        /// A read of a file is under way.
        case reading
        /// Nothing to send: until records arrive or the time is up.
        case waiting
        case sending(RecordsAnswer<Writer>, EventStreamMessage)
        /// The last message is written.
        case ending
        case over
    }

    private let service: KinesisService
    private let client: ClientContext
    private let contentType: ContentType
    private let streamID: TopicID
    private let consumer: StreamConsumer
    private let ordinal: Int32
    private let key: Subscriptions.Key
    private var ticket: Subscriptions.Ticket?

    private var state = State.opening
    private var nextOffset: Offset
    private var collector: RecordCollector<Writer>?
    /// Ends the subscription with the next message.
    private var failure: KinesisError?
    private var ready: (() -> Void)?
    private var waiter: (waiter: ReadWaiter, log: any PartitionLog)?
    private var claim: MemoryClaim?
    private var timer: Scheduled<Void>?
    private var lastEvent: NIODeadline
    private var deadline: NIODeadline

    init(
        service: KinesisService,
        client: ClientContext,
        contentType: ContentType,
        position: KinesisService.Position,
        from offset: Offset,
        consumer: StreamConsumer
    ) {
        self.service = service
        self.client = client
        self.contentType = contentType
        self.streamID = position.topic.id
        self.consumer = consumer
        self.ordinal = position.shard.ordinal
        self.key = Subscriptions.Key(
            stream: position.topic.id,
            consumer: consumer.name,
            consumerCreated: consumer.created,
            shard: position.shard.ordinal
        )
        self.nextOffset = offset
        self.lastEvent = client.eventLoop.now
        self.deadline = client.eventLoop.now + Self.duration
    }

    /// - Returns: whether there is a subscription now: not within five seconds of another call.
    func begin() -> Bool {
        let bound = NIOLoopBound(self, eventLoop: self.client.eventLoop)
        let eventLoop = self.client.eventLoop
        self.ticket = self.service.subscriptions.begin(self.key, now: eventLoop.now) {
            eventLoop.execute { bound.value.takenOver() }
        }
        return self.ticket != nil
    }

    // MARK: StreamedBody

    var heldBytes: Int {
        if case .sending(let answer, _) = self.state { answer.heldBytes } else { 0 }
    }

    func next(ready: @escaping () -> Void) -> StreamPart {
        switch self.state {
        case .opening:
            self.state = .idle
            return .bytes(self.message("initial-response", payload: self.emptyStructure))
        case .idle: return self.look(ready)
        case .reading, .waiting:
            self.ready = ready
            return .later
        case .sending(let answer, let message): return self.continueEvent(answer, message, after: ByteBuffer())
        case .ending:
            self.state = .over
            return .end
        case .over: return .end
        }
    }

    func quiesce() {
        // As after five minutes: the client subscribes again, and finds another server or this one again.
        self.deadline = self.client.eventLoop.now
        self.wake()
    }

    func cancel() {
        self.finish()
        self.state = .over
    }

    private func finish() {
        self.stopWaiting()
        self.ready = nil
        if let ticket = self.ticket.take() { self.service.subscriptions.end(self.key, ticket) }
    }

    // MARK: Events

    private var emptyStructure: ByteBuffer {
        var writer = Writer(into: ByteBuffer())
        writer.beginStructure()
        writer.endStructure()
        return writer.buffer
    }

    private func headers(_ event: String, type: String = "event") -> [(name: StaticString, value: String)] {
        [
            (":message-type", type), (type == "event" ? ":event-type" : ":exception-type", event),
            (":content-type", self.contentType.rawValue),
        ]
    }

    private func message(_ event: String, type: String = "event", payload: ByteBuffer) -> ByteBuffer {
        var bytes = ByteBuffer()
        EventStreamMessage.write(self.headers(event, type: type), payload: payload, to: &bytes)
        return bytes
    }

    /// What the log has for the client now.
    private func look(_ ready: @escaping () -> Void) -> StreamPart {
        if let failure { return self.fail(failure) }
        let now = self.client.eventLoop.now
        guard now < self.deadline else {
            self.finish()
            self.state = .over
            return .end
        }
        do throws(KinesisError) {
            let (hosted, shard, partition) = try self.place()
            var collector =
                self.collector.take()
                ?? RecordCollector<Writer>(
                    shard: shard,
                    from: max(self.nextOffset, min(partition.log.offsets.logStart, shard.endOffset ?? .max)),
                    recordCountMax: Int(GetRecordsInput.limitMax),
                    heldBytesMax: Self.eventBytesMax
                )
            let isMemoryScarce = self.client.memory.isExhausted
            if !isMemoryScarce {
                guard try self.collect(&collector, partition, shard) else {
                    self.collector = collector
                    self.ready = ready
                    return .later
                }
            }
            self.nextOffset = collector.nextOffset
            if collector.recordCount > 0 || collector.isAtEnd || now - self.lastEvent >= Self.heartbeat {
                return try self.beginEvent(collector, hosted, shard, partition)
            }
            self.ready = ready
            self.wait(partition, shard, isMemoryScarce: isMemoryScarce)
            return .later
        } catch {
            return self.fail(error)
        }
    }

    /// The shard as it is now.
    ///
    /// - Throws: `ResourceNotFoundException` when the stream or the consumer is gone.
    private func place() throws(KinesisError) -> (HostedTopic, Shard, HostedPartition) {
        guard let hosted = self.service.backend.topic(id: self.streamID),
            StreamConsumer.named(self.consumer.name, of: hosted.topic) == self.consumer,
            let shard = hosted.topic.shard(ordinal: self.ordinal)
        else { throw KinesisError(.resourceNotFound, "Consumer \(self.consumer.name) not found.") }
        return (hosted, shard, try self.service.partition(of: shard, in: hosted))
    }

    /// Reads until there is enough for an event, or no more.
    ///
    /// - Returns: false when a read of a file is under way.
    private func collect(
        _ collector: inout RecordCollector<Writer>,
        _ partition: HostedPartition,
        _ shard: Shard
    ) throws(KinesisError) -> Bool {
        while !collector.isDone {
            let request = ReadRequest(
                offset: collector.nextOffset,
                bytesMax: max(4096, min(collector.bytesLeft, Self.eventBytesMax)),
                atLeastOneBatch: true,
                isolation: .readCommitted
            )
            let step: ReadStep
            do throws(LogError) {
                step = try partition.log.read(request)
            } catch {
                // Retention may have overtaken the read: the next look begins where the log does.
                if error.code == .offsetOutOfRange { return true }
                throw KinesisError(error, stream: partition.topicName, account: Caller.defaultAccount)
            }
            switch step {
            case .records(let fetched):
                guard self.take(fetched, &collector, partition) else { return true }
            case .deferred(let read):
                self.perform(read, partition)
                return false
            }
        }
        return true
    }

    private func take(
        _ fetched: FetchedRecords,
        _ collector: inout RecordCollector<Writer>,
        _ partition: HostedPartition
    ) -> Bool {
        let before = collector.nextOffset
        self.service.backend.kinesisMetrics.recordBytesRead.add(fetched.bytes)
        collector.add(fetched, endingAt: partition.end(ofShard: self.ordinal))
        return collector.nextOffset > before && collector.nextOffset < fetched.offsets.lastStable
    }

    private func perform(_ read: DeferredRead, _ partition: HostedPartition) {
        self.state = .reading
        let bound = NIOLoopBound(self, eventLoop: self.client.eventLoop)
        let eventLoop = self.client.eventLoop
        self.service.backend.engine.perform([read]) { results in
            eventLoop.execute { bound.value.performed(results.first, partition) }
        }
    }

    private func performed(_ result: Result<FetchedRecords, LogError>?, _ partition: HostedPartition) {
        guard case .reading = self.state else { return }
        switch result {
        case .success(let fetched)?:
            if var collector = self.collector.take() {
                _ = self.take(fetched, &collector, partition)
                self.collector = collector
            }
        case .failure(let error)? where error.code == .offsetOutOfRange: self.collector = nil
        case .failure(let error)?:
            self.failure = KinesisError(error, stream: partition.topicName, account: Caller.defaultAccount)
        case nil: self.failure = .internalFailure
        }
        self.wake()
    }

    // MARK: Waiting

    private func wait(_ partition: HostedPartition, _ shard: Shard, isMemoryScarce: Bool) {
        self.state = .waiting
        let eventLoop = self.client.eventLoop
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        var until = min(self.lastEvent + Self.heartbeat, self.deadline, eventLoop.now + Self.metadataPause)
        if isMemoryScarce {
            self.claim = self.client.memory.whenAvailable(on: eventLoop) { _ in bound.value.wake() }
        } else if let end = partition.end(ofShard: shard.ordinal), self.nextOffset >= end {
            // Closed, and not in the metadata yet: what the log gets now is the children's.
            until = min(until, eventLoop.now + Self.closingPause)
        } else {
            // It may fire at once, and nothing is to happen before the transport has been told to wait.
            let waiter = ReadWaiter(eventLoop: eventLoop) { eventLoop.execute { bound.value.wake() } }
            self.waiter = (waiter, partition.log)
            partition.log.addReadWaiter(waiter, after: self.nextOffset, isolation: .readCommitted)
        }
        self.timer = eventLoop.assumeIsolated().scheduleTask(deadline: until) { self.wake() }
    }

    private func stopWaiting() {
        self.timer?.cancel()
        self.timer = nil
        self.claim?.cancel()
        self.claim = nil
        if let (waiter, log) = self.waiter.take() { log.removeReadWaiter(waiter) }
    }

    private func wake() {
        switch self.state {
        case .waiting, .reading: break
        case .opening, .idle, .sending, .ending, .over: return
        }
        self.stopWaiting()
        self.state = .idle
        let ready = self.ready.take()
        ready?()
    }

    private func takenOver() {
        self.failure = KinesisError(
            .resourceInUse,
            "Another active subscription exists for this consumer and shard: a later call has taken it over."
        )
        self.wake()
    }

    // MARK: Messages

    private func beginEvent(
        _ collector: RecordCollector<Writer>,
        _ hosted: HostedTopic,
        _ shard: Shard,
        _ partition: HostedPartition
    ) throws(KinesisError) -> StreamPart {
        if collector.failure != nil, collector.recordCount == 0 { throw .internalFailure }
        var collector = collector
        let isAtEnd = collector.isAtEnd
        let behind = collector.millisBehindLatest(in: partition.log, now: self.service.backend.now())
        let continuation = isAtEnd ? nil : self.continuation(shard)
        let children = isAtEnd ? StreamView.childShards(of: self.ordinal, in: hosted.topic) : []
        let answer = collector.finish { writer in
            SubscribeToShardEvent.end(
                &writer,
                continuation: continuation,
                millisBehindLatest: behind,
                childShards: children
            )
        }
        self.lastEvent = self.client.eventLoop.now
        if isAtEnd { self.finish() }
        self.isLastEvent = isAtEnd
        var start = ByteBuffer()
        let message = EventStreamMessage(
            self.headers("SubscribeToShardEvent"),
            payloadBytes: answer.byteCount,
            into: &start
        )
        return self.continueEvent(answer, message, after: start)
    }

    /// The event under way is that of the shard's end.
    private var isLastEvent = false

    private func continueEvent(
        _ answer: RecordsAnswer<Writer>,
        _ message: EventStreamMessage,
        after start: ByteBuffer
    ) -> StreamPart {
        var answer = answer
        var message = message
        // The state must not keep a second copy of what is being changed.
        self.state = .idle
        let before = start.readableBytes
        var chunk: ByteBuffer
        do throws(ChunkedBodyError) {
            chunk = try answer.next(after: start)
        } catch {
            self.client.logger.error("an event was cut short", metadata: ["error": "\(error)"])
            self.finish()
            self.state = .over
            return .end
        }
        message.wrote(chunk.readableBytes - before, to: chunk)
        if answer.bytesLeft == 0 {
            message.end(&chunk)
            self.state = self.isLastEvent ? .ending : .idle
        } else {
            self.state = .sending(answer, message)
        }
        return .bytes(chunk)
    }

    /// Where the client goes on after this event.
    private func continuation(_ shard: Shard) -> String {
        if self.nextOffset > shard.startOffset {
            return "\(StreamView.sequenceNumber(shard, offset: self.nextOffset - 1))"
        }
        return StreamView.sequenceNumber(shard, offset: shard.startOffset).placeBefore
    }

    private func fail(_ error: KinesisError) -> StreamPart {
        self.finish()
        self.state = .ending
        // The model names three; what else may happen is an internal failure there.
        let name =
            switch error.code {
            case .resourceNotFound, .resourceInUse: error.code.rawValue
            default: "InternalFailureException"
            }
        var writer = Writer(into: ByteBuffer())
        KinesisError(.internalFailure, error.message ?? name).writeMessage(to: &writer)
        return .bytes(self.message(name, type: "exception", payload: writer.buffer))
    }
}
