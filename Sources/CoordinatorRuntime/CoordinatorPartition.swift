internal import Coordination
package import LogCore
package import Logging
package import Model
package import NIOCore

/// Where a coordinator's records are kept: an internal topic.
package protocol CoordinatorTopic: Sendable {
    /// For log lines.
    var name: String { get }

    /// Whether the topic is there already. Listing groups must not create it.
    var exists: Bool { get }

    /// Never changes while the broker runs: it decides which partition holds a group.
    var partitionCount: Int32 { get }

    /// Opens a partition, creating the topic when it is missing. Calls back once, on any thread.
    ///
    /// `LogError.Code.fencedLeaderEpoch` says that another broker leads it.
    func open(
        _ partition: Int32,
        completion: @escaping @Sendable (Result<CoordinatorPartition, LogError>) -> Void
    )
}

/// An open partition of a coordinator's topic, led by this broker.
package struct CoordinatorPartition: Sendable {
    package var log: any PartitionLog
    package var leaderEpoch: LeaderEpoch
    /// The topic's `max.message.bytes` of this moment: what one record may take.
    package var messageBytesMax: Int { self.currentMessageBytesMax() }
    private let currentMessageBytesMax: @Sendable () -> Int

    /// - Parameter messageBytesMax: asked again for each round of writes, as the topic's configuration may change.
    package init(
        log: any PartitionLog,
        leaderEpoch: LeaderEpoch,
        messageBytesMax: @autoclosure @escaping @Sendable () -> Int
    ) {
        self.log = log
        self.leaderEpoch = leaderEpoch
        self.currentMessageBytesMax = messageBytesMax
    }
}

/// What a runtime takes from the world besides its partition.
package struct CoordinatorEnvironment: Sendable {
    package var logger: Logger
    /// Wall clock, milliseconds since the Unix epoch.
    package var now: @Sendable () -> Timestamp
    /// 128 random bits.
    package var random: @Sendable () -> (UInt64, UInt64)

    package init(
        logger: Logger,
        now: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable () -> (UInt64, UInt64)
    ) {
        self.logger = logger
        self.now = now
        self.random = random
    }
}

/// Bounds of one partition's runtime.
package struct CoordinatorLimits: Sendable {
    /// Bytes of batches that are not durable yet. Writes beyond it get `coordinatorNotAvailable`.
    package var undurableBytesMax = 32 << 20
    /// Bytes that a load reads at a time. `offsets.load.buffer.size` is 5 MiB in Kafka; less keeps memory low.
    package var loadBytesMax = 1 << 20
    /// Records that one turn of the event loop replays.
    package var loadRecordsPerTurnMax = 2_048
    /// A load that failed is not tried again sooner.
    package var retryDelay = TimeAmount.seconds(1)
    /// How long a question to all partitions waits for those that are being loaded, in place of a refusal that not
    /// every client repeats.
    package var loadPatience = TimeAmount.seconds(5)

    package init() {}
}

extension LogError {
    /// Maps append errors to those that a coordinator's clients get, as Kafka does.
    var coordinatorError: CoordinatorError {
        switch self.code {
        case .diskFull, .overloaded, .readersBusy: .coordinatorNotAvailable
        case .storage, .fencedLeaderEpoch, .partitionGone, .closed: .notCoordinator
        default: .unknownServerError
        }
    }
}
