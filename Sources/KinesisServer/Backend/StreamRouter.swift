internal import KinesisProtocol
internal import Metadata
internal import Model

/// Finds the shard that takes a record. Made once per version of a topic, so that a record costs a binary search.
struct StreamRouter: Sendable {

    private let routing: ShardRouting
    /// The first hash keys of the open shards, ascending; they tile the space.
    private let lowerBounds: [UInt128]
    /// The open shards in the same order.
    let shards: [Shard]
    /// Indexes into `shards` by writable partition, ascending by number.
    private let byPartition: [Int]

    init(_ topic: Topic) {
        let open = topic.openShards.sorted { $0.hashRange.lower < $1.hashRange.lower }
        self.routing = topic.routing
        self.shards = open
        self.lowerBounds = open.map(\.hashRange.lower)
        self.byPartition = open.indices.sorted { open[$0].partition < open[$1].partition }
    }

    /// The index, into `shards`, of the shard that takes a record.
    ///
    /// - Parameters:
    ///   - partitionKey: absent only where the distribution strategy is `AUTO`.
    ///   - explicitHashKey: always by hash range, as is a KPL aggregate: KCL drops one that lies elsewhere.
    ///   - keylessHash: takes the place of an absent partition key's hash.
    func shardIndex(
        partitionKey: UnsafeRawBufferPointer?,
        explicitHashKey: HashKey?,
        data: UnsafeRawBufferPointer,
        keylessHash: UInt32
    ) -> Int {
        if let explicitHashKey { return self.shardIndex(of: explicitHashKey) }
        guard let partitionKey else { return self.byPartition[Int(keylessHash) % self.byPartition.count] }
        if self.routing == .kafka, !AggregatedRecord.isValid(data) {
            return self.byPartition[Murmur2.partition(for: partitionKey, of: self.byPartition.count)]
        }
        return self.shardIndex(of: HashKey(partitionKey: partitionKey))
    }

    /// The last open shard that begins at or before the key.
    func shardIndex(of key: HashKey) -> Int {
        var low = 0
        var high = self.lowerBounds.count
        while low < high {
            let middle = (low + high) / 2
            if self.lowerBounds[middle] <= key.value { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }
}
