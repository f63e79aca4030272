internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore
internal import Serving

/// Makes one event of a subscription that a client has at another broker, for which it may wait for records.
///
/// Lives on the event loop of the other broker's connection. Completes exactly once.
final class EventRead<Writer: ShapeWriter> {
    /// As of a subscription of this broker's own.
    private static var eventBytesMax: Int { 1 << 20 }
    /// How often the metadata is looked at between the end of a shard and its publication.
    private static var closingPause: TimeAmount { .milliseconds(20) }
    /// The longest wait, also when the other broker asks for more.
    private static var waitMax: UInt32 { 5_000 }

    private let request: EventRequest
    private let service: KinesisService
    private let eventLoop: any EventLoop
    private var collector: RecordCollector<Writer>?
    private var mayWait: Bool
    private var waiter: (waiter: ReadWaiter, log: any PartitionLog)?
    private var timer: Scheduled<Void>?
    private var respond: ((PeerAnswer) -> Void)?

    private init(
        _ request: EventRequest,
        _ service: KinesisService,
        _ eventLoop: any EventLoop,
        _ respond: @escaping (PeerAnswer) -> Void
    ) {
        self.request = request
        self.service = service
        self.eventLoop = eventLoop
        self.mayWait = request.waitMilliseconds > 0
        self.respond = respond
    }

    static func start(
        _ request: EventRequest,
        service: KinesisService,
        on eventLoop: any EventLoop,
        respond: @escaping (PeerAnswer) -> Void
    ) {
        let subscriber = request.subscriber
        let continues = service.subscriptions.resume(
            subscriber.key,
            Subscriptions.Ticket(number: subscriber.ticket),
            isElsewhere: true,
            now: eventLoop.now,
            // The other broker hears of it with its next request.
            takenOver: {}
        )
        guard continues else { return respond(.refused(.takenOver)) }
        EventRead(request, service, eventLoop, respond).look()
    }

    private struct Place {
        var hosted: HostedTopic
        var shard: Shard
        var partition: HostedPartition
    }

    /// The shard as it is now; `nil` after an answer. Whether the consumer is registered the other broker knows.
    private func place() -> Place? {
        let subscriber = self.request.subscriber
        guard let hosted = self.service.backend.topic(id: subscriber.stream),
            let shard = hosted.topic.shard(ordinal: subscriber.shard)
        else {
            // The other broker knows it: this one's metadata is behind, or ahead.
            self.complete(.notServed)
            return nil
        }
        guard let partition = hosted.placement(shard.partition)?.hosted else {
            self.complete(.notServed)
            return nil
        }
        return Place(hosted: hosted, shard: shard, partition: partition)
    }

    private func look() {
        self.timer?.cancel()
        self.timer = nil
        if let (waiter, log) = self.waiter.take() { log.removeReadWaiter(waiter) }
        guard let place = self.place() else { return }
        let log = place.partition.log
        let start = max(self.request.offset, min(log.offsets.logStart, place.shard.endOffset ?? .max))
        // Made again after a wait: the shard may have ended, and nothing was found before.
        let collector = RecordCollector<Writer>(
            shard: place.shard,
            from: start,
            recordCountMax: Int(GetRecordsInput.limitMax),
            heldBytesMax: Self.eventBytesMax
        )
        self.collect(collector, place)
    }

    private func collect(_ collector: RecordCollector<Writer>, _ place: Place) {
        var collector = collector
        while !collector.isDone {
            let request = collector.nextRead(bytesMax: Self.eventBytesMax)
            do throws(LogError) {
                switch try place.partition.log.read(request) {
                case .records(let fetched):
                    guard self.take(fetched, &collector, place) else { return self.collected(collector, place) }
                case .deferred(let read): return self.perform(read, collector, place)
                }
            } catch {
                return self.failed(error, collector, place)
            }
        }
        self.collected(collector, place)
    }

    private func perform(_ read: DeferredRead, _ collector: RecordCollector<Writer>, _ place: Place) {
        let bound = NIOLoopBound((self, collector, place), eventLoop: self.eventLoop)
        let eventLoop = self.eventLoop
        self.service.backend.engine.perform([read]) { results in
            eventLoop.execute {
                var (event, collector, place) = bound.value
                switch results.first {
                case .success(let fetched)?:
                    if event.take(fetched, &collector, place) {
                        event.collect(collector, place)
                    } else {
                        event.collected(collector, place)
                    }
                case .failure(let error)?: event.failed(error, collector, place)
                case nil: event.complete(.refused(.internalFailure))
                }
            }
        }
    }

    private func take(_ fetched: FetchedRecords, _ collector: inout RecordCollector<Writer>, _ place: Place) -> Bool {
        let before = collector.nextOffset
        self.service.backend.kinesisMetrics.recordBytesRead.add(fetched.bytes)
        collector.add(fetched, endingAt: place.partition.end(ofShard: place.shard.ordinal))
        return collector.nextOffset > before && collector.nextOffset < fetched.offsets.lastStable
    }

    private func failed(_ error: LogError, _ collector: RecordCollector<Writer>, _ place: Place) {
        switch error.code {
        // Retention may have overtaken the read: the next event begins where the log does.
        case .offsetOutOfRange: self.collected(collector, place)
        // It has moved.
        case .partitionGone, .fencedLeaderEpoch: self.complete(.notServed)
        default:
            self.complete(
                .refused(KinesisError(error, stream: place.hosted.name, account: Caller.defaultAccount))
            )
        }
    }

    private func collected(_ collector: RecordCollector<Writer>, _ place: Place) {
        if collector.failure != nil, collector.recordCount == 0 { return self.complete(.refused(.internalFailure)) }
        if collector.recordCount == 0, !collector.isAtEnd, self.mayWait {
            self.mayWait = false
            return self.wait(after: collector.nextOffset, place)
        }
        self.answer(collector, place)
    }

    private func wait(after offset: Offset, _ place: Place) {
        let bound = NIOLoopBound(self, eventLoop: self.eventLoop)
        let eventLoop = self.eventLoop
        // The shard has ended, and the metadata does not say so yet: what the log gets now is its children's.
        let isClosing = place.partition.end(ofShard: place.shard.ordinal).map { offset >= $0 } ?? false
        var pause = TimeAmount.milliseconds(Int64(min(self.request.waitMilliseconds, Self.waitMax)))
        if isClosing {
            pause = min(pause, Self.closingPause)
        } else {
            let waiter = ReadWaiter(eventLoop: eventLoop) { eventLoop.execute { bound.value.woken() } }
            self.waiter = (waiter, place.partition.log)
            place.partition.log.addReadWaiter(waiter, after: offset, isolation: .readCommitted)
        }
        self.timer = eventLoop.assumeIsolated().scheduleTask(in: pause) { self.woken() }
    }

    private func woken() {
        // Both the waiter and the timer may come.
        guard self.timer != nil else { return }
        self.look()
    }

    private func answer(_ collector: RecordCollector<Writer>, _ place: Place) {
        var collector = collector
        let now = self.service.backend.now()
        let (shard, isAtEnd, next) = (place.shard, collector.isAtEnd, collector.nextOffset)
        let behind = collector.millisBehindLatest(in: place.partition.log, now: now)
        let continuation = isAtEnd ? nil : StreamView.continuation(of: shard, at: next)
        let children = isAtEnd ? StreamView.childShards(of: shard.ordinal, in: place.hosted.topic) : []
        var records = collector.finish { writer in
            SubscribeToShardEvent.end(
                &writer,
                continuation: continuation,
                millisBehindLatest: behind,
                childShards: children
            )
        }
        var payload = ByteBufferAllocator().buffer(capacity: records.byteCount)
        do throws(ChunkedBodyError) {
            while records.bytesLeft > 0 { payload.writeImmutableBuffer(try records.next(after: ByteBuffer())) }
        } catch {
            return self.complete(.refused(.internalFailure))
        }
        let consumer = self.request.subscriber.consumer
        var pause: Int64 = 0
        if collector.recordCount > 0 {
            place.partition.traffic.read(by: .kinesis, bytes: collector.bytes, records: collector.recordCount)
            pause = self.service.limits.sent(
                bytes: collector.bytes,
                of: shard,
                in: place.hosted,
                to: consumer,
                now: now
            )
        }
        self.service.backend.shardReaders.reader(
            .init(stream: place.hosted.id, name: consumer.name, kind: .fanOut)
        ).read(shard: shard.ordinal, partition: shard.partition, next: next, now: now)
        self.complete(
            .done(
                EventAnswer(
                    nextOffset: next,
                    recordCount: collector.recordCount,
                    bytes: collector.bytes,
                    isAtEnd: isAtEnd,
                    millisBehindLatest: behind,
                    pauseMilliseconds: pause,
                    payload: payload
                ).encoded
            )
        )
    }

    private func complete(_ answer: PeerAnswer) {
        guard let respond = self.respond.take() else { return }
        respond(answer)
    }
}
