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
            try self.checkOrdering(input.sequenceNumberForOrdering, of: hosted.name, caller)
            try self.checkSize(input.entry, path: "data", hosted)
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
            try self.checkSizes(input.entries, hosted)
            try self.checkDryRun(input.dryRun)
            // The closure does not hold on to the payload: its records are in batches by the time that it runs.
            let count = input.entries.count
            try self.put(input.entries, payload: input.payload, hosted, caller, router, eventLoop) { result in
                if case .failure(let error) = result, count == 1, error.status == 500 {
                    // One record or many: a failure of storage is told per record.
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
        let now = self.backend.now()
        let batches = try PutBatches(
            entries,
            payload: payload,
            router: router(hosted),
            batchBytesMax: self.messageBytesMax(hosted),
            now: now
        )
        PutOperation.start(
            batches,
            count: entries.count,
            topic: hosted,
            caller: caller,
            now: now,
            metrics: self.backend.kinesisMetrics,
            on: eventLoop,
            respond: respond
        )
    }

    private func messageBytesMax(_ hosted: HostedTopic) -> Int {
        for case let partition? in hosted.partitions { return partition.messageBytesMax }
        return 1 << 20
    }

    /// Data and partition key together, against what the stream allows.
    private func recordBytesMax(_ hosted: HostedTopic) -> Int {
        Int(StreamView.maxRecordSizeInKiB(messageBytesMax: Int64(self.messageBytesMax(hosted)))) * 1024
    }

    private func checkSize(_ entry: PutEntry, path: String, _ hosted: HostedTopic) throws(KinesisError) {
        let limit = self.recordBytesMax(hosted)
        let bytes = Int(entry.data?.count ?? 0) + Int(entry.partitionKey?.bytes.count ?? 0)
        guard bytes > limit else { return }
        var violations = ConstraintViolations()
        violations.addDataTooLarge(bytes, limit: limit, at: path)
        try violations.check()
    }

    private func checkSizes(_ entries: [PutEntry], _ hosted: HostedTopic) throws(KinesisError) {
        let limit = self.recordBytesMax(hosted)
        var total = 0
        var violations = ConstraintViolations()
        for (index, entry) in entries.enumerated() {
            let bytes = Int(entry.data?.count ?? 0) + Int(entry.partitionKey?.bytes.count ?? 0)
            total += bytes
            if bytes > limit {
                violations.addDataTooLarge(bytes, limit: limit, at: "records.\(index + 1).member.data")
            }
        }
        try violations.check()
        guard total <= PutRecordsInput.bytesMax else {
            throw KinesisError(.invalidArgument, "Records size exceeds 10 MB limit")
        }
    }

    /// `SequenceNumberForOrdering` asks that the record comes after another one. Here every record of a shard comes
    /// after those that were answered before, so only its form matters.
    private func checkOrdering(_ text: String?, of streamName: String, _ caller: Caller) throws(KinesisError) {
        guard let text, ParsedSequenceNumber(text) == .invalid else { return }
        throw KinesisError(
            .invalidArgument,
            "ExclusiveMinimumSequenceNumber \(text) used in PutRecord on stream \(streamName) under account "
                + "\(caller.account) is invalid."
        )
    }
}
