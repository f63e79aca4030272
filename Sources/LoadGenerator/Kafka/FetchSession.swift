package import KafkaProtocol
internal import Model

/// The client's side of a fetch session (KIP-227) over the partitions that one connection reads.
///
/// The first request names all partitions; the following ones only those whose position has moved, so that a reader of
/// a thousand idle partitions sends a few bytes. A broker that grants no session is asked for everything each time.
package struct FetchSession: Sendable {
    package struct Partition: Sendable, Equatable {
        package var index: Int32
        /// The offset to fetch next.
        package var position: Int64
        /// Where reading ends; `nil` when it does not.
        package var end: Int64?

        package init(index: Int32, position: Int64, end: Int64? = nil) {
            self.index = index
            self.position = position
            self.end = end
        }

        var isDone: Bool { self.end.map { self.position >= $0 } ?? false }
    }

    package struct Limits: Sendable, Equatable {
        package var partitionBytesMax: Int32
        package var responseBytesMax: Int32
        package var waitMilliseconds: Int32

        package init(partitionBytesMax: Int32, responseBytesMax: Int32, waitMilliseconds: Int32 = 500) {
            self.partitionBytesMax = partitionBytesMax
            self.responseBytesMax = responseBytesMax
            self.waitMilliseconds = waitMilliseconds
        }
    }

    private let topic: String
    private let limits: Limits
    private var partitions: [Int32: Partition]
    /// Partitions that the next request must name.
    private var changed: Set<Int32>
    private var forgotten: Set<Int32> = []
    private var sessionID: Int32 = 0
    private var epoch: Int32 = 0

    package init(topic: String, partitions: [Partition], limits: Limits) {
        self.topic = topic
        self.limits = limits
        let open = partitions.filter { !$0.isDone }
        self.partitions = Dictionary(open.map { ($0.index, $0) }, uniquingKeysWith: { $1 })
        self.changed = Set(open.map(\.index))
    }

    /// Whether every partition has been read to its end.
    package var isDone: Bool { self.partitions.isEmpty }

    /// The next request.
    package mutating func request() -> FetchRequest {
        let named = self.changed.sorted().compactMap { self.partitions[$0] }.map { partition in
            FetchRequest.Partition(
                partitionIndex: partition.index,
                fetchOffset: partition.position,
                partitionMaxBytes: self.limits.partitionBytesMax
            )
        }
        let forgotten = self.sessionID == 0 ? [] : self.forgotten.sorted()
        self.changed = []
        self.forgotten = []
        return FetchRequest(
            replicaID: BrokerID(-1),
            maxWaitMs: self.limits.waitMilliseconds,
            minBytes: 1,
            maxBytes: self.limits.responseBytesMax,
            sessionID: self.sessionID,
            sessionEpoch: self.epoch,
            topics: named.isEmpty ? [] : [FetchRequest.Topic(name: self.topic, partitions: named)],
            forgottenTopics: forgotten.isEmpty
                ? [] : [FetchRequest.ForgottenTopic(name: self.topic, partitions: forgotten)]
        )
    }

    /// Moves a partition to what a response said is next; past its end it is left out from then on.
    package mutating func advance(_ index: Int32, to offset: Int64) {
        guard var partition = self.partitions[index], offset > partition.position else { return }
        partition.position = offset
        if partition.isDone {
            self.partitions[index] = nil
            self.changed.remove(index)
            self.forgotten.insert(index)
        } else {
            self.partitions[index] = partition
            self.changed.insert(index)
        }
    }

    /// A whole response has been read. Call it after `advance`.
    ///
    /// - Throws: `LoadFailure` for errors that are not the session's own.
    package mutating func ended(_ response: FetchEnd) throws(LoadFailure) {
        let error = ErrorCode(rawValue: response.errorCode)
        switch error {
        case .none where response.sessionID == 0: self.restart()
        case .none:
            self.sessionID = response.sessionID
            self.epoch = self.epoch == .max ? 1 : self.epoch + 1
        case .fetchSessionIDNotFound, .invalidFetchSessionEpoch: self.restart()
        default: throw LoadFailure("the broker refused to be read: \(error.message) (\(error.name))")
        }
    }

    private mutating func restart() {
        self.sessionID = 0
        self.epoch = 0
        self.forgotten = []
        self.changed = Set(self.partitions.keys)
    }
}
