package import GroupCoordinator
package import Model
internal import Serving

/// How far a group is behind in one partition.
package struct PartitionLag: Sendable, Equatable {
    package var topic: String
    package var partition: Int32
    /// The next offset that the group will read.
    package var committed: Offset
    /// Offsets from there to the last stable offset.
    package var records: Int64
    /// The age of the oldest record that the group has not read, by its batch's timestamp; 0 at the end, `nil` while it
    /// is not known.
    package var seconds: Double?
    package var status: LagStatus

    package init(
        topic: String,
        partition: Int32,
        committed: Offset,
        records: Int64,
        seconds: Double?,
        status: LagStatus
    ) {
        self.topic = topic
        self.partition = partition
        self.committed = committed
        self.records = records
        self.seconds = seconds
        self.status = status
    }
}

/// A group's lag at one moment.
package struct GroupLag: Sendable, Equatable {
    package var groupID: String
    package var hasMembers: Bool
    /// By topic and partition; those that the group committed.
    package var partitions: [PartitionLag]

    package init(groupID: String, hasMembers: Bool, partitions: [PartitionLag]) {
        self.groupID = groupID
        self.hasMembers = hasMembers
        self.partitions = partitions
    }

    /// The worst of the partitions'.
    package var status: LagStatus { self.partitions.map(\.status).max() ?? .ok }
}

/// How many members a group has.
package struct GroupMembers: Sendable, Equatable {
    package var groupID: String
    package var count: Int

    package init(groupID: String, count: Int) {
        self.groupID = groupID
        self.count = count
    }
}

/// The lag of every group, as it was last measured.
package struct LagSnapshot: Sendable, Equatable {
    /// By ID.
    package var groups: [GroupLag]
    /// By stream, name and kind.
    package var readers: [ReaderLag]
    /// Partitions of groups that are not measured, since there are too many.
    package var omitted: Int
    /// Of every group, those with most members first.
    package var members: [GroupMembers] = []
    /// What the coordinators here have done since they were loaded.
    package var counts = GroupCounts()

    package init(groups: [GroupLag] = [], readers: [ReaderLag] = [], omitted: Int = 0) {
        self.groups = groups
        self.readers = readers
        self.omitted = omitted
    }

    // MARK: Prometheus

    private struct TopicLag {
        var group: String
        var topic: String
        var records: Int64 = 0
        var recordsMax: Int64 = 0
        var seconds: Double?
    }

    /// `millrace_group_*`, by group and topic.
    ///
    /// - Parameter seriesMax: groups by topics that get series of their own: the worst ones, by seconds.
    package func prometheusText(seriesMax: Int) -> String {
        var rows: [TopicLag] = []
        for group in self.groups {
            for lag in group.partitions {
                if rows.last?.group != group.groupID || rows.last?.topic != lag.topic {
                    rows.append(TopicLag(group: group.groupID, topic: lag.topic))
                }
                rows[rows.count - 1].records += lag.records
                rows[rows.count - 1].recordsMax = max(rows[rows.count - 1].recordsMax, lag.records)
                if let seconds = lag.seconds {
                    rows[rows.count - 1].seconds = max(rows[rows.count - 1].seconds ?? 0, seconds)
                }
            }
        }
        var leftOut = 0
        if rows.count > seriesMax {
            leftOut = rows.count - seriesMax
            rows.sort { ($0.seconds ?? 0, $0.records) > ($1.seconds ?? 0, $1.records) }
            rows.removeLast(leftOut)
        }
        var text = Self.head("millrace_group_lag_records", "Records that a group has not read, of all partitions.")
        for row in rows { text += "millrace_group_lag_records{\(Self.labels(row))} \(row.records)\n" }
        text += Self.head("millrace_group_lag_records_max", "The same of the partition that has most of them.")
        for row in rows { text += "millrace_group_lag_records_max{\(Self.labels(row))} \(row.recordsMax)\n" }
        text += Self.head("millrace_group_lag_seconds", "Age of the oldest record that a group has not read.")
        for row in rows {
            guard let seconds = row.seconds else { continue }
            text += "millrace_group_lag_seconds{\(Self.labels(row))} \(seconds)\n"
        }
        text += Self.head("millrace_group_status", "1 for how the group is doing: ok, behind, stalled or stopped.")
        for group in self.groups.sorted(by: { $0.status > $1.status }).prefix(seriesMax) {
            let label = "group=\"\(BrokerMetrics.labelValue(group.groupID))\",status=\"\(group.status.rawValue)\""
            text += "millrace_group_status{\(label)} 1\n"
        }
        text += self.membersText(seriesMax)
        return text
            + BrokerMetrics.gauge(
                "millrace_group_lag_left_out",
                "Partitions of groups, or groups by topics, without series of their own.",
                self.omitted + leftOut
            )
    }

    /// Members, rebalances and commits.
    private func membersText(_ seriesMax: Int) -> String {
        var text = Self.head("millrace_group_members", "Members of a group.")
        for group in self.members.prefix(seriesMax) {
            text += "millrace_group_members{group=\"\(BrokerMetrics.labelValue(group.groupID))\"} \(group.count)\n"
        }
        let name = "millrace_group_rebalances_total"
        text += BrokerMetrics.head(name, "Rebalances of all groups, by what was the first reason.", "counter")
        for reason in RebalanceReason.allCases {
            text += "\(name){reason=\"\(reason.rawValue)\"} \(self.counts.rebalances[reason] ?? 0)\n"
        }
        text += BrokerMetrics.head("millrace_group_commits_total", "Requests to commit offsets of groups.", "counter")
        return text + "millrace_group_commits_total \(self.counts.commits)\n"
    }

    /// The families of kafka_exporter that concern groups, by partition, for dashboards made for it.
    ///
    /// Where nothing is committed there is no series; that exporter's -1 breaks sums.
    package var kafkaExporterText: String {
        var text = Self.head(
            "kafka_consumergroup_current_offset",
            "Current Offset of a ConsumerGroup at Topic/Partition"
        )
        self.forEach { labels, lag in text += "kafka_consumergroup_current_offset{\(labels)} \(lag.committed)\n" }
        text += Self.head("kafka_consumergroup_lag", "Current Approximate Lag of a ConsumerGroup at Topic/Partition")
        self.forEach { labels, lag in text += "kafka_consumergroup_lag{\(labels)} \(lag.records)\n" }
        var sums: [(labels: String, offsets: Int64, records: Int64)] = []
        for group in self.groups {
            for lag in group.partitions {
                let labels =
                    "consumergroup=\"\(BrokerMetrics.labelValue(group.groupID))\",topic=\"\(BrokerMetrics.labelValue(lag.topic))\""
                if sums.last?.labels != labels { sums.append((labels, 0, 0)) }
                sums[sums.count - 1].offsets += lag.committed
                sums[sums.count - 1].records += lag.records
            }
        }
        text += Self.head(
            "kafka_consumergroup_current_offset_sum",
            "Current Offset of a ConsumerGroup at Topic for all partitions"
        )
        for sum in sums { text += "kafka_consumergroup_current_offset_sum{\(sum.labels)} \(sum.offsets)\n" }
        text += Self.head(
            "kafka_consumergroup_lag_sum",
            "Current Approximate Lag of a ConsumerGroup at Topic for all partitions"
        )
        for sum in sums { text += "kafka_consumergroup_lag_sum{\(sum.labels)} \(sum.records)\n" }
        return text
    }

    private func forEach(_ body: (_ labels: String, PartitionLag) -> Void) {
        for group in self.groups {
            let group = (id: BrokerMetrics.labelValue(group.groupID), partitions: group.partitions)
            for lag in group.partitions {
                let topic = BrokerMetrics.labelValue(lag.topic)
                body("consumergroup=\"\(group.id)\",partition=\"\(lag.partition)\",topic=\"\(topic)\"", lag)
            }
        }
    }

    private static func head(_ name: String, _ help: String) -> String {
        BrokerMetrics.head(name, help, "gauge")
    }

    private static func labels(_ row: TopicLag) -> String {
        "group=\"\(BrokerMetrics.labelValue(row.group))\",topic=\"\(BrokerMetrics.labelValue(row.topic))\""
    }
}
