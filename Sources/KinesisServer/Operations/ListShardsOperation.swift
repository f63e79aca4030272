internal import Broker
internal import KinesisProtocol
internal import Metadata
internal import Model

extension KinesisService {
    /// The default and the cap of a page.
    private static let shardsMax = 1000

    func listShards(_ input: ListShardsInput, _ caller: Caller) throws(KinesisError) -> ListShardsOutput {
        var filter = try input.checkedFilter()
        let now = self.backend.now()
        let hosted: HostedTopic
        var after: UInt32?
        if let token = input.nextToken {
            let page = try ShardPageToken(
                token,
                sealer: self.sealer,
                now: now,
                validity: self.settings.pageTokenValidityMilliseconds
            )
            guard let found = self.backend.topic(id: page.streamID) else {
                throw KinesisError.streamNotFound(page.streamName, account: caller.account)
            }
            hosted = found
            filter = page.filter
            after = page.after
        } else {
            hosted = try self.stream(input.stream, caller)
            // Given in seconds by many clients, so compared in seconds.
            if let created = input.streamCreationTimestamp, created / 1000 != hosted.topic.createdAt / 1000 {
                throw KinesisError.streamNotFound(hosted.name, account: caller.account)
            }
        }
        try self.limits.check(.listShards, on: hosted, by: caller, now: now)
        let view = self.view(hosted)
        let shards = view.listedShards(of: hosted, now: now).filter { shard in
            if let after, UInt32(bitPattern: shard.ordinal) <= after { return false }
            if let start = input.exclusiveStartShardID, !StreamView.follows(shard, start) { return false }
            return filter.map { view.matches(shard, $0, now: now) } ?? true
        }
        let page = shards.prefix(min(Int(input.maxResults ?? Int32(Self.shardsMax)), Self.shardsMax))
        var nextToken: String?
        if page.count < shards.count, let last = page.last {
            nextToken = ShardPageToken(
                streamID: hosted.id,
                streamName: hosted.name,
                after: UInt32(bitPattern: last.ordinal),
                filter: filter,
                minted: now
            ).sealed(by: self.sealer)
        }
        return ListShardsOutput(shards: page.map(StreamView.describe), nextToken: nextToken)
    }
}
