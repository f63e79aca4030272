internal import Model

/// One partition as a Fetch request names it: by topic name up to version 12, by topic ID from 13 on.
struct FetchPartitionKey: Hashable, Sendable {
    var topicName: String
    var topicID: TopicID
    var partition: Int32
}

/// What a client last asked of a partition and what it was last told (KIP-227).
struct FetchSessionPartition: Sendable, Equatable {
    var fetchOffset: Offset
    var bytesMax: Int32
    var currentLeaderEpoch: Int32
    var lastFetchedEpoch: Int32
    var logStartOffset: Offset
    /// The values of the last answer; `-1` before the first.
    var answeredHighWatermark: Offset = -1
    var answeredLogStartOffset: Offset = -1
}

/// The partitions of one incremental fetch session, in the order in which they are served. Sans-IO.
///
/// Partitions that gave records move behind the others, so that a response limit cannot starve anybody.
struct FetchSession: Sendable {
    let id: Int32
    let usesTopicIDs: Bool
    /// The epoch that the next request must carry.
    private(set) var expectedEpoch: Int32 = 1
    /// Monotonic milliseconds of the last use, for eviction.
    var lastUsed: Int64

    private var order: [FetchPartitionKey] = []
    private var partitions: [FetchPartitionKey: FetchSessionPartition] = [:]

    init(id: Int32, usesTopicIDs: Bool, now: Int64) {
        self.id = id
        self.usesTopicIDs = usesTopicIDs
        self.lastUsed = now
    }

    var count: Int { self.partitions.count }

    /// Every partition of the session in serving order.
    var all: [(key: FetchPartitionKey, partition: FetchSessionPartition)] {
        self.order.compactMap { key in self.partitions[key].map { (key, $0) } }
    }

    mutating func advanceEpoch() {
        // Zero starts a session and -1 ends one, so the count wraps to one.
        self.expectedEpoch = self.expectedEpoch == .max ? 1 : self.expectedEpoch + 1
    }

    /// Adds a partition or changes what is asked of it; what it was last told stays.
    mutating func update(_ key: FetchPartitionKey, to asked: FetchSessionPartition) {
        if let known = self.partitions[key] {
            var changed = asked
            changed.answeredHighWatermark = known.answeredHighWatermark
            changed.answeredLogStartOffset = known.answeredLogStartOffset
            self.partitions[key] = changed
        } else {
            self.partitions[key] = asked
            self.order.append(key)
        }
    }

    mutating func forget(_ keys: Set<FetchPartitionKey>) {
        guard !keys.isEmpty else { return }
        for key in keys { self.partitions[key] = nil }
        self.order.removeAll { keys.contains($0) }
    }

    /// One partition's part of an answer, as far as the session cares.
    struct Answer {
        var key: FetchPartitionKey
        var recordBytes: Int
        var highWatermark: Offset
        var logStartOffset: Offset
        var isError: Bool
        /// A diverging epoch or a preferred replica is sent even if all else is the same.
        var hasOtherNews: Bool
    }

    /// Notes what is about to be answered, and tells which of the answers the client needs: those with records, an
    /// error, or limits that differ from the last answer.
    mutating func select(_ answers: [Answer]) -> [Bool] {
        var selected: [Bool] = []
        selected.reserveCapacity(answers.count)
        var served: Set<FetchPartitionKey> = []
        for answer in answers {
            guard var known = self.partitions[answer.key] else {
                selected.append(true)
                continue
            }
            let isNews =
                answer.recordBytes > 0 || answer.isError || answer.hasOtherNews
                || answer.highWatermark != known.answeredHighWatermark
                || answer.logStartOffset != known.answeredLogStartOffset
            // After an error the next good answer must be told, so nothing counts as known.
            known.answeredHighWatermark = answer.isError ? -1 : answer.highWatermark
            known.answeredLogStartOffset = answer.isError ? -1 : answer.logStartOffset
            self.partitions[answer.key] = known
            if answer.recordBytes > 0 { served.insert(answer.key) }
            selected.append(isNews)
        }
        if !served.isEmpty, served.count < self.order.count {
            self.order = self.order.filter { !served.contains($0) } + self.order.filter { served.contains($0) }
        }
        return selected
    }
}
