internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model
internal import NIOCore

/// PutRecord and PutRecords. Both run on the connection's loop and touch no other thread but the log's own.
extension KinesisService {
    func putRecord(
        _ input: PutRecordInput,
        _ caller: Caller,
        router: (HostedTopic) -> StreamRouter,
        on eventLoop: any EventLoop,
        respond: @escaping Respond<PutRecordOutput>
    ) {
        do throws(KinesisError) {
            let hosted = try self.stream(input.stream, caller)
            try self.checkOrdering(input.sequenceNumberForOrdering, of: hosted, caller)
            var violations = ConstraintViolations()
            if input.entry.partitionKey == nil, try !self.takesRecordsWithoutKeys(hosted) {
                violations.requirePresent(input.entry.partitionKey, at: "partitionKey")
            }
            violations.requireSize(input.entry, in: input.payload, atMost: self.recordBytesMax(hosted), at: "")
            try violations.check()
            try self.checkDryRun(input.dryRun)
            try self.put([input.entry], payload: input.payload, hosted, caller, router, eventLoop) { result in
                respond(
                    result.flatMap { results in
                        guard case .stored(let ordinal, let number)? = results.first else {
                            return .failure(.internalFailure)
                        }
                        return .success(PutRecordOutput(ordinal: ordinal, sequenceNumber: number))
                    }
                )
            }
        } catch {
            respond(.failure(error))
        }
    }

    func putRecords(
        _ input: PutRecordsInput,
        _ caller: Caller,
        router: (HostedTopic) -> StreamRouter,
        on eventLoop: any EventLoop,
        respond: @escaping Respond<PutRecordsOutput>
    ) {
        do throws(KinesisError) {
            let hosted = try self.stream(input.stream, caller)
            try self.check(input.entries, payload: input.payload, hosted)
            try self.checkDryRun(input.dryRun)
            // The closure does not hold on to the payload: its records are in batches by the time that it runs.
            let count = input.entries.count
            try self.put(input.entries, payload: input.payload, hosted, caller, router, eventLoop) { result in
                if case .failure(let error) = result, count == 1,
                    error.status == 500 || error.code == .provisionedThroughputExceeded
                {
                    // One record or many: a failure of storage, or of its shard's budget, is told per record.
                    respond(
                        .success(
                            PutRecordsOutput(results: [
                                .failed(code: error.code.rawValue, message: error.message ?? "")
                            ])
                        )
                    )
                    return
                }
                respond(result.map(PutRecordsOutput.init(results:)))
            }
        } catch {
            respond(.failure(error))
        }
    }

    private func put(
        _ entries: [PutEntry],
        payload: ByteBuffer,
        _ hosted: HostedTopic,
        _ caller: Caller,
        _ router: (HostedTopic) -> StreamRouter,
        _ eventLoop: any EventLoop,
        respond: @escaping Respond<[PutRecordsOutput.Result]>
    ) throws(KinesisError) {
        let router = router(hosted)
        let hash = Self.keylessHash(entries)
        if let peers = self.backend.peerCalls, !hosted.isServedWhole {
            return try SplitPut.start(
                entries,
                payload: payload,
                hosted: hosted,
                caller: caller,
                router: router,
                keylessHash: hash,
                service: self,
                peers: peers,
                on: eventLoop,
                respond: respond
            )
        }
        try self.putHere(
            entries,
            payload: payload,
            hosted,
            caller,
            router,
            keylessHash: hash,
            misplaced: nil,
            eventLoop,
            respond: respond
        )
    }

    /// Puts records into shards that this broker leads.
    ///
    /// - Parameters:
    ///   - keylessHash: chooses the shard of records without a partition key.
    ///   - misplaced: gets those whose shards are led by others; without it they are refused.
    func putHere(
        _ entries: [PutEntry],
        payload: ByteBuffer,
        _ hosted: HostedTopic,
        _ caller: Caller,
        _ router: StreamRouter,
        keylessHash: UInt32,
        misplaced: MisplacedRecords?,
        _ eventLoop: any EventLoop,
        respond: @escaping Respond<[PutRecordsOutput.Result]>
    ) throws(KinesisError) {
        let now = self.backend.now()
        let routed = try self.routeWithinLimits(
            entries,
            payload,
            to: hosted,
            by: router,
            keylessHash: keylessHash,
            caller,
            now: now
        )
        PutOperation.start(
            routed.batches,
            count: entries.count,
            topic: hosted,
            caller: caller,
            now: now,
            backend: self.backend,
            on: eventLoop,
            refused: routed.refused,
            misplaced: misplaced,
            respond: respond
        ) {
            { (indices) throws(KinesisError) in
                guard let current = self.backend.topic(id: hosted.id) else {
                    throw KinesisError.streamNotFound(hosted.name, account: caller.account)
                }
                let batches = try self.route(
                    indices.map { entries[Int($0)] },
                    payload,
                    to: current,
                    by: StreamRouter(current.topic),
                    keylessHash: keylessHash,
                    now: now
                )
                return (current, batches.reindexed(indices))
            }
        }
    }

    private func route(
        _ entries: [PutEntry],
        _ payload: ByteBuffer,
        to hosted: HostedTopic,
        by router: StreamRouter,
        keylessHash: UInt32,
        now: Timestamp
    ) throws(KinesisError) -> PutBatches {
        try PutBatches(
            entries,
            payload: payload,
            router: router,
            batchBytesMax: self.messageBytesMax(hosted),
            keylessHash: keylessHash,
            now: now
        )
    }

    /// One for all records of a request.
    private static func keylessHash(_ entries: [PutEntry]) -> UInt32 {
        entries.contains { $0.partitionKey == nil } ? .random(in: 0 ... .max) : 0
    }

    /// A put whose records have been routed.
    private struct Routed {
        var batches: PutBatches
        /// What the shards have no budget for, and why. They are not in `batches`.
        var refused: [(index: Int32, error: KinesisError)] = []
    }

    /// As `route`, without the records that their shards do not take now (`kinesis.limits`).
    private func routeWithinLimits(
        _ entries: [PutEntry],
        _ payload: ByteBuffer,
        to hosted: HostedTopic,
        by router: StreamRouter,
        keylessHash hash: UInt32,
        _ caller: Caller,
        now: Timestamp
    ) throws(KinesisError) -> Routed {
        guard self.limits.hold(on: hosted.topic) else {
            return Routed(
                batches: try self.route(entries, payload, to: hosted, by: router, keylessHash: hash, now: now)
            )
        }
        let shards = try PutBatches.shardIndexes(of: entries, payload: payload, router: router, keylessHash: hash)
            .map { router.shards[$0] }
        let isAdmitted = self.limits.admit(
            zip(shards, entries).lazy.map { (ordinal: $0.ordinal, bytes: $1.bytes) },
            to: hosted.id,
            now: now
        )
        let admitted = entries.indices.filter { isAdmitted[$0] }.map(Int32.init)
        let batches = try self.route(
            admitted.map { entries[Int($0)] },
            payload,
            to: hosted,
            by: router,
            keylessHash: hash,
            now: now
        )
        return Routed(
            batches: batches.reindexed(admitted),
            refused: entries.indices.filter { !isAdmitted[$0] }.map { index in
                let shard = shards[index].id
                return (Int32(index), .rateExceeded(shard: shard, stream: hosted.name, account: caller.account))
            }
        )
    }

    private func messageBytesMax(_ hosted: HostedTopic) -> Int {
        for partition in hosted.served { return partition.messageBytesMax }
        return Int(self.backend.settings(for: hosted.topic).int64("max.message.bytes"))
    }

    /// Data and partition key together, against what the stream allows.
    private func recordBytesMax(_ hosted: HostedTopic) -> Int {
        Int(StreamView.maxRecordSizeInKiB(messageBytesMax: Int64(self.messageBytesMax(hosted)))) * 1024
    }

    private func check(
        _ entries: [PutEntry],
        payload: ByteBuffer,
        _ hosted: HostedTopic
    ) throws(KinesisError) {
        let limit = self.recordBytesMax(hosted)
        var total = 0
        var hasAllKeys = true
        var violations = ConstraintViolations()
        for (index, entry) in entries.enumerated() {
            let bytes = entry.bytes
            total += bytes
            if entry.partitionKey == nil { hasAllKeys = false }
            if bytes > limit {
                violations.requireSize(entry, in: payload, atMost: limit, at: "records.\(index + 1).member.")
            }
        }
        if !hasAllKeys, try !self.takesRecordsWithoutKeys(hosted) { violations.requirePartitionKeys(entries) }
        try violations.check()
        guard total <= PutRecordsInput.bytesMax else {
            throw KinesisError(.invalidArgument, "Records size exceeds 10 MB limit")
        }
    }

    /// Where the distribution strategy is `AUTO` a partition key is optional.
    ///
    /// - Throws: `InvalidArgumentException` for a compacted topic, which keeps the last record of each key.
    private func takesRecordsWithoutKeys(_ hosted: HostedTopic) throws(KinesisError) -> Bool {
        guard hosted.topic.routing == .kafka else { return false }
        guard !self.view(hosted).isCompacted else {
            throw KinesisError(
                .invalidArgument,
                "Stream \(hosted.name) is compacted by key: its records need a partition key."
            )
        }
        return true
    }

    /// `SequenceNumberForOrdering` asks that the record comes after another one. Here every record of a shard comes
    /// after those that were answered before, so only its form matters.
    private func checkOrdering(_ text: String?, of hosted: HostedTopic, _ caller: Caller) throws(KinesisError) {
        guard let text else { return }
        guard hosted.topic.routing != .kafka else {
            throw KinesisError(
                .invalidArgument,
                "SequenceNumberForOrdering cannot be used in PutRecord on stream \(hosted.name) under account "
                    + "\(caller.account) because its RecordDistributionStrategy is AUTO."
            )
        }
        guard ParsedSequenceNumber(text) == .invalid else { return }
        throw KinesisError(
            .invalidArgument,
            "ExclusiveMinimumSequenceNumber \(text) used in PutRecord on stream \(hosted.name) under account "
                + "\(caller.account) is invalid."
        )
    }
}
