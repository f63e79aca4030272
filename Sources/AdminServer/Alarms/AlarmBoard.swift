package import Broker
internal import LogCore
internal import Metadata
internal import Model
package import Serving
internal import Synchronization

/// The alarms of this server: evaluated by `AlarmRunner`, seen by the console, the API, metrics and the webhook.
package final class AlarmBoard: Sendable {
    private struct State {
        var machine = AlarmMachine()
        var delivery = AlarmDelivery()
        var evaluatedAt: Int64?
    }

    private let state = Mutex(State())
    /// Whether changes are sent somewhere.
    package let hasWebhook: Bool

    package init(hasWebhook: Bool = false) { self.hasWebhook = hasWebhook }

    /// - Parameter now: milliseconds since the epoch.
    /// - Returns: what began and what ended, for the log.
    package func evaluated(
        _ conditions: [AlarmCondition],
        _ limits: AlarmLimits,
        now: Int64
    ) -> [AlarmMachine.Change] {
        self.state.withLock { state in
            let changes = state.machine.evaluated(conditions, limits, now: now)
            state.evaluatedAt = now
            if self.hasWebhook { state.delivery.changed(changes) }
            return changes
        }
    }

    /// What is to be sent now. As of `AlarmDelivery`.
    package func nextMessage(now: Int64) -> AlarmDelivery.Message? {
        self.state.withLock { $0.delivery.next(now: now) }
    }

    package func answered(_ status: UInt?, now: Int64) -> AlarmDelivery.Outcome {
        self.state.withLock { $0.delivery.answered(status, now: now) }
    }

    package var view: AlarmsView {
        self.state.withLock { state in
            AlarmsView(
                active: state.machine.active.map { AlarmRow($0) },
                history: state.machine.history.map { AlarmRow($0) },
                leftOut: state.machine.leftOut,
                evaluatedAt: state.evaluatedAt,
                hasWebhook: self.hasWebhook,
                messagesSent: state.delivery.sent,
                messagesDropped: state.delivery.dropped
            )
        }
    }

    /// `millrace_alarms` and `millrace_alarm_messages_total`: as many series as there are rules.
    package func write(into metrics: inout MetricsText) {
        let (active, delivery) = self.state.withLock { ($0.machine.active, $0.delivery) }
        metrics.family("millrace_alarms", "Alarms of the server's own rules that ring.", .gauge)
        for rule in AlarmRule.allCases {
            let count = active.count { $0.condition.rule == rule }
            metrics.value("rule=\"\(rule.rawValue)\",severity=\"\(rule.severity.rawValue)\"", count)
        }
        metrics.family(
            "millrace_alarm_messages_total",
            "Messages to alarms.webhook.url: sent, attempts that failed, and messages that were dropped.",
            .counter
        )
        metrics.value("result=\"sent\"", delivery.sent)
        metrics.value("result=\"failed\"", delivery.failed)
        metrics.value("result=\"dropped\"", delivery.dropped)
    }
}

extension AlarmFacts {
    /// Walks all topics; not for event loops.
    ///
    /// - Parameters:
    ///   - unreadiness: as in `AdminServer.Sources`.
    ///   - certificates: when that of each listener expires, in seconds since the epoch.
    package init(_ broker: Broker, unreadiness: String?, certificates: [(listener: String, expires: Int64)]) {
        self.init()
        self.unreadiness = unreadiness
        self.certificates = certificates
        self.now = broker.environment.now() / 1000
        self.lag = broker.lag
        self.damagedRanges = broker.engine.damagedRangeCount
        self.checkpointAgeSeconds = broker.engine.statistics?.checkpointAgeSeconds ?? 0
        if let space = broker.environment.logDirectory.space() {
            self.diskFreeBytes = space.usableBytes
            self.diskSizeBytes = space.totalBytes
        }
        let read = Set(self.lag.groups.flatMap { $0.partitions.map(\.topic) } + self.lag.readers.map(\.stream))
        for topic in broker.topics.current.all {
            for placement in topic.placements { if case .offline = placement { self.offlinePartitions += 1 } }
            guard read.contains(topic.name) else { continue }
            let settings = broker.configs.settings(for: topic.topic)
            let milliseconds = settings.int64("retention.ms")
            if milliseconds >= 0, settings.list("cleanup.policy").contains("delete") {
                self.retention[topic.name] = Double(milliseconds) / 1000
            }
        }
    }
}
