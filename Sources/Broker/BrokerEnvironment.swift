internal import CoordinatorRuntime
package import Logging
package import Model
package import Serving

/// What the broker takes from the world besides storage: time, chance and a place to log.
///
/// Given by the executable, so that everything below can be run under a simulated world.
package struct BrokerEnvironment: Sendable {
    package var logger: Logger
    /// Wall clock, milliseconds since the Unix epoch. For timestamps only; waiting uses the event loops' clock.
    package var now: @Sendable () -> Timestamp
    /// Monotonic milliseconds, for ages and time-outs.
    package var monotonicMilliseconds: @Sendable () -> Int64
    /// 128 random bits.
    package var random: @Sendable () -> (UInt64, UInt64)

    /// What the members of groups may have the broker keep: metadata, subscriptions, assignments, member IDs.
    package var groupMemberBytesMax: Int
    /// What committed offsets may take: their texts and their places in tables.
    package var groupOffsetBytesMax: Int
    /// Partitions of all topics; a further one is refused.
    package var partitionsMax: Int
    /// What compaction may take for keys at the most; `log.cleaner.dedupe.buffer.size` above it has no effect.
    package var cleanerBytesMax: Int
    /// The levels of the loggers that are used.
    package var loggerLevels: LoggerLevels
    /// Where the log is kept, for those who ask.
    package var logDirectory: LogDirectory
    /// Where administrative acts and refusals are noted.
    package var audit: any AuditLog

    package init(
        logger: Logger,
        now: @escaping @Sendable () -> Timestamp,
        monotonicMilliseconds: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable () -> (UInt64, UInt64),
        groupMemberBytesMax: Int = 64 << 20,
        groupOffsetBytesMax: Int = 64 << 20,
        partitionsMax: Int = .max,
        cleanerBytesMax: Int = .max,
        loggerLevels: LoggerLevels = LoggerLevels(root: .info, names: []),
        logDirectory: LogDirectory = LogDirectory(path: "", space: { nil }),
        audit: any AuditLog = NoAuditLog()
    ) {
        self.logger = logger
        self.now = now
        self.monotonicMilliseconds = monotonicMilliseconds
        self.random = random
        self.groupMemberBytesMax = groupMemberBytesMax
        self.groupOffsetBytesMax = groupOffsetBytesMax
        self.partitionsMax = partitionsMax
        self.cleanerBytesMax = cleanerBytesMax
        self.loggerLevels = loggerLevels
        self.logDirectory = logDirectory
        self.audit = audit
    }

    /// What a coordinator's runtime takes of it.
    var forCoordinators: CoordinatorEnvironment {
        CoordinatorEnvironment(logger: self.logger, now: self.now, random: self.random)
    }

    /// A fresh random UUID.
    package func makeTopicID() -> TopicID {
        let (high, low) = self.random()
        return TopicID(randomHigh: high, low: low)
    }
}
