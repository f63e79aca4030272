package import Model

/// A partition that a transaction writes to.
package struct TransactionPartition: Sendable, Hashable, Comparable {
    package var topic: String
    package var partition: Int32

    package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}

/// Where a transaction stands, with the numbers of Kafka's records and the names of its tools.
///
/// ```
/// empty ──add──▶ ongoing ──end──▶ prepareCommit ──markers──▶ completeCommit ──add──▶ ongoing
///                   └────────────▶ prepareAbort ──markers──▶ completeAbort ──init──▶ empty
/// ```
package enum TransactionStatus: Int8, Sendable, Hashable, CaseIterable {
    case empty = 0
    case ongoing = 1
    case prepareCommit = 2
    case prepareAbort = 3
    case completeCommit = 4
    case completeAbort = 5
    /// In Kafka's list of states; it is never stored here.
    case dead = 6
    /// In Kafka's list of states; fencing and the decision to abort are one record here.
    case prepareEpochFence = 7

    package var name: String {
        switch self {
        case .empty: "Empty"
        case .ongoing: "Ongoing"
        case .prepareCommit: "PrepareCommit"
        case .prepareAbort: "PrepareAbort"
        case .completeCommit: "CompleteCommit"
        case .completeAbort: "CompleteAbort"
        case .dead: "Dead"
        case .prepareEpochFence: "PrepareEpochFence"
        }
    }

    package init?(name: String) {
        guard let status = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = status
    }

    /// The outcome is decided, and markers are on their way.
    package var isPrepared: Bool { self == .prepareCommit || self == .prepareAbort }
}

/// What is recorded of a transactional ID.
package struct TransactionMetadata: Sendable, Hashable {
    package var producerID: ProducerID
    /// The producer ID before the last change: a retry after a rotation still names it.
    package var previousProducerID: ProducerID
    /// Given to the producer with the end of this transaction, since its epochs are used up.
    package var nextProducerID: ProducerID
    package var producerEpoch: ProducerEpoch
    /// The epoch before an InitProducerId that named it (KIP-360). Kafka's record has no room for it: a restart
    /// forgets it, and a retry that spans one is fenced.
    package var lastProducerEpoch: ProducerEpoch
    package var timeoutMilliseconds: Int32
    package var status: TransactionStatus
    package var partitions: Set<TransactionPartition>
    package var lastUpdate: Timestamp
    /// `-1` without a transaction.
    package var start: Timestamp
    /// 2 when the client takes a new epoch with each transaction (KIP-890).
    package var clientVersion: Int16

    package init(
        producerID: ProducerID,
        previousProducerID: ProducerID = .none,
        nextProducerID: ProducerID = .none,
        producerEpoch: ProducerEpoch,
        lastProducerEpoch: ProducerEpoch = .none,
        timeoutMilliseconds: Int32,
        status: TransactionStatus = .empty,
        partitions: Set<TransactionPartition> = [],
        lastUpdate: Timestamp,
        start: Timestamp = -1,
        clientVersion: Int16 = 0
    ) {
        self.producerID = producerID
        self.previousProducerID = previousProducerID
        self.nextProducerID = nextProducerID
        self.producerEpoch = producerEpoch
        self.lastProducerEpoch = lastProducerEpoch
        self.timeoutMilliseconds = timeoutMilliseconds
        self.status = status
        self.partitions = partitions
        self.lastUpdate = lastUpdate
        self.start = start
        self.clientVersion = clientVersion
    }

    /// Whether the epochs of the producer ID are used up. The largest one is kept back, so that fencing always has one.
    static func isExhausted(_ epoch: ProducerEpoch) -> Bool { epoch.rawValue >= Int16.max - 1 }

    var isExhausted: Bool { Self.isExhausted(self.producerEpoch) }
    var bumpsEpochs: Bool { self.clientVersion >= 2 }
    /// The epoch after the present one. There is one as long as records come from a coordinator: see `isExhausted`.
    var nextEpoch: ProducerEpoch {
        ProducerEpoch(self.producerEpoch.rawValue < .max ? self.producerEpoch.rawValue + 1 : .max)
    }
}

/// A record of `__transaction_state`. Without a value it is a tombstone.
package struct TransactionRecord: Sendable, Hashable {
    package var transactionalID: String
    package var value: TransactionMetadata?

    package init(transactionalID: String, value: TransactionMetadata?) {
        self.transactionalID = transactionalID
        self.value = value
    }
}
