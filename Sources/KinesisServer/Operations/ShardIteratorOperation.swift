internal import Broker
internal import KinesisProtocol
internal import LogCore
internal import Metadata
internal import Model
internal import NIOCore

extension KinesisService {
    /// Finds a position. Only `AT_TIMESTAMP` may read a file, which happens on an I/O thread.
    ///
    /// - Parameter respond: called on `eventLoop`.
    func getShardIterator(
        _ input: GetShardIteratorInput,
        _ caller: Caller,
        on eventLoop: any EventLoop,
        respond: @escaping Respond<GetShardIteratorOutput>
    ) {
        eventLoop.preconditionInEventLoop()
        do throws(KinesisError) {
            let position = try self.position(for: input, caller)
            try self.limits.checkIterator(
                position.shard,
                of: position.topic,
                caller.account,
                now: self.backend.now()
            )
            self.findOffset(of: position, caller, on: eventLoop) { found in
                respond(found.map { self.iterator(position, at: $0) })
            }
        } catch {
            respond(.failure(error))
        }
    }

    /// The offset of a position.
    ///
    /// - Parameter respond: called on `eventLoop`.
    func findOffset(
        of position: Position,
        _ caller: Caller,
        on eventLoop: any EventLoop,
        respond: @escaping Respond<Offset>
    ) {
        switch position.start {
        case .offset(let offset): respond(.success(offset))
        case .timestamp(let timestamp):
            let bound = NIOLoopBound(respond, eventLoop: eventLoop)
            // Taken before the search: what arrives while it runs lies behind this and is read, not skipped.
            let end = position.log.offsets.lastStable
            self.backend.engine.findOffset(in: position.log, for: .atOrAfter(timestamp)) { found in
                eventLoop.execute {
                    bound.value(
                        found.map { $0?.offset ?? end }
                            .mapError { KinesisError($0, stream: position.topic.name, account: caller.account) }
                    )
                }
            }
        }
    }

    struct Position: Sendable {
        enum Start: Sendable {
            case offset(Offset)
            case timestamp(Timestamp)
        }

        var topic: HostedTopic
        var shard: Shard
        var log: any PartitionLog
        var start: Start
    }

    private func iterator(_ position: Position, at offset: Offset) -> GetShardIteratorOutput {
        let shard = position.shard
        let iterator = ShardIterator(
            streamID: position.topic.id,
            streamName: position.topic.name,
            ordinal: UInt32(bitPattern: shard.ordinal),
            offset: min(max(offset, shard.startOffset), shard.endOffset ?? .max),
            minted: self.backend.now()
        )
        return GetShardIteratorOutput(shardIterator: iterator.sealed(by: self.sealer))
    }

    /// Where an iterator or a subscription begins.
    func position(
        for input: GetShardIteratorInput,
        _ caller: Caller
    ) throws(KinesisError) -> Position {
        let streamName = try input.stream.resolved()
        let named = input.shardID ?? ""
        guard let shardID = ShardID(text: named) else {
            throw KinesisError.shardNotNamed(named, stream: streamName, account: caller.account)
        }
        // AWS names the shard here even when it is the stream that does not exist.
        guard let hosted = self.backend.topic(named: streamName), hosted.topic.isVisibleToKinesis,
            let shard = hosted.topic.shard(ordinal: Int32(bitPattern: shardID.ordinal))
        else {
            throw KinesisError.shardNotFound("\(shardID)", stream: streamName, account: caller.account)
        }
        try self.checkDryRun(input.dryRun)
        let log = try self.partition(of: shard, in: hosted).log
        guard let type = input.shardIteratorType.flatMap(ShardIteratorType.init(rawValue:)) else {
            throw KinesisError.internalFailure
        }
        let start: Position.Start
        switch (type, input.startingSequenceNumber) {
        case (.atSequenceNumber, let text?), (.afterSequenceNumber, let text?):
            let (offset, isBefore) = try self.offset(of: text, in: shard, of: streamName, caller)
            start = .offset(type == .atSequenceNumber || isBefore || offset == .max ? offset : offset + 1)
        case (.trimHorizon, nil):
            start = .offset(max(shard.startOffset, log.offsets.logStart))
        case (.latest, nil):
            // Not the high watermark: records of open transactions before it are still to come.
            start = .offset(log.offsets.lastStable)
        case (.atTimestamp, _):
            start = .timestamp(try self.checkedTimestamp(input.timestamp))
        case (_, let text):
            throw KinesisError(
                .invalidArgument,
                "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
                    + "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
                    + "Request specified \(type.rawValue) and \(text == nil ? "no" : "also a") StartingSequenceNumber."
            )
        }
        return Position(topic: hosted, shard: shard, log: log, start: start)
    }

    private func checkedTimestamp(_ timestamp: Timestamp?) throws(KinesisError) -> Timestamp {
        guard let timestamp else {
            throw KinesisError(
                .invalidArgument,
                "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. "
                    + "Current request has no timestamp parameter."
            )
        }
        let now = self.backend.now()
        guard timestamp <= now else {
            throw KinesisError(
                .invalidArgument,
                "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                    + "timestampInMillis: \(timestamp), currentTimestampInMillis: \(now)"
            )
        }
        return timestamp
    }

    /// The offset that a sequence number of this shard stands for, or that it stands before.
    private func offset(
        of text: String,
        in shard: Shard,
        of streamName: String,
        _ caller: Caller
    ) throws(KinesisError) -> (offset: Offset, isBefore: Bool) {
        func invalid(_ reason: String) -> KinesisError {
            KinesisError(
                .invalidArgument,
                "StartingSequenceNumber \(text) used in GetShardIterator on shard \(shard.id) in stream "
                    + "\(streamName) under account \(caller.account) is invalid\(reason)."
            )
        }
        func encodesOther(_ ordinal: Int64) -> KinesisError {
            KinesisError(
                .invalidArgument,
                "Invalid StartingSequenceNumber. It encodes \(ShardID.text(ordinal)), while it was used in a call "
                    + "to a shard with \(shard.id)"
            )
        }
        let parsed = ParsedSequenceNumber(text)
        switch parsed {
        case .invalid:
            throw invalid("")
        case .foreign(let ordinal):
            guard ordinal == shard.ordinal else { throw encodesOther(Int64(ordinal)) }
            throw invalid(" because it did not come from this stream")
        case .record(let number), .placeBefore(let number):
            guard Int32(bitPattern: number.ordinal) == shard.ordinal else {
                throw encodesOther(Int64(number.ordinal))
            }
            guard number.shardCreated == UInt64(clamping: shard.createdSecond), number.offset >= shard.startOffset,
                shard.endOffset.map({ number.offset <= $0 }) ?? true
            else { throw invalid(" because it did not come from this stream") }
            return (number.offset, parsed == .placeBefore(number))
        }
    }
}
