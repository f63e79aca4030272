internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Logging
internal import Metadata
internal import Model
internal import NIOCore
internal import RecordBatch
internal import Serving

/// One GetRecords under way. Reads in steps until the answer is full or the readable end is reached; data that is not
/// in memory is read on an I/O thread.
///
/// Lives on the event loop of its connection. Completes exactly once.
final class GetRecordsOperation<Writer: ShapeWriter> {
    /// What one step may read, and what all may: a log full of aborted records must not be scanned in one call.
    private static var stepBytesMax: Int { 1 << 20 }
    private static var scannedBytesMax: Int { 64 << 20 }

    private let service: KinesisService
    private let hosted: HostedTopic
    private let shard: Shard
    private let partition: HostedPartition
    private var log: any PartitionLog { self.partition.log }
    private let account: String
    private let reader: ShardReaders.Reader
    private let logger: Logger
    private let eventLoop: any EventLoop
    private var collector: RecordCollector<Writer>
    private var scannedBytes = 0
    private var respond: Respond<RecordsAnswer<Writer>>?

    private init(
        service: KinesisService,
        hosted: HostedTopic,
        shard: Shard,
        partition: HostedPartition,
        account: String,
        reader: ShardReaders.Reader,
        collector: RecordCollector<Writer>,
        logger: Logger,
        eventLoop: any EventLoop,
        respond: @escaping Respond<RecordsAnswer<Writer>>
    ) {
        self.service = service
        self.hosted = hosted
        self.shard = shard
        self.partition = partition
        self.account = account
        self.reader = reader
        self.collector = collector
        self.logger = logger
        self.eventLoop = eventLoop
        self.respond = respond
    }

    static func start(
        _ input: GetRecordsInput,
        _ caller: Caller,
        service: KinesisService,
        answerBytesMax: Int,
        access: KinesisAccess,
        reader: (TopicID) -> ShardReaders.Reader,
        logger: Logger,
        on eventLoop: any EventLoop,
        respond: @escaping Respond<RecordsAnswer<Writer>>
    ) {
        do throws(KinesisError) {
            let now = service.backend.now()
            let iterator = try ShardIterator(
                input.shardIterator ?? "",
                sealer: service.sealer,
                now: now,
                validity: service.settings.iteratorValidityMilliseconds
            )
            try access.require(.getRecords, on: iterator.streamName)
            if let named = input.streamARN.flatMap(StreamARN.init(text:)), named.streamName != iterator.streamName {
                throw KinesisError(.invalidArgument, "The ShardIterator does not belong to \(named).")
            }
            guard let hosted = service.backend.topic(id: iterator.streamID),
                let shard = hosted.topic.shard(ordinal: Int32(bitPattern: iterator.ordinal))
            else {
                throw KinesisError.shardNotFound(
                    "\(ShardID(iterator.ordinal))",
                    stream: iterator.streamName,
                    account: caller.account
                )
            }
            try service.checkDryRun(input.dryRun)
            let partition = try service.partition(of: shard, in: hosted)
            try service.limits.checkRead(shard, of: hosted, caller.account, now: now)
            let log = partition.log
            // What was trimmed in the meantime is silently gone, as with AWS.
            let offset = max(iterator.offset, shard.startOffset, min(log.offsets.logStart, shard.endOffset ?? .max))
            let operation = GetRecordsOperation(
                service: service,
                hosted: hosted,
                shard: shard,
                partition: partition,
                account: caller.account,
                reader: reader(hosted.id),
                collector: RecordCollector(
                    shard: shard,
                    from: offset,
                    recordCountMax: Int(input.limit ?? GetRecordsInput.limitMax),
                    heldBytesMax: answerBytesMax
                ),
                logger: logger,
                eventLoop: eventLoop,
                respond: respond
            )
            operation.step()
        } catch {
            respond(.failure(error))
        }
    }

    private func step() {
        while !self.collector.isDone, self.scannedBytes < Self.scannedBytesMax {
            // A few kilobytes a record is plenty for a small limit; the loop comes back for the rest.
            let request = self.collector.nextRead(
                bytesMax: min(self.collector.recordsLeft * 4096, Self.stepBytesMax)
            )
            do {
                switch try self.log.read(request) {
                case .records(let fetched):
                    guard self.take(fetched) else {
                        self.finish()
                        return
                    }
                case .deferred(let read):
                    self.perform(read)
                    return
                }
            } catch {
                self.fail(error)
                return
            }
        }
        self.finish()
    }

    private func perform(_ read: DeferredRead) {
        let bound = NIOLoopBound(self, eventLoop: self.eventLoop)
        let eventLoop = self.eventLoop
        self.service.backend.engine.perform([read]) { results in
            eventLoop.execute {
                let operation = bound.value
                switch results.first {
                case .success(let fetched)?:
                    if operation.take(fetched) { operation.step() } else { operation.finish() }
                case .failure(let error)?:
                    operation.fail(error)
                case nil:
                    operation.fail(LogError(.storage, "The read did not run."))
                }
            }
        }
    }

    /// - Returns: whether there may be more to read.
    private func take(_ fetched: FetchedRecords) -> Bool {
        let before = self.collector.nextOffset
        self.scannedBytes += fetched.bytes
        self.service.backend.kinesisMetrics.recordBytesRead.add(fetched.bytes)
        // After the read: who closed the shard before has been seen, and what came after is not the shard's.
        self.collector.add(fetched, endingAt: self.partition.end(ofShard: self.shard.ordinal))
        return self.collector.nextOffset > before && self.collector.nextOffset < fetched.offsets.lastStable
    }

    private func fail(_ error: LogError) {
        // Retention may have overtaken the read; what was collected is still right.
        if error.code == .offsetOutOfRange || self.collector.recordCount > 0 {
            self.finish()
            return
        }
        if error.code == .partitionGone, self.service.backend.topic(id: self.hosted.id) != nil {
            // Its partition has moved to another broker, which the next call finds.
            return self.complete(.failure(.shardUnavailable(self.shard.id, stream: self.hosted.name)))
        }
        if error.code == .corruptBatch {
            let shard = self.shard.id
            self.complete(.failure(.damagedShard(shard, stream: self.hosted.name, error.message)))
            return
        }
        self.complete(.failure(KinesisError(error, stream: self.hosted.name, account: self.account)))
    }

    /// One line per call, however many batches there were.
    private func reportUnreadable() {
        if let skipped = self.collector.skipped {
            self.logger.warning(
                "skipped batches that cannot be decoded",
                metadata: [
                    "partition": "\(self.hosted.name)-\(self.shard.partition)",
                    "offset": "\(skipped.baseOffset)",
                    "batches": "\(skipped.batchCount)",
                    "error": "\(skipped.error)",
                ]
            )
        }
        if let failure = self.collector.failure {
            self.logger.error(
                "the log cannot be read",
                metadata: [
                    "partition": "\(self.hosted.name)-\(self.shard.partition)",
                    "offset": "\(self.collector.nextOffset)",
                    "error": "\(failure)",
                ]
            )
        }
    }

    private func finish() {
        self.reportUnreadable()
        if self.collector.failure != nil, self.collector.recordCount == 0 {
            self.complete(.failure(.internalFailure))
            return
        }
        let now = self.service.backend.now()
        let isAtEnd = self.collector.isAtEnd
        let iterator = ShardIterator(
            streamID: self.hosted.id,
            streamName: self.hosted.name,
            ordinal: UInt32(bitPattern: self.shard.ordinal),
            offset: self.collector.nextOffset,
            minted: now
        )
        let behind = self.collector.millisBehindLatest(in: self.log, now: now)
        self.reader.read(
            shard: self.shard.ordinal,
            partition: self.shard.partition,
            next: self.collector.nextOffset,
            now: now
        )
        self.partition.traffic.read(
            by: .kinesis,
            bytes: self.collector.bytes,
            records: self.collector.recordCount
        )
        self.service.limits.answered(self.shard, of: self.hosted, bytes: self.collector.bytes, now: now)
        let answer = self.collector.finish { writer in
            GetRecordsOutput.end(
                &writer,
                nextShardIterator: isAtEnd ? nil : iterator.sealed(by: self.service.sealer),
                millisBehindLatest: behind,
                childShards: isAtEnd ? StreamView.childShards(of: self.shard.ordinal, in: self.hosted.topic) : []
            )
        }
        self.complete(.success(answer))
    }

    private func complete(_ result: Result<RecordsAnswer<Writer>, KinesisError>) {
        guard let respond = self.respond else { return }
        self.respond = nil
        respond(result)
    }
}

extension RecordCollector {
    /// How far the last record is behind the newest readable one. Zero means caught up, and nothing else does.
    func millisBehindLatest(in log: any PartitionLog, now: Timestamp) -> Int64 {
        let end = self.readableEnd(log.offsets.lastStable)
        guard self.nextOffset < end, self.lastTimestamp >= 0 else {
            return self.nextOffset < end ? 1 : 0
        }
        let newest = Self.newestTimestamp(before: end, in: log) ?? now
        let (behind, overflow) = newest.subtractingReportingOverflow(self.lastTimestamp)
        return overflow ? 1 : max(1, behind)
    }

    /// The time of the newest readable record when memory holds it; finding it on disk is not worth a read per call.
    private static func newestTimestamp(before end: Offset, in log: any PartitionLog) -> Timestamp? {
        let request = ReadRequest(offset: end - 1, bytesMax: 1, atLeastOneBatch: true, isolation: .readCommitted)
        guard case .records(let fetched)? = try? log.read(request), let part = fetched.parts.first,
            let header = try? RecordBatchHeader(reading: part, at: part.readerIndex), header.maxTimestamp >= 0
        else { return nil }
        return header.maxTimestamp
    }
}
