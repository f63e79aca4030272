package import Broker

/// What is the case now and should not be.
package struct AlarmCondition: Sendable, Equatable {
    package var rule: AlarmRule
    /// What it is about, for example a group; empty for the server itself. With the rule it names an alarm.
    package var subject: String
    /// One sentence with figures, for people.
    package var summary: String
    /// For programs, by name: `group`, `topic`, `stream`, `listener`.
    package var labels: [String: String]

    package init(_ rule: AlarmRule, _ subject: String, _ summary: String, labels: [String: String] = [:]) {
        self.rule = rule
        self.subject = subject
        self.summary = summary
        self.labels = labels
    }
}

/// What the rules look at: the server at one moment.
package struct AlarmFacts: Sendable {
    package var unreadiness: String?
    package var offlinePartitions = 0
    package var damagedRanges = 0
    package var checkpointAgeSeconds = 0.0
    package var diskFreeBytes: Int64 = 0
    /// 0 when it is not known.
    package var diskSizeBytes: Int64 = 0
    /// When the certificate of each listener expires, in seconds since the epoch.
    package var certificates: [(listener: String, expires: Int64)] = []
    package var lag = LagSnapshot()
    /// In seconds, by topic; topics without a limit are not in it.
    package var retention: [String: Double] = [:]
    /// Seconds since the epoch.
    package var now: Int64 = 0

    package init() {}

    private static let checkpointAgeMax = 300.0
    private static let certificateSecondsMin: Int64 = 14 * 86_400
    /// An iterator age of half the retention leaves half of it to mend the reader.
    private static let readerRetentionPercent = 50.0

    /// What the rules find, the critical ones first.
    package func conditions(_ limits: AlarmLimits) -> [AlarmCondition] {
        var found = self.serverConditions(limits)
        for group in self.lag.groups { found += self.conditions(of: group, limits) }
        for reader in self.lag.readers where reader.kind != .kcl { found += self.conditions(of: reader) }
        found.removeAll { limits.disabled.contains($0.rule) }
        // A stable order within each severity: the broker's own first, then by group.
        let critical = found.filter { $0.rule.severity == .critical }
        return critical + found.filter { $0.rule.severity == .warning }
    }

    private func serverConditions(_ limits: AlarmLimits) -> [AlarmCondition] {
        var found: [AlarmCondition] = []
        if let unreadiness { found.append(AlarmCondition(.notReady, "", "Clients are not served: \(unreadiness).")) }
        if self.offlinePartitions > 0 {
            let count = self.offlinePartitions
            found.append(
                AlarmCondition(.partitionsOffline, "", "\(count) partition\(count == 1 ? "" : "s") cannot be served.")
            )
        }
        if self.damagedRanges > 0 {
            let count = self.damagedRanges
            let summary = "\(count) range\(count == 1 ? "" : "s") of offsets cannot be read: damaged on disk."
            found.append(AlarmCondition(.recordsDamaged, "", summary))
        }
        if self.checkpointAgeSeconds > Self.checkpointAgeMax {
            let age = Self.duration(self.checkpointAgeSeconds)
            found.append(AlarmCondition(.checkpointLate, "", "Nothing was forced to segments for \(age)."))
        }
        if self.diskSizeBytes > 0, limits.diskFreePercent > 0 {
            let percent = Double(self.diskFreeBytes) / Double(self.diskSizeBytes) * 100
            if percent < Double(limits.diskFreePercent) {
                found.append(AlarmCondition(.diskLow, "", "\(Int(percent)) % of the data directory's volume is free."))
            }
        }
        for (listener, expires) in self.certificates where expires - self.now < Self.certificateSecondsMin {
            let rest = expires - self.now
            let summary =
                rest > 0
                ? "The certificate of \(listener) expires in \(Self.duration(Double(rest)))."
                : "The certificate of \(listener) has expired."
            found.append(AlarmCondition(.certificateExpires, listener, summary, labels: ["listener": listener]))
        }
        return found
    }

    private func conditions(of group: GroupLag, _ limits: AlarmLimits) -> [AlarmCondition] {
        let (id, labels) = (group.groupID, ["group": group.groupID])
        var found: [AlarmCondition] = []
        switch group.status {
        case .stalled:
            let summary = "Group \(id) has members and commits nothing, although there is something to read."
            found.append(AlarmCondition(.groupStalled, id, summary, labels: labels))
        case .stopped:
            let summary = "Group \(id) has no member, and there is something to read."
            found.append(AlarmCondition(.groupStopped, id, summary, labels: labels))
        case .ok, .behind: break
        }
        var worst: [String: Double] = [:]
        for lag in group.partitions {
            guard let seconds = lag.seconds, seconds > 0 else { continue }
            worst[lag.topic] = max(worst[lag.topic] ?? 0, seconds)
        }
        let furthest = worst.max { ($0.value, $1.key) < ($1.value, $0.key) }
        if limits.groupLagSeconds > 0, let furthest, furthest.value > Double(limits.groupLagSeconds) {
            let summary = "Group \(id) is \(Self.duration(furthest.value)) behind on \(furthest.key)."
            let labels = ["group": id, "topic": furthest.key]
            found.append(AlarmCondition(.groupLag, id, summary, labels: labels))
        }
        guard limits.lagRetentionPercent > 0 else { return found }
        for (topic, seconds) in worst.sorted(by: { $0.key < $1.key }) {
            guard let retention = self.retention[topic], retention > 0,
                seconds > retention * Double(limits.lagRetentionPercent) / 100
            else { continue }
            let summary =
                "Group \(id) is \(Self.duration(seconds)) behind on \(topic), which keeps records for "
                + "\(Self.duration(retention))."
            // A group's name may have anything in it, a topic's no space.
            let labels = ["group": id, "topic": topic]
            found.append(AlarmCondition(.lagNearRetention, "\(topic) \(id)", summary, labels: labels))
        }
        return found
    }

    private func conditions(of reader: ReaderLag) -> [AlarmCondition] {
        guard let seconds = reader.seconds, let retention = self.retention[reader.stream], retention > 0,
            seconds > retention * Self.readerRetentionPercent / 100
        else { return [] }
        let summary =
            "Reader \(reader.reader) is \(Self.duration(seconds)) behind on stream \(reader.stream), which keeps records "
            + "for \(Self.duration(retention))."
        let labels = ["stream": reader.stream, "reader": reader.reader]
        return [AlarmCondition(.readerNearRetention, "\(reader.stream) \(reader.reader)", summary, labels: labels)]
    }

    /// `59 s`, `12 min`, `5 h`, `3 d`: rounded down.
    static func duration(_ seconds: Double) -> String {
        let whole = Int64(min(max(0, seconds), 1e15))
        switch whole {
        case ..<120: return "\(whole) s"
        case ..<7200: return "\(whole / 60) min"
        case ..<172_800: return "\(whole / 3600) h"
        default: return "\(whole / 86_400) d"
        }
    }
}
