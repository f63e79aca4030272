internal import KinesisProtocol
package import LeaseTables
package import Metadata
package import Model

/// A KCL application as a consumer group: what its leases say of the partitions of the stream that it reads.
///
/// The rows do not name the stream. It is the one whose shards have their numbers, their creation times and their
/// ranges; where two streams fit, made within one second with the same shards, none is named.
package struct KinesisApplication: Sendable, Equatable {
    /// One partition that is read.
    package struct Progress: Sendable, Equatable {
        package var topic: String
        package var topicID: TopicID
        package var partition: Int32
        /// The next offset to be read; `nil` when the application has not begun there.
        package var offset: Offset?
        /// The worker that reads it.
        package var owner: String?

        package init(topic: String, topicID: TopicID, partition: Int32, offset: Offset?, owner: String?) {
            self.topic = topic
            self.topicID = topicID
            self.partition = partition
            self.offset = offset
            self.owner = owner
        }
    }

    /// What the names of these groups begin with, so that none is taken for a group of Kafka's.
    package static let groupPrefix = "kcl:"

    /// The lease table's.
    package var name: String
    /// By topic and partition.
    package var progress: [Progress] = []
    /// Every worker that has a lease, in order.
    package var workers: [String] = []

    /// - Parameter topics: those that the leases may be of.
    package init(name: String, leases: [Lease], topics: [Topic]) {
        self.name = name
        self.workers = Set(leases.compactMap(\.owner)).sorted()
        var byStream: [String?: [PlacedLease]] = [:]
        for lease in leases {
            guard let placed = PlacedLease(lease) else { continue }
            byStream[placed.stream, default: []].append(placed)
        }
        for (stream, leases) in byStream {
            let candidates = topics.filter { topic in
                (stream == nil || stream == topic.name) && leases.allSatisfy { $0.fits(topic) }
            }
            guard candidates.count == 1 else { continue }
            self.progress += Self.progress(leases, of: candidates[0])
        }
        self.progress.sort { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }

    private static func progress(_ leases: [PlacedLease], of topic: Topic) -> [Progress] {
        var byPartition: [Int32: [(shard: Shard, lease: PlacedLease)]] = [:]
        for lease in leases {
            guard let shard = topic.shard(ordinal: lease.ordinal) else { continue }
            byPartition[shard.partition, default: []].append((shard, lease))
        }
        return byPartition.map { partition, rows in
            let rows = rows.sorted { $0.shard.startOffset < $1.shard.startOffset }
            // The first shard that is not read to its end, else the last one.
            let current = rows.first { $0.lease.position != .ended } ?? rows[rows.count - 1]
            let offset: Offset? =
                switch current.lease.position {
                case .ended: current.shard.endOffset
                case .start: current.shard.startOffset
                case .after(let number): number.offset + 1
                case .elsewhere: nil
                }
            return Progress(
                topic: topic.name,
                topicID: topic.id,
                partition: partition,
                offset: offset,
                owner: current.lease.owner
            )
        }
    }
}

/// A lease whose key and checkpoint are read.
private struct PlacedLease {
    enum Position: Equatable {
        case start
        case after(SequenceNumber)
        case ended
        /// `LATEST`, `AT_TIMESTAMP`, or a number that is not one of ours.
        case elsewhere
    }

    var stream: String?
    var ordinal: Int32
    var position: Position
    var owner: String?
    var startingHashKey: String?
    var endingHashKey: String?

    init?(_ lease: Lease) {
        let parts = lease.key.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 1 || parts.count == 4, let id = ShardID(text: String(parts[parts.count - 1])) else {
            return nil
        }
        self.stream = parts.count == 4 ? String(parts[1]) : nil
        self.ordinal = Int32(bitPattern: id.ordinal)
        self.owner = lease.owner
        self.startingHashKey = lease.startingHashKey
        self.endingHashKey = lease.endingHashKey
        switch lease.checkpoint {
        case "TRIM_HORIZON": self.position = .start
        case "SHARD_END": self.position = .ended
        default:
            if lease.checkpoint.utf8.count <= 129, lease.checkpoint.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
                case .record(let number) = ParsedSequenceNumber(lease.checkpoint)
            {
                self.position = .after(number)
            } else {
                self.position = .elsewhere
            }
        }
    }

    /// Whether the lease may be of this topic.
    func fits(_ topic: Topic) -> Bool {
        guard let shard = topic.shard(ordinal: self.ordinal) else { return false }
        if let startingHashKey, startingHashKey != String(shard.hashRange.lower) { return false }
        if let endingHashKey, endingHashKey != String(shard.hashRange.upper) { return false }
        guard case .after(let number) = self.position else { return true }
        return number.ordinal == UInt32(bitPattern: self.ordinal)
            && Int64(clamping: number.shardCreated) == shard.createdSecond
    }
}
