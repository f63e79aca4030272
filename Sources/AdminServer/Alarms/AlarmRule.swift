package import Metadata

/// What an alarm may be about. The names are part of the API; `alertName` is that of the rule for Prometheus which
/// says the same.
package enum AlarmRule: String, Sendable, CaseIterable {
    case notReady = "not-ready"
    case partitionsOffline = "partitions-offline"
    case recordsDamaged = "records-damaged"
    case checkpointLate = "checkpoint-late"
    case diskLow = "disk-low"
    case certificateExpires = "certificate-expires"
    case lagNearRetention = "lag-near-retention"
    case readerNearRetention = "reader-near-retention"
    case groupStalled = "group-stalled"
    case groupStopped = "group-stopped"
    case groupLag = "group-lag"

    package enum Severity: String, Sendable, CaseIterable, Comparable {
        case warning
        case critical

        package static func < (left: Self, right: Self) -> Bool { left == .warning && right == .critical }
    }

    package var severity: Severity {
        switch self {
        case .notReady, .partitionsOffline, .recordsDamaged, .lagNearRetention, .readerNearRetention: .critical
        case .checkpointLate, .diskLow, .certificateExpires, .groupStalled, .groupStopped, .groupLag: .warning
        }
    }

    package var alertName: String {
        switch self {
        case .notReady: "MillraceNotReady"
        case .partitionsOffline: "MillracePartitionsOffline"
        case .recordsDamaged: "MillraceDamagedRecords"
        case .checkpointLate: "MillraceCheckpointLate"
        case .diskLow: "MillraceDiskLow"
        case .certificateExpires: "MillraceCertificateExpires"
        case .lagNearRetention: "MillraceLagNearRetention"
        case .readerNearRetention: "MillraceIteratorAge"
        case .groupStalled: "MillraceGroupStalled"
        case .groupStopped: "MillraceGroupStopped"
        case .groupLag: "MillraceGroupLagSeconds"
        }
    }

    /// What to do about it, in one sentence.
    package var action: String {
        switch self {
        case .notReady: "Look at the server's log; a start after a crash reads the journal first."
        case .partitionsOffline: "The partitions page and the log say why each is not served."
        case .recordsDamaged: "Run millrace check on the data directory, then millrace repair."
        case .checkpointLate: "The log says which checkpoint failed; until one succeeds the journal grows."
        case .diskLow: "Lower retention.ms or retention.bytes of large topics, or enlarge the volume."
        case .certificateExpires: "Replace the certificate's files; the server reads them again by itself."
        case .lagNearRetention, .readerNearRetention:
            "Raise retention.ms of the topic now: what is not read is about to be deleted."
        case .groupStalled: "Look at its members' logs: they are there and commit nothing."
        case .groupStopped: "Start its consumers, or delete the group."
        case .groupLag: "Add consumers, or partitions when each consumer has one already."
        }
    }

    /// How often `alarms.pending.ms` a condition has to hold before the alarm begins, in fifths.
    private var pendingFifths: Int64 {
        switch self {
        case .groupStopped: 15
        default: self.severity == .critical ? 1 : 5
        }
    }

    /// Milliseconds that its condition holds before the alarm begins.
    func pending(_ limits: AlarmLimits) -> Int64 { limits.pendingMilliseconds / 5 * self.pendingFifths }
}

/// From when on something is worth an alarm: the broker's properties `alarms.*`.
package struct AlarmLimits: Sendable, Equatable {
    package var pendingMilliseconds: Int64 = 300_000
    /// 0: no alarm; the same for the next ones.
    package var groupLagSeconds: Int64 = 600
    package var diskFreePercent: Int64 = 15
    package var lagRetentionPercent: Int64 = 80
    package var disabled: Set<AlarmRule> = []

    package init() {}

    package init(_ configs: BrokerConfigs) {
        self.pendingMilliseconds = configs.int64("alarms.pending.ms")
        self.groupLagSeconds = configs.int64("alarms.group.lag.seconds")
        self.diskFreePercent = configs.int64("alarms.disk.free.percent")
        self.lagRetentionPercent = configs.int64("alarms.lag.retention.percent")
        self.disabled = Set(configs.list("alarms.disabled").compactMap { AlarmRule(rawValue: $0) })
    }
}
