internal import KafkaProtocol
internal import Model

/// What a parked fetch asks of its partitions, to be known again in another order.
///
/// Clients without sessions turn the order of partitions from fetch to fetch, so that none of them is always served
/// last. Most turn it round in a circle, where each partition is found behind the one before; any other order costs a
/// binary search a partition. Nothing is hashed, so no choice of names makes that slow. Sans-IO.
struct AskedPartitions: Sendable {
    private let asked: [FetchAPI.Asked]
    /// Positions in `asked`, sorted by key; made when first needed.
    private var sorted: [Int] = []
    /// A partition is asked for twice: such a request has no one meaning in another order.
    private var hasDuplicates = false

    init(_ asked: [FetchAPI.Asked]) { self.asked = asked }

    /// - Returns: for each partition of `topics` its position in the parked request, if both ask for the same of the
    ///   same partitions; `nil` otherwise.
    mutating func order(of topics: [FetchRequest.Topic]) -> [Int]? {
        guard topics.reduce(0, { $0 + $1.partitions.count }) == self.asked.count else { return nil }
        self.sortOnce()
        if self.hasDuplicates { return nil }
        var order: [Int] = []
        order.reserveCapacity(self.asked.count)
        var isTaken = [Bool](repeating: false, count: self.asked.count)
        for topic in topics {
            for partition in topic.partitions {
                var position = order.last.map { $0 + 1 < self.asked.count ? $0 + 1 : 0 }
                if position.map({ !self.isKey($0, of: partition, in: topic) }) ?? true {
                    position = self.position(of: partition, in: topic)
                }
                guard let position, !isTaken[position], Self.isSame(self.asked[position].partition, partition) else {
                    return nil
                }
                isTaken[position] = true
                order.append(position)
            }
        }
        return order
    }

    private mutating func sortOnce() {
        guard self.sorted.count < self.asked.count else { return }
        self.sorted = self.asked.indices.sorted { self.asked[$0].key.precedes(self.asked[$1].key) }
        for (index, next) in zip(self.sorted, self.sorted.dropFirst())
        where self.asked[index].key == self.asked[next].key {
            self.hasDuplicates = true
        }
    }

    private func isKey(_ position: Int, of partition: FetchRequest.Partition, in topic: FetchRequest.Topic) -> Bool {
        let key = self.asked[position].key
        return key.partition == partition.partitionIndex && key.topicID == topic.topicID && key.topicName == topic.name
    }

    private func position(of partition: FetchRequest.Partition, in topic: FetchRequest.Topic) -> Int? {
        let key = FetchPartitionKey(
            topicName: topic.name,
            topicID: topic.topicID,
            partition: partition.partitionIndex
        )
        var (low, high) = (0, self.sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if self.asked[self.sorted[middle]].key.precedes(key) { low = middle + 1 } else { high = middle }
        }
        guard low < self.sorted.count, self.asked[self.sorted[low]].key == key else { return nil }
        return self.sorted[low]
    }

    /// What followers tell besides is of no use here and may differ.
    private static func isSame(_ parked: FetchSessionPartition, _ partition: FetchRequest.Partition) -> Bool {
        parked.fetchOffset == partition.fetchOffset && parked.bytesMax == partition.partitionMaxBytes
            && parked.currentLeaderEpoch == partition.currentLeaderEpoch.rawValue
            && parked.lastFetchedEpoch == partition.lastFetchedEpoch.rawValue
            && parked.logStartOffset == partition.logStartOffset
    }
}

extension FetchPartitionKey {
    /// Any total order: a request names its topics all by name or all by ID.
    fileprivate func precedes(_ other: Self) -> Bool {
        if self.topicName != other.topicName { return self.topicName < other.topicName }
        if self.topicID != other.topicID { return self.topicID < other.topicID }
        return self.partition < other.partition
    }
}
