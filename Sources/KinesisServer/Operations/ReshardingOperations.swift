internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model

/// SplitShard, MergeShards, UpdateShardCount. A change is complete before its call returns, so that the stream is
/// `ACTIVE` again at once (`mapping.md`).
///
/// AWS's limits on how often and how far a stream is scaled (twice, half, ten times a day) do not hold here.
extension KinesisService {
    func splitShard(_ input: SplitShardInput, _ caller: Caller) async throws(KinesisError) {
        try self.checkShardNames([input.shardToSplit], of: input.stream, caller)
        let place = try self.resharded(input.stream, caller)
        let shard = try place.shard(named: input.shardToSplit ?? "")
        let text = input.newStartingHashKey ?? ""
        let range = shard.hashRange
        let hash = HashKey(decimal: text.utf8)
        // As AWS: a child has two hash keys at least.
        guard let hash, hash.value > range.lower, hash.value - range.lower > 1, hash.value < range.upper else {
            throw KinesisError(
                .invalidArgument,
                "NewStartingHashKey \(text) used in SplitShard() on shard \(shard.id) in stream \(place.name) under "
                    + "account \(caller.account) is not both greater than one plus the shard's StartingHashKey "
                    + "\(range.lower) and less than the shard's EndingHashKey \(range.upper)."
            )
        }
        do {
            try await self.backend.splitShard(of: place.name, ordinal: shard.ordinal, newStartingHash: hash.value)
        } catch {
            throw KinesisError(error, stream: place.name, account: caller.account)
        }
    }

    func mergeShards(_ input: MergeShardsInput, _ caller: Caller) async throws(KinesisError) {
        try self.checkShardNames([input.shardToMerge, input.adjacentShardToMerge], of: input.stream, caller)
        let place = try self.resharded(input.stream, caller)
        let lower = try place.shard(named: input.shardToMerge ?? "")
        let upper = try place.shard(named: input.adjacentShardToMerge ?? "")
        let (end, isLast) = lower.hashRange.upper.addingReportingOverflow(1)
        // AWS refuses the pair in the other order as well.
        guard !isLast, upper.hashRange.lower == end else {
            throw KinesisError(
                .invalidArgument,
                "Shards \(lower.id) and \(upper.id) in stream \(place.name) under account \(caller.account) "
                    + "are not an adjacent pair of shards eligible for merging"
            )
        }
        do {
            try await self.backend.mergeShards(of: place.name, ordinal: lower.ordinal, adjacent: upper.ordinal)
        } catch {
            throw KinesisError(error, stream: place.name, account: caller.account)
        }
    }

    func updateShardCount(
        _ input: UpdateShardCountInput,
        _ caller: Caller
    ) async throws(KinesisError) -> UpdateShardCountOutput {
        let place = try self.resharded(input.stream, caller)
        let target = Int(input.targetShardCount ?? 0)
        let current = place.topic.openShards.count
        guard target <= Topic.partitionsMax else {
            throw KinesisError(
                .limitExceeded,
                "Target shard count or number of open shards cannot be greater than \(Topic.partitionsMax). "
                    + "Current open shard count: \(current), Target shard count: \(target)"
            )
        }
        do {
            try await self.backend.updateShardCount(of: place.name, target: target)
        } catch {
            throw KinesisError(error, stream: place.name, account: caller.account)
        }
        return UpdateShardCountOutput(
            streamName: place.name,
            streamARN: caller.streamARN(place.name),
            currentShardCount: current,
            targetShardCount: target
        )
    }

    /// A stream whose shards a request changes.
    private struct Resharded {
        let topic: Topic
        let account: String

        var name: String { self.topic.name }

        /// - Throws: `ResourceNotFoundException`, or `InvalidArgumentException` when it is closed.
        func shard(named text: String) throws(KinesisError) -> Shard {
            guard let id = ShardID(text: text), let shard = self.topic.shard(ordinal: Int32(bitPattern: id.ordinal))
            else {
                let name = ShardID(text: text).map(\.description) ?? text
                throw KinesisError.shardNotNamed(name, stream: self.name, account: self.account)
            }
            guard shard.isOpen else {
                throw KinesisError(
                    .invalidArgument,
                    "Shard \(shard.id) in stream \(self.name) under account \(self.account) has already been merged or "
                        + "split, and thus is not eligible for merging or splitting."
                )
            }
            return shard
        }
    }

    /// AWS refuses a name that no shard can have before it looks for the stream.
    ///
    /// - Throws: `ResourceNotFoundException`.
    private func checkShardNames(
        _ names: [String?],
        of reference: StreamReference,
        _ caller: Caller
    ) throws(KinesisError) {
        for name in names.compactMap(\.self) where ShardID(text: name) == nil {
            throw KinesisError.shardNotNamed(name, stream: try reference.resolved(), account: caller.account)
        }
    }

    /// - Throws: `ValidationException` for a stream whose shards the server chooses.
    private func resharded(
        _ reference: StreamReference,
        _ caller: Caller
    ) throws(KinesisError) -> Resharded {
        let hosted = try self.stream(reference, caller)
        guard self.view(hosted).mode == .provisioned else {
            throw KinesisError(
                .validation,
                "Request is invalid. Stream \(hosted.name) under account \(caller.account) is in On-Demand mode."
            )
        }
        return Resharded(topic: hosted.topic, account: caller.account)
    }
}
