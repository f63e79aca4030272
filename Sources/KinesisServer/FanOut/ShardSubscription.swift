internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Logging
internal import Metadata
internal import Model
internal import NIOCore
internal import Quotas
internal import RecordBatch
internal import Serving

/// One SubscribeToShard under way: the body of its answer, made as records arrive and as the client takes it.
///
/// What comes next is decided by `SubscriptionMachine`.
///
/// It reads the log as GetRecords does and holds batches by reference. Nothing is read ahead: what the client has not
/// taken is at most one event and what its transport buffers. Lives on the event loop of its connection.
final class ShardSubscription<Writer: ShapeWriter>: StreamedBody {
    /// What one event holds at most; one batch goes beyond it.
    private static var eventBytesMax: Int { 1 << 20 }
    /// How often the metadata is looked at while nothing arrives: the shard may have been closed.
    static var metadataPause: TimeAmount { .seconds(1) }
    /// How often the metadata is looked at again between the end of a shard and its publication.
    private static var closingPause: TimeAmount { .milliseconds(20) }

    let service: KinesisService
    let client: ClientContext
    /// What the caller might do when the subscription began.
    private let access: KinesisAccess
    let contentType: ContentType
    let streamID: TopicID
    let consumer: StreamConsumer
    /// As the client named it: the consumer's own policy is asked again as well.
    private let consumerARN: String?
    /// Who is charged for what is pushed.
    private let quotaClient: QuotaClient?
    private let reader: ShardReaders.Reader
    let ordinal: Int32
    let key: Subscriptions.Key
    let ticket: Subscriptions.Ticket
    private var isOver = false

    var machine: SubscriptionMachine
    /// The event under way, of which not all is written.
    private var event: (answer: RecordsAnswer<Writer>, message: EventStreamMessage)?
    var nextOffset: Offset
    var collector: RecordCollector<Writer>?
    /// What the broker that leads the shard has answered, until it is looked at.
    var remote: Result<PeerAnswer, PeerCallError>?
    /// Until another broker that had nothing is asked again.
    var remotePause = TimeAmount.zero
    /// As of the last event.
    var millisBehindLatest: Int64 = 0
    /// Ends the subscription with the next message.
    private var failure: KinesisError?
    var ready: (() -> Void)?
    private var waiter: (waiter: ReadWaiter, log: any PartitionLog)?
    private var claim: MemoryClaim?
    var timer: Scheduled<Void>?

    init(
        service: KinesisService,
        client: ClientContext,
        access: KinesisAccess,
        contentType: ContentType,
        shard: Shard,
        of hosted: HostedTopic,
        from offset: Offset,
        consumer: StreamConsumer,
        ticket: Subscriptions.Ticket,
        named consumerARN: String?,
        chargedTo quotaClient: QuotaClient?
    ) {
        self.quotaClient = quotaClient
        self.service = service
        self.client = client
        self.access = access
        self.contentType = contentType
        self.streamID = hosted.id
        self.ticket = ticket
        self.consumer = consumer
        self.consumerARN = consumerARN
        self.reader = service.backend.shardReaders.reader(
            .init(stream: hosted.id, name: consumer.name, kind: .fanOut)
        )
        self.ordinal = shard.ordinal
        self.key = Subscriptions.Key(
            stream: hosted.id,
            consumer: consumer.name,
            consumerCreated: consumer.created,
            shard: shard.ordinal
        )
        self.nextOffset = offset
        self.machine = SubscriptionMachine(now: client.eventLoop.now)
    }

    /// - Returns: whether there is a subscription now: not within five seconds of another call.
    func begin() -> Bool {
        self.service.subscriptions.begin(
            self.key,
            self.ticket,
            now: self.client.eventLoop.now,
            takenOver: self.takeOver
        )
    }

    /// What ends it when another one takes its place.
    var takeOver: @Sendable () -> Void {
        let bound = NIOLoopBound(self, eventLoop: self.client.eventLoop)
        let eventLoop = self.client.eventLoop
        return { eventLoop.execute { bound.value.takenOver() } }
    }

    // MARK: StreamedBody

    var heldBytes: Int { self.event?.answer.heldBytes ?? 0 }

    func next(ready: @escaping () -> Void) -> StreamPart {
        switch self.machine.partRequested(now: self.client.eventLoop.now) {
        case .open: return .bytes(self.message("initial-response", payload: self.emptyStructure))
        case .look: return self.look(ready)
        case .later:
            self.ready = ready
            return .later
        case .resumeEvent: return self.resumeEvent(after: ByteBuffer())
        case .fail: return self.errorMessage(self.failure ?? .internalFailure)
        case .end:
            self.finish()
            return .end
        }
    }

    func quiesce() {
        if self.machine.quiesced(now: self.client.eventLoop.now) { self.offerPart() }
    }

    func cancel() {
        self.finish()
        self.machine.cancelled()
        self.event = nil
    }

    func finish() {
        self.stopWaiting()
        self.ready = nil
        if !self.isOver { self.service.subscriptions.end(self.key, self.ticket) }
        self.isOver = true
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

    func message(_ event: String, type: String = "event", payload: ByteBuffer) -> ByteBuffer {
        var bytes = ByteBuffer()
        EventStreamMessage.write(self.headers(event, type: type), payload: payload, to: &bytes)
        return bytes
    }

    /// What the log has for the client now.
    private func look(_ ready: @escaping () -> Void) -> StreamPart {
        let now = self.client.eventLoop.now
        do throws(KinesisError) {
            let (hosted, shard) = try self.place()
            // ACLs and policies may have changed since it began.
            try self.access.current.require(.subscribeToShard, on: hosted.name, consumerARN: self.consumerARN)
            if let peers = self.service.backend.peerCalls,
                let part = try self.lookElsewhere(through: peers, hosted, shard, ready)
            {
                return part
            }
            let partition = try self.service.partition(of: shard, in: hosted)
            var collector =
                self.collector.take()
                ?? RecordCollector<Writer>(
                    shard: shard,
                    from: max(self.nextOffset, min(partition.log.offsets.logStart, shard.endOffset ?? .max)),
                    recordCountMax: Int(GetRecordsInput.limitMax),
                    heldBytesMax: Self.eventBytesMax
                )
            let isMemoryScarce = self.client.memory.isExhausted
            if !isMemoryScarce, self.machine.mayRead(now: now) {
                guard try self.collect(&collector, partition, shard) else {
                    self.collector = collector
                    self.ready = ready
                    return .later
                }
            }
            if collector.failure != nil, collector.recordCount == 0 { throw .internalFailure }
            self.nextOffset = collector.nextOffset
            self.reader.read(
                shard: self.ordinal,
                partition: shard.partition,
                next: self.nextOffset,
                now: self.service.backend.now()
            )
            let action = self.machine.looked(
                hasRecords: collector.recordCount > 0,
                isAtEnd: collector.isAtEnd,
                now: now,
                again: self.isClosing(partition, shard) ? Self.closingPause : Self.metadataPause
            )
            switch action {
            case .send: return self.beginEvent(collector, hosted, shard, partition)
            case .wait(let until):
                self.ready = ready
                self.wait(until: until, partition, shard, isMemoryScarce: isMemoryScarce)
                return .later
            }
        } catch {
            self.machine.lookFailed()
            return self.errorMessage(error)
        }
    }

    /// The shard has ended, and the metadata does not say so yet: what the log gets now is its children's.
    private func isClosing(_ partition: HostedPartition, _ shard: Shard) -> Bool {
        partition.end(ofShard: shard.ordinal).map { self.nextOffset >= $0 } ?? false
    }

    /// The shard as it is now.
    ///
    /// - Throws: `ResourceNotFoundException` when the stream or the consumer is gone.
    private func place() throws(KinesisError) -> (HostedTopic, Shard) {
        guard let hosted = self.service.backend.topic(id: self.streamID),
            StreamConsumer.named(self.consumer.name, of: hosted.topic) == self.consumer,
            let shard = hosted.topic.shard(ordinal: self.ordinal)
        else { throw KinesisError(.resourceNotFound, "Consumer \(self.consumer.name) not found.") }
        return (hosted, shard)
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
            let request = collector.nextRead(bytesMax: Self.eventBytesMax)
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
        self.machine.readBegan()
        let bound = NIOLoopBound(self, eventLoop: self.client.eventLoop)
        let eventLoop = self.client.eventLoop
        self.service.backend.engine.perform([read]) { results in
            eventLoop.execute { bound.value.performed(results.first, partition) }
        }
    }

    private func performed(_ result: Result<FetchedRecords, LogError>?, _ partition: HostedPartition) {
        guard self.machine.readEnded() else { return }
        switch result {
        case .success(let fetched)?:
            if var collector = self.collector.take() {
                _ = self.take(fetched, &collector, partition)
                self.collector = collector
            }
        case .failure(let error)? where error.code == .offsetOutOfRange: self.collector = nil
        case .failure(let error)?:
            self.failed(KinesisError(error, stream: partition.topicName, account: Caller.defaultAccount))
        case nil: self.failed(.internalFailure)
        }
        self.offerPart()
    }

    // MARK: Waiting

    private func wait(
        until: NIODeadline,
        _ partition: HostedPartition,
        _ shard: Shard,
        isMemoryScarce: Bool
    ) {
        let eventLoop = self.client.eventLoop
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        if isMemoryScarce {
            self.claim = self.client.memory.whenAvailable(on: eventLoop) { _ in bound.value.wake() }
        } else if self.machine.mayRead(now: eventLoop.now), !self.isClosing(partition, shard) {
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

    func wake() {
        if self.machine.woken() { self.offerPart() }
    }

    /// Tells the transport that there is a part to be asked for.
    func offerPart() {
        self.stopWaiting()
        let ready = self.ready.take()
        ready?()
    }

    private func failed(_ error: KinesisError) {
        self.failure = error
        if self.machine.failed() { self.offerPart() }
    }

    private func takenOver() { self.failed(.takenOver) }

    // MARK: Messages

    private func beginEvent(
        _ collector: RecordCollector<Writer>,
        _ hosted: HostedTopic,
        _ shard: Shard,
        _ partition: HostedPartition
    ) -> StreamPart {
        var collector = collector
        let now = self.service.backend.now()
        let isAtEnd = collector.isAtEnd
        let behind = collector.millisBehindLatest(in: partition.log, now: now)
        self.millisBehindLatest = behind
        let continuation = isAtEnd ? nil : StreamView.continuation(of: shard, at: self.nextOffset)
        let children = isAtEnd ? StreamView.childShards(of: self.ordinal, in: hosted.topic) : []
        let answer = collector.finish { writer in
            SubscribeToShardEvent.end(
                &writer,
                continuation: continuation,
                millisBehindLatest: behind,
                childShards: children
            )
        }
        if isAtEnd { self.finish() }
        if collector.recordCount > 0 {
            partition.traffic.read(by: .kinesis, bytes: collector.bytes, records: collector.recordCount)
            let pause = self.service.limits.sent(
                bytes: collector.bytes,
                of: shard,
                in: hosted,
                to: self.consumer,
                now: now
            )
            let quotaPause = self.charge(collector.bytes)
            self.machine.paused(until: self.client.eventLoop.now + .milliseconds(max(pause, quotaPause)))
        }
        var start = ByteBuffer()
        let message = EventStreamMessage(
            self.headers("SubscribeToShardEvent"),
            payloadBytes: answer.byteCount,
            into: &start
        )
        self.event = (answer, message)
        return self.resumeEvent(after: start)
    }

    /// - Returns: milliseconds until the next event with records may be sent.
    func charge(_ bytes: Int) -> Int64 {
        guard let quotaClient, let quotas = self.service.backend.clientQuotas else { return 0 }
        let pause = quotas.used(Double(bytes), of: .consumerByteRate, by: quotaClient)
        if pause > 0 { quotas.throttled(by: .consumerByteRate, for: pause) }
        return pause
    }

    private func resumeEvent(after start: ByteBuffer) -> StreamPart {
        guard var (answer, message) = self.event.take() else { return self.cutShort("there is no event under way") }
        let before = start.readableBytes
        var chunk: ByteBuffer
        do throws(ChunkedBodyError) {
            chunk = try answer.next(after: start)
        } catch {
            return self.cutShort("\(error)")
        }
        message.wrote(chunk.readableBytes - before, to: chunk)
        let isWhole = answer.bytesLeft == 0
        if isWhole { message.end(&chunk) } else { self.event = (answer, message) }
        self.machine.wrotePart(isWhole: isWhole)
        return .bytes(chunk)
    }

    private func cutShort(_ reason: String) -> StreamPart {
        self.client.logger.error("an event was cut short", metadata: ["error": "\(reason)"])
        self.cancel()
        return .end
    }

    /// The last message of a subscription that cannot continue.
    private func errorMessage(_ error: KinesisError) -> StreamPart {
        self.finish()
        // The model has no name for a right that was taken away. What else may happen is an internal failure there.
        let name =
            switch error.code {
            case .resourceNotFound, .resourceInUse, .accessDenied: error.code.rawValue
            default: "InternalFailureException"
            }
        var writer = Writer(into: ByteBuffer())
        KinesisError(.internalFailure, error.message ?? name).writeMessage(to: &writer)
        return .bytes(self.message(name, type: "exception", payload: writer.buffer))
    }
}
