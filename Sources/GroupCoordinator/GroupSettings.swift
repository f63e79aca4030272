/// The coordinator's configuration, with Kafka's names and defaults, and Millrace's own bounds.
package struct GroupSettings: Sendable, Equatable {
    /// `group.min.session.timeout.ms`
    package var sessionTimeoutMillisecondsMin: Int32 = 6_000
    /// `group.max.session.timeout.ms`
    package var sessionTimeoutMillisecondsMax: Int32 = 1_800_000
    /// `group.initial.rebalance.delay.ms`
    package var initialRebalanceDelayMilliseconds: Int32 = 3_000
    /// `group.max.size`
    package var groupSizeMax: Int = Int(Int32.max)
    /// `offset.metadata.max.bytes`. Kafka counts UTF-16 units, and so does Millrace.
    package var offsetMetadataLengthMax: Int = 4_096
    /// `offsets.retention.minutes`
    package var offsetsRetentionMinutes: Int64 = 10_080
    /// `offsets.retention.check.interval.ms`: how often all groups are looked through.
    package var offsetsRetentionCheckIntervalMilliseconds: Int64 = 600_000
    /// How long a join of a member that is not yet in a generation may wait. Kafka has no setting for it.
    package var newMemberJoinTimeoutMilliseconds: Int64 = 300_000

    /// `group.consumer.session.timeout.ms`
    package var consumerSessionTimeoutMilliseconds: Int32 = 45_000
    /// `group.consumer.heartbeat.interval.ms`
    package var consumerHeartbeatIntervalMilliseconds: Int32 = 5_000
    /// Whether members may come sooner than the interval says: unless it is configured.
    package var adaptsHeartbeatInterval = true
    /// `group.consumer.max.size`
    package var consumerGroupSizeMax: Int = Int(Int32.max)
    /// `group.consumer.assignors`: the first one is for members that ask for none.
    package var consumerAssignors: [GroupAssignor] = [.uniform, .range]
    /// `group.consumer.migration.policy`
    package var consumerMigrationPolicy = MigrationPolicy.bidirectional

    /// Which groups change between the classic and the consumer protocol while they have members.
    package enum MigrationPolicy: String, Sendable, CaseIterable {
        case bidirectional
        case upgrade
        case downgrade
        case disabled

        var allowsUpgrade: Bool { self == .bidirectional || self == .upgrade }
        var allowsDowngrade: Bool { self == .bidirectional || self == .downgrade }
    }

    /// Partitions that one member may say it has.
    package var ownedPartitionsMax: Int = 100_000
    /// Different regular expressions of one group.
    package var groupRegexesMax: Int = 100
    /// Groups in one shard. More are refused with `coordinatorNotAvailable`.
    package var groupsMax: Int = 100_000
    /// Member IDs of one group that were handed out (`MEMBER_ID_REQUIRED`) and not yet used.
    package var pendingMembersMax: Int = 10_000
    /// Protocols (assignors) that one member may list.
    package var memberProtocolsMax: Int = 64
    /// Bytes of metadata of one member over all its protocols.
    package var memberMetadataBytesMax: Int = 1 << 20

    package init() {}

    /// `offsets.retention.check.interval.ms`
    var offsetsRetentionCheckInterval: Duration { .milliseconds(self.offsetsRetentionCheckIntervalMilliseconds) }

    /// `offsets.retention.minutes` in milliseconds, never overflowing.
    var offsetsRetentionMilliseconds: Int64 {
        let (milliseconds, overflow) = self.offsetsRetentionMinutes.multipliedReportingOverflow(by: 60_000)
        return overflow ? .max : milliseconds
    }
}

/// The longest string that Kafka's non-flexible record formats can hold, in UTF-8 bytes.
let recordStringBytesMax = Int(Int16.max)

extension String {
    /// Whether a record can hold this string.
    var fitsRecord: Bool { self.utf8.count <= recordStringBytesMax }
}

extension Int32 {
    /// A millisecond count from the wire as a duration that is never negative.
    var milliseconds: Duration { .milliseconds(Int64(Swift.max(self, 0))) }
}
