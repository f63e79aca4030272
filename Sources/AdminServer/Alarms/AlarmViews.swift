/// An alarm, as it is shown.
package struct AlarmRow: Sendable, Equatable {
    package var rule: AlarmRule
    package var subject: String
    package var summary: String
    package var labels: [String: String]
    /// Milliseconds since the epoch, as the next one.
    package var beganAt: Int64
    /// `nil` while it rings.
    package var endedAt: Int64?

    package init(
        rule: AlarmRule,
        subject: String,
        summary: String,
        labels: [String: String] = [:],
        beganAt: Int64,
        endedAt: Int64? = nil
    ) {
        self.rule = rule
        self.subject = subject
        self.summary = summary
        self.labels = labels
        self.beganAt = beganAt
        self.endedAt = endedAt
    }

    init(_ alarm: Alarm) {
        self.init(
            rule: alarm.condition.rule,
            subject: alarm.condition.subject,
            summary: alarm.condition.summary,
            labels: alarm.condition.labels,
            beganAt: alarm.beganAt,
            endedAt: alarm.endedAt
        )
    }

    static let shape = JSONShape<AlarmRow>(
        "Alarm",
        [
            .choice("rule", AlarmRule.allCases.map(\.rawValue), "") { $0.rule.rawValue },
            .choice("severity", AlarmRule.Severity.allCases.map(\.rawValue), "") { $0.rule.severity.rawValue },
            .string("subject", "A group, a topic with a group, a listener; empty for the server.") { $0.subject },
            .string("summary", "One sentence with figures.") { $0.summary },
            .string("action", "What to do about it.") { $0.rule.action },
            .dictionary("labels", "group, topic, stream, reader, listener.") { $0.labels },
            .integer("beganAt", "") { $0.beganAt },
            .optionalInteger("endedAt", "null while it rings.") { $0.endedAt },
        ]
    )
}

/// The alarms that ring, and those that have.
package struct AlarmsView: Sendable {
    /// Critical ones first, then the oldest.
    package var active: [AlarmRow]
    /// The last one to end first; `AlarmMachine.historyMax` at most, since the start.
    package var history: [AlarmRow]
    package var leftOut: Int
    /// `nil` before the first time.
    package var evaluatedAt: Int64?
    package var hasWebhook: Bool
    package var messagesSent: Int
    package var messagesDropped: Int

    package init(
        active: [AlarmRow],
        history: [AlarmRow],
        leftOut: Int,
        evaluatedAt: Int64?,
        hasWebhook: Bool,
        messagesSent: Int,
        messagesDropped: Int
    ) {
        self.active = active
        self.history = history
        self.leftOut = leftOut
        self.evaluatedAt = evaluatedAt
        self.hasWebhook = hasWebhook
        self.messagesSent = messagesSent
        self.messagesDropped = messagesDropped
    }

    static let shape = JSONShape<AlarmsView>(
        "Alarms",
        [
            .list("active", AlarmRow.shape, "Critical ones first, then the oldest.") { $0.active },
            .list("history", AlarmRow.shape, "Those that ended since the start, the last one first.") { $0.history },
            .integer("leftOut", "Conditions that there was no room for.") { $0.leftOut },
            .optionalInteger("evaluatedAt", "") { $0.evaluatedAt },
            .boolean("hasWebhook", "Whether alarms.webhook.url is set.") { $0.hasWebhook },
            .integer("messagesSent", "") { $0.messagesSent },
            .integer("messagesDropped", "Those that the webhook did not take.") { $0.messagesDropped },
        ]
    )
}
